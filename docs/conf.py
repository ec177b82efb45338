"""How the site is built: `make docs` runs Sphinx on this folder, every warning is an error."""

import sys
from datetime import date
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS))

import from_code  # noqa: E402 - stands beside this file

project = "AceCoder-on-Dagster"
copyright = f"{date.today().year}, the authors"  # noqa: A001 - Sphinx's name

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "diagrams"]
exclude_patterns = ["_site"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
myst_fence_as_directive = ["mermaid"]

# The reference is built from signatures and docstrings: nothing heavy has to be installed or loaded for it.
autodoc_mock_imports = ["accelerate", "datasets", "peft", "safetensors", "torch", "transformers", "trl", "vllm"]
# Docstrings have plain backticks.
default_role = "code"
autodoc_typehints = "description"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
napoleon_google_docstring = True
napoleon_numpy_docstring = False

html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": True,
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "navigation_with_keys": False,
}

from_code.write_pages(DOCS / "generated")
