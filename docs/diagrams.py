"""Mermaid diagrams as SVG files, drawn while the site is built: a reader's browser loads nothing from elsewhere."""

import hashlib
import re
from pathlib import Path

import mmdr
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FOLDER = Path(__file__).parent / "generated" / "diagrams"


class MermaidDirective(SphinxDirective):
    """A fenced block of Mermaid text becomes a picture in its own size, or as wide as the page where that is less."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the picture."""
        text = "\n".join(self.content)
        drawing = draw(text)
        path = FOLDER / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.svg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(drawing, encoding="utf-8")
        size = re.search(r'viewBox="\S+ \S+ (\S+) (\S+)"', drawing)
        if size is None:
            raise self.error("the drawn diagram has no size")
        image = nodes.image(uri=f"/generated/diagrams/{path.name}", alt=_names(text), classes=["diagram"])
        image["width"] = f"{float(size[1]):.0f}px"
        return [image]


def draw(text: str) -> str:
    """Return Mermaid text as an SVG document on white ground, so that it can be read on a dark page too."""
    drawing = mmdr.render(text).svg()
    return re.sub(
        r'(<svg [^>]*viewBox="(\S+) (\S+) (\S+) (\S+)"[^>]*>)',
        r'\1<rect x="\2" y="\3" width="\4" height="\5" rx="8" fill="white"/>',
        drawing,
        count=1,
    )


def _names(text: str) -> str:
    """Return what a reader without pictures is told."""
    return "Diagram: " + ", ".join(line.strip() for line in text.splitlines()[1:] if line.strip())


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directive known to Sphinx."""
    app.add_directive("mermaid", MermaidDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
