"""Rewards of rollouts: from executed tests, from a reward model, or from both."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from acecoder_dagster.learning.reward_model.scoring import Calibration, RewardScorer
from acecoder_dagster.learning.training.team import Team

ProgramOfQuestion = tuple[str, str]
"""(question_id, program)."""


@dataclass(frozen=True)
class Judgement:
    """What the judge found about a program.

    Attributes:
        pass_rate: Share of the question's tests that it passed, by the passes that count; `None` where the judge could
            not decide.
        official_pass_rate: The same over the question's official tests alone; `None` where it has none.
        outcomes: One outcome per test, in the order of the tests (see `judge.Outcome`).
        sealed: One per test: whether its outcome is sealed.
    """

    pass_rate: float | None
    official_pass_rate: float | None
    outcomes: tuple[str, ...]
    sealed: tuple[bool, ...]


UNDECIDED = Judgement(None, None, (), ())
"""The judge could not decide. That is no reward, not a reward of zero."""

JudgePrograms = Callable[[Iterable[ProgramOfQuestion]], Iterator[tuple[ProgramOfQuestion, Judgement]]]
"""Judges programs as they come, and yields each with its judgement once it is known, in any order.

Programs are read while earlier ones run, so that a policy may still be writing them."""


@dataclass(frozen=True)
class Rollout:
    """One program that the policy wrote.

    Attributes:
        question_id: The question.
        prompt: The prompt that the policy answered.
        program: The program in its completion.
    """

    question_id: str
    prompt: str
    program: str


@dataclass(frozen=True)
class Rewards:
    """Rewards of rollouts, in their order, and what they are computed from.

    Attributes:
        rewards: `None` where the judge or the reward model could not decide: no reward, not a reward of zero.
        judgements: Results of the executed tests, whether or not they are the reward.
        scores: Raw scores of the reward model; `None` where a program was not scored.
    """

    rewards: list[float | None]
    judgements: list[Judgement]
    scores: list[float | None]


class BackgroundJudge:
    """Judges programs in the background while others are still being written, each program of a question only once.

    Policies repeat themselves, in a group and from one pass over the questions to the next.

    Args:
        judge_programs: Runs programs against the tests of their questions.
    """

    def __init__(self, judge_programs: JudgePrograms) -> None:
        self._judge_programs = judge_programs
        self._known: dict[ProgramOfQuestion, Judgement] = {}
        self._asked: set[ProgramOfQuestion] = set()
        self._pass: _JudgingPass | None = None

    def begin(self, program: ProgramOfQuestion) -> None:
        """Judge a program in the background, unless that is done or under way."""
        if program in self._known or program in self._asked:
            return
        self._asked.add(program)
        if self._pass is None:
            self._pass = _JudgingPass(self._judge_programs)
        self._pass.add(program)

    def collect(self, programs: Sequence[ProgramOfQuestion]) -> list[Judgement]:
        """Wait for all programs that were begun, and return the judgements of these ones, in order.

        Programs that the judge could not decide are judged again the next time.

        Raises:
            Exception: Any error of the judge.
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
    """One stream of programs through the judge, in its own thread.

    The thread is a daemon, which a pool of the standard library has not: an interpreter that ends because training
    failed does not wait for programs that are no longer coming.
    """

    def __init__(self, judge_programs: JudgePrograms) -> None:
        self._waiting: queue.SimpleQueue[ProgramOfQuestion | None] = queue.SimpleQueue()
        self._found: dict[ProgramOfQuestion, Judgement] = {}
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(judge_programs,), name="judging", daemon=True)
        self._thread.start()

    def add(self, program: ProgramOfQuestion) -> None:
        self._waiting.put(program)

    def wait(self) -> dict[ProgramOfQuestion, Judgement]:
        """Wait until all programs are judged, and return their judgements."""
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


class QuestionScorer:
    """A reward model that scores programs of known questions.

    Args:
        scorer: The reward model.
        prompts: By question_id: the prompt as the reward model reads it. The policy may read another one.
    """

    def __init__(self, scorer: RewardScorer, prompts: Mapping[str, str]) -> None:
        self._scorer = scorer
        self._prompts = prompts

    def calibration(self) -> Calibration:
        """Return mean and standard deviation of the scores, as the training measured them."""
        return self._scorer.calibration()

    def score(self, programs: Sequence[ProgramOfQuestion]) -> list[float | None]:
        """Return one score for each program; `None` where it is too long."""
        return self._scorer.score([(self._prompts[question_id], program) for question_id, program in programs])


class Rewarder:
    """Rewards rollouts. Every rollout is judged, whatever its reward is computed from.

    Processes that train together share one judge, that of the first. All of them ask for the same rollouts.

    Args:
        judge: Runs programs; None in all processes of a team but the first.
        rule: Reward of the executed tests: `binary` (1 if all pass, else 0) or `pass_rate`.
        scorer: The reward model, if its score is the reward. Its unit is a standard deviation of the scores of its
            validation programs, and their mean is 0.
        rule_weight: With a reward model: the reward of the executed tests is added with this weight.
        team: The processes that train together.
    """

    def __init__(
        self,
        judge: BackgroundJudge | None,
        rule: Literal["binary", "pass_rate"],
        scorer: QuestionScorer | None = None,
        rule_weight: float = 0.0,
        team: Team | None = None,
    ) -> None:
        self._judge = judge
        self._rule = rule
        self._scorer = scorer
        self._calibration = scorer.calibration() if scorer else None
        self._rule_weight = rule_weight
        self._team = team or Team()

    def begin(self, question_id: str, program: str) -> None:
        """Begin to judge a program whose completion has just ended; only the first process can do that."""
        if self._judge is not None:
            self._judge.begin((question_id, program))

    def __call__(self, rollouts: Sequence[Rollout]) -> Rewards:
        """Return the rewards of the rollouts; none where the judge or the reward model could not decide."""
        scores: list[float | None] = [None] * len(rollouts)
        programs = [(rollout.question_id, rollout.program) for rollout in rollouts]
        for program in programs:
            self.begin(*program)
        if self._scorer is not None:
            scores = self._scorer.score(programs)
        judgements = self._team.from_first(lambda: self._judge.collect(programs) if self._judge else [])
        rewards = [self._reward(*known) for known in zip(judgements, scores, strict=True)]
        return Rewards(rewards, judgements, scores)

    def _reward(self, judgement: Judgement, score: float | None) -> float | None:
        if self._calibration is None:
            return self._rule_reward(judgement)
        if score is None:
            return None
        mean, std = self._calibration
        reward = (score - mean) / std
        if not self._rule_weight:
            return reward
        rule_reward = self._rule_reward(judgement)
        return None if rule_reward is None else reward + self._rule_weight * rule_reward

    def _rule_reward(self, judgement: Judgement) -> float | None:
        if judgement.pass_rate is None or self._rule == "pass_rate":
            return judgement.pass_rate
        return float(judgement.pass_rate == 1.0)
