"""Drawings as inline SVG that takes its colours and its font from the page, so that they follow its dark mode."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TONES = ("ink", "muted", "line", "blue", "grey", "green", "red", "amber", "purple")
"""Colours that the style of the page defines."""

SERIES = ("blue", "green", "amber", "purple", "red", "grey")
"""Colours of several lines in one drawing, in their order."""

# No other colour is black but for the last digits, so what stands for a colour is found again in the SVG.
_STANDS_FOR = {tone: f"#0000{number:02x}" for number, tone in enumerate(TONES, start=1)}
_WIDTH, _HEIGHT = 4.9, 3.0
_TEXT = 11
"""Points, of a drawing of 350: on a phone it is drawn a little smaller."""
_PROLOGUE = re.compile(r"\A.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_GROUP_IDS = re.compile(r'<g id="[^"]*"')
_SIZE = re.compile(r'(<svg[^>]*?) width="[^"]*" height="[^"]*"|(<svg[^>]*?) height="[^"]*"([^>]*?) width="[^"]*"')


def colour(tone: str) -> str:
    """Return what stands for a colour of the page while a drawing is made."""
    return _STANDS_FOR[tone]


@dataclass
class Drawing:
    """A drawing while it is made, and when it is done.

    Attributes:
        axes: what is drawn on.
        legend: what each colour means, as (tone, meaning). The page shows it: beside a drawing as wide as a phone there
            is no room for it.
        svg: the drawing, once it is done.
    """

    axes: "Axes"
    legend: list[tuple[str, str]] = field(default_factory=list)
    svg: str = ""


@contextmanager
def drawing() -> Iterator[Drawing]:
    """Yield empty axes in the style of the page; afterwards the drawing is there as SVG."""
    import matplotlib as mpl  # slow to import, so that commands without a drawing do not wait for it
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, _HEIGHT), layout="constrained")
    axes = figure.subplots()
    axes.set_facecolor("none")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(colour("grey"))
    axes.tick_params(colors=colour("muted"), labelsize=_TEXT, length=0)
    axes.grid(axis="y", color=colour("line"), linewidth=0.8)
    axes.set_axisbelow(True)
    axes.locator_params(nbins=5)
    drawn = Drawing(axes)
    yield drawn
    for axis in (axes.xaxis, axes.yaxis):
        for text in (axis.label, axis.get_offset_text()):
            text.set(color=colour("muted"), fontsize=_TEXT)
    written = StringIO()
    # Only what is written as SVG reads these, so it is nothing to a plot that another thread makes.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "acecoder"}):
        figure.savefig(written, format="svg", transparent=True)
    drawn.svg = _inline(written.getvalue())


def _inline(svg: str) -> str:
    """Return an SVG file as a part of a page: as wide as its place, in the colours and the font of the page."""
    for pattern in (_PROLOGUE, _METADATA):
        svg = pattern.sub("", svg)
    svg = _GROUP_IDS.sub("<g", svg)
    svg = _SIZE.sub(lambda found: found[1] or found[2] + found[3], svg, count=1)
    for tone, stands_for in _STANDS_FOR.items():
        svg = svg.replace(stands_for, f"var(--{tone})")
    # The page's font, at the size that matplotlib chose.
    return re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1", svg)
