"""Files in and out: reading what people bring as columns of known types, and writing files in one step.

People bring Parquet, JSONL, JSON or a data set of the hub. Belongs here: reading and checking columns, naming what is
wrong. Does not belong here: what the rows mean.
"""

from acecoder_dagster.files.atomic import TEMPORARY, read_json, replace_file, replace_json, replace_text
from acecoder_dagster.files.columns import IDENTIFIER, IO_TESTS, REAL, ROW, TEXT, TEXTS, FileColumn
from acecoder_dagster.files.hub import is_hub_address
from acecoder_dagster.files.problems import ImportFileError, Problems
from acecoder_dagster.files.sources import Source, read_batches, read_records, read_source, source_revision

__all__ = [
    "IDENTIFIER",
    "IO_TESTS",
    "REAL",
    "ROW",
    "TEMPORARY",
    "TEXT",
    "TEXTS",
    "FileColumn",
    "ImportFileError",
    "Problems",
    "Source",
    "is_hub_address",
    "read_batches",
    "read_json",
    "read_records",
    "read_source",
    "replace_file",
    "replace_json",
    "replace_text",
    "source_revision",
]
