"""Judging here neither needs nor imports Ray; and what is said where there is no Ray, or no cluster."""

import subprocess
import sys

JUDGE = """
import sys
{before}
from acecoder_dagster.judge import ClusterSettings, Judge, ProgramJob, QuestionTests, SandboxSettings
from acecoder_dagster.judge import SandboxUnavailableError
question = QuestionTests("q", "f", "", ("assert f() == 1",))
settings = SandboxSettings(launcher="bubblewrap", set="plain", workers=1)
try:
    with Judge(settings, ClusterSettings(address={address})) as judge:
        print(*(verdict.verdict for verdict in judge.judge([ProgramJob(question, "p", "def f(): return 1")])))
except SandboxUnavailableError as error:
    print(error)
print(*sorted({{"ray", "grpc"}} & set(sys.modules)))
"""


def said(before: str, address: str | None) -> list[str]:
    code = JUDGE.format(before=before, address=repr(address))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_judging_on_this_machine_imports_nothing_of_it():
    assert said("", None) == ["passed", ""]


def test_without_ray_a_cluster_is_refused_with_what_to_install():
    first, *_ = said("sys.modules['ray'] = None", "auto")

    assert "cluster.address is auto, and Ray is not installed: pip install 'acecoder-dagster[cluster]'" in first


def test_where_nobody_listens_that_is_said_at_once():
    first, *_ = said("", "127.0.0.1:1")

    assert "no Ray cluster answers at 127.0.0.1:1 (setting cluster.address)" in first
    assert "start one with `ray start --head`" in first
