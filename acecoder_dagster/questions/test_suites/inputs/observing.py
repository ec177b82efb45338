"""Runs a reference program on inputs drawn for it: which calls can become tests, and why the others cannot."""

import ast
import itertools
import types
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from random import Random

from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.judge import Observation
from acecoder_dagster.python_source import parse_source
from acecoder_dagster.questions.test_suites.expectations import unwritable
from acecoder_dagster.questions.test_suites.inputs.arguments import Arguments, doctest_arguments
from acecoder_dagster.questions.test_suites.inputs.drawing import Drawing
from acecoder_dagster.questions.test_suites.inputs.rounds import Observe, Rounds, Subject, all_at_once
from acecoder_dagster.questions.test_suites.inputs.settings import InputSettings
from acecoder_dagster.questions.test_suites.observed_calls import ObservedCall, failure

_UNSTABLE = (Reason.UNSTABLE_VALUE, "another run gave another value")
_SPARE = 4
"""Spare calls that are run again besides the tests wanted, since some turn out unstable."""
_LONGEST_ITERATION = 200


@dataclass(frozen=True)
class _Seen:
    """A call with the value it gave, or why it gave none that a test could expect, and what was seen."""

    call: str
    value: object
    problem: tuple[Reason, str] | None = None

    @property
    def value_text(self) -> str:
        return repr(self.value)


def observe_inputs(
    subjects: Sequence[Subject],
    observe: Observe,
    settings: InputSettings,
    seed: int,
    threads: int = 1,
    advance: Callable[[int], None] = lambda _: None,
) -> list[ObservedCall]:
    """Draw inputs for functions, run them, and choose those whose values make tests.

    First arguments that are known (of the tests, of examples in the docstring) and arguments of every likely kind are
    tried; then arguments like those that worked. Calls with as many different values as possible are chosen and run
    again, in other orders and each time in a fresh process; what gives another value is unstable.

    Args:
        subjects: the functions.
        observe: runs calls in the sandbox; is called from several threads.
        settings: how many calls, how many tests.
        seed: decides what is drawn.
        threads: functions that are run at the same time.
        advance: called with the number of functions done.

    Returns:
        Every call tried, in the order of the subjects: chosen ones with their value, all others with the reason.
        Nothing for a program that does not define its function, or whose function takes no arguments.
    """
    observed = all_at_once(subjects, lambda subject: _rounds(subject, settings, seed), observe, threads, advance)
    return [call for of_subject in observed for call in of_subject]


def observe_given(
    subjects: Sequence[Subject], observe: Observe, settings: InputSettings, seed: int, threads: int = 1
) -> list[ObservedCall]:
    """Run functions on their `argument_texts`, and those calls that work again, as `observe_inputs` does.

    Returns:
        Every call, in the order of the subjects and their arguments: with its value, or with the reason why no test can
        expect it.
    """
    observed = all_at_once(subjects, lambda subject: _given(subject, settings, seed), observe, threads)
    return [call for of_subject in observed for call in of_subject]


def _rounds(subject: Subject, settings: InputSettings, seed: int) -> Rounds[list[ObservedCall]]:
    function = _definition(subject)
    if function is None:
        return []
    rng = Random(f"inputs {seed} {subject.question_id}")
    drawing = Drawing(function, rng, settings.max_argument_characters)
    if not drawing.takes_arguments:
        return []
    tried = _known_arguments(subject, function) | {each.text: each for each in drawing.probes(settings.probes)}
    seen = yield from _run(subject, list(tried), settings)
    worked = [arguments for text, arguments in tried.items() if seen[text].problem is None]
    if worked:
        more = {each.text: each for each in drawing.more(worked, settings.calls, set(tried))}
        seen |= yield from _run(subject, list(more), settings)
        tried |= more
    chosen = _chosen({text: each for text, each in tried.items() if seen[text].problem is None}, seen, settings)
    stable = yield from _stable(subject, chosen, seen, settings, rng)
    kept = stable[: settings.tests_per_question]
    if len({seen[text].value_text for text in kept}) < 2:
        kept = []

    def why_not(text: str) -> tuple[Reason, str] | None:
        if text in kept:
            return None
        if text in chosen and text not in stable:
            return _UNSTABLE
        value = seen[text].value_text[:100]
        return (Reason.ENOUGH_TESTS if kept else Reason.ONE_VALUE_ONLY), f"it gives {value}"

    return [_observed(subject, each, each.problem or why_not(text)) for text, each in seen.items()]


def _given(subject: Subject, settings: InputSettings, seed: int) -> Rounds[list[ObservedCall]]:
    seen = yield from _run(subject, list(subject.argument_texts), settings)
    worked = [text for text, each in seen.items() if each.problem is None]
    stable = set((yield from _stable(subject, worked, seen, settings, Random(f"given {seed} {subject.question_id}"))))
    return [
        _observed(subject, each, each.problem or (None if text in stable else _UNSTABLE)) for text, each in seen.items()
    ]


def _observed(subject: Subject, seen: _Seen, problem: tuple[Reason, str] | None) -> ObservedCall:
    return ObservedCall(subject.question_id, seen.call, seen.value, *(problem or ()))


def _definition(subject: Subject) -> ast.FunctionDef | None:
    try:
        body = parse_source(subject.program).body
    except (SyntaxError, ValueError, RecursionError):
        return None
    found = [line for line in body if isinstance(line, ast.FunctionDef) and line.name == subject.entry_point]
    return found[-1] if found else None


def _known_arguments(subject: Subject, function: ast.FunctionDef) -> dict[str, Arguments]:
    known = [arguments for text in subject.argument_texts if (arguments := Arguments.parse(text)) is not None]
    known += doctest_arguments(ast.get_docstring(function) or "", subject.entry_point)
    return {each.text: each for each in known}


def _run(
    subject: Subject, texts: list[str], settings: InputSettings
) -> Generator[list[str], list[Observation], dict[str, _Seen]]:
    """Run calls in one process, in order, and read their values."""
    calls = [subject.call(text) for text in texts]
    observed = (yield calls) if calls else []
    return {text: _read(seen, settings) for text, seen in zip(texts, observed, strict=True)}


def _read(seen: Observation, settings: InputSettings) -> _Seen:
    problem = failure(seen)
    if problem is not None:
        return _Seen(seen.call, None, problem)
    call, value = seen.call, seen.value
    if isinstance(value, types.GeneratorType):
        call, value = f"list({call})", list(itertools.islice(value, _LONGEST_ITERATION))
        if len(value) == _LONGEST_ITERATION:
            return _Seen(call, None, (Reason.VALUE_TOO_LONG, f"{_LONGEST_ITERATION} items or more"))
    problem = unwritable(value, settings.max_value_characters)
    return _Seen(call, value) if problem is None else _Seen(call, None, problem)


def _chosen(worked: dict[str, Arguments], seen: dict[str, _Seen], settings: InputSettings) -> list[str]:
    """Return the calls to keep: one of each value in turn, of likely types first and then short ones.

    None when all give one value.
    """
    shapes: dict[tuple[type, ...], int] = {}
    for arguments in worked.values():
        shapes.setdefault(arguments.shape, len(shapes))
    by_value: dict[str, list[str]] = {}
    for text in sorted(worked, key=lambda text: (shapes[worked[text].shape], len(text), text)):
        by_value.setdefault(seen[text].value_text, []).append(text)
    if len(by_value) < 2:
        return []
    rounds = itertools.zip_longest(*by_value.values())
    in_turn = [text for each in rounds for text in each if text is not None]
    return in_turn[: settings.tests_per_question + _SPARE]


def _stable(
    subject: Subject, chosen: list[str], seen: dict[str, _Seen], settings: InputSettings, rng: Random
) -> Generator[list[str], list[Observation], list[str]]:
    """Return those of the chosen calls that give the same value in every run."""
    stable = list(chosen)
    for _ in range(settings.runs - 1):
        order = rng.sample(stable, len(stable))
        again = yield from _run(subject, order, settings)
        stable = [
            text for text in stable if again[text].problem is None and again[text].value_text == seen[text].value_text
        ]
    return stable
