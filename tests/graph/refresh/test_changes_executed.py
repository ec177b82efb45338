"""What each change really makes anew and executes: a refresh with real sandboxes, counted in SQL."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import dagster as dg
import pytest

from acecoder_dagster.data.warehouse import run_query
from acecoder_dagster.graph.assets import STAGES
from acecoder_dagster.graph.groups import DATA_GROUPS
from acecoder_dagster.graph.partitions import register_batches
from acecoder_dagster.graph.steps.warehouse import publish_warehouse
from tests.graph.imports import (
    BATCH,
    PROGRAMS_BEFORE,
    QUESTIONS_BEFORE,
    materialize,
    program,
    question,
    small_project,
)
from tests.graph.refresh.projects import bring, copied, opened, planned, project_in

# The others are made of a model, of files of the inbox, of calibration batches, or need more questions.
WORKING = [
    stage
    for stage in STAGES
    if stage.group in DATA_GROUPS
    and stage.name not in {"base_policy", "imported_files", "test_quality", "hard_questions", "writer_answers"}
]
NEWEST = "SELECT max(recorded_at) AS moment FROM stage_history"
MADE_SINCE = """
SELECT stage, sum(programs_executed)::BIGINT AS executed
FROM stage_history
WHERE recorded_at > getvariable('since')::TIMESTAMP AND rows_kept IS NOT NULL
GROUP BY stage
"""


def refresh(folder: Path, raised: str = "") -> None:
    """Bring all that needs no model up to date, by code in which one stage has another version where one is named."""
    stages = [replace(stage, code_version="99") if stage.name == raised else stage for stage in WORKING]
    with dg.DagsterInstance.ephemeral() as instance:
        register_batches(instance, [BATCH])
        materialize(stages, project_in(folder), instance, BATCH)
    # Tables that are made after the warehouse stand in the next one.
    publish_warehouse(opened(folder))


@dataclass(frozen=True)
class Change:
    """A change, the stages that it makes anew, and how many programs those execute that execute any."""

    name: str
    made: Iterable[str] = ()
    executed: tuple[tuple[str, int], ...] = ()
    questions: Iterable[dict] = ()
    programs: Iterable[dict] = ()
    setting: tuple[str, str] = ("", "")
    raised: str = ""

    def make(self, folder: Path) -> None:
        section, line = self.setting
        if section:
            profile = folder / "small.toml"
            text = profile.read_text()
            text = text if section in text else f"{text}{section}\n"
            profile.write_text(text.replace(section, f"{section}\n{line}"))
        if self.questions or self.programs:
            bring(folder, self.questions or QUESTIONS_BEFORE, self.programs or PROGRAMS_BEFORE)


BROUGHT = ("seed_functions", "questions", "candidate_tests", "sampled_programs")
TABLES = ("acecode_dataset", "preference_pairs")
JUDGED = ("oracle_results", "test_results")
ALL = (*BROUGHT, "oracle_programs", "oracle_results", "filtered_tests", "test_results", *TABLES)

CHANGES = (
    Change("the same files", (), questions=QUESTIONS_BEFORE),
    Change("their rows in another order", BROUGHT, questions=QUESTIONS_BEFORE[::-1]),
    Change(
        "another licence", (*BROUGHT, "acecode_dataset"), questions=[q | {"licence": "MIT"} for q in QUESTIONS_BEFORE]
    ),
    Change("another split", (*BROUGHT, *TABLES), questions=[q | {"split": "test"} for q in QUESTIONS_BEFORE]),
    Change(
        "one other program",
        (*BROUGHT, "test_results", *TABLES),
        (("test_results", 1),),
        programs=[*PROGRAMS_BEFORE[:-1], program(3, "3 * x", 1)],
    ),
    Change(
        "one other question",
        ALL,
        (("oracle_results", 1), ("test_results", 2)),
        questions=[question(0, slope=1), *QUESTIONS_BEFORE[1:]],
    ),
    Change(
        "a question more",
        ALL,
        (("oracle_results", 1), ("test_results", 1)),
        questions=[*QUESTIONS_BEFORE, question(9)],
        programs=[*PROGRAMS_BEFORE, program(9)],
    ),
    Change("a question less", ALL, questions=QUESTIONS_BEFORE[:3], programs=PROGRAMS_BEFORE[:6]),
    Change("fewer tests are enough", ("filtered_tests",), setting=("[tests]", "min_tests = 2")),
    Change(
        "more memory for programs",
        JUDGED,
        (("oracle_results", 4), ("test_results", 8)),
        setting=("[sandbox]", "memory_mb = 2048"),
    ),
    Change("another number of sandboxes", setting=("[sandbox]", "retries = 5")),
    Change("one pair of a question", ("preference_pairs",), setting=("[pairs]", "max_pairs_per_question = 1")),
    Change("which passes count", TABLES, setting=("[tests]", 'unsealed_passes = "count"')),
    Change("other code of a stage", ("test_results",), (("test_results", 8),), raised="test_results"),
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """The folder of a project in which everything was made."""
    folder = tmp_path_factory.mktemp("finished")
    small_project(folder, "")
    bring(folder, QUESTIONS_BEFORE, PROGRAMS_BEFORE)
    refresh(folder)
    return folder


@pytest.fixture
def changed(finished, tmp_path) -> Path:
    return copied(finished, tmp_path / "copy")


def made_since(folder: Path, moment: datetime) -> dict[str, int | None]:
    return dict(run_query(opened(folder).home.warehouse, MADE_SINCE, {"since": str(moment)}).rows())


def test_the_first_refresh_executes_every_program_once(finished):
    made = made_since(finished, datetime.min)

    assert set(made) == {stage.name for stage in WORKING} - {"warehouse"}
    assert {stage: number for stage, number in made.items() if number} == {"oracle_results": 4, "test_results": 8}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_a_change_makes_anew_and_executes_what_depends_on_it_and_nothing_else(changed, change):
    before = run_query(opened(changed).home.warehouse, NEWEST).item()
    change.make(changed)
    foreseen = planned(opened(changed))

    refresh(changed, change.raised)

    made = made_since(changed, before)
    assert set(made) == set(change.made)
    assert {stage: number for stage, number in made.items() if number} == dict(change.executed)
    assert change.raised or set(made) <= foreseen
