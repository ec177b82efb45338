import shutil

import docker
import pytest

from acecoder_dagster.judge import (
    Judge,
    ProgramJob,
    QuestionTests,
    SandboxSettings,
    SandboxUnavailableError,
    build_image,
    host_packages,
    project_image,
)
from acecoder_dagster.judge.launch import images
from acecoder_dagster.judge.launch.packages import Interpreter, install_packages, read_interpreter
from tests.judge.conftest import LAUNCHERS
from tests.requirements import needs

PACKAGES = (
    "numpy", "numpy.testing", "pandas", "pandas.testing", "scipy.stats", "sklearn", "sympy", "networkx",
    "statsmodels.api", "statsmodels.formula.api", "regex", "matplotlib.pyplot", "sortedcontainers", "more_itertools",
)  # fmt: skip
SUMS = """
import numpy as np
import pandas as pd
def totals(rows):
    frame = pd.DataFrame(rows, columns=["name", "value"]).groupby("name", sort=True)["value"].sum()
    return {name: int(np.int64(value)) for name, value in frame.items()}
"""


@pytest.fixture
def build_folder(tmp_path, monkeypatch):
    """A copy of the files of the image, which a test may change."""
    shutil.copytree(images.project_folder("containers"), tmp_path / "containers")
    monkeypatch.setattr(images, "project_folder", lambda name: tmp_path / name)
    return tmp_path / "containers" / "sandbox"


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_program_that_uses_numpy_and_pandas_passes_with_the_usual_limits(launcher):
    question = QuestionTests("q", "totals", "", ("assert totals([('b', 1), ('a', 2), ('b', 3)]) == {'a': 2, 'b': 4}",))

    with Judge(SandboxSettings(launcher=launcher, workers=1)) as judge:
        (verdict,) = judge.judge([ProgramJob(question, "p", SUMS)])

    assert verdict.outcomes == ("passed",), verdict.message


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_programs_may_import_the_packages_that_are_commonly_imported(launcher):
    # Some take longer to import than a test may, so the processor time is not what is asked here.
    with Judge(SandboxSettings(launcher=launcher, workers=1, cpu_seconds_per_test=20)) as judge:
        question = QuestionTests("q", "f", "", ("assert f(1) == 1",))
        jobs = [ProgramJob(question, name, f"import {name}\ndef f(x): return x") for name in PACKAGES]

        verdicts = {verdict.program_id: (verdict.verdict, verdict.message) for verdict in judge.judge(jobs)}

    assert verdicts == dict.fromkeys(PACKAGES, ("passed", ""))


@needs("docker")
def test_no_file_of_the_image_gives_a_program_another_user():
    engine = docker.from_env()
    command = ["-c", "find / -xdev -type f -perm /6000 | wc -l"]
    found = engine.containers.run(project_image(), command, entrypoint=["sh"], remove=True, network_mode="none")
    engine.close()
    assert found.strip() == b"0"


@pytest.mark.parametrize("name", ["Dockerfile", "requirements.txt"])
def test_a_changed_file_of_the_image_is_another_image(build_folder, name):
    before = project_image()
    with (build_folder / name).open("a") as file:
        file.write("\n# changed\n")
    assert project_image() != before


def test_changed_requirements_are_other_packages_for_bubblewrap(build_folder):
    before = host_packages()
    (build_folder / "requirements.txt").write_text("numpy==2.4.6\n")
    assert host_packages() != before


def test_an_installation_without_the_files_of_the_image_says_so(monkeypatch):
    def missing(name):
        raise FileNotFoundError(f"no folder {name}")

    monkeypatch.setattr(images, "project_folder", missing)
    with pytest.raises(SandboxUnavailableError, match="name an image with python3 in the setting image"):
        project_image()


def test_a_package_that_cannot_be_had_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_RETRIES", "0")
    (tmp_path / "requirements.txt").write_text("no-such-package-of-ours==1.0\n")
    interpreter = Interpreter("3.12", "x86_64", "2.36", "/usr/lib/python3/dist-packages")
    with pytest.raises(SandboxUnavailableError, match="no-such-package-of-ours"):
        install_packages(tmp_path / "requirements.txt", interpreter, tmp_path / "packages")


def test_an_interpreter_without_the_gnu_c_library_is_refused():
    description = '{"version": "3.12", "machine": "x86_64", "libc": "", "site_packages": "/usr/lib/python3.12"}'
    with pytest.raises(SandboxUnavailableError, match="Alpine"):
        read_interpreter(description)


@needs("docker")
def test_a_base_that_is_not_there_is_named(build_folder):
    engine = docker.from_env()
    with pytest.raises(SandboxUnavailableError, match="on acecoder-no-such-base:1"):
        build_image(engine, "acecoder-no-such-base:1")
    engine.close()


@needs("docker")
def test_a_runtime_that_the_engine_does_not_have_is_refused_with_those_it_has():
    settings = SandboxSettings(launcher="docker", runtime="runsc-that-is-not-here")
    with pytest.raises(SandboxUnavailableError, match=r"no runtime runsc-that-is-not-here .*it has .*runc"):
        Judge(settings)


@needs("docker")
def test_a_runtime_the_engine_has_is_used():
    question = QuestionTests("q", "f", "", ("assert f(1) == 1",))
    with Judge(SandboxSettings(launcher="docker", workers=1, runtime="runc")) as judge:
        assert [v.verdict for v in judge.judge([ProgramJob(question, "p", "def f(x): return x")])] == ["passed"]


@pytest.mark.parametrize("launcher", ["auto", "bubblewrap"])
def test_a_runtime_is_never_ignored(launcher):
    with pytest.raises(ValueError, match="set launcher to docker too"):
        SandboxSettings(launcher=launcher, runtime="runsc")
