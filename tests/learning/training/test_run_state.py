"""Checkpoints of the training loops: what goes wrong while one is written."""

from pathlib import Path

import pytest
import torch

from acecoder_dagster.learning.training.run_state import read_state, write_state
from acecoder_dagster.learning.training.team import Team


def loop() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    network = torch.nn.Linear(2, 2)
    return network, torch.optim.AdamW(network.parameters())


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_what_stops_the_writing_of_a_checkpoint_is_told_as_it_is(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    network, optimizer = loop()
    write_state(tmp_path, 1, network, optimizer, Team())
    with monkeypatch.context() as patched:
        patched.setattr(torch, "save", fail)
        with pytest.raises(type(error)) as told:
            write_state(tmp_path, 2, network, optimizer, Team())

    assert told.value is error
    assert read_state(tmp_path, *loop(), Team())[0] == 1
