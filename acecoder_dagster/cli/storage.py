"""Disks that are full and folders that cannot be written, whoever came across them."""

import traceback

PROBLEMS = {
    "No space left on device": "the disk is full",
    "Disk quota exceeded": "the disk quota is used up",
    "database or disk is full": "the disk is full",
    "disk I/O error": "the disk is full or damaged",
    "Read-only file system": "the folder cannot be written",
    "Permission denied": "the folder cannot be written",
    "attempt to write a readonly database": "the folder cannot be written",
    "unable to open database file": "the folder cannot be written",
}
"""How the kernel and SQLite say it, and what it means."""


def storage_problem(error: BaseException) -> str | None:
    """Return what is wrong with the disk or folder, where an error comes from that, else None.

    The error may be anybody's (Dagster's, Polars', SQLite's): the operating system's words are in its text, or in that
    of the error which it comes from.
    """
    text = "".join(traceback.format_exception(error))
    for said, meaning in PROBLEMS.items():
        if said in text:
            from acecoder_dagster.data.home import HOME_VARIABLE, Home

            line = next(line.strip() for line in reversed(text.splitlines()) if said in line)
            return (
                f"{meaning} ({line}). What was finished is kept. Free space, or name another project folder: "
                f"{HOME_VARIABLE} is {Home.from_environment().root}"
            )
    return None
