"""No code that makes rows changes without a new code version, or a word that it changes nothing."""

import json
from pathlib import Path

import pytest

from tests.graph.code_fingerprints import RECORD, Code, present

ADVICE = "then record it with `make accept-code`"

STEPS = '''
from code.rules import LIMIT, chosen

def stage(rows: list) -> list:
    """Docstring."""
    return chosen(rows, LIMIT)
'''
RULES = """
LIMIT = 3

def chosen(rows, limit):
    return _first(rows, limit)

def _first(rows, limit):
    return rows[:limit]

def elsewhere():
    return 1
"""


def fingerprint(folder: Path, steps: str = STEPS, rules: str = RULES) -> str:
    package = folder / "code"
    package.mkdir(exist_ok=True)
    for name, text in {"__init__": "", "steps": steps, "rules": rules}.items():
        (package / f"{name}.py").write_text(text)
    return Code(package).fingerprint("code.steps", "stage")


def test_code_that_changed_has_a_new_version_or_is_said_to_change_nothing():
    recorded, now = json.loads(RECORD.read_text()), present()

    silent = [
        name
        for name, each in now.items()
        if name in recorded and each != recorded[name] and each["code_version"] == recorded[name]["code_version"]
    ]
    assert not silent, f"code of {silent} changed: raise its code_version unless all rows stay as they are, {ADVICE}"
    assert now == recorded, f"code versions were raised, or stages added or removed: {ADVICE}"


@pytest.mark.parametrize(
    ("before", "after"),
    [("rows[:limit]", "rows[-limit:]"), ("LIMIT = 3", "LIMIT = 4"), ("_first(rows, limit)\n\n", "rows\n\n")],
)
def test_what_a_stage_reaches_in_other_modules_is_in_its_fingerprint(tmp_path, before, after):
    assert fingerprint(tmp_path) != fingerprint(tmp_path, rules=RULES.replace(before, after, 1))


@pytest.mark.parametrize(
    ("steps", "rules"),
    [
        (STEPS.replace("Docstring", "Other words"), RULES),
        (STEPS.replace("rows: list", "rows: object"), RULES),
        (STEPS, RULES.replace("return 1", "return 2")),
        (STEPS, "# A comment\n" + RULES.replace("rows[:limit]", "(rows[:limit])")),
        (STEPS, "def more():\n    return 0\n" + RULES),
    ],
)
def test_words_places_and_what_it_does_not_reach_are_not(tmp_path, steps, rules):
    assert fingerprint(tmp_path) == fingerprint(tmp_path, steps, rules)
