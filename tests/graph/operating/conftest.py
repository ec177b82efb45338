"""A project folder with the real daemon working on it: sensors, schedules, queue, backfills, the default executor."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill

from acecoder_dagster.cli.run_graph import prepare
from acecoder_dagster.data.home import HOME_VARIABLE, PROFILE_VARIABLE, Home
from acecoder_dagster.definitions import build_definitions
from acecoder_dagster.graph.assets import STAGES
from acecoder_dagster.graph.groups import DATA_GROUPS
from acecoder_dagster.graph.partitions import RANGE_TAGS, register_batches
from acecoder_dagster.settings import read_settings
from tests.graph.operating.webhook import webhook

PROFILE = """
extends = "micro"
[seeds]
procedural_batches = 0
[tests]
policy = "trusted"
[sandbox]
launcher = "bubblewrap"
workers = 1
[inbox]
settle_seconds = 0
seconds_between_looks = 1
[refresh]
scheduled = true
data_cron = "* * * * *"
training_cron = "0 0 1 1 *"
# Others are left to backfills.
batches = ["first-*", "dropped-*"]
batches_per_run = 2
"""

DATA_ASSETS = [
    stage.name for stage in STAGES if stage.group in DATA_GROUPS and stage.name not in {"base_policy", "test_quality"}
]
# The first is no partition's; a few questions may all be in one split, and the last needs two.
NOT_BACKFILLED = {"imported_files", "hard_questions"}


def questions_file(first: int, count: int) -> str:
    """Return a file in the published schema: questions with five tests and two programs each."""
    rows = [
        {
            "id": f"q{number}",
            "source": "made",
            "question": f"Write add_{number}(x): x plus {number}.",
            "test_cases": [f"assert add_{number}({x}) == {x + number}" for x in range(5)],
            "inferences": [
                {"model_name": "m", "completion_id": i, "completion": f"def add_{number}(x):\n    return {body}\n"}
                for i, body in enumerate((f"x + {number}", "x"))
            ],
        }
        for number in range(first, first + count)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


class Operation:
    """The project folder, its Dagster instance, and what was seen in them."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder / "home")
        self.inbox = self.home.root / "inbox"
        self.inbox.mkdir(parents=True)
        self.log = folder / "daemon.log"
        profile = folder / "small.toml"
        profile.write_text(PROFILE)
        self.instance = prepare(self.home, str(profile), read_settings(str(profile)))
        self.definitions = build_definitions(self.home, str(profile))

    def materialize(self, batches: list[str]) -> dict[str, int]:
        """Refresh batches in this process; returns programs executed by batch."""
        register_batches(self.instance, batches)
        result = self.definitions.resolve_job_def("data_only").execute_in_process(
            instance=self.instance,
            asset_selection=[dg.AssetKey(name) for name in DATA_ASSETS],
            tags=dict(zip(RANGE_TAGS, (batches[0], batches[-1]), strict=True)),
        )
        events = result.asset_materializations_for_node("test_results")
        return {event.partition: event.metadata["programs_executed"].value for event in events}

    def backfill(self, batches: list[str]) -> None:
        """Let the daemon run a backfill of the assets made from batches, and wait for its end."""
        started = PartitionBackfill.from_asset_partitions(
            backfill_id="batches",
            asset_graph=self.definitions.resolve_asset_graph(),
            partition_names=batches,
            asset_selection=[dg.AssetKey(name) for name in DATA_ASSETS if name not in NOT_BACKFILLED],
            backfill_timestamp=time.time(),
            tags={},
            dynamic_partitions_store=self.instance,
            all_partitions=False,
            title=None,
            description=None,
            run_config=None,
        )
        self.instance.add_backfill(started)
        ended = {BulkActionStatus.COMPLETED_SUCCESS, BulkActionStatus.COMPLETED_FAILED, BulkActionStatus.FAILED}
        self.wait("the backfill ends", lambda: self.instance.get_backfill("batches").status in ended)

    def executed(self) -> dict[str, int]:
        """Programs executed by batch, over everything that ever ran."""
        records = self.instance.fetch_materializations(dg.AssetKey("test_results"), limit=1000).records
        executed: dict[str, int] = {}
        for record in records:
            figures = record.asset_materialization.metadata
            batch = record.partition_key
            executed[batch] = executed.get(batch, 0) + figures["programs_executed"].value
        return executed

    def runs(self, **tags: str) -> list[dg.DagsterRun]:
        return self.instance.get_runs(dg.RunsFilter(tags={f"acecoder/{name}": tag for name, tag in tags.items()}))

    def processes(self) -> list[int]:
        """Other processes that work in the project folder: code servers, runs."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                environment = (folder / "environ").read_bytes()
                if int(folder.name) != os.getpid() and f"ACECODER_HOME={self.home.root}\0".encode() in environment:
                    found.append(int(folder.name))
        return found

    def wait(self, what: str, done: Callable[[], bool], seconds: float = 600) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, f"{what}: not within {seconds} s\n{self.log.read_text()[-4000:]}"
            time.sleep(0.5)


@pytest.fixture(scope="module")
def operation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operation]:
    """A project folder; this module's environment names it."""
    with pytest.MonkeyPatch.context() as patched:
        for variable in ("DAGSTER_HOME", HOME_VARIABLE, PROFILE_VARIABLE):
            patched.setenv(variable, "")
        made = Operation(tmp_path_factory.mktemp("operation"))
        with made.instance:
            yield made


@pytest.fixture(scope="module")
def notices(operation: Operation) -> Iterator[list[dict]]:
    """The notices that the daemon's address has taken."""
    with webhook() as (address, taken), pytest.MonkeyPatch.context() as patched:
        patched.setenv("ACECODER_WEBHOOK", address)
        yield taken


@pytest.fixture(scope="module")
def daemon(operation: Operation, notices: list[dict]) -> Iterator[None]:
    """Dagster's daemon for the project folder."""
    with operation.log.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dagster._daemon", "run", "-m", "acecoder_dagster.definitions"],
            stdout=log,
            stderr=subprocess.STDOUT,
            # On a busy machine everything takes its time; what is promised here is no speed.
            env=os.environ | {"DAGSTER_GRPC_TIMEOUT_SECONDS": "300"},
        )
        yield
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(60)
        for left in operation.processes():
            os.kill(left, signal.SIGKILL)
        process.wait()
