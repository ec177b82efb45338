"""What a page is made of; the template knows one way to show each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from acecoder_dagster.evaluation.report_page.drawing import Drawing

PATIENCE = 4
"""A busy machine may write a page late, and hardly so late."""


@dataclass(frozen=True)
class Bar:
    """A cell that draws a share beside its text.

    Attributes:
        text: the figure in words.
        share: length of the bar, from 0 to 1.
        rest: length of a second bar behind it, for what was not kept.
        low: where the interval begins; None where there is none.
        high: where it ends.
        tone: colour of the bar, a name in the style.
    """

    text: str
    share: float
    rest: float = 0.0
    low: float | None = None
    high: float | None = None
    tone: str = "blue"


Cell = str | Bar


@dataclass(frozen=True)
class Table:
    """A table; on a narrow screen each row becomes a block of lines.

    Attributes:
        columns: names of the columns; the first one names the row.
        rows: the cells of each row; a row of one cell names those that follow.
        hints: what the name of a row means, by name.
        title: what stands above it.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    hints: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    kind: str = "table"


@dataclass(frozen=True)
class Chart:
    """A drawing with what it shows in words."""

    title: str
    drawing: Drawing
    caption: str = ""


@dataclass(frozen=True)
class Charts:
    """Drawings side by side, where there is room."""

    charts: Sequence[Chart]
    kind: str = "charts"


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str
    kind: str = "text"


@dataclass(frozen=True)
class Block:
    """Code or text as it is, with what it is."""

    name: str
    text: str


@dataclass(frozen=True)
class Entry:
    """A line that shows more when it is opened."""

    summary: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Details:
    """Lines that show more when they are opened."""

    title: str
    entries: Sequence[Entry]
    kind: str = "details"


Part = Table | Charts | Text | Details


@dataclass(frozen=True)
class Section:
    """A section of a page.

    Attributes:
        place: its name in links.
        title: its heading.
        meaning: what its figures mean.
        parts: what it shows, or a sentence about what is missing.
    """

    place: str
    title: str
    meaning: str
    parts: Sequence[Part]


@dataclass(frozen=True)
class Headline:
    """A figure at the top of a page: its value, what it is, and where it comes from."""

    value: str
    name: str
    note: str


@dataclass(frozen=True)
class Growing:
    """How a page is shown that is written anew again and again.

    Attributes:
        written: when it was written, in seconds since the epoch.
        seconds: after how many seconds a browser loads it again.
        silent: its lead where it was not written for `PATIENCE` times as long: its writer was killed.
    """

    written: float
    seconds: int
    silent: str

    @property
    def patience(self) -> int:
        """Seconds after which the writer is taken for killed."""
        return PATIENCE * self.seconds


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes:
        title: its heading.
        lead: what it is, in a sentence.
        headlines: the figures that matter most.
        sections: all others.
        growing: of a page that is written anew again and again: when that was, and how often; None for one that stays.
    """

    title: str
    lead: str
    headlines: Sequence[Headline]
    sections: Sequence[Section]
    growing: Growing | None = None
