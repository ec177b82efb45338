"""Addresses of stores, and what is said where one cannot be used."""

import subprocess
import sys

import pytest

from acecoder_dagster.data.home import Home
from acecoder_dagster.data.store import LocalStore, StoreError, is_address


@pytest.mark.parametrize("place", ["s3://bucket", "s3://bucket/a/b", "gs://bucket/a", "az://container/a"])
def test_object_stores_are_told_by_their_addresses(place):
    assert is_address(place)


@pytest.mark.parametrize("place", [".acecoder", "/data/project", "s3/project"])
def test_anything_else_is_a_folder(place, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACECODER_HOME", place)

    assert not is_address(place)
    assert isinstance(Home.from_environment().store, LocalStore)


@pytest.mark.parametrize(
    ("place", "advice"),
    [
        ("file:///data/project", "give the folder itself: /data/project"),
        ("https://host/project", "use s3, gs, az or a folder"),
        ("s3://", "give s3://BUCKET/PREFIX"),
    ],
)
def test_an_address_that_cannot_hold_a_project_is_refused_with_advice(place, advice, monkeypatch):
    monkeypatch.setenv("ACECODER_HOME", place)

    with pytest.raises(StoreError, match=advice):
        Home.from_environment()


def test_projects_have_local_copies_of_their_own_that_stay_the_same(monkeypatch, tmp_path):
    monkeypatch.setenv("ACECODER_CACHE", str(tmp_path))
    copies = []
    for place in ("s3://bucket/a", "s3://bucket/a/", "s3://bucket/b", "s3://bucket-a"):
        monkeypatch.setenv("ACECODER_HOME", place)
        copies.append(Home.from_environment().root)

    assert copies[0] == copies[1]
    assert len(set(copies)) == 3
    assert all(copy.parent == tmp_path for copy in copies)


def test_a_command_says_what_to_install_where_the_client_is_missing(tmp_path):
    command = "import sys; sys.modules['obstore'] = None; from acecoder_dagster.cli.main import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", command, "status"],
        env={"ACECODER_HOME": "s3://bucket/project", "ACECODER_CACHE": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert "pip install 'acecoder-dagster[store]'" in ended.stderr.replace("\n", " ")


def test_a_bucket_that_is_not_there_is_named(address, monkeypatch, tmp_path):
    monkeypatch.setenv("ACECODER_CACHE", str(tmp_path))
    monkeypatch.setenv("ACECODER_HOME", "s3://no-such-bucket/project")

    with pytest.raises(StoreError, match="s3://no-such-bucket/project"):
        Home.from_environment().refreshed()
