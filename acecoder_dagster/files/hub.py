"""Data sets of the Hugging Face hub, by addresses like `hf://owner/name@revision:split`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from acecoder_dagster.files.limits import ROWS_PER_PART
from acecoder_dagster.files.parquet_parts import arrow_parts
from acecoder_dagster.files.parts import Part
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


@dataclass(frozen=True)
class HubRows:
    """The rows of a data set, which lie on the disk until they are read.

    Attributes:
        splits: what `datasets` gave for each split, by name.
        adds_split: whether rows get a column `split` with that name.
    """

    splits: Mapping[str, Any]
    adds_split: bool

    @property
    def column_names(self) -> set[str]:
        """Columns that any split has."""
        names = {name for rows in self.splits.values() for name in rows.column_names}
        return names | {"split"} if self.adds_split else names

    def parts(self) -> Iterator[Part]:
        """Read the rows, split by split."""
        before = 0
        for name, rows in self.splits.items():
            adds = self.adds_split and "split" not in rows.column_names
            for table in rows.with_format("arrow").iter(batch_size=ROWS_PER_PART):
                for batch in table.to_batches():
                    named = batch.append_column("split", pa.repeat(name, batch.num_rows)) if adds else batch
                    yield from arrow_parts(named, named.schema, before)
                    before += batch.num_rows


def read(dataset: HubDataset) -> HubRows:
    """Return the rows. A data set without a `split` column gets one with the names of its splits.

    There is an exception: the hub calls everything `train` where a data set has no splits. Then none is added.

    Raises:
        ImportFileError: when the hub cannot be reached or has no such split.
    """
    try:
        from datasets import load_dataset

        loaded = load_dataset(
            dataset.repository, revision=dataset.revision, split=dataset.split, trust_remote_code=False
        )
    except Exception as error:
        raise _unreachable(dataset.address, error) from error
    splits = {str(name): rows for name, rows in (loaded if dataset.split is None else {dataset.split: loaded}).items()}
    if not any(len(rows) for rows in splits.values()):
        raise ImportFileError([f"{dataset.address}: the data set has no rows"])
    return HubRows(splits, adds_split=set(splits) != {"train"})


def download(dataset: HubDataset, names: Sequence[str]) -> list[Path]:
    """Return files of a data set as they lie on the hub, in its cache on this machine.

    Args:
        dataset: the data set, at one commit.
        names: the files, by their path in it.

    Raises:
        ImportFileError: the hub cannot be reached, or has no such file.
    """
    try:
        from huggingface_hub import hf_hub_download

        return [
            Path(hf_hub_download(dataset.repository, name, repo_type="dataset", revision=dataset.revision))
            for name in names
        ]
    except Exception as error:
        raise _unreachable(dataset.address, error) from error


def _unreachable(address: str, error: Exception) -> ImportFileError:
    """Return an error for what the hub's libraries raised: they share no base class, and one may be missing."""
    what = str(error).partition("\n")[0]
    return ImportFileError(
        [
            f"{address}: cannot be read from the Hugging Face hub ({type(error).__name__}: {what}); "
            "check the name, the network and HF_TOKEN, or download its Parquet file and import that"
        ]
    )
