"""Loading models and tokenizers: the one place that asks transformers for them.

Code that comes with a model is never run (`trust_remote_code=False`). A model that cannot be loaded is a
`ModelLoadError`, whose message says what to give instead.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from acecoder_dagster.learning.errors import ModelLoadError

SCORE_HEAD = "score.weight"
"""The one weight of a sequence classifier that a causal model does not have."""


def load_tokenizer(model: str | Path, revision: str | None = None, **options: Any) -> PreTrainedTokenizerBase:  # noqa: ANN401 - transformers' own
    """Return the tokenizer of a model.

    Args:
        model: Folder or hub id.
        revision: Revision of a hub model.
        options: Passed to transformers, as `padding_side`.

    Raises:
        ModelLoadError: There is no such tokenizer.
    """
    with _explained("tokenizer", model):
        return AutoTokenizer.from_pretrained(model, revision=revision, trust_remote_code=False, **options)


def load_config(model: str | Path) -> PreTrainedConfig:
    """Return the configuration of a model, a folder or hub id.

    Raises:
        ModelLoadError: There is no such model.
    """
    with _explained("model", model):
        return AutoConfig.from_pretrained(model, trust_remote_code=False)


def load_causal_model(model: str | Path, attention: str | None = None) -> PreTrainedModel:
    """Return a causal language model with float32 weights.

    Args:
        model: Folder or hub id.
        attention: Name of the attention function; transformers chooses where it is None.

    Raises:
        ModelLoadError: There is no such model.
    """
    with _explained("model", model):
        return AutoModelForCausalLM.from_pretrained(
            model, dtype=torch.float32, trust_remote_code=False, **_attention(attention)
        )


def untrained_causal_model(config: PreTrainedConfig, dtype: torch.dtype, attention: str) -> PreTrainedModel:
    """Return a causal language model of this architecture with random weights."""
    return AutoModelForCausalLM.from_config(config, dtype=dtype, attn_implementation=attention, trust_remote_code=False)


def load_classifier(
    model: str | Path, dtype: torch.dtype | str = torch.float32, attention: str | None = None
) -> PreTrainedModel:
    """Return a sequence classifier with one label. Loaded from a causal model, it has a random score head.

    Args:
        model: Folder or hub id of a causal model or of a finished reward model.
        dtype: Type of the weights; `auto` keeps the type that they have in the file.
        attention: Name of the attention function; transformers chooses where it is None.

    Raises:
        ModelLoadError: There is no such model, or a weight other than the score head is missing.
    """
    with _explained("model", model), _without_load_report():
        classifier, loading = AutoModelForSequenceClassification.from_pretrained(
            model,
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


@contextmanager
def _explained(what: str, model: str | Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
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
