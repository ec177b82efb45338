"""`acecoder demo`: the whole graph on the profile's own questions."""

import typer

from acecoder_dagster.cli.folder_settings import OtherSettingsOption
from acecoder_dagster.cli.options import ProfileOption, SeedOption, chosen_profile
from acecoder_dagster.cli.printing import WideOption, output, print_line, show_all_columns


def demo(
    profile: ProfileOption = None,
    seed: SeedOption = None,
    other_settings: OtherSettingsOption = False,
    wide: WideOption = False,
) -> None:
    """Run the whole graph on the profile's own questions.

    Prints what each stage did and what was learned.

    Finished stages are not run again: after an interruption, the same command goes on where it stopped.
    """
    from acecoder_dagster.cli.run import run_and_report
    from acecoder_dagster.data.home import Home

    show_all_columns(wide)
    home = Home.from_environment().refreshed()
    code = run_and_report(home, chosen_profile(profile, seed), output, other_settings=other_settings)
    if code == 0:
        print_line(
            output,
            f"\nReport for any browser: {home.root / 'report.html'}; as text with plots: {home.root / 'report.md'}.",
        )
    raise typer.Exit(code)
