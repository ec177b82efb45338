import ast

import pytest

from acecoder_dagster.judge.plan.names import Definitions, bound_names, loaded_names, top_names

MODULE = """
import os.path, numpy as np
from math import pi as tau
limit = 3
class Tree:
    size = 0
def grow(tree, *more, by=limit):
    return [leaf.size for leaf in more] + [by, np.zeros(tau)]
async def wait(): pass
"""


def test_every_way_to_bind_a_name_counts():
    names = bound_names([ast.parse(MODULE)])
    assert names == {"os", "np", "tau", "limit", "Tree", "size", "grow", "tree", "more", "by", "leaf", "wait"}


def test_names_that_are_only_bound_are_not_read():
    assert loaded_names([ast.parse("a = b\nc.d = e\ndel f")]) == {"b", "c", "e"}


@pytest.mark.parametrize(
    ("statement", "names"), [("def f(x): y = x", {"f"}), ("class C: z = 1", {"C"}), ("a, b = b, a", {"a", "b"})]
)
def test_a_definition_binds_its_own_name_alone_in_its_module(statement, names):
    assert top_names(ast.parse(statement).body[0]) == names


def test_what_a_definition_needs_in_turn_comes_with_it():
    body = ast.parse(MODULE).body
    assert [ast.unparse(statement).split("\n")[0] for statement in Definitions(body).needed(frozenset({"grow"}))] == [
        "import os.path, numpy as np",
        "from math import pi as tau",
        "limit = 3",
        "def grow(tree, *more, by=limit):",
    ]
