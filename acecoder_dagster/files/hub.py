"""Data sets of the Hugging Face hub, by addresses like `hf://owner/name@revision:split`."""

import re
from dataclasses import dataclass

import polars as pl

from acecoder_dagster.files.problems import ImportFileError

PREFIX = "hf://"
_ADDRESS = re.compile(r"hf://(?P<repository>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?(:(?P<split>[\w.-]+))?")


@dataclass(frozen=True)
class HubDataset:
    """A data set of the hub at one commit. Without a split all splits are meant."""

    address: str
    repository: str
    revision: str
    split: str | None


def is_hub_address(address: str) -> bool:
    """Tell whether the address names a data set of the hub, not a file."""
    return address.startswith(PREFIX)


def resolve(address: str) -> HubDataset:
    """Return the data set with its revision (a branch or tag, else the newest) resolved to a commit.

    Raises:
        ImportFileError: when the address is malformed, or the hub cannot be reached or has no such data set.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise ImportFileError([f"{address}: not a hub address; write hf://owner/name[@revision][:split]"])
    repository, revision, split = match["repository"], match["revision"], match["split"]
    try:
        from huggingface_hub import HfApi

        commit = HfApi().dataset_info(repository, revision=revision).sha
    except Exception as error:
        raise _unreachable(address, error) from error
    return HubDataset(address, repository, str(commit), split)


def read(dataset: HubDataset) -> pl.DataFrame:
    """Return the rows. A data set without a `split` column gets one with the names of its splits.

    There is an exception: the hub calls everything `train` where a data set has no splits. Then none is added.

    Raises:
        ImportFileError: when the hub cannot be reached or has no such split.
    """
    try:
        from datasets import load_dataset

        loaded = load_dataset(dataset.repository, revision=dataset.revision, split=dataset.split)
        splits = loaded if dataset.split is None else {dataset.split: loaded}
        frames = {name: rows.to_polars() for name, rows in splits.items()}
    except Exception as error:
        raise _unreachable(dataset.address, error) from error
    unsplit = set(frames) == {"train"}
    named = [
        frame if unsplit or "split" in frame.columns else frame.with_columns(split=pl.lit(str(name)))
        for name, frame in frames.items()
    ]
    rows: pl.DataFrame = pl.concat(named, how="vertical_relaxed")
    if rows.is_empty():
        raise ImportFileError([f"{dataset.address}: the data set has no rows"])
    return rows


def _unreachable(address: str, error: Exception) -> ImportFileError:
    """Return an error for what the hub's libraries raised: they share no base class, and one may be missing."""
    what = str(error).partition("\n")[0]
    return ImportFileError(
        [
            f"{address}: cannot be read from the Hugging Face hub ({type(error).__name__}: {what}); "
            "check the name, the network and HF_TOKEN, or download its Parquet file and import that"
        ]
    )
