"""Programs that try to be credited with tests they do not solve, to learn what is expected, to get out, or to do harm.

To add one, add an entry to the module of its aim; its name says what it tries. The tests in `test_hostile.py` judge
every entry on every launcher, between honest programs, and look at what it leaves behind.

- An entry is a program for `QUESTION`, whose answers cannot be computed: what passes there was forged or learned.
- A program that gets through where it should not raises `Exception("ESCAPED ...")`.
- An attack on another form of test is a pair in `deciding` or `proxies`: a program, and tests of which it must
  pass none that is sealed.
"""

from acecoder_dagster.judge import QuestionTests
from tests.judge.attacks.deciding import DECIDING
from tests.judge.attacks.denial import DENIAL
from tests.judge.attacks.escaping import ESCAPING
from tests.judge.attacks.forging import FORGING
from tests.judge.attacks.leaking import LEAKING
from tests.judge.attacks.proxies import HONEST_PRINTER, PRINTED, PRINTING, PROXIES
from tests.judge.attacks.reporting import REPORTING

ANSWERS = {1: 83177, 2: [4, 7731], 3: 0.7713, 4: [5523, 11], 5: {"a": 9173}, 6: "kx81q", 7: (6, {"z"})}
QUESTION = QuestionTests(
    question_id="hostile",
    entry_point="solve",
    setup_code="",
    tests=(
        "assert solve(1) == 83177",
        "assert [4, 7731] == solve(2)",
        "assert abs(solve(3) - 0.7713) < 1e-6",
        "import math\nassert math.isclose(solve(3), 0.7713)",
        "assert sorted(solve(4)) == [11, 5523]",
        "assert solve(5) == {'a': 9173}, 'wrong'",
        "assert solve(6).upper() == 'KX81Q'",
        "assert (solve(1), solve(6)) == (83177, 'kx81q')",
        "assert solve(7) == (6, {'z'})",
        "assert len(solve(6)) == 5 and solve(6)[0] == 'k'",
    ),
)
HONEST_SOLUTION = f"def solve(n):\n    return {ANSWERS!r}[n]\n"

HOSTILE = FORGING | REPORTING | LEAKING | ESCAPING | DENIAL

__all__ = [
    "ANSWERS",
    "DECIDING",
    "FORGING",
    "HONEST_PRINTER",
    "HONEST_SOLUTION",
    "HOSTILE",
    "PRINTED",
    "PRINTING",
    "PROXIES",
    "QUESTION",
    "REPORTING",
]
