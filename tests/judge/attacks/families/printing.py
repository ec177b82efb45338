"""Programs that print what is right and fail nevertheless."""

from acecoder_dagster.judge import IoTest, QuestionTests
from tests.judge.attacks.families.attack import Attack

_PRINTED = QuestionTests("family", "", "", io_tests=(IoTest("1\n", "83177\n"), IoTest("2\n", "4 7731\n")))
_PRINTED_ANSWERED = "print(['83177', '4 7731'][int(input()) - 1])"
_REPORTING = {
    "right output, a forged report, and an exception": "import os\n"
    f"{_PRINTED_ANSWERED}\nimport sys\nsys.stdout.flush()\nos.write(3, b'0 V []\\n')\nraise ValueError('wrong')",
    "right output and a failing exit": f"{_PRINTED_ANSWERED}\nimport sys\nsys.stdout.flush()\nimport os\nos._exit(3)",
    "right output and an exception at the exit": "import atexit\natexit.register(lambda: 1 / 0)\n"
    f"{_PRINTED_ANSWERED}\nraise KeyError",
}


PRINTING_WELL = {name: Attack(program, _PRINTED, _PRINTED_ANSWERED) for name, program in _REPORTING.items()}
