"""Sampling with the real engine on a tiny model."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from pydantic import ValidationError

from acecoder_dagster.learning.sampling import EngineSettings, SamplingJob, SamplingSettings
from acecoder_dagster.learning.sampling.replicas import sample_on_replicas
from acecoder_dagster.learning.sampling.sampler import COMPLETIONS, question_seed, sample_programs
from acecoder_dagster.learning.training.scratch import create_scratch_model
from acecoder_dagster.learning.training.settings import ScratchModelSettings
from tests.tiny_model import SIZES, save_model, tokenizer

SAMPLING = SamplingSettings(
    programs_per_question=4, temperature=1.0, max_tokens=12, engine=EngineSettings(dtype="float32", max_sequences=8)
)


def quiet(step: int, total: int, figures: dict[str, float]) -> None:
    """A progress callback that tells nobody."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Two random models of one size."""
    folder = tmp_path_factory.mktemp("models")
    for seed in (0, 1):
        sizes = ScratchModelSettings(
            vocabulary_size=300, hidden_size=64, layers=1, attention_heads=2, feed_forward_size=64,
            context_length=64, seed=seed,
        )  # fmt: skip
        create_scratch_model(["def f(v):\n    return v\n"], folder / str(seed), sizes)
    return str(folder / "0"), str(folder / "1")


@pytest.fixture
def write_prompts(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    def write(prompts: dict[str, str]) -> Path:
        path = tmp_path / f"prompts{len(list(tmp_path.iterdir()))}.parquet"
        pl.DataFrame({"question_id": list(prompts), "prompt": list(prompts.values())}).write_parquet(path)
        return path

    return write


def prompts_of(numbers: range) -> dict[str, str]:
    return {f"q{number}": f"# return {number}\n" for number in numbers}


def test_every_question_gets_its_programs(
    models: tuple[str, str], write_prompts: Callable[[dict[str, str]], Path], tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    job = SamplingJob(models[0], write_prompts(prompts_of(range(20))), tmp_path / "out.parquet")
    figures = sample_programs([job], SAMPLING, 0, lambda done, total, _: told.append((done, total)))
    rows = pl.read_parquet(job.output)
    assert rows.schema == COMPLETIONS
    assert (
        rows.group_by("question_id").agg(pl.col("sample_index").sort())["sample_index"].to_list() == [[0, 1, 2, 3]] * 20
    )
    assert set(rows["finish_reason"]) <= {"stop", "length"}
    assert rows["completion_tokens"].max() == 12
    assert told[-1] == (20, 20)
    assert figures["programs"] == 80
    assert figures["completion_tokens"] == rows["completion_tokens"].sum()


def test_a_questions_programs_depend_on_seed_and_question_not_on_the_others(
    models: tuple[str, str], write_prompts: Callable[[dict[str, str]], Path], tmp_path: Path
) -> None:
    many, few = prompts_of(range(12)), dict(reversed(prompts_of(range(3)).items()))
    jobs = [
        SamplingJob(models[0], write_prompts(many), tmp_path / "many.parquet"),
        SamplingJob(models[0], write_prompts(few), tmp_path / "few.parquet"),
        SamplingJob(models[1], write_prompts(few), tmp_path / "other model.parquet"),
    ]
    sample_programs(jobs, SAMPLING, 7, quiet)
    sampled = [pl.read_parquet(job.output) for job in jobs]
    assert sampled[0].filter(pl.col("question_id").is_in(list(few))).equals(sampled[1])
    assert not sampled[1].equals(sampled[2])
    assert sampled[1]["completion"].n_unique() > 6
    assert question_seed(7, "q1") != question_seed(8, "q1")


def test_greedy_decoding_writes_what_transformers_writes(
    models: tuple[str, str], write_prompts: Callable[[dict[str, str]], Path], tmp_path: Path
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    greedy = SAMPLING.model_copy(update={"programs_per_question": 1, "temperature": 0.0})
    job = SamplingJob(models[0], write_prompts({"q": "# return 1\n"}), tmp_path / "out.parquet")
    sample_programs([job], greedy, 0, quiet)
    tokenizer = AutoTokenizer.from_pretrained(models[0])
    model = AutoModelForCausalLM.from_pretrained(models[0], dtype=torch.float32)
    prompt = tokenizer("# return 1\n", return_tensors="pt", return_token_type_ids=False)
    written = model.generate(**prompt, max_new_tokens=12, do_sample=False)[0, prompt["input_ids"].shape[1] :]
    assert pl.read_parquet(job.output)["completion"].to_list() == [tokenizer.decode(written, skip_special_tokens=True)]


def test_a_killed_run_samples_only_what_is_missing(
    models: tuple[str, str], write_prompts: Callable[[dict[str, str]], Path], tmp_path: Path
) -> None:
    prompts = write_prompts(prompts_of(range(30)))
    undisturbed = SamplingJob(models[0], prompts, tmp_path / "undisturbed.parquet")
    killed = SamplingJob(models[0], prompts, tmp_path / "killed.parquet")
    script = f"""
import os, signal
from pathlib import Path
from acecoder_dagster.learning.sampling import SamplingJob, SamplingSettings, sampler

def die(done, total, figures):
    if done == 15:
        os.kill(os.getpid(), signal.SIGKILL)

job = SamplingJob({models[0]!r}, Path({str(prompts)!r}), Path({str(killed.output)!r}), seconds_between_parts=0)
sampler.sample_programs([job], SamplingSettings.model_validate_json({SAMPLING.model_dump_json()!r}), 0, die)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -signal.SIGKILL
    assert not killed.output.exists()
    figures = sample_programs([undisturbed, killed], SAMPLING, 0, quiet)
    assert 30 * 4 < figures["programs"] < 2 * 30 * 4
    assert pl.read_parquet(killed.output).equals(pl.read_parquet(undisturbed.output))


def test_finished_outputs_are_not_sampled_again_but_count_as_done(
    models: tuple[str, str], write_prompts: Callable[[dict[str, str]], Path], tmp_path: Path
) -> None:
    prompts = write_prompts(prompts_of(range(5)))
    first = SamplingJob(models[0], prompts, tmp_path / "first.parquet")
    second = SamplingJob(models[0], prompts, tmp_path / "second.parquet")
    sample_programs([first], SAMPLING, 0, quiet)
    told: list[tuple[int, int]] = []
    figures = sample_programs([first, second], SAMPLING, 0, lambda done, total, _: told.append((done, total)))
    assert figures["programs"] == 5 * 4
    assert (told[0], told[-1]) == ((6, 10), (10, 10))


def test_replicas_sample_what_one_engine_samples(
    models: tuple[str, str], write_prompts: Callable[[dict[str, str]], Path], tmp_path: Path
) -> None:
    prompts = write_prompts(prompts_of(range(9)))
    alone = SamplingJob(models[0], prompts, tmp_path / "alone.parquet")
    shared = SamplingJob(models[0], prompts, tmp_path / "shared.parquet")
    sample_programs([alone], SAMPLING, 3, quiet)
    two = SAMPLING.model_copy(update={"engine": SAMPLING.engine.model_copy(update={"replicas": 2})})
    figures = sample_on_replicas([shared], two, 3, quiet)
    assert figures["programs"] == 9 * 4
    assert pl.read_parquet(shared.output).equals(pl.read_parquet(alone.output))
    assert {file.name for file in tmp_path.iterdir()} == {prompts.name, "alone.parquet", "shared.parquet"}


def test_greedy_decoding_of_several_programs_is_refused() -> None:
    with pytest.raises(ValidationError, match="set programs_per_question to 1, not 16"):
        SamplingSettings(temperature=0)


def test_a_prompt_without_room_for_an_answer_is_counted_and_left_out(
    models: tuple[str, str], write_prompts: Callable[[dict[str, str]], Path], tmp_path: Path
) -> None:
    prompts = {"short": "# return 1\n", "long": "é" * 70}
    job = SamplingJob(models[0], write_prompts(prompts), tmp_path / "out.parquet")
    figures = sample_programs([job], SAMPLING, 0, quiet)
    assert figures["questions_over_length"] == 1
    assert set(pl.read_parquet(job.output)["question_id"]) == {"short"}


def test_files_of_prompts_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "prompts.parquet"
    job = SamplingJob("unused", path, tmp_path / "out.parquet")
    pl.DataFrame({"question_id": ["a"]}).write_parquet(path)
    with pytest.raises(ValueError, match=r"prompts.parquet: missing column prompt"):
        sample_programs([job], SAMPLING, 0, quiet)
    pl.DataFrame({"question_id": ["a", "a"], "prompt": ["x", "y"]}).write_parquet(path)
    with pytest.raises(ValueError, match=r"prompts.parquet: question 'a' occurs more than once"):
        sample_programs([job], SAMPLING, 0, quiet)


@pytest.mark.parametrize("prompt", ["<bos># return 1\n", "# return 1\n"])
def test_a_prompt_has_one_start_token_whether_or_not_its_text_has_it(
    prompt: str, write_prompts: Callable[[dict[str, str]], Path], tmp_path: Path
) -> None:
    from transformers import LlamaConfig

    config = LlamaConfig(**SIZES | {"hidden_size": 64, "num_attention_heads": 2, "bos_token_id": 2})
    words = tokenizer("{{ bos_token }}", begins_texts=True)
    model = save_model(tmp_path / "llama", config, words)
    job = SamplingJob(str(model), write_prompts({"q": prompt}), tmp_path / "out.parquet")
    sample_programs([job], SAMPLING, 0, quiet)
    assert pl.read_parquet(job.output)["prompt_tokens"].to_list() == [len(words("# return 1\n")["input_ids"])] * 4
