"""`acecoder import` and `acecoder seeds` report what this call did, and what comes next."""

import json

PROFILE = """
extends = "micro"
[seeds]
procedural_batches = 0
[tests]
policy = "trusted"
min_tests = 1
[sandbox]
launcher = "bubblewrap"
workers = 1
"""


def written(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path.name


def question(number: int) -> dict:
    return {
        "question_id": f"q{number}",
        "source": "own",
        "question": f"Write add(x) that adds {number} to x.",
        "entry_point": "add",
        "reference_program": f"def add(x):\n    return x + {number}\n",
        "tests": [f"assert add({x}) == {x + number}" for x in range(5)],
        "licence": "MIT",
    }


def programs(number: int) -> list[dict]:
    texts = {"right": f"def add(x): return x + {number}", "wrong": "def add(x): return -1"}
    return [
        {"question_id": f"q{number}", "program_id": f"{name}{number}", "model": "m", "program": text}
        for name, text in texts.items()
    ]


def rows_of(shown: str, title: str) -> list[list[str]]:
    lines = shown.splitlines()
    below = lines[[line.strip() for line in lines].index(title) :]
    table = below[: next(place for place, line in enumerate(below) if line.startswith("└"))]
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in table if "│" in line]


def test_an_import_reports_its_own_rows_and_the_next_command(typed, tmp_path):
    (tmp_path / "small.toml").write_text(PROFILE)
    numbers = range(30)
    first = written(tmp_path / "first.jsonl", [question(n) for n in numbers])
    first_programs = written(tmp_path / "first_programs.jsonl", [row for n in numbers for row in programs(n)])
    later = [question(n) | {"question_id": f"q{n}"} for n in range(40, 60)]
    later.append(question(90) | {"tests": ["assert subtract(1)"]})
    later_programs = [row for n in range(40, 58) for row in programs(n)]
    options = ("--split", "train", "--profile", "small.toml")
    done = typed("import", "--name", "first", "--questions", first, "--programs", first_programs, *options)
    assert done.returncode == 0, done.stdout + done.stderr

    done = typed(
        *("import", "--name", "later", "--questions", written(tmp_path / "later.jsonl", later)),
        *("--programs", written(tmp_path / "later_programs.jsonl", later_programs), *options),
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert ["test", "101", "100", "1"] in rows_of(done.stdout, "imported")
    assert rows_of(done.stdout, "rejected")[0][0] == "test"
    assert "3 of 21 questions have no program" in done.stdout
    stages = {row[0]: row for row in rows_of(done.stdout, "stages of this run")}
    assert stages["questions"][3] == "21"
    assert stages["test_results"][3] == "36"
    assert rows_of(done.stdout, "pairs of this import") == [["18", "18"]]
    assert done.stdout.splitlines()[-1].startswith("Next: `acecoder run --profile small.toml`")
    assert "MISSING" not in done.stderr


def test_a_collection_reports_what_was_found_and_the_next_command(said, tmp_path):
    (tmp_path / "code.py").write_text(
        'def double(x):\n    """Return twice x."""\n    return 2 * x\n\n\ndef again():\n    return missing_name()\n'
    )

    code, told, _ = said("seeds", "--name", "own", "--code", "code.py", "--licence", "MIT", "--only-collect")

    assert code == 0
    assert rows_of(told, "seed functions") == [["2", "1", "1"]]
    assert rows_of(told, "rejected")
    assert told.splitlines()[-1].startswith("Next: `acecoder run`")


def test_programs_that_the_questions_bring_may_be_left_out(typed, tmp_path):
    answer = {"model_name": "m", "completion": "def f(): return 1", "completion_id": 0, "pass_rate": 1.0}
    row = {"id": "a", "question": "Write f.", "test_cases": ["assert f() == 1"], "inferences": [answer]}
    file = written(tmp_path / "acecode.jsonl", [row])
    command = ("import", "--name", "own", "--questions", file, "--only-check")

    for option, read in (("--with-programs", "1"), ("--without-programs", "0")):
        done = typed(*command, option)
        assert done.returncode == 0, done.stderr
        assert rows_of(done.stdout, "imported")[-1] == ["program", read, read, "0"]
