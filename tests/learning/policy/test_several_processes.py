"""Policies that several processes train together: on CPUs, with the code that divides a policy among GPUs."""

import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer, get_scheduler

from acecoder_dagster.learning.errors import PolicyError, ProcessEndedError
from acecoder_dagster.learning.policy.arguments import policy_processes, trainer_arguments
from acecoder_dagster.learning.policy.rewards import Judgement, JudgePrograms
from acecoder_dagster.learning.policy.sampler import VllmSampler
from acecoder_dagster.learning.policy.training import train_policy
from acecoder_dagster.learning.progress import Progress
from acecoder_dagster.learning.reward_model.scoring import RewardScorer
from acecoder_dagster.learning.training import ROLLOUTS_FILE, VALIDATIONS_FILE
from acecoder_dagster.learning.training.settings import PolicySettings, ScoringSettings
from acecoder_dagster.learning.training.team import Team, start_team

SETTINGS = PolicySettings(
    steps=2,
    prompts_per_step=4,
    completions_per_prompt=4,
    draw_factor=2,
    max_completion_tokens=8,
    rows_per_forward=8,
    learning_rate=3e-3,
    warmup_steps=0,
    temperature=1.5,
    validate_every=1,
    patience=10,
    checkpoint_every=2,
    precision="float32",
    threads=1,
)
ROUNDING = 1e-5
"""How far losses may be from those of one process."""

SHARE_OF_A_STEP = 3e-5
"""How far weights may be: a hundredth of what a step changes them by. The optimizer divides a gradient by its size, so
that rounding, which differs from processor to processor, is not small beside a gradient near zero."""

TRAINING_QUESTIONS = 12


def judge(programs: Iterable[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], Judgement]]:
    """Programs of an even number of characters are right."""
    for question_id, program in programs:
        rate = 1.0 if len(program) % 2 == 0 else 0.5
        yield (question_id, program), Judgement(rate, None, ("passed",), (True,))


def judge_that_likes_the_last_policy() -> JudgePrograms:
    """For validation questions, only programs of the last validation are right, so that its weights are written."""
    passes = 0
    first_of_last = 1 + 2 * SETTINGS.steps

    def judge_in_turn(programs: Iterable[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], Judgement]]:
        nonlocal passes
        passes += 1
        for pair, judgement in judge(programs):
            is_validation = int(pair[0].removeprefix("q")) >= TRAINING_QUESTIONS
            rate = float(passes >= first_of_last) if is_validation else judgement.pass_rate
            yield pair, replace(judgement, pass_rate=rate)

    return judge_in_turn


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    splits = ["train"] * TRAINING_QUESTIONS + ["validation"] * 5
    rows = [
        {"question_id": f"q{n}", "split": split, "prompt": f"# question {n}\n" + "#" * (n % 3)}
        for n, split in enumerate(splits)
    ]
    file = tmp_path_factory.mktemp("questions") / "questions.parquet"
    pl.DataFrame(rows).write_parquet(file)
    return file


class Trained:
    """A training that has ended, and what it left behind."""

    def __init__(
        self,
        policy: Path,
        questions: Path,
        output: Path,
        judge_programs: JudgePrograms = judge,
        progress: Progress = lambda *_: None,
        **changes,
    ) -> None:
        self.figures: list[dict[str, float]] = []

        def record(step: int, total: int, figures: dict[str, float]) -> None:
            self.figures.append({name: value for name, value in figures.items() if "seconds" not in name})
            progress(step, total, figures)

        self.result = train_policy(
            str(policy),
            questions,
            "rule",
            judge_programs=judge_programs,
            extract_program=str.strip,
            reward_model=None,
            output=output,
            settings=SETTINGS.model_copy(update=changes),
            progress=record,
        )
        self.weights = load_file(output / "model.safetensors")
        self.rollouts = pl.read_parquet(output / ROLLOUTS_FILE)
        self.validations = pl.read_parquet(output / VALIDATIONS_FILE)


def assert_same(several: Trained, one: Trained) -> None:
    kept = ["step", "question_id", "completion_index", "completion", "reward", "trained"]
    assert several.rollouts.select(kept).equals(one.rollouts.select(kept))
    advantages = [trained.rollouts["advantage"].drop_nulls().to_list() for trained in (several, one)]
    assert advantages[0] == pytest.approx(advantages[1], abs=ROUNDING)
    for ours, theirs in zip(several.figures, one.figures, strict=True):
        # TRL averages these two over forward passes, and several processes make other passes than one.
        for name in ("entropy", "kl"):
            assert ours.pop(name, 0.0) == pytest.approx(theirs.pop(name, 0.0), rel=0.2)
        assert ours == pytest.approx(theirs, abs=ROUNDING)
    assert several.weights.keys() == one.weights.keys()
    for name, weight in one.weights.items():
        assert torch.allclose(several.weights[name], weight, rtol=0, atol=SHARE_OF_A_STEP), name


@pytest.mark.parametrize(
    ("algorithm", "kl", "processes"),
    [
        ("grpo", 0.0, 2),
        ("grpo", 0.05, 4),
        ("reinforce_pp", 0.0, 2),
        ("reinforce_pp", 0.05, 4),
        ("reinforce_pp_baseline", 0.0, 4),
        ("reinforce_pp_baseline", 0.05, 2),
    ],
)
def test_several_processes_train_the_policy_of_one(
    policy: Path, questions: Path, tmp_path: Path, algorithm: str, kl: float, processes: int
) -> None:
    changes = {"algorithm": algorithm, "kl_coefficient": kl}
    one = Trained(policy, questions, tmp_path / "one", judge_that_likes_the_last_policy(), processes=1, **changes)
    several = Trained(
        policy, questions, tmp_path / "several", judge_that_likes_the_last_policy(), processes=processes, **changes
    )
    assert_same(several, one)
    assert several.result["best_step"] == one.result["best_step"] == SETTINGS.steps


@pytest.mark.parametrize("algorithm", ["reinforce_pp_baseline", "grpo"])
def test_updates_that_share_rollouts_are_those_of_one_process(
    policy: Path, questions: Path, tmp_path: Path, algorithm: str
) -> None:
    changes = {"algorithm": algorithm, "kl_coefficient": 0.05, "updates_per_step": 2}
    one = Trained(policy, questions, tmp_path / "one", judge_that_likes_the_last_policy(), processes=1, **changes)
    several = Trained(
        policy, questions, tmp_path / "several", judge_that_likes_the_last_policy(), processes=2, **changes
    )
    assert_same(several, one)
    assert several.result["steps"] == SETTINGS.steps
    assert several.rollouts["step"].unique().to_list() == [1, 2]
    assert several.validations["step"].to_list() == [0, 1, 2]


def test_a_process_that_is_killed_ends_the_training_which_goes_on_to_the_same_result(
    policy: Path, questions: Path, tmp_path: Path
) -> None:
    changes = {"processes": 2, "steps": 4, "kl_coefficient": 0.05}

    def kill_the_other(step: int, total: int, figures: dict[str, float]) -> None:
        if step == 3:
            (other,) = multiprocessing.active_children()
            os.kill(other.pid, signal.SIGKILL)

    undisturbed = Trained(policy, questions, tmp_path / "undisturbed", **changes)
    with pytest.raises(ProcessEndedError, match="Process 2 of 2 was ended by SIGKILL") as raised:
        Trained(policy, questions, tmp_path / "killed", progress=kill_the_other, **changes)
    assert raised.value.was_killed
    continued = Trained(policy, questions, tmp_path / "killed", **changes)

    assert continued.figures == undisturbed.figures[2:]
    assert continued.rollouts.equals(undisturbed.rollouts)
    assert continued.validations["step"].to_list() == [0, 1, 2, 3, 4]
    assert all(torch.equal(continued.weights[name], weight) for name, weight in undisturbed.weights.items())


@pytest.mark.parametrize("gradient_checkpointing", [False, True])
def test_adapters_are_trained_by_several_processes_and_written_into_the_weights(
    policy: Path, questions: Path, tmp_path: Path, gradient_checkpointing: bool
) -> None:
    changes = {
        "lora_rank": 4,
        "kl_coefficient": 0.05,
        "learning_rate": 0.02,
        "gradient_checkpointing": gradient_checkpointing,
    }
    one = Trained(policy, questions, tmp_path / "one", judge_that_likes_the_last_policy(), processes=1, **changes)
    several = Trained(
        policy, questions, tmp_path / "several", judge_that_likes_the_last_policy(), processes=2, **changes
    )
    assert_same(several, one)
    start = load_file(policy / "model.safetensors")
    assert several.weights.keys() == start.keys()
    assert torch.equal(several.weights["model.embed_tokens.weight"], start["model.embed_tokens.weight"])
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "several").config.architectures == ["Qwen2ForCausalLM"]


def score_in_team(team: Team, model: Path, pairs: list[tuple[str, str]]) -> list[float | None]:
    settings = ScoringSettings(precision="float32", max_tokens=30, tokens_per_forward=40)
    return RewardScorer(model, settings, team).score(pairs)


@pytest.mark.parametrize("programs", [1, 7])
def test_processes_that_divide_a_reward_model_give_the_scores_of_one(
    tiny_model: Path, tmp_path: Path, programs: int
) -> None:
    torch.manual_seed(0)
    classifier = AutoModelForSequenceClassification.from_pretrained(tiny_model, num_labels=1)
    classifier.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(tmp_path)
    pairs = [(f"question {n % 2}", "x" * (1 + 5 * n)) for n in range(programs)]
    with start_team(2, score_in_team, tmp_path, pairs) as team:
        scores = score_in_team(team, tmp_path, pairs)
    expected = score_in_team(Team(), tmp_path, pairs)
    assert [score is None for score in scores] == [score is None for score in expected]
    assert [score for score in scores if score is not None] == pytest.approx(
        [score for score in expected if score is not None], abs=ROUNDING
    )


class Vllm:
    """Answers every prompt with its tokens, and remembers what it was asked."""

    def generate(self, prompts: Sequence[list[int]], images: None, num_generations: int):
        self.asked = [*prompts], num_generations
        return prompts, [[*prompt, 1] for prompt in prompts], [], []


def test_vllm_is_asked_for_every_completion_of_a_validation() -> None:
    vllm = Vllm()
    drawn = VllmSampler(vllm, Team()).sample([[5], [6, 7]], 2, "validation 3", lambda *_: None)
    assert vllm.asked == ([[5], [5], [6, 7], [6, 7]], 2)
    assert drawn == [[5, 1], [5, 1], [6, 7, 1], [6, 7, 1]]


def test_vllm_has_the_context_and_the_gpus_that_the_settings_say(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(
        update={"generation": "vllm_colocate", "vllm_tensor_parallel_size": 2, "vllm_memory_share": 0.4}
    )
    arguments = trainer_arguments(tmp_path, settings, Team(), longest_prompt=100)
    assert (arguments.use_vllm, arguments.vllm_mode) == (True, "colocate")
    assert arguments.vllm_max_model_length == 108
    assert arguments.vllm_tensor_parallel_size == 2
    assert arguments.vllm_gpu_memory_utilization == 0.4


def test_the_learning_rate_is_constant_after_warm_up_or_falls_to_a_tenth(tmp_path: Path) -> None:
    for schedule, expected in (("constant", [0, 0.5, 1, 1, 1]), ("cosine", [0, 0.5, 1, 0.55, 0.1])):
        settings = SETTINGS.model_copy(update={"lr_schedule": schedule, "warmup_steps": 2, "steps": 6})
        arguments = trainer_arguments(tmp_path, settings, Team(), longest_prompt=10)
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        rates = get_scheduler(
            arguments.lr_scheduler_type,
            optimizer,
            num_warmup_steps=arguments.warmup_steps,
            num_training_steps=arguments.max_steps,
            scheduler_specific_kwargs=arguments.lr_scheduler_kwargs,
        ).lr_lambdas[0]
        assert [rates(step) for step in (0, 1, 2, 4, 6)] == pytest.approx(expected)


def test_gradients_and_log_probabilities_are_not_rounded_where_processes_compute_in_bfloat16(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"precision": "bfloat16"})
    arguments = trainer_arguments(tmp_path, settings, Team(rank=1, size=4), longest_prompt=10)
    assert arguments.fsdp_plugin_args["mixed_precision_policy"] == {
        "param_dtype": torch.bfloat16,
        "reduce_dtype": torch.float32,
        "output_dtype": torch.float32,
    }
    assert arguments.per_device_train_batch_size * arguments.steps_per_generation * 4 == 32


def test_updates_share_the_forward_passes_of_a_step(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"updates_per_step": 4, "warmup_steps": 3, "checkpoint_every": 5})
    arguments = trainer_arguments(tmp_path, settings, Team(size=2), longest_prompt=10)
    assert arguments.steps_per_generation == 4 * arguments.gradient_accumulation_steps
    assert arguments.max_steps == 4 * SETTINGS.steps
    assert (arguments.warmup_steps, arguments.save_steps) == (12, 20)


def test_processes_that_cannot_share_a_step_are_refused() -> None:
    assert policy_processes(SETTINGS) == 1
    with pytest.raises(PolicyError, match=r"draws 8 questions.*3 processes cannot share evenly"):
        policy_processes(SETTINGS.model_copy(update={"processes": 3}))
    with pytest.raises(PolicyError, match="2 processes cannot be divided into groups of vllm_tensor_parallel_size = 4"):
        policy_processes(
            SETTINGS.model_copy(update={"processes": 2, "generation": "vllm_colocate", "vllm_tensor_parallel_size": 4})
        )
