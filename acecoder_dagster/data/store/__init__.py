"""Where a project is kept: in a folder of this machine, or in an object store that several machines share.

All reading is done in a folder of this machine. A project of an object store has a local copy there: `refresh` brings
what other machines made, and what is made here is in the store before anything names it. So the rest of the package
knows paths only, and asks its `Store` where something becomes current, where only one process may work, and where
unfinished work is to survive this machine.

Belongs here: the two kinds of stores, objects, leases. Does not belong here: what the files mean.
"""

from acecoder_dagster.data.store.address import is_address, local_copy, store_of
from acecoder_dagster.data.store.errors import StaleError, StoreError
from acecoder_dagster.data.store.store import KeptFile, LocalStore, Store

__all__ = [
    "KeptFile",
    "LocalStore",
    "StaleError",
    "Store",
    "StoreError",
    "is_address",
    "local_copy",
    "store_of",
]
