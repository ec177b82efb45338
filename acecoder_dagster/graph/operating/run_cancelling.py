"""Runs that look themselves whether they are to stop, where whoever stops them cannot reach their processes."""

from typing import Any

import dagster as dg
from dagster._core.instance import InstanceRef


class SelfCancelling(dg.DagsterInstance):
    """Dagster's instance, with the thread in each run that ends it when its record says that it is cancelled."""

    @property
    def should_start_background_run_thread(self) -> bool:
        """Always: no other process has a way to the run."""
        return True

    @classmethod
    def config_schema(cls) -> dict[str, Any]:
        """Return what `dagster.yaml` may say besides the usual: nothing."""
        return {}

    @classmethod
    def config_defaults(cls, base_dir: str) -> dict[str, Any]:
        """Return the usual storages and launchers, which `dagster.yaml` replaces."""
        return dict(InstanceRef.config_defaults(base_dir))
