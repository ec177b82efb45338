"""A small project is published: two sources, three models, one of them with terms that are no licence."""

import polars as pl
import pytest
import yaml

from acecoder_dagster.data.lake import Lake
from acecoder_dagster.data.publishing import PublishingError, export_dataset
from acecoder_dagster.data.tables import (
    ACECODE_DATASET,
    FILTERED_TESTS,
    PREFERENCE_PAIRS,
    QUESTIONS,
    REJECTED_ROWS,
    SAMPLED_PROGRAMS,
    TEST_RESULTS,
)
from acecoder_dagster.data.warehouse import build_warehouse, export_rows
from tests.rows import result, rows

QUESTION_LICENCES = {
    "q1": ("open", "MIT", "train"),
    "q2": ("open", "MIT", "test"),
    "q3": ("shared", "GPL-3.0-only", "train"),
}
MODEL_LICENCES = {"good": "Apache-2.0", "bad": "its terms"}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    lake = Lake(folder / "lake")
    questions = [
        {
            "question_id": question,
            "upstream_id": question,
            "source": source,
            "licence": licence,
            "split": split,
            "question": f"{question}?",
        }
        for question, (source, licence, split) in QUESTION_LICENCES.items()
    ]
    tests = [
        {"test_id": f"{question}t", "question_id": question, "test": "assert f()", "position": 0}
        for question in QUESTION_LICENCES
    ]
    programs = [
        {
            "program_id": f"{question}-{model}{n}",
            "question_id": question,
            "model": model,
            "sample_index": n,
            "program": f"{model} {n} of {question}",
            "licence": licence,
        }
        for question in QUESTION_LICENCES
        for model, licence in MODEL_LICENCES.items()
        for n in range(2)
    ]
    results = [result(row["program_id"], row["question_id"], "pf"[row["sample_index"]]) for row in programs]
    pairs = [
        {
            "pair_id": f"{question}-{winner}-{loser}",
            "question_id": question,
            "split": QUESTION_LICENCES[question][2],
            "chosen_program_id": f"{question}-{winner}0",
            "rejected_program_id": f"{question}-{loser}1",
            "chosen_pass_rate": 1.0,
            "weight": 1.0,
        }
        for question in QUESTION_LICENCES
        for winner, loser in (("good", "good"), ("good", "bad"))
    ]
    wrong = {
        "stage": "filtered_tests",
        "row_kind": "test",
        "row_id": "t",
        "question_id": "q1",
        "reason": "oracle_failed",
    }
    lake.write(QUESTIONS, "b", rows(QUESTIONS, *questions), content_key="k")
    lake.write(FILTERED_TESTS, "b", rows(FILTERED_TESTS, *tests), content_key="k", rejected=rows(REJECTED_ROWS, wrong))
    lake.write(SAMPLED_PROGRAMS, "b", rows(SAMPLED_PROGRAMS, *programs), content_key="k")
    lake.write(TEST_RESULTS, "b", rows(TEST_RESULTS, *results), content_key="k")
    path = build_warehouse(lake, folder / "acecoder.duckdb").path
    lake.write(ACECODE_DATASET, "all", export_rows(path, "acecode_dataset").drop("batch"), content_key="k")
    figures = {"settings": '{"pairs": {"rule": "ours"}}'}
    lake.write(PREFERENCE_PAIRS, "all", rows(PREFERENCE_PAIRS, *pairs), content_key="k", figures=figures)
    return build_warehouse(lake, path).path


def read(folder, table):
    return pl.read_parquet(folder / table / "*.parquet")


def programs_of(dataset):
    return {one["completion"] for inferences in dataset["inferences"] for one in inferences}


def test_everything_is_written_when_every_licence_is_known(warehouse, tmp_path):
    exported = export_dataset(warehouse, tmp_path / "out", {"bad": "MIT"}, permissive_only=False)

    dataset = read(exported.folder, "acecode_dataset")
    assert dataset.columns[:6] == ["id", "source", "question", "test_cases", "inferences", "context_messages"]
    assert dataset["id"].sort().to_list() == ["open_q1", "open_q2", "shared_q3"]
    assert dataset["licence"].sort().to_list() == ["GPL-3.0-only", "MIT", "MIT"]
    assert len(programs_of(dataset)) == 12
    pairs = read(exported.folder, "preference_pairs")
    assert pairs.columns[:5] == ["id", "instruction", "input", "chosen", "rejected"]
    found = pairs.filter(id="q1-good-bad").row(0, named=True)
    assert (found["instruction"], found["chosen"], found["rejected"]) == ("q1?", "good 0 of q1", "bad 1 of q1")
    assert (found["licence"], found["chosen_licence"], found["rejected_licence"]) == ("MIT", "Apache-2.0", "MIT")
    assert exported.rows.select(pl.col("^.*left_out$").sum()).row(0) == (0, 0, 0)
    assert exported.rows["pairs"].sum() == pairs.height == 6


def test_each_split_is_a_file_of_its_own(warehouse, tmp_path):
    folder = export_dataset(warehouse, tmp_path / "out", {"bad": "MIT"}, permissive_only=False).folder
    assert pl.read_parquet(folder / "acecode_dataset" / "test.parquet")["question_id"].to_list() == ["q2"]
    assert set(pl.read_parquet(folder / "preference_pairs" / "train.parquet")["question_id"]) == {"q1", "q3"}


def test_the_permissive_part_has_no_question_program_or_pair_of_another_licence(warehouse, tmp_path):
    exported = export_dataset(warehouse, tmp_path / "out", {}, permissive_only=True)

    dataset = read(exported.folder, "acecode_dataset")
    assert dataset["question_id"].sort().to_list() == ["q1", "q2"]
    assert programs_of(dataset) == {f"good {n} of {question}" for question in ("q1", "q2") for n in (0, 1)}
    assert read(exported.folder, "preference_pairs")["id"].sort().to_list() == ["q1-good-good", "q2-good-good"]
    left_out = exported.rows.select(pl.col("^.*left_out$").sum()).row(0)
    assert left_out == (1, 12 - 4, 6 - 2)
    assert "What no permissive licence covers was left out" in (exported.folder / "README.md").read_text()


def test_an_unknown_licence_writes_nothing(warehouse, tmp_path):
    with pytest.raises(PublishingError, match="6 programs of bad say 'its terms'"):
        export_dataset(warehouse, tmp_path / "out", {}, permissive_only=False)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(warehouse, tmp_path):
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(PublishingError, match="there already"):
        export_dataset(warehouse, tmp_path, {"bad": "MIT"}, permissive_only=False)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_project_without_a_data_set_says_what_to_materialize(tmp_path):
    empty = build_warehouse(Lake(tmp_path / "lake"), tmp_path / "acecoder.duckdb").path
    with pytest.raises(PublishingError, match="materialize acecode_dataset"):
        export_dataset(empty, tmp_path / "out", {}, permissive_only=False)


def test_the_card_tells_counts_licences_filters_settings_and_quality(warehouse, tmp_path):
    card = (
        export_dataset(warehouse, tmp_path / "out", {"bad": "MIT"}, permissive_only=False).folder / "README.md"
    ).read_text()

    header = yaml.safe_load(card.split("---")[1])
    assert header["license"] == ["apache-2.0", "gpl-3.0-only", "mit"]
    assert [config["config_name"] for config in header["configs"]] == ["acecode_dataset", "preference_pairs"]
    assert {"split": "test", "path": "acecode_dataset/test.parquet"} in header["configs"][0]["data_files"]
    assert "| open | train | 1 | 1 | 4 | 2 |" in card
    assert "| program | bad | its terms | 6 | MIT | True | True |" in card
    assert "| filtered_tests | test | oracle_failed | The oracle program fails the test | 1 |" in card
    assert '| preference_pairs | {"pairs": {"rule": "ours"}} |' in card
    assert "### pass@1, pass@10 and pass@100 by model and source" in card
    assert "| test_cases | Kept tests |" in card
    assert "$" not in card


def test_the_hub_library_loads_both_tables_as_the_card_says(warehouse, tmp_path):
    datasets = pytest.importorskip("datasets")
    folder = export_dataset(warehouse, tmp_path / "out", {"bad": "MIT"}, permissive_only=False).folder

    questions = datasets.load_dataset(str(folder), "acecode_dataset", split="train", cache_dir=str(tmp_path / "cache"))
    pairs = datasets.load_dataset(str(folder), "preference_pairs", split="test", cache_dir=str(tmp_path / "cache"))

    assert sorted(questions["question_id"]) == ["q1", "q3"]
    assert list(pairs["instruction"]) == ["q2?", "q2?"]
