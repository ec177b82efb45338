"""Without the extras for models: what needs none works, what needs them says what to install before it begins."""

import json

import pytest

HIDING = """
import importlib.machinery

found = importlib.machinery.PathFinder.find_spec
HIDDEN = {
    "torch", "transformers", "trl", "datasets", "peft", "vllm", "tokenizers", "safetensors", "huggingface_hub", "gguf"
}


def find_spec(name, path=None, target=None):
    return None if name.partition(".")[0] in HIDDEN else found(name, path, target)


importlib.machinery.PathFinder.find_spec = find_spec
"""


@pytest.fixture
def without(typed, tmp_path, environment):
    """Types a command on a machine without the extras."""
    (tmp_path / "hiding").mkdir()
    (tmp_path / "hiding" / "sitecustomize.py").write_text(HIDING)
    path = f"{tmp_path / 'hiding'}:{environment.get('PYTHONPATH', '')}"
    return lambda *arguments: typed(*arguments, PYTHONPATH=path)


@pytest.mark.parametrize(
    "arguments",
    [
        ("demo",),
        ("run", "reward_model"),
        ("score", "model", "programs.jsonl", "-o", "scores.jsonl"),
        ("train-rm", "pairs.jsonl", "-o", "model", "--backbone", "scratch"),
        ("train-rl", "questions.jsonl", "-o", "policy", "--policy", "model"),
        ("convert-rm", "model", "-o", "converted"),
        ("convert-gguf", "model.gguf", "-o", "converted"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_what_needs_models_says_in_one_line_what_to_install_and_writes_nothing(without, tmp_path, arguments):
    before = sorted(tmp_path.iterdir())

    done = without(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'acecoder-dagster[cpu]'" in done.stderr
    assert "torch" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert sorted(tmp_path.iterdir()) == before


def test_judging_and_asking_need_no_models(without, tmp_path):
    rows = {
        "questions": [{"question_id": "q", "tests": ["assert f(1) == 2"]}],
        "programs": [{"question_id": "q", "program_id": "p", "program": "def f(x): return x + 1"}],
    }
    for name, given in rows.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in given))
    (tmp_path / "small.toml").write_text(
        'extends = "micro"\n[seeds]\nprocedural_batches = 1\nquestions_per_batch = 5\n'
    )

    judged = without("judge", "questions.jsonl", "programs.jsonl", "-o", "verdicts.jsonl", "--launcher", "bubblewrap")
    made = without("run", "seed_functions", "questions", "warehouse", "--profile", "small.toml")
    asked = without("query", "SELECT count(*) AS questions FROM questions", "--format", "csv")

    assert judged.returncode == 0, judged.stderr
    assert '"verdict":"passed"' in (tmp_path / "verdicts.jsonl").read_text().replace(": ", ":")
    assert made.returncode == 0, made.stdout + made.stderr
    assert asked.stdout.split() == ["questions", "5"]
