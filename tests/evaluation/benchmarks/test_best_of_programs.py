"""Reward models that choose among the programs of a benchmark."""

import polars as pl
import pytest

from acecoder_dagster.evaluation.benchmarks import RewardModels, evaluate_programs, read_protocol
from acecoder_dagster.learning.errors import RewardModelError
from tests.evaluation.benchmarks.made_data import LIVECODEBENCH, own_protocol, write_lines

SUM = "a, b = map(int, input().split())\nprint(a + b)\n"
PROGRAMS = {"abc1_a": [SUM, "print(3)\n", f"# add\n{SUM}", "print(11)\n"], "abc1_b": [SUM, "print(3)\n"]}


@pytest.fixture(scope="module")
def reward_model(tiny_model, tmp_path_factory):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = tmp_path_factory.mktemp("reward_model")
    model = AutoModelForSequenceClassification.from_pretrained(tiny_model, num_labels=1)
    model.config.acecoder_prompt_template = "plain"
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(folder)
    return str(folder)


def evaluated(folder, reward_model, prompt=None, **options):
    write_lines(folder / "test.jsonl", LIVECODEBENCH)
    own_protocol(folder, "lcb", "paper/livecodebench-v4", 3, files='["test.jsonl"]')
    rows = [{"task_id": task, "program": program} for task, programs in PROGRAMS.items() for program in programs]
    path = write_lines(folder / "samples.jsonl", rows)
    return evaluate_programs(
        [read_protocol(str(folder / "lcb.toml"))],
        [str(path)],
        str(folder),
        folder / "out",
        name="model",
        reward_models=RewardModels([reward_model], prompt=prompt),
        sandbox={"launcher": "bubblewrap", "workers": 1, "set": "base"},
        **options,
    )


def test_the_program_with_the_highest_score_is_chosen(tmp_path, reward_model):
    from acecoder_dagster.learning.reward_model.scoring import score_rows

    told = []
    found = evaluated(tmp_path, reward_model, report=lambda *what: told.append(what))

    question = LIVECODEBENCH[0]["question_content"]
    rows = pl.DataFrame({"question": question, "entry_point": "", "program": PROGRAMS["abc1_a"]})
    scores = score_rows(reward_model, rows)["score"].to_list()
    best = PROGRAMS["abc1_a"][scores.index(max(scores))]
    solved = {(row["n"], row["method"]): row["solved"] for row in found.best_of_n.to_dicts()}
    assert set(solved) == {(n, method) for n in (1, 2, 4) for method in ("average", reward_model, "oracle")}
    assert solved[4, reward_model] == pytest.approx(float("input" in best))
    assert [solved[4, "average"], solved[4, "oracle"]] == pytest.approx([0.5, 1.0])
    assert [solved[1, method] for method in ("average", reward_model, "oracle")] == pytest.approx([0.5] * 3)
    assert found.best_of_n["questions"].to_list() == [2, 2, 2, 2, 2, 2, 1, 1, 1]
    assert pl.read_parquet(tmp_path / "out" / "best_of_n.parquet").equals(found.best_of_n)

    is_scoring = f"lcb: {reward_model}"
    assert is_scoring in {what for what, _, _ in told}
    told.clear()
    again = evaluated(tmp_path, reward_model, report=lambda *what: told.append(what))
    assert is_scoring not in {what for what, _, _ in told}
    assert again.best_of_n.equals(found.best_of_n)


def test_a_reward_model_that_nobody_knows_how_to_ask_is_refused(tmp_path, tiny_model):
    with pytest.raises(RewardModelError, match="was not trained here, so its prompt template is not known"):
        evaluated(tmp_path, str(tiny_model))


def test_a_reward_model_of_others_is_asked_by_a_prompt_that_is_named(tmp_path, reward_model, tiny_model):
    ours = evaluated(tmp_path, reward_model)
    plain, thinking = (evaluated(tmp_path, reward_model, prompt).best_of_n for prompt in ("plain", "r1"))

    assert plain.equals(ours.best_of_n)
    scores = [pl.read_parquet(file)["score"].to_list() for file in sorted((tmp_path / "out" / "rewards").iterdir())]
    assert len(scores) == 3
    assert len({tuple(each) for each in scores}) == 2
    assert thinking.height == plain.height
    assert str(tiny_model) in evaluated(tmp_path, str(tiny_model), "plain").best_of_n["method"].to_list()
