"""Where tables and trained models lie on disk.

Belongs here: immutable Parquet partitions, model folders, the pointers that name the current ones, content keys.
Does not belong here: what the tables mean (`tables`), SQL (`warehouse`), Dagster.
"""

from acecoder_dagster.data.lake.artifacts import Artifact, ArtifactStore
from acecoder_dagster.data.lake.contents import column_digests
from acecoder_dagster.data.lake.keys import content_key, syntax_hash, text_id
from acecoder_dagster.data.lake.partitions import Lake, Partition
from acecoder_dagster.data.lake.past import NotKeptError, PastLake

__all__ = [
    "Artifact",
    "ArtifactStore",
    "Lake",
    "NotKeptError",
    "Partition",
    "PastLake",
    "column_digests",
    "content_key",
    "syntax_hash",
    "text_id",
]
