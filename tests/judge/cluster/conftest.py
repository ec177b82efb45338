from collections.abc import Iterator

import pytest
from ray.cluster_utils import Cluster

from acecoder_dagster.judge import ClusterSettings
from tests.judge.cluster.clusters import cluster_of


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A cluster with two nodes, shared by the tests of a module."""
    with cluster_of(nodes=2) as started:
        yield started


@pytest.fixture
def machines(cluster: Cluster) -> ClusterSettings:
    return ClusterSettings(address=cluster.address)
