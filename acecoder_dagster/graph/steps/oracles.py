"""Where oracle programs come from: references, imported programs of the oracle models, or the models themselves."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from acecoder_dagster.data.tables import ORACLE_PROGRAMS, REJECTED_ROWS
from acecoder_dagster.graph.stages import StageRows
from acecoder_dagster.graph.step import Step
from acecoder_dagster.graph.steps.batch_sources import brings_programs
from acecoder_dagster.graph.steps.sampling import Sampler, sample_questions
from acecoder_dagster.questions.importing import load_import
from acecoder_dagster.questions.test_suites.choosing import reference_oracles


def oracle_rows(step: Step, questions: dict[str, pl.DataFrame]) -> Iterator[tuple[str, StageRows]]:
    """Yield the oracle programs of each batch: references, imported programs of the oracle models, or sampled ones."""
    tests = step.settings.tests
    if tests.policy not in {"trusted", "reference"} and not tests.oracle_models:
        raise dg.Failure(f"tests.policy = {tests.policy!r} needs tests.oracle_models", allow_retries=False)
    to_sample: dict[str, pl.DataFrame] = {}
    for batch, rows in questions.items():
        references, rejected = ORACLE_PROGRAMS.empty(), REJECTED_ROWS.empty()
        if tests.policy == "reference":
            references, rejected = reference_oracles(rows)
        if tests.policy == "trusted" or not tests.oracle_models:
            yield batch, StageRows(references, references.height + rejected.height, rejected)
        elif brings_programs(step.project, batch):
            named = _imported_programs(step, batch).join(rows, on="question_id", how="semi")
            programs = pl.concat([references, named])
            yield batch, StageRows(programs, programs.height + rejected.height, rejected)
        else:
            to_sample[batch] = rows
    sampled = _oracle_model_programs(step, to_sample) if to_sample else {}
    for batch, (answers, figures) in sampled.items():
        references, rejected = ORACLE_PROGRAMS.empty(), REJECTED_ROWS.empty()
        if tests.policy == "reference":
            references, rejected = reference_oracles(to_sample[batch])
        programs = pl.concat([references, answers])
        yield batch, StageRows(programs, programs.height + rejected.height, rejected, figures)


def _imported_programs(step: Step, batch: str) -> pl.DataFrame:
    """Return the oracle models' programs among those that a batch brings (columns of ORACLE_PROGRAMS).

    Raises:
        Failure: there is none.
    """
    models = step.settings.tests.oracle_models
    imported = load_import(step.project.home.root, batch).programs
    named = imported.filter(pl.col("model").is_in(models)).select(list(ORACLE_PROGRAMS.schema))
    if named.is_empty():
        there = imported["model"].value_counts(sort=True)["model"]
        raise dg.Failure(
            f"Batch {batch} brings programs, but none of tests.oracle_models = {', '.join(models)}. It has programs of "
            f"{', '.join(there.head(5))}{f' and {len(there) - 5} others' if len(there) > 5 else ''}: name some of "
            "these, or import the questions without programs, so that the models are asked for some",
            allow_retries=False,
        )
    return named


def _oracle_model_programs(
    step: Step, questions: dict[str, pl.DataFrame]
) -> dict[str, tuple[pl.DataFrame, dict[str, float]]]:
    """Return, by batch, programs of all oracle models (paper, section 3.1: one model, greedy) and summed figures."""
    tests = step.settings.tests
    made: dict[str, tuple[pl.DataFrame, dict[str, float]]] = {}
    for model in tests.oracle_models:
        jobs = [(batch, Sampler(model, model, model), rows) for batch, rows in questions.items()]
        for batch, (programs, figures) in sample_questions(step, jobs, tests.oracle_sampling).items():
            before, counted = made.get(batch, (ORACLE_PROGRAMS.empty(), {}))
            summed = {name: counted.get(name, 0.0) + value for name, value in figures.items()}
            made[batch] = pl.concat([before, programs.select(list(ORACLE_PROGRAMS.schema))]), summed
    return made
