"""No program changes what another one gets, also where the setup code of a question keeps state."""

import itertools
import random

import pytest

from acecoder_dagster.judge import Judge, ProgramJob, QuestionTests

# Setup code with state, and a test that uses it up; `solve(n)` is n * n.
STATES = {
    "iterator": ("answers = iter([1, 4, 9])", "assert solve({n}) == next(answers)"),
    "list that is emptied": ("answers = [9, 4, 1]", "assert solve({n}) == answers.pop()"),
    "counter": ("count = [0]\ndef step():\n    count[0] += 1\n    return count[0] ** 2", "assert solve({n}) == step()"),
    "global": ("n = 0\ndef step():\n    global n\n    n += 1\n    return n * n", "assert solve({n}) == step()"),
    "default argument": (
        "def step(seen=[]):\n    seen.append(1)\n    return len(seen) ** 2",
        "assert solve({n}) == step()",
    ),
    "attribute of a function": (
        "def step():\n    step.n = getattr(step, 'n', 0) + 1\n    return step.n ** 2",
        "assert solve({n}) == step()",
    ),
    "random numbers": ("import random\nrandom.seed(7)", "assert solve({n}) == {n} ** 2 * min(1, random.random() + 1)"),
    "loop over the state": ("answers = iter([1, 4, 9])", "for k in [{n}]:\n    assert solve(k) == next(answers)"),
}
RIGHT = "def solve(n): return n * n"
NEIGHBOURS = {
    "wrong": "def solve(n): return -1",
    "emptying": "def solve(n):\n    for name in ('answers', 'count'):\n        globals().get(name, [0])[:] = [0]\n"
    "    return 1",
    "raising": "def solve(n): raise ValueError(n)",
    "leaving": "import os\ndef solve(n): os._exit(0)",
    "patching": "import builtins, random\nbuiltins.next = lambda x: -1\nrandom.random = lambda: 5\n"
    "def solve(n): return 0",
}


def _question(name: str) -> QuestionTests:
    setup, test = STATES[name]
    return QuestionTests(name, "solve", setup, tuple(test.format(n=n) for n in (1, 2, 3)))


@pytest.mark.parametrize("name", STATES)
def test_a_right_program_passes_alone_in_any_order_and_beside_any_neighbour(judge: Judge, name: str):
    question = _question(name)
    programs = [RIGHT, *NEIGHBOURS.values()]
    alone = {program: next(iter(judge.judge([ProgramJob(question, "p", program)]))).outcomes for program in programs}
    assert alone[RIGHT] == ("passed",) * 3
    orders = [list(order) for order in itertools.islice(itertools.permutations(programs), 0, 720, 144)]
    random.Random(0).shuffle(orders)

    for number, order in enumerate(orders):
        jobs = [ProgramJob(question, program, f"{program}\n# {number}") for program in order]
        together = {verdict.program_id: verdict.outcomes for verdict in judge.judge(jobs)}
        assert together == alone
