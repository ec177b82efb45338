"""What lies in the inbox folder and in the configured sources, and what is to be imported from it.

Belongs here: which entries there are, whether they changed, how an entry becomes an import manifest.
Does not belong here: reading the files (`importing`), Dagster.
"""

from acecoder_dagster.questions.inbox.entries import Entry, inbox_entries, read_entry, source_entries
from acecoder_dagster.questions.inbox.settings import InboxSettings

__all__ = ["Entry", "InboxSettings", "inbox_entries", "read_entry", "source_entries"]
