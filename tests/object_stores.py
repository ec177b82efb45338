"""An S3 server of this machine, and projects in its buckets."""

import os
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest
import requests

from acecoder_dagster.data.home import HOME_VARIABLE, Home
from acecoder_dagster.data.store.address import CACHE_VARIABLE
from acecoder_dagster.data.store.bucket import Bucket
from benchmarks.object_store.servers import moto_server

MADE_UP = {
    "AWS_ACCESS_KEY_ID": "made-up",
    "AWS_SECRET_ACCESS_KEY": "made-up",
    "AWS_REGION": "us-east-1",
    "AWS_ALLOW_HTTP": "true",
}
"""What obstore reads from the environment; the server takes any key."""


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of an S3 server that knows conditions on writes."""
    # In a process of its own: what moto's server imports breaks vLLM in any test that comes later.
    with moto_server() as server:
        yield server.endpoint


@pytest.fixture
def address(s3_server) -> Iterator[str]:
    """The address of a project in a bucket of its own, which this process and those that it starts can reach."""
    bucket = f"b{uuid.uuid4().hex}"
    requests.put(f"{s3_server}/{bucket}", timeout=60).raise_for_status()
    with mock.patch.dict(os.environ, {**MADE_UP, "AWS_ENDPOINT_URL": s3_server}):
        yield f"s3://{bucket}/some/project"


@pytest.fixture
def machine(address, tmp_path) -> Callable[[str], Home]:
    """Returns the project as a machine of some name sees it, with a local copy of its own."""

    def home(name: str) -> Home:
        return home_on(address, tmp_path / name)

    return home


def home_on(address: str, cache: Path) -> Home:
    """Return a project of an object store with its local copy in a folder."""
    with mock.patch.dict(os.environ, {HOME_VARIABLE: address, CACHE_VARIABLE: str(cache)}):
        return Home.from_environment().refreshed()


def saved_checkpoints(address: str, folder: str) -> list[int]:
    """Return the steps of the checkpoints that an object store has of the trainings in a folder of a project."""
    bucket = Bucket(address)
    saved = [bucket.read(each.key) for each in bucket.list(f"folders/{folder}")]
    return [int(step) for found in saved if found for step in re.findall(r"checkpoint-(\d+)/", str(found[0]))]
