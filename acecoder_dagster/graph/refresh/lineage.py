"""What every table is made from: the inputs, settings, models and files that its rows depend on.

Content keys (DESIGN: a row is computed again only when what it depends on changed) and `acecoder plan` follow from it.
A table whose rows come to depend on something more says so here.
"""

import json
from collections.abc import Callable, Iterable

import dagster as dg

from acecoder_dagster.data.lake import content_key
from acecoder_dagster.data.tables import (
    ACECODE_DATASET,
    BENCHMARK_SCORES,
    BEST_OF_N,
    CANDIDATE_TESTS,
    FILTERED_TESTS,
    HARD_QUESTIONS,
    ORACLE_PROGRAMS,
    ORACLE_RESULTS,
    POLICY_PROGRAMS,
    POLICY_RESULTS,
    PREFERENCE_PAIRS,
    PROGRAM_SCORES,
    QUESTIONS,
    ROLLOUTS,
    SAMPLED_PROGRAMS,
    SEED_FUNCTIONS,
    TEST_QUALITY,
    TEST_RESULTS,
    TRAINING_CURVES,
    WRITER_ANSWERS,
    Table,
)
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.graph.stages import Stage
from acecoder_dagster.graph.steps.batch_sources import batch_source, brings_programs, is_collected
from acecoder_dagster.graph.steps.decontamination import decontamination_key
from acecoder_dagster.graph.steps.sampling import SCRATCH, base_policy_sampler
from acecoder_dagster.learning.training.settings import PolicySettings
from acecoder_dagster.questions.writing import prompt_text
from acecoder_dagster.settings import Settings, seeded

POLICIES = ("policy_rule", "policy_reward_model")


def seed_functions(project: Project) -> Stage:
    """Seeds: the origin of the batch, and what procedural tasks are made from."""
    settings = project.settings
    return Stage(
        SEED_FUNCTIONS,
        settings={
            "micro": settings.micro.model_dump(),
            "seeds": settings.seeds.questions_per_batch,
            "seed": settings.seed,
        },
        source=_origin_of_seeds,
    )


def _origin_of_seeds(project: Project, batch: str) -> str:
    """The origin of a batch; of collected seeds, the benchmarks they are kept away from too."""
    if not is_collected(project, batch):
        return batch_source(project, batch)
    return content_key(seeds=batch_source(project, batch), decontamination=decontamination_key(project))


def writer_answers(project: Project) -> Stage:
    """Answers of the writing model: seeds, and where a model writes, which one, its prompt and the seed."""
    writing = project.settings.questions
    asked = {
        "writer": writing.writer,
        "endpoint": writing.endpoint.content(),
        "prompt": prompt_text(writing.prompt),
        "seed": project.settings.seed,
    }
    return Stage(WRITER_ANSWERS, inputs=(SEED_FUNCTIONS,), settings=asked if writing.writer == "endpoint" else {})


def questions(project: Project) -> Stage:
    """Questions: their seeds, and what a model wrote about them where one does."""
    if project.settings.questions.writer != "endpoint":
        return Stage(QUESTIONS, inputs=(SEED_FUNCTIONS,))
    return Stage(QUESTIONS, inputs=(SEED_FUNCTIONS, WRITER_ANSWERS), settings={"writer": "endpoint"})


def candidate_tests(project: Project) -> Stage:
    """Candidate tests: the questions and the calls of their seeds, what a model wrote, or the imported files."""
    by_model = project.settings.questions.writer == "endpoint"
    inputs = (SEED_FUNCTIONS, QUESTIONS, WRITER_ANSWERS) if by_model else (SEED_FUNCTIONS, QUESTIONS)
    return Stage(CANDIDATE_TESTS, inputs=inputs, source=_origin_of_tests, unit="question_id")


def _origin_of_tests(project: Project, batch: str) -> str:
    """The origin of a batch; of collected seeds, how inputs are drawn for them too."""
    if not is_collected(project, batch):
        return batch_source(project, batch)
    settings = project.settings
    drawing = {"inputs": settings.inputs.model_dump(), "seed": settings.seed, "limits": settings.sandbox.limits()}
    return content_key(seeds=batch_source(project, batch), writer=settings.questions.writer, **drawing)


def oracle_programs(project: Project) -> Stage:
    """Oracle programs: the questions, and who is the oracle."""
    oracle = project.settings.tests.model_dump(include={"policy", "oracle_models", "oracle_sampling"})
    return Stage(ORACLE_PROGRAMS, inputs=(QUESTIONS,), settings={"tests": oracle}, unit="question_id")


def oracle_results(project: Project) -> Stage:
    """Verdicts on candidate tests: these, the oracle programs, and the limits that they run under."""
    return Stage(
        ORACLE_RESULTS,
        inputs=(QUESTIONS, CANDIDATE_TESTS, ORACLE_PROGRAMS),
        settings={"limits": project.settings.sandbox.limits()},
        unit="program_id",
    )


def filtered_tests(project: Project) -> Stage:
    """Kept tests: the written ones, the oracle programs with their verdicts, the policy, and what draws new inputs."""
    settings = project.settings
    chosen = {"policy", "min_tests", "max_tests", "mutants", "strengthening_rounds"}
    drawing = {"inputs": settings.inputs.model_dump(mode="json"), "seed": settings.seed}
    return Stage(
        FILTERED_TESTS,
        inputs=(QUESTIONS, CANDIDATE_TESTS, ORACLE_PROGRAMS, ORACLE_RESULTS),
        settings={
            "tests": settings.tests.model_dump(include=chosen),
            "limits": settings.sandbox.limits(),
            "calibration": settings.quality.batches,
            **(drawing if settings.tests.strengthening_rounds else {}),
        },
        unit="question_id",
    )


def sampled_programs(project: Project) -> Stage:
    """Programs: the questions, and either the imported files or model, prompt, sampling parameters and seed."""
    settings = project.settings

    def source(project: Project, batch: str) -> str:
        if brings_programs(project, batch):
            return batch_source(project, batch)
        sampler = base_policy_sampler(project, settings)
        sampling = settings.sampling.model_dump_json(exclude={"engine"})
        return f"{sampler.name}@{sampler.revision} {sampling} {settings.prompt} {settings.seed}"

    return Stage(SAMPLED_PROGRAMS, inputs=(QUESTIONS,), source=source, unit="question_id")


def test_results(project: Project) -> Stage:
    """Verdicts: programs, the tests of their questions, and the limits."""
    return Stage(
        TEST_RESULTS,
        inputs=(QUESTIONS, CANDIDATE_TESTS, FILTERED_TESTS, SAMPLED_PROGRAMS),
        settings={"limits": project.settings.sandbox.limits()},
        unit="program_id",
    )


def test_quality(project: Project) -> Stage:
    """The certificate: everything of the calibration batches, and what is measured and required."""
    settings = project.settings

    def source(project: Project, _: str) -> str:
        tables = (QUESTIONS, CANDIDATE_TESTS, FILTERED_TESTS, SAMPLED_PROGRAMS, TEST_RESULTS)
        return json.dumps(
            [(each.batch, each.content_key) for t in tables for each in project.calibration_partitions(t)]
        )

    return Stage(
        TEST_QUALITY,
        settings={
            "quality": settings.quality.model_dump(),
            "oracle_models": settings.tests.oracle_models,
            "limits": settings.sandbox.limits(),
        },
        source=source,
    )


def acecode_dataset(project: Project) -> Stage:
    """The published data set: questions, kept tests, verdicts of the chosen batches."""
    return Stage(
        ACECODE_DATASET,
        inputs=(QUESTIONS, FILTERED_TESTS, TEST_RESULTS),
        settings={"batches": project.settings.data.batches},
    )


def preference_pairs(project: Project) -> Stage:
    """Pairs: verdicts of the chosen batches, and the rule."""
    settings = project.settings
    return Stage(
        PREFERENCE_PAIRS,
        inputs=(QUESTIONS, SAMPLED_PROGRAMS, TEST_RESULTS),
        settings={"pairs": seeded(settings.pairs, settings.seed).model_dump(), "batches": settings.data.batches},
        source=lambda project, _: (
            certificate.content_key if (certificate := project.lake.current(TEST_QUALITY)) else ""
        ),
    )


def hard_questions(project: Project) -> Stage:
    """Hard questions: verdicts of the chosen batches, and the rule."""
    settings = project.settings
    return Stage(
        HARD_QUESTIONS,
        inputs=(QUESTIONS, TEST_RESULTS),
        settings={"rule": settings.hard_questions.model_dump(), "batches": settings.data.batches},
    )


def program_scores(project: Project) -> Stage:
    """Scores: the programs, the reward model, and how it reads them."""
    settings = project.settings
    return Stage(
        PROGRAM_SCORES,
        inputs=(QUESTIONS, SAMPLED_PROGRAMS),
        artifacts=("reward_model",),
        settings={
            "prompt": settings.prompt,
            "batches": settings.data.batches,
            "scoring": settings.scoring.model_dump(),
        },
    )


def best_of_n(project: Project) -> Stage:
    """Best of N: tests, programs, verdicts, scores, and how they are measured."""
    measuring = seeded(project.settings.evaluation, project.settings.seed)
    return Stage(
        BEST_OF_N,
        inputs=(QUESTIONS, FILTERED_TESTS, SAMPLED_PROGRAMS, TEST_RESULTS, PROGRAM_SCORES),
        settings={"evaluation": measuring.model_dump()},
    )


def policy_programs(project: Project) -> Stage:
    """Programs of the policies: held-out questions, the policies, prompt and sampling parameters."""
    settings = project.settings
    sampling = settings.sampling.model_copy(update={"programs_per_question": settings.evaluation.programs_per_question})
    return Stage(
        POLICY_PROGRAMS,
        inputs=(QUESTIONS, FILTERED_TESTS),
        artifacts=POLICIES,
        settings={
            "sampling": sampling.model_dump(exclude={"engine"}),
            "prompt": settings.prompt,
            "batches": settings.data.batches,
        },
    )


def policy_results(_: Project) -> Stage:
    """Verdicts of the policies' programs: these and the tests of their questions."""
    return Stage(POLICY_RESULTS, inputs=(QUESTIONS, CANDIDATE_TESTS, FILTERED_TESTS, POLICY_PROGRAMS))


def rollouts(_: Project) -> Stage:
    """Rollouts: the policies that were trained."""
    return Stage(ROLLOUTS, source=_trained(POLICIES))


def training_curves(_: Project) -> Stage:
    """Learning curves: all models that were trained."""
    return Stage(TRAINING_CURVES, source=_trained(TRAININGS))


def _trained(names: Iterable[str]) -> Callable[[Project, str], str]:
    def source(project: Project, _: str) -> str:
        found = (project.home.artifacts.current(name) for name in names)
        return " ".join(f"{artifact.name}:{artifact.content_key}" for artifact in found if artifact is not None)

    return source


def benchmark_scores(project: Project) -> Stage:
    """pass@k: verdicts before and after, and how they are measured."""
    measuring = seeded(project.settings.evaluation, project.settings.seed)
    return Stage(
        BENCHMARK_SCORES,
        inputs=(QUESTIONS, TEST_RESULTS, POLICY_RESULTS),
        settings={"evaluation": measuring.model_dump()},
    )


BATCH_STAGES: dict[str, Callable[[Project], Stage]] = {
    "seed_functions": seed_functions,
    "writer_answers": writer_answers,
    "questions": questions,
    "candidate_tests": candidate_tests,
    "oracle_programs": oracle_programs,
    "oracle_results": oracle_results,
    "filtered_tests": filtered_tests,
    "sampled_programs": sampled_programs,
    "test_results": test_results,
}
"""Stages of the seed batches, in the order in which the data travels."""

TABLE_STAGES: dict[str, Callable[[Project], Stage]] = {
    "test_quality": test_quality,
    "acecode_dataset": acecode_dataset,
    "preference_pairs": preference_pairs,
    "hard_questions": hard_questions,
}
"""Stages that put the batches together."""

EVALUATION_STAGES: dict[str, Callable[[Project], Stage]] = {
    "rollouts": rollouts,
    "training_curves": training_curves,
    "program_scores": program_scores,
    "best_of_n": best_of_n,
    "policy_programs": policy_programs,
    "policy_results": policy_results,
    "benchmark_scores": benchmark_scores,
}
"""Stages that look at what was trained, and measure it."""


def trains_base_policy(project: Project) -> bool:
    """Return whether the base policy is trained here."""
    return project.settings.base_policy.model == SCRATCH


def base_policy_tables(settings: Settings) -> tuple[Table, ...]:
    """Return the tables that the base policy is trained on: none, unless its corpus is the project's own questions."""
    base = settings.base_policy
    return (QUESTIONS, FILTERED_TESTS) if base.model == SCRATCH and base.corpus == "questions" else ()


def base_policy(project: Project) -> dict[str, object]:
    """The base policy trained here: corpus, model, training, prompt and seed."""
    settings = project.settings
    trained_with = {
        "base_policy": settings.base_policy.model_dump(exclude={"corpus"}),
        "micro": settings.micro.model_dump(),
        "prompt": settings.prompt,
        "seed": settings.seed,
    }
    tables = base_policy_tables(settings)
    if not tables:
        return trained_with
    read = {table.name: _batch_keys(project, table) for table in tables}
    return {**trained_with, **read, "longest_program": settings.sampling.max_tokens}


def reward_model(project: Project) -> dict[str, object]:
    """The reward model: pairs, backbone, prompt, training and seed."""
    settings = project.settings
    backbone = settings.reward_backbone
    source = base_policy_sampler(project, settings) if backbone.model == "base_policy" else None
    return {
        "pairs": _table_key(project, PREFERENCE_PAIRS),
        "backbone": source.revision if source else backbone.model_dump(),
        "prompt": settings.prompt,
        "settings": settings.reward_model.model_dump(),
        "seed": settings.seed,
    }


def policy_rule(project: Project) -> dict[str, object]:
    """The policy trained by tests: see `_policy`."""
    return _policy(project, project.settings.policy_rule, None)


def policy_reward_model(project: Project) -> dict[str, object]:
    """The policy trained by the reward model: see `_policy`."""
    judge_model = project.home.artifacts.current("reward_model")
    return _policy(project, project.settings.policy_reward_model, judge_model.content_key if judge_model else None)


def _policy(project: Project, policy: PolicySettings, reward_model_key: str | None) -> dict[str, object]:
    """A policy: base policy, hard questions, reward, prompt, training and seed."""
    settings = project.settings
    return {
        "base": base_policy_sampler(project, settings).revision,
        "questions": _table_key(project, HARD_QUESTIONS),
        "reward_model": reward_model_key,
        "prompt": settings.prompt,
        "policy": policy.model_dump(),
        "seed": settings.seed,
    }


def _table_key(project: Project, table: Table) -> str:
    partition = project.lake.current(table)
    if partition is None:
        raise _nothing_yet(table)
    return partition.content_key


def _batch_keys(project: Project, table: Table) -> list[tuple[str, str]]:
    partitions = project.training_partitions(table)
    if not partitions:
        raise _nothing_yet(table)
    return [(partition.batch, partition.content_key) for partition in partitions]


def _nothing_yet(table: Table) -> dg.Failure:
    return dg.Failure(f"{table.name} has no rows yet: materialize it first", allow_retries=False)


TRAININGS: dict[str, Callable[[Project], dict[str, object]]] = {
    "base_policy": base_policy,
    "reward_model": reward_model,
    "policy_rule": policy_rule,
    "policy_reward_model": policy_reward_model,
}
"""What each trained model depends on, in the order in which they are trained."""
