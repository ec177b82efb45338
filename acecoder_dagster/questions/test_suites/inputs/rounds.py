"""Runs calls on many programs at the same time, where the values of one round decide the calls of the next."""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeVar

from acecoder_dagster.judge import Observation

Result = TypeVar("Result")

Observe = Callable[[str, str, Sequence[str]], list[Observation]]
"""Runs calls on a program: program, setup code, calls; as `Judge.observe`."""

Rounds = Generator[list[str], list[Observation], Result]
"""Yields calls to run, is sent what they gave, and returns what came of all of them."""


@dataclass(frozen=True)
class Subject:
    """A function with a trusted program. `argument_texts` are arguments already known, as Python source."""

    question_id: str
    entry_point: str
    program: str
    setup_code: str = ""
    argument_texts: tuple[str, ...] = ()

    def call(self, arguments: str) -> str:
        """Return the source of a call with these arguments."""
        return f"{self.entry_point}({arguments})"


def all_at_once(
    subjects: Sequence[Subject],
    rounds_of: Callable[[Subject], Rounds[Result]],
    observe: Observe,
    threads: int,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Result]:
    """Return what the rounds of each subject return, in the order of the subjects.

    Args:
        subjects: whose `program` and `setup_code` the calls run on.
        rounds_of: starts the rounds of one.
        observe: runs calls; is called from several threads.
        threads: subjects that run at the same time.
        advance: called with the number of subjects done.
    """
    results: dict[int, Result] = {}
    waiting = enumerate(subjects)
    running: dict[Future[list[Observation]], tuple[int, Rounds[Result]]] = {}
    with ThreadPoolExecutor(threads) as pool:

        def go_on(number: int, rounds: Rounds[Result], gave: list[Observation] | None) -> None:
            try:
                calls = next(rounds) if gave is None else rounds.send(gave)
            except StopIteration as done:
                results[number] = done.value
                advance(1)
            else:
                subject = subjects[number]
                running[pool.submit(observe, subject.program, subject.setup_code, calls)] = (number, rounds)

        # Only calls run in threads: they wait for sandboxes.
        while len(results) < len(subjects):
            while len(running) < 2 * threads and (following := next(waiting, None)) is not None:
                go_on(following[0], rounds_of(following[1]), None)
            for future in wait(running, return_when=FIRST_COMPLETED).done if running else ():
                number, rounds = running.pop(future)
                go_on(number, rounds, future.result())
    return [results[number] for number in range(len(subjects))]
