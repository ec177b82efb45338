"""Pages are as short as they promise, name what is there, and show what the code says."""

import importlib.util
import re
import sys
from pathlib import Path

import duckdb
import pytest

from acecoder_dagster.data.home import Home
from acecoder_dagster.data.lake import Lake
from acecoder_dagster.data.warehouse import build_warehouse
from acecoder_dagster.paths import project_folder
from acecoder_dagster.settings import list_settings, read_settings
from tests.docs.shown import PAGES, ROOT, blocks

PATH = re.compile(r"`((?:acecoder_dagster|benchmarks|containers|docs|examples|requirements|sql|tests)/[\w./*-]*)`")
LINK = re.compile(r"\]\((?!https?://)([^)#\s]+)(?:#[\w-]+)?\)|src=\"([^\"]+)\"")
SETTING = re.compile(r"`((?:%s)\.\w+)(?: = [^`]*)?`")
MADE = ("generated/", "docs/_site", "containers/.env", "containers/secrets")
"""What `make docs` puts beside the pages, the site itself, and what each user writes."""


@pytest.fixture(scope="module")
def from_code():
    """The module of docs/ that makes pages from the code."""
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        specification = importlib.util.spec_from_file_location("from_code", ROOT / "docs" / "from_code.py")
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
    finally:
        sys.path.remove(str(ROOT / "docs"))
    return module


def names(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_the_readme_is_read_in_five_minutes():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_the_picture_of_the_graph_is_of_the_graph_as_it_is(from_code):
    drawn = from_code.PICTURE.read_text()
    labels = set(re.findall(r">(\w+)<", drawn))

    assert {stage.name for stage in from_code.STAGES} <= labels, "run `make docs`"
    assert drawn == from_code.draw(from_code.graph_diagram()), "run `make docs`"


def test_the_page_of_the_graph_tells_inputs_from_gates(from_code):
    diagram = from_code.graph_diagram()

    assert "warehouse -.-> acecode_dataset" in diagram
    assert "candidate_tests --> oracle_results" in diagram
    assert "questions --> test_results" not in diagram, "a longer way says the same"


def test_the_page_of_settings_has_every_setting(from_code):
    page = from_code.settings_page()

    for setting in list_settings():
        assert f"| `{setting.name.rpartition('.')[2]}` |" in page


def test_the_page_of_commands_has_every_command(from_code):
    page = from_code.commands_page()

    for command in ("judge", "import", "seeds", "run", "plan", "query", "export", "train-rm", "sandbox build"):
        assert f"## `acecoder {command}`" in page


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_paths_and_links_of_a_page_lead_somewhere(page):
    text = page.read_text()
    included = names(page).startswith("docs/") or page.parent == ROOT
    shown = [path.rstrip("/") for path in PATH.findall(text)]
    missing = [path for path in shown if path not in MADE and not list(ROOT.glob(path))]
    links = {link for found in LINK.findall(text) for link in found if link}
    missing += [link for link in links if MADE[0] not in link and not (page.parent / link).exists()]

    assert included
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_settings_that_a_page_names_exist(page):
    known = {setting.name for setting in list_settings()}
    sections = {name.partition(".")[0] for name in known if "." in name} - {"questions"}
    named = re.findall(SETTING.pattern % "|".join(sections), page.read_text())

    assert set(named) - known - {f"{section}.py" for section in sections} <= {
        name for name in named if any(setting.startswith(f"{name}.") for setting in known)
    }


@pytest.mark.parametrize("block", blocks("toml"), ids=lambda block: block.page)
def test_a_profile_that_a_page_shows_is_valid(block, tmp_path):
    profile = tmp_path / "shown.toml"
    text = block.text.replace("[[inbox.sources]]", 'extends = "micro"\n[[inbox.sources]]')
    profile.write_text(text if "extends" in text else f'extends = "micro"\n{text}')

    read_settings(str(profile))


@pytest.mark.parametrize("block", blocks("sql"), ids=lambda block: block.page)
def test_sql_that_a_page_shows_runs_on_a_warehouse(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    home = Home(tmp_path / ".acecoder")
    build_warehouse(Lake(home.root / "lake"), home.warehouse)
    with duckdb.connect(str(home.warehouse) if "ATTACH" not in block.text else ":memory:") as connection:
        if "getvariable" in block.text:
            connection.execute("SET VARIABLE model = 'base_policy'")
        connection.execute(block.text)


def test_queries_that_pages_name_are_shipped():
    shipped = {path.stem for path in (project_folder("sql") / "queries").glob("*.sql")}
    named = {
        name for page in PAGES for name in re.findall(r"acecoder query ([a-z]\w+)", page.read_text()) if name.islower()
    }

    assert named <= shipped
