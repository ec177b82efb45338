"""A small import of questions with two programs each, for tests that refresh it."""

import json
from pathlib import Path

import dagster as dg

from acecoder_dagster.graph.assets import STAGES as ALL_STAGES
from acecoder_dagster.graph.building import build_assets
from acecoder_dagster.graph.partitions import register_batches
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.graph.stages import Stage
from acecoder_dagster.questions.importing import ImportManifest, store_import

BATCH = "small-000"
NAMES = [stage.name for stage in ALL_STAGES]
SYNTHESIS = list(ALL_STAGES[: NAMES.index("filtered_tests") + 1])
STAGES = [stage for stage in ALL_STAGES[: NAMES.index("test_results") + 1] if stage.name != "base_policy"]
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
    given = {"questions": of_questions, "programs": of_programs}
    files = {name: lines for name, lines in given.items() if lines}
    for name, lines in files.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    paths = {name: (str(folder / f"{name}.jsonl"),) for name in files}
    store_import(project.open().home.root, ImportManifest(name="small", **paths))


def refresh(project: Project, instance: dg.DagsterInstance) -> dict[str, dict]:
    """Bring the batch up to date; returns figures by stage."""
    register_batches(instance, [BATCH])
    result = materialize(STAGES, project, instance, BATCH)
    return {
        event.asset_key.to_user_string(): {name: entry.value for name, entry in event.materialization.metadata.items()}
        for event in result.get_asset_materialization_events()
    }


def materialize(
    stages: list[Stage], project: Project, instance: dg.DagsterInstance, batch: str | None, **options: bool
) -> dg.ExecuteInProcessResult:
    """Run stages in this process, for a batch where they have batches."""
    return dg.materialize(
        build_assets(stages, project.open().settings),
        selection=[dg.AssetKey(stage.name) for stage in stages],
        partition_key=batch,
        instance=instance,
        resources={"project": project},
        **options,
    )
