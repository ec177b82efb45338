"""Programs that do not write what the usual imports of LiveCodeBench bring under the name of their function."""

from acecoder_dagster.judge import IoTest, QuestionTests
from tests.judge.attacks.families.attack import Attack

_SUM = QuestionTests("family", "add", "", io_tests=(IoTest("2\n3", "5"), IoTest("1\n1", "2")))
_HONEST = "class Solution:\n    def add(self, a, b):\n        return a + b\n"
_WITHOUT = {
    "a method that is not there": "class Solution:\n    pass\n",
    "a function that is not there": "def other(a, b):\n    return 0\n",
    "nothing but a comment": "# add\n",
}

IMPORTED = {name: Attack(program, _SUM, _HONEST) for name, program in _WITHOUT.items()}
