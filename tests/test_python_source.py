import ast
import gc
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from acecoder_dagster.python_source import parse_expression, parse_literal, parse_source, unparse

SOURCE = "\n".join(f"assert f({i}, [{i}]) == [g(x) for x in ({i},)] and ({i} + 1) * 2 > 3" for i in range(30))
PACKAGE = Path(__file__).parents[1] / "acecoder_dagster"
IN_SANDBOXES = ("guest", "coverage_program.py")


class _FinalisedByTheCollector:
    def __init__(self) -> None:
        self.keeps_itself = self

    def __del__(self) -> None:
        for _ in range(20):
            pass


@pytest.fixture
def threads_that_take_turns_all_the_time() -> Iterator[None]:
    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(50)
    yield
    sys.setswitchinterval(interval)
    gc.set_threshold(*threshold)


@pytest.mark.usefixtures("threads_that_take_turns_all_the_time")
def test_threads_that_parse_at_the_same_time_do_not_disturb_each_other():
    failures: list[str] = []

    def parse_again_and_again() -> None:
        for _ in range(200):
            [_FinalisedByTheCollector() for _ in range(3)]
            try:
                parse_source(SOURCE)
            except SystemError as error:
                failures.append(str(error))

    threads = [threading.Thread(target=parse_again_and_again) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failures


def test_expressions_and_literals_are_read_as_by_the_standard_library():
    assert ast.dump(parse_expression("f(x) + [y]")) == ast.dump(ast.parse("f(x) + [y]", mode="eval").body)
    assert parse_literal("[1, (2, {'a'})]") == [1, (2, {"a"})]
    with pytest.raises(SyntaxError):
        parse_source("def")


def test_nothing_outside_sandboxes_parses_python_by_itself():
    found = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if path.name != "python_source.py"
        and not set(IN_SANDBOXES) & set(path.parts)
        and "ast.parse(" in path.read_text()
    ]

    assert not found


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (f"{hex(10**5000)} - 1", 10**5000 - 1),
        ("f'{\"a\x1fb\"!r:>{4 * 3}}|{1 + 1:03d}'", "    'a\\x1fb'|002"),
    ],
    ids=["a number too long for decimals", "a formatted string that would need a backslash"],
)
def test_what_the_standard_library_cannot_write_is_written_otherwise(source: str, value: object):
    tree = parse_expression(source)
    with pytest.raises(ValueError, match=r"digits|backslash"):
        ast.unparse(tree)
    assert eval(unparse(tree)) == value
