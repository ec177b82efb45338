"""What imports and collections of seeds have in common: a name, batches that are called by it, shares of the splits."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from acecoder_dagster.data.lake import text_id


class Manifest(BaseModel):
    """What a user asks for under a name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="Its name; the batches are <name>-000 ...")
    validation_share: float = Field(default=0.1, ge=0, lt=1, description="Share of the validation split, by hash")
    test_share: float = Field(default=0.1, ge=0, lt=1, description="Share of the test split, by hash")

    @model_validator(mode="after")
    def _leaves_something_to_train_on(self) -> Self:
        if self.validation_share + self.test_share >= 1:
            raise ValueError("validation_share and test_share leave nothing to train on; their sum must be below 1")
        return self

    def batch(self, number: int) -> str:
        """Return the name of a batch, counted from 0."""
        return f"{self.name}-{number:03}"

    def split_by_hash(self, key: str, test_share: float | None = None) -> str:
        """Return the split of a row: the same for equal keys, and over many keys in the wanted shares.

        Args:
            key: what the hash is taken of.
            test_share: share of the test split, where it is not the manifest's.
        """
        share = int(text_id("split", key), 16) / 2**64
        held_out = self.test_share if test_share is None else test_share
        if share < held_out:
            return "test"
        return "validation" if share < held_out + self.validation_share else "train"
