"""Models on standard benchmarks, from the terminal: a pair of a model and a benchmark is a partition."""

import io
import os
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import dagster as dg
import polars as pl
import pytest
from rich.console import Console

from acecoder_dagster.cli.run import run_and_report
from acecoder_dagster.data.home import Home, RunError
from acecoder_dagster.data.tables import BENCHMARK_TABLES
from acecoder_dagster.data.warehouse import run_query
from acecoder_dagster.definitions import build_definitions
from acecoder_dagster.evaluation.benchmarks import BenchmarkError
from acecoder_dagster.graph.assets import benchmark_programs
from acecoder_dagster.graph.keys import MissingInputError, is_current, stage_key
from acecoder_dagster.graph.refresh.planning import plan_refresh
from acecoder_dagster.graph.refresh.staleness import BENCHMARK_STAGES
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.steps.batches import LEFT_OVER, list_batches, remove_batches
from acecoder_dagster.settings import read_settings
from tests.evaluation.benchmarks.made_data import EVALPLUS, own_protocol, write_lines

OURS, OURS_PLUS, OTHER, OTHER_PLUS = [
    f"{model}|own/{name}" for model in ("policy_rule", "other") for name in ("base", "plus")
]
STAGES = ["benchmark_programs", "benchmark_results", "benchmark_rewards", "leaderboard", "benchmark_best_of_n"]
NOT_RUN = {OTHER_PLUS: "benchmark_programs"}
# The prompt of a model without a chat template is a program already, and what follows is no code: one task is solved.
SOLVED = EVALPLUS[0] | {"prompt": EVALPLUS[0]["prompt"] + EVALPLUS[0]["canonical_solution"]}


@dataclass(frozen=True)
class Evaluated:
    """A project in which three of four pairs of a model and a benchmark were run."""

    home: Home
    profile: Path
    told: str
    code: int

    @property
    def folder(self) -> Path:
        return self.profile.parent

    @property
    def project(self) -> OpenProject:
        return OpenProject(self.home, read_settings(str(self.profile)))

    def stale(self) -> dict[str, str]:
        """Return the first stage that is out of date, by pair."""
        return {
            pair: stale[0]
            for pair in self.project.settings.benchmarks.partitions
            if (stale := [stage.name for stage in BENCHMARK_STAGES if not is_current(self.project, stage, pair)])
        }

    def planned(self, *pairs: str) -> dict[str, int]:
        """Return for how many of some pairs each stage has work to do."""
        found = plan_refresh(self.project, pairs)
        return {each.stage: each.batches for each in found if each.stage in STAGES}

    def append(self, protocol: str, text: str) -> None:
        path = self.folder / f"{protocol}.toml"
        path.write_text(path.read_text() + text)


def write_project(folder: Path, model: Path) -> Path:
    """Write data, protocols and a profile that names two models and two benchmarks; return the profile."""
    write_lines(folder / "HumanEvalPlus.jsonl", [SOLVED, EVALPLUS[1]])
    for name in ("base", "plus"):
        own_protocol(folder, name, f"paper/humaneval{'+' if name == 'plus' else ''}", 2)
        path = folder / f"{name}.toml"
        path.write_text(path.read_text() + "[decoding]\nmax_tokens = 8\n[styles.base]\nmax_tokens = 8\n")
    profile = folder / "profile.toml"
    profile.write_text(f"""
extends = "micro"
[seeds]
procedural_batches = 0
[sandbox]
launcher = "bubblewrap"
workers = 1
[sampling.engine]
dtype = "float32"
max_sequences = 1
[benchmarks]
suite = ["{folder}/base.toml", "{folder}/plus.toml"]
data = "{folder}"
models = [
    {{ model = "policy_rule", style = "base" }},
    {{ model = "{model}", style = "base", name = "other" }},
]
""")
    return profile


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    from transformers import Qwen2Config

    from tests.taught_models import save_chat_model

    folder = tmp_path_factory.mktemp("benchmarks")
    texts = [row["prompt"] for row in EVALPLUS] * 4
    model = save_chat_model(folder / "model", "Qwen", Qwen2Config, texts, max_position_embeddings=1024)
    home = Home(folder / "home")
    shutil.copytree(model, home.artifacts.working_folder("policy_rule", "trained"), dirs_exist_ok=True)
    home.artifacts.finish("policy_rule", "trained", {})
    profile, told = write_project(folder, model), io.StringIO()
    with mock.patch.dict(os.environ):  # The command names its folder and profile there.
        code = run_and_report(home, str(profile), Console(file=told, width=300), None, [OURS, OURS_PLUS, OTHER])
    return Evaluated(home, profile, told.getvalue(), code)


@pytest.fixture
def evaluated(finished, tmp_path):
    """A copy of the project, which the test may change."""
    home = Home(tmp_path / "home")
    shutil.copytree(finished.home.root, home.root, ignore=shutil.ignore_patterns("dagster"))
    for name in ("HumanEvalPlus.jsonl", "base.toml", "plus.toml"):
        shutil.copy(finished.folder / name, tmp_path / name)
    profile = tmp_path / "profile.toml"
    text = finished.profile.read_text().replace(str(finished.folder), str(tmp_path))
    profile.write_text(text.replace(f"{tmp_path}/model", f"{finished.folder}/model"))
    return replace(finished, home=home, profile=profile)


def test_named_pairs_are_evaluated_and_nothing_else_is_run(finished):
    assert finished.code == 0, finished.told
    runs = run_query(finished.home.warehouse, "SELECT stage, batch FROM runs")

    assert set(runs.rows()) == {(stage, pair) for stage in STAGES for pair in (OURS, OURS_PLUS, OTHER)}
    assert "leaderboard" in finished.told


def test_the_leaderboard_has_a_row_for_each_model_and_a_column_for_each_benchmark(finished):
    rows = run_query(finished.home.warehouse, "leaderboard").to_dicts()

    common = {"protocol": "own", "decoding": "score", "mean": 0.5, "base": 0.5}
    assert rows == [
        {**common, "model": "other", "benchmarks": 1, "plus": None},
        {**common, "model": "policy_rule", "benchmarks": 2, "plus": 0.5},
    ]


def test_scores_say_how_sure_they_are_and_whether_references_pass_here(finished):
    (row,) = run_query(
        finished.home.warehouse, "SELECT * FROM leaderboard WHERE model = 'other' AND metric = 'pass@1'"
    ).to_dicts()

    assert (row["tasks"], row["programs"], row["references"], row["references_passing"]) == (2, 2, 2, 2)
    assert (row["low"], row["high"], row["solved_reference_passes"]) == (0.0, 1.0, 0.5)
    assert row["title"] == "HumanEval"


def test_every_answer_is_there_with_its_program_and_why_it_failed(finished):
    sql = "SELECT * FROM benchmark_results WHERE model = 'policy_rule' AND benchmark = 'plus' ORDER BY task_id"
    first, second = run_query(finished.home.warehouse, sql).to_dicts()

    assert (first["passed"], first["base_passed"], first["verdict"], first["reference_passed"]) == (
        True,
        True,
        "passed",
        True,
    )
    assert first["prompt"].strip() == SOLVED["prompt"].strip()
    assert "return x / 2" in first["program"]
    assert second["verdict"] != "passed"
    assert second["answer"] is not None


def test_benchmarks_with_the_same_prompts_and_models_with_the_same_files_are_asked_once(finished):
    calls = run_query(
        finished.home.warehouse, "SELECT model_calls FROM runs WHERE stage = 'benchmark_programs' ORDER BY model_calls"
    )

    assert calls["model_calls"].to_list() == [0, 0, 2]


def test_only_the_pair_that_was_not_run_is_still_to_do(evaluated):
    assert evaluated.stale() == NOT_RUN
    assert evaluated.planned(OTHER) == {}
    assert evaluated.planned(OTHER, OTHER_PLUS) == dict.fromkeys(STAGES, 1)


def test_a_changed_protocol_makes_anew_its_own_pairs_alone(evaluated):
    evaluated.append("base", 'stop = ["END"]\n')

    assert evaluated.stale() == NOT_RUN | dict.fromkeys([OURS, OTHER], "benchmark_programs")
    assert evaluated.planned(OTHER) == dict.fromkeys(STAGES, 1)


def test_changed_limits_of_tests_ask_no_model(evaluated):
    evaluated.append("base", "[scoring]\nleast_seconds = 2.0\n")

    assert evaluated.stale() == NOT_RUN | dict.fromkeys([OURS, OTHER], "benchmark_results")
    assert evaluated.planned(OTHER) == dict.fromkeys(["benchmark_results", "leaderboard", "benchmark_best_of_n"], 1)


def test_another_metric_judges_nothing(evaluated):
    evaluated.append("base", "[scoring]\npass_at = [1]\n")

    assert evaluated.stale() == NOT_RUN | dict.fromkeys([OURS, OTHER], "leaderboard")


def test_other_data_makes_all_anew(evaluated):
    write_lines(evaluated.folder / "HumanEvalPlus.jsonl", [SOLVED, EVALPLUS[1] | {"plus_input": [[["c"]]]}])

    assert evaluated.stale() == dict.fromkeys([OURS, OURS_PLUS, OTHER, OTHER_PLUS], "benchmark_programs")


def test_a_model_that_was_trained_anew_is_evaluated_anew_and_no_other(evaluated):
    evaluated.home.artifacts.working_folder("policy_rule", "again")
    evaluated.home.artifacts.finish("policy_rule", "again", {})

    assert evaluated.stale() == NOT_RUN | dict.fromkeys([OURS, OURS_PLUS], "benchmark_programs")


def test_a_model_that_will_be_trained_anew_will_be_evaluated_anew(evaluated):
    shutil.rmtree(evaluated.home.artifacts.root)

    assert evaluated.planned(OURS, OURS_PLUS, OTHER) == dict.fromkeys(STAGES, 2)
    with pytest.raises(MissingInputError, match=r"policy_rule is not there yet for batch policy_rule\|own/base"):
        stage_key(evaluated.project, benchmark_programs, OURS)


def test_pairs_that_are_named_no_more_are_ignored_and_can_be_removed(evaluated, instance):
    text = evaluated.profile.read_text()
    evaluated.profile.write_text(text.replace('{ model = "policy_rule", style = "base" },', ""))

    assert evaluated.stale() == NOT_RUN
    left = [each.name for each in list_batches(evaluated.project) if each.origin == LEFT_OVER]
    assert left == [OURS, OURS_PLUS]
    assert remove_batches(evaluated.project, instance, left) == left
    stored = {part.batch for table in BENCHMARK_TABLES for part in evaluated.home.lake.partitions(table)}
    assert stored == {OTHER}
    with pytest.raises(BenchmarkError, match=r"benchmarks\.models and benchmarks\.suite do not name"):
        stage_key(evaluated.project, benchmark_programs, OURS)


def test_data_that_is_not_there_is_told_with_its_setting(evaluated):
    (evaluated.folder / "HumanEvalPlus.jsonl").unlink()

    with pytest.raises(BenchmarkError, match=r"benchmarks\.data: .* has no HumanEvalPlus\.jsonl"):
        evaluated.stale()


def test_assets_of_pairs_are_refused_where_there_are_none(evaluated):
    text = evaluated.profile.read_text()
    evaluated.profile.write_text(text[: text.index("[benchmarks]")])

    with pytest.raises(RunError, match=r"leaderboard: there is no model to evaluate: name some in benchmarks\.models"):
        run_and_report(evaluated.home, str(evaluated.profile), Console(file=io.StringIO()), ["leaderboard"])


def test_dagster_shows_a_partition_for_each_pair(finished):
    definitions = build_definitions(finished.home, str(finished.profile))

    for name in STAGES:
        spec = next(each for each in definitions.resolve_all_asset_specs() if each.key == dg.AssetKey(name))
        assert spec.partitions_def.get_partition_keys() == [OURS, OURS_PLUS, OTHER, OTHER_PLUS]


def test_the_schedule_asks_for_pairs_that_are_out_of_date_and_whose_model_is_there(evaluated, tmp_path):
    # Schedules take no instance that is in memory alone.
    instance = dg.DagsterInstance.local_temp(str(tmp_path))

    def asked() -> list[tuple[str, str]]:
        schedule = build_definitions(evaluated.home, str(evaluated.profile)).resolve_schedule_def("nightly_benchmarks")
        found = (
            schedule.evaluate_tick(
                dg.build_schedule_context(instance=instance, scheduled_execution_time=datetime.now(UTC))
            ).run_requests
            or []
        )
        return [
            (each.tags["dagster/asset_partition_range_start"], each.tags["dagster/asset_partition_range_end"])
            for each in found
        ]

    assert asked() == [(OTHER_PLUS, OTHER_PLUS)]
    evaluated.append("base", 'stop = ["END"]\n')
    assert asked() == [(OURS, OURS), (OTHER, OTHER_PLUS)]
    shutil.rmtree(evaluated.home.artifacts.root)
    assert asked() == [(OTHER, OTHER_PLUS)]
    evaluated.profile.write_text('extends = "micro"\n')
    assert asked() == []


def test_models_are_evaluated_on_arrival_and_when_they_were_trained_anew(finished, instance):
    definitions = build_definitions(finished.home, str(finished.profile))
    cursor, asked = None, []
    for materialized in (["base_policy"], ["policy_rule"], [], ["policy_rule"]):
        for asset in materialized:
            instance.report_runless_asset_event(dg.AssetMaterialization(asset))
        result = dg.evaluate_automation_conditions(defs=definitions, instance=instance, cursor=cursor)
        cursor = result.cursor
        asked.append(result.get_requested_partitions(dg.AssetKey("benchmark_programs")))
        for pair in asked[-1]:
            for asset in STAGES:
                instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=pair))

    every = {OURS, OURS_PLUS, OTHER, OTHER_PLUS}
    assert asked == [set(), every, set(), every]


def test_the_page_shows_all_models_by_benchmark(finished):
    with dg.DagsterInstance.from_config(str(finished.home.dagster)) as instance:
        record = instance.fetch_materializations(dg.AssetKey("leaderboard"), limit=1).records[0]

    assert record.asset_materialization.metadata["scores"].value.startswith("![Leaderboard](data:image/png")
    shown = record.asset_materialization.metadata["leaderboard"].value
    assert pl.Series(shown.splitlines()[2:]).str.contains("policy_rule").any()
    assert shown.splitlines()[0] == "| protocol | model | decoding | base | plus |"
