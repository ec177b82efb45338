"""Dependencies point one way: definitions -> assets -> orchestration -> domain packages -> small shared modules."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "acecoder_dagster"
ORCHESTRATION = {"assets", "orchestration"}
DAGSTER_ENTRY_POINTS = {"definitions.py", "runner.py", "terminal_runs.py", "cli.py"}
DOMAIN_PACKAGES = sorted(
    path.name
    for path in PACKAGE.iterdir()
    if (path / "__init__.py").is_file() and path.name not in ORCHESTRATION | {"workers"}
)
PUBLIC_MODULES = {"settings", "types"}


def imported_modules(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("package", DOMAIN_PACKAGES)
def test_a_domain_package_knows_nothing_of_dagster(package):
    for path in (PACKAGE / package).rglob("*.py"):
        known = {name.split(".")[0] for name in imported_modules(path)}
        assert "dagster" not in known, path
        inner = {name.split(".")[1] for name in imported_modules(path) if name.startswith("acecoder_dagster.")}
        assert not inner & (ORCHESTRATION | {"workers", "definitions", "runner"}), path


@pytest.mark.parametrize("package", DOMAIN_PACKAGES)
def test_a_domain_package_uses_only_the_public_door_of_another(package):
    for path in (PACKAGE / package).rglob("*.py"):
        for name in imported_modules(path):
            parts = name.split(".")
            if parts[0] != PACKAGE.name or len(parts) < 3 or parts[1] == package or parts[1] not in DOMAIN_PACKAGES:
                continue
            assert parts[2] in PUBLIC_MODULES or parts[1] == "lake", f"{path} imports {name}"


def test_the_orchestrator_never_loads_torch():
    code = (
        "import acecoder_dagster.definitions, sys; print(sorted({'torch', 'transformers', 'vllm'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "[]"
