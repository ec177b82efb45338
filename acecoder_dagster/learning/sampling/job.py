"""What a sampling engine is given to do."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SamplingJob:
    """One model and the prompts that it answers.

    Attributes:
        model: Folder or hub id.
        prompts: Parquet with columns question_id (unique) and prompt.
        output: Parquet to write, with the columns of `sampler.COMPLETIONS`.
        revision: Revision of a hub model.
        stop: Texts at which a completion ends; they are no part of it.
        seconds_between_parts: How long finished completions may stay in memory alone; a kill loses these.
    """

    model: str
    prompts: Path
    output: Path
    revision: str | None = None
    stop: tuple[str, ...] = ()
    seconds_between_parts: float = 10.0
