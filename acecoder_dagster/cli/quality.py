"""What `acecoder quality` does in a terminal: send calibration questions through the graph, print the certificate."""

from fnmatch import fnmatch

from rich.console import Console

from acecoder_dagster.cli.run import run_and_report
from acecoder_dagster.cli.run_graph import only_run
from acecoder_dagster.data.home import Home, RunError
from acecoder_dagster.graph.operating.selections import quality_stages
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.graph.steps.batch_sources import known_batches
from acecoder_dagster.questions.importing import ImportManifest, store_import
from acecoder_dagster.settings import read_settings

NAME = "calibration"


def run_quality(home: Home, profile: str, console: Console, manifest: ImportManifest | None) -> int:
    """Import calibration files if there are any, run them up to the certificate and print it; return the exit code.

    Raises:
        ImportFileError: a file is missing or broken.
        RunError: there are no calibration questions.
    """
    settings = read_settings(profile)
    if manifest is not None:
        with only_run(home):
            store_import(home.root, manifest)
    patterns = settings.quality.batches
    batches = [batch for batch in known_batches(home, settings) if any(fnmatch(batch, each) for each in patterns)]
    if not batches:
        raise RunError(
            f"no batch is called {' or '.join(patterns) or 'anything that quality.batches names'}: give files with "
            "--questions (with official tests and reference programs), --programs and --generated-tests"
        )
    stages = quality_stages(Project(root=str(home.root), profile=profile).open(), batches)
    return run_and_report(home, profile, console, stages, batches, ("stages", "test_quality"))
