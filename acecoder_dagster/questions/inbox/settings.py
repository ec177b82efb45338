"""Settings of the inbox and of the sources that are looked at for news."""

from pydantic import BaseModel, ConfigDict, Field

from acecoder_dagster.questions.importing import ImportManifest


class InboxSettings(BaseModel):
    """Where new files come from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: str = Field(default="inbox", description="Folder to drop files into; inside the project folder if relative")
    sources: tuple[ImportManifest, ...] = Field(
        default=(), description="Imports whose files or hub data sets are looked at again and again for changes"
    )
    settle_seconds: float = Field(
        default=5, ge=0, description="A file is taken in once it has not changed for so long: it may still be copied"
    )
    seconds_between_looks: int = Field(default=30, ge=1, description="How often the folder is looked at")
    seconds_between_source_looks: int = Field(default=3600, ge=1, description="How often the sources are looked at")
