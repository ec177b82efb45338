"""`acecoder query` and `acecoder export` as they are typed."""

import csv
import json

import duckdb
import polars as pl
import pytest
from typer.testing import CliRunner

from acecoder_dagster.cli.main import app
from acecoder_dagster.data.home import Home
from acecoder_dagster.data.publishing import PublishingError
from acecoder_dagster.data.tables import QUESTIONS
from acecoder_dagster.data.warehouse import build_warehouse
from tests.rows import rows

SQL = "SELECT question_id, source FROM questions ORDER BY question_id"


@pytest.fixture
def acecoder(tmp_path, monkeypatch):
    """Runs the command on a project folder with two questions."""
    monkeypatch.setenv("ACECODER_HOME", str(tmp_path))
    home = Home.from_environment()
    home.lake.write(
        QUESTIONS, "b", rows(QUESTIONS, {"question_id": "q1", "source": "a,b"}, {"question_id": "q2"}), content_key="k"
    )
    build_warehouse(home.lake, home.warehouse)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_rows_can_be_piped_as_csv_json_or_parquet(acecoder):
    expected = [("q1", "a,b"), ("q2", "")]
    piped = acecoder("query", SQL, "--format", "csv").stdout
    assert list(csv.reader(piped.splitlines()))[1:] == [list(row) for row in expected]
    assert [tuple(row.values()) for row in json.loads(acecoder("query", SQL, "--format", "json").stdout)] == expected
    assert pl.read_parquet(acecoder("query", SQL, "--format", "parquet").stdout_bytes).rows() == expected


def test_a_file_is_written_in_the_format_that_its_name_says(acecoder, tmp_path):
    assert acecoder("query", SQL, "--out", str(tmp_path / "rows.json")).exit_code == 0
    assert [row["question_id"] for row in json.loads((tmp_path / "rows.json").read_text())] == ["q1", "q2"]


def test_values_are_set_by_key(acecoder):
    done = acecoder(
        "query",
        "SELECT getvariable('a') || getvariable('b') AS both",
        "--set",
        "a=x=",
        "--set",
        "b=y",
        "--format",
        "csv",
    )
    assert done.stdout == "both\nx=y\n"


def test_a_value_without_a_key_is_refused(acecoder):
    done = acecoder("query", SQL, "--set", "=x")
    assert done.exit_code == 2
    assert "=x: give it as KEY=VALUE" in done.stderr


def test_one_table_is_described_by_name(acecoder):
    described = acecoder("query", "--describe", "questions").stdout
    assert "The text that a model is given" in described
    assert "pass_rates" not in described
    assert "there are: " in str(acecoder("query", "--describe", "no_table").exception)


def test_the_list_of_queries_says_what_can_be_set(acecoder):
    assert "other: path of the acecoder.duckdb" in acecoder("query").stdout


def test_an_export_of_nothing_says_what_to_materialize(acecoder, tmp_path):
    done = acecoder("export", "dataset", str(tmp_path / "out"), "--licence", "m=MIT")
    assert isinstance(done.exception, PublishingError)
    assert "materialize acecode_dataset" in str(done.exception)


def test_the_warehouse_is_exported_as_one_file(acecoder, tmp_path):
    done = acecoder("export", "warehouse", str(tmp_path / "one" / "file.duckdb"))
    assert done.exit_code == 0
    assert "written to" in done.stdout
    with duckdb.connect(str(tmp_path / "one" / "file.duckdb"), read_only=True) as client:
        assert client.execute(SQL).fetchall() == [("q1", "a,b"), ("q2", "")]


def test_yesterday_can_be_asked(acecoder):
    assert acecoder("query", SQL, "--as-of", "2026-11-28", "--format", "csv").stdout == "question_id,source\n"
    now = acecoder("query", SQL, "--as-of", "2999-01-01T06:00", "--format", "csv")
    assert now.stdout.splitlines()[1:] == ['q1,"a,b"', 'q2,""']
    refused = acecoder("query", SQL, "--as-of", "yesterday")
    assert refused.exit_code == 2
    assert "give a moment as 2026-11-28" in refused.stderr


def test_an_empty_answer_says_what_was_set_and_which_models_there_are(acecoder):
    done = acecoder("query", "compare_models", "--set", "model=nope", "--set", "baseline=base_policy")
    assert done.exit_code == 0
    assert "No row matches model = 'nope', baseline = 'base_policy'; models are none." in done.stdout
    assert "No row matches." in acecoder("query", "SELECT 1 AS one WHERE false").stdout
