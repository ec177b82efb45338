"""Judging on the nodes of a Ray cluster, with the workers and sandboxes that each node has itself.

- `workers` is this machine's end: it keeps a few batches of programs under way on every worker of every node.
- `node` is what runs on a node: one worker, as on a single machine.
- `travelling` is what goes from one to the other.
- `connection` finds the cluster.

Ray is an extra, and imported here alone.
"""

from acecoder_dagster.judge.cluster.workers import ClusterWorkers

__all__ = ["ClusterWorkers"]
