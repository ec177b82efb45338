"""Questions without any model: a function that has a docstring and a signature is a question as it stands."""

import ast

import polars as pl

from acecoder_dagster.data.lake import text_id
from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.data.rejections import Rejections
from acecoder_dagster.data.tables import QUESTIONS
from acecoder_dagster.python_source import parse_source, unparse
from acecoder_dagster.questions.seeding import outside_effect
from acecoder_dagster.questions.test_suites.call_tests import named_like_builtin

WRITER = "docstring"
_SHORTEST_DOCUMENTATION = 10
"""Characters; less does not say what a function does."""


def documented_questions(seeds: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the questions of seeds that stand alone and say what they do, and the seeds that do not.

    Args:
        seeds: columns of SEED_FUNCTIONS.

    Returns:
        Rows of QUESTIONS and of REJECTED_ROWS; together as many as seeds.
    """
    questions: list[dict[str, object]] = []
    rejected = Rejections(QUESTIONS.name, "seed")
    for seed in seeds.iter_rows(named=True):
        function = _function(seed["code"], seed["entry_point"])
        if function is None:
            evidence = f"{seed['upstream_id']}: the code defines no function {seed['entry_point']!r}"
            rejected.add(seed["seed_id"], None, Reason.NO_FUNCTION, evidence)
            continue
        if (problem := _problem(function, seed)) is not None:
            reason, found = problem
            rejected.add(seed["seed_id"], None, reason, f"{seed['upstream_id']}: {found}")
            continue
        question = question_text(function)
        questions.append(
            {
                "question_id": text_id(seed["source"], seed["upstream_id"], question, function.name),
                **{name: seed[name] for name in ("seed_id", "source", "upstream_id", "split", "licence")},
                "question": question,
                "entry_point": function.name,
                "setup_code": "",
                "reference_program": seed["code"],
                "writer": WRITER,
            }
        )
    rows = QUESTIONS.conform(pl.DataFrame(questions, schema=QUESTIONS.schema))
    return rows, rejected.table()


def question_text(function: ast.FunctionDef) -> str:
    """Return the question that a documented function asks: its exact signature and its docstring."""
    documentation = ast.get_docstring(function) or ""
    return f"Write a Python function `{signature(function)}`.\n\n{documentation}\n"


def signature(function: ast.FunctionDef) -> str:
    """Return the function's signature as it stands after `def`: name, parameters, defaults, type hints."""
    returns = f" -> {unparse(function.returns)}" if function.returns else ""
    return f"{function.name}({unparse(function.args)}){returns}"


def _function(code: str | None, name: str) -> ast.FunctionDef | None:
    try:
        body = parse_source(code or "").body
    except (SyntaxError, ValueError, RecursionError):
        return None
    found = [line for line in body if isinstance(line, ast.FunctionDef) and line.name == name]
    return found[-1] if found else None


def _problem(function: ast.FunctionDef, seed: dict[str, str]) -> tuple[Reason, str] | None:
    """Return why the function makes no question, and what was seen; None where it makes one."""
    if named_like_builtin(function.name):
        return Reason.BUILTIN_NAME, function.name
    documentation = ast.get_docstring(function) or ""
    if not documentation:
        return Reason.NO_DOCSTRING, function.name
    if len(documentation) < _SHORTEST_DOCUMENTATION:
        return Reason.DOCSTRING_TOO_SHORT, documentation
    if not function.args.args and not function.args.posonlyargs and not function.args.vararg:
        return Reason.NO_ARGUMENTS, function.name
    if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function)) and function.decorator_list:
        return Reason.CONTEXT_MANAGER, function.name
    effect = outside_effect(parse_source(seed["code"]))
    return (Reason.REACHES_OUTSIDE, effect) if effect else None
