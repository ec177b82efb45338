"""A folder remembers its settings: others say what they would make anew."""

from dataclasses import replace

import pytest

from acecoder_dagster.cli.folder_settings import describe_change, take_settings
from acecoder_dagster.data.home import RunError
from acecoder_dagster.data.tables import QUESTIONS, TEST_RESULTS
from acecoder_dagster.graph.assets import STAGES
from acecoder_dagster.graph.keys import stage_key
from acecoder_dagster.graph.refresh.folder_settings import settings_change
from tests.graph.refresh.projects import with_setting

BATCH = "procedural-000"


@pytest.fixture
def made(project):
    """A project of one batch that is up to date up to its verdicts, and remembers its settings."""
    opened = project.open()
    for stage in STAGES[: [stage.name for stage in STAGES].index(TEST_RESULTS.name) + 1]:
        if stage.name == "base_policy":
            folder = opened.home.artifacts.working_folder(stage.name, stage_key(opened, stage))
            opened.home.artifacts.finish(stage.name, folder.name, {})
        elif stage.makes is not None:
            opened.lake.write(stage.table, BATCH, stage.table.empty(), content_key=stage_key(opened, stage, BATCH))
    take_settings(opened, "tiny", told=False)
    return opened


def other(project, place: str, value: object):
    return replace(project, settings=with_setting(project.settings, place, value))


def test_the_same_settings_and_those_that_make_nothing_anew_are_taken_without_a_word(made):
    assert settings_change(made) is None
    faster = other(made, "sandbox.workers", 7)

    take_settings(faster, "faster", told=False)

    assert settings_change(faster) is None


def test_others_stop_with_what_differs_and_what_it_would_redo_until_they_are_told_to_go_on(made):
    stricter = other(made, "tests.min_tests", 3)

    with pytest.raises(
        RunError, match=r"(?s)profile tiny.*tests.min_tests: 3 .the folder has 5.*filtered_tests, test_"
    ):
        take_settings(stricter, "stricter", told=False)
    assert settings_change(stricter).redone == ("filtered_tests", "test_results")
    take_settings(stricter, "stricter", told=True)

    assert settings_change(stricter) is None
    assert settings_change(made).profile == "stricter"


def test_batches_that_the_others_would_not_make_are_named(made):
    fewer = other(made, "seeds.procedural_batches", 0)

    change = settings_change(fewer)

    assert change.left_over == (BATCH,)
    assert BATCH in describe_change(change)
    with pytest.raises(RunError, match="other-settings"):
        take_settings(fewer, "fewer", told=False)


def test_a_folder_without_results_takes_any_settings(project, tmp_path):
    opened = project.open()
    take_settings(opened, "tiny", told=False)
    take_settings(other(opened, "seed", 9), "tiny", told=False)

    assert opened.lake.partitions(QUESTIONS) == []
