"""`acecoder sandbox build`: what sandboxes need on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from acecoder_dagster.cli.printing import output, print_line

sandbox = typer.Typer(no_args_is_help=True, help="The packages that programs may import.", rich_markup_mode=None)


@sandbox.callback()
def _group() -> None:
    """The packages that programs may import."""


def _set_names() -> list[str]:
    from acecoder_dagster.judge import set_names

    return set_names()


@sandbox.command()
def build(
    set_name: Annotated[
        str, typer.Option("--set", help="What is in it: base, bigcodebench or plain.", autocompletion=_set_names)
    ] = "base",
    requirements: Annotated[
        Path | None, typer.Option(help="A requirements file of yours, besides the set or in its place.")
    ] = None,
    base: Annotated[str | None, typer.Option(help="Docker image with Python to build on; else the set's own.")] = None,
) -> None:
    """Make what sandboxes need and is missing: Docker's image of a set, and the same packages for bubblewrap.

    The settings sandbox.set and sandbox.requirements choose what is used. Where the set's base image cannot be pulled,
    the base is a Debian made on this machine by debootstrap. An image on a base of yours has a name of its own.
    """
    from acecoder_dagster.judge import (
        SandboxSettings,
        SandboxUnavailableError,
        build_image,
        connect_engine,
        ensure_image,
        install_host_packages,
    )

    sandbox_set = SandboxSettings(set=set_name, requirements=requirements).read_set()
    if base is not None:
        print_line(output, f"image {build_image(connect_engine(), sandbox_set, base)}: name it in sandbox.image")
        return
    try:
        engine = connect_engine()
    except SandboxUnavailableError as error:
        print_line(output, f"no image: {error}")
    else:
        print_line(output, f"image {ensure_image(engine, sandbox_set)}")
    print_line(output, f"packages {install_host_packages(sandbox_set).folder}")
