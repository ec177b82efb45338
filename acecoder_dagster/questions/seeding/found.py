"""A seed function as found, before near-duplicates go and a sample is drawn."""

from dataclasses import dataclass

from acecoder_dagster.data.reasons import Reason


@dataclass(frozen=True)
class FoundSeed:
    """One seed, in the words of `tables.SEED_FUNCTIONS`; `reason` and `evidence` say why it cannot be used, if so.

    `own_code` is what tells it from others: the function without what it uses.
    """

    source: str
    upstream_id: str
    upstream_revision: str
    licence: str
    code: str = ""
    own_code: str = ""
    entry_point: str = ""
    instruction: str | None = None
    reason: Reason | None = None
    evidence: str = ""
