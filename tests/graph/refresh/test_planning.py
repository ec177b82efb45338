"""What `acecoder plan` says a refresh would do."""

import pytest

from acecoder_dagster.graph.refresh.planning import plan_refresh
from tests.graph.imports import BATCH, PROGRAMS_BEFORE, QUESTIONS_BEFORE, program, question


@pytest.fixture
def plan(project):
    """Plans batches; returns the stages by name."""
    return lambda *batches: {stage.stage: stage for stage in plan_refresh(project.open(), batches)}


def test_of_a_new_batch_everything_is_to_do_and_nothing_was_measured(plan, project):
    planned = plan("procedural-000")

    assert planned["candidate_tests"].programs == planned["oracle_results"].programs == 12
    assert planned["sampled_programs"].model_calls == 12
    assert planned["test_results"].programs == 12 * project.open().settings.sampling.programs_per_question
    assert {"base_policy", "warehouse", "preference_pairs", "reward_model", "rollouts", "best_of_n"} <= set(planned)
    assert {stage.minutes for stage in planned.values()} == {None}


def test_of_a_finished_batch_nothing_is_to_do(plan, refresh):
    refresh(QUESTIONS_BEFORE, PROGRAMS_BEFORE)

    assert not {"seed_functions", "filtered_tests", "test_results"} & set(plan(BATCH))


def test_of_a_changed_import_at_most_the_programs_of_the_changed_questions_are_executed(plan, refresh, bring):
    refresh(QUESTIONS_BEFORE, PROGRAMS_BEFORE)
    bring(QUESTIONS_BEFORE, [*PROGRAMS_BEFORE[:3], program(1, "x + x + 1", 1), *PROGRAMS_BEFORE[4:]])

    results = plan(BATCH)["test_results"]

    assert (results.batches, results.questions, results.programs, results.model_calls) == (1, 1, 2, 0)
    assert results.minutes > 0


def test_of_a_changed_setting_only_what_depends_on_it_is_to_do(plan, refresh, tmp_path):
    refresh(QUESTIONS_BEFORE, PROGRAMS_BEFORE)
    profile = tmp_path / "tiny.toml"
    profile.write_text(profile.read_text() + "[tests]\nmin_tests = 2\n")

    planned = plan(BATCH)

    assert not {"questions", "candidate_tests", "oracle_programs", "oracle_results", "sampled_programs"} & set(planned)
    assert planned["filtered_tests"].questions == 4
    assert planned["test_results"].programs == 8


def test_of_adversarial_rounds_at_least_the_programs_that_they_run_are_counted(plan, refresh, bring, project, tmp_path):
    profile = tmp_path / "tiny.toml"
    profile.write_text(profile.read_text() + "[tests]\nstrengthening_rounds = 2\nmutants = 3\n")
    bring(QUESTIONS_BEFORE, PROGRAMS_BEFORE)
    planned = plan(BATCH)["filtered_tests"].programs

    assert 0 < refresh(QUESTIONS_BEFORE, PROGRAMS_BEFORE)["filtered_tests"]["programs_executed"] <= planned
    # Mutants; the reference six times to follow its branches; then in the round of these and in each further one the
    # reference three times, and it and the mutants by the new tests.
    assert planned == 4 * (3 + 6 + 3 * (3 + 1 + 3))


def test_prices_make_minutes_money(plan, refresh, bring, tmp_path):
    refresh(QUESTIONS_BEFORE, PROGRAMS_BEFORE)
    bring([*QUESTIONS_BEFORE, question(9)], PROGRAMS_BEFORE)
    profile = tmp_path / "tiny.toml"
    profile.write_text(profile.read_text() + "[prices]\nmachine_hour = 6.0\n")

    judged = plan(BATCH)["oracle_results"]

    assert judged.questions == judged.programs == 1
    assert judged.cost == pytest.approx(judged.minutes / 60 * 6.0)
