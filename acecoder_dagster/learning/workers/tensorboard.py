"""The figures of a training as TensorBoard event files, step by step."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from acecoder_dagster.learning.workers import VALIDATION

SECONDS_UNTIL_WRITTEN = 10


@contextmanager
def event_files(folder: Path, after: int) -> Iterator[Callable[[int, Mapping[str, float]], None]]:
    """Yield a function that writes the figures of a step.

    Figures on validation questions are a run of their own, under the same names as those of the training, so that
    TensorBoard draws the two in one chart.

    Args:
        folder: Folder of the files: `training` and `validation` in it.
        after: The last step that earlier files hold. It is in the names of the new ones, which otherwise tell only the
            second in which they began.
    """
    from tensorboardX import SummaryWriter  # comes with what trains, which whoever reads curves does not need

    suffix = f".after-{after}"
    with ExitStack() as opened:
        writers: dict[str, SummaryWriter] = {}

        def write(step: int, figures: Mapping[str, float]) -> None:
            for name, value in figures.items():
                run = "validation" if name.startswith(VALIDATION) else "training"
                if run not in writers:
                    writer = SummaryWriter(str(folder / run), flush_secs=SECONDS_UNTIL_WRITTEN, filename_suffix=suffix)
                    writers[run] = opened.enter_context(writer)
                writers[run].add_scalar(name.removeprefix(VALIDATION), value, step)

        yield write
