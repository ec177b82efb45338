"""Questions without any model: a function that has a docstring and a signature is a question as it stands."""

import ast

import polars as pl

from acecoder_dagster.data.lake import text_id
from acecoder_dagster.data.tables import QUESTIONS, REJECTED_ROWS
from acecoder_dagster.python_source import parse_source
from acecoder_dagster.questions.seeding import outside_effect
from acecoder_dagster.questions.test_suites.call_tests import answered_by_python

WRITER = "docstring"
STAGE = "questions"
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
    rejected: list[tuple[str, str, str, None, str, str]] = []
    for seed in seeds.iter_rows(named=True):
        function = _function(seed["code"], seed["entry_point"])
        problem = _problem(function, seed)
        if function is None or problem is not None:
            reason, _, evidence = (problem or "no function").partition(": ")
            where = f"{seed['upstream_id']}: {evidence}"
            rejected.append((STAGE, "seed", seed["seed_id"], None, reason, where))
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
    return rows, pl.DataFrame(rejected, schema=REJECTED_ROWS.schema, orient="row")


def question_text(function: ast.FunctionDef) -> str:
    """Return the question that a documented function asks: its exact signature and its docstring."""
    documentation = ast.get_docstring(function) or ""
    return f"Write a Python function `{signature(function)}`.\n\n{documentation}\n"


def signature(function: ast.FunctionDef) -> str:
    """Return the function's signature as it stands after `def`: name, parameters, defaults, type hints."""
    returns = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    return f"{function.name}({ast.unparse(function.args)}){returns}"


def _function(code: str | None, name: str) -> ast.FunctionDef | None:
    try:
        body = parse_source(code or "").body
    except (SyntaxError, ValueError, RecursionError):
        return None
    found = [line for line in body if isinstance(line, ast.FunctionDef) and line.name == name]
    return found[-1] if found else None


def _problem(function: ast.FunctionDef | None, seed: dict[str, str]) -> str | None:
    if function is None:
        return f"no function: the code defines no function {seed['entry_point']!r}"
    if (problem := answered_by_python(function.name)) is not None:
        return problem
    documentation = ast.get_docstring(function) or ""
    if not documentation:
        return "no docstring: "
    if len(documentation) < _SHORTEST_DOCUMENTATION:
        return f"docstring too short: {documentation}"
    if not function.args.args and not function.args.posonlyargs and not function.args.vararg:
        return "no arguments: its value could depend on nothing"
    if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function)) and function.decorator_list:
        return "context manager: a decorated generator gives no value"
    effect = outside_effect(parse_source(seed["code"]))
    return f"reaches outside: {effect}" if effect else None
