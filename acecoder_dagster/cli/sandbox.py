"""`acecoder sandbox build`: what sandboxes need on this machine."""

from typing import Annotated

import typer

from acecoder_dagster.cli.printing import output, print_line

sandbox = typer.Typer(no_args_is_help=True, help="The image that programs run in.", rich_markup_mode=None)


@sandbox.callback()
def _group() -> None:
    """The image that programs run in."""


@sandbox.command()
def build(
    base: Annotated[str | None, typer.Option(help="Base image; the official Python image when left out.")] = None,
) -> None:
    """Make what sandboxes need and is missing: Docker's image, and the same packages for bubblewrap.

    Where the official Python image cannot be pulled, the image's base is a Debian made on this machine by debootstrap.
    With a base of yours, the image is built anew.
    """
    from acecoder_dagster.judge import (
        SandboxUnavailableError,
        build_image,
        connect_engine,
        ensure_image,
        install_host_packages,
    )

    try:
        engine = connect_engine()
    except SandboxUnavailableError as error:
        if base is not None:
            raise
        print_line(output, f"no image: {error}")
    else:
        print_line(output, f"image {build_image(engine, base) if base else ensure_image(engine, None)}")
    print_line(output, f"packages {install_host_packages()}")
