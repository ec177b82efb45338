"""Finds protocols by name: those that ship with the package, and files of the user's own.

A shipped one is `protocols/PROTOCOL/BENCHMARK.toml`. `extends` names the file whose values it changes. A suite is a
list of benchmarks under one protocol, `suites/NAME.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, ValidationError

from acecoder_dagster.evaluation.benchmarks.errors import BenchmarkError
from acecoder_dagster.evaluation.benchmarks.protocol import Protocol, Section

FOLDER = Path(__file__).parent
PROTOCOLS, SUITES = FOLDER / "protocols", FOLDER / "suites"
USUAL_PROTOCOL = "paper"
OWN = "own"
"""What the protocol of a user's file is called, where it has no name."""

_WINDOW = re.compile(r"(?P<name>.+)@(?P<first>\d{4}-\d\d-\d\d)?\.\.(?P<last>\d{4}-\d\d-\d\d)?")


Model = TypeVar("Model", bound=Section)


class Suite(Section):
    """Benchmarks that are scored together."""

    title: str = Field(description="What it is, for people")
    benchmarks: tuple[str, ...] = Field(min_length=1, description="Addresses, in the order of the table")


def protocol_addresses() -> list[str]:
    """Return all shipped protocols, as `paper/humaneval+`."""
    return sorted(path.relative_to(PROTOCOLS).with_suffix("").as_posix() for path in PROTOCOLS.glob("*/*.toml"))


def suite_names() -> list[str]:
    """Return the names of the shipped suites."""
    return sorted(path.stem for path in SUITES.glob("*.toml"))


def read_suite(name: str, only: Sequence[str] = ()) -> list[Protocol]:
    """Return the protocols of a suite.

    Args:
        name: a suite, or what `read_protocol` takes.
        only: names or aliases of benchmarks; all where there are none.

    Raises:
        BenchmarkError: there is no such suite or benchmark, or one of its files is wrong.
    """
    if name in suite_names():
        suite = _validated(Suite, tomllib.loads((SUITES / f"{name}.toml").read_text(encoding="utf-8")), name)
        protocols = [read_protocol(address) for address in suite.benchmarks]
    else:
        protocols = [read_protocol(name)]
    chosen = []
    for wanted in only:
        bare, _, window = wanted.partition("@")
        found = [each for each in protocols if bare in (each.name, *each.aliases)]
        if not found:
            known = ", ".join(f"{each.name} ({', '.join(each.aliases)})" for each in protocols)
            raise BenchmarkError(f"{name} has no benchmark {bare}; it has {known}")
        chosen += [read_protocol(f"{each.address}@{window}") if window else each for each in found]
    return chosen or protocols


def read_protocol(address: str) -> Protocol:
    """Return a benchmark's protocol.

    Args:
        address: `PROTOCOL/BENCHMARK`, a benchmark alone for the protocol `paper`, or the path of a TOML file. For
            LiveCodeBench a window of dates may follow, as `livecodebench-v6@2024-08-01..2025-05-31`; either end may
            be left out.

    Raises:
        BenchmarkError: there is none; or its file is no TOML, or has a key or value that is wrong.
    """
    bare, window = _split_window(address)
    path = Path(bare) if bare.endswith(".toml") else _shipped(bare)
    values = _values(path, ())
    values = {"name": path.stem, "protocol": path.parent.name if PROTOCOLS in path.parents else OWN} | values
    if window is not None:
        values["name"] = f"{values['name']}@{address.partition('@')[2]}"
        values["window"] = window
    protocol = _validated(Protocol, values, str(path) if bare.endswith(".toml") else bare)
    if window is not None and protocol.data.format != "livecodebench":
        raise BenchmarkError(f"{address}: only LiveCodeBench's questions have dates; leave out the window")
    return protocol


def _split_window(address: str) -> tuple[str, dict[str, str] | None]:
    if "@" not in address:
        return address, None
    found = _WINDOW.fullmatch(address)
    if found is None:
        raise BenchmarkError(f"{address}: write a window of dates as NAME@2024-08-01..2025-05-31")
    return found["name"], {end: found[end] for end in ("first", "last") if found[end]}


def _shipped(address: str) -> Path:
    full = address if "/" in address else f"{USUAL_PROTOCOL}/{address}"
    known = protocol_addresses()
    if full not in known:
        raise BenchmarkError(
            f"there is no benchmark {address}; there are {', '.join(known)}, the suites {', '.join(suite_names())}, "
            "and protocol files of your own, by their path"
        )
    return PROTOCOLS / f"{full}.toml"


def _values(path: Path, before: tuple[Path, ...]) -> dict[str, Any]:
    """Return the values of a file, with those of the one that it extends below them."""
    if path in before:
        raise BenchmarkError(f"{path}: it extends itself, by way of {', '.join(str(each) for each in before)}")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BenchmarkError(f"{path}: this protocol cannot be read: {error}") from error
    if PROTOCOLS not in path.parents:
        _name_own_files(path.parent, values)
    extends = values.pop("extends", None)
    if extends is None:
        return values
    if not isinstance(extends, str):
        raise BenchmarkError(f"{path}: extends takes a shipped benchmark, as paper/humaneval, or a path of a TOML file")
    parent = path.parent / extends if extends.endswith(".toml") else _shipped(extends)
    below = {key: value for key, value in _values(parent, (*before, path)).items() if key != "name"}
    return _merged(below, values)


def _name_own_files(folder: Path, values: dict[str, Any]) -> None:
    """Let a protocol of the user's own name prompts and lists of tasks that lie beside it."""
    for section, key in (
        *((each, "prompt") for each in values.get("styles", {}).values()),
        (values.get("data", {}), "tasks"),
    ):
        own = folder / str(section.get(key))
        if own.is_file():
            section[key] = str(own.resolve())


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(below)
    for key, value in above.items():
        old = both.get(key)
        both[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return both


def _validated(model: type[Model], values: Mapping[str, Any], name: str) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, each['loc'])) or 'protocol'}: {each['msg']}" for each in error.errors()]
        raise BenchmarkError(f"the protocol {name} is wrong:\n" + "\n".join(lines)) from error
