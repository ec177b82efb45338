"""Tables that fit a terminal."""

import io

import polars as pl
import pytest
from rich.console import Console

from acecoder_dagster.cli.printing import print_frame, progress_bar

ROWS = pl.DataFrame(
    {
        "stage": ["seed_functions"],
        "meaning": ["a text of many words that is longer than a column may become, so that it is folded"],
        **{f"number_{place}": [123_456] for place in range(8)},
    }
)


def printed(rows: pl.DataFrame, width: int) -> str:
    told = io.StringIO()
    print_frame(Console(file=told, width=width), rows)
    return told.getvalue()


def test_numbers_stay_whole_at_80_columns_and_what_is_left_out_is_named():
    told = printed(ROWS, 80)

    assert "123,456" in told
    assert max(len(line) for line in told.splitlines() if not line.startswith("not shown")) <= 80
    assert "not shown: number_3, number_4, number_5, number_6, number_7 (--wide shows all columns)" in told


def test_all_columns_are_shown_where_there_is_room():
    told = printed(ROWS, 1000)

    assert "number_7" in told
    assert "not shown" not in told


def test_text_in_brackets_is_shown_as_it_is():
    assert "[red]tuple[int]" in printed(pl.DataFrame({"type": ["[red]tuple[int]"]}), 80)


@pytest.mark.parametrize("total", [3, 1])
def test_where_there_is_no_terminal_progress_is_told_in_lines(capsys, total):
    with progress_bar(Console(file=io.StringIO()), "judging") as report:
        for done in range(total + 1):
            report(done, total, "speed 7")

    last = capsys.readouterr().err.splitlines()[-1]
    assert "judging" in last
    assert f"{total} of {total}" in last
    assert "speed 7" in last
