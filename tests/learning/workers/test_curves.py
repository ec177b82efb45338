"""What a training reports step by step is there to look at: as JSON, and for TensorBoard."""

import json
import struct
from pathlib import Path

import pytest

from acecoder_dagster.learning.workers.curves import read_curves, recorded_curves
from acecoder_dagster.learning.workers.specifications import Tracked

event_pb2 = pytest.importorskip("tensorboardX.proto.event_pb2")

STEPS = [
    {"loss": 2.0, "pass_at_1": 0.25},
    {"loss": 1.5, "pass_at_1": 0.5, "validation_pass_at_1": 0.375},
    {"loss": 1.0, "pass_at_1": 0.75},
]


def train(folder: Path, first: int = 1, last: int = 3) -> list[int]:
    told = []
    with recorded_curves(folder, lambda step, total, figures: told.append(step), Tracked()) as record:
        for step in range(first, last + 1):
            record(step, 3, STEPS[step - 1])
    return told


def events(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """The scalars in the event files of a run: records of length, checksum, event, checksum."""
    found: dict[str, list[tuple[int, float]]] = {}
    for file in sorted(folder.glob("events.out.tfevents.*")):
        data, at = file.read_bytes(), 0
        while at < len(data):
            (length,) = struct.unpack_from("<Q", data, at)
            event = event_pb2.Event.FromString(data[at + 12 : at + 12 + length])
            at += 16 + length
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return {tag: sorted(points) for tag, points in found.items()}


def test_every_figure_is_in_the_curves_and_in_tensorboards_files(tmp_path):
    assert train(tmp_path) == [1, 2, 3]

    assert read_curves(tmp_path) == {
        "loss": [(1, 2.0), (2, 1.5), (3, 1.0)],
        "pass_at_1": [(1, 0.25), (2, 0.5), (3, 0.75)],
        "validation_pass_at_1": [(2, 0.375)],
    }
    assert events(tmp_path / "tensorboard" / "training") == {
        "loss": [(1, 2.0), (2, 1.5), (3, 1.0)],
        "pass_at_1": [(1, 0.25), (2, 0.5), (3, 0.75)],
    }


def test_validation_is_a_run_of_its_own_under_the_same_name(tmp_path):
    train(tmp_path)

    assert events(tmp_path / "tensorboard" / "validation") == {"pass_at_1": [(2, 0.375)]}


def test_steps_that_are_done_again_after_an_interruption_are_written_once(tmp_path):
    train(tmp_path, last=2)

    assert train(tmp_path, first=2) == [2, 3]

    assert read_curves(tmp_path)["loss"] == [(1, 2.0), (2, 1.5), (3, 1.0)]
    assert events(tmp_path / "tensorboard" / "training")["loss"] == [(1, 2.0), (2, 1.5), (3, 1.0)]


def test_a_line_that_is_being_written_is_not_read_yet(tmp_path):
    train(tmp_path, last=2)
    with (tmp_path / "curve.jsonl").open("a") as file:
        file.write(json.dumps({"step": 3, "loss": 1.0})[:-4])

    assert read_curves(tmp_path)["loss"] == [(1, 2.0), (2, 1.5)]
