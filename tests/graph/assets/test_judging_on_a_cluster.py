"""Assets judge where the settings say, and how fast each node was can be asked in SQL."""

import json

import pytest
from typer.testing import CliRunner

from acecoder_dagster.cli.main import app
from acecoder_dagster.data.warehouse import run_query
from acecoder_dagster.graph.steps.warehouse import publish_warehouse
from tests.graph.imports import PROGRAMS_BEFORE, QUESTIONS_BEFORE
from tests.judge.cluster.clusters import cluster_of

SPEEDS = "SELECT stage, batch, judging_nodes FROM runs WHERE judging_nodes IS NOT NULL ORDER BY stage_number"


def test_the_speed_of_each_node_is_in_the_table_of_runs(project, refresh, tmp_path):
    profile = tmp_path / "tiny.toml"
    with cluster_of(nodes=1) as cluster:
        profile.write_text(profile.read_text() + f'[cluster]\naddress = "{cluster.address}"\n')
        done = refresh(QUESTIONS_BEFORE, PROGRAMS_BEFORE)
        publish_warehouse(project.open())

    asked = run_query(project.open().home.warehouse, SPEEDS)
    by_stage = {stage: json.loads(nodes) for stage, _, nodes in asked.iter_rows()}
    assert list(by_stage) == ["oracle_results", "test_results"]
    (node,) = by_stage["test_results"]
    assert node["workers"] == 1
    assert node["programs"] >= done["test_results"]["programs_executed"] > 0
    assert node["programs_per_second"] > 0


@pytest.mark.parametrize("measured", [True, False])
def test_a_plan_says_what_a_cluster_would_judge(project, refresh, tmp_path, monkeypatch, measured):
    monkeypatch.setenv("ACECODER_HOME", project.root)
    if measured:
        refresh(QUESTIONS_BEFORE, PROGRAMS_BEFORE)

    done = CliRunner().invoke(app, ["plan", "--profile", project.profile, "--cluster", "8 x 16 cores", "--wide"])

    assert "judged by 8 nodes of 16 cores" in done.stdout
    (row,) = [line for line in done.stdout.splitlines() if "test_results" in line and line.count("│") == 6]
    cells = [cell.strip() for cell in row.split("│")[1:-1]]
    assert cells[1] == str(12 * project.open().settings.sampling.programs_per_question)
    assert bool(cells[2]) == measured
