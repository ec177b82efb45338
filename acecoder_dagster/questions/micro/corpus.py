"""The pretraining corpus of the micro family: programs as buggy as code found in the wild."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from acecoder_dagster.questions.micro.settings import MicroSettings
from acecoder_dagster.questions.micro.tasks import draw_drafts, program_text


@dataclass(frozen=True)
class NoisyProgram:
    """A question and a program somebody might have written for it, right or wrong."""

    question: str
    program: str


def noisy_programs(count: int, seed: int, settings: MicroSettings) -> Iterator[NoisyProgram]:
    """Programs for questions of the train split only, each primitive wrong at its own fixed rate.

    Of these programs 55-60% are right. Nothing marks which: the corpus is to be imitated as it is.

    Args:
        count: How many programs; questions may repeat with different programs.
        seed: Decides which.
        settings: Shape of the questions.

    Yields:
        One program after another, never holding the corpus in memory.
    """
    rng = Random(f"corpus {seed}")
    drafts = draw_drafts(rng, settings, "train")
    for _ in range(count):
        draft = next(drafts)
        lines = []
        for primitive, constants in zip(draft.primitives, draft.constants, strict=True):
            wrong = rng.random() < primitive.bug_rate
            lines.append((rng.choice(primitive.wrong) if wrong else primitive.correct).format(**constants))
        yield NoisyProgram(question=draft.question, program=program_text(lines))
