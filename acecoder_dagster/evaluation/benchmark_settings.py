"""Settings of standard benchmarks in the graph: which, with which data, and of which models."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, PrivateAttr, model_validator

from acecoder_dagster.learning.model_address import read_address

if TYPE_CHECKING:
    from acecoder_dagster.evaluation.benchmarks import Protocol

PARTITION = re.compile(r"\w[\w.|/@+:-]{0,99}")
"""A partition is a name of Dagster's, which has no `...`, and of a folder."""


class BenchmarkedModel(BaseModel):
    """A model that is evaluated on benchmarks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(
        description="base_policy, policy_rule or policy_reward_model, or the folder or hub id (owner/name@revision) of "
        "another model"
    )
    style: str = Field(default="chat", description="What kind of model it is: chat, base or r1")
    name: str | None = Field(
        default=None, description="Name in tables and partitions; else its own, or that of its folder"
    )

    @property
    def called(self) -> str:
        """Its name in tables and partitions."""
        return self.name or model_name(self.model)


class BenchmarkSettings(BaseModel):
    """Standard benchmarks, and the models that are evaluated on them: a partition for each pair."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: tuple[BenchmarkedModel, ...] = Field(
        default=(), description="Models: tables of model, style and name; with none, nothing is evaluated"
    )
    suite: tuple[str, ...] = Field(
        default=("paper",),
        min_length=1,
        description="Suites (paper, upstream), benchmarks as paper/humaneval+, and protocol files of yours",
    )
    data: str = Field(default="hub", description="Folder with the benchmarks' files, or hub")
    n: PositiveInt | None = Field(
        default=None,
        description="Answers of each task, drawn as the protocols draw for best-of-N; left out: those of the score "
        "itself, mostly one greedy answer",
    )
    reward_models: tuple[str, ...] = Field(
        default=(),
        description="What chooses among these answers: reward_model, and folders or hub ids (owner/name@revision) of "
        "other reward models",
    )

    _partitions: dict[str, tuple[BenchmarkedModel, Protocol]] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _has_answers_to_choose_from(self) -> Self:
        if self.reward_models and (self.n or 1) < 2:
            raise ValueError("reward_models choose among answers: say with n how many of each task, at least 2")
        names = [model_name(each) for each in self.reward_models]
        if doubled := {name for name in names if names.count(name) > 1 or name in {"average", "oracle"}}:
            raise ValueError(f"reward_models: tables would have several rows for {', '.join(sorted(doubled))}")
        return self

    @model_validator(mode="after")
    def _reads_protocols(self) -> Self:
        if self.models:
            # Protocols bring parsers of code and more, which few profiles need.
            from acecoder_dagster.evaluation.benchmarks import read_suite

            protocols = {each.address: each for name in self.suite for each in read_suite(name)}
            for model in self.models:
                for protocol in protocols.values():
                    self._partitions[_partition(model, protocol, self._partitions)] = (model, protocol)
        return self

    @property
    def partitions(self) -> dict[str, tuple[BenchmarkedModel, Protocol]]:
        """Model and benchmark by the name of their partition, as `policy_rule|paper/humaneval+`."""
        return self._partitions


def model_name(address: str) -> str:
    """Return what a model is called: the name of its folder, or its hub id without a revision."""
    return Path(address).resolve().name if Path(address).is_dir() else read_address(address).model


def _partition(
    model: BenchmarkedModel, protocol: Protocol, others: dict[str, tuple[BenchmarkedModel, Protocol]]
) -> str:
    if model.style not in protocol.styles:
        raise ValueError(
            f"{model.model}: {protocol.address} has no style {model.style}; it has {', '.join(protocol.styles)}: name "
            "another style, or in benchmarks.suite those benchmarks that have it"
        )
    partition = f"{model.called}|{protocol.address}"
    if not PARTITION.fullmatch(partition) or "..." in partition:
        raise ValueError(
            f"{partition}: this cannot name a partition, which has letters, digits and . / @ + : _ - and is no longer "
            "than 100: give the model another name"
        )
    if partition in others:
        raise ValueError(f"two models are called {model.called}: give one of them another name")
    return partition
