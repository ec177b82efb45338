"""Seeds and questions of the micro task family, as tables."""

import polars as pl

from acecoder_dagster.data.lake import text_id
from acecoder_dagster.data.tables import QUESTIONS, SEED_FUNCTIONS
from acecoder_dagster.questions.micro import MicroSettings, generate_tasks

SOURCE = "procedural"
LICENCE = "MIT"
REVISION = "1"


def procedural_seeds(batch_number: int, questions_per_batch: int, seed: int, settings: MicroSettings) -> pl.DataFrame:
    """Return one batch of procedural seeds (columns of SEED_FUNCTIONS).

    Batches are slices of one long list of different tasks, so no two batches hold the same question.
    `upstream_id` is `<kind>:<primitives>#<number>`: everything before `#` is the composition that decides the split.
    """
    end = (batch_number + 1) * questions_per_batch
    tasks = generate_tasks(end, seed, settings)[-questions_per_batch:]
    rows = [
        {
            "source": SOURCE,
            "upstream_id": f"{task.kind}:{'>'.join(task.composition)}#{end - questions_per_batch + number}",
            "upstream_revision": REVISION,
            "licence": LICENCE,
            "split": task.split,
            "instruction": task.question,
            "code": task.reference_program,
            "entry_point": task.entry_point,
            "argument_texts": list(task.argument_texts),
        }
        for number, task in enumerate(tasks)
    ]
    ids = [text_id(SOURCE, str(row["upstream_id"]), str(row["code"])) for row in rows]
    return SEED_FUNCTIONS.conform(pl.DataFrame(rows).with_columns(seed_id=pl.Series(ids)))


def procedural_questions(seeds: pl.DataFrame) -> pl.DataFrame:
    """Return the questions of procedural seeds (columns of QUESTIONS): their instruction as it stands."""
    rows = seeds.select(
        "seed_id",
        "source",
        "upstream_id",
        "split",
        "licence",
        pl.col("instruction").alias("question"),
        "entry_point",
        pl.lit("").alias("setup_code"),
        pl.col("code").alias("reference_program"),
        pl.lit(SOURCE).alias("writer"),
    )
    ids = [
        text_id(row["source"], row["upstream_id"], row["question"], row["entry_point"])
        for row in rows.iter_rows(named=True)
    ]
    return QUESTIONS.conform(rows.with_columns(question_id=pl.Series(ids, dtype=pl.String)))
