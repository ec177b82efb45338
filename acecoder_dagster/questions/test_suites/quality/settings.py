"""Settings of the test-quality certificate."""

from pydantic import BaseModel, ConfigDict, Field


class QualitySettings(BaseModel):
    """What is measured on, and what is required. A requirement that is not met blocks what follows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batches: tuple[str, ...] = Field(
        ("calibration-*",),
        description="Patterns of the names of calibration batches: imported with official and other tests",
    )
    mutants_per_question: int = Field(20, ge=0, description="Mutants of each reference program; with 0 none is judged")
    reruns: int = Field(3, ge=2, description="How often the references are judged, to find flaky tests")
    bootstrap_samples: int = Field(2000, ge=100, description="Draws of questions for the intervals")
    min_validity: float = Field(0, ge=0, le=1, description="Required share of kept tests that the reference passes")
    min_true_positives: float = Field(0, ge=0, le=1, description="Required share of right programs that pass")
    min_true_negatives: float = Field(0, ge=0, le=1, description="Required share of wrong programs that fail")
    min_mutation_kill: float = Field(0, ge=0, le=1, description="Required share of killable mutants that fail")
    min_coverage: float = Field(0, ge=0, le=1, description="Required share of the references' lines that run")
    max_flaky: float = Field(1, ge=0, le=1, description="Largest allowed share of flaky tests")

    def requirements(self) -> dict[str, float]:
        """Return the required values by measure: the largest for flaky tests, else the smallest."""
        return {
            "validity": self.min_validity,
            "true_positives": self.min_true_positives,
            "true_negatives": self.min_true_negatives,
            "mutation_kill": self.min_mutation_kill,
            "coverage": self.min_coverage,
            "flaky": self.max_flaky,
        }
