"""Small benchmarks in the formats of their publishers, and protocols for them."""

import base64
import json
import pickle
import zlib
from pathlib import Path
from typing import Any

EVALPLUS = [
    {
        "task_id": "HumanEval/900",
        "prompt": 'def half(x):\n    """Return half of x.\n\n    >>> half(3)\n    1.5\n    """\n',
        "entry_point": "half",
        "canonical_solution": "    return x / 2\n",
        "contract": "\n    assert x >= 0\n",
        "base_input": [[3], [4]],
        "plus_input": [[0], [1e3], [7]],
        "atol": 0,
        "test": "",
    },
    {
        "task_id": "HumanEval/901",
        "prompt": '\ndef longest(words):\n    """Return the longest word."""\n',
        "entry_point": "longest",
        "canonical_solution": "    return max(words, key=len)\n",
        "contract": "",
        "base_input": [[["a", "bb"]]],
        "plus_input": [],
        "atol": 0,
        "test": "",
    },
]
BIGCODEBENCH = [
    {
        "task_id": f"BigCodeBench/{number}",
        "complete_prompt": f'import math\n\ndef task_func(x):\n    """Add {number} to x."""\n',
        "instruct_prompt": f"Add {number} to x.\nBegin with:\n```\nimport math\n```",
        "code_prompt": "import math\ndef task_func(x):\n",
        "canonical_solution": f"    return x + {number}",
        "test": "import unittest\n\nclass TestCases(unittest.TestCase):\n"
        f"    def test_one(self):\n        self.assertEqual(task_func(1), {number + 1})\n",
        "entry_point": "task_func",
        "doc_struct": "{}",
        "libs": "['math']",
    }
    for number in (5, 6)
]


def packed(tests: list[dict[str, str]]) -> str:
    """Return private tests as LiveCodeBench publishes them."""
    return base64.b64encode(zlib.compress(pickle.dumps(json.dumps(tests)))).decode()


def question_of_livecodebench(question_id: str, **changes: Any) -> dict[str, Any]:
    """Return a row of LiveCodeBench: read two numbers, print their sum."""
    return {
        "question_title": "Sum",
        "question_content": "Print the sum of two numbers.",
        "platform": "atcoder",
        "question_id": question_id,
        "contest_id": "abc1",
        "contest_date": "2024-08-10T00:00:00",
        "starter_code": "",
        "difficulty": "easy",
        "public_test_cases": json.dumps([{"input": "1 2", "output": "3", "testtype": "stdin"}]),
        "private_test_cases": packed([{"input": "5 6", "output": "11", "testtype": "stdin"}]),
        "metadata": "{}",
    } | changes


LIVECODEBENCH = [
    question_of_livecodebench("abc1_a"),
    question_of_livecodebench("abc1_b", difficulty="hard", contest_date="2025-01-04T00:00:00"),
    question_of_livecodebench(
        "3001",
        platform="leetcode",
        difficulty="medium",
        contest_date="2024-12-01T00:00:00",
        starter_code="class Solution:\n    def add(self, a: int, b: int) -> int:\n        ",
        public_test_cases=json.dumps([{"input": "1\n2", "output": "3", "testtype": "functional"}]),
        private_test_cases=packed([{"input": "5\n6", "output": "11", "testtype": "functional"}]),
        metadata=json.dumps({"func_name": "add"}),
    ),
]


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows as JSONL."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def own_protocol(folder: Path, name: str, extends: str, rows: int, **data: str) -> str:
    """Write a protocol for made data; return its path."""
    lines = [f'extends = "{extends}"', "[data]", f"rows = {rows}", "sha256 = []"]
    lines += [f"{key} = {value}" for key, value in data.items()]
    path = folder / f"{name}.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)
