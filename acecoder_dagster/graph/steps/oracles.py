"""Where oracle programs come from: references, imported programs of the oracle models, or the models themselves."""

from collections.abc import Iterator, Sequence

import dagster as dg
import polars as pl

from acecoder_dagster.data.home import RunError
from acecoder_dagster.data.tables import ORACLE_PROGRAMS, REJECTED_ROWS
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.stages import StageRows
from acecoder_dagster.graph.step import Step
from acecoder_dagster.graph.steps.batch_sources import brings_programs
from acecoder_dagster.graph.steps.sampling import Sampler, sample_questions
from acecoder_dagster.learning.model_address import read_address
from acecoder_dagster.questions.importing import load_import
from acecoder_dagster.questions.test_suites.choosing import reference_oracles
from acecoder_dagster.settings import TestSettings


def oracle_rows(step: Step, questions: dict[str, pl.DataFrame]) -> Iterator[tuple[str, StageRows]]:
    """Yield the oracle programs of each batch: references, imported programs of the oracle models, or sampled ones."""
    tests = step.settings.tests
    if problem := _unnamed_oracles(tests):
        raise dg.Failure(problem, allow_retries=False)
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


def check_oracle_models(project: OpenProject, batches: Sequence[str]) -> None:
    """Look before anything is run whether there will be oracle programs for the batches.

    Raises:
        RunError: the test policy needs oracle models and none is named, or a batch brings programs of others only.
    """
    tests = project.settings.tests
    if problem := _unnamed_oracles(tests):
        raise RunError(problem)
    for batch in batches if tests.oracle_models and tests.policy != "trusted" else ():
        if brings_programs(project, batch):
            try:
                _programs_of_models(load_import(project.home.root, batch).programs, tests.oracle_models, batch)
            except LookupError as error:
                raise RunError(str(error.args[0])) from error


def _unnamed_oracles(tests: TestSettings) -> str | None:
    """Return what is wrong where the test policy needs models and none is named."""
    if tests.policy in {"trusted", "reference"} or tests.oracle_models:
        return None
    return f"tests.policy = {tests.policy!r} needs tests.oracle_models"


def _imported_programs(step: Step, batch: str) -> pl.DataFrame:
    """Return the oracle models' programs among those that a batch brings (columns of ORACLE_PROGRAMS).

    Raises:
        Failure: there is none.
    """
    imported = load_import(step.project.home.root, batch).programs
    try:
        return _programs_of_models(imported, step.settings.tests.oracle_models, batch)
    except LookupError as error:
        raise dg.Failure(str(error.args[0]), allow_retries=False) from error


def _programs_of_models(imported: pl.DataFrame, models: Sequence[str], batch: str) -> pl.DataFrame:
    """Return the programs of some models (columns of ORACLE_PROGRAMS).

    Raises:
        LookupError: there is none; the message names models that have programs.
    """
    named = imported.filter(pl.col("model").is_in(models)).select(list(ORACLE_PROGRAMS.schema))
    if named.is_empty():
        there = imported["model"].value_counts(sort=True).sort("count", "model", descending=[True, False])["model"]
        raise LookupError(
            f"Batch {batch} brings programs, but none of tests.oracle_models = {', '.join(models)}. It has programs of "
            f"{', '.join(there.head(5))}{f' and {len(there) - 5} others' if len(there) > 5 else ''}: name some of "
            "these, or import the questions without programs, so that the models are asked for some"
        )
    return named


def _oracle(address: str) -> Sampler:
    model, revision = read_address(address)
    return Sampler(address, model, revision or model, revision)


def _oracle_model_programs(
    step: Step, questions: dict[str, pl.DataFrame]
) -> dict[str, tuple[pl.DataFrame, dict[str, float]]]:
    """Return, by batch, programs of all oracle models (paper, section 3.1: one model, greedy) and summed figures."""
    tests = step.settings.tests
    made: dict[str, tuple[pl.DataFrame, dict[str, float]]] = {}
    for model in tests.oracle_models:
        sampler = _oracle(model)
        jobs = [(batch, sampler, rows) for batch, rows in questions.items()]
        for batch, (programs, figures) in sample_questions(step, jobs, tests.oracle_sampling).items():
            before, counted = made.get(batch, (ORACLE_PROGRAMS.empty(), {}))
            summed = {name: counted.get(name, 0.0) + value for name, value in figures.items()}
            made[batch] = pl.concat([before, programs.select(list(ORACLE_PROGRAMS.schema))]), summed
    return made
