"""What each change makes out of date: exactly what depends on it, as `acecoder plan` says."""

import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import BaseModel

from acecoder_dagster.data.lake.partitions import UNPARTITIONED
from acecoder_dagster.graph.assets import STAGES, warehouse
from acecoder_dagster.graph.inputs import Model
from acecoder_dagster.graph.keys import stage_key
from acecoder_dagster.graph.models import MODELS
from acecoder_dagster.graph.partitions import benchmarked_models, seed_batches
from acecoder_dagster.graph.refresh import planning
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.steps import key_parts
from acecoder_dagster.graph.steps.batch_sources import known_batches
from acecoder_dagster.paths import PACKAGE
from acecoder_dagster.questions.importing import load_import
from acecoder_dagster.questions.seeding import SeedManifest, load_seeds, store_seeds
from tests.graph import imports
from tests.graph.imports import BATCH, PROGRAMS_BEFORE, QUESTIONS_BEFORE, program, question, small_project

EVERYTHING_OF_OURS = "[seeds]\nprocedural_batches = 1\nquestions_per_batch = 12\n[data]\nbatches = ['*']\n"
MODELS_OF_OTHERS = """
[seeds]
procedural_batches = 0
[base_policy]
model = "{folder}/policy"
[reward_backbone]
model = "{folder}/backbone"
[tests]
policy = "agreement"
oracle_models = ["{folder}/oracle"]
[questions]
writer = "endpoint"
endpoint = {{ model = "writer" }}
[decontamination]
benchmarks = ["{folder}/benchmark.jsonl"]
"""
LIBRARY = '''
def double(x):
    """Return twice a number, as in 2 for 1.

    >>> double(1)
    2
    """
    return 2 * x
'''
COUNTING = (
    "acecode_dataset",
    "preference_pairs",
    "hard_questions",
    "policy_rule",
    "policy_reward_model",
    "best_of_n",
    "benchmark_scores",
)
JUDGING = ("oracle_results", "test_results", "test_quality", "policy_rule", "policy_reward_model", "policy_results")
PROMPTED = (
    "base_policy",
    "sampled_programs",
    "reward_model",
    "policy_rule",
    "policy_reward_model",
    "program_scores",
    "policy_programs",
)
TAKEN_AGAIN = ("seed_functions", "questions", "candidate_tests", "sampled_programs", "acecode_dataset")
"""Of an import whose licences changed: copied from it, without any work."""


def small(folder: Path, settings: str) -> OpenProject:
    """Return a project of one import, one collection and what the settings add, with nothing made of it yet."""
    project = small_project(folder, "").open()
    profile = folder / "small.toml"
    text = profile.read_text().replace("[seeds]\nprocedural_batches = 0\n", "")
    profile.write_text(text + settings.format(folder=folder))
    (folder / "library.py").write_text(LIBRARY)
    (folder / "benchmark.jsonl").write_text(json.dumps(question(77)) + "\n")
    for model in ("policy", "backbone", "oracle"):
        (folder / model).mkdir()
        (folder / model / "model.safetensors").write_text(model)
        (folder / model / "chat_template.jinja").write_text("{{ messages }}")
    bring(folder, QUESTIONS_BEFORE, PROGRAMS_BEFORE)
    collect(folder)
    return replace(project, settings=opened(folder).settings)


def opened(folder: Path) -> OpenProject:
    """Return the project in a folder."""
    from acecoder_dagster.graph.resources import Project

    return Project(root=str(folder / "home"), profile=str(folder / "small.toml")).open()


def bring(folder: Path, questions: Iterable[dict], programs: Iterable[dict]) -> None:
    """Import questions and programs."""
    from acecoder_dagster.graph.resources import Project

    project = Project(root=str(folder / "home"), profile=str(folder / "small.toml"))
    imports.bring(project, folder, list(questions), list(programs))


def collect(folder: Path, **more: object) -> None:
    """Collect the library's functions."""
    store_seeds(folder / "home", SeedManifest(name="found", code=(str(folder / "library.py"),), **more))


def make_everything(project: OpenProject) -> None:
    """Store every table and model as up to date: with an import's rows where they are its, else empty."""
    parts = {
        None: [UNPARTITIONED],
        seed_batches: known_batches(project.home, project.settings),
        benchmarked_models: list(project.settings.benchmarks.partitions),
    }
    for stage in STAGES:
        if stage.makes is None:
            continue
        if isinstance(stage.makes, Model):
            if not stage.makes.named(project.settings):
                key = stage_key(project, stage)
                folder = project.home.artifacts.working_folder(stage.name, key)
                (folder / "model.safetensors").write_text(stage.name)
                project.home.artifacts.finish(stage.name, key, {})
            continue
        for batch in parts[stage.partitions]:
            rows = rows_of(project, stage.name, batch)
            key = stage_key(project, stage, batch)
            project.lake.write(stage.table, batch, stage.table.empty() if rows is None else rows, content_key=key)


def rows_of(project: OpenProject, stage: str, batch: str) -> pl.DataFrame | None:
    """Return the rows of a stage that takes them from an import or a collection."""
    if batch.startswith("found") and stage == "seed_functions":
        return load_seeds(project.home.root, batch).seeds
    if batch != BATCH:
        return None
    found = load_import(project.home.root, batch)
    taken = {
        "seed_functions": found.seeds,
        "questions": found.questions,
        "candidate_tests": found.candidate_tests,
        "sampled_programs": found.programs,
    }
    return taken.get(stage)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Callable[[str], Path]:
    """Returns the folder of a project in which everything is up to date under some settings."""
    known: dict[str, Path] = {}

    def make(settings: str) -> Path:
        if settings not in known:
            folder = tmp_path_factory.mktemp("made")
            make_everything(small(folder, settings))
            known[settings] = folder
        return known[settings]

    return make


@pytest.fixture
def changed(made, tmp_path) -> Callable[..., Path]:
    """Returns a copy of a project in which everything is up to date, to be changed."""

    def copy(settings: str = EVERYTHING_OF_OURS) -> Path:
        made_in = made(settings)
        folder = tmp_path / "copy"
        shutil.copytree(made_in, folder)
        profile = folder / "small.toml"
        profile.write_text(profile.read_text().replace(str(made_in), str(folder)))
        return folder

    return copy


def planned(project: OpenProject) -> set[str]:
    """Return the stages that a refresh would work on, but for the warehouse, which was never built here."""
    found = planning.plan_refresh(project, known_batches(project.home, project.settings))
    return {stage.stage for stage in found} - {warehouse.name}


def after(project: OpenProject, *first: str) -> set[str]:
    """Return stages and all that is made of what they make."""
    found = set(first)
    for stage in STAGES:
        if stage.makes is not None and {each.name for each in stage.inputs(project.settings)} & found:
            found.add(stage.name)
    return {
        name
        for name in found
        for stage in STAGES
        if stage.name == name and not (isinstance(stage.makes, Model) and stage.makes.named(project.settings))
    }


def with_setting(section: Any, place: str, value: object) -> Any:
    """Return settings in which one, named by its place, has another value."""
    name, _, rest = place.partition(".")
    below = getattr(section, name)
    changed = with_setting(below, rest, value) if rest else value
    assert rest or below != value, f"{place} has this value already"
    if isinstance(below, BaseModel) and rest:
        return section.model_copy(update={name: changed})
    return section.model_copy(update={name: value})


@pytest.mark.parametrize(
    ("place", "value", "first"),
    [
        ("micro.tests_per_question", 7, ("seed_functions", "base_policy")),
        ("seeds.questions_per_batch", 13, ("seed_functions",)),
        ("inputs.probes", 9, ("candidate_tests",)),
        ("tests.min_tests", 2, ("filtered_tests",)),
        ("tests.max_tests", 8, ("filtered_tests",)),
        ("tests.mutants", 3, ()),
        ("tests.strengthening_rounds", 1, ("filtered_tests",)),
        ("tests.policy", "trusted", ("oracle_programs", "filtered_tests")),
        ("tests.unsealed_passes", "count", COUNTING),
        ("sandbox.memory_mb", 2048, ("candidate_tests", *JUDGING)),
        ("sandbox.set", "plain", ("candidate_tests", *JUDGING)),
        ("sandbox.workers", 5, ()),
        ("sandbox.retries", 5, ()),
        ("cluster.address", "auto", ()),
        ("prompt", "r1", PROMPTED),
        ("sampling.temperature", 0.3, ("sampled_programs", "policy_programs")),
        ("sampling.programs_per_question", 3, ("sampled_programs",)),
        ("sampling.engine.max_sequences", 3, ()),
        ("sampling.engine.replicas", 7, ()),
        ("sampling.engine.cpu_cache_gib", 7, ()),
        ("base_policy.supervised.epochs", 9, ("base_policy",)),
        ("base_policy.supervised.threads", 9, ()),
        ("base_policy.supervised.processes", 9, ()),
        ("base_policy.supervised.checkpoint_every", 9, ()),
        ("pairs.rule", "paper", ("preference_pairs",)),
        ("hard_questions.rule", "paper", ("hard_questions",)),
        ("reward_model.epochs", 9, ("reward_model",)),
        ("reward_model.tokens_per_forward", 99, ()),
        ("reward_model.checkpoint_every", 99, ()),
        ("reward_model.threads", 9, ()),
        ("reward_model.gradient_checkpointing", True, ()),
        ("scoring.max_tokens", 99, ("program_scores",)),
        ("scoring.tokens_per_forward", 99, ()),
        ("policy_rule.learning_rate", 0.5, ("policy_rule",)),
        ("policy_rule.rows_per_forward", 3, ()),
        ("policy_rule.scoring.max_tokens", 99, ()),
        ("policy_reward_model.scoring.max_tokens", 99, ("policy_reward_model",)),
        ("policy_reward_model.scoring.tokens_per_forward", 99, ()),
        ("evaluation.best_of", (1, 3), ("best_of_n",)),
        ("evaluation.pass_at", (1, 3), ("benchmark_scores",)),
        ("evaluation.programs_per_question", 3, ("policy_programs",)),
        ("evaluation.bootstrap_samples", 999, ("best_of_n", "benchmark_scores")),
        ("quality.min_validity", 0.5, ("test_quality",)),
        ("quality.batches", ("elsewhere-*",), ()),
        ("data.batches", ("procedural-*", "small-*", "found-*"), ()),
        ("machine.steps_at_once", 7, ()),
        ("refresh.data_cron", "0 5 * * *", ()),
        ("prices.machine_hour", 1.0, ()),
        ("questions.endpoint.concurrency", 3, ()),
    ],
)
def test_a_setting_makes_out_of_date_what_depends_on_it_and_nothing_else(made, place, value, first):
    project = opened(made(EVERYTHING_OF_OURS))
    changed = replace(project, settings=with_setting(project.settings, place, value))

    assert planned(project) == set()
    assert planned(changed) == after(changed, *first)


@pytest.mark.parametrize(
    ("place", "value", "first"),
    [
        ("questions.endpoint.model", "another", ("writer_answers",)),
        ("questions.endpoint.concurrency", 3, ()),
        ("questions.endpoint.price_per_million_prompt_tokens", 3.0, ()),
        ("questions.writer", "docstring", ("writer_answers", "questions", "candidate_tests")),
        ("tests.oracle_sampling.max_tokens", 99, ("oracle_programs",)),
        ("prompt", "r1", ("oracle_programs", *(name for name in PROMPTED if name != "base_policy"))),
        ("decontamination.likeness", 0.5, ("seed_functions",)),
        ("micro.tests_per_question", 7, ()),
        ("base_policy.supervised.epochs", 9, ()),
        ("reward_backbone.scratch.layers", 2, ()),
    ],
)
def test_with_models_of_others_too(made, place, value, first):
    project = opened(made(MODELS_OF_OTHERS))
    changed = replace(project, settings=with_setting(project.settings, place, value))

    assert planned(project) == set()
    assert planned(changed) == after(changed, *first)


@dataclass(frozen=True)
class FileChange:
    """A file of a project, what it holds after the change, and which stages are the first that this changes."""

    file: str
    text: str
    first: tuple[str, ...]


@pytest.mark.parametrize(
    "change",
    [
        FileChange("policy/model.safetensors", "other", ("sampled_programs", "policy_rule", "policy_reward_model")),
        FileChange("policy/chat_template.jinja", "other", ("sampled_programs", "policy_rule", "policy_reward_model")),
        FileChange("policy/README.md", "words", ()),
        FileChange("backbone/model.safetensors", "other", ("reward_model",)),
        FileChange("oracle/chat_template.jinja", "other", ("oracle_programs",)),
        FileChange("benchmark.jsonl", json.dumps(question(78)) + "\n", ("seed_functions",)),
    ],
    ids=lambda change: change.file,
)
def test_a_file_of_a_model_or_benchmark_counts_by_its_content(changed, change):
    folder = changed(MODELS_OF_OTHERS)
    make_everything(opened(folder))
    (folder / change.file).write_text(change.text)

    assert planned(opened(folder)) == after(opened(folder), *change.first)


@pytest.mark.parametrize("model", [model.name for model in MODELS])
@pytest.mark.parametrize("damage", ["deleted", "overwritten"])
def test_a_model_whose_weights_are_gone_or_others_is_trained_again(changed, model, damage):
    project = opened(changed())
    weights = project.home.artifacts.current(model).folder / "model.safetensors"
    weights.unlink() if damage == "deleted" else weights.write_text("others")

    assert planned(project) == after(project, model)


def test_the_text_of_a_prompt_file_counts_and_its_name_only_where_a_model_keeps_it(made, monkeypatch):
    project = opened(made(EVERYTHING_OF_OURS))
    text = key_parts.template_text(project.settings.prompt)

    monkeypatch.setattr(key_parts, "template_text", lambda name: f"{text} Be brief.")
    assert planned(project) == after(project, *PROMPTED)

    monkeypatch.setattr(key_parts, "template_text", lambda name: text)
    renamed = replace(project, settings=with_setting(project.settings, "prompt", "evalplus"))
    assert planned(renamed) == after(project, "reward_model")


@pytest.mark.parametrize(
    ("file", "first"),
    [
        ("questions/micro/primitives.toml", ("seed_functions", "base_policy")),
        ("questions/test_suites/inputs/usual_texts.txt", ("candidate_tests",)),
    ],
)
def test_data_shipped_with_the_code_counts_by_its_content(made, tmp_path, monkeypatch, file, first):
    project = opened(made(EVERYTHING_OF_OURS))
    shutil.copytree(PACKAGE, tmp_path / "package", ignore=shutil.ignore_patterns("*.py", "*.pyc"))
    monkeypatch.setattr(key_parts, "PACKAGE", tmp_path / "package")
    shipped = tmp_path / "package" / file

    shipped.write_text(shipped.read_text() + ("\n# Words.\n" if file.endswith(".toml") else ""))
    assert planned(project) == set()
    added = '[[primitive]]\nname = "more"\n' if file.endswith(".toml") else "more\n"
    shipped.write_text(shipped.read_text() + added)
    assert planned(project) == after(project, *first)


def test_a_raised_code_version_makes_its_stage_and_what_follows_out_of_date(made, monkeypatch):
    project = opened(made(EVERYTHING_OF_OURS))
    raised = tuple(replace(stage, code_version="99") if stage.name == "test_results" else stage for stage in STAGES)
    monkeypatch.setattr(planning, "STAGES", raised)

    assert planned(project) == after(project, "test_results")


def test_other_licences_of_an_import_travel_without_any_work(changed):
    folder = changed()
    bring(folder, [each | {"licence": "MIT"} for each in QUESTIONS_BEFORE], PROGRAMS_BEFORE)

    assert planned(opened(folder)) == set(TAKEN_AGAIN)


def test_other_splits_of_an_import_change_what_goes_by_the_split_and_execute_nothing(changed):
    folder = changed()
    bring(folder, [each | {"split": "test"} for each in QUESTIONS_BEFORE], PROGRAMS_BEFORE)
    by_split = ("preference_pairs", "hard_questions", "program_scores", "policy_programs", "best_of_n")

    found = planned(opened(folder))

    assert found == set(TAKEN_AGAIN) | after(opened(folder), *by_split, "policy_results", "benchmark_scores")
    assert not {"oracle_programs", "oracle_results", "filtered_tests", "test_results", "test_quality"} & found


def test_another_licence_of_a_collection_travels_too(changed):
    folder = changed()
    collect(folder, licence="MIT")

    assert planned(opened(folder)) == {"seed_functions", "questions", "acecode_dataset"}


def test_one_other_program_of_an_import_is_judged_and_all_that_counts_it_is_made_anew(changed):
    folder = changed()
    bring(folder, QUESTIONS_BEFORE, [*PROGRAMS_BEFORE[:-1], program(3, "3 * x", 1)])

    again = {"seed_functions", "questions", "candidate_tests", "sampled_programs"}
    assert planned(opened(folder)) == again | after(opened(folder), "sampled_programs")


def test_the_same_rows_in_another_file_change_nothing_behind_the_import(changed):
    folder = changed()
    bring(folder, reversed(QUESTIONS_BEFORE), PROGRAMS_BEFORE)

    again = {"seed_functions", "questions", "candidate_tests", "sampled_programs"}
    assert planned(opened(folder)) <= again | {"acecode_dataset"}
