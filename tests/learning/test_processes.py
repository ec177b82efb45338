import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

CHILD = """
import sys, time
from pathlib import Path
from acecoder_dagster.learning.processes import end_with_parent

time.sleep({before})
end_with_parent(int(sys.argv[1]))
Path(sys.argv[2]).touch()
time.sleep({after})
"""
PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], str(os.getpid()), sys.argv[2]])
print(child.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(("before", "after"), [(0, 60), (2, 60)], ids=["at work", "still starting"])
def test_a_process_ends_with_the_one_that_started_it(tmp_path, before, after):
    child = CHILD.format(before=before, after=after)
    at_work = tmp_path / "at-work"
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, child, at_work], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        number = int(parent.stdout.readline())
        while not before and not at_work.exists():
            time.sleep(0.01)
        parent.kill()

    assert ends(number)
    assert at_work.exists() == (not before)


def ends(number):
    """Whether a process is gone, or waits for nobody to read its end, within ten seconds."""
    for _ in range(1_000):
        status = Path(f"/proc/{number}/stat")
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.01)
    os.kill(number, 9)
    return False
