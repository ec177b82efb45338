"""Finds inputs on which a program takes branches that it takes on no known input, guided by coverage.

Tests that are made of known inputs do not check what these never reach. An input that reaches a new branch becomes one
of those that are changed next, as in greybox fuzzing (AFL; for tests of code models: EvalPlus, Liu et al. 2023,
section 2).
"""

from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path
from random import Random

from acecoder_dagster.judge import Observation
from acecoder_dagster.python_source import parse_source
from acecoder_dagster.questions.test_suites.inputs.arguments import Arguments
from acecoder_dagster.questions.test_suites.inputs.constants import constants_of
from acecoder_dagster.questions.test_suites.inputs.mutation import MOST_CHANGES, mutated
from acecoder_dagster.questions.test_suites.inputs.rounds import Observe, Rounds, Subject, all_at_once
from acecoder_dagster.questions.test_suites.inputs.settings import InputSettings

GENERATIONS = 5
CHANGED_EACH = 60
"""Inputs tried in one generation."""

MOST_RUNS = 1 + GENERATIONS
"""Runs of one program: on the known inputs, then on those of each generation."""

PER_BRANCH = 3
"""Inputs that are kept for reaching the same branch."""

_FOLLOWER = Path(__file__).with_name("branches_program.py")

Branch = tuple[int, int, int]


def branching_inputs(
    subjects: Sequence[Subject], observe: Observe, settings: InputSettings, seed: int, threads: int = 1
) -> list[list[Arguments]]:
    """Return, by subject, few inputs that reach branches of its program which its `argument_texts` do not reach.

    They need not be like the known inputs in anything but their types: what is behind a branch is often just that.

    Args:
        subjects: functions with known arguments; where there are none, nothing is found.
        observe: runs calls in the sandbox; is called from several threads.
        settings: how long arguments may be.
        seed: decides what is tried.
        threads: functions that are run at the same time.
    """
    follower = _FOLLOWER.read_text(encoding="utf-8")

    def follow(program: str, setup_code: str, calls: Sequence[str]) -> list[Observation]:
        following = f"{follower}\n\nfollowed = Branches({program!r}, {setup_code!r})\n"
        return observe(following, "", [f"followed.taken({call!r})" for call in calls])

    def rounds_of(subject: Subject) -> Rounds[list[Arguments]]:
        return _rounds(subject, settings.max_argument_characters, Random(f"branches {seed} {subject.question_id}"))

    return all_at_once(subjects, rounds_of, follow, threads)


def _rounds(subject: Subject, max_characters: int, rng: Random) -> Rounds[list[Arguments]]:
    known = [arguments for text in subject.argument_texts if (arguments := Arguments.parse(text)) is not None]
    bases = [arguments for arguments in known if arguments.shape]
    if not bases:
        return []
    constants = [*_constants(subject.program), *_parts(bases)]
    texts = {arguments.text for arguments in known}
    common = set[Branch]().union(*(yield from _branches(subject, bases)))
    reached: Counter[Branch] = Counter()
    found: list[Arguments] = []
    for _ in range(GENERATIONS):
        tried = list(_changed(bases, constants, texts, max_characters, rng))
        if not tried:
            break
        for arguments, taken in zip(tried, (yield from _branches(subject, tried)), strict=True):
            new = taken - common
            if any(reached[branch] < PER_BRANCH for branch in new):
                found.append(arguments)
            if not new <= reached.keys():
                bases.append(arguments)
            reached.update(new)
    return found


def _branches(
    subject: Subject, inputs: Sequence[Arguments]
) -> Generator[list[str], list[Observation], list[set[Branch]]]:
    """Return the branches that each input takes; none where the call fails."""
    gave = yield [subject.call(arguments.text) for arguments in inputs]
    return [set(each.value) if isinstance(each.value, list) else set() for each in gave]


def _changed(
    bases: Sequence[Arguments], constants: Sequence[object], known: set[str], max_characters: int, rng: Random
) -> Iterator[Arguments]:
    for _ in range(CHANGED_EACH):
        changed = rng.choice(bases)
        for _ in range(rng.randint(1, MOST_CHANGES)):
            changed = mutated(changed, rng, constants)
        if changed.text not in known and len(changed.text) <= max_characters:
            known.add(changed.text)
            yield changed


def _constants(program: str) -> list[object]:
    try:
        return constants_of(parse_source(program))
    except (SyntaxError, ValueError, RecursionError):
        return []


def _parts(inputs: Iterable[Arguments]) -> Iterator[object]:
    """Yield every argument and what it is made of: in the place of each other they make arguments that fit."""
    waiting: list[object] = [value for arguments in inputs for value in arguments.by_place.values()]
    while waiting:
        value = waiting.pop()
        yield value
        if isinstance(value, list | tuple | set | frozenset):
            waiting += value
        elif isinstance(value, dict):
            waiting += [*value, *value.values()]
