import polars as pl
import pytest

from acecoder_dagster.data.lake import Lake
from acecoder_dagster.data.tables import CANDIDATE_TESTS, HARD_QUESTIONS, REJECTED_ROWS, TableError
from tests.rows import rows as rows_of

ROW = {"question_id": "q1", "split": "train", "mean_pass_rate": 0.5, "std_pass_rate": 0.1, "pass_share": 0.25}


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path)


def test_what_was_written_is_read_back_with_its_batch(lake):
    lake.write(HARD_QUESTIONS, "b1", pl.DataFrame([ROW]), content_key="k1")
    lake.write(HARD_QUESTIONS, "b2", pl.DataFrame([ROW | {"question_id": "q2"}]), content_key="k2")

    assert lake.read(HARD_QUESTIONS)["batch"].to_list() == ["b1", "b2"]
    assert lake.read(HARD_QUESTIONS, ["b2"])["question_id"].to_list() == ["q2"]


def test_files_from_before_a_column_are_read_with_its_default(lake):
    made = rows_of(CANDIDATE_TESTS, {"test_id": "t", "kind": "stdin"})
    partition = lake.write(CANDIDATE_TESTS, "b1", made.drop("kind"), content_key="k")
    lake.write(CANDIDATE_TESTS, "b2", made, content_key="k")
    pl.read_parquet(partition.rows_file).drop("kind").write_parquet(partition.rows_file)

    assert lake.read(CANDIDATE_TESTS)["kind"].to_list() == ["assert", "stdin"]


def test_a_table_never_written_reads_as_no_rows_with_its_columns(lake):
    rows = lake.read(HARD_QUESTIONS)

    assert rows.is_empty()
    assert rows.columns == [*HARD_QUESTIONS.schema, "batch"]
    assert lake.current(HARD_QUESTIONS) is None


def test_a_new_version_replaces_the_old_one_and_leaves_its_file_to_readers(lake):
    first = lake.write(HARD_QUESTIONS, "b1", pl.DataFrame([ROW]), content_key="k1")
    second = lake.write(HARD_QUESTIONS, "b1", HARD_QUESTIONS.empty(), content_key="k2")

    assert lake.current(HARD_QUESTIONS, "b1") == second
    assert second.rows == 0
    assert pl.read_parquet(first.rows_file).height == 1


def test_rejected_rows_and_figures_stand_beside_the_rows(lake):
    rejected = pl.DataFrame(
        [{"stage": "s", "row_kind": "question", "row_id": "q9", "question_id": "q9", "reason": "r", "evidence": "e"}]
    )
    written = lake.write(
        HARD_QUESTIONS, "b1", pl.DataFrame([ROW]), content_key="k1", rejected=rejected, figures={"rows_in": 2}
    )

    assert (written.rows, written.rejected, written.figures) == (1, 1, {"rows_in": 2})
    assert pl.read_parquet(written.rejected_file).schema == REJECTED_ROWS.schema


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (pl.DataFrame([ROW]).drop("split"), r"missing columns \['split'\]"),
        (pl.DataFrame([ROW | {"extra": 1}]), r"unknown columns \['extra'\]"),
        (pl.DataFrame([ROW | {"split": None}]), "column split is null in 1 rows"),
        (pl.DataFrame([ROW, ROW]), "question_id 'q1' occurs more than once"),
        (pl.DataFrame([ROW | {"pass_share": "much"}]), "pass_share"),
    ],
)
def test_rows_that_do_not_fit_their_table_are_refused_and_the_old_version_stays(lake, rows, message):
    before = lake.write(HARD_QUESTIONS, "b1", pl.DataFrame([ROW]), content_key="k1")

    with pytest.raises(TableError, match=message):
        lake.write(HARD_QUESTIONS, "b1", rows, content_key="k2")

    assert lake.current(HARD_QUESTIONS, "b1") == before


def test_a_writer_killed_before_the_pointer_leaves_the_old_version(lake, monkeypatch):
    before = lake.write(HARD_QUESTIONS, "b1", pl.DataFrame([ROW]), content_key="k1")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("acecoder_dagster.data.store.LocalStore.commit", killed)
    with pytest.raises(KeyboardInterrupt):
        lake.write(HARD_QUESTIONS, "b1", HARD_QUESTIONS.empty(), content_key="k2")

    assert lake.current(HARD_QUESTIONS, "b1") == before
    assert lake.read(HARD_QUESTIONS).height == 1


@pytest.mark.parametrize("batch", ["/a", "../a", "50%", "", ".hidden", "two words"])
def test_a_batch_whose_name_cannot_name_a_folder_is_refused(lake, batch):
    with pytest.raises(ValueError, match="name of a batch"):
        lake.current(HARD_QUESTIONS, batch)


def test_a_pair_of_a_model_and_a_benchmark_is_a_batch_like_any_other(lake):
    pair = "owner/model@main|paper/livecodebench-v6@2024-08-01..2025-05-31"
    lake.write(HARD_QUESTIONS, pair, pl.DataFrame([ROW]), content_key="k")

    assert lake.current(HARD_QUESTIONS, pair).content_key == "k"
    assert [partition.batch for partition in lake.partitions(HARD_QUESTIONS)] == [pair]
    assert lake.read(HARD_QUESTIONS)["batch"].to_list() == [pair]
    assert [path.name for path in (lake.root / HARD_QUESTIONS.name).glob("batch=*")] == [
        "batch=owner%2Fmodel%40main%7Cpaper%2Flivecodebench-v6%402024-08-01..2025-05-31"
    ]
