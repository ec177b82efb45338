"""The graph on a project in a bucket, worked on by two machines that share nothing else."""

import dagster as dg

from acecoder_dagster.data.home import Home
from acecoder_dagster.data.tables import FILTERED_TESTS, TEST_RESULTS
from acecoder_dagster.data.warehouse import run_query
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.graph.steps.warehouse import publish_warehouse
from tests.graph.imports import (
    BATCH,
    PROGRAMS_BEFORE,
    QUESTIONS_BEFORE,
    SMALL_PROFILE,
    bring,
    program,
    question,
    refresh,
)
from tests.object_stores import address, machine, s3_server  # noqa: F401 - fixtures


def contents(home: Home) -> list[str]:
    return [home.lake.current(table, BATCH).content(table) for table in (FILTERED_TESTS, TEST_RESULTS)]


def test_a_machine_goes_on_from_what_another_computed(machine, tmp_path, instance):  # noqa: F811
    profile = tmp_path / "small.toml"
    profile.write_text(SMALL_PROFILE)
    one, other = (Project(root=str(machine(name).root), profile=str(profile)) for name in ("one", "other"))
    bring(one, tmp_path, QUESTIONS_BEFORE, PROGRAMS_BEFORE)
    refresh(one, instance)

    with dg.DagsterInstance.ephemeral() as of_other:
        taken_over = refresh(other, of_other)
        assert all(figures["reused"] for stage, figures in taken_over.items() if "reused" in figures)
        assert contents(machine("one")) == contents(machine("other"))

        bring(other, tmp_path, [*QUESTIONS_BEFORE, question(9)], [*PROGRAMS_BEFORE, program(9)])
        refresh(other, of_other)

    assert contents(machine("one")) == contents(machine("other"))
    publish_warehouse(one.refreshed())
    assert run_query(machine("one").warehouse, "SELECT count(DISTINCT question_id) AS n FROM outcomes").item() == 5
