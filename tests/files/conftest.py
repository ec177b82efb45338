"""Small files in every format, as the tests of the judge's files write them."""

from tests.judge.files.conftest import write  # noqa: F401 - a fixture
