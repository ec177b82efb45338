"""`acecoder quality`: how good the kept tests are, measured on questions with known answers."""

from fnmatch import fnmatch
from typing import Annotated

import typer

from acecoder_dagster.cli.folder_settings import OtherSettingsOption, take_settings
from acecoder_dagster.cli.import_files import print_import, read_manifest
from acecoder_dagster.cli.options import ProfileOption, chosen_profile
from acecoder_dagster.cli.printing import WideOption, output, show_all_columns

NAME = "calibration"


def quality(
    questions: Annotated[list[str] | None, typer.Option(help="Questions with official tests and references.")] = None,
    programs: Annotated[list[str] | None, typer.Option(help="Programs that models wrote for them.")] = None,
    generated_tests: Annotated[list[str] | None, typer.Option(help="Tests that models wrote for them.")] = None,
    profile: ProfileOption = None,
    other_settings: OtherSettingsOption = False,
    wide: WideOption = False,
) -> None:
    """Measure how good the kept tests are.

    Measured are the tests that the profile's policy keeps of questions with known answers. The official tests only
    label the programs. Without files, the calibration questions imported before are measured.
    """
    from acecoder_dagster.cli.run import run_and_report
    from acecoder_dagster.cli.run_graph import only_run
    from acecoder_dagster.data.home import Home, RunError
    from acecoder_dagster.graph.operating.selections import quality_stages
    from acecoder_dagster.graph.resources import OpenProject
    from acecoder_dagster.graph.steps.batch_sources import known_batches
    from acecoder_dagster.questions.importing import store_import
    from acecoder_dagster.settings import read_settings

    show_all_columns(wide)
    home, name = Home.from_environment().refreshed(), chosen_profile(profile)
    settings = read_settings(name)
    take_settings(OpenProject(home, settings), name, told=other_settings)
    given = {"questions": questions, "programs": programs or (), "generated_tests": generated_tests or ()}
    if questions:
        manifest = read_manifest(name=NAME, tests="both", **given)
        with only_run(home):
            stored = store_import(home.root, manifest)
        print_import(stored.counts, stored.reasons)
    patterns = settings.quality.batches
    batches = [batch for batch in known_batches(home, settings) if any(fnmatch(batch, each) for each in patterns)]
    if not batches:
        raise RunError(
            f"no batch is called {' or '.join(patterns) or 'anything that quality.batches names'}: give files with "
            "--questions (with official tests and reference programs), --programs and --generated-tests"
        )
    stages = quality_stages(OpenProject(home, settings), batches)
    raise typer.Exit(run_and_report(home, name, output, stages, batches, ("test_quality",)))
