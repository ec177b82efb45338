"""What `acecoder seeds` does: collect seed functions, say what was kept, write questions with tests from them."""

import polars as pl
from pydantic import ValidationError
from rich.console import Console

from acecoder_dagster.cli.printing import print_frame
from acecoder_dagster.cli.run import run_and_report
from acecoder_dagster.cli.run_graph import only_run
from acecoder_dagster.data.home import Home
from acecoder_dagster.graph.operating.selections import synthesis_stages
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.questions.seeding import SeedError, SeedManifest, store_seeds

SYNTHESIS_QUERIES = ("stages", "rejected_by_reason", "writer_cost")


def read_seed_manifest(**values: object) -> SeedManifest:
    """Return the manifest of the command's options.

    Raises:
        SeedError: an option has a wrong value.
    """
    try:
        return SeedManifest.model_validate(values)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, each['loc'])) or 'seeds'}: {each['msg']}" for each in error.errors()]
        raise SeedError("; ".join(problems)) from error


def run_seeds(home: Home, profile: str, console: Console, manifest: SeedManifest, *, only_collect: bool) -> int:
    """Collect seeds and run their batches up to the tests that are kept; return the exit code.

    Raises:
        SeedError: a source does not exist or has no known shape; earlier collections stay as they are.
        ImportFileError: a file of instruction data cannot be read.
    """
    with only_run(home):
        stored = store_seeds(home.root, manifest)
    counts = pl.DataFrame(
        {"seeds": [stored.kept + stored.rejected], "kept": [stored.kept], "rejected": stored.rejected}
    )
    print_frame(console, counts, title="collected")
    if stored.unchanged:
        console.print(f"{stored.name}: the same sources as before, nothing to collect again.")
    if only_collect:
        return 0
    stages = synthesis_stages(Project(root=str(home.root), profile=profile).open())
    return run_and_report(home, profile, console, stages, list(stored.batches), SYNTHESIS_QUERIES)
