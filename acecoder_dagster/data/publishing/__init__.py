"""The data set as others get it: Parquet in the published schema, every licence known, with a data card.

Belongs here: what may be published, the card, the folder.
Does not belong here: SQL (it lies in `sql/exports`), the warehouse itself, Dagster.
"""

from acecoder_dagster.data.publishing.errors import PublishingError
from acecoder_dagster.data.publishing.export import ExportedDataset, export_dataset

__all__ = ["ExportedDataset", "PublishingError", "export_dataset"]
