"""Importing question, test and program files: recognised, checked, and turned into rows of the pipeline's tables.

Belongs here: file formats (one module each), what is wrong with a file, rejected rows, imports on disk.
Does not belong here: running anything that was imported, choosing tests by verdicts, Dagster.
A new format is a module with its columns and a `convert` function, and a line in `formats.FORMATS`.
"""

from acecoder_dagster.questions.importing.imported import ImportedTables, RowCount
from acecoder_dagster.questions.importing.manifest import ImportManifest
from acecoder_dagster.questions.importing.python_tests import ExaminedTest, call_arguments, examine_test
from acecoder_dagster.questions.importing.reading import read_import
from acecoder_dagster.questions.importing.store import (
    Cleaning,
    StoredImport,
    import_of,
    imported_batches,
    load_import,
    remove_import,
    store_import,
)

__all__ = [
    "Cleaning",
    "ExaminedTest",
    "ImportManifest",
    "ImportedTables",
    "RowCount",
    "StoredImport",
    "call_arguments",
    "examine_test",
    "import_of",
    "imported_batches",
    "load_import",
    "read_import",
    "remove_import",
    "store_import",
]
