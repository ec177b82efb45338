"""What seeds are compared with: the words of benchmarks' questions, their reference programs, and their tests."""

import ast
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from acecoder_dagster.judge import QuestionTests
from acecoder_dagster.python_source import NO_TREE, parse_source, unparse
from acecoder_dagster.questions.decontamination.settings import DecontaminationSettings
from acecoder_dagster.questions.importing import ImportManifest, read_import
from acecoder_dagster.questions.similarity import Neighbours, canonical_tokens, code_tokens, ngrams, word_tokens

CANDIDATE = "candidate"
"""What the function under test is called in the tests of all benchmarks."""

SHINGLE = 4
"""Tokens per shingle of code."""

FEWEST_TOKENS = 30
"""Shorter functions look like many others once names are ignored, so they are compared with their names."""

_FEWEST_NAMED_TOKENS = 14
"""Functions shorter than this are not compared at all: there are only a few ways to write them."""

_BOILERPLATE = 3
"""A run of words that this many questions share is boilerplate and identifies none of them."""


@dataclass(frozen=True)
class BenchmarkQuestion:
    """A question of a benchmark: its tests call `candidate`, with `arity` arguments by position.

    `is_telling` says whether passing them is evidence: they expect several values besides yes, no, 0, 1 and the like.
    """

    upstream_id: str
    tests: tuple[str, ...]
    arity: int
    is_telling: bool
    shingles: Set[str]

    @property
    def question_tests(self) -> QuestionTests:
        """All its tests, for the judge."""
        return QuestionTests(self.upstream_id, CANDIDATE, "", self.tests)


@dataclass
class Benchmarks:
    """What there is to compare with."""

    words: dict[str, str] = field(default_factory=dict)
    """The question that a run of words belongs to."""
    functions: Neighbours[str] = field(default_factory=lambda: Neighbours(0.5))
    """Functions of reference programs whatever their names, by question."""
    named_functions: Neighbours[str] = field(default_factory=lambda: Neighbours(0.5))
    """Short ones, with their names."""
    by_arity: dict[int, list[BenchmarkQuestion]] = field(default_factory=dict)

    def first_tests(self, arity: int) -> QuestionTests:
        """The first test of every question of this arity, as if of one question."""
        tests = tuple(question.tests[0] for question in self.by_arity[arity])
        return QuestionTests(f"arity {arity}", CANDIDATE, "", tests)


def read_benchmarks(settings: DecontaminationSettings) -> Benchmarks:
    """Read the benchmarks' files.

    Raises:
        ImportFileError: a file cannot be read or has no known format.
    """
    manifest = ImportManifest(name="benchmarks", questions=settings.benchmarks)
    imported = read_import(manifest)
    tests: dict[str, list[str]] = {}
    for question_id, test in imported.candidate_tests.sort("position").select("question_id", "test").iter_rows():
        tests.setdefault(question_id, []).append(test)
    benchmarks = Benchmarks(functions=Neighbours(settings.likeness), named_functions=Neighbours(settings.likeness))
    runs: dict[str, str] = {}
    counts: Counter[str] = Counter()
    seen: set[tuple[str, ...]] = set()
    for row in imported.questions.iter_rows(named=True):
        upstream_id, reference = row["upstream_id"], row["reference_program"] or ""
        found = ngrams(word_tokens(_prose(row["question"])), settings.words)
        counts.update(found)
        runs |= dict.fromkeys(found, upstream_id)
        for shingles, is_long in function_shingles(reference):
            (benchmarks.functions if is_long else benchmarks.named_functions).add(upstream_id, shingles)
        question = _question(row, tests.get(row["question_id"], []), reference)
        if question is not None and question.tests not in seen:  # editions of one question have the same tests
            seen.add(question.tests)
            benchmarks.by_arity.setdefault(question.arity, []).append(question)
    benchmarks.words = {run: upstream_id for run, upstream_id in runs.items() if counts[run] < _BOILERPLATE}
    return benchmarks


def code_shingles(code: str) -> Set[str]:
    """Return the shingles of the whole code, whatever its names."""
    return ngrams(canonical_tokens(code), SHINGLE)


def is_comparable(code: str) -> bool:
    """Tell whether code is long enough for its likeness to other code to say something."""
    return len(canonical_tokens(code)) >= _FEWEST_NAMED_TOKENS


def function_shingles(code: str) -> list[tuple[Set[str], bool]]:
    """Return the shingles of each function of the code, and whether it is long enough to be known without names."""
    try:
        body = parse_source(code).body
    except NO_TREE:
        return []
    functions = [node for line in body for node in ast.walk(line) if isinstance(node, ast.FunctionDef)]
    shingles: list[tuple[Set[str], bool]] = []
    for function in functions:
        text = unparse(function)
        tokens = canonical_tokens(text)
        if len(tokens) >= FEWEST_TOKENS:
            shingles.append((ngrams(tokens, SHINGLE), True))
        elif len(tokens) >= _FEWEST_NAMED_TOKENS:
            shingles.append((ngrams(code_tokens(text), SHINGLE), False))
    return shingles


def _prose(question: str) -> str:
    """Return the words of a question: of one that is code, as HumanEval's are, its docstrings."""
    try:
        tree = parse_source(question)
    except NO_TREE:
        return question
    documented = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return "\n".join(ast.get_docstring(node) or "" for node in documented) or question


def _question(row: dict[str, str], tests: Sequence[str], reference: str) -> BenchmarkQuestion | None:
    """Return the question with tests of `candidate`, None where its tests are not simple calls of one function."""
    if not tests or row["setup_code"].strip():
        return None
    calls = [_call(test, row["entry_point"]) for test in tests]
    arities = {len(call.args) for call in calls if call is not None and not call.keywords}
    if None in calls or len(arities) != 1:
        return None
    renamed = tuple(unparse(_Rename(row["entry_point"]).visit(parse_source(test))) for test in tests)
    telling = _is_telling(renamed)
    return BenchmarkQuestion(row["upstream_id"], renamed, arities.pop(), telling, code_shingles(reference))


def _call(test: str, entry_point: str) -> ast.Call | None:
    found = [
        node
        for node in ast.walk(parse_source(test))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == entry_point
    ]
    return found[0] if found else None


def _is_telling(tests: Sequence[str]) -> bool:
    expected: set[str] = set()
    for test in tests:
        for node in ast.walk(parse_source(test)):
            if isinstance(node, ast.Compare):
                expected |= {unparse(each) for each in node.comparators}
    return len(expected - {"True", "False", "None", "0", "1", "[]", "''"}) >= 2


class _Rename(ast.NodeTransformer):
    def __init__(self, name: str) -> None:
        self._name = name

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(CANDIDATE, node.ctx) if node.id == self._name else node
