"""What a user asks to import: which files, which tests, how to split and to cut into batches."""

from typing import Literal, Self

from pydantic import Field, model_validator

from acecoder_dagster.questions.manifests import Manifest


class ImportManifest(Manifest):
    """One import. Files are paths (.parquet, .jsonl, .jsonl.gz, .json) or hub addresses (hf://owner/name)."""

    questions: tuple[str, ...] = Field(min_length=1, description="Files of questions, with their tests and programs")
    generated_tests: tuple[str, ...] = Field(default=(), description="Files of tests that models wrote")
    programs: tuple[str, ...] = Field(default=(), description="Files of programs that models wrote")
    tests: Literal["official", "generated", "both"] = Field(
        default="official", description="Tests to use: those in the questions' files, those that models wrote, or both"
    )
    with_programs: bool = Field(
        default=True,
        description="Whether programs are imported. false: the questions come without those that their files bring, so "
        "that the base policy of the profile is asked for programs",
    )
    split: Literal["keep", "hash", "train", "test"] = Field(
        default="keep",
        description="keep: the file's train, validation or test where it says one, else by hash; hash: all by hash; "
        "train: train or validation, by hash; test: all held out",
    )
    questions_per_batch: int = Field(default=1000, ge=1, description="Questions per batch, at most")
    max_program_bytes: int = Field(default=1_000_000, ge=1, description="Longest program that is imported")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.tests == "official" and self.generated_tests:
            raise ValueError("generated_tests are named but tests is `official`; set tests to `generated` or `both`")
        if self.tests != "official" and not self.generated_tests:
            raise ValueError(f"tests is `{self.tests}` but no generated_tests are named; name their files")
        if self.programs and not self.with_programs:
            raise ValueError("programs are named but with_programs is false; leave one of them out")
        return self

    def decides(self) -> dict[str, object]:
        """Return what, beside the files, decides about the imported rows."""
        decided = self.model_dump(exclude={"questions", "generated_tests", "programs"})
        if self.with_programs:
            # Imports from before there was the choice are what they were.
            del decided["with_programs"]
        return decided
