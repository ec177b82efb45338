"""All settings of a project in one typed object, read from one profile file.

A profile is a TOML file: one of the shipped ones in `profiles/`, named without its ending, or the user's own, named by
its path, which may build on another with `extends = "micro"`. Every section is a model that its domain package owns.
"""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, field_validator

from acecoder_dagster import AceCoderError
from acecoder_dagster.data.counting import REFUSE, UnsealedPasses
from acecoder_dagster.data.retention import RetentionSettings
from acecoder_dagster.evaluation import EvaluationSettings
from acecoder_dagster.evaluation.benchmark_settings import BenchmarkSettings
from acecoder_dagster.judge import ClusterSettings, SandboxSettings
from acecoder_dagster.learning.preference import HardQuestionSettings, PairSettings
from acecoder_dagster.learning.sampling import SamplingSettings
from acecoder_dagster.learning.training.settings import (
    CurveSettings,
    PolicySettings,
    RewardBackboneSettings,
    RewardModelSettings,
    ScoringSettings,
    ScratchModelSettings,
    SupervisedSettings,
)
from acecoder_dagster.questions.decontamination import DecontaminationSettings
from acecoder_dagster.questions.inbox import InboxSettings
from acecoder_dagster.questions.micro import MicroSettings
from acecoder_dagster.questions.test_suites.choosing import TestPolicy
from acecoder_dagster.questions.test_suites.inputs import InputSettings
from acecoder_dagster.questions.test_suites.quality import QualitySettings
from acecoder_dagster.questions.writing.endpoint import EndpointSettings

PROFILES = Path(__file__).parent / "profiles"


class SettingsError(AceCoderError, ValueError):
    """A profile is missing or holds a wrong key or value; the message lists the valid ones."""


class Section(BaseModel):
    """Base of the sections defined here: unknown keys are errors, values cannot change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SeedSettings(Section):
    """Which seed batches a profile makes by itself; imported batches come beside them."""

    procedural_batches: int = Field(default=0, ge=0, description="Batches of procedural questions to make")
    questions_per_batch: int = Field(default=1000, ge=1, le=5000, description="Questions in each of them")


class QuestionSettings(Section):
    """How questions are written from collected seeds."""

    writer: Literal["docstring", "endpoint"] = Field(
        default="docstring",
        description="docstring: documented functions as they stand, without any model; endpoint: a language model",
    )
    prompt: str = Field(default="question", description="Prompt of the language model, see prompts/writing/")
    endpoint: EndpointSettings = EndpointSettings()


class TestSettings(Section):
    """How candidate tests are judged, which are kept, and which passes of programs count."""

    __test__ = False

    policy: TestPolicy = Field(
        default="reference",
        description="Whose verdict decides: reference: the question's reference program; paper and released: a program "
        "of an oracle model; agreement: programs of several; trusted: nobody's, for data sets whose tests were "
        "filtered by their publisher (questions/test_suites/choosing/filtering.py)",
    )
    oracle_models: tuple[str, ...] = Field(
        default=(),
        description="Folders or hub ids (owner/name@revision); or models of an imported file of programs, whose "
        "programs are then taken. "
        "With policy = reference they have no say, but show which tests tell programs apart",
    )
    oracle_sampling: SamplingSettings = Field(
        default=SamplingSettings(programs_per_question=1, temperature=0.0), description="How oracle models answer"
    )
    min_tests: int = Field(
        default=5, ge=1, description="Questions with fewer kept tests are rejected (paper, section 3.1: 5)"
    )
    max_tests: PositiveInt | Literal["all"] = Field(
        default="all", description="Keep at most so many tests of a question: those that together have the power of all"
    )
    strengthening_rounds: int = Field(
        default=0,
        ge=0,
        description="Rounds of new inputs: those on which programs that pass every kept test disagree become tests; "
        "before the first, those that take new branches of the trusted program",
    )
    mutants: int = Field(
        default=24,
        ge=0,
        description="For max_tests and strengthening_rounds: mutants of the best program that a suite has to notice",
    )
    unsealed_passes: UnsealedPasses = Field(
        default=REFUSE,
        description="Whether a pass that is not sealed, which its program may have forged, counts in rewards, pairs, "
        "pass rates and scores. refuse: it counts as a failure; count: it counts as a pass. Outcomes are stored as the "
        "judge gave them, and kept tests are chosen by them",
    )


class BasePolicySettings(Section):
    """The model that samples programs and from which reinforcement starts."""

    model: str = Field(
        default="scratch",
        description="Folder or hub id (owner/name@revision), or `scratch`: trained here on the corpus",
    )
    corpus: Literal["procedural", "questions"] = Field(
        default="procedural",
        description="What a model from scratch imitates. procedural: buggy programs of the procedural questions; "
        "questions: reference programs, and such with one fault, of the project's own train questions that have "
        "tests, as far as sampling.max_tokens suffice to write them",
    )
    corpus_programs: int = Field(default=60_000, ge=100, description="Programs of the corpus, for model = scratch")
    scratch: ScratchModelSettings = ScratchModelSettings()
    supervised: SupervisedSettings = SupervisedSettings()


class TrainingData(Section):
    """Which batches feed training and evaluation."""

    batches: tuple[str, ...] = Field(default=("*",), description="Patterns of batch names, as in file names")


class MachineSettings(Section):
    """What the machine offers."""

    trainings_at_once: int = Field(default=1, ge=1, description="Steps that may use the accelerator at the same time")
    steps_at_once: int = Field(default=2, ge=1, description="Steps of a run that may be under way at the same time")


class RefreshSettings(Section):
    """When what is new is worked on without being asked."""

    scheduled: bool = Field(
        default=False, description="Whether the schedules are on from the start; else switch them on on the page"
    )
    on_arrival: bool = Field(
        default=False, description="Whether batches are worked on as soon as they arrive, from the start"
    )
    data_cron: str = Field(default="0 2 * * *", description="When the tables are brought up to date, as in cron")
    training_cron: str = Field(default="0 4 * * 0", description="When models are trained and measured, as in cron")
    time_zone: str = Field(default="UTC", description="Time zone of both, as Europe/Berlin")
    batches: tuple[str, ...] = Field(default=("*",), description="Patterns of the batches that the schedule works on")
    batches_per_run: int | None = Field(
        default=None, ge=1, description="Batches that one run of a backfill or schedule works on; all when left out"
    )
    stale_after_hours: float | None = Field(
        default=None, gt=0, description="The page shows tables that are older as not fresh, even if nothing changed"
    )

    @field_validator("time_zone")
    @classmethod
    def _is_a_time_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("no time zone is called so; name one such as UTC or Europe/Berlin")
        return value


class NoticeSettings(Section):
    """Who is told when something fails while nobody looks."""

    webhook_variable: str = Field(
        default="ACECODER_WEBHOOK",
        description="Environment variable with the web address that is told of runs that failed or are late, by POST, "
        "in JSON with a `text` as chats show it; without it no address is told",
    )
    mail_to: tuple[str, ...] = Field(default=(), description="Who is told the same by e-mail")
    mail_from: str = Field(default="", description="Sender of these e-mails; empty: the first of mail_to")
    mail_variable: str = Field(
        default="ACECODER_MAIL",
        description="Environment variable with the mail server: smtp://USER:PASSWORD@HOST:PORT, or smtps://",
    )
    late_after_hours: float = Field(
        default=12.0, gt=0, description="A scheduled run that has not ended after so many hours is late"
    )


class PriceSettings(Section):
    """What work costs, for `acecoder plan`; what is left out is not counted."""

    currency: str = Field(default="USD", description="Name of the money")
    prompt_tokens: float | None = Field(default=None, ge=0, description="Price of a million tokens that models read")
    completion_tokens: float | None = Field(default=None, ge=0, description="Price of a million tokens they write")
    machine_hour: float | None = Field(default=None, ge=0, description="Price of an hour of this machine")


class Settings(Section):
    """Everything a profile may say."""

    seed: int = Field(default=0, ge=0, description="Seed of everything random")
    machine: MachineSettings = MachineSettings()
    seeds: SeedSettings = SeedSettings()
    micro: MicroSettings = MicroSettings()
    sandbox: SandboxSettings = SandboxSettings()
    cluster: ClusterSettings = ClusterSettings()
    decontamination: DecontaminationSettings = DecontaminationSettings()
    questions: QuestionSettings = QuestionSettings()
    inputs: InputSettings = InputSettings()
    tests: TestSettings = TestSettings()
    base_policy: BasePolicySettings = BasePolicySettings()
    prompt: str = Field(default="evalplus", description="Prompt template of all sampling and training, see prompts/")
    sampling: SamplingSettings = SamplingSettings()
    data: TrainingData = TrainingData()
    quality: QualitySettings = QualitySettings()
    pairs: PairSettings = PairSettings()
    reward_backbone: RewardBackboneSettings = RewardBackboneSettings()
    reward_model: RewardModelSettings = RewardModelSettings()
    scoring: ScoringSettings = ScoringSettings()
    hard_questions: HardQuestionSettings = HardQuestionSettings()
    policy_rule: PolicySettings = PolicySettings()
    policy_reward_model: PolicySettings = PolicySettings()
    curves: CurveSettings = CurveSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    benchmarks: BenchmarkSettings = BenchmarkSettings()
    inbox: InboxSettings = InboxSettings()
    refresh: RefreshSettings = RefreshSettings()
    retention: RetentionSettings = RetentionSettings()
    notices: NoticeSettings = NoticeSettings()
    prices: PriceSettings = PriceSettings()


def read_settings(profile: str) -> Settings:
    """Return the settings of a profile.

    Args:
        profile: name of a shipped profile (micro, local, paper) or path of a TOML file.

    Raises:
        SettingsError: no such profile, not TOML, an unknown key, a wrong value or a tracker that is not installed; the
            message names the key, says what is wrong and lists the keys that are valid there.
    """
    values: dict[str, Any] = {}
    for link in _profile_chain(profile):
        values = _merge(values, link.values)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        lines = [_explain(problem) for problem in error.errors()]
        raise SettingsError(f"profile {profile}:\n" + "\n".join(f"  {line}" for line in lines)) from error
    if missing := settings.curves.not_installed():
        raise SettingsError(
            f"profile {profile}:\n  curves.trackers: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not "
            f"installed: pip install {' '.join(missing)}"
        )
    return settings


SectionModel = TypeVar("SectionModel", bound=BaseModel)


def seeded(section: SectionModel, seed: int) -> SectionModel:
    """Return a section of a domain package with the project's seed instead of its own."""
    return section.model_copy(update={"seed": seed})


def shipped_profiles() -> list[str]:
    """Return the names of the profiles that come with the package."""
    return sorted(path.stem for path in PROFILES.glob("*.toml"))


@dataclass(frozen=True)
class Setting:
    """One setting, as people see it.

    Attributes:
        name: Its place, such as `sampling.temperature`.
        kind: What it takes, such as `integer, >= 1` or `auto | float32 | bfloat16`.
        default: Its value where no profile names it.
        value: Its value in this profile.
        origin: Who says so: `default`, or the profile, by name or by path as it was given.
        description: What it means.
    """

    name: str
    kind: str
    default: object
    value: object
    origin: str
    description: str


def list_settings(profile: str | None = None) -> list[Setting]:
    """Return every setting in the order of the sections, with its value in a profile, or all defaults.

    Raises:
        SettingsError: see `read_settings`.
    """
    chain = _profile_chain(profile) if profile is not None else []
    settings = read_settings(profile) if profile is not None else Settings()
    return list(_settings_of(Settings(), settings, [(link.name, link.values) for link in chain]))


def _settings_of(
    defaults: BaseModel, settings: BaseModel, said: Sequence[tuple[str, dict[str, Any]]], section: str = ""
) -> Iterator[Setting]:
    for key, field in type(defaults).model_fields.items():
        default, value = getattr(defaults, key), getattr(settings, key)
        saying = [(profile, values[key]) for profile, values in said if key in values]
        if isinstance(value, BaseModel):
            yield from _settings_of(default, value, saying, f"{section}{key}.")
        else:
            origin = saying[-1][0] if saying else "default"
            kind = _kind(field.annotation, field.metadata)
            yield Setting(f"{section}{key}", kind, default, value, origin, field.description or "")


def _kind(annotation: Any, bounds: Sequence[Any] = ()) -> str:  # noqa: ANN401 - annotations have no common type
    names = {int: "integer", float: "number", str: "text", bool: "true | false", NoneType: "nothing"}
    form, parts = get_origin(annotation), get_args(annotation)
    if form is Annotated:
        kind = _kind(parts[0], parts[1:])
    elif form is Literal:
        kind = " | ".join(map(str, parts))
    elif form in {Union, UnionType}:
        kind = " | ".join(map(_kind, parts))
    elif form is tuple:
        kind = f"list of {_kind(parts[0])}"
    else:
        kind = names.get(annotation, "table")
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    limits = [
        f"{sign} {getattr(bound, name)}" for bound in bounds for name, sign in signs.items() if hasattr(bound, name)
    ]
    return ", ".join([kind, *limits])


@dataclass(frozen=True)
class _ProfileLink:
    name: str
    values: dict[str, Any]


def _profile_chain(profile: str) -> list[_ProfileLink]:
    """Return what each profile says by itself: first the one that all others build on, last the named one."""
    links: list[_ProfileLink] = []
    seen: set[Path] = set()
    parent: str | None = profile
    while parent is not None:
        name, path = parent, _profile_path(parent)
        if path in seen:
            raise SettingsError(f"profile {path}: extends itself")
        seen.add(path)
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"profile {path}: not valid TOML: {error}") from error
        extended = values.pop("extends", None)
        parent = None if extended is None else str(extended)
        links.insert(0, _ProfileLink(name, values))
    return links


def _profile_path(profile: str) -> Path:
    path = Path(profile) if profile.endswith(".toml") else PROFILES / f"{profile}.toml"
    if not path.is_file():
        known = ", ".join(shipped_profiles())
        raise SettingsError(f"no profile {profile!r}: name one of {known}, or the path of a .toml file")
    return path.resolve()


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _explain(problem: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails is a TypedDict without all its keys
    location = [part for part in problem["loc"] if isinstance(part, str)]
    where = ".".join(location)
    if problem["type"] != "extra_forbidden":
        return f"{where}: {problem['msg']} (given: {problem['input']!r})"
    section: Any = Settings
    for name in location[:-1]:
        annotation = section.model_fields[name].annotation
        # A list of tables, such as inbox.sources, has its keys in what it lists.
        section = next(iter(get_args(annotation)), annotation)
    return f"{where}: unknown key; valid keys here are {', '.join(section.model_fields)}"
