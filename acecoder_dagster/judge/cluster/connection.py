"""Finds a Ray cluster, and its nodes."""

from __future__ import annotations

import logging
import socket
from dataclasses import dataclass
from typing import Any

from acecoder_dagster.judge.types import SandboxUnavailableError

KNOCK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Node:
    """A node that is there.

    Attributes:
        number: Ray's number of it.
        name: its host name and the beginning of that number: several nodes may be on one host.
        cores: how many processors Ray counts there; none on a node that is not to work.
    """

    number: str
    name: str
    cores: int


def connect(address: str) -> Any:  # noqa: ANN401 - Ray has no types that are worth it
    """Connect this process to a cluster, unless it is connected already, and return the package of Ray.

    Args:
        address: as the setting `cluster.address`.

    Raises:
        SandboxUnavailableError: Ray is not installed, or no cluster answers there.
    """
    try:
        import ray
    except ModuleNotFoundError as error:
        raise SandboxUnavailableError(
            f"cluster.address is {address}, and Ray is not installed: pip install 'acecoder-dagster[cluster]', or "
            "leave out cluster.address to judge on this machine"
        ) from error
    if not ray.is_initialized():
        try:
            _knock(address)
            ray.init(address=address, namespace="acecoder", logging_level=logging.WARNING)
        except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            raise SandboxUnavailableError(
                f"no Ray cluster answers at {address} (setting cluster.address): {error}; start one with `ray start "
                "--head`, or leave out cluster.address to judge on this machine"
            ) from error
    return ray


def _knock(address: str) -> None:
    """Find out soon whether anybody listens there: Ray itself tries for many minutes.

    Raises:
        OSError: nobody does.
        ValueError: it is no address.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon:
        socket.create_connection((host, int(port)), KNOCK_SECONDS).close()


def nodes_of(ray: Any) -> list[Node]:  # noqa: ANN401 - as above
    """Return the nodes of the cluster that are there."""
    return [
        Node(
            node["NodeID"],
            f"{node['NodeManagerHostname']}/{node['NodeID'][:6]}",
            int(node["Resources"].get("CPU", 0)),
        )
        for node in ray.nodes()
        if node["Alive"]
    ]
