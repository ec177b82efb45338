"""Loading models and tokenizers: the one place that asks transformers for them.

A model is given by its address (`model_address`), so that every part of it comes from the revision that is named. Code
that comes with a model is never run (`trust_remote_code=False`). A model that cannot be loaded is a `ModelLoadError`,
whose message says what to give instead.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.utils import cached_file

from acecoder_dagster.learning.errors import ModelLoadError
from acecoder_dagster.learning.model_address import read_address

SCORE_HEAD = "score.weight"
"""The one weight of a sequence classifier that a causal model does not have."""


def load_tokenizer(model: str | Path, **options: Any) -> PreTrainedTokenizerBase:  # noqa: ANN401 - transformers' own
    """Return the tokenizer of a model.

    Args:
        model: Address of the model.
        options: Passed to transformers, as `padding_side`.

    Raises:
        ModelLoadError: There is no such tokenizer.
    """
    name, revision = read_address(model)
    with _explained("tokenizer", model):
        return AutoTokenizer.from_pretrained(name, revision=revision, trust_remote_code=False, **options)


def load_config(model: str | Path, **options: Any) -> PreTrainedConfig:  # noqa: ANN401 - transformers' own
    """Return the configuration of a model.

    Args:
        model: Address of the model.
        options: Passed to transformers, as `gguf_file`.

    Raises:
        ModelLoadError: There is no such model.
    """
    name, revision = read_address(model)
    with _explained("model", model):
        return AutoConfig.from_pretrained(name, revision=revision, trust_remote_code=False, **options)


def load_causal_model(
    model: str | Path,
    attention: str | None = None,
    dtype: torch.dtype = torch.float32,
    **options: Any,  # noqa: ANN401 - transformers' own
) -> PreTrainedModel:
    """Return a causal language model.

    Args:
        model: Address of the model.
        attention: Name of the attention function; transformers chooses where it is None.
        dtype: Type of the weights.
        options: Passed to transformers, as `gguf_file`.

    Raises:
        ModelLoadError: There is no such model.
    """
    name, revision = read_address(model)
    with _explained("model", model):
        loaded = AutoModelForCausalLM.from_pretrained(
            name, revision=revision, dtype=dtype, trust_remote_code=False, **_attention(attention), **options
        )
        loaded.config._name_or_path = _folder_or_name(name, revision)
    return loaded


def _folder_or_name(name: str, revision: str | None) -> str:
    """Return by what TRL loads the reference model and vLLM's copy, neither of which it gives a revision."""
    return name if revision is None else str(Path(cached_file(name, "config.json", revision=revision)).parent)


def empty_causal_model(model: str | Path, attention: str, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
    """Return a causal language model whose weights have a shape and no contents (device `meta`).

    Its configuration and its buffers are those of `load_causal_model`; how it generates is not read.

    Args:
        model: Address of the model.
        attention: Name of the attention function.
        dtype: Type of the weights.

    Raises:
        ModelLoadError: There is no such model.
    """
    config = load_config(model)
    with init_empty_weights(include_buffers=False):
        empty = untrained_causal_model(config, dtype, attention)
    # A weight that stands in two places was made twice.
    empty.tie_weights()
    name, revision = read_address(model)
    empty.config._name_or_path = empty.name_or_path = _folder_or_name(name, revision)
    return empty


def empty_classifier(model: str | Path, attention: str) -> PreTrainedModel:
    """Return a sequence classifier with one label whose float32 weights have a shape and no contents (device `meta`).

    Its configuration and its buffers are those of `load_classifier`; no file of weights is read.

    Args:
        model: Address of a causal model or of a finished reward model.
        attention: Name of the attention function.

    Raises:
        ModelLoadError: There is no such model.
    """
    config = load_config(model)
    with init_empty_weights(include_buffers=False):
        return untrained_classifier(config, torch.float32, attention)


def untrained_causal_model(config: PreTrainedConfig, dtype: torch.dtype, attention: str) -> PreTrainedModel:
    """Return a causal language model of this architecture with random weights."""
    return AutoModelForCausalLM.from_config(config, dtype=dtype, attn_implementation=attention, trust_remote_code=False)


def untrained_classifier(config: PreTrainedConfig, dtype: torch.dtype, attention: str) -> PreTrainedModel:
    """Return a sequence classifier of this architecture with one label and random weights."""
    one_label = copy.deepcopy(config)
    one_label.num_labels = 1
    return AutoModelForSequenceClassification.from_config(
        one_label, dtype=dtype, attn_implementation=attention, trust_remote_code=False
    )


def load_classifier(
    model: str | Path, dtype: torch.dtype | str = torch.float32, attention: str | None = None
) -> PreTrainedModel:
    """Return a sequence classifier with one label. Loaded from a causal model, it has a random score head.

    Args:
        model: Address of a causal model or of a finished reward model.
        dtype: Type of the weights; `auto` keeps the type that they have in the file.
        attention: Name of the attention function; transformers chooses where it is None.

    Raises:
        ModelLoadError: There is no such model, or a weight other than the score head is missing.
    """
    name, revision = read_address(model)
    with _explained("model", model), _without_load_report():
        classifier, loading = AutoModelForSequenceClassification.from_pretrained(
            name,
            revision=revision,
            num_labels=1,
            dtype=dtype,
            trust_remote_code=False,
            output_loading_info=True,
            **_attention(attention),
        )
    missing = sorted(set(loading["missing_keys"]) - {SCORE_HEAD})
    if missing:
        raise ModelLoadError(
            f"The files of {str(model)!r} lack {len(missing)} weights, the first is {missing[0]}: they are incomplete, "
            "or of another architecture than config.json names."
        )
    return classifier


def _attention(attention: str | None) -> dict[str, str]:
    return {} if attention is None else {"attn_implementation": attention}


def _architecture_of_its_own(model: str | Path) -> str | None:
    """Return the architecture of a model that only code that comes with it could load; None for any other."""
    name, revision = read_address(model)
    try:
        written, _ = PreTrainedConfig.get_config_dict(name, revision=revision)
    except (OSError, ValueError):
        return None
    own: str | None = written.get("model_type")
    return own if "auto_map" in written and own not in CONFIG_MAPPING else None


@contextmanager
def _explained(what: str, model: str | Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if own := _architecture_of_its_own(model):
            raise ModelLoadError(
                f"{str(model)!r} is of the architecture {own!r}, which transformers does not have and for which it "
                "brings code of its own; code that comes with a model is never run, so give a model of another "
                "architecture."
            ) from error
        if not isinstance(error, OSError | ValueError):
            raise
        raise ModelLoadError(
            f"Cannot load a {what} from {str(model)!r}: {error}. Give a folder with config.json, weights and "
            "tokenizer, or the id of a model on the hub."
        ) from error


@contextmanager
def _without_load_report() -> Iterator[None]:
    """Keep transformers from printing a table of weights that were not in the files: the caller looks at them."""

    def is_other_message(record: logging.LogRecord) -> bool:
        return "LOAD REPORT" not in record.getMessage()

    logger = logging.getLogger("transformers.modeling_utils")
    logger.addFilter(is_other_message)
    try:
        yield
    finally:
        logger.removeFilter(is_other_message)
