"""Reward models that choose among what a model answers to a standard benchmark, from the terminal."""

import io
import os
import shutil
from pathlib import Path
from unittest import mock

import polars as pl
import pytest
from rich.console import Console

from acecoder_dagster.cli.run import run_and_report
from acecoder_dagster.data.home import Home
from acecoder_dagster.data.warehouse import run_query
from acecoder_dagster.graph.keys import is_current
from acecoder_dagster.graph.refresh.staleness import BENCHMARK_STAGES
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.settings import SettingsError, read_settings
from tests.evaluation.benchmarks.made_data import EVALPLUS
from tests.graph.assets.test_benchmarks import write_project

PAIR = "other|own/plus"
CHOOSING = 'n = 2\nreward_models = ["reward_model", "{folder}/second"]\n'
BY_TASK = """
SELECT reward_model, task_id, score, passed FROM benchmark_rewards ORDER BY reward_model, task_id, score DESC
"""


def save_reward_model(folder: Path, policy: Path, seed: int) -> None:
    """Write a reward model with the weights of a policy and a random head."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.manual_seed(seed)
    AutoModelForSequenceClassification.from_pretrained(policy, num_labels=1).save_pretrained(folder)
    AutoTokenizer.from_pretrained(policy).save_pretrained(folder)


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> OpenProject:
    """A project in which one pair of a model and a benchmark was run, with two reward models."""
    from transformers import Qwen2Config

    from tests.taught_models import save_chat_model

    folder = tmp_path_factory.mktemp("rewards")
    texts = [row["prompt"] for row in EVALPLUS] * 4
    model = save_chat_model(folder / "model", "Qwen", Qwen2Config, texts, max_position_embeddings=1024)
    home = Home(folder / "home")
    save_reward_model(home.artifacts.working_folder("reward_model", "trained"), model, seed=0)
    home.artifacts.finish("reward_model", "trained", {})
    save_reward_model(folder / "second", model, seed=1)
    profile, told = write_project(folder, model), io.StringIO()
    profile.write_text(profile.read_text().replace("[benchmarks]\n", f"[benchmarks]\n{CHOOSING.format(folder=folder)}"))
    with mock.patch.dict(os.environ):  # The command names its folder and profile there.
        code = run_and_report(home, str(profile), Console(file=told, width=300), None, [PAIR])
    assert code == 0, told.getvalue()
    return OpenProject(home, read_settings(str(profile)))


def test_every_reward_model_scores_every_answer(project):
    scores = run_query(project.home.warehouse, BY_TASK)

    assert scores.group_by("reward_model").len().sort("reward_model").rows() == [("reward_model", 4), ("second", 4)]
    assert scores["score"].null_count() == 0
    by_model = {name: rows["score"].to_list() for (name,), rows in scores.group_by("reward_model")}
    assert by_model["reward_model"] != by_model["second"]


def test_the_answer_with_the_highest_score_is_chosen(project):
    best = run_query(project.home.warehouse, "SELECT * FROM benchmark_best_of_n WHERE n = 2")
    solved = dict(best.select("method", "solved").iter_rows())
    scores = run_query(project.home.warehouse, BY_TASK)

    for (name,), rows in scores.group_by("reward_model"):
        tops = rows.filter(pl.col("score") == pl.col("score").max().over("task_id"))
        assert solved[name] == pytest.approx(tops.group_by("task_id").agg(pl.col("passed").mean())["passed"].mean())
    assert solved["average"] == pytest.approx(scores["passed"].mean())
    assert solved["oracle"] == pytest.approx(scores.group_by("task_id").agg(pl.col("passed").any())["passed"].mean())


def test_the_shipped_query_says_of_what_each_figure_is(project):
    rows = run_query(project.home.warehouse, "benchmark_best_of_n")

    assert set(rows.select("protocol", "benchmark", "model").rows()) == {("own", "plus", "other")}
    assert set(rows["method"]) == {"average", "oracle", "reward_model", "second"}
    assert rows.filter(n=1)["solved"].n_unique() == 1


def test_another_reward_model_scores_anew_and_asks_and_judges_nothing(project, tmp_path):
    shutil.copytree(project.home.root, tmp_path / "home", ignore=shutil.ignore_patterns("dagster"))
    home = Home(tmp_path / "home")
    home.artifacts.working_folder("reward_model", "again")
    home.artifacts.finish("reward_model", "again", {})
    again = OpenProject(home, project.settings)

    stale = [stage.name for stage in BENCHMARK_STAGES if not is_current(again, stage, PAIR)]
    assert stale == ["benchmark_rewards"]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ('reward_models = ["reward_model"]', "say with n how many of each task"),
        ('n = 4\nreward_models = ["reward_model", "reward_model"]', "several rows for reward_model"),
    ],
)
def test_reward_models_that_cannot_choose_are_refused(tmp_path, setting, message):
    profile = tmp_path / "profile.toml"
    profile.write_text(f'extends = "micro"\n[benchmarks]\n{setting}\n')
    with pytest.raises(SettingsError, match=message):
        read_settings(str(profile))
