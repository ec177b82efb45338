"""A day of the daemon in a process of its own, to be killed: its arguments are folder, profile and evening."""

import os
import sys
from datetime import datetime
from pathlib import Path

from acecoder_dagster.data.home import HOME_VARIABLE, PROFILE_VARIABLE, Home
from benchmarks.nights.daemon import live_a_day, opened_instance

if __name__ == "__main__":
    root, profile, evening = sys.argv[1:]
    os.environ |= {HOME_VARIABLE: root, PROFILE_VARIABLE: profile}
    with opened_instance(Home(Path(root)), profile) as instance:
        live_a_day(instance, datetime.fromisoformat(evening))
