"""How much planted contamination is found: `python -m benchmarks.decontamination --data FOLDER`.

Questions of HumanEval and MBPP (FOLDER/problems.parquet) are planted four times each:

- verbatim: its question and program as published;
- renamed: the program alone, without docstrings, every function, argument and variable called something else;
- re-commented: the program alone, its docstrings replaced by other words, a comment before every statement;
- restructured: the program alone, without docstrings, renamed, and rewritten by rules that keep what it computes.

The false alarms are functions of the standard library that are called contaminated. The command fails below 95% found
of any kind, or above 1% false alarms.
"""

import ast
import builtins
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Annotated, ClassVar

import polars as pl
import typer

from acecoder_dagster.judge import Judge, SandboxSettings
from acecoder_dagster.questions.decontamination import (
    Benchmarks,
    Contamination,
    DecontaminationSettings,
    executing_sandbox,
    find_contamination,
    read_benchmarks,
)
from acecoder_dagster.questions.seeding import SeedManifest, collect_seeds
from benchmarks.common.machine import describe_machine
from benchmarks.common.report import ReportPath, write_report

REPORT = Path(__file__).with_name("results.md")
FOUND_AT_LEAST = 0.95
FALSE_ALARMS_AT_MOST = 0.01
KINDS = ("verbatim", "renamed", "re-commented", "restructured")


class Renamer(ast.NodeTransformer):
    """Gives every name that the program itself binds another one."""

    def __init__(self, tree: ast.AST) -> None:
        imported = {
            (alias.asname or alias.name).partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        bound |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        bound -= imported | set(dir(builtins))
        self.names = {name: f"q{number}_{name[:1]}" for number, name in enumerate(sorted(bound))}

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """Rename a variable."""
        return ast.Name(self.names.get(node.id, node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        """Rename a parameter."""
        node.arg = self.names.get(node.arg, node.arg)
        return self.generic_visit(node)  # type: ignore[return-value]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Rename a function."""
        node.name = self.names.get(node.name, node.name)
        return self.generic_visit(node)  # type: ignore[return-value]

    def visit_Call(self, node: ast.Call) -> ast.Call:
        """Rename arguments given by name."""
        for word in node.keywords:
            word.arg = self.names.get(word.arg, word.arg) if word.arg else None
        return self.generic_visit(node)  # type: ignore[return-value]

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.Nonlocal:
        """Rename in its declaration."""
        return ast.Nonlocal([self.names.get(name, name) for name in node.names])

    def visit_Global(self, node: ast.Global) -> ast.Global:
        """Rename in its declaration."""
        return ast.Global([self.names.get(name, name) for name in node.names])


class Restructurer(ast.NodeTransformer):
    """Rewrites code so that it computes the same: branches, comparisons, assignments and returns look different."""

    _TURNED: ClassVar = {
        ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE, ast.Eq: ast.Eq, ast.NotEq: ast.NotEq,
    }  # fmt: skip

    def visit_If(self, node: ast.If) -> ast.If:
        """Swap branches and negate."""
        self.generic_visit(node)
        if not node.orelse:
            return node
        return ast.If(ast.UnaryOp(ast.Not(), node.test), node.orelse, node.body)

    def visit_IfExp(self, node: ast.IfExp) -> ast.IfExp:
        """Swap branches and negate."""
        self.generic_visit(node)
        return ast.IfExp(ast.UnaryOp(ast.Not(), node.test), node.orelse, node.body)

    def visit_Compare(self, node: ast.Compare) -> ast.Compare:
        """Swap sides."""
        self.generic_visit(node)
        turned = self._TURNED.get(type(node.ops[0]))
        if len(node.ops) != 1 or turned is None:
            return node
        return ast.Compare(node.comparators[0], [turned()], [node.left])

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        """Write `x -= 1` as `x = x - 1`."""
        self.generic_visit(node)
        if not isinstance(node.target, ast.Name) or not isinstance(node.op, ast.Sub | ast.Mult | ast.FloorDiv):
            return node
        value = ast.BinOp(ast.Name(node.target.id, ast.Load()), node.op, node.value)
        return ast.Assign([node.target], value)

    def visit_Return(self, node: ast.Return) -> ast.stmt | list[ast.stmt]:
        """Return by way of a variable."""
        self.generic_visit(node)
        if node.value is None or isinstance(node.value, ast.Name | ast.Constant):
            return node
        outcome = ast.Assign([ast.Name("outcome", ast.Store())], node.value)
        return [outcome, ast.Return(ast.Name("outcome", ast.Load()))]

    def visit_ListComp(self, node: ast.ListComp) -> ast.Call:
        """Make a list of a generator."""
        self.generic_visit(node)
        return ast.Call(ast.Name("list", ast.Load()), [ast.GeneratorExp(node.elt, node.generators)], [])

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Begin with a statement that does nothing."""
        self.generic_visit(node)
        node.body = [ast.parse("outcome = None").body[0], *node.body]
        return node


def plant(kind: str, row: dict[str, str], rng: Random) -> dict[str, object]:
    """Return a seed made from a benchmark's question."""
    tree = ast.parse(row["reference_program"])
    entry_point = row["entry_point"]
    code = row["reference_program"]
    if kind != "verbatim":
        _replace_docstrings(tree, rng if kind == "re-commented" else None)
        renamer = Renamer(tree)
        if kind == "restructured":
            tree = Restructurer().visit(tree)
        if kind != "re-commented":
            entry_point = renamer.names.get(entry_point, entry_point)
            tree = renamer.visit(tree)
        code = ast.unparse(ast.fix_missing_locations(tree))
    if kind == "re-commented":
        code = "\n".join(_commented(line) for line in code.splitlines())
    return {
        "seed_id": f"{kind} {row['question_id']}",
        "upstream_id": row["question_id"],
        "instruction": row["question"] if kind == "verbatim" else None,
        "code": code,
        "entry_point": entry_point,
    }


def main(
    data: Annotated[Path, typer.Option(help="Folder with problems.parquet.")],
    questions: Annotated[int | None, typer.Option(min=1, help="Plant so many, drawn at random; else all.")] = None,
    report: ReportPath = REPORT,
) -> None:
    """Plant, look, count, write the report."""
    problems = data / "problems.parquet"
    settings = DecontaminationSettings(benchmarks=(str(problems),))
    benchmarks = read_benchmarks(settings)
    rng = Random(0)
    rows = pl.read_parquet(problems).to_dicts()
    if questions is not None:
        rows = rng.sample(rows, min(questions, len(rows)))
    planted = pl.DataFrame([plant(kind, row, rng) for kind in KINDS for row in rows])
    library = collect_seeds(SeedManifest(name="library", code=("stdlib",), likeness=1.0)).seeds
    with Judge(executing_sandbox(SandboxSettings(), settings)) as judge:
        found, seconds = _look(planted, benchmarks, settings, judge)
        alarms, library_seconds = _look(library, benchmarks, settings, judge)
    write_report(report, [_report(questions, planted, found, seconds, library, alarms, library_seconds)])
    shares = {kind: sum(each.seed_id.startswith(kind) for each in found) / len(rows) for kind in KINDS}
    if min(shares.values()) < FOUND_AT_LEAST or len(alarms) > FALSE_ALARMS_AT_MOST * library.height:
        sys.exit(1)


def _look(
    seeds: pl.DataFrame, benchmarks: Benchmarks, settings: DecontaminationSettings, judge: Judge
) -> tuple[list[Contamination], float]:
    started = time.monotonic()
    found = find_contamination(seeds, benchmarks, settings, judge, lambda _: None)
    return found, time.monotonic() - started


def _report(
    questions: int | None,
    planted: pl.DataFrame,
    found: list[Contamination],
    seconds: float,
    library: pl.DataFrame,
    alarms: list[Contamination],
    library_seconds: float,
) -> str:
    ids = {each.seed_id for each in found}
    drawn = f" --questions {questions}" if questions else ""
    lines = [
        "# Decontamination",
        "",
        f"`python -m benchmarks.decontamination --data FOLDER{drawn}`, {describe_machine()}.",
        "",
        "| planted | rows | found | by words | by code | by execution |",
        "|---|---|---|---|---|---|",
    ]
    for kind in KINDS:
        of_kind = planted.filter(pl.col("seed_id").str.starts_with(kind))["seed_id"].to_list()
        ways = Counter(each.reason.removeprefix("contaminated_") for each in found if each.seed_id in set(of_kind))
        share = sum(seed_id in ids for seed_id in of_kind) / len(of_kind)
        counts = " | ".join(f"{ways[way]:,}" for way in ("words", "code", "execution"))
        lines.append(f"| {kind} | {len(of_kind):,} | {share:.1%} | {counts} |")
    ways = Counter(each.reason.removeprefix("contaminated_") for each in alarms)
    lines += [
        "",
        f"False alarms: {len(alarms)} of {library.height:,} functions of the standard library "
        f"({len(alarms) / library.height:.2%}): "
        + (", ".join(f"{count} by {way}" for way, count in ways.most_common()) or "none")
        + f". Looking took {seconds:,.0f} s for what was planted and {library_seconds:,.0f} s for the library.",
        "",
        "| function | by | evidence |",
        "|---|---|---|",
    ]
    names = dict(library.select("seed_id", "upstream_id").iter_rows())
    lines += [
        f"| {names[a.seed_id]} | {a.reason.removeprefix('contaminated_')} | {_cell(a.evidence)} |" for a in alarms
    ]
    missed = [seed_id for seed_id in planted["seed_id"].to_list() if seed_id not in ids]
    lines += ["", f"Not found: {', '.join(missed) or 'none'}.", ""]
    return "\n".join(lines)


def _replace_docstrings(tree: ast.AST, rng: Random | None) -> None:
    """Take docstrings away, or put other words in their place."""
    words = ["compute", "result", "input", "given", "helper", "routine", "main", "step", "data", "check", "item"]
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
            continue
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        if rng is not None and isinstance(node, ast.FunctionDef):
            node.body = [ast.Expr(ast.Constant(" ".join(rng.choices(words, k=12)))), *node.body]


def _commented(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return f"{indent}# next step\n{line}" if line.lstrip().startswith(("return", "if ", "for ")) else line


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")[:160]
