"""The `acecoder` command: all commands together, and what becomes of an error or an interruption."""

import logging
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, NoReturn

import typer

from acecoder_dagster import AceCoderError
from acecoder_dagster.cli.batches import batches
from acecoder_dagster.cli.clean import clean
from acecoder_dagster.cli.convert_gguf import convert_gguf
from acecoder_dagster.cli.convert_rm import convert_rm
from acecoder_dagster.cli.demo import demo
from acecoder_dagster.cli.evaluate import evaluate
from acecoder_dagster.cli.export import export
from acecoder_dagster.cli.import_files import import_files
from acecoder_dagster.cli.judge import judge
from acecoder_dagster.cli.plan import plan
from acecoder_dagster.cli.printing import INTERRUPTED, print_error, print_stopped
from acecoder_dagster.cli.quality import quality
from acecoder_dagster.cli.query import query
from acecoder_dagster.cli.run import run
from acecoder_dagster.cli.sandbox import sandbox
from acecoder_dagster.cli.score import score
from acecoder_dagster.cli.seeds import seeds
from acecoder_dagster.cli.serve import serve
from acecoder_dagster.cli.settings import settings
from acecoder_dagster.cli.status import status
from acecoder_dagster.cli.storage import storage_problem
from acecoder_dagster.cli.train_rl import train_rl
from acecoder_dagster.cli.train_rm import train_rm
from acecoder_dagster.cli.ui import ui

# Help is shown as it is written: Rich's markup would take "[reward_model]" for a style and leave it out.
app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
COMMANDS: Sequence[Callable[..., None]] = (
    demo,
    run,
    plan,
    status,
    settings,
    import_files,
    seeds,
    quality,
    judge,
    evaluate,
    query,
    clean,
    train_rm,
    score,
    convert_rm,
    convert_gguf,
    train_rl,
    ui,
    serve,
)
# Words of Python's own.
OTHER_NAMES: Mapping[Callable[..., None], str] = {import_files: "import", evaluate: "eval"}
for command in COMMANDS:
    app.command(OTHER_NAMES.get(command))(command)
app.add_typer(export, name="export")
app.add_typer(batches, name="batches")
app.add_typer(sandbox, name="sandbox")


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"acecoder {version('acecoder-dagster')}")
        raise typer.Exit


@app.callback()
def _group(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Code in; verified questions, judged programs, reward models and policies out."""


def _stop(*_: object) -> NoReturn:
    """Raise what Python raises at Ctrl-C, and let what ends because of it end without a word."""
    logging.disable()
    raise KeyboardInterrupt


def main() -> None:
    """Run the command; an expected problem ends it with its message and exit code 2, Ctrl-C with 130."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)
    try:
        app(prog_name="acecoder")
    except AceCoderError as error:
        print_error(str(error))
        sys.exit(2)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            print_stopped()
        raise
    except Exception as error:
        if (problem := storage_problem(error)) is None:
            raise
        print_error(problem)
        sys.exit(2)
