"""Docker's secrets as variables: a file in /run/secrets is the value of the variable of its name.

Every Python of the image loads this when it starts, by a `.pth` file: Dagster and `acecoder` read variables, and a
command of `docker compose exec` passes by no other place. A variable that is set already stays as it is.
"""

import os
from pathlib import Path

FOLDER = Path("/run/secrets")

for file in FOLDER.glob("*"):
    if not os.environ.get(file.name):
        os.environ[file.name] = file.read_text(encoding="utf-8").strip()
