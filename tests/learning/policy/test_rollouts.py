import polars as pl

from acecoder_dagster.learning.policy.rewards import UNDECIDED, Judgement, Rewards, Rollout
from acecoder_dagster.learning.policy.rollouts import Generation, RolloutFiles, unsealed_pass_share

JUDGEMENTS = [
    Judgement(0.5, None, ("passed", "failed"), (True, False)),
    Judgement(0.0, None, ("passed", "passed"), (False, True)),
    Judgement(0.0, None, ("error",), (False,)),
    UNDECIDED,
]


def generation(judgements: list[Judgement]) -> Generation:
    count = len(judgements)
    rollouts = [Rollout("q", "prompt", f"program {number}") for number in range(count)]
    rewards = Rewards([judged.pass_rate for judged in judgements], judgements, [None] * count)
    return Generation(rollouts, [""] * count, [1] * count, [False] * count, rewards)


def test_the_share_of_unsealed_passes_is_that_of_all_steps(tmp_path) -> None:
    files = RolloutFiles(tmp_path / "rollouts")
    for step, judgements in ((1, JUDGEMENTS[:2]), (2, JUDGEMENTS[2:])):
        files.write(step, generation(judgements).table(step, 2, {}, {}))

    files.merge(2, tmp_path / "all.parquet")

    assert unsealed_pass_share(tmp_path / "all.parquet") == 1 / 3
    assert pl.read_parquet(tmp_path / "all.parquet")["sealed"].to_list()[1] == [False, True]


def test_rollouts_that_pass_nothing_have_no_unsealed_passes(tmp_path) -> None:
    file = tmp_path / "rollouts.parquet"
    generation(JUDGEMENTS[2:]).table(1, 2, {}, {}).write_parquet(file)

    assert unsealed_pass_share(file) == 0
