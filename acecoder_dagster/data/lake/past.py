"""The tables as they were at an earlier moment, as far as their versions are kept."""

from datetime import datetime

from acecoder_dagster import AceCoderError
from acecoder_dagster.data.lake.partitions import UNPARTITIONED, Lake, Partition
from acecoder_dagster.data.tables import Table


class NotKeptError(AceCoderError):
    """What a table was at a moment is not kept; the message says which, and since when it is."""


class PastLake(Lake):
    """Shows of every batch the version that was current at a moment.

    A batch that was removed since is not there; it was removed with all its versions.

    Args:
        lake: the tables.
        moment: in UTC.
    """

    def __init__(self, lake: Lake, moment: datetime) -> None:
        super().__init__(lake.root)
        self._moment = moment

    def current(self, table: Table, batch: str = UNPARTITIONED) -> Partition | None:
        """Return the version that was current at the moment; None where there was none yet.

        Raises:
            NotKeptError: it is no longer kept.
        """
        versions = self.versions(table, batch)
        past = [each for each in versions if datetime.fromisoformat(each.written_at) <= self._moment]
        if past and past[-1].rows_file.exists():
            return past[-1]
        if past or any(not each.rows_file.exists() for each in versions):
            kept = next(each for each in versions if each.rows_file.exists())
            raise NotKeptError(
                f"{table.name} of batch {batch} is kept since {kept.written_at}, and was another before: ask for a "
                "later moment; retention.versions says how many versions are kept"
            )
        return None
