import json
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
    ensure_image,
    image_name,
    install_host_packages,
    set_names,
    sets,
)
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
    shutil.copytree(sets.project_folder("containers"), tmp_path / "containers")
    monkeypatch.setattr(sets, "project_folder", lambda name: tmp_path / name)
    return tmp_path / "containers" / "sandbox"


def digest(**settings):
    return SandboxSettings(**settings).read_set().digest()


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
    image = ensure_image(engine, SandboxSettings().read_set())
    found = engine.containers.run(image, command, entrypoint=["sh"], remove=True, network_mode="none")
    engine.close()
    assert found.strip() == b"0"


@pytest.mark.parametrize("name", ["Dockerfile", "sets/base/requirements.txt"])
def test_a_changed_file_of_the_image_is_another_image(build_folder, name):
    before = image_name(SandboxSettings().read_set())
    with (build_folder / name).open("a") as file:
        file.write("\nchanged==1\n")
    assert image_name(SandboxSettings().read_set()) != before


def test_an_image_on_another_base_has_another_name():
    base = SandboxSettings().read_set()
    assert image_name(base, "python:3.13") != image_name(base)


@pytest.mark.parametrize("what", ["set", "requirements", "pins", "image"])
def test_kept_verdicts_are_for_the_packages_that_programs_saw(build_folder, tmp_path, what):
    before = SandboxSettings().seen_by_programs()
    mine = tmp_path / "mine.txt"
    mine.write_text("attrs==25.1.0\n")
    (build_folder / "sets" / "base" / "requirements.txt").write_text("numpy==2.4.6\n" if what == "pins" else "")
    changed = {
        "set": SandboxSettings(set="plain"),
        "requirements": SandboxSettings(requirements=mine),
        "pins": SandboxSettings(),
        "image": SandboxSettings(launcher="docker", image="mine:1"),
    }
    assert changed[what].seen_by_programs() != before


def test_the_packages_of_the_user_go_before_those_of_the_set(tmp_path):
    mine = tmp_path / "mine.txt"
    mine.write_text("# for my programs\nNumPy==2.2.0  # an older one\nattrs>=25\n")

    requirements = SandboxSettings(requirements=mine).read_set().requirements()

    assert requirements[:2] == ["NumPy==2.2.0", "attrs>=25"]
    assert not [each for each in requirements[2:] if each.startswith("numpy==")]
    assert [each for each in requirements if each.startswith("pandas==")]


def test_requirements_of_the_user_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(SandboxUnavailableError, match=r"missing.txt \(setting sandbox.requirements\)"):
        digest(requirements=tmp_path / "missing.txt")
    (tmp_path / "mine.txt").write_text("-r other.txt")
    with pytest.raises(SandboxUnavailableError, match=r"mine.txt may name packages only .*: -r other.txt"):
        digest(requirements=tmp_path / "mine.txt")


def test_a_set_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(SandboxUnavailableError, match=r"there is no set basic .*: take base, bigcodebench, plain"):
        Judge(SandboxSettings(set="basic"))
    assert set_names() == ["base", "bigcodebench", "plain"]


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_programs_of_the_plain_set_see_the_standard_library_alone(launcher):
    question = QuestionTests("q", "f", "", ("assert f(1) == 1",))
    programs = {"math": "import math\ndef f(x): return x", "numpy": "import numpy\ndef f(x): return x"}
    with Judge(SandboxSettings(launcher=launcher, workers=1, set="plain")) as judge:
        verdicts = {v.program_id: v for v in judge.judge([ProgramJob(question, *each) for each in programs.items()])}

    assert verdicts["math"].verdict == "passed"
    assert "No module named 'numpy'" in verdicts["numpy"].message


def test_a_set_for_an_interpreter_that_is_not_there_is_refused_with_its_name(build_folder):
    (build_folder / "sets" / "plain" / "set.toml").write_text(
        'summary = ""\nimage = "python:2.7"\ndebian = "buster"\npython = ["2.7"]\n'
    )
    with pytest.raises(SandboxUnavailableError, match=r"the set plain needs python2\.7, .* set the launcher to docker"):
        install_host_packages(SandboxSettings(set="plain").read_set())


def test_an_installation_without_the_files_of_the_image_says_so(monkeypatch):
    def missing(name):
        raise FileNotFoundError(f"no folder {name}")

    monkeypatch.setattr(sets, "project_folder", missing)
    with pytest.raises(SandboxUnavailableError, match="name an image with python3 in the setting image"):
        SandboxSettings().read_set()


def test_a_package_that_cannot_be_had_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_RETRIES", "0")
    (tmp_path / "mine.txt").write_text("no-such-package-of-ours==1.0\n")
    interpreter = Interpreter("3.12", "3.12.1", "x86_64", "2.36", "/usr/lib/python3/dist-packages", [])
    with pytest.raises(SandboxUnavailableError, match="no-such-package-of-ours"):
        install_packages(SandboxSettings(requirements=tmp_path / "mine.txt").read_set(), interpreter, tmp_path / "new")


def test_an_interpreter_without_the_gnu_c_library_is_refused():
    known = {"version": "3.12", "build": "3.12.1", "machine": "x86_64", "site_packages": "/usr", "other": []}
    with pytest.raises(SandboxUnavailableError, match="Alpine"):
        read_interpreter(json.dumps(known | {"libc": ""}))


@needs("docker")
def test_a_base_that_is_not_there_is_named(build_folder):
    engine = docker.from_env()
    with pytest.raises(SandboxUnavailableError, match="on acecoder-no-such-base:1"):
        build_image(engine, SandboxSettings().read_set(), "acecoder-no-such-base:1")
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
