"""Honest programs that are tricky to run in a sandbox: every test of every one of them must pass.

To add one, add an entry to the module of its aim: a program that defines what its tests use, and its tests.
"""

from tests.judge.honest.language import LANGUAGE
from tests.judge.honest.library import LIBRARY
from tests.judge.honest.packages import PACKAGES
from tests.judge.honest.resources import RESOURCES
from tests.judge.honest.values import VALUES

HONEST = RESOURCES | VALUES | LANGUAGE | LIBRARY | PACKAGES

__all__ = ["HONEST"]
