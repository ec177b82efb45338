"""A page as HTML, from the templates and the style beside this file."""

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from acecoder_dagster.evaluation.report_page.parts import Page
from acecoder_dagster.evaluation.report_page.words import NOTHING

_FOLDER = Path(__file__).parent


def render_page(page: Page) -> str:
    """Return a page as one HTML document, which asks for no other file and no network."""
    style = (_FOLDER / "style.css").read_text(encoding="utf-8")
    script = (_FOLDER / "silence.js").read_text(encoding="utf-8")
    # The page allows this script and no other.
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    template = _templates().get_template("page.html.jinja")
    return template.render(page=page, style=style, script=script, script_hash=f"sha256-{digest}")


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {"nothing": NOTHING, "percent": lambda share: f"{share:.2%}"}
    return environment
