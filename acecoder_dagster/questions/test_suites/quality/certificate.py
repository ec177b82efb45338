"""The certificate: every measure with its interval, what is required, and whether it is met."""

from collections.abc import Mapping, Sequence

import polars as pl

from acecoder_dagster.data.tables import TEST_QUALITY
from acecoder_dagster.questions.test_suites.quality.error_rates import FAILURES, ErrorRates
from acecoder_dagster.questions.test_suites.quality.tallies import Tally, ratio_interval

AT_MOST = frozenset({"flaky"})
"""Measures of which less is better."""


def certificate(tallies: Sequence[Tally], requirements: Mapping[str, float], samples: int) -> pl.DataFrame:
    """Return the certificate (columns of TEST_QUALITY), a row per tally.

    A required measure of which nothing could be counted is not met: what was not measured is not known to be good.

    Args:
        tallies: what was counted.
        requirements: by measure, the least value (of flaky tests, the largest).
        samples: draws of questions for the intervals.
    """
    rows = []
    for tally in tallies:
        share = ratio_interval(tally, samples)
        required = requirements.get(tally.measure)
        met = None
        if required is not None:
            met = share.value <= required if tally.measure in AT_MOST else share.value >= required
            # A requirement of nothing asks for no measurement either.
            met = met or required == (1 if tally.measure in AT_MOST else 0)
        rows.append(
            {
                "measure": tally.measure,
                "value": share.value if tally.counted else None,
                "low": share.low if tally.counted else None,
                "high": share.high if tally.counted else None,
                "questions": sum(1 for _, total in tally.counts.values() if total),
                "counted": tally.counted,
                "required": required,
                "met": met,
            }
        )
    return TEST_QUALITY.conform(pl.DataFrame(rows, schema=TEST_QUALITY.schema))


def error_rates(measured: pl.DataFrame) -> ErrorRates | None:
    """Return how right and wrong programs fail the tests, for the weighing of pairs; None where it was not measured.

    Args:
        measured: a certificate, or an empty one.
    """
    values = dict(measured.select("measure", "value").iter_rows())
    both = {}
    for kind in ("right", "wrong"):
        shares = [values.get(f"{kind} programs that fail {failures}") for failures in FAILURES]
        if any(share is None for share in shares):
            return None
        # Nothing is impossible because a calibration set did not show it.
        smoothed = [share + 0.001 for share in shares if share is not None]
        both[kind] = tuple(share / sum(smoothed) for share in smoothed)
    return ErrorRates(right=both["right"], wrong=both["wrong"])
