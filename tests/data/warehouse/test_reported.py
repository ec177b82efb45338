"""What the report is told of all runs."""

import pytest

from acecoder_dagster.data.warehouse import WarehouseError, build_warehouse, run_figures

BATCHES = ["2026-11-21", "007"]


@pytest.fixture
def figures(lake, tmp_path):
    return run_figures(build_warehouse(lake, tmp_path / "w.duckdb").path, BATCHES)


def test_every_stage_says_what_it_took_kept_and_rejected(figures):
    taken = figures.stages.select("stage", "batches", "rows_in", "rows_kept", "rows_rejected").rows()

    assert ("filtered_tests", 2, 4, 3, 1) in taken
    assert figures.rejections.select("stage", "reason", "rejected").rows() == [("filtered_tests", "wrong", 1)]


def test_pass_rates_are_those_of_the_chosen_batches_by_source_and_by_difficulty(figures, lake, tmp_path):
    shown = figures.pass_rates.select("source", "difficulty", "model", "questions", "programs", "pass_at_1").rows()

    # The program that the judge could not decide does not count.
    assert shown == [
        ("s", None, "m", 2, 5, pytest.approx((1 / 3 + 1) / 2)),
        ("s", None, "policy_rule", 1, 1, 0),
        (None, "always solved", "m", 1, 2, 1),
        (None, "always solved", "policy_rule", 1, 1, 0),
        (None, "medium", "m", 1, 3, pytest.approx(1 / 3)),
    ]
    one = run_figures(tmp_path / "w.duckdb", ["007"]).pass_rates
    assert one.select("model", "questions").unique().sort("model").rows() == [("m", 1), ("policy_rule", 1)]


def test_what_was_recorded_is_told_by_day_and_by_moment(figures):
    assert figures.work_by_day.select("stages", "rows_rejected").rows() == [(figures.stages.height, 1)]
    assert set(figures.pass_rates_over_time["name"]) == {"s, m", "s, policy_rule"}
    assert figures.scores_over_time.is_empty()


def test_without_a_warehouse_the_error_says_what_to_do(tmp_path):
    with pytest.raises(WarehouseError, match="materialize the asset `warehouse` first"):
        run_figures(tmp_path / "w.duckdb", BATCHES)
