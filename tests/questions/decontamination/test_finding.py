import json

import pytest

from acecoder_dagster.data.tables import SEED_FUNCTIONS
from acecoder_dagster.judge import Judge, SandboxSettings
from acecoder_dagster.questions.decontamination import (
    DecontaminationSettings,
    contaminated_seeds,
    executing_sandbox,
    find_contamination,
    read_benchmarks,
)
from tests.rows import rows

REFERENCE = """
def longest_run(values):
    best = current = 0
    previous = None
    for value in values:
        current = current + 1 if value == previous else 1
        best = max(best, current)
        previous = value
    return best
"""
QUESTIONS = [
    {
        "question_id": "B/1",
        "question": "Given a list of whole numbers, return the length of the longest run of equal neighbours in it.",
        "entry_point": "longest_run",
        "reference_program": REFERENCE,
        "tests": [
            "assert longest_run([1, 1, 2]) == 2",
            "assert longest_run([3, 3, 3, 3, 1]) == 4",
            "assert longest_run([]) == 0",
        ],
    },
    {
        "question_id": "B/2",
        "question": "Tell whether a number is even, as true or false.",
        "entry_point": "is_even",
        "reference_program": "def is_even(n):\n    return n % 2 == 0\n",
        "tests": ["assert is_even(4) == True", "assert is_even(3) == False"],
    },
    {
        "question_id": "B/3",
        "question": "Bring numbers into order.",
        "entry_point": "order",
        "reference_program": "def order(v):\n    v = list(v)\n    v.sort()\n    return v\n",
        "tests": ["assert order([3, 1]) == [1, 3]", "assert order([2, 9, 5]) == [2, 5, 9]"],
    },
]
REWRITTEN = """
from itertools import groupby
def streak(items):
    lengths = [len(list(group)) for _, group in groupby(items)]
    lengths.append(0)
    return sorted(lengths)[-1]
"""
RENAMED = REFERENCE.replace("values", "xs").replace("value", "x").replace("best", "top").replace("longest_run", "g")


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    file = tmp_path_factory.mktemp("benchmarks") / "questions.jsonl"
    file.write_text("".join(json.dumps(question) + "\n" for question in QUESTIONS))
    return DecontaminationSettings(benchmarks=(str(file),))


@pytest.fixture(scope="module")
def benchmarks(settings):
    return read_benchmarks(settings)


@pytest.fixture(scope="module")
def judge(settings):
    with Judge(executing_sandbox(SandboxSettings(launcher="bubblewrap", workers=1), settings)) as opened:
        yield opened


def seeds(*given):
    made = [{"seed_id": str(n), "upstream_id": f"row {n}", "split": "train"} | row for n, row in enumerate(given)]
    return rows(SEED_FUNCTIONS, *made)


def nothing(_):
    return None


def test_words_of_a_question_are_found_in_instruction_and_docstring(settings, benchmarks):
    words = "You are given a list of whole numbers; return the length of the longest run of equal neighbours in it!"
    given = seeds(
        {"instruction": words, "code": "x = 1"},
        {"code": f'def f(x):\n    """{words}"""\n    return x\n', "entry_point": "f"},
        {"instruction": "Return the length of the longest word in a text.", "code": "x = 1"},
    )

    found = find_contamination(given, benchmarks, settings, None, nothing)

    assert [(each.seed_id, each.question, each.reason) for each in found] == [
        ("0", "B/1", "contaminated_words"),
        ("1", "B/1", "contaminated_words"),
    ]
    assert "list of whole numbers" in found[0].evidence


def test_code_is_found_whatever_its_names_and_wherever_it_stands(settings, benchmarks):
    surrounded = f"import re\n\ndef other(x):\n    # something else\n    return re.sub('a', 'b', x)\n{RENAMED}"
    given = seeds({"code": RENAMED, "entry_point": "g"}, {"code": surrounded, "entry_point": "other"})

    found = find_contamination(given, benchmarks, settings, None, nothing)

    assert [(each.seed_id, each.reason) for each in found] == [("0", "contaminated_code"), ("1", "contaminated_code")]
    assert "B/1" in found[0].evidence


def test_a_rewritten_program_is_found_by_running_it_and_an_innocent_one_is_not(settings, benchmarks, judge):
    innocent = "def f(values):\n    return len(values)\n"
    endless = "def f(values):\n    while True:\n        pass\n"
    given = seeds(
        {"code": REWRITTEN, "entry_point": "streak"},
        {"code": innocent, "entry_point": "f"},
        {"code": endless, "entry_point": "f"},
        {"code": "def f(a, b):\n    return a\n", "entry_point": "f"},
    )

    found = find_contamination(given, benchmarks, settings, judge, nothing)

    assert [(each.seed_id, each.reason) for each in found] == [("0", "contaminated_execution")]
    assert "passes all 3 tests of B/1" in found[0].evidence


@pytest.mark.parametrize(
    "codes",
    [
        {
            "unlike": "def f(n):\n    digits = {'0', '2', '4', '6', '8'}\n    return str(n)[-1] in digits\n",
            "alike": "def f(number):\n    rest = number\n    return rest % 2 == 0\n",
            "too short to tell": "def f(n): return n % 2 == 0\n",
        },
        {
            "unlike": "import heapq\ndef f(xs):\n    heap = []\n    for x in xs:\n        heapq.heappush(heap, x)\n"
            "    return [heapq.heappop(heap) for _ in range(len(heap))]\n",
            "alike": "def f(xs):\n    xs = list(xs)\n    xs.sort()\n    assert xs is not None\n    return xs\n",
        },
    ],
    ids=["easily passed", "passed by Python itself"],
)
def test_tests_that_say_little_count_only_with_code_that_is_alike(settings, benchmarks, judge, codes):
    given = seeds(*({"seed_id": what, "code": code, "entry_point": "f"} for what, code in codes.items()))

    found = find_contamination(given, benchmarks, settings, judge, nothing)

    assert [each.seed_id for each in found] == ["alike"]


def test_contaminated_seeds_are_rejected_rows_with_the_evidence(settings, benchmarks):
    given = seeds({"code": RENAMED, "entry_point": "g"}, {"code": "def f(x):\n    return x\n", "entry_point": "f"})

    clean, rejected = contaminated_seeds(given, find_contamination(given, benchmarks, settings, None, nothing))

    assert clean["seed_id"].to_list() == ["1"]
    assert rejected.height + clean.height == given.height
    assert rejected.row(0, named=True)["reason"] == "contaminated_code"
    assert rejected.row(0, named=True)["evidence"].startswith("row 0: ")
