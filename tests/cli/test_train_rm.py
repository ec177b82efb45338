"""`acecoder train-rm` and `acecoder score`: files in, a model and scores out."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from acecoder_dagster.cli.main import app
from acecoder_dagster.cli.models import MissingModelsError
from acecoder_dagster.learning.errors import RewardModelError
from acecoder_dagster.learning.reward_model.files import PAIR_COLUMNS, pair_groups, read_rows, with_prompts
from acecoder_dagster.learning.reward_model.scoring import score_rows

PROFILE = """
extends = "micro"
[reward_model]
epochs = 6
prompts_per_step = 4
learning_rate = 5e-3
max_tokens = 100
precision = "float32"
[scoring]
max_tokens = 100
"""


def pair(number: int) -> dict:
    return {
        "question": f"add {number} to v",
        "chosen": f"def f(v):\n    return v + {number}\n",
        "rejected": f"def f(v):\n    return v - {number}\n",
    }


def write_lines(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_model_is_trained_on_a_file_of_pairs_and_scores_a_file_of_programs(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(PROFILE)
    pairs = write_lines(tmp_path / "pairs.jsonl", [pair(n) for n in range(16)])
    run("train-rm", pairs, "-o", tmp_path / "rm", "--backbone", tiny_model, "--profile", tmp_path / "small.toml")
    assert (tmp_path / "rm" / "learning_curves.png").read_bytes().startswith(b"\x89PNG")

    with pytest.raises(MissingModelsError, match="holds a finished model: name another folder"):
        run("train-rm", pairs, "-o", tmp_path / "rm", "--backbone", tiny_model, "--profile", tmp_path / "small.toml")

    asked = [
        {"program_id": 7, "note": "own", "question": pair(20)["question"], "program": pair(20)[side]}
        for side in pair(1)
    ][1:]
    asked.append({**asked[0], "program_id": 9, "program": "v = 1\n" * 80})
    programs = write_lines(tmp_path / "programs.jsonl", asked)
    told = run(
        "score", tmp_path / "rm", programs, "-o", tmp_path / "scores.parquet", "--profile", tmp_path / "small.toml"
    )
    assert "2 scores" in told
    assert "1 programs have none" in told
    scored = pl.read_parquet(tmp_path / "scores.parquet")
    assert scored.columns == ["program_id", "note", "question", "program", "score"]
    assert scored["program"].to_list() == [row["program"] for row in asked]
    right, wrong, too_long = scored["score"]
    assert right > wrong
    assert too_long is None

    rendered = [{"prompt": f"# {row['question']}\n", "program": row["program"]} for row in asked[:2]]
    assert score_rows(tmp_path / "rm", pl.DataFrame(rendered))["score"].to_list() == pytest.approx([right, wrong])


def test_a_chat_is_rendered_by_the_backbone_in_training_and_by_the_reward_model_in_scoring(
    tiny_llama: Path, tmp_path: Path
) -> None:
    chat = PROFILE.replace("[reward_model]", 'prompt = "evalplus"\n[reward_model]').replace("= 100", "= 1000")
    (tmp_path / "chat.toml").write_text(chat.replace("epochs = 6", "epochs = 1"))
    pairs = write_lines(tmp_path / "pairs.jsonl", [pair(n) | {"entry_point": "f"} for n in range(8)])
    run("train-rm", pairs, "-o", tmp_path / "rm", "--backbone", tiny_llama, "--profile", tmp_path / "chat.toml")
    trained_on = pl.read_parquet(tmp_path / "rm" / "groups.parquet")["prompt"]
    assert all(prompt.startswith("<bos><user>") for prompt in trained_on)

    asked = {"question": pair(1)["question"], "entry_point": "f", "program": pair(1)["chosen"]}
    programs = write_lines(tmp_path / "programs.jsonl", [asked])
    run("score", tmp_path / "rm", programs, "-o", tmp_path / "scores.parquet", "--profile", tmp_path / "chat.toml")
    (prompt,) = trained_on.filter(trained_on.str.contains("add 1 to v"))
    by_prompt = score_rows(tmp_path / "rm", pl.DataFrame({"prompt": [prompt], "program": [asked["program"]]}))
    assert pl.read_parquet(tmp_path / "scores.parquet")["score"].to_list() == pytest.approx(
        by_prompt["score"].to_list()
    )


@pytest.mark.parametrize("model", ["reward_modle", "./models/reward_model", "models/reward_modle"])
def test_a_mistyped_folder_is_refused_before_anything_is_read(model, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    with pytest.raises(MissingModelsError, match=f"there is no folder {model}"):
        run("score", model, "no_programs.jsonl", "-o", "scores.jsonl")


def test_a_folder_without_a_model_is_refused(tmp_path) -> None:
    with pytest.raises(MissingModelsError, match=r"no config\.json"):
        run("score", tmp_path, "no_programs.jsonl", "-o", "scores.jsonl")


def test_who_was_not_trained_here_has_to_say_how_prompts_are_written(tiny_model: Path) -> None:
    with pytest.raises(RewardModelError, match=r"name a prompt template \(evalplus, plain"):
        score_rows(tiny_model, pl.DataFrame({"question": ["add"], "program": ["def f(): pass"]}))


def test_pairs_of_one_prompt_are_one_group_and_ties_are_left_out() -> None:
    rows = pl.DataFrame(
        {
            "prompt": ["p", "p", "q", "p"],
            "chosen": ["A", "A", "A", "C"],
            "rejected": ["B", "C", "B", "C"],
            "weight": [1.0, 2.0, 1.0, 1.0],
            "margin": [0.0, 0.5, 0.0, 0.0],
        }
    )
    groups = {group["prompt"]: group for group in pair_groups(rows).to_dicts()}
    assert set(groups) == {"p", "q"}
    assert groups["p"]["programs"] == ["A", "B", "C"]
    assert [groups["p"][name] for name in ("chosen", "rejected", "weights", "margins")] == [
        [0, 0],
        [1, 2],
        [1.0, 2.0],
        [0.0, 0.5],
    ]
    with pytest.raises(RewardModelError, match="In all 1 pairs both programs are the same"):
        pair_groups(rows[3:])


def test_wrong_files_are_named_with_row_and_column(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "pairs.jsonl", [pair(1), {**pair(2), "chosen": 3}, {**pair(3), "weight": "much"}])
    with pytest.raises(RewardModelError) as raised:
        read_rows(file, PAIR_COLUMNS)
    assert "pairs.jsonl, row 2, column chosen: text is needed, found 3" in str(raised.value)
    assert "row 3, column weight: a number is needed" in str(raised.value)
    with pytest.raises(RewardModelError, match=r"nothing\.jsonl"):
        read_rows(tmp_path / "nothing.jsonl", PAIR_COLUMNS)
    with pytest.raises(RewardModelError, match=r"1 rows have neither a prompt nor a question, the first is row 2"):
        with_prompts(pl.DataFrame({"prompt": ["p", None], "program": ["A", "B"]}), "plain", "scratch")
    with pytest.raises(RewardModelError, match="no prompt template 'fancy'"):
        with_prompts(pl.DataFrame({"question": ["q"]}), "fancy", "scratch")
    with pytest.raises(RewardModelError, match="give a column entry_point"):
        with_prompts(pl.DataFrame({"question": ["q"]}), "evalplus", "scratch")
