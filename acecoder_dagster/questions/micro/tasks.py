"""Questions of the micro family: composition, wording, reference program and arguments to test it with."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal, cast

from acecoder_dagster.questions.micro.primitives import ANSWER, Kind, Primitive, endings_for, steps_for
from acecoder_dagster.questions.micro.settings import MicroSettings

Split = Literal["train", "validation", "test"]

ENTRY_POINT = "f"
_KIND_WEIGHTS: dict[Kind, int] = {"list": 5, "text": 3, "number": 2}
_LETTERS = "abcdeilmnorst"
_INPUT_LETTERS = "aeioubcdlmnrstAT"
# Out of ten compositions seven are trained on, one is for choosing checkpoints, two are held out.
_TENTHS: dict[Split, int] = {"train": 7, "validation": 1, "test": 2}
# So many draws in a row without a new question mean that the family (or a split of it) is used up.
_MAX_FRUITLESS_DRAWS = 2_000


@dataclass(frozen=True)
class Task:
    """A question with everything needed to make its tests by running the reference program."""

    question: str
    entry_point: str
    reference_program: str
    kind: Kind
    """What the argument is: a list, a text or a number."""
    composition: tuple[str, ...]
    """Names of the primitives, in order."""
    split: Split
    argument_texts: tuple[str, ...]
    """Argument lists to call it with, as Python source such as ``"[3, 1]"``; all different."""


@dataclass(frozen=True)
class Draft:
    """A drawn question before its programs are written: primitives, their constants, and the wording."""

    kind: Kind
    primitives: tuple[Primitive, ...]
    constants: tuple[dict[str, object], ...]
    question: str

    @property
    def composition(self) -> tuple[str, ...]:
        """Names of the primitives, in order."""
        return tuple(primitive.name for primitive in self.primitives)

    @property
    def split(self) -> Split:
        """The split this question belongs to."""
        return split_of(self.kind, self.composition)


def split_of(kind: Kind, composition: Sequence[str]) -> Split:
    """The split of every question with this composition, whatever its constants and wording.

    Decided by a hash of the composition alone: about 70% train, 10% validation, 20% test, the same in every
    run and for every seed.
    """
    digest = hashlib.sha256(f"{kind}:{','.join(composition)}".encode()).digest()
    by_tenth = [split for split, tenths in _TENTHS.items() for _ in range(tenths)]
    return by_tenth[int.from_bytes(digest[:8], "big") % len(by_tenth)]


def generate_tasks(count: int, seed: int, settings: MicroSettings, split: Split | None = None) -> list[Task]:
    """Draw ``count`` different questions.

    Args:
        count: How many questions.
        seed: Decides which; the first questions of a longer list are those of a shorter one.
        settings: Shape of the questions.
        split: Draw from this split only; from all three in their natural shares where None.

    Returns:
        The tasks in the order drawn, all with different wording.

    Raises:
        ValueError: The family has fewer than ``count`` questions.
    """
    drafts = draw_drafts(Random(f"tasks {seed}"), settings, split)
    seen: dict[str, Draft] = {}
    fruitless = 0
    while len(seen) < count:
        draft = next(drafts)
        fruitless = fruitless + 1 if draft.question in seen else 0
        if fruitless > _MAX_FRUITLESS_DRAWS:
            raise ValueError(
                f"the micro family has only about {len(seen)} questions of {settings.min_primitives} to "
                f"{settings.max_primitives} primitives in split {split or 'all'}, but {count} were asked for"
            )
        seen.setdefault(draft.question, draft)
    return [_task(draft, settings) for draft in seen.values()]


def draw_drafts(rng: Random, settings: MicroSettings, split: Split | None) -> Iterator[Draft]:
    """Questions without end, repetitions included, from one split or all."""
    while True:
        draft = _draw(rng, settings)
        if split is None or draft.split == split:
            yield draft


def program_text(lines: Sequence[str]) -> str:
    """The program whose body holds these lines."""
    return f"def {ENTRY_POINT}(v):\n" + "".join(f"    {line}\n" for line in lines)


def _draw(rng: Random, settings: MicroSettings) -> Draft:
    first_kind: Kind = rng.choices(list(_KIND_WEIGHTS), weights=list(_KIND_WEIGHTS.values()))[0]
    kind = first_kind
    primitives: list[Primitive] = []
    for _ in range(rng.randint(settings.min_primitives, settings.max_primitives) - 1):
        previous = primitives[-1:]
        step = rng.choice([primitive for primitive in steps_for(kind) if primitive not in previous])
        primitives.append(step)
        kind = cast(Kind, step.gives)
    primitives.append(rng.choice(endings_for(kind)))
    assert primitives[-1].gives == ANSWER

    constants: list[dict[str, object]] = []
    for _ in primitives:
        c, d = rng.sample(_LETTERS, 2)
        constants.append({"k": rng.randint(2, 6), "c": c, "d": d})
    phrases = [rng.choice(p.phrases).format(**values) for p, values in zip(primitives, constants, strict=True)]
    question = f"v is a {first_kind}: {'; '.join(phrases)}"
    return Draft(first_kind, tuple(primitives), tuple(constants), question)


def _task(draft: Draft, settings: MicroSettings) -> Task:
    lines = [p.correct.format(**values) for p, values in zip(draft.primitives, draft.constants, strict=True)]
    return Task(
        question=draft.question,
        entry_point=ENTRY_POINT,
        reference_program=program_text(lines),
        kind=draft.kind,
        composition=draft.composition,
        split=draft.split,
        argument_texts=_argument_texts(draft, settings.tests_per_question),
    )


def _argument_texts(draft: Draft, count: int) -> tuple[str, ...]:
    """Different argument lists; they depend on the question alone, so that its tests never change."""
    rng = Random(f"arguments {draft.question}")
    draw = {"list": _draw_list, "text": _draw_text, "number": _draw_number}[draft.kind]
    drawn: dict[str, None] = {}
    attempt = 0
    while len(drawn) < count:
        drawn[repr(draw(rng, attempt))] = None
        attempt += 1
    return tuple(drawn)


def _draw_list(rng: Random, attempt: int) -> list[int]:
    """Mostly 5 to 9 numbers; every fourth list is short, the first of these empty."""
    short = attempt % 4 == 3
    length = rng.randint(0, min(attempt // 4, 4)) if short else rng.randint(5, 9)
    return [rng.randint(-9, 12) for _ in range(length)]


def _draw_text(rng: Random, attempt: int) -> str:
    """One to four words; every fifth text is a palindrome, the first of these empty."""
    words = ["".join(rng.choices(_INPUT_LETTERS, k=rng.randint(1, 6))) for _ in range(rng.randint(1, 4))]
    text = " ".join(words)
    if attempt % 5 == 4:
        half = text[: attempt // 5]
        return half + half[::-1]
    return text


def _draw_number(rng: Random, attempt: int) -> int:
    """Zero first, then small numbers of both signs and some of several digits."""
    if attempt == 0:
        return 0
    return rng.randint(-2000, 5000) if attempt % 3 == 0 else rng.randint(-40, 90)
