"""How the package is built; the import rules themselves are in pyproject.toml and checked by `lint-imports`."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import grimp

import acecoder_dagster

LOADS = {
    "from_pretrained": {"learning/pretrained.py"},
    "from_config": {"learning/pretrained.py"},
    "EngineArgs": {"learning/sampling/engine.py"},
    "load_dataset": {"files/hub.py"},
}
"""What loads models and data sets of others, and could run code that comes with them, and where alone it is called."""

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


def test_models_and_data_sets_are_loaded_in_one_place_each_and_without_their_code():
    for name, call, place in _calls(PACKAGE):
        if name in LOADS:
            assert place in LOADS[name], f"{place}, line {call.lineno}: use {LOADS[name]} instead of {name}"
            said = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
            assert said.get("trust_remote_code") == "False", f"{place}, line {call.lineno}: {name} does not say so"


def test_no_benchmark_loads_a_model_by_itself_and_nothing_at_all_trusts_code_of_others():
    root = PACKAGE.parent
    assert not [place for name, _, place in _calls(root / "benchmarks") if name in LOADS]
    for folder in ("acecoder_dagster", "benchmarks", "docs", "tests"):
        for _, call, place in _calls(root / folder):
            trusting = [each.value for each in call.keywords if each.arg == "trust_remote_code"]
            assert all(ast.unparse(value) == "False" for value in trusting), f"{folder}/{place}, line {call.lineno}"


def test_every_judge_is_opened_where_the_settings_say():
    """On a cluster or here. The one exception only asks what would start sandboxes here."""
    opened = [(call, place) for name, call, place in _calls(PACKAGE) if name == "Judge"]

    assert opened
    assert {place for call, place in opened if len(call.args) < 2} == {"cli/status.py"}


def _calls(folder: Path) -> Iterator[tuple[str, ast.Call, str]]:
    """Every call in the Python files of a folder: the last part of what is called, the call, and the file."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield ast.unparse(node.func).rpartition(".")[2], node, path.relative_to(folder).as_posix()
