"""How the package is built; the import rules themselves are in pyproject.toml and checked by `lint-imports`."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import grimp

import acecoder_dagster

PACKAGE = Path(acecoder_dagster.__file__).parent
LONGEST_FILE, LONGEST_FUNCTION = 400, 77
"""In lines, as of November 2026: to be lowered when they have become shorter, never raised."""


def test_the_top_of_the_package_is_a_short_list():
    folders = [path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"]

    assert len(folders) <= 10, folders
    assert len(list(PACKAGE.glob("*.py"))) <= 6


def test_files_and_functions_are_no_longer_than_they_were():
    lengths = {}
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        lengths[str(path)] = source.count("\n")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lengths[f"{path}::{node.name}"] = node.end_lineno - node.lineno + 1

    assert not {
        name: lines for name, lines in lengths.items() if lines > (LONGEST_FUNCTION if "::" in name else LONGEST_FILE)
    }


def test_no_module_imports_itself_by_way_of_others():
    graph = grimp.build_graph("acecoder_dagster", cache_dir=None)

    # Raises CycleError, which names the modules of a circle. Packages count as modules, as they do for Python.
    tuple(
        TopologicalSorter(
            {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
        ).static_order()
    )


def test_the_orchestrator_never_loads_torch():
    code = (
        "import acecoder_dagster.definitions, sys; print(sorted({'torch', 'transformers', 'vllm'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "[]"
