"""Which licences rows have, and which rows may be published."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import polars as pl
from license_expression import (
    ExpressionError,
    LicenseSymbol,
    LicenseWithExceptionSymbol,
    get_license_index,
    get_spdx_licensing,
)

from acecoder_dagster.data.publishing.errors import PublishingError

PERMISSIVE = {"Permissive", "Public Domain"}
"""Categories of ScanCode's licence list under which data may be used, changed and passed on by anyone."""

UNSTATED = "Unstated License"
"""The category, in the same list, of identifiers that state no licence."""


def decide_licences(found: pl.DataFrame, declared: Mapping[str, str], *, permissive_only: bool) -> pl.DataFrame:
    """Decide what is published under which licence.

    Args:
        found: kind (question or program), name (source or model), licence (the words of the rows), rows.
        declared: SPDX expression by source or model, for rows whose own words are no licence.
        permissive_only: leave out what is not permissive, and what is unknown.

    Returns:
        The rows of `found` with published_as (SPDX expression, null where unknown), declared (whether the publisher
        said so) and published.

    Raises:
        PublishingError: a licence is unknown and nothing is left out, or a declaration is wrong or meets no row.
    """
    for name, expression in declared.items():
        if spdx_expression(expression) is None:
            raise PublishingError(f"--licence {name}={expression}: not an SPDX licence, such as MIT or Apache-2.0")
    own = [spdx_expression(words) for words in found["licence"]]
    said = [
        None if known else spdx_expression(declared.get(name, ""))
        for known, name in zip(own, found["name"], strict=True)
    ]
    decided = found.with_columns(
        published_as=pl.Series([own_ or said_ for own_, said_ in zip(own, said, strict=True)], dtype=pl.String),
        declared=pl.Series([said_ is not None for said_ in said], dtype=pl.Boolean),
    )
    _refuse_idle(declared, decided)
    known = decided["published_as"].is_not_null()
    if permissive_only:
        permissive = [words is not None and is_permissive(words) for words in decided["published_as"]]
        return decided.with_columns(published=pl.Series(permissive, dtype=pl.Boolean))
    if not known.all():
        raise PublishingError(_unknown(decided.filter(~known)))
    return decided.with_columns(published=pl.lit(True))


def spdx_expression(words: str) -> str | None:
    """Return the licence as a normalised SPDX expression, or None where the words are none."""
    licensing = get_spdx_licensing()
    try:
        parsed = licensing.parse(words, validate=True, strict=True)
    except ExpressionError:
        return None
    if parsed is None:
        return None
    symbols = licensing.license_symbols(parsed, decompose=True)
    unstated = any(_categories().get(symbol.key, UNSTATED) == UNSTATED for symbol in symbols)
    return None if unstated else str(parsed.render())


def is_permissive(expression: str) -> bool:
    """Return whether an SPDX expression lets anyone use, change and pass on: all of an AND do, or one of an OR."""

    def allowed(part: Any) -> bool:  # noqa: ANN401 - the library's parts have no common type
        if isinstance(part, LicenseSymbol):
            return _categories()[part.key] in PERMISSIVE
        if isinstance(part, LicenseWithExceptionSymbol):
            # An exception only allows more.
            return allowed(part.license_symbol)
        parts = map(allowed, part.args)
        return any(parts) if isinstance(part, get_spdx_licensing().OR) else all(parts)

    return allowed(get_spdx_licensing().parse(expression))


@cache
def _categories() -> dict[str, str]:
    """Return ScanCode's category of every SPDX identifier."""
    categories = {}
    for licence in get_license_index():
        for key in (licence.get("spdx_license_key"), *licence.get("other_spdx_license_keys", ())):
            if key:
                categories[key] = licence["category"]
    return categories


def _refuse_idle(declared: Mapping[str, str], decided: pl.DataFrame) -> None:
    for name, expression in declared.items():
        rows = decided.filter(pl.col("name") == name)
        if rows.is_empty():
            known = ", ".join(decided["name"].unique().sort())
            raise PublishingError(f"--licence {name}={expression}: no source or model is called so; there are: {known}")
        if not rows["declared"].any():
            words = ", ".join(rows["licence"].unique().sort())
            raise PublishingError(f"--licence {name}={expression}: its rows have a licence already: {words}")


def _unknown(rows: pl.DataFrame) -> str:
    lines = [
        f"  {row['rows']:,} {row['kind']}s of {row['name']} say {row['licence']!r}"
        for row in rows.iter_rows(named=True)
    ]
    names = " ".join(f"--licence {name}=SPDX" for name in rows["name"].unique(maintain_order=True))
    return "\n".join(
        [
            "the licence of these rows is unknown, so nothing was written:",
            *lines,
            f"say what it is, where you know ({names}), or leave the rows out (--permissive-only)",
        ]
    )
