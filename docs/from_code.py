"""The pages that follow from the code: stages, commands, settings, the warehouse, measurements."""

import inspect
import json
from collections.abc import Sequence
from pathlib import Path

import typer
from diagrams import draw
from typer.cli import get_docs_for_click

from acecoder_dagster.cli.main import app
from acecoder_dagster.data.warehouse.documentation import warehouse_page
from acecoder_dagster.graph.assets import STAGES
from acecoder_dagster.settings import Settings, list_settings

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "pictures" / "pipeline.svg"
"""The picture of the graph that the README shows."""

WAREHOUSE = ROOT / "docs" / "warehouse.md"


def write_pages(folder: Path) -> None:
    """Write every page that follows from the code into the folder, as Markdown.

    The picture of the graph and the page of the warehouse are part of the repository, for readers who build nothing; a
    test says when they are out of date.
    """
    pages = {
        "stages": stages_page(),
        "commands": commands_page(),
        "settings": settings_page(),
        **{f"measurements/{name}": text for name, text in measurements().items()},
    }
    _write(WAREHOUSE, warehouse_page())
    _write(PICTURE, draw(graph_diagram()))
    for name, text in pages.items():
        _write(folder / f"{name}.md", text)
    for former in set(folder.rglob("*.md")) - {folder / f"{name}.md" for name in pages}:
        former.unlink()


def _write(path: Path, text: str) -> None:
    # A file that is as it was keeps its time: Sphinx does not read it again.
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def graph_diagram() -> str:
    """Return the graph as Mermaid text: solid arrows for what is read, dotted ones for what is only waited for.

    An arrow is left out where a longer way of arrows says the same under all settings.
    """
    usual = Settings()
    lines = ["flowchart TB"]
    for group in dict.fromkeys(stage.group for stage in STAGES):
        members = [stage.name for stage in STAGES if stage.group == group]
        lines += [f"  subgraph {group}", *(f"    {name}" for name in members), "  end"]
    before: dict[str, set[str]] = {}
    for stage in STAGES:
        direct = [*(each.name for each in stage.reads), *stage.waits_for]
        always = [*(each.name for each in stage.reads if each.when(usual)), *stage.waits_for]
        before[stage.name] = set(always).union(*(before[name] for name in always))
        for name in direct:
            if not any(name in before[other] for other in always):
                arrow = "-.->" if name in stage.waits_for else "-->"
                lines.append(f"  {name} {arrow} {stage.name}")
    return "\n".join(lines)


def stages_page() -> str:
    """Return the page of the graph: its picture, and a table of all stages for each group."""
    parts = [
        "# The graph",
        f"```mermaid\n{graph_diagram()}\n```",
        "A solid arrow: the stage *reads* what the other made. A dotted arrow: it only *waits for* the other, whose "
        "checks stop it when they fail. An arrow is left out where a longer way of arrows says the same; the tables "
        "have them all. Some inputs are read under some settings only.",
        "*By batch*: the stage works on each batch by itself. *Unit*: of a batch that changed, the rows of those "
        "questions or programs that did not change are taken over. *Code version*: raised when the same inputs would "
        "give other rows.",
    ]
    for group in dict.fromkeys(stage.group for stage in STAGES):
        rows = [
            (
                f"`{stage.name}`",
                " ".join(inspect.cleandoc(stage.description).partition("\n\n")[0].split()),
                "yes" if stage.partitions else "",
                (stage.unit or "").removesuffix("_id"),
                ", ".join(f"`{each.name}`" for each in stage.reads),
                ", ".join(f"`{name}`" for name in stage.waits_for),
                stage.code_version,
            )
            for stage in STAGES
            if stage.group == group
        ]
        header = ("stage", "what it makes", "by batch", "unit", "reads", "waits for", "code version")
        parts += [f"## {group.capitalize()}", markdown_table(header, rows)]
    return "\n\n".join(parts) + "\n"


def commands_page() -> str:
    """Return the page of the commands, with every argument and option."""
    command = typer.main.get_command(app)
    return get_docs_for_click(obj=command, ctx=typer.Context(command, info_name="acecoder"), name="acecoder")


def settings_page() -> str:
    """Return the page of all settings with their defaults and meanings, one table for each section."""
    sections: dict[str, list[tuple[str, ...]]] = {"": []}
    for each in list_settings():
        section, _, name = each.name.rpartition(".")
        default = "unset" if each.default is None else f"`{json.dumps(each.default)}`"
        sections.setdefault(section, []).append((f"`{name}`", each.description, default, each.kind))
    parts = [
        "# Settings",
        "A profile is a TOML file of these settings; `extends` names the profile that it changes. `acecoder settings` "
        "shows the value of each in your profile, and which profile says so. What depends on the machine, as "
        "`sandbox.workers`, is shown as it was where this page was built.",
    ]
    for section, rows in sections.items():
        parts += [f"## {section or 'At the top'}", markdown_table(("setting", "meaning", "default", "takes"), rows)]
    return "\n\n".join(parts) + "\n"


def measurements() -> dict[str, str]:
    """Return the report of every benchmark by its name."""
    reports = sorted(ROOT.glob("benchmarks/*/results.md"))
    return {path.parent.name: path.read_text(encoding="utf-8") for path in reports}


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)
