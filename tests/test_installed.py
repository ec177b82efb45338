"""The wheel, installed with its base dependencies alone and used where there is nothing but Python and a C library.

Neither a checkout nor a command (bubblewrap among them) nor a Docker engine is in reach of what runs here.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

import polars as pl
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from acecoder_dagster.judge import SandboxSettings, install_host_packages
from acecoder_dagster.judge.launch.cache import cache_folder
from tests.ordinary_user import as_ordinary_user
from tests.requirements import needs

ROOT = Path(__file__).parents[1]
PROFILE = """
extends = "micro"
[seeds]
procedural_batches = 1
questions_per_batch = 6
[micro]
tests_per_question = 6
[sandbox]
workers = 1
"""
FIRST_STAGES = [
    "imported_files", "seed_functions", "writer_answers", "questions", "candidate_tests", "oracle_programs",
    "oracle_results", "filtered_tests", "warehouse",
]  # fmt: skip
KEPT = "SELECT count(*) AS kept FROM tests WHERE kept"
USERS = ["this user", pytest.param("an ordinary user", marks=needs("unshare"))]


@dataclass(frozen=True)
class Installed:
    """A wheel in an environment of its own."""

    wheel: Path
    environment: Path

    def acecoder(self, *arguments: str, user: str = "this user", folder: Path) -> subprocess.CompletedProcess[str]:
        """Type a command in a folder, which is the user's home; the search path and the Docker engine are hidden."""
        command = [str(self.environment / "bin" / "acecoder"), *arguments]
        environment = {
            "PATH": "/nowhere",
            "DOCKER_HOST": "unix:///nowhere/docker.sock",
            "HOME": str(folder),
            "XDG_CACHE_HOME": str(cache_folder().parent),
        }
        if user == "an ordinary user":
            command, environment = as_ordinary_user(command, **environment), dict(os.environ)
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def installed() -> Iterator[Installed]:
    """The wheel of this checkout, beside its base dependencies, which lie in the environment of the tests.

    The folder is not pytest's: an ordinary user has to come in.
    """
    install_host_packages(SandboxSettings().read_set())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
        subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
        (wheel,) = folder.glob("*.whl")
        environment = folder / "environment"
        venv.create(environment, symlinks=True)
        (packages,) = environment.glob("lib/python3.*/site-packages")
        for dependency in base_dependencies().values():
            link_distribution(dependency, packages)
        install = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python"), "install", "--quiet"]
        subprocess.run([*install, "--no-deps", "--no-index", str(wheel)], check=True, capture_output=True)
        yield Installed(wheel, environment)


def base_dependencies() -> dict[str, Distribution]:
    """Return what `pip install acecoder-dagster` brings along, as far as it goes, by name."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    found: dict[tuple[str, str], Distribution] = {}
    wanted = [(Requirement(text), "") for text in declared]
    while wanted:
        requirement, extra = wanted.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        for each in {"", *requirement.extras} - {extra for known, extra in found if known == name}:
            found[name, each] = distribution(name)
            wanted += [(Requirement(text), each) for text in found[name, each].requires or ()]
    return {name: dist for (name, _), dist in found.items()}


def link_distribution(dependency: Distribution, packages: Path) -> None:
    for top in {file.parts[0] for file in dependency.files or ()} - {"..", "__pycache__"}:
        (packages / top).symlink_to(Path(dependency.locate_file(top)).resolve())


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that everybody may write to."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


def test_the_wheel_holds_the_package_with_its_files_and_its_licence_and_nothing_else(installed):
    names = zipfile.ZipFile(installed.wheel).namelist()

    assert {name.split("/")[0].partition("-")[0] for name in names} == {"acecoder_dagster"}
    for part in (
        "_shipped/sql/models/",
        "_shipped/containers/compose.yaml",
        "graph/dagster.yaml",
        "profiles/",
        "prompts/",
    ):
        assert any(name.startswith(f"acecoder_dagster/{part}") for name in names), part
    assert "acecoder_dagster/py.typed" in names
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_programs_are_judged_where_there_is_nothing_but_python(installed, home):
    shutil.copytree(ROOT / "examples" / "judge", home / "judge")
    files = ["judge/questions.jsonl", "judge/programs.jsonl"]

    judged = installed.acecoder("judge", *files, "-o", "verdicts.parquet", folder=home)

    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert "bundled bubblewrap" in judged.stdout
    assert pl.read_parquet(home / "verdicts.parquet")["verdict"].to_list().count("passed") == 5


@pytest.mark.parametrize("user", USERS)
def test_the_first_stages_run_and_are_queried_where_there_is_nothing_but_python(installed, home, user):
    (home / "tiny.toml").write_text(PROFILE)

    run = installed.acecoder("run", *FIRST_STAGES, "--profile", "tiny.toml", user=user, folder=home)
    assert run.returncode == 0, run.stdout + run.stderr
    query = installed.acecoder("query", KEPT, "-o", "kept.csv", user=user, folder=home)
    assert query.returncode == 0, query.stdout + query.stderr
    assert pl.read_csv(home / "kept.csv").item() > 0


def test_what_needs_models_says_what_to_install_before_anything_runs(installed, home):
    demo = installed.acecoder("demo", folder=home)

    assert demo.returncode == 2
    assert "pip install 'acecoder-dagster[cpu]'" in demo.stderr
    assert not list(home.glob("**/*.parquet"))
