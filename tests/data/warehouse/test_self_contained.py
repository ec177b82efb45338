"""A warehouse is exported as one file that needs no other."""

import shutil

import duckdb
import pytest

from acecoder_dagster.data.warehouse import WarehouseError, export_warehouse, open_warehouse, run_query

COUNTED = "SELECT (SELECT count(*) FROM lake.questions), (SELECT count(*) FROM outcomes), count(*) FROM verdicts"


@pytest.fixture
def exported(warehouse, lake, tmp_path):
    """The export, and what the warehouse said; the warehouse and the files of its lake are gone."""
    before = run_query(warehouse, COUNTED).row(0)
    file = tmp_path / "it's one" / "file.duckdb"
    assert export_warehouse(warehouse, file) == file.stat().st_size
    with open_warehouse(warehouse) as reader:
        described = reader.tables()
    warehouse.unlink()
    shutil.rmtree(lake.root)
    return file, before, described


def test_it_answers_without_the_folder_in_any_client(exported, tmp_path, monkeypatch):
    file, before, _ = exported
    monkeypatch.chdir(tmp_path)
    with duckdb.connect(str(file), read_only=True) as client:
        assert client.execute(COUNTED).fetchone() == before
        assert client.execute("SELECT pass_at_k(10, 5, 1)").fetchone() == (pytest.approx(0.5),)
    assert all(before)


def test_tables_and_columns_keep_their_meaning(exported):
    file, _, described = exported
    with open_warehouse(file) as reader:
        here = reader.tables()
    assert [(table.full_name, table.comment, table.columns) for table in here] == [
        (table.full_name, table.comment, table.columns) for table in described
    ]
    assert {table.kind for table in here if table.schema == "lake"} == {"TABLE"}


def test_an_export_is_replaced_and_another_file_is_not(warehouse, tmp_path):
    file = tmp_path / "file.duckdb"
    export_warehouse(warehouse, file)
    export_warehouse(warehouse, file)
    assert [path.name for path in tmp_path.glob("*file*")] == ["file.duckdb"]

    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(WarehouseError, match=r"notes\.txt is there already and is no warehouse"):
        export_warehouse(warehouse, tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "mine"
    with pytest.raises(WarehouseError, match="is the warehouse itself"):
        export_warehouse(warehouse, warehouse)


def test_a_missing_warehouse_is_told(tmp_path):
    with pytest.raises(WarehouseError, match="materialize the asset `warehouse` first"):
        export_warehouse(tmp_path / "none.duckdb", tmp_path / "file.duckdb")
    assert not (tmp_path / "file.duckdb").exists()
