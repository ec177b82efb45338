"""The curves of a training are sent to the trackers that the settings name, and no training fails with one.

Trackers that are not installed are not tried: `pip install mlflow-skinny trackio`.
"""

import importlib.util
import json
import logging
import sqlite3
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from acecoder_dagster.learning.workers.curves import read_curves, recorded_curves
from acecoder_dagster.learning.workers.specifications import Tracked
from acecoder_dagster.settings import SettingsError, read_settings

RUN = "reward_model 0123abcd"
STEPS = {1: 2.0, 2: 1.5, 3: 1.0}
HERE = [name for name in ("mlflow", "trackio", "wandb") if importlib.util.find_spec(name)]


TRAINING = """
import sys
from pathlib import Path
from tests.learning.workers.test_trackers import train
folder, tracker, first, last, fails = sys.argv[1:]
train(Path(folder), tracker, range(int(first), int(last) + 1), fails=bool(fails))
"""


def train(folder: Path, tracker: str, steps: range, *, fails: bool = False) -> None:
    folder.mkdir(exist_ok=True)
    tracked = Tracked(trackers=(tracker,), run=RUN)
    with suppress(FloatingPointError), recorded_curves(folder, lambda *_: None, tracked) as record:
        for step in steps:
            record(step, 3, {"loss": STEPS[step]})
        if fails:
            raise FloatingPointError


def train_elsewhere(folder: Path, tracker: str, first: int, last: int, fails: str = "") -> None:
    """Train in a process of its own, as all trainings do: trackers read the environment once."""
    command = [sys.executable, "-c", TRAINING, str(folder), tracker, str(first), str(last), fails]
    subprocess.run(command, cwd=Path(__file__).parents[3], check=True)


class Run(NamedTuple):
    """A run as a tracker has it."""

    project: str
    name: str
    losses: list[tuple[int, float]]
    ended_well: bool | None


def from_mlflow(folder: Path) -> list[Run]:
    client = importlib.import_module("mlflow").MlflowClient()
    return [
        Run(
            client.get_experiment(run.info.experiment_id).name,
            run.info.run_name,
            [(point.step, point.value) for point in client.get_metric_history(run.info.run_id, "loss")],
            run.info.status == "FINISHED",
        )
        for run in client.search_runs([each.experiment_id for each in client.search_experiments()])
    ]


def from_trackio(folder: Path) -> list[Run]:
    runs: dict[tuple[str, str], Run] = {}
    for file in (folder / "trackio").glob("*.db"):
        rows = sqlite3.connect(file).execute("SELECT run_id, run_name, step, metrics FROM metrics ORDER BY step")
        for run_id, name, step, metrics in rows:
            run = runs.setdefault((file.stem, run_id), Run(file.stem, name, [], None))
            run.losses.append((step, json.loads(metrics)["loss"]))
    return list(runs.values())


def from_wandb(folder: Path) -> list[Run]:
    """What would be sent from the files of an offline run: blocks of checksum, length, part of a record."""
    record = importlib.import_module("wandb.proto.wandb_internal_pb2").Record
    runs: dict[str, Run] = {}
    for file in sorted(folder.glob("wandb/offline-run-*/*.wandb")):
        data, at, run_id = file.read_bytes(), 7, file.stem
        assert len(data) < 2**15, "a record is cut in parts only where the file is longer"
        while at < len(data):
            (length,) = struct.unpack_from("<H", data, at + 4)
            found = record.FromString(data[at + 7 : at + 7 + length])
            at += 7 + length
            if found.HasField("run"):
                runs.setdefault(run_id, Run(found.run.project, found.run.display_name, [], None))
            elif found.HasField("history"):
                row = {item.key or item.nested_key[0]: json.loads(item.value_json) for item in found.history.item}
                runs[run_id].losses.append((row["_step"], row["loss"]))
            elif found.HasField("exit"):
                runs[run_id] = runs[run_id]._replace(ended_well=not found.exit.exit_code)
    return list(runs.values())


READ = {"mlflow": from_mlflow, "trackio": from_trackio, "wandb": from_wandb}


@pytest.fixture(autouse=True)
def offline(tmp_path, monkeypatch):
    """Trackers keep what they are sent in a folder, whatever the environment of the tests says."""
    for name in ("WANDB_PROJECT", "TRACKIO_PROJECT", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_RUN_ID", "WANDB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")


@pytest.mark.parametrize("tracker", HERE)
def test_a_continued_training_goes_on_in_its_run(tracker, tmp_path):
    train_elsewhere(tmp_path / "model", tracker, 1, 2, "fails")
    (interrupted,) = READ[tracker](tmp_path)
    train_elsewhere(tmp_path / "model", tracker, 2, 3)
    (finished,) = READ[tracker](tmp_path)

    assert interrupted[:3] == ("acecoder", RUN, [(1, 2.0), (2, 1.5)])
    assert finished[:3] == ("acecoder", RUN, list(STEPS.items()))
    assert not interrupted.ended_well
    assert finished.ended_well is not False


@pytest.mark.parametrize("tracker", HERE)
def test_another_training_of_that_name_is_another_run(tracker, tmp_path):
    train_elsewhere(tmp_path / "model", tracker, 1, 3)
    train_elsewhere(tmp_path / "another", tracker, 1, 2)

    assert sorted(len(run.losses) for run in READ[tracker](tmp_path)) == [2, 3]


class Waiting(logging.Handler):
    """Knows what was warned of, and lets wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.told = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        self.told.set()


@pytest.fixture
def warnings():
    logger, handler = logging.getLogger("acecoder_dagster"), Waiting()
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def test_a_server_that_is_away_for_a_while_costs_its_steps_and_one_warning(tmp_path, monkeypatch, warnings):
    got, away = [], {2, 3}

    def log(figures: dict[str, float], step: int) -> None:
        if step in away:
            raise ConnectionError(f"no answer to step {step}")
        got.append(step)

    run = SimpleNamespace(name=RUN, log=log, finish=lambda: got.append("end"))
    monkeypatch.setitem(sys.modules, "trackio", SimpleNamespace(init=lambda *_, **__: run))

    with recorded_curves(tmp_path, lambda *_: None, Tracked(trackers=("trackio",), run=RUN)) as record:
        record(1, 5, {"loss": 1.0})
        record(2, 5, {"loss": 1.0})
        assert warnings.told.wait(60)
        record(3, 5, {"loss": 1.0})
        away.clear()
        record(4, 5, {"loss": 1.0})

    assert got[0] == 1
    assert warnings.lines == [
        "trackio (curves.trackers) failed and lacks steps; the training goes on, and its own page has all. "
        "ConnectionError: no answer to step 2"
    ]
    assert [step for step, _ in read_curves(tmp_path)["loss"]] == [1, 2, 3, 4]


def test_a_tracker_that_lets_nobody_in_stops_no_training(tmp_path, monkeypatch, warnings):
    asked = []

    def init(*_, **__) -> None:
        asked.append("to begin")
        raise PermissionError("no such key")

    monkeypatch.setitem(sys.modules, "trackio", SimpleNamespace(init=init))

    train(tmp_path, "trackio", range(1, 4))

    assert asked == ["to begin"]
    assert len(warnings.lines) == 1
    assert warnings.lines[0].endswith("PermissionError: no such key")
    assert len(read_curves(tmp_path)["loss"]) == 3


@pytest.fixture
def profile(tmp_path):
    def write(trackers: str) -> str:
        path = tmp_path / "own.toml"
        path.write_text(f'extends = "micro"\n[curves]\ntrackers = {trackers}\n')
        return str(path)

    return write


@pytest.mark.parametrize("found", [None, ModuleSpec("trackio", None)], ids=["nothing", "a folder of its name"])
def test_a_tracker_that_is_not_installed_is_refused_with_how_to_install_it(profile, monkeypatch, found):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found)

    with pytest.raises(
        SettingsError, match=r"curves\.trackers: mlflow, trackio are not .*: pip install mlflow trackio"
    ):
        read_settings(profile('["mlflow", "trackio"]'))


def test_a_tracker_that_nobody_knows_is_refused_with_those_that_there_are(profile):
    with pytest.raises(SettingsError, match=r"curves\.trackers: .*'mlflow', 'trackio' or 'wandb' \(given: 'wanbd'\)"):
        read_settings(profile('["wanbd"]'))
