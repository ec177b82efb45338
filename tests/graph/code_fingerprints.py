"""Fingerprints of the code that each stage runs, so that no change of it goes without a new code version unnoticed.

A stage's code version stands in the keys of its results, and people raise it by hand. What they may forget is written
in `code_fingerprints.json`: for every stage its version and a hash of all functions, classes and constants of the
package that its body reaches. Comments, docstrings, layout, annotations and places in files do not count.

`make accept-code` (`python -m tests.graph.code_fingerprints`) writes the file anew: after a version was raised, or
after a change that leaves all results as they are. The difference in git shows the stages that were accepted.
"""

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from acecoder_dagster.graph.assets import STAGES
from acecoder_dagster.paths import PACKAGE
from acecoder_dagster.python_source import bare_source
from acecoder_dagster.questions.importing import store as imports
from acecoder_dagster.questions.seeding import store as collections

RECORD = Path(__file__).with_name("code_fingerprints.json")
MAKES_NO_ROWS = (
    "cli",
    "data.home",
    "data.lake",
    "data.tables",
    "definitions",
    "files.atomic",
    "files.model_files",
    "graph",
    "judge.launch",
    "judge.sets",
    "learning.errors",
    "paths",
    "settings",
)
"""What tables and settings are called, how rows are stored, how stages, sandboxes and processes are started."""

MAKES_ROWS = ("graph.assets", "graph.steps")
"""Of these parts, those that do make rows."""

JUDGING = ("judge.plan", "judge.run", "judge.guest", "judge.sandbox")
"""What belongs to a judge, though its modules are started by their files and not all imported."""

Name = tuple[str, str]
"""A module and a name in it; `*` for all of the module."""


@dataclass
class Module:
    """What a module defines, and what it imports under which name."""

    definitions: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imports: dict[str, Name] = field(default_factory=dict)


class Code:
    """All modules of a package."""

    def __init__(self, folder: Path) -> None:
        self._package = folder.name
        self._modules = {self._name(folder, path): self._read(path) for path in sorted(folder.rglob("*.py"))}
        self._uses: dict[Name, set[Name]] = {}
        self._printed: dict[Name, list[str]] = {}

    def fingerprint(self, module: str, name: str) -> str:
        """Return a hash of a definition and of all that it reaches."""
        texts = sorted({text for reached in self.reached((module, name)) for text in self._texts(reached)})
        return hashlib.sha256("\n\n".join(texts).encode()).hexdigest()[:16]

    def reached(self, root: Name) -> set[Name]:
        """Return a definition and all definitions that it uses, directly or not."""
        found: set[Name] = set()
        waiting = [root]
        while waiting:
            if (name := waiting.pop()) not in found:
                found.add(name)
                if name not in self._uses:
                    self._uses[name] = set(self._used(name))
                waiting += self._uses[name]
        return found

    def _used(self, name: Name) -> Iterator[Name]:
        module, _ = name
        nodes = list(self._nodes(name))
        known = self._modules[module].imports | dict(_imports(nodes, module))
        for node in nodes:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name) and inner.value.id in known:
                    yield from self._resolved((".".join(known[inner.value.id]).removesuffix(".*"), inner.attr))
                if isinstance(inner, ast.Name):
                    yield from self._resolved(known.get(inner.id, (module, inner.id)))
        yield from self._beside(name)

    def _resolved(self, name: Name) -> Iterator[Name]:
        """Yield where a name is defined, if that is in the package and makes rows."""
        module, attribute = name
        if module not in self._modules or self._makes_no_row(module, attribute):
            return
        if attribute in self._modules[module].definitions:
            yield name
        elif (known := self._modules[module].imports.get(attribute, name)) != name:
            # A package that imports one of its modules by name imports it from itself.
            yield from self._resolved(known)

    def _beside(self, name: Name) -> Iterator[Name]:
        """Yield what is reached by other ways than names: workers' tasks by their specification, the judge's parts."""
        module, attribute = name
        if name == (f"{self._package}.judge.judge", "Judge"):
            yield from ((each, "*") for each in self._modules if self._is_part(each, JUDGING))
        tasks, task = f"{self._package}.learning.workers.tasks", f"_ {attribute}"
        if module == f"{self._package}.learning.workers.specifications" and task in self._modules[tasks].definitions:
            yield tasks, task

    def _makes_no_row(self, module: str, attribute: str) -> bool:
        elsewhere = self._is_part(module, MAKES_NO_ROWS) and not self._is_part(module, MAKES_ROWS)
        return elsewhere or attribute.endswith("Settings")

    def _is_part(self, module: str, parts: Iterable[str]) -> bool:
        names = [f"{self._package}.{part}" for part in parts]
        return any(module == name or module.startswith(f"{name}.") for name in names)

    def _nodes(self, name: Name) -> Iterator[ast.stmt]:
        module, attribute = name
        definitions = self._modules[module].definitions
        for each in definitions if attribute == "*" else [attribute]:
            yield from definitions[each]

    def _texts(self, name: Name) -> list[str]:
        if name not in self._printed:
            self._printed[name] = [ast.unparse(node) for node in self._nodes(name)]
        return self._printed[name]

    def _name(self, folder: Path, path: Path) -> str:
        parts = path.relative_to(folder.parent).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def _read(self, path: Path) -> Module:
        tree = ast.parse(bare_source(path.read_text(encoding="utf-8")))
        module = Module(imports=dict(_imports(tree.body, "")))
        for node in tree.body:
            for name in _defined(node):
                module.definitions.setdefault(name, []).append(_Bare().visit(node))
        return module


class _Bare(ast.NodeTransformer):
    """Takes away what changes no result: annotations of functions, statements of stages, places of imports."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        node.decorator_list = [each for each in node.decorator_list if "_stage(" not in ast.unparse(each)]
        self.generic_visit(node)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef) and node.name == "_":
        # A case of a function that is chosen by type.
        return [f"_ {ast.unparse(node.args.args[0].annotation)}"] if node.args.args[0].annotation else []
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]


def _imports(nodes: Iterable[ast.stmt], module: str) -> Iterator[tuple[str, Name]]:
    for node in nodes:
        for inner in ast.walk(node):
            if isinstance(inner, ast.ImportFrom) and inner.module:
                yield from ((alias.asname or alias.name, (inner.module, alias.name)) for alias in inner.names)
            if isinstance(inner, ast.Import):
                yield from ((alias.asname or alias.name, (alias.name, "*")) for alias in inner.names)


def present() -> dict[str, dict[str, str]]:
    """Return version and fingerprint of all code that makes rows, by the stage's name."""
    code = Code(PACKAGE)
    versions = {stage.name: (stage.body.__module__, stage.body.__name__, stage.code_version) for stage in STAGES} | {
        "imports": (f"{PACKAGE.name}.questions.importing.reading", "read_import", imports.CODE_VERSION),
        "seeds": (f"{PACKAGE.name}.questions.seeding.collecting", "collect_seeds", collections.CODE_VERSION),
    }
    return {
        name: {"code_version": version, "fingerprint": code.fingerprint(module, function)}
        for name, (module, function, version) in versions.items()
    }


if __name__ == "__main__":
    RECORD.write_text(json.dumps(present(), indent=1) + "\n", encoding="utf-8")
