"""Rewards of rollouts: executed tests, a reward model, or both."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from acecoder_dagster.learning.reward_model.scoring import RewardScorer

ProgramOfQuestion = tuple[str, str]
"""question_id and program."""


@dataclass(frozen=True)
class Judgement:
    """What the judge found out about a program.

    Attributes:
        pass_rate: Share of the question's tests that it passed; `None` where the judge could not decide.
        official_pass_rate: The same over the question's official tests alone; `None` where it has none.
        outcomes: One word per test (DESIGN.md 4.4), in the order of the tests.
    """

    pass_rate: float | None
    official_pass_rate: float | None
    outcomes: tuple[str, ...]


UNDECIDED = Judgement(None, None, ())
"""Nobody knows: which is no reward, not a zero."""

JudgePrograms = Callable[[Iterable[ProgramOfQuestion]], Iterator[tuple[ProgramOfQuestion, Judgement]]]
"""Judges programs as they come and yields each with its judgement once that is known, in any order.

The programs are read while earlier ones run, so they may come from a policy that is still writing."""


@dataclass(frozen=True)
class Rollout:
    """One answer of the policy.

    Attributes:
        question_id: The question.
        prompt: What the policy was given.
        program: The program in its completion.
    """

    question_id: str
    prompt: str
    program: str


@dataclass(frozen=True)
class Rewards:
    """Rewards of rollouts, in their order, and what they come from.

    Attributes:
        rewards: `None` is no reward (the judge or the reward model could not tell), which is not a zero.
        judgements: What executed tests say, whether or not the reward comes from them.
        scores: Raw scores of the reward model; `None` where not scored.
    """

    rewards: list[float | None]
    judgements: list[Judgement]
    scores: list[float | None]


class JudgeAlongside:
    """A judge that works while completions are still being written, and runs no program of a question twice.

    Policies repeat themselves, within a group and from one pass over the questions to the next.

    Args:
        judge_programs: Runs programs.
    """

    def __init__(self, judge_programs: JudgePrograms) -> None:
        self._judge_programs = judge_programs
        self._known: dict[ProgramOfQuestion, Judgement] = {}
        self._asked: set[ProgramOfQuestion] = set()
        self._pass: _JudgingPass | None = None

    def begin(self, program: ProgramOfQuestion) -> None:
        """Have a program judged in the background, unless it is known or under way."""
        if program in self._known or program in self._asked:
            return
        self._asked.add(program)
        if self._pass is None:
            self._pass = _JudgingPass(self._judge_programs)
        self._pass.add(program)

    def collect(self, programs: Sequence[ProgramOfQuestion]) -> list[Judgement]:
        """Wait for what was begun and return the judgements of these programs, in order.

        Those that the judge could not decide are forgotten, so they are asked again the next time.

        Raises:
            Exception: Whatever the judge raised.
        """
        for program in programs:
            self.begin(program)
        found: dict[ProgramOfQuestion, Judgement] = {}
        if self._pass is not None:
            finished, self._pass = self._pass, None
            self._asked.clear()
            found = finished.wait()
        self._known |= {program: judged for program, judged in found.items() if judged.pass_rate is not None}
        return [self._known.get(program) or found.get(program, UNDECIDED) for program in programs]


class _JudgingPass:
    """One stream of programs through the judge, in a thread of its own."""

    def __init__(self, judge_programs: JudgePrograms) -> None:
        self._waiting: queue.SimpleQueue[ProgramOfQuestion | None] = queue.SimpleQueue()
        self._found: dict[ProgramOfQuestion, Judgement] = {}
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(judge_programs,), name="judging", daemon=True)
        self._thread.start()

    def add(self, program: ProgramOfQuestion) -> None:
        self._waiting.put(program)

    def wait(self) -> dict[ProgramOfQuestion, Judgement]:
        """Judgements of all programs, once there are no more to come."""
        self._waiting.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._found

    def _run(self, judge_programs: JudgePrograms) -> None:
        try:
            self._found.update(judge_programs(iter(self._waiting.get, None)))
        except BaseException as error:
            self._error = error


class Rewarder:
    """Rewards rollouts, and has every one of them judged whatever its reward comes from.

    Args:
        judge: Runs programs.
        kind: What executed tests are worth: `binary` (1 if all pass) or `pass_rate`.
        scorer: The reward model, where it is the reward: in standard deviations above its mean on programs it was
            validated on.
        rule_weight: With a reward model: how many times the worth of the executed tests is added to it.
    """

    def __init__(
        self,
        judge: JudgeAlongside,
        kind: Literal["binary", "pass_rate"],
        scorer: RewardScorer | None = None,
        rule_weight: float = 0.0,
    ) -> None:
        self._judge = judge
        self._kind = kind
        self._scorer = scorer
        self._calibration = scorer.calibration() if scorer else None
        self._rule_weight = rule_weight

    def begin(self, question_id: str, program: str) -> None:
        """Start judging a program whose completion has just ended."""
        self._judge.begin((question_id, program))

    def __call__(self, rollouts: Sequence[Rollout]) -> Rewards:
        """Reward each rollout; none where judge or reward model cannot tell."""
        scores: list[float | None] = [None] * len(rollouts)
        for rollout in rollouts:
            self.begin(rollout.question_id, rollout.program)
        if self._scorer is not None:
            scores = self._scorer.score([(rollout.prompt, rollout.program) for rollout in rollouts])
        judgements = self._judge.collect([(rollout.question_id, rollout.program) for rollout in rollouts])
        rewards = [self._reward(*known) for known in zip(judgements, scores, strict=True)]
        return Rewards(rewards, judgements, scores)

    def _reward(self, judgement: Judgement, score: float | None) -> float | None:
        if self._calibration is None:
            return self._worth(judgement)
        if score is None:
            return None
        mean, std = self._calibration
        reward = (score - mean) / std
        if not self._rule_weight:
            return reward
        worth = self._worth(judgement)
        return None if worth is None else reward + self._rule_weight * worth

    def _worth(self, judgement: Judgement) -> float | None:
        if judgement.pass_rate is None or self._kind == "pass_rate":
            return judgement.pass_rate
        return float(judgement.pass_rate == 1.0)
