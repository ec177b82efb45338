"""Data sets of the Hugging Face hub, played by a local folder: the tests have no network."""

from types import SimpleNamespace

import huggingface_hub
import polars as pl
import pytest

from acecoder_dagster.files import ImportFileError
from acecoder_dagster.questions.importing import read_import, store_import
from tests.questions.importing.import_helpers import manifest

COMMIT = "0123456789abcdef0123456789abcdef01234567"


QUESTIONS = [
    {
        "question_id": f"Q/{name}",
        "source": "made",
        "split": split,
        "question": f"Write the function {name}.",
        "entry_point": name,
        "tests": [f"assert {name}(1, 2) == 3"],
    }
    for name, split in (("add", "train"), ("sum_of", "test"))
]


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Serve `owner/questions` from a folder with one Parquet file per split; return what was asked for."""
    import datasets

    asked = []
    folder = tmp_path / "data"
    folder.mkdir()
    for row in QUESTIONS:
        own = {name: value for name, value in row.items() if name != "split"}
        pl.DataFrame([own]).write_parquet(folder / f"{row['split']}.parquet")
    load = datasets.load_dataset

    def load_locally(repository, revision, split, trust_remote_code):
        assert not trust_remote_code
        asked.append((repository, revision, split))
        return load(str(folder), split=split, cache_dir=str(tmp_path / "cache"))

    def dataset_info(_, repository, revision):
        asked.append((repository, revision))
        return SimpleNamespace(sha=COMMIT)

    monkeypatch.setattr(datasets, "load_dataset", load_locally)
    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", dataset_info)
    return asked


def test_all_splits_of_a_data_set_are_read_at_one_commit(hub):
    tables = read_import(manifest("hf://owner/questions"))
    assert hub == [("owner/questions", None), ("owner/questions", COMMIT, None)]
    assert sorted(tables.questions.select("upstream_id", "split").rows()) == [("Q/add", "train"), ("Q/sum_of", "test")]
    assert tables.seeds["upstream_revision"].unique().to_list() == [COMMIT]


def test_a_revision_and_a_split_can_be_named(hub):
    tables = read_import(manifest("hf://owner/questions@v1.0:test"))
    assert hub == [("owner/questions", "v1.0"), ("owner/questions", COMMIT, "test")]
    assert tables.questions.select("upstream_id", "split").rows() == [("Q/sum_of", "test")]


def test_a_data_set_that_is_only_called_train_is_split_by_hash(hub):
    everything_held_out = {"test_share": 0.5, "validation_share": 0.49999999}
    tables = read_import(manifest("hf://owner/questions:train", **everything_held_out))
    assert tables.questions["split"][0] in {"test", "validation"}


def test_the_same_commit_is_not_read_again(hub, tmp_path):
    store_import(tmp_path / "home", manifest("hf://owner/questions"))
    hub.clear()
    assert store_import(tmp_path / "home", manifest("hf://owner/questions")).unchanged
    assert hub == [("owner/questions", None)]


def test_a_hub_that_cannot_be_reached_says_what_else_to_do(monkeypatch):
    def unreachable(*_, **__):
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", unreachable)
    with pytest.raises(ImportFileError, match=r"ConnectionError: Name or service not known.*download its Parquet file"):
        read_import(manifest("hf://owner/questions"))


def test_a_split_that_is_not_there(hub):
    with pytest.raises(ImportFileError, match=r"hf://owner/questions:dev: cannot be read .* Unknown split"):
        read_import(manifest("hf://owner/questions:dev"))


def test_a_malformed_address():
    with pytest.raises(ImportFileError, match=r"hf://owner: not a hub address; write hf://owner/name"):
        read_import(manifest("hf://owner"))
