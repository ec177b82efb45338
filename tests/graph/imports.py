"""A small import of questions with two programs each, for tests that refresh it."""

import json
from pathlib import Path

import dagster as dg

from acecoder_dagster.graph.assets.programs import sampled_programs
from acecoder_dagster.graph.assets.results import test_results as results_asset
from acecoder_dagster.graph.assets.seeds import imported_files, questions, seed_functions, writer_answers
from acecoder_dagster.graph.assets.tests import candidate_tests, filtered_tests, oracle_programs, oracle_results
from acecoder_dagster.graph.partitions import register_batches
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.questions.importing import ImportManifest, store_import

BATCH = "small-000"
SYNTHESIS = [
    imported_files,
    seed_functions,
    writer_answers,
    questions,
    candidate_tests,
    oracle_programs,
    oracle_results,
    filtered_tests,
]
STAGES = [*SYNTHESIS, sampled_programs, results_asset]
SMALL_PROFILE = """
extends = "micro"
[seeds]
procedural_batches = 0
[sandbox]
launcher = "bubblewrap"
workers = 1
"""


def small_project(folder: Path, settings: str) -> Project:
    """Return a project of imports alone whose programs run under bubblewrap, with further settings as TOML."""
    profile = folder / "small.toml"
    profile.write_text(SMALL_PROFILE + settings)
    return Project(root=str(folder / "home"), profile=str(profile))


def question(number: int, slope: int = 2) -> dict:
    """Return a question whose answer is slope * x."""
    return {
        "question_id": f"q{number}",
        "question": f"Write scale(x), number {number}.",
        "entry_point": "scale",
        "reference_program": f"def scale(x):\n    return {slope} * x\n",
        "tests": [f"assert scale({x}) == {slope * x}" for x in range(1, 7)],
    }


def program(number: int, body: str = "2 * x", index: int = 0) -> dict:
    """Return the index-th program for a question."""
    return {
        "question_id": f"q{number}",
        "model": "m",
        "sample_index": index,
        "program": f"def scale(x):\n    return {body}\n",
    }


QUESTIONS_BEFORE = [question(number) for number in range(4)]
PROGRAMS_BEFORE = [program(n, body, i) for n in range(4) for i, body in enumerate(("2 * x", "x"))]


def bring(project: Project, folder: Path, of_questions: list[dict], of_programs: list[dict]) -> None:
    """Import files of questions and programs; nothing is refreshed."""
    files = {"questions": of_questions, "programs": of_programs}
    for name, lines in files.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    paths = {name: (str(folder / f"{name}.jsonl"),) for name in files}
    store_import(project.home.root, ImportManifest(name="small", **paths))


def refresh(project: Project, instance: dg.DagsterInstance) -> dict[str, dict]:
    """Bring the batch up to date; returns figures by stage."""
    register_batches(instance, [BATCH])
    result = dg.materialize(STAGES, partition_key=BATCH, instance=instance, resources={"project": project})
    return {
        event.asset_key.to_user_string(): {name: entry.value for name, entry in event.materialization.metadata.items()}
        for event in result.get_asset_materialization_events()
    }
