"""`acecoder serve`: this project folder for a web server and a daemon in other containers."""

import ipaddress
from typing import Annotated

import typer

from acecoder_dagster.cli.dagster_process import become_dagster
from acecoder_dagster.cli.options import ProfileOption, chosen_profile
from acecoder_dagster.cli.printing import print_warning


def serve(
    profile: ProfileOption = None,
    host: Annotated[str, typer.Option(help="Address to listen at; whoever reaches it may start runs.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at.")] = 4000,
) -> None:
    """Serve this project folder to Dagster in other containers.

    See containers/compose.yaml.
    """
    if not _is_this_machine(host):
        print_warning(
            f"anybody who reaches {host}, port {port}, can use it: start runs and read what they made. There is no "
            "login. Without --host only this machine reaches it."
        )
    arguments = ["api", "grpc", "-m", "acecoder_dagster.definitions", "-h", host, "-p", str(port)]
    become_dagster(chosen_profile(profile), arguments)


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
