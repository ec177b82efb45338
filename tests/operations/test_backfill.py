"""Many batches at once: runs beside each other on the default executor lose nothing and block nobody."""

from dagster import AssetKey
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill

from acecoder_dagster.importing import ImportManifest, store_import
from acecoder_dagster.orchestration.partitions import register_batches
from acecoder_dagster.tables import BATCH_TABLES, PREFERENCE_PAIRS
from acecoder_dagster.warehouse import run_query
from tests.operations.conftest import DATA_ASSETS, questions_file

BATCHES = [f"eight-{number:03}" for number in range(8)]


def test_eight_batches_in_one_backfill_of_runs_beside_each_other_lose_no_row(operation, daemon, tmp_path):
    file = tmp_path / "eight.jsonl"
    file.write_text(questions_file(0, 8))
    store_import(operation.home.root, ImportManifest(name="eight", questions=(str(file),), questions_per_batch=1))
    register_batches(operation.instance, BATCHES)
