"""Sections about all runs: where rows went, pass rates, cost, and what changed over time."""

from datetime import datetime

import polars as pl

from acecoder_dagster.data.tables import ALL_TABLES
from acecoder_dagster.data.warehouse import RunFigures
from acecoder_dagster.evaluation.report_page.charts import draw_over_time, draw_pass_rates
from acecoder_dagster.evaluation.report_page.drawing import SERIES
from acecoder_dagster.evaluation.report_page.parts import Bar, Cell, Chart, Charts, Part, Section, Table, Text
from acecoder_dagster.evaluation.report_page.words import NOTHING, count, duration, interval, share, spoken

_DESCRIPTIONS = {table.name: table.description.split(". ")[0].rstrip(".") + "." for table in ALL_TABLES}
_OTHER_UNIT = "Trainings and measures"
_UNITS = {
    "seed_functions": "Questions",
    "writer_answers": "Questions",
    "questions": "Questions",
    "acecode_dataset": "Questions",
    "hard_questions": "Questions",
    "candidate_tests": "Tests",
    "filtered_tests": "Tests",
    "oracle_programs": "Programs",
    "oracle_results": "Programs",
    "sampled_programs": "Programs",
    "test_results": "Programs",
    "policy_programs": "Programs",
    "policy_results": "Programs",
    "preference_pairs": "Pairs",
}
"""What the rows of a stage are."""

_LONGEST_EXAMPLE = 120
_MOST_MODELS = 12
_QUICK_SECONDS = 1.0


def funnel(stages: pl.DataFrame) -> Section:
    """Return what each stage took, kept and rejected, by what it counts."""
    meaning = (
        "Every row that comes into a stage is kept or rejected with a reason; none is lost. A bar shows what was kept "
        "(blue) and rejected (red), against the largest stage that counts the same."
    )
    of_tables = stages.filter(~pl.col("is_training"), pl.col("rows_in") > 0)
    rows: list[list[Cell]] = []
    for unit in dict.fromkeys([*_UNITS.values(), _OTHER_UNIT]):
        of_unit = [row for row in of_tables.iter_rows(named=True) if _UNITS.get(row["stage"], _OTHER_UNIT) == unit]
        largest = max((row["rows_in"] for row in of_unit), default=0)
        rows += [[unit]] if of_unit else []
        rows += [_taken(row, largest) for row in of_unit]
    hints = {spoken(name): _DESCRIPTIONS.get(name, "") for name in of_tables["stage"]}
    table = Table(("stage", "rows in", "kept", "rejected", "share kept"), rows, hints)
    return Section("stages", "Stages", meaning, [table] if rows else [Text("No stage has taken a row yet.")])


def _taken(row: dict[str, int], largest: int) -> list[Cell]:
    kept, rejected = row["rows_kept"], row["rows_rejected"]
    bar = Bar(share(kept / row["rows_in"]), kept / largest, rest=rejected / largest)
    return [spoken(str(row["stage"])), count(row["rows_in"]), count(kept), count(rejected), bar]


def rejections(rejected: pl.DataFrame) -> Section:
    """Return how many rows each reason rejected, by stage."""
    meaning = (
        "Why rows were not kept, the most frequent reasons of each stage first. Every rejected row, with what was "
        "seen of it, is in the table rejected_rows."
    )
    parts: list[Part] = []
    for (stage,), rows in rejected.group_by("stage", maintain_order=True):
        most = rows["rejected"].max()
        table = Table(
            ("reason", "rows rejected", "for example"),
            [
                [spoken(row["reason"]), _rejected(row, most), _shortened(row["example_evidence"])]
                for row in rows.iter_rows(named=True)
            ],
            {spoken(reason): f"{told}." for reason, told in rows.select("reason", "meaning").iter_rows() if told},
            title=spoken(str(stage)).capitalize(),
        )
        parts.append(table)
    return Section("rejections", "Rejections", meaning, parts or [Text("No row was rejected.")])


def _rejected(row: dict[str, int], most: object) -> Bar:
    return Bar(f"{count(row['rejected'])} {row['row_kind']}s", row["rejected"] / int(str(most)), tone="red")


def _shortened(text: str | None) -> str:
    if not text:
        return NOTHING
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_EXAMPLE else line[: _LONGEST_EXAMPLE - 1] + "…"


def pass_rates(rates: pl.DataFrame, of_programs: pl.Series) -> Section:
    """Return pass rates by source, model and difficulty, and how they are spread.

    Args:
        rates: Rows of `RunFigures.pass_rates`.
        of_programs: Pass rate of each sampled program.
    """
    meaning = (
        "Solved is the chance that one program of a model passes every test of a question; the mark in a bar, and the "
        "numbers in brackets, are the 95% interval over questions. Tests passed is the mean share of tests that a "
        "program passes. A question is as difficult as the sampled programs found it."
    )
    if rates.is_empty():
        return Section("pass-rates", "Pass rates", meaning, [Text("No program has been judged yet.")])
    by_programs = rates.group_by("model", maintain_order=True).agg(pl.col("programs").sum())
    models = by_programs.sort("programs", descending=True, maintain_order=True)["model"].to_list()
    shown = rates.filter(pl.col("model").is_in(models[:_MOST_MODELS]))
    parts: list[Part] = [
        _rates("By source", "source", shown.filter(pl.col("source").is_not_null())),
        _rates("By difficulty", "difficulty", shown.filter(pl.col("source").is_null())),
    ]
    if len(models) > _MOST_MODELS:
        told = f"The {_MOST_MODELS} of {len(models)} models with most programs."
        parts.append(Text(f"{told} All of them: acecoder query pass_rates_by_difficulty."))
    if len(of_programs):
        whole = count(int((of_programs == 1).sum()))
        caption = f"{count(len(of_programs))} sampled programs; {whole} of them pass every test of their question."
        parts.append(Charts([Chart("How many tests programs pass", draw_pass_rates(of_programs), caption)]))
    return Section("pass-rates", "Pass rates", meaning, parts)


def _rates(title: str, by: str, rates: pl.DataFrame) -> Table:
    rows: list[list[Cell]] = []
    for (group,), of_group in rates.group_by(by, maintain_order=True):
        rows.append([str(group).capitalize()])
        for row in of_group.iter_rows(named=True):
            low, high = row["pass_at_1_low"], row["pass_at_1_high"]
            solved = Bar(interval(row["pass_at_1"], low, high), row["pass_at_1"], low=low, high=high)
            figures = [share(row["mean_pass_rate"]), count(row["questions"]), count(row["programs"])]
            rows.append([spoken(row["model"]), solved, *figures])
    return Table(("model", "solved", "tests passed", "questions", "programs"), rows, title=title)


def cost(stages: pl.DataFrame) -> Section:
    """Return what each stage and training cost in time, programs, model calls, tokens and money."""
    meaning = (
        "What the runs that made the present rows and models took. What was up to date and was taken over cost nothing "
        "and is not counted again. Money is told where a price is known."
    )
    if stages.is_empty():
        return Section("cost", "Cost and time", meaning, [Text("No stage has run yet.")])
    optional = {
        "programs executed": "programs_executed",
        "model calls": "model_calls",
        "tokens written": "completion_tokens",
        "tokens trained on": "trained_tokens",
        "money": "cost",
    }
    columns = {name: column for name, column in optional.items() if stages[column].sum()}
    costly = pl.any_horizontal(pl.col("seconds") >= _QUICK_SECONDS, *(pl.col(name) > 0 for name in columns.values()))
    shown = stages.filter(costly).sort(pl.col("seconds").fill_null(0), descending=True, maintain_order=True)
    longest = max(shown["seconds"].fill_null(0).to_list(), default=0.0) or 1.0
    rows: list[list[Cell]] = []
    for row in shown.iter_rows(named=True):
        time = Bar(duration(row["seconds"]), (row["seconds"] or 0) / longest, tone="amber")
        rows.append([_stage(row), time, *(_amount(column, row[column]) for column in columns.values())])
    together = stages.select(pl.col("seconds", *columns.values()).sum()).row(0, named=True)
    sums = [_amount(column, together[column]) for column in columns.values()]
    rows.append([f"all {stages.height} stages", duration(together["seconds"]), *sums])
    parts: list[Part] = [Table(("stage", "time", *columns), rows)]
    if shown.height < stages.height:
        parts.append(Text(f"{stages.height - shown.height} stages that took less than a second are not listed."))
    return Section("cost", "Cost and time", meaning, parts)


def _amount(column: str, value: float | None) -> str:
    if not value:
        return NOTHING
    return f"{value:,.2f}" if column == "cost" else count(value)


def _stage(row: dict[str, object]) -> str:
    name = spoken(str(row["stage"]))
    return f"training of the {name}" if row["is_training"] else name


def over_time(runs: RunFigures) -> Section:
    """Return how pass rates and scores moved from refresh to refresh, and what was made anew on each day."""
    meaning = (
        "What was recorded at each refresh. A value holds until a refresh changes it. What moved it, by commit and "
        "setting, is told by: acecoder query what_moved_pass_rates."
    )
    moments = [*runs.pass_rates_over_time["recorded_at"], *runs.scores_over_time["recorded_at"]]
    charts = [
        chart
        for chart in (
            _over_time("Programs that pass every test", runs.pass_rates_over_time, "programs", moments),
            _over_time("Held-out questions solved by the policies", runs.scores_over_time, "value", moments),
        )
        if chart
    ]
    parts: list[Part] = [Charts(charts)] if charts else []
    if not charts:
        parts.append(Text("Everything was recorded at one moment so far; a trend needs a second refresh."))
    if not runs.work_by_day.is_empty():
        parts.append(_work_by_day(runs.work_by_day))
    return Section("over-time", "Over time", meaning, parts)


def _over_time(title: str, rows: pl.DataFrame, weight: str, moments: list[datetime]) -> Chart | None:
    """Draw the names with the largest weight; None where nothing was recorded at a second moment."""
    if len(set(moments)) < 2 or rows.is_empty():
        return None
    last = rows.group_by("name").agg(pl.col(weight).last())
    names = last.sort(weight, "name", descending=[True, False], nulls_last=True)["name"].to_list()
    drawn = sorted(names[: len(SERIES)])
    left = len(names) - len(drawn)
    caption = f"{left} more are in: acecoder query pass_rate_over_time." if left else ""
    return Chart(title, draw_over_time(rows, drawn, max(moments)), caption)


def _work_by_day(days: pl.DataFrame) -> Table:
    columns = {
        "stages": "stages",
        "rows kept": "rows_kept",
        "rows rejected": "rows_rejected",
        "programs executed": "programs_executed",
        "model calls": "model_calls",
    }
    rows: list[list[Cell]] = [
        [f"{row['day']:%-d %B %Y}", duration(row["seconds"]), *(count(row[column]) for column in columns.values())]
        for row in days.iter_rows(named=True)
    ]
    return Table(("day (UTC)", "time", *columns), rows, title="What was made anew, by day")
