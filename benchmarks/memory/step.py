"""A training of known size, and the memory that its process took: `python -m benchmarks.memory.step CASE.json`.

Each runs in a process of its own, whose greatest resident memory the kernel counts. What the process took before the
training, with all libraries loaded and used once, is subtracted.
"""

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal
from unittest import mock

import polars as pl
from pydantic import BaseModel

from acecoder_dagster.learning.policy.rewards import Judgement
from acecoder_dagster.learning.training.settings import PolicySettings, RewardModelSettings, ScratchModelSettings

Kind = Literal["reward model", "policy"]
LETTERS = "abcdefgh"
NEVER = 1_000_000


class Case(BaseModel):
    """A training: what is trained, and how long its texts are, in tokens."""

    kind: Kind
    model: ScratchModelSettings
    prompt: int
    completion: int
    programs_per_prompt: int
    per_forward: int
    """Prompts whose programs share a forward pass."""
    gradient_checkpointing: bool = False

    @property
    def reward_model_settings(self) -> RewardModelSettings:
        """Two steps of two forward passes each."""
        return RewardModelSettings(
            epochs=2,
            prompts_per_step=2 * self.per_forward,
            tokens_per_forward=self.per_forward * (self.prompt + self.programs_per_prompt * self.completion),
            max_tokens=self.prompt + self.completion,
            validation_fraction=0.01,
            gradient_checkpointing=self.gradient_checkpointing,
            precision="float32",
            checkpoint_every=NEVER,
            threads=1,
        )

    @property
    def policy_settings(self) -> PolicySettings:
        """Two steps of two forward passes each, with a reference model."""
        return PolicySettings(
            algorithm="reinforce_pp",
            steps=2,
            prompts_per_step=2 * self.per_forward,
            completions_per_prompt=self.programs_per_prompt,
            max_completion_tokens=self.completion,
            rows_per_forward=self.per_forward * self.programs_per_prompt,
            kl_coefficient=0.01,
            validate_every=NEVER,
            validation_completions=2,
            gradient_checkpointing=self.gradient_checkpointing,
            precision="float32",
            checkpoint_every=NEVER,
            threads=1,
        )


def train(case: Case, folder: Path) -> None:
    """Make a model with random weights and data of the lengths of a case, and train it."""
    from acecoder_dagster.learning.training.scratch import create_scratch_model

    # The tokenizer learns no merge, so a letter is a token.
    create_scratch_model(["a"], folder / "model", case.model)
    {"reward model": _train_reward_model, "policy": _train_policy}[case.kind](case, folder)


def _train_reward_model(case: Case, folder: Path) -> None:
    from acecoder_dagster.learning.reward_model.training import train_reward_model

    # Programs end with a token of their own; the last question is the one that is held out.
    programs = [_text(index, case.completion - 1) for index in range(case.programs_per_prompt)]
    losers = list(range(1, len(programs)))
    row = {
        "prompt": _text(0, case.prompt),
        "programs": programs,
        "chosen": [0 for _ in losers],
        "rejected": losers,
        "weights": [1.0 for _ in losers],
        "margins": [1.0 for _ in losers],
    }
    rows = [{"question_id": f"q{index}", **row} for index in range(2 * case.per_forward + 1)]
    file = folder / "groups.parquet"
    pl.DataFrame(rows).write_parquet(file)
    train_reward_model(
        file, str(folder / "model"), folder / "trained", case.reward_model_settings, lambda *_: None, "plain"
    )


def _train_policy(case: Case, folder: Path) -> None:
    from acecoder_dagster.learning.policy import sampler
    from acecoder_dagster.learning.policy.generation import sample_completions
    from acecoder_dagster.learning.policy.training import train_policy

    count = 2 * case.per_forward
    rows = [
        {"question_id": f"q{index}", "split": split, "prompt": _text(index, case.prompt)}
        for split, indices in (("train", range(count)), ("validation", range(count, count + 1)))
        for index in indices
    ]
    file = folder / "questions.parquet"
    pl.DataFrame(rows).write_parquet(file)
    with mock.patch.object(sampler, "sample_completions", _ended(sample_completions)):
        train_policy(
            str(folder / "model"),
            file,
            "rule",
            judge_programs=_judge_by_length,
            extract_program=str.strip,
            reward_model=None,
            output=folder / "trained",
            settings=case.policy_settings,
            progress=lambda *_: None,
        )


def _ended(sample: Callable[..., list[list[int]]]) -> Callable[..., list[list[int]]]:
    """A random model hardly ever ends a completion, and those that are cut are not trained on: end them all."""

    def sample_and_end(model: object, prompts: object, end_tokens: Sequence[int], *others: object) -> list[list[int]]:
        completions = sample(model, prompts, (), *others)
        return [[*completion[:-1], end_tokens[0]] for completion in completions]

    return sample_and_end


def _judge_by_length(programs: Iterable[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], Judgement]]:
    for program in programs:
        yield program, Judgement(float(len(program[1]) % 2), None, ("passed",), (True,))


def _text(number: int, tokens: int) -> str:
    """Return a text of so many tokens, another one for every number."""
    digits = [LETTERS[number // len(LETTERS) ** place % len(LETTERS)] for place in range(4)]
    return "".join(digits) + "a" * (tokens - len(digits))


def main() -> None:
    """Print how many bytes the training of a case takes."""
    import torch

    # New tensors are filled, so that those of which little is used count whole, as they do on a GPU.
    torch.use_deterministic_algorithms(True, warn_only=True)
    case = Case.model_validate_json(Path(sys.argv[1]).read_bytes())
    small = case.model.model_copy(
        update={"layers": 1, "hidden_size": 64, "attention_heads": 1, "feed_forward_size": 64}
    )
    with tempfile.TemporaryDirectory() as first:
        train(case.model_copy(update={"model": small}), Path(first))
    before = _resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    with tempfile.TemporaryDirectory() as folder:
        train(case, Path(folder))
    print(_resident("VmHWM") - before)


def _resident(what: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{what}:"))


if __name__ == "__main__":
    main()
