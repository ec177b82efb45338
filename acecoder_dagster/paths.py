"""Where the project's folders beside the package lie: in a clone, and in an installed wheel."""

from pathlib import Path
from typing import Literal

PACKAGE = Path(__file__).resolve().parent


def project_folder(name: Literal["sql", "containers"]) -> Path:
    """Return the folder of that name.

    A wheel ships the folders inside the package (pyproject.toml, force-include); in a clone they lie beside it.

    Raises:
        FileNotFoundError: when the installation does not have the folder.
    """
    shipped = PACKAGE / "_shipped" / name
    # The shipped one first: beside an installed package lies site-packages, where any `sql` folder is somebody else's.
    folder = shipped if shipped.is_dir() else PACKAGE.parent / name
    if not folder.is_dir():
        raise FileNotFoundError(f"neither {shipped} nor {folder} is there: install acecoder-dagster again")
    return folder
