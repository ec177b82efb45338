"""What identifies the present content of a model: weights, configuration, tokenizer and chat template."""

import hashlib
import os
import re
import time
from functools import lru_cache
from pathlib import Path

MODEL_ENDINGS = frozenset({".safetensors", ".bin", ".json", ".jinja", ".model", ".txt"})
"""Endings of the files in a model's folder that say what it answers."""

UNKNOWN = "unpinned"
"""Stands for the revision of a hub model that is neither named, nor on this machine, nor to be asked for."""

ASKED_EVERY = 600
"""Seconds for which an answer of the hub is believed."""

_COMMIT = re.compile(r"[0-9a-f]{40}")


def model_revision(model: str, revision: str | None) -> str:
    """Return what changes when a model does: a hash of its folder's files, or the hub's commit.

    A branch or tag is asked for at the hub, and where the hub cannot be reached, what was last downloaded is told.

    Args:
        model: folder, or name of a hub model.
        revision: branch, tag or commit of a hub model; its newest version when left out.
    """
    if Path(model).is_dir():
        return folder_revision(Path(model))
    if revision is not None and _COMMIT.fullmatch(revision):
        return revision
    return (
        _asked_of_hub(model, revision, int(time.time() / ASKED_EVERY))
        or _last_downloaded(model, revision)
        or revision
        or UNKNOWN
    )


def model_identity(model: str) -> str:
    """Return what stands for a model wherever it lies: a hash of its folder's files, or its name on the hub."""
    return folder_revision(Path(model)) if Path(model).is_dir() else model


def folder_revision(folder: Path) -> str:
    """Return a hash of the model in a folder; other files in it do not matter."""
    return f"sha256:{_digest(model_files(folder))}"


def model_files(folder: Path) -> dict[str, str]:
    """Return name and hash of every file of the model in a folder."""
    files = sorted(path for path in folder.glob("*") if path.suffix in MODEL_ENDINGS and path.is_file())
    return {path.name: _file_digest(path, *_state(path)) for path in files}


def _digest(files: dict[str, str]) -> str:
    return hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:16]


def _state(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_size, state.st_mtime_ns


@lru_cache(maxsize=1024)
def _file_digest(path: Path, size: int, modified: int) -> str:
    """Return the hash of a file in the state that is named, so that a file of gigabytes is read once per process."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@lru_cache(maxsize=64)
def _asked_of_hub(model: str, revision: str | None, moment: int) -> str | None:
    """Return the commit, None where the hub cannot be reached; each moment it is asked anew."""
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in {"1", "true", "yes", "on"}:
        return None
    try:
        from huggingface_hub import HfApi

        commit = HfApi().model_info(model, revision=revision, timeout=10).sha
    except Exception:
        return None
    return None if commit is None else str(commit)


def _last_downloaded(model: str, revision: str | None) -> str | None:
    usual = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface")) / "hub"
    folder = Path(os.environ.get("HF_HUB_CACHE", usual)) / f"models--{model.replace('/', '--')}"
    ref = folder / "refs" / (revision or "main")
    return ref.read_text(encoding="utf-8").strip() if ref.is_file() else None
