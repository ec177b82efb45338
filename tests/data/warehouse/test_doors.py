"""A query reads what the warehouse shows: no other file, no network, and it changes nothing."""

from pathlib import Path

import duckdb
import polars as pl
import pytest

from acecoder_dagster.data.tables import QUESTIONS
from acecoder_dagster.data.warehouse import WarehouseError, build_warehouse, open_warehouse, run_query, write_query
from tests.rows import rows

ELSEWHERE = "a query reads what the warehouse shows, no other file and no network"


@pytest.fixture
def secret(tmp_path):
    """A folder with a file of every kind that DuckDB reads, none of which a query may see."""
    folder = tmp_path / "secret"
    folder.mkdir()
    table = pl.DataFrame({"word": ["hidden"]})
    table.write_parquet(folder / "s.parquet")
    table.write_csv(folder / "s.csv")
    table.write_ndjson(folder / "s.json")
    with duckdb.connect(str(folder / "s.duckdb")) as connection:
        connection.execute("CREATE TABLE words AS SELECT 'hidden' AS word")
    return folder


@pytest.mark.parametrize(
    "sql",
    [
        "FROM read_text('{}/s.csv')",
        "FROM read_blob('{}/s.csv')",
        "FROM read_csv('{}/s.csv')",
        "FROM sniff_csv('{}/s.csv')",
        "FROM read_parquet('{}/s.parquet')",
        "FROM '{}/s.parquet'",
        "FROM parquet_metadata('{}/s.parquet')",
        "FROM read_json('{}/s.json')",
        "FROM read_duckdb('{}/s.duckdb', table_name = 'words')",
        "FROM glob('{}/*')",
        "SELECT * FROM query('FROM read_text(''{}/s.csv'')')",
        "SELECT (SELECT content FROM read_text('{}/s.csv')) AS content FROM questions",
        "EXPLAIN ANALYZE SELECT * FROM read_text('{}/s.csv')",
    ],
)
def test_no_file_can_be_read(warehouse, secret, sql):
    with pytest.raises(WarehouseError, match=ELSEWHERE):
        run_query(warehouse, sql.replace("{}", str(secret)))


def test_a_value_that_is_set_opens_no_file(warehouse, secret):
    sql = "FROM read_csv(getvariable('file'))"
    with pytest.raises(WarehouseError, match=ELSEWHERE):
        run_query(warehouse, sql, {"file": str(secret / "s.csv")})


def test_the_network_is_not_tried(warehouse):
    with pytest.raises(WarehouseError, match=ELSEWHERE):
        run_query(warehouse, "FROM 'https://example.org/rows.parquet'")


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("COPY questions TO '{}/new.csv'", "COPY"),
        ("COPY (SELECT 1 AS one) TO '{}/new.parquet'", "COPY"),
        ("EXPORT DATABASE '{}/new'", "EXPORT"),
        ("ATTACH '{}/s.duckdb' AS other", "ATTACH"),
        ("INSTALL httpfs", "LOAD"),
        ("LOAD httpfs", "LOAD"),
        ("SET enable_external_access = true", "SET"),
        ("RESET lock_configuration", "SET"),
        ("CALL enable_logging(storage = 'file', storage_path = '{}/new')", "CALL"),
        ("PRAGMA enable_profiling", "PRAGMA"),
        ("CREATE TABLE new AS SELECT 1 AS one", "CREATE"),
        ("CREATE TEMP TABLE new AS SELECT 1 AS one", "CREATE"),
        ("CREATE SECRET new (TYPE s3)", "CREATE"),
        ("DELETE FROM pass_rates", "DELETE"),
        ("INSERT INTO pass_rates SELECT * FROM pass_rates RETURNING *", "INSERT"),
        ("DROP TABLE pass_rates", "DROP"),
        ("CHECKPOINT acecoder", "CALL"),
    ],
)
def test_what_is_no_select_is_refused_by_its_kind(warehouse, secret, sql, kind):
    before = sorted(secret.iterdir())
    with pytest.raises(WarehouseError, match=f"the SQL is a {kind}, and a query only reads: give a SELECT; --out"):
        run_query(warehouse, sql.replace("{}", str(secret)))
    assert sorted(secret.iterdir()) == before


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM enable_logging(storage = 'file', storage_path = '{}/new')",
        "SELECT * FROM enable_profiling(save_location = '{}/new')",
        "WITH gone AS (DELETE FROM pass_rates RETURNING *) SELECT * FROM gone",
        "EXPLAIN ANALYZE DELETE FROM pass_rates",
        "EXPLAIN ANALYZE COPY questions TO '{}/new'",
        "EXPLAIN ANALYZE ATTACH '{}/new'",
    ],
)
def test_what_only_looks_like_a_select_changes_nothing(warehouse, secret, sql):
    before = sorted(secret.iterdir())
    with pytest.raises(WarehouseError):
        run_query(warehouse, sql.replace("{}", str(secret)))
    assert sorted(secret.iterdir()) == before
    assert run_query(warehouse, "SELECT count(*) AS n FROM pass_rates").item() == 7


@pytest.mark.parametrize(
    ("sql", "count"), [("SELECT 1; DELETE FROM pass_rates", 2), ("SELECT 1; SELECT 2;", 2), ("-- a", 0)]
)
def test_a_query_is_one_statement(warehouse, sql, count):
    with pytest.raises(WarehouseError, match=f"the SQL has {count} statements: give one SELECT"):
        run_query(warehouse, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "-- the questions\nFROM questions;",
        "WITH asked AS (FROM questions) SELECT * FROM asked",
        "VALUES (1), (2)",
        "SHOW TABLES",
        "DESCRIBE questions",
        "SUMMARIZE pass_rates",
        "PIVOT pass_rates ON model USING count(*)",
        "EXPLAIN SELECT * FROM questions",
        "FROM lake.questions",
        "SELECT DISTINCT batch FROM lake.test_results",
    ],
)
def test_whatever_reads_the_warehouse_is_a_query(warehouse, tmp_path, sql):
    assert not run_query(warehouse, sql).is_empty()
    write_query(warehouse, sql, tmp_path / "rows.json", "json")
    assert not pl.read_json(tmp_path / "rows.json").is_empty()


def test_an_earlier_version_of_a_batch_is_none_of_the_files_that_the_warehouse_shows(lake, warehouse):
    old = lake.current(QUESTIONS, "007").rows_file
    lake.write(QUESTIONS, "007", rows(QUESTIONS, {"question_id": "new"}), content_key="k2")
    build_warehouse(lake, warehouse)
    with pytest.raises(WarehouseError, match=ELSEWHERE):
        run_query(warehouse, "FROM read_parquet(getvariable('file'))", {"file": str(old)})


def test_what_a_query_writes_is_the_one_file_that_was_asked_for(warehouse, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "other.csv").write_text("word\nhidden\n")
    with pytest.raises(WarehouseError, match=ELSEWHERE):
        write_query(warehouse, f"FROM '{folder}/other.csv'", folder / "rows.csv", "csv")
    assert [path.name for path in folder.iterdir()] == ["other.csv"]
    write_query(warehouse, "SELECT 1 AS one", folder / "rows.csv", "csv")
    assert (folder / "rows.csv").read_text() == "one\n1\n"
    assert sorted(path.name for path in folder.iterdir()) == ["other.csv", "rows.csv"]


def test_paths_may_be_relative_and_lead_over_links(lake, warehouse, tmp_path, monkeypatch):
    build_warehouse(lake, tmp_path / "run" / "acecoder.duckdb")
    (tmp_path / "linked").symlink_to("run")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for number, folder in enumerate(("run", "linked")):
        values = {"other": f"../{folder}/acecoder.duckdb"}
        write_query(warehouse, "compare_runs", Path(f"../linked/{number}.parquet"), "parquet", values)
        assert not pl.read_parquet(tmp_path / "run" / f"{number}.parquet").is_empty()


def test_two_queries_at_the_same_time_do_not_open_each_others_files(warehouse, secret):
    with open_warehouse(warehouse, folders=[secret]) as open_to_more, open_warehouse(warehouse) as reader:
        assert open_to_more.rows(f"FROM '{secret}/s.parquet'").item() == "hidden"
        with pytest.raises(WarehouseError, match=ELSEWHERE):
            reader.rows(f"FROM '{secret}/s.parquet'")


def test_what_does_not_fit_into_memory_is_put_beside_the_warehouse(warehouse):
    assert run_query(warehouse, "SELECT current_setting('temp_directory') AS folder").item() == f"{warehouse}.tmp"
