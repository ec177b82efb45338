"""Of a batch that changed, only the rows that changed are computed: real sandboxes, imported programs."""

import shutil

import polars as pl

import acecoder_dagster.graph.assets.results as results_module
from acecoder_dagster.data.judged_tables import judge_table
from acecoder_dagster.data.tables import BATCH_TABLES, TEST_RESULTS
from tests.graph.imports import BATCH, PROGRAMS_BEFORE, QUESTIONS_BEFORE, program, question


def tables(project) -> dict[str, list[dict]]:
    """Everything that the batch has, without what differs between two runs of one program."""
    measured = {"cpu_ms", "wall_ms", "peak_mb"}
    found = {}
    for table in BATCH_TABLES:
        partition = project.open().lake.current(table, BATCH)
        rows = pl.read_parquet(partition.rows_file).drop(measured, strict=False)
        found[table.name] = rows.sort(table.key).to_dicts()
        rejected = pl.read_parquet(partition.rejected_file).sort("row_id", "reason").to_dicts()
        found[f"{table.name} rejected"] = rejected
    return found


def test_one_changed_program_is_the_only_one_executed(project, refresh):
    first = refresh(QUESTIONS_BEFORE, PROGRAMS_BEFORE)
    again = refresh(QUESTIONS_BEFORE, [*PROGRAMS_BEFORE[:3], program(1, "x + x + 1", 1), *PROGRAMS_BEFORE[4:]])

    assert (first["test_results"]["programs_executed"], first["test_results"]["rows_reused"]) == (8, 0)
    assert (again["test_results"]["programs_executed"], again["test_results"]["rows_reused"]) == (1, 7)
    assert again["oracle_results"]["programs_executed"] == 0
    assert project.open().lake.read(TEST_RESULTS)["pass_rate"].to_list() == [1.0, 0.0] * 4


def test_one_changed_question_executes_its_programs_and_no_others(refresh):
    refresh(QUESTIONS_BEFORE, PROGRAMS_BEFORE)
    again = refresh([question(0), question(1, slope=1), question(2), question(3)], PROGRAMS_BEFORE)

    assert again["oracle_results"]["programs_executed"] == 1
    assert (again["test_results"]["programs_executed"], again["test_results"]["rows_reused"]) == (2, 6)


def test_what_is_taken_over_and_what_is_computed_are_the_table_that_a_fresh_run_makes(project, refresh):
    changed = (
        [question(0), question(5), question(1, slope=1), question(3)],
        [
            program(1, "x"),
            *PROGRAMS_BEFORE[:2],
            program(5, "3"),
            program(9, "0"),
        ],
    )
    refresh(QUESTIONS_BEFORE, PROGRAMS_BEFORE)
    again = refresh(*changed)
    incremental = tables(project)
    shutil.rmtree(project.open().home.root)
    refresh(*changed)

    assert again["test_results"]["rows_reused"] > 0
    assert incremental == tables(project)


def test_nothing_new_executes_nothing_and_says_so(refresh):
    refresh(QUESTIONS_BEFORE, PROGRAMS_BEFORE)
    again = refresh(QUESTIONS_BEFORE, PROGRAMS_BEFORE)

    for stage in ("oracle_results", "test_results"):
        assert again[stage]["reused"] is True
        assert again[stage]["programs_executed"] == 0
    assert again["test_results"]["rows_reused"] == 8


def test_programs_that_the_judge_failed_on_are_judged_again_by_the_next_refresh(project, refresh, monkeypatch):
    def fails_on_the_first(*given):
        results, rejected = judge_table(*given)
        first = pl.int_range(pl.len()) == 0
        return results.with_columns(verdict=pl.when(first).then(pl.lit("judge_error")).otherwise("verdict")), rejected

    with monkeypatch.context() as patched:
        patched.setattr(results_module, "judge_table", fails_on_the_first)
        patched.setattr(results_module, "MAX_JUDGE_ERRORS", 0.5)
        refresh(QUESTIONS_BEFORE, PROGRAMS_BEFORE)
    broken = project.open().lake.current(TEST_RESULTS, BATCH)
    mended = refresh(QUESTIONS_BEFORE, PROGRAMS_BEFORE)

    assert (mended["test_results"]["programs_executed"], mended["test_results"]["rows_reused"]) == (1, 7)
    assert "judge_error" not in set(project.open().lake.read(TEST_RESULTS)["verdict"])
    assert project.open().lake.current(TEST_RESULTS, BATCH).content_key != broken.content_key
