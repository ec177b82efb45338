"""Many batches at once: runs beside each other on the default executor lose nothing and block nobody."""


from acecoder_dagster.importing import ImportManifest, store_import
from acecoder_dagster.orchestration.partitions import register_batches
from tests.operations.conftest import questions_file

BATCHES = [f"eight-{number:03}" for number in range(8)]


def test_eight_batches_in_one_backfill_of_runs_beside_each_other_lose_no_row(operation, daemon, tmp_path):
    file = tmp_path / "eight.jsonl"
    file.write_text(questions_file(0, 8))
    store_import(operation.home.root, ImportManifest(name="eight", questions=(str(file),), questions_per_batch=1))
    register_batches(operation.instance, BATCHES)
