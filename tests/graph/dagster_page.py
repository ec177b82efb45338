"""Dagster's page in a real Chromium: what a person does there, and the pictures of it."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Locator, Page
from playwright.sync_api import TimeoutError as PageTimeoutError

from tests.browser import chromium

START_SECONDS = 600
RUN_SECONDS = 900
ENDED = {"SUCCESS", "FAILURE", "CANCELED", "COMPLETED_SUCCESS", "COMPLETED_FAILED", "COMPLETED", "FAILED"}
"""What the status of a run or of a backfill is at its end."""
RUNS = "{ runsOrError(limit: 100) { ... on Runs { results { id } } } }"
RUN = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
BACKFILLS = "{ partitionBackfillsOrError(limit: 100) { ... on PartitionBackfills { results { id } } } }"
BACKFILL = """query($id: String!) {
    partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } } }"""
BATCHES = '{ assetNodes(assetKeys: [{path: ["questions"]}]) { partitionKeys } }'
GROUPS = "{ assetNodes { assetKey { path } groupName } }"


Shown = TypeVar("Shown")


class DagsterPage:
    """A page on one web server; every picture is written into the folder."""

    def __init__(self, page: Page, address: str, pictures: Path) -> None:
        self.page = page
        self._address = address
        self._pictures = pictures

    def open(self, path: str) -> None:
        self.page.goto(self._address + path, wait_until="domcontentloaded")

    def again(self, what: Callable[[], Shown]) -> Shown:
        """Do something that loads the page; where the page gets stuck, as beside a busy neighbour, do it again."""
        for _ in range(2):
            with contextlib.suppress(PageTimeoutError):
                return what()
        return what()

    def picture(self, name: str) -> Path:
        path = self._pictures / f"{name}.png"
        self.page.wait_for_timeout(1500)  # what is animated has come to rest
        self.page.screenshot(path=path)
        return path

    def ask(self, query: str, **variables: object) -> Any:
        """Return the data that GraphQL answers."""
        body = json.dumps({"query": query, "variables": variables})
        # The server may close a kept connection just as it is used again.
        answer = self.page.request.post(
            f"{self._address}/graphql", data=body, headers={"content-type": "application/json"}, max_retries=5
        ).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def open_graph(self) -> None:
        """Show the graph with every group open."""
        groups = {f"global@global:{group}" for group in self.groups().values()}
        self.open(f"/asset-groups?expanded={','.join(sorted(groups))}")
        self.page.locator("svg foreignObject").first.wait_for()

    def groups(self) -> dict[str, str]:
        """Return the group of each asset."""
        nodes = self.ask(GROUPS)["assetNodes"]
        return {node["assetKey"]["path"][-1]: node["groupName"] for node in nodes}

    def show(self, selection: str, *names: str) -> None:
        """Open the graph with the assets that the selection names, and wait until those of some names are drawn."""
        self.again(lambda: self._show(selection, *names))

    def _show(self, selection: str, *names: str) -> None:
        self.open_graph()
        self.page.locator(".CodeMirror").first.click()
        self.page.keyboard.insert_text(selection)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/asset-groups~**")
        drawn = self.page.locator("svg foreignObject")
        drawn.first.wait_for()
        for name in names:  # what is written on an asset begins with its name
            drawn.filter(has_text=re.compile(f"^{name}")).first.wait_for()

    def choose_batches(self, *batches: str) -> Locator:
        """Press Materialize and choose batches in the dialog, which is returned; those that are missing are added."""
        known = set(self.ask(BATCHES)["assetNodes"][0]["partitionKeys"])
        dialog = self._materialize_dialog()
        for batch in batches:
            if batch not in known:
                dialog.get_by_text("Add a partition").click()
                naming = self.page.get_by_role("dialog").filter(has_text="Partition name")
                naming.get_by_placeholder("name").fill(batch)
                naming.get_by_role("button", name="Save").click()
                naming.wait_for(state="hidden")
        # What is added is chosen, unless the page has only now loaded what there is, and begins anew.
        if not known.intersection(batches) and self._are_chosen(dialog, batches, seconds=10):
            return dialog
        dialog.get_by_role("button", name="Cancel").click()
        dialog.wait_for(state="hidden")
        dialog = self._materialize_dialog()
        dialog.get_by_text("Select a partition or create one").click()
        for batch in batches:
            self.page.get_by_role("menuitem").filter(has_text=batch).first.click()
        self.page.keyboard.press("Escape")
        assert self._are_chosen(dialog, batches, seconds=60)
        return dialog

    def _materialize_dialog(self) -> Locator:
        self.page.get_by_role("button", name="Materialize").first.click()
        dialog = self.page.get_by_role("dialog").filter(has_text="Launch runs to materialize")
        # Asked first where something upstream was never materialized.
        confirm = self.page.get_by_role("button", name="Confirm")
        dialog.or_(confirm).first.wait_for()
        if confirm.is_visible():
            confirm.click()
        return dialog

    def _are_chosen(self, dialog: Locator, batches: Sequence[str], seconds: int) -> bool:
        try:
            for batch in batches:
                dialog.get_by_text(batch, exact=True).first.wait_for(timeout=seconds * 1000)
        except PageTimeoutError:
            return False
        return True

    def launch_run(self, dialog: Locator) -> str:
        """Launch what the dialog says and return the id of the run."""
        return self._launch(dialog, RUNS, "runsOrError")

    def launch_backfill(self, dialog: Locator) -> str:
        """Launch what the dialog says and return the id of the backfill."""
        return self._launch(dialog, BACKFILLS, "partitionBackfillsOrError")

    def wait_for_run(self, run_id: str) -> str:
        """Return how the run ended."""
        return self._wait_for_end(RUN, "runOrError", run_id)

    def wait_for_backfill(self, backfill_id: str) -> str:
        """Return how the backfill ended."""
        return self._wait_for_end(BACKFILL, "partitionBackfillOrError", backfill_id)

    def _launch(self, dialog: Locator, query: str, field: str) -> str:
        before = self._ids(query, field)
        # What it is called depends on how much of the graph the page has loaded so far.
        dialog.get_by_role("button", name=re.compile("^Launch (1 run|backfill)$")).click()
        deadline = time.monotonic() + RUN_SECONDS
        while not (new := self._ids(query, field) - before):
            assert time.monotonic() < deadline, "nothing was launched"
            self.page.wait_for_timeout(200)
        return new.pop()

    def _ids(self, query: str, field: str) -> set[str]:
        return {each["id"] for each in self.ask(query)[field]["results"]}

    def _wait_for_end(self, query: str, field: str, what: str) -> str:
        deadline = time.monotonic() + RUN_SECONDS
        while (status := self.ask(query, id=what)[field]["status"]) not in ENDED:
            assert time.monotonic() < deadline, status
            self.page.wait_for_timeout(500)
        return status


@contextlib.contextmanager
def dagster_server(home: Path, profile: str) -> Iterator[str]:
    """Run `acecoder ui` on a project folder and yield its address; it is gone afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    log = home / "ui.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "acecoder_dagster", "ui", "--port", str(port), "--profile", profile],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"ACECODER_HOME": str(home)},
            start_new_session=True,
        )
    try:
        _wait_until_served(address, server, log)
        yield address
    finally:
        os.killpg(server.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(60)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)


@contextlib.contextmanager
def browser_page(address: str, pictures: Path) -> Iterator[DagsterPage]:
    """Open a browser for the web server at an address."""
    pictures.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1600, "height": 900})
        page.set_default_timeout(60_000)
        yield DagsterPage(page, address, pictures)


def _wait_until_served(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{address}/server_info"):
                return
        except OSError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.5)
