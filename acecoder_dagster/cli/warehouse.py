"""The warehouse that commands ask."""

from pathlib import Path


def present_warehouse() -> Path:
    """Return the warehouse of the project folder.

    Where other machines work on the project too, what they made is brought, and the warehouse built anew from it.

    Raises:
        StoreError: the object store cannot be reached.
        WarehouseError: it cannot be built.
    """
    from acecoder_dagster.data.home import Home

    home = Home.from_environment()
    if home.store.shared:
        # Not above: to ask the warehouse of one machine needs none of it.
        from acecoder_dagster.graph.refresh.folder_settings import remembered_settings
        from acecoder_dagster.graph.resources import OpenProject
        from acecoder_dagster.graph.steps.warehouse import publish_warehouse

        if settings := remembered_settings(home.refreshed()):
            publish_warehouse(OpenProject(home, settings))
    return home.warehouse
