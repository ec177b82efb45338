"""What holds for every test."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TypeVar
from unittest import mock

import hypothesis
import pytest

from tests.requirements import require
from tests.tiny_model import tiny_chat_model, tiny_llama, tiny_model  # noqa: F401 - fixtures

# Before the hub's client is imported, which reads it once; without it, each model that is not there is asked for again
# and again.
os.environ["HF_HUB_OFFLINE"] = "1"

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

LONGEST = (
    "graph/test_whole_pipeline.py",
    "graph/test_real_models.py",
    "containers/test_compose.py",
    "containers/test_operating.py",
    "graph/operating/test_refresh.py",
    "docs/test_commands.py",
    "learning/policy/test_several_processes.py",
    "graph/operating/test_automation.py",
    "learning/policy/test_training.py",
    "test_installed.py",
)
"""Files of minutes. They are begun first, so that no process is left with one of them when the others are done."""

# No test is about time: on a busy machine an example takes as long as it takes.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _environment_is_restored() -> Iterator[None]:
    """Commands name their folder and profile in the environment of the process in which they run."""
    with mock.patch.dict(os.environ):
        yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return not_skipped_in_ci((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return not_skipped_in_ci((yield))


def not_skipped_in_ci(report: Report) -> Report:
    """Turn what is skipped into a failure where CI is set: such a machine has all that the tests need."""
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which in CI is a failure: {report.longrepr}"
    return report


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*names): what the test needs of the machine, see tests/requirements.py")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(folder).as_posix() not in LONGEST)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        require(*mark.args)
