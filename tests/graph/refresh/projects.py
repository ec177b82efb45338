"""Projects in which everything is up to date, what a refresh of them would work on, and what it should be."""

import json
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel

from acecoder_dagster.data.lake.partitions import UNPARTITIONED
from acecoder_dagster.graph.assets import STAGES, warehouse
from acecoder_dagster.graph.inputs import Model
from acecoder_dagster.graph.keys import stage_key
from acecoder_dagster.graph.partitions import benchmarked_models, seed_batches
from acecoder_dagster.graph.refresh import planning
from acecoder_dagster.graph.resources import OpenProject, Project
from acecoder_dagster.graph.steps.batch_sources import known_batches
from acecoder_dagster.questions.importing import load_import
from acecoder_dagster.questions.seeding import SeedManifest, load_seeds, store_seeds
from tests.graph import imports
from tests.graph.imports import BATCH, PROGRAMS_BEFORE, QUESTIONS_BEFORE, question, small_project

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
PROMPTED = (
    "base_policy",
    "sampled_programs",
    "reward_model",
    "policy_rule",
    "policy_reward_model",
    "program_scores",
    "policy_programs",
)
"""Stages in which a model is prompted."""


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
    return project_in(folder).open()


def project_in(folder: Path) -> Project:
    """Return the folder of a project with its profile."""
    return Project(root=str(folder / "home"), profile=str(folder / "small.toml"))


def bring(folder: Path, questions: Iterable[dict], programs: Iterable[dict]) -> None:
    """Import questions and programs."""
    imports.bring(project_in(folder), folder, list(questions), list(programs))


def copied(source: Path, folder: Path) -> Path:
    """Copy the folder of a project, with its profile, and return the copy."""
    shutil.copytree(source, folder)
    profile = folder / "small.toml"
    profile.write_text(profile.read_text().replace(str(source), str(folder)))
    return folder


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
