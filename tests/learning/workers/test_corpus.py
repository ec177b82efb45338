"""The corpus about given questions, as the worker of the base policy makes it."""

import polars as pl
import pytest

from acecoder_dagster.learning.policy.imitation import NothingToImitateError
from acecoder_dagster.learning.training.scratch import create_scratch_model
from acecoder_dagster.learning.training.settings import ScratchModelSettings
from acecoder_dagster.learning.workers.corpus import imitation_rows, writable_references

SHORT = "def f(x):\n    return x + 1"
LONG = "def f(x):\n    return " + " + ".join(f"x ** {n}" for n in range(100, 180))
REFERENCES = pl.DataFrame({"prompt": ["# Add 1.\n", "# Many powers.\n"], "program": [SHORT, LONG]})


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Folder of a model whose tokens are mostly single bytes."""
    folder = tmp_path_factory.mktemp("model")
    sizes = ScratchModelSettings(
        vocabulary_size=258, hidden_size=32, layers=1, attention_heads=1, feed_forward_size=32, context_length=128
    )
    create_scratch_model([SHORT], folder, sizes)
    return folder


def test_only_references_that_the_policy_has_room_to_write_are_imitated(model):
    writable = writable_references(REFERENCES, model, 96)

    assert writable["program"].to_list() == [SHORT]
    rows = imitation_rows(writable, 50, 0)
    assert rows.columns == ["prompt", "completion"]
    assert set(rows["prompt"]) == {"# Add 1.\n"}
    assert {SHORT, "def f(x):\n    return x - 1"} <= set(rows["completion"])


def test_where_the_policy_has_room_for_none_the_settings_to_raise_are_named(model):
    with pytest.raises(NothingToImitateError, match=r"sampling\.max_tokens.*base_policy\.scratch\.context_length"):
        writable_references(REFERENCES, model, 20)
