"""Many batches at once: runs beside each other on the default executor lose nothing and block nobody."""

from acecoder_dagster.data.tables import ACECODE_DATASET, BATCH_TABLES, PREFERENCE_PAIRS, TEST_RESULTS
from acecoder_dagster.data.warehouse import run_query
from acecoder_dagster.graph.partitions import RANGE_TAGS, register_batches
from acecoder_dagster.questions.importing import ImportManifest, store_import
from tests.graph.operating.conftest import questions_file

BATCHES = [f"eight-{number:03}" for number in range(8)]


def test_eight_batches_in_one_backfill_of_runs_beside_each_other_lose_no_row(operation, daemon, tmp_path):
    file = tmp_path / "eight.jsonl"
    file.write_text(questions_file(1, 8))
    store_import(operation.home.root, ImportManifest(name="eight", questions=(str(file),), questions_per_batch=1))
    register_batches(operation.instance, BATCHES)

    operation.backfill(BATCHES)

    runs = operation.instance.get_runs()
    # Two batches each, and then the tables that are made of all.
    assert len([run for run in runs if RANGE_TAGS[0] in run.tags]) == 4
    assert all(run.is_success for run in runs)
    for table in BATCH_TABLES:
        assert [partition.batch for partition in operation.home.lake.partitions(table)] == BATCHES
    assert operation.executed() == dict.fromkeys(BATCHES, 2)
    counts = run_query(operation.home.warehouse, "SELECT count(*) AS verdicts FROM pass_rates")
    assert counts.item() == operation.home.lake.read(TEST_RESULTS).height == 16
    assert operation.home.lake.read(ACECODE_DATASET).height == 8
    assert operation.home.lake.read(PREFERENCE_PAIRS).height == 8
