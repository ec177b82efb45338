"""Ray clusters on this machine: a head that does no work, and nodes of one core each."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import ray
from ray.cluster_utils import Cluster

HERE = "127.0.0.2"
"""By default Ray listens on the network address of the machine, and it takes 127.0.0.1 for that one too."""

IMPATIENT = {"health_check_initial_delay_ms": 500, "health_check_period_ms": 500, "health_check_failure_threshold": 6}
"""A node that does not answer for some seconds is lost; usually it is half a minute."""

ROOT = Path(__file__).parents[3]


@contextlib.contextmanager
def cluster_of(nodes: int, *, takes_jobs: bool = False, outside_port: int | None = None) -> Iterator[Cluster]:
    """Start a cluster with nodes of one core.

    Args:
        nodes: how many.
        takes_jobs: whether its head takes jobs.
        outside_port: where it can be reached from outside, as `ray://`.
    """
    # Of this checkout, on nodes too. Nothing is told to Ray's makers, and no token is asked for on this machine.
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    settings = {
        "PYTHONPATH": paths,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_worker_niceness": "0",
        "RAY_AUTH_MODE": "disabled",
        "RAY_DEDUP_LOGS": "0",
        # Else what answers from outside dies when it is forked (grpcio 1.85).
        "GRPC_ENABLE_FORK_SUPPORT": "false",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    with mock.patch.dict(os.environ, settings):
        head = {"num_cpus": 0, **usual(), "include_dashboard": takes_jobs, "_system_config": IMPATIENT}
        if outside_port is not None:
            head["ray_client_server_port"] = outside_port
        cluster = Cluster(initialize_head=True, shutdown_at_exit=True, head_node_args=head)
        try:
            for _ in range(nodes):
                add_node(cluster)
            yield cluster
        finally:
            ray.shutdown()
            cluster.shutdown()


def add_node(cluster: Cluster, cores: int = 1, **arguments: Any) -> Any:
    """Add a node, which is lost by `cluster.remove_node(node, allow_graceful=False)`."""
    return cluster.add_node(num_cpus=cores, **usual(), **arguments)


def usual() -> dict[str, Any]:
    return {"node_ip_address": HERE, "object_store_memory": 80 << 20}
