import json

import pytest

from acecoder_dagster.data.tables import FILTERED_TESTS, TEST_RESULTS
from acecoder_dagster.graph.refresh.cluster_plan import Machines, MachinesError, plan_judging, read_machines
from acecoder_dagster.graph.refresh.planning import PlannedStage
from acecoder_dagster.graph.step import JUDGING_NODES


@pytest.mark.parametrize("written", ["8 x 16 cores", "8x16", " 8 x 16 "])
def test_a_cluster_is_written_as_nodes_and_cores(written):
    assert read_machines(written) == Machines(nodes=8, cores=16)


@pytest.mark.parametrize("written", ["", "8", "0 x 16 cores", "8 x 16 GB", "eight"])
def test_other_words_are_refused_with_an_example(written):
    with pytest.raises(MachinesError, match="'8 x 16 cores'"):
        read_machines(written)


@pytest.fixture
def measured(project, tmp_path):
    """A project in which one stage ran on a cluster, and another on this machine with its one worker."""
    profile = tmp_path / "tiny.toml"
    profile.write_text(profile.read_text() + "[prices]\nmachine_hour = 6.0\n")
    opened = project.open()
    nodes = [
        {"node": "a", "workers": 4, "programs": 900, "programs_per_second": 400.0},
        {"node": "b", "workers": 1, "programs": 100, "programs_per_second": 100.0},
    ]
    figures = {"programs_executed": 1000, "seconds": 60.0, JUDGING_NODES: json.dumps(nodes)}
    opened.lake.write(TEST_RESULTS, "one", TEST_RESULTS.empty(), content_key="k", figures=figures)
    figures = {"programs_executed": 100, "seconds": 2.0}
    opened.lake.write(FILTERED_TESTS, "one", FILTERED_TESTS.empty(), content_key="k", figures=figures)
    return opened


def test_what_is_judged_takes_as_long_as_measured_speeds_say(measured):
    planned = [
        PlannedStage("filtered_tests", programs=96_000),
        PlannedStage("test_results", programs=96_000),
        PlannedStage("oracle_results", programs=5),
        PlannedStage("pass_rates"),
    ]

    of_tests, of_results, unknown = plan_judging(measured, planned, Machines(nodes=4, cores=2))

    assert of_results.programs_per_core == pytest.approx(100.0)
    assert of_results.minutes == pytest.approx(96_000 / 800 / 60)
    assert of_results.cost == pytest.approx(4 * 6.0 * of_results.minutes / 60)
    assert of_tests.programs_per_core == pytest.approx(50.0)
    assert (unknown.stage, unknown.minutes, unknown.cost) == ("oracle_results", None, None)


def test_more_cores_than_one_driver_keeps_busy_save_no_time(measured):
    planned = [PlannedStage("test_results", programs=480_000)]

    (large,) = plan_judging(measured, planned, Machines(nodes=100, cores=10))

    assert large.minutes == pytest.approx(480_000 / 8_000 / 60)
