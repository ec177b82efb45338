import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import polars as pl
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from acecoder_dagster.learning.attention import PACKED_ATTENTION
from acecoder_dagster.learning.errors import ModelLoadError, PolicyError, RewardModelError
from acecoder_dagster.learning.policy.advantages import subtract_group_mean, token_returns, whiten
from acecoder_dagster.learning.policy.log_probs import packed_log_probs
from acecoder_dagster.learning.policy.rewards import Judgement
from acecoder_dagster.learning.policy.training import train_policy
from acecoder_dagster.learning.training import ROLLOUTS_FILE, VALIDATIONS_FILE
from acecoder_dagster.learning.training.settings import PolicySettings

SETTINGS = PolicySettings(
    steps=6,
    prompts_per_step=4,
    completions_per_prompt=4,
    draw_factor=2,
    max_completion_tokens=12,
    rows_per_forward=8,
    learning_rate=3e-3,
    warmup_steps=0,
    temperature=1.5,
    validate_every=2,
    patience=10,
    checkpoint_every=2,
    precision="float32",
    threads=1,
)


def judge_with(pass_rate: Callable[[str], float | None]):
    """A judge to whom only the program matters."""

    def judge(programs: Iterable[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], Judgement]]:
        for question_id, program in programs:
            yield (question_id, program), Judgement(pass_rate(program), None, ("passed",), (True,))

    return judge


def by_length(program: str) -> float:
    """Programs of an even number of characters are right."""
    return 1.0 if len(program) % 2 == 0 else 0.5


judge_by_length = judge_with(by_length)


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    splits = ["train"] * 12 + ["validation"] * 5 + ["test"] * 2
    rows = [
        {"question_id": f"q{n}", "split": split, "prompt": f"# question {n}\n" + "#" * (n % 3)}
        for n, split in enumerate(splits)
    ]
    pl.DataFrame(rows).write_parquet(tmp_path / "questions.parquet")
    return tmp_path / "questions.parquet"


def train(policy: Path, questions: Path, output: Path, settings: PolicySettings = SETTINGS, **changes):
    reports: list[tuple[int, int, dict[str, float]]] = []
    arguments = {
        "judge_programs": judge_by_length,
        "extract_program": str.strip,
        "reward_model": None,
        "progress": lambda *report: reports.append(report),
        **changes,
    }
    figures = train_policy(str(policy), questions, "rule", output=output, settings=settings, **arguments)
    return figures, reports


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return AutoModelForCausalLM.from_pretrained(folder).state_dict()


def test_packed_log_probs_are_those_of_a_padded_forward_pass(tiny_model: Path) -> None:
    from trl.trainer.utils import add_fused_lm_head

    torch.manual_seed(0)
    prompts = [[5, 6, 7, 8], [5, 6, 7, 8], [9], [10, 11], [10, 11], [10, 11]]
    completions = [[20, 21, 1], [22], [30, 31, 32, 33, 1], [40, 1], [], [41, 42, 43, 1]]
    width = max(map(len, completions))
    longest = max(map(len, prompts))
    ids = torch.zeros(6, longest + width, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, (prompt, completion) in enumerate(zip(prompts, completions, strict=True)):
        tokens = torch.tensor(prompt + completion)
        ids[row, longest - len(prompt) : longest + len(completion)] = tokens
        mask[row, longest - len(prompt) : longest + len(completion)] = 1
    weight = torch.rand(6, width)

    results = []
    for implementation in ("eager", PACKED_ATTENTION):
        model = AutoModelForCausalLM.from_pretrained(
            tiny_model, dtype=torch.float32, attn_implementation=implementation
        )
        if implementation == "eager":
            positions = (mask.cumsum(1) - 1).clamp(min=0)
            logits = model(input_ids=ids, attention_mask=mask, position_ids=positions).logits[:, longest - 1 : -1] / 0.7
            all_log_probs = torch.log_softmax(logits, -1)
            log_probs = all_log_probs.gather(2, ids[:, longest:, None])[..., 0] * mask[:, longest:]
            entropies = -(all_log_probs.exp() * all_log_probs).sum(-1) * mask[:, longest:]
        else:
            add_fused_lm_head(model, temperature=0.7, outputs=("log_probs", "entropy"))
            log_probs, entropies = packed_log_probs(model, ids, mask, width)
        (log_probs * weight).sum().backward()
        results.append((log_probs, entropies, {name: p.grad for name, p in model.named_parameters()}))
    padded, packed = results
    assert torch.allclose(packed[0], padded[0], atol=1e-5)
    assert torch.allclose(packed[1], padded[1], atol=1e-5)
    for name, gradient in packed[2].items():
        assert torch.allclose(gradient, padded[2][name], rtol=1e-4, atol=1e-5), name


@pytest.mark.parametrize("baseline", [True, False])
def test_advantages_are_those_of_the_published_reinforce_pp(baseline: bool) -> None:
    torch.manual_seed(1)
    rewards, group, coefficient = torch.rand(8), 4, 0.0 if baseline else 0.1
    lengths = [3, 1, 5, 2, 4, 5, 1, 2]
    mask = torch.tensor([[float(place < length) for place in range(5)] for length in lengths])
    kl = torch.randn(8, 5)

    # Token rewards, return-to-go and whitening, token by token as OpenRLHF's experience maker does.
    returns = []
    for row, length in enumerate(lengths):
        start = row // group * group
        mean = sum(rewards[start : start + group].tolist()) / group if baseline else 0.0
        token_rewards = [-coefficient * kl[row, place].item() for place in range(length)]
        token_rewards[-1] += rewards[row].item() - mean
        returns.append([sum(token_rewards[place:]) for place in range(length)])
    flat = [value for row in returns for value in row]
    mean = sum(flat) / len(flat)
    std = (sum((value - mean) ** 2 for value in flat) / len(flat)) ** 0.5
    expected = torch.zeros(8, 5)
    for row, values in enumerate(returns):
        expected[row, : len(values)] = torch.tensor([(value - mean) / std for value in values])

    based = subtract_group_mean(rewards, group) if baseline else rewards
    ours = whiten(token_returns(based, mask, None if baseline else kl, coefficient), mask)
    assert torch.allclose(ours, expected, atol=1e-5)


def test_a_run_learns_reports_and_keeps_every_rollout(policy: Path, questions: Path, tmp_path: Path) -> None:
    figures, reports = train(policy, questions, tmp_path / "policy")
    assert [step for step, _, _ in reports] == [1, 2, 3, 4, 5, 6]
    assert all(total == 6 for _, total, _ in reports)
    expected = {"reward", "pass_rate", "pass_at_1", "kept_groups", "entropy", "completion_tokens", "seconds_train"}
    assert expected | {"seconds_generate", "seconds_reward", "truncated"} <= set(reports[0][2])
    assert "validation_pass_at_1" in reports[1][2]
    assert "validation_pass_at_1" not in reports[2][2]

    rollouts = pl.read_parquet(tmp_path / "policy" / ROLLOUTS_FILE)
    assert figures["rollouts"] == rollouts.height == 6 * 8 * 4
    assert figures["unsealed_pass_share"] == 0
    assert rollouts["step"].unique().sort().to_list() == [1, 2, 3, 4, 5, 6]
    assert set(rollouts["question_id"]) <= {f"q{n}" for n in range(12)}
    assert (rollouts["reward"] == (rollouts["pass_rate"] == 1.0)).all()
    trained = rollouts.filter("trained")
    spread = trained.group_by("step", "question_id").agg(pl.col("reward").n_unique())
    assert (spread["reward"] == 2).all()
    assert trained.group_by("step").agg(pl.col("question_id").n_unique())["question_id"].max() <= 4
    complete = trained.filter(~pl.col("truncated"))
    right, wrong = (complete.filter(pl.col("reward") == r)["advantage"].mean() for r in (1.0, 0.0))
    assert right > wrong

    validations = pl.read_parquet(tmp_path / "policy" / VALIDATIONS_FILE)
    assert validations["step"].to_list() == [0, 2, 4, 6]
    assert figures["validation_pass_at_1"] == validations["validation_pass_at_1"].max()
    best = validations.filter(pl.col("validation_pass_at_1") == figures["validation_pass_at_1"])["step"][0]
    assert figures["best_step"] == best
    if best:
        assert not torch.equal(
            weights(tmp_path / "policy")["model.embed_tokens.weight"], weights(policy)["model.embed_tokens.weight"]
        )
    assert AutoTokenizer.from_pretrained(tmp_path / "policy")("x")["input_ids"]


@pytest.mark.parametrize("algorithm", ["grpo", "reinforce_pp_baseline", "reinforce_pp"])
def test_every_algorithm_runs_with_a_kl(policy: Path, questions: Path, tmp_path: Path, algorithm: str) -> None:
    settings = SETTINGS.model_copy(update={"algorithm": algorithm, "kl_coefficient": 0.05, "steps": 2})
    figures, _ = train(policy, questions, tmp_path / "policy", settings)
    assert figures["steps"] == 2
    rollouts = pl.read_parquet(tmp_path / "policy" / ROLLOUTS_FILE)
    drawn = 4 if algorithm == "reinforce_pp" else 8
    assert rollouts.height == 2 * drawn * 4


def test_no_forward_pass_has_more_completions_than_one_of_the_loss(
    policy: Path, questions: Path, tmp_path: Path, monkeypatch
) -> None:
    rows: list[int] = []

    def counted(model, input_ids, *arguments):
        rows.append(len(input_ids))
        return packed_log_probs(model, input_ids, *arguments)

    monkeypatch.setattr("acecoder_dagster.learning.policy.trainer.packed_log_probs", counted)
    settings = SETTINGS.model_copy(update={"kl_coefficient": 0.05, "steps": 1})

    train(policy, questions, tmp_path / "out", settings)

    assert max(rows) == settings.rows_per_forward
    assert sum(rows) > 2 * settings.prompts_per_step * settings.completions_per_prompt


def test_the_same_seed_gives_the_same_run_and_another_seed_another(
    policy: Path, questions: Path, tmp_path: Path
) -> None:
    runs = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        settings = SETTINGS.model_copy(update={"seed": seed, "steps": 2})
        train(policy, questions, tmp_path / name, settings)
        runs.append(pl.read_parquet(tmp_path / name / ROLLOUTS_FILE))
    assert runs[0].equals(runs[1])
    assert not runs[0].equals(runs[2])


def test_a_killed_run_continues_to_the_same_result(policy: Path, questions: Path, tmp_path: Path) -> None:
    undisturbed, _ = train(policy, questions, tmp_path / "undisturbed")
    script = f"""
import sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from acecoder_dagster.learning.policy.training import train_policy
from acecoder_dagster.learning.policy.rewards import Judgement
from acecoder_dagster.learning.training.settings import PolicySettings
def judge(programs):
    for pair in programs:
        yield pair, Judgement(1.0 if len(pair[1]) % 2 == 0 else 0.5, None, ("passed",), (True,))
def progress(step, total, figures):
    if step == 5:
        print("step 5", flush=True)
        time.sleep(600)
settings = PolicySettings.model_validate_json({SETTINGS.model_dump_json()!r})
train_policy({str(policy)!r}, Path({str(questions)!r}), "rule", judge_programs=judge, extract_program=str.strip,
    reward_model=None, output=Path({str(tmp_path / "killed")!r}), settings=settings, progress=progress)
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=Path.cwd())
    assert process.stdout is not None
    assert process.stdout.readline() == "step 5\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    (tmp_path / "killed" / "in_progress" / "checkpoint-5").mkdir()
    continued, reports = train(policy, questions, tmp_path / "killed")
    assert [step for step, _, _ in reports] == [5, 6]
    assert continued == undisturbed
    ours, theirs = weights(tmp_path / "killed"), weights(tmp_path / "undisturbed")
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    rollouts = [pl.read_parquet(tmp_path / name / ROLLOUTS_FILE) for name in ("killed", "undisturbed")]
    assert rollouts[0].equals(rollouts[1])
    assert not (tmp_path / "killed" / "in_progress").exists()


def test_a_run_that_broke_off_before_its_first_checkpoint_starts_over(
    policy: Path, questions: Path, tmp_path: Path
) -> None:
    class BrokenOffError(Exception):
        pass

    def break_off(*_: object) -> None:
        raise BrokenOffError

    with pytest.raises(BrokenOffError):
        train(policy, questions, tmp_path / "policy", progress=break_off)
    _, reports = train(policy, questions, tmp_path / "policy")
    assert [step for step, _, _ in reports] == [1, 2, 3, 4, 5, 6]
    assert pl.read_parquet(tmp_path / "policy" / VALIDATIONS_FILE)["step"].to_list() == [0, 2, 4, 6]


def test_what_the_judge_cannot_decide_is_no_zero(policy: Path, questions: Path, tmp_path: Path) -> None:
    judge = judge_with(lambda program: None if len(program) % 3 == 0 else by_length(program))
    settings = SETTINGS.model_copy(update={"steps": 2})
    train(policy, questions, tmp_path / "policy", settings, judge_programs=judge)
    rollouts = pl.read_parquet(tmp_path / "policy" / ROLLOUTS_FILE)
    undecided = rollouts.filter(pl.col("program").str.len_chars() % 3 == 0)
    assert undecided.height
    assert undecided["reward"].null_count() == undecided.height
    assert (undecided.filter("trained")["advantage"] == 0).all()
    decided = rollouts.filter(pl.col("program").str.len_chars() % 3 != 0)
    assert decided["reward"].null_count() == 0


def test_a_program_is_judged_once_per_question(policy: Path, questions: Path, tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []

    def judge(programs: Iterable[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], Judgement]]:
        for pair, judgement in judge_by_length(programs):
            asked.append(pair)
            yield pair, judgement

    train(policy, questions, tmp_path / "policy", judge_programs=judge, extract_program=lambda text: text[:1])
    assert len(asked) == len(set(asked)) > 0


def test_training_stops_and_keeps_the_start_when_executed_tests_get_no_better(
    policy: Path, questions: Path, tmp_path: Path
) -> None:
    judged = 0

    def judge(programs: Iterable[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], Judgement]]:
        nonlocal judged
        judged += 1
        return judge_with(lambda program: 1.0 if judged == 1 else by_length(program))(programs)

    settings = SETTINGS.model_copy(update={"steps": 20, "validate_every": 1, "patience": 3})
    figures, _ = train(policy, questions, tmp_path / "policy", settings, judge_programs=judge)
    assert (figures["steps"], figures["best_step"]) == (3, 0)
    ours, theirs = weights(tmp_path / "policy"), weights(policy)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert pl.read_parquet(tmp_path / "policy" / ROLLOUTS_FILE)["step"].max() == 3


def test_the_reward_model_is_a_reward_in_its_own_standard_deviations(
    policy: Path, questions: Path, tmp_path: Path
) -> None:
    from transformers import AutoModelForSequenceClassification

    from acecoder_dagster.learning.reward_model.scoring import RewardScorer
    from acecoder_dagster.learning.training.settings import ScoringSettings

    reward_model = tmp_path / "reward_model"
    AutoModelForSequenceClassification.from_pretrained(policy, num_labels=1).save_pretrained(reward_model)
    AutoTokenizer.from_pretrained(policy).save_pretrained(reward_model)
    arguments = {"reward_model": reward_model, "output": tmp_path / "policy", "extract_program": str.strip}

    def run() -> None:
        train_policy(
            str(policy),
            questions,
            "reward_model",
            judge_programs=judge_by_length,
            settings=SETTINGS.model_copy(update={"steps": 1, "scoring": ScoringSettings(precision="float32")}),
            progress=lambda *_: None,
            **arguments,
        )

    with pytest.raises(PolicyError, match=r"lacks the columns \['reward_prompt'\]"):
        run()
    rows = pl.read_parquet(questions)
    rows.with_columns(reward_prompt=pl.lit("How right is this? ") + pl.col("prompt")).write_parquet(questions)
    with pytest.raises(RewardModelError, match=r"reward_calibration\.json"):
        run()
    (reward_model / "reward_calibration.json").write_text(json.dumps({"mean": 0.25, "std": 0.5}))
    run()
    rollouts = pl.read_parquet(tmp_path / "policy" / ROLLOUTS_FILE)
    assert rollouts["pass_rate"].to_list() == [by_length(program) for program in rollouts["program"]]
    prompts = dict(pl.read_parquet(questions).select("question_id", "reward_prompt").iter_rows())
    scorer = RewardScorer(reward_model, ScoringSettings(precision="float32"))
    scores = scorer.score([(prompts[q], p) for q, p in rollouts.select("question_id", "program").iter_rows()])
    assert rollouts["reward_model_score"].to_list() == pytest.approx(scores, abs=1e-5)
    assert rollouts["reward"].to_list() == pytest.approx([(score - 0.25) / 0.5 for score in scores], abs=1e-4)


def test_bad_input_is_named(policy: Path, questions: Path, tmp_path: Path) -> None:
    def fails_with(message: str, path: Path = questions, **changes) -> None:
        settings = SETTINGS.model_copy(update=changes)
        with pytest.raises(PolicyError, match=message):
            train(policy, path, tmp_path / "policy", settings)

    fails_with(r"nothing\.parquet", path=tmp_path / "nothing.parquet")
    fails_with("12 training questions, but every step draws 40", prompts_per_step=20)
    fails_with("exceeds the policy's context of 256 tokens", max_completion_tokens=250)
    pl.read_parquet(questions).drop("split").write_parquet(tmp_path / "no_split.parquet")
    fails_with(r"lacks the columns \['split'\]", path=tmp_path / "no_split.parquet")
    pl.read_parquet(questions).filter(pl.col("split") == "train").write_parquet(tmp_path / "train.parquet")
    fails_with("no validation question", path=tmp_path / "train.parquet")
    with pytest.raises(ModelLoadError, match="Cannot load a tokenizer from 'no/such/model'"):
        train(Path("no/such/model"), questions, tmp_path / "policy")
