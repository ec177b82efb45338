"""The `acecoder` command."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from acecoder_dagster import AceCoderError
from acecoder_dagster.data.home import PROFILE_VARIABLE, Home, profile_from_environment
from acecoder_dagster.files import ImportFileError
from acecoder_dagster.judge import SandboxSettings, SandboxUnavailableError
from acecoder_dagster.judge.settings import LauncherName
from acecoder_dagster.learning.training.settings import ScoringSettings
from acecoder_dagster.questions.importing import ImportManifest
from acecoder_dagster.settings import SettingsError, read_settings

PLAIN_WIDTH = 1000
"""Tables that go to a file or a pipe are as wide as their cells, up to this."""

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
sandbox_app = typer.Typer(no_args_is_help=True, help="The image that programs run in.")
app.add_typer(sandbox_app, name="sandbox")
errors = Console(stderr=True, highlight=False)
output = Console(highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)

ProfileOption = Annotated[
    str | None, typer.Option(help=f"Profile name or .toml file; else ${PROFILE_VARIABLE}, else micro.")
]
SeedOption = Annotated[int | None, typer.Option(min=0, help="Seed of everything random; else the profile's.")]


def main() -> None:
    """Run the command; expected problems end it with their message and exit code 2."""
    try:
        app()
    except AceCoderError as error:
        errors.print(f"[red]error:[/red] {escape(str(error))}", markup=True, soft_wrap=True)
        sys.exit(2)


@app.command()
def demo(profile: ProfileOption = None, seed: SeedOption = None) -> None:
    """Run the whole pipeline and print what each stage did and what was learned.

    Finished stages are not run again: after an interruption, the same command goes on where it stopped.
    """
    from acecoder_dagster.cli.run import run_demo

    sys.exit(run_demo(Home.from_environment(), _profile(profile, seed), output))


@app.command()
def run(
    assets: Annotated[list[str] | None, typer.Argument(help="Assets to materialize; all when left out.")] = None,
    batch: Annotated[list[str] | None, typer.Option(help="Batch to run; all when left out.")] = None,
    profile: ProfileOption = None,
    seed: SeedOption = None,
) -> None:
    """Materialize assets in this terminal."""
    from acecoder_dagster.cli.run import run_and_report

    sys.exit(run_and_report(Home.from_environment(), _profile(profile, seed), output, assets, batch))


@app.command()
def plan(
    batch: Annotated[list[str] | None, typer.Option(help="Batch to plan for; all when left out.")] = None,
    profile: ProfileOption = None,
) -> None:
    """Show what a refresh would do before anything is spent: rows, programs, tokens, minutes, money."""
    from acecoder_dagster.cli.plan import print_plan

    print_plan(Home.from_environment(), profile or profile_from_environment(), output, batch)


@app.command("import")
def import_files(
    name: Annotated[str, typer.Option(help="Name of the import; its batches are NAME-000 ...")],
    questions: Annotated[list[str], typer.Option(help="File of questions (Parquet, JSONL, JSON) or hf://owner/name.")],
    programs: Annotated[list[str] | None, typer.Option(help="File of programs that models wrote.")] = None,
    generated_tests: Annotated[list[str] | None, typer.Option(help="File of tests that models wrote.")] = None,
    tests: Annotated[str, typer.Option(help="official, generated, or both.")] = "official",
    split: Annotated[str, typer.Option(help="keep: the file's; hash: by question; train or test: all of it.")] = "keep",
    test_share: Annotated[float, typer.Option(help="Share of questions held out for measuring, by hash.")] = 0.1,
    only_check: Annotated[bool, typer.Option("--only-check", help="Read and check the files, change nothing.")] = False,
    profile: ProfileOption = None,
) -> None:
    """Bring in question, test and program files, and run them through the graph up to preference pairs.

    What is recognised: the columns of our own tables, HumanEval's, MBPP's, BigCodeBench's, LiveCodeBench's and the
    published AceCode-87K's.
    """
    from acecoder_dagster.cli.run import run_import

    manifest = read_manifest(
        name=name,
        questions=questions,
        programs=programs or (),
        generated_tests=generated_tests or (),
        tests=tests,
        split=split,
        test_share=test_share,
    )
    sys.exit(run_import(Home.from_environment(), _profile(profile, None), output, manifest, only_check=only_check))


@app.command()
def seeds(
    name: Annotated[str, typer.Option(help="Name of the collection; its batches are NAME-000 ...")],
    code: Annotated[list[str] | None, typer.Option(help="Folder, .py file, installed package, or stdlib.")] = None,
    data: Annotated[list[str] | None, typer.Option(help="Instruction data: file, or hf://owner/name@revision.")] = None,
    licence: Annotated[str | None, typer.Option(help="SPDX identifier of what does not say its own licence.")] = None,
    documented: Annotated[bool, typer.Option("--documented", help="Only functions with a docstring.")] = False,
    sample: Annotated[int | None, typer.Option(min=1, help="Draw so many seeds; all when left out.")] = None,
    only_collect: Annotated[bool, typer.Option("--only-collect", help="Collect, run nothing.")] = False,
    profile: ProfileOption = None,
) -> None:
    """Collect seed functions from code or instruction data, and write questions with tests from them.

    From there on, `acecoder run` takes them through the rest of the graph.
    """
    from acecoder_dagster.cli.seeds import read_seed_manifest, run_seeds

    manifest = read_seed_manifest(
        name=name, code=code or (), data=data or (), licence=licence, documented=documented, sample=sample
    )
    profile_name = _profile(profile, None)
    sys.exit(run_seeds(Home.from_environment(), profile_name, output, manifest, only_collect=only_collect))


@app.command()
def quality(
    questions: Annotated[list[str] | None, typer.Option(help="Questions with official tests and references.")] = None,
    programs: Annotated[list[str] | None, typer.Option(help="Programs that models wrote for them.")] = None,
    generated_tests: Annotated[list[str] | None, typer.Option(help="Tests that models wrote for them.")] = None,
    profile: ProfileOption = None,
) -> None:
    """Measure how good the tests are that the profile's policy keeps, on questions with known answers.

    The official tests only label the programs. Without files, the calibration questions imported before are measured.
    """
    from acecoder_dagster.cli.quality import NAME, run_quality

    given = {"questions": questions, "programs": programs or (), "generated_tests": generated_tests or ()}
    manifest = read_manifest(name=NAME, tests="both", **given) if questions else None
    sys.exit(run_quality(Home.from_environment(), _profile(profile, None), output, manifest))


@app.command()
def judge(
    questions: Annotated[Path, typer.Argument(help="question_id and tests, or test_code, or io_tests.")],
    programs: Annotated[Path, typer.Argument(help="question_id, program_id, program.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File of verdicts, one row per program.")],
    launcher: Annotated[LauncherName | None, typer.Option(help="What starts the sandboxes; else auto.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Programs at the same time; else one per core.")] = None,
    cpu_seconds: Annotated[float | None, typer.Option(min=0.01, help="Processor time of one test; else 1.")] = None,
    memory_mb: Annotated[int | None, typer.Option(min=64, help="Memory of one process; else 1024.")] = None,
    profile: Annotated[str | None, typer.Option(help="Profile or .toml file with all limits, in [sandbox].")] = None,
) -> None:
    """Judge programs by the tests of their questions. Files are Parquet, JSONL (also .gz) or JSON.

    Stopped at any moment, it goes on where it was when started again. Ends with 1 when a program could not be judged.
    """
    from acecoder_dagster.cli.judge import run_judge

    flags = {"launcher": launcher, "workers": workers, "cpu_seconds_per_test": cpu_seconds, "memory_mb": memory_mb}
    settings = _sandbox_settings(profile, flags)
    sys.exit(run_judge(output, errors, questions, programs, out, settings))


@app.command()
def score(
    model: Annotated[str, typer.Argument(help="Folder or hub id of the reward model.")],
    programs: Annotated[Path, typer.Argument(help="program, and question (with entry_point) or prompt.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The same rows with their score: .parquet or .jsonl.")],
    prompt: Annotated[str | None, typer.Option(help="Prompt template; else the one it was trained with.")] = None,
    profile: Annotated[str | None, typer.Option(help="Profile or .toml file with settings in [scoring].")] = None,
) -> None:
    """Score programs with a reward model. Files are Parquet, JSONL (also .gz) or JSON."""
    from acecoder_dagster.cli.reward_model import run_score

    settings = ScoringSettings() if profile is None else read_settings(profile).scoring
    sys.exit(run_score(output, errors, model, programs, out, settings, prompt))


@app.command()
def train_rm(
    pairs: Annotated[Path, typer.Argument(help="chosen, rejected, and question (with entry_point) or prompt.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the reward model.")],
    backbone: Annotated[str, typer.Option(help="Folder or hub id of a causal model, or scratch: a new small one.")],
    profile: ProfileOption = None,
    seed: SeedOption = None,
) -> None:
    """Train a reward model on a file of preference pairs; settings are [reward_model] of the profile.

    Stopped at any moment, it goes on from its last checkpoint when started again.
    """
    from acecoder_dagster.cli.reward_model import run_train

    sys.exit(run_train(output, errors, pairs, backbone, out, read_settings(_profile(profile, seed))))


@app.command()
def train_rl(
    questions: Annotated[list[str], typer.Argument(help="Files or hf://owner/name, as acecoder import takes.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the policy, its rollouts and curves.")],
    policy: Annotated[str, typer.Option(help="Folder or hub id of the model to start from.")],
    reward_model: Annotated[
        Path | None, typer.Option(help="Folder of a reward model; without it, tests are the reward.")
    ] = None,
    profile: ProfileOption = None,
    seed: SeedOption = None,
) -> None:
    """Train a policy by reinforcement on questions with tests; settings are [policy_rule] or [policy_reward_model].

    Stopped at any moment, it goes on from its last checkpoint when started again.
    """
    from acecoder_dagster.cli.policy import run_train_policy

    settings = read_settings(_profile(profile, seed))
    sys.exit(run_train_policy(output, errors, questions, policy, out, settings, reward_model))


@app.command()
def convert_rm(
    source: Annotated[Path, typer.Argument(help="Folder of a checkpoint with a value head, such as AceCodeRM.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the reward model.")],
) -> None:
    """Convert a reward model of the published format, so that it loads everywhere."""
    from acecoder_dagster.cli.reward_model import run_convert

    sys.exit(run_convert(output, source, out))


@app.command()
def ui(
    profile: ProfileOption = None,
    port: Annotated[int, typer.Option(help="Port of the web page.")] = 3000,
) -> NoReturn:
    """Open Dagster's web interface on this project folder."""
    _become_dagster(profile, ["dev", "-m", "acecoder_dagster.definitions", "-h", "127.0.0.1", "-p", str(port)])


@app.command()
def serve(
    profile: ProfileOption = None,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "0.0.0.0",  # noqa: S104 - of its container
    port: Annotated[int, typer.Option(help="Port to listen at.")] = 4000,
) -> NoReturn:
    """Serve this project folder to Dagster's web server and daemon in other containers, see containers/compose.yaml."""
    _become_dagster(profile, ["api", "grpc", "-m", "acecoder_dagster.definitions", "-h", host, "-p", str(port)])


@app.command()
def query(
    name_or_sql: Annotated[str | None, typer.Argument(help="A named query, or SQL; with --describe, a table.")] = None,
    describe: Annotated[bool, typer.Option("--describe", help="Show tables and columns with their meaning.")] = False,
    values: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE, read by getvariable('KEY').")] = None,
    file_format: Annotated[
        Literal["table", "csv", "json", "parquet"], typer.Option("--format", help="How rows are printed or written.")
    ] = "table",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write: .csv, .json or .parquet.")] = None,
) -> None:
    """Ask the warehouse: a named query, any SQL, or - without an argument - the list of named queries."""
    from acecoder_dagster.cli.query import print_answer, print_named_queries, print_tables

    warehouse = Home.from_environment().warehouse
    if describe:
        print_tables(output, warehouse, name_or_sql)
    elif name_or_sql is None:
        print_named_queries(output)
    else:
        print_answer(output, warehouse, name_or_sql, values or (), file_format, out)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Folder to make: the data set as Parquet, and its card.")],
    permissive_only: Annotated[
        bool, typer.Option("--permissive-only", help="Leave out what no permissive licence covers.")
    ] = False,
    licence: Annotated[
        list[str] | None, typer.Option(help="NAME=SPDX: the licence of a source's questions or a model's programs.")
    ] = None,
) -> None:
    """Write acecode_dataset and preference_pairs for publication, with a data card.

    Nothing is written while the licence of any row is unknown: the message names the rows and what to say of them.
    """
    from acecoder_dagster.cli.query import run_export

    run_export(output, Home.from_environment().warehouse, folder, permissive_only, licence or ())


@sandbox_app.command("build")
def sandbox_build(
    base: Annotated[str | None, typer.Option(help="Base image; the official Python image when left out.")] = None,
) -> None:
    """Make what sandboxes need and is missing: Docker's image, and the same packages for bubblewrap.

    Where the official Python image cannot be pulled, the image's base is a Debian made on this machine by debootstrap.
    With a base of yours, the image is built anew.
    """
    from acecoder_dagster.judge import build_image, connect_engine, ensure_image, install_host_packages

    try:
        engine = connect_engine()
    except SandboxUnavailableError as error:
        if base is not None:
            raise
        output.print(f"no image: {error}", markup=False, soft_wrap=True)
    else:
        output.print(f"image {build_image(engine, base) if base else ensure_image(engine, None)}")
    output.print(f"packages {install_host_packages()}", markup=False, soft_wrap=True)


def read_manifest(**values: object) -> ImportManifest:
    """Return the manifest of the command's options.

    Raises:
        ImportFileError: an option has a wrong value, or two do not fit together.
    """
    try:
        return ImportManifest.model_validate(values)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, each['loc'])) or 'import'}: {each['msg']}" for each in error.errors()]
        raise ImportFileError(problems) from error


def _sandbox_settings(profile: str | None, flags: Mapping[str, object]) -> SandboxSettings:
    """Return the sandbox settings of a profile, or the usual ones, with what the flags say."""
    settings = SandboxSettings() if profile is None else read_settings(profile).sandbox
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return SandboxSettings.model_validate(settings.model_dump() | given)
    except ValidationError as error:
        raise SettingsError("; ".join(each["msg"] for each in error.errors())) from error


def _become_dagster(profile: str | None, arguments: list[str]) -> NoReturn:
    """Prepare the project folder for a page in which runs are started, and go on as the `dagster` command."""
    from acecoder_dagster.cli.run_graph import prepare
    from acecoder_dagster.graph.partitions import register_batches
    from acecoder_dagster.graph.steps.batch_sources import known_batches

    home, name = Home.from_environment(), _profile(profile, None)
    settings = read_settings(name)
    with prepare(home, name, settings) as instance:
        register_batches(instance, known_batches(home, settings))
    os.execv(sys.executable, [sys.executable, "-m", "dagster", *arguments])  # noqa: S606


def _profile(profile: str | None, seed: int | None) -> str:
    """Return the profile to use, one made for this project folder when a seed is given."""
    name = profile or profile_from_environment()
    if seed is None:
        return name
    read_settings(name)
    folder = Home.from_environment().root
    folder.mkdir(parents=True, exist_ok=True)
    seeded = folder / "seeded.toml"
    parent = str(Path(name).resolve()) if name.endswith(".toml") else name
    seeded.write_text(f'extends = "{parent}"\nseed = {seed}\n', encoding="utf-8")
    return str(seeded)
