"""What commands with models need before they begin: the libraries, a model that exists, a folder that is free."""

import importlib.util
import os
import re
from collections.abc import Sequence
from pathlib import Path

from acecoder_dagster import AceCoderError
from acecoder_dagster.learning.model_address import read_address
from acecoder_dagster.learning.progress import QUIET_LIBRARIES

LIBRARIES = ("torch", "transformers", "trl", "datasets", "peft")
"""What the extras `cpu` and `gpu` both bring."""
ENGINES = ("vllm",)
"""What samples; only the graph samples."""
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
SECONDS_FOR_HUB = 10


class MissingModelsError(AceCoderError):
    """Models cannot be used or written as asked; the message says what to do."""


def need_libraries(what: str, *, also: Sequence[str] = ()) -> None:
    """Refuse to begin where the libraries for models are not installed; where they are, keep them quiet.

    Args:
        what: What needs them, as the message begins.
        also: Further libraries of the extras that it needs.

    Raises:
        MissingModelsError: Some are missing; the message says what to install.
    """
    if missing := [name for name in (*LIBRARIES, *also) if importlib.util.find_spec(name) is None]:
        raise MissingModelsError(
            f"{what} needs models, and {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed: "
            "pip install 'acecoder-dagster[cpu]', or 'acecoder-dagster[gpu]' on a machine with an NVIDIA GPU"
        )
    for name, value in QUIET_LIBRARIES.items():
        os.environ.setdefault(name, value)


def need_model(model: str) -> None:
    """Refuse a model that does not exist, before anything is read or loaded.

    Args:
        model: Address of the model: a folder, or its id on the hub, at a revision as `owner/name@revision`.

    Raises:
        MissingModelsError: It is neither.
    """
    name, revision = read_address(model)
    folder = Path(name)
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise MissingModelsError(f"{model} is no model: the folder has no config.json")
        return
    if not HUB_ID.fullmatch(name) or folder.parent.is_dir():
        raise MissingModelsError(f"there is no folder {model}: give the folder of a model, or owner/name on the hub")
    from huggingface_hub import get_hf_file_metadata, hf_hub_url, try_to_load_from_cache

    if isinstance(try_to_load_from_cache(name, "config.json", revision=revision), str):
        return
    try:
        get_hf_file_metadata(hf_hub_url(name, "config.json", revision=revision), timeout=SECONDS_FOR_HUB)
    except Exception as error:  # The hub's client has many; each means that the model cannot be had.
        raise MissingModelsError(
            f"there is no folder {model}, and the hub does not have such a model or cannot be reached: {error}"
        ) from error


def refuse_finished_model(folder: Path) -> None:
    """Refuse to train into a folder that holds a finished model.

    Raises:
        MissingModelsError: It does; a training that was interrupted is none.
    """
    from acecoder_dagster.learning.training.checkpoints import holds_unfinished_work

    if (folder / "config.json").exists() and not holds_unfinished_work(folder):
        raise MissingModelsError(f"{folder} holds a finished model: name another folder with -o, or delete this one")
