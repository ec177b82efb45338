from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import polars as pl
import pytest

from acecoder_dagster.data.counting import counted_results
from acecoder_dagster.data.lake import Lake
from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.data.tables import (
    ALL_TABLES,
    BENCHMARK_SCORES,
    CANDIDATE_TESTS,
    FILTERED_TESTS,
    QUESTIONS,
    TEST_RESULTS,
)
from acecoder_dagster.data.warehouse import (
    WarehouseError,
    build_warehouse,
    describe,
    models_version,
    named_queries,
    run_query,
)
from acecoder_dagster.data.warehouse.documentation import warehouse_page
from tests.data.warehouse.conftest import write_batch
from tests.rows import result, rows


def test_each_program_has_its_pass_rates(warehouse):
    sql = """
        SELECT program_id, model, source, split, batch, tests_passed, tests_kept, tests_written,
            pass_rate, pass_rate_of_written, passed_all, judged
        FROM pass_rates ORDER BY program_id
    """
    assert run_query(warehouse, sql).rows() == [
        ("q1p0", "m", "s", "train", "2026-11-21", 2, 2, 3, 1.0, 2 / 3, True, True),
        ("q1p1", "m", "s", "train", "2026-11-21", 1, 2, 3, 0.5, 1 / 3, False, True),
        ("q1p2", "m", "s", "train", "2026-11-21", 0, 2, 3, 0.0, 0.0, False, True),
        ("q1p3", "m", "s", "train", "2026-11-21", 1, 2, 3, 0.5, 1 / 3, False, False),
        ("q2p0", "m", "s", "train", "007", 1, 1, 1, 1.0, 1.0, True, True),
        ("q2p1", "m", "s", "train", "007", 1, 1, 1, 1.0, 1.0, True, True),
        ("trained", "policy_rule", "s", "train", "007", 0, 1, 1, 0.0, 0.0, False, True),
    ]


def test_questions_are_summed_up_over_the_programs_that_were_judged(warehouse):
    found = run_query(warehouse, "SELECT * FROM question_pass_rates WHERE question_id = 'q1'").row(0, named=True)
    assert (found["programs"], found["passed_all"], found["mean_pass_rate"]) == (3, 1, 0.5)
    assert found["std_pass_rate"] == pytest.approx((1 / 6) ** 0.5)


def test_outcomes_name_the_kept_test_that_each_belongs_to(warehouse):
    sql = "SELECT test_id, outcome, passed FROM outcomes WHERE program_id = 'q1p1' ORDER BY position"
    assert run_query(warehouse, sql).rows() == [("q1t1", "passed", True), ("q1t2", "failed", False)]
    assert run_query(warehouse, "SELECT count(*), count(test_id) FROM outcomes").row(0) == (11, 11)


def test_tests_say_whether_they_were_kept_and_whom_they_tell_apart(warehouse):
    assert run_query(
        warehouse, "SELECT test_id, kept, position FROM tests WHERE question_id = 'q1' ORDER BY ALL"
    ).rows() == [
        ("q1t0", False, None),
        ("q1t1", True, 0),
        ("q1t2", True, 1),
    ]
    sql = "SELECT test_id, programs, passed FROM test_pass_rates ORDER BY ALL"
    assert run_query(warehouse, sql).rows() == [("q1t1", 4, 3), ("q1t2", 3, 1), ("q2t0", 2, 2)]


@pytest.mark.parametrize("unsealed_passes", ["refuse", "count"])
def test_sql_counts_the_passes_that_python_counts(lake, tmp_path, unsealed_passes):
    judged = rows(TEST_RESULTS, *(result(f"q3p{n}", "q3", given) for n, given in enumerate(["pP", "PP", "fp", "ff"])))
    lake.write(TEST_RESULTS, "seals", judged, content_key="k")
    tests = [{"test_id": f"q3t{n}", "question_id": "q3", "position": n} for n in range(2)]
    lake.write(FILTERED_TESTS, "seals", rows(FILTERED_TESTS, *tests), content_key="k")
    built = build_warehouse(lake, tmp_path / "seals.duckdb", unsealed_passes=unsealed_passes).path

    figures = "program_id, tests_passed, passed_unsealed, pass_rate"
    by_sql = run_query(built, f"SELECT {figures} FROM pass_rates WHERE question_id = 'q3' ORDER BY ALL").rows()
    by_test = run_query(built, "SELECT passed FROM test_pass_rates WHERE question_id = 'q3' ORDER BY position")
    counted = counted_results(judged, unsealed_passes)

    assert by_sql == counted.select(figures.split(", ")).rows()
    assert by_test["passed"].to_list() == [sum(flags) for flags in zip(*counted["passed"].to_list(), strict=True)]
    assert run_query(built, "SELECT unsealed_passes FROM counting").item() == unsealed_passes


def test_the_other_figure_of_a_question_counts_every_pass(lake, tmp_path):
    judged = rows(TEST_RESULTS, *(result(f"q3p{n}", "q3", given) for n, given in enumerate(["pP", "pp", "ff"])))
    lake.write(TEST_RESULTS, "seals", judged, content_key="k")
    built = build_warehouse(lake, tmp_path / "seals.duckdb").path

    sql = "SELECT passed_all, passed_all_with_unsealed FROM question_pass_rates WHERE question_id = 'q3'"
    assert run_query(built, sql).row(0) == (1, 2)


def test_files_from_before_a_later_column_have_null_there(tmp_path):
    lake = Lake(tmp_path / "lake")
    scored = rows(BENCHMARK_SCORES, {"model": "base_policy", "metric": "pass@1", "unsealed_share": 0.5})
    written = lake.write(BENCHMARK_SCORES, "all", scored, content_key="k")
    scored.drop("with_unsealed", "unsealed_share").write_parquet(written.rows_file)

    built = build_warehouse(lake, tmp_path / "old.duckdb").path

    assert run_query(built, "SELECT model, unsealed_share FROM benchmark_scores").rows() == [("base_policy", None)]
    assert lake.read(BENCHMARK_SCORES)["unsealed_share"].to_list() == [None]


def test_files_from_before_a_column_have_its_default(lake, tmp_path):
    for table in (CANDIDATE_TESTS, FILTERED_TESTS):
        for partition in lake.partitions(table)[:1]:
            older = pl.read_parquet(partition.rows_file, glob=False, hive_partitioning=False).drop("kind")
            older.write_parquet(partition.rows_file)
    kinds = run_query(build_warehouse(lake, tmp_path / "old.duckdb").path, "SELECT DISTINCT kind FROM tests")

    assert kinds["kind"].to_list() == ["assert"]


def test_tables_without_a_partition_are_empty_and_typed(warehouse):
    assert run_query(warehouse, "SELECT * FROM best_of_n").height == 0
    types = {c.name: c.type for table in describe(warehouse) if table.name == "acecode_dataset" for c in table.columns}
    assert types["test_cases"] == "VARCHAR[]"
    assert types["inferences"].startswith("STRUCT(model_name VARCHAR, completion_id BIGINT")


def test_an_empty_lake_gives_an_empty_warehouse_that_answers_every_query(tmp_path):
    built = build_warehouse(Lake(tmp_path / "lake"), tmp_path / "acecoder.duckdb")
    assert built.rows.pop("rejection_reasons") == len(Reason)
    assert built.rows.pop("counting") == 1
    assert set(built.rows.values()) == {0}
    for name, query in named_queries().items():
        needed = {variable.name: str(built.path) for variable in query.variables if variable.needed}
        assert run_query(built.path, name, needed).height == 0


def test_every_table_and_column_is_commented(warehouse):
    described = describe(warehouse)
    assert {f"lake.{table.name}" for table in ALL_TABLES} < {table.full_name for table in described}
    silent = [table.full_name for table in described if not table.comment]
    silent += [
        f"{table.full_name}.{column.name}" for table in described for column in table.columns if not column.comment
    ]
    assert silent == []


def test_the_page_about_the_warehouse_is_up_to_date():
    page = Path(__file__).parents[3] / "docs" / "warehouse.md"
    assert page.read_text() == warehouse_page(), "run `make docs`"


def test_the_file_can_be_read_by_clients_of_duckdb_1_4(warehouse):
    tags = run_query(warehouse, "SELECT tags FROM duckdb_databases() WHERE database_name = 'acecoder'").item()
    assert tags["storage_version"] == "v1.4.0+"


def test_a_new_version_of_a_batch_replaces_the_old_one(lake, warehouse):
    lake.write(QUESTIONS, "007", rows(QUESTIONS, {"question_id": "new"}), content_key="k2")
    build_warehouse(lake, warehouse)
    assert run_query(warehouse, "SELECT question_id FROM questions WHERE batch = '007'").rows() == [("new",)]


def test_an_open_reader_keeps_the_tables_that_it_opened(lake, warehouse):
    with duckdb.connect(str(warehouse), read_only=True) as reader:
        before = reader.execute("SELECT count(*) FROM pass_rates").fetchall()
        inode = warehouse.stat().st_ino
        lake.write(QUESTIONS, "007", QUESTIONS.empty(), content_key="k2")
        build_warehouse(lake, warehouse)
        assert warehouse.stat().st_ino != inode
        assert reader.execute("SELECT count(*) FROM pass_rates").fetchall() == before


def test_builders_at_once_leave_whole_files_that_readers_can_read_throughout(lake, warehouse):
    with ThreadPoolExecutor(4) as builders:
        builds = [builders.submit(build_warehouse, lake, warehouse) for _ in range(8)]
        while not all(build.done() for build in builds):
            assert run_query(warehouse, "SELECT count(*) FROM pass_rates").item() == 7
    assert [build.result().rows["pass_rates"] for build in builds] == [7] * 8


def test_what_a_killed_builder_left_is_no_obstacle(lake, warehouse):
    for left in (".building", ".building.wal"):
        warehouse.with_name(warehouse.name + left).write_bytes(b"half")
    build_warehouse(lake, warehouse)
    assert run_query(warehouse, "SELECT count(*) FROM pass_rates").item() == 7
    assert sorted(path.name for path in warehouse.parent.glob("acecoder*")) == [
        "acecoder.duckdb",
        "acecoder.duckdb.lock",
    ]


def test_a_broken_file_of_the_lake_is_named_and_the_old_warehouse_stays(lake, warehouse):
    write_batch(lake, "q1", "broken")
    broken = lake.current(QUESTIONS, "broken").rows_file
    broken.write_bytes(b"no parquet")
    with pytest.raises(WarehouseError, match=broken.name):
        build_warehouse(lake, warehouse)
    assert run_query(warehouse, "SELECT count(*) FROM questions").item() == 2


@pytest.fixture
def models(tmp_path, monkeypatch):
    """A folder of models in the place of the project's."""
    sql = tmp_path / "sql"
    (sql / "models").mkdir(parents=True)
    monkeypatch.setattr("acecoder_dagster.data.warehouse.build.project_folder", lambda _: sql)
    return sql / "models"


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("CREATE VIEW v AS SELECT nothing", "nothing"),
        ("CREATE VIEW v AS SELECT 1 AS one", "COMMENT ON VIEW v IS"),
        ("CREATE VIEW v AS SELECT 1 AS one; COMMENT ON VIEW v IS 'v'", r"COMMENT ON COLUMN v\.one IS"),
        ("-- described by: nowhere\nCREATE VIEW v AS SELECT 1 AS one", "nowhere"),
    ],
)
def test_a_wrong_model_is_named_with_what_it_lacks(models, lake, tmp_path, sql, message):
    (models / "010_v.sql").write_text(sql)
    with pytest.raises(WarehouseError, match=rf"010_v\.sql.*{message}"):
        build_warehouse(lake, tmp_path / "other.duckdb")


def test_the_version_of_the_models_changes_with_any_of_them(models):
    (models / "010_v.sql").write_text("SELECT 1")
    before = models_version()
    (models / "010_v.sql").write_text("SELECT 2")
    assert models_version() != before


def test_columns_take_the_descriptions_of_the_data_model(warehouse):
    columns = {
        c.name: c.comment for table in describe(warehouse) if table.full_name == "questions" for c in table.columns
    }
    described = {column.name: column.description for column in QUESTIONS.columns}
    assert columns == described | {"batch": columns["batch"]}
    assert isinstance(run_query(warehouse, "FROM questions"), pl.DataFrame)
