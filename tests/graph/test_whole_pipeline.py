"""The whole graph for real, on a profile small enough for a test: real sampling, sandboxes, trainings, tables.

One test file, run by one worker: the project folder that is filled once is what all tests look at, some of them in a
browser. `ACECODER_SHOWN=FOLDER` gives those a finished project folder instead, `ACECODER_PICTURES=FOLDER` keeps the
pictures they take; the README's are of the demo's folder:

    ACECODER_SHOWN=.acecoder ACECODER_PICTURES=docs python -m pytest tests/graph/test_whole_pipeline.py -k page
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from acecoder_dagster.data.home import Home
from acecoder_dagster.data.tables import ALL_TABLES, BATCH_TABLES, BENCHMARK_TABLES, FILTERED_TESTS, QUESTIONS
from acecoder_dagster.data.warehouse import run_query
from tests.graph.dagster_page import browser_page, dagster_server

SHOWN_PROJECT, PICTURES = "ACECODER_SHOWN", "ACECODER_PICTURES"

PROFILE = """
extends = "micro"

[seeds]
procedural_batches = 2
questions_per_batch = 60

[micro]
max_primitives = 2
tests_per_question = 6

[base_policy]
corpus_programs = 12000

[base_policy.scratch]
hidden_size = 128
layers = 2
attention_heads = 2
feed_forward_size = 256

[base_policy.supervised]
learning_rate = 4e-3

[sampling]
programs_per_question = 8

# Two steps of so small a policy may go anywhere; what stops a training has tests of its own.
[policy_rule]
steps = 2
prompts_per_step = 4
validate_every = 1
hacking_drop = 0.99

[policy_reward_model]
steps = 2
prompts_per_step = 4
validate_every = 1
hacking_drop = 0.99

[evaluation]
best_of = [1, 2, 4]
programs_per_question = 2
"""


class Runs:
    """Starts `acecoder demo` in one project folder."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder / "home")
        self._folder = folder
        (folder / "tiny.toml").write_text(PROFILE)

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "acecoder_dagster", "demo", "--profile", str(self._folder / "tiny.toml")],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"ACECODER_HOME": str(self.home.root), "COLUMNS": "200"},
        )

    def finish(self) -> tuple[int, str]:
        process = self.start()
        output, _ = process.communicate(timeout=1800)
        return process.returncode, output

    def versions(self) -> dict[tuple[str, str], str]:
        lake = self.home.lake
        return {(p.table, p.batch): p.rows_file.name for table in ALL_TABLES for p in lake.partitions(table)}

    def processes(self) -> list[str]:
        """Command lines of processes that work in the project folder, or are sandboxes of one."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                environment = (folder / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if int(folder.name) != os.getpid() and f"ACECODER_HOME={self.home.root}\0" in environment:
                found.append(command)
        return found


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return Runs(tmp_path_factory.mktemp("pipeline"))


@pytest.fixture(scope="module")
def killed_versions(runs):
    """Start the demo, kill it as soon as questions have tests, and return what was finished by then."""
    process = runs.start()
    deadline = time.monotonic() + 300
    while ("filtered_tests", "procedural-000") not in runs.versions():
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < deadline, "the demo made no tests in 5 minutes"
        time.sleep(0.5)
    time.sleep(3)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return runs.versions()


@pytest.fixture(scope="module")
def finished(runs, killed_versions):
    """Run the demo to its end after the kill."""
    code, output = runs.finish()
    assert code == 0, output
    return output


def test_nothing_is_left_running_after_a_kill(runs, killed_versions):
    deadline = time.monotonic() + 30
    while runs.processes() and time.monotonic() < deadline:
        time.sleep(0.5)

    assert runs.processes() == []


def test_a_killed_demo_is_finished_by_the_next_and_repeats_no_finished_stage(runs, killed_versions, finished):
    versions = runs.versions()

    assert killed_versions
    assert {key: versions[key] for key in killed_versions} == killed_versions
    # The demo evaluates no model on standard benchmarks.
    assert {table for table, _ in versions} == {each.name for each in ALL_TABLES if each not in BENCHMARK_TABLES}
    assert "was killed; what it finished is kept" in finished


def test_the_demo_ends_with_stages_and_results(finished):
    for expected in ("stages", "test_results", "benchmark_scores", "policy_rule", "best_of_n", "oracle"):
        assert expected in finished
    assert "Every asset and check succeeded" in finished


def test_every_batch_went_through_every_stage(runs, finished):
    for table in BATCH_TABLES:
        assert [partition.batch for partition in runs.home.lake.partitions(table)] == [
            "procedural-000",
            "procedural-001",
        ]


def test_the_tables_agree_with_each_other(runs, finished):
    counts = run_query(
        runs.home.warehouse,
        """SELECT (SELECT count(*) FROM questions) AS questions,
                  (SELECT count(*) FROM programs WHERE stage = 'sampled_programs') AS programs,
                  (SELECT count(*) FROM pass_rates WHERE stage = 'sampled_programs') AS verdicts,
                  (SELECT count(DISTINCT model) FROM pass_rates) AS models""",
    ).row(0, named=True)

    assert counts == {"questions": 120, "programs": 960, "verdicts": 960, "models": 3}


def test_gains_have_intervals_around_them(runs, finished):
    scores = run_query(runs.home.warehouse, "SELECT * FROM benchmark_scores")

    assert set(scores["model"]) == {"base_policy", "policy_rule", "policy_reward_model"}
    assert scores.filter((pl.col("low") > pl.col("solved")) | (pl.col("solved") > pl.col("high"))).is_empty()


def test_trainings_that_see_verdicts_say_that_all_passes_on_procedural_questions_are_sealed(runs, finished):
    shares = run_query(runs.home.warehouse, "SELECT model, unsealed_pass_share FROM trainings ORDER BY model").rows()

    assert shares == [("base_policy", None), ("policy_reward_model", 0), ("policy_rule", 0), ("reward_model", 0)]
    assert run_query(runs.home.warehouse, "SELECT sum(passed_unsealed)::BIGINT FROM pass_rates").item() == 0
    assert "| reward_model | 0.00% |" in (runs.home.root / "report.md").read_text()


def test_a_second_run_computes_nothing_again(runs, finished):
    before = runs.versions()

    code, output = runs.finish()

    assert code == 0, output
    assert runs.versions() == before


def test_the_report_is_a_file_with_plots(runs, finished):
    report = (runs.home.root / "report.md").read_text()

    assert "Best of N" in report
    assert report.count("data:image/png;base64,") >= 4


def test_the_report_is_a_page_that_tells_all_stages(runs, finished):
    report = (runs.home.root / "report.html").read_text()

    for told in (
        "hard questions",
        "policy reward model",
        "Pairs that the scores order rightly",
        "training of the base",
    ):
        assert told in report
    assert report.count("<svg") >= 10


@pytest.fixture(scope="module")
def shown(request, tmp_path_factory) -> tuple[Home, Path]:
    """A copy of the finished project and its profile: what is done on the page changes nothing for other tests."""
    folder = tmp_path_factory.mktemp("shown")
    home, profile = Home(folder / "home"), folder / "profile.toml"
    if other := os.environ.get(SHOWN_PROJECT):
        shutil.copytree(other, home.root)
        profile.write_text('extends = "micro"\n')
    else:
        request.getfixturevalue("finished")
        shutil.copytree(request.getfixturevalue("runs").home.root, home.root)
        profile.write_text(PROFILE)
    return home, profile


@pytest.fixture(scope="module")
def server(shown):
    home, profile = shown
    with dagster_server(home.root, str(profile)) as address:
        yield address


@pytest.fixture
def page(server, tmp_path):
    """A browser that remembers nothing of what was chosen in another test."""
    with browser_page(server, Path(os.environ.get(PICTURES) or tmp_path)) as page:
        yield page


def test_the_graph_on_the_page_shows_the_way_of_the_data(page):
    groups = page.groups()
    names = ["report", *(table.name for table in BATCH_TABLES)]

    # All groups at once are drawn too small for names.
    for group in sorted({groups[name] for name in names}):
        page.show(f'group:"{group}"', *(name for name in names if groups[name] == group))

    page.show('group:"synthesis" or group:"tests" or group:"programs"')
    page.picture("graph")


def test_a_batch_is_materialized_on_the_page(page, shown):
    def launch() -> str:
        page.show('group:"tests" or (group:"synthesis" and not key:"imported_files")')
        dialog = page.choose_batches("procedural-002")
        page.picture("materialize")
        return page.launch_run(dialog)

    run = page.again(launch)

    page.open(f"/runs/{run}")

    assert page.wait_for_run(run) == "SUCCESS"
    page.page.get_by_text("Success", exact=True).first.wait_for()
    assert shown[0].lake.current(FILTERED_TESTS, "procedural-002").rows > 0


def test_runs_of_a_terminal_stand_on_home_and_under_their_job(page):
    page.open("/overview/activity/timeline")
    page.page.get_by_text("whole_pipeline").first.wait_for()
    page.picture("home")

    page.open("/locations/acecoder_dagster.definitions/jobs/whole_pipeline/runs")
    page.page.get_by_text("acecoder/terminal").first.wait_for()


@pytest.mark.parametrize(
    ("asset", "leading"),
    [
        ("filtered_tests", ["dagster/partition_row_count", "rejected", "share_kept", "tests_per_question"]),
        ("test_results", ["dagster/partition_row_count", "rejected", "share_kept", "pass_rates"]),
        ("reward_model", ["validation_pair_accuracy", "validation_loss", "learning_curves"]),
        ("policy_rule", ["validation_pass_at_1", "validation_pass_at_1_at_start", "learning_curves"]),
        ("benchmark_scores", ["rejected", "share_kept", "plot pass@1"]),
    ],
)
def test_the_overview_of_an_asset_leads_with_figures_and_a_picture(page, asset, leading):
    page.open(f"/assets/{asset}?view=overview")
    names = page.page.locator("table:has-text('Key') tbody tr td:first-child")
    names.filter(has_text=leading[-1]).first.wait_for()

    names.first.scroll_into_view_if_needed()
    page.picture(f"overview_{asset}")
    # A picture is one click away: Dagster shows none beside its name.
    assert [name.strip() for name in names.all_inner_texts()][: len(leading)] == leading


def test_the_report_on_the_page_shows_its_plots(page):
    page.open("/assets/report?view=overview")
    # Below the figures and each picture by itself stands the report as a whole.
    page.page.get_by_text("[Show Markdown]").last.click()
    plots = page.page.get_by_role("dialog").locator("img")
    plots.first.wait_for()

    assert plots.count() >= 4
    assert all(plots.evaluate_all("plots => plots.map(plot => plot.complete && plot.naturalWidth > 300)"))
    plots.first.scroll_into_view_if_needed()
    page.picture("report")


def test_the_asset_says_where_the_page_of_the_report_lies_and_it_opens(page, shown):
    page.open("/assets/report?view=overview")
    page.page.get_by_text("report.html").first.wait_for()

    page.page.goto((shown[0].root / "report.html").as_uri())
    page.page.get_by_role("heading", name="Reward against truth").wait_for()
    assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.picture("report_page")


def test_several_batches_are_backfilled_on_the_page(page, shown):
    def launch() -> str:
        page.show('group:"synthesis" and not key:"imported_files"')
        return page.launch_backfill(page.choose_batches("procedural-003", "procedural-004"))

    backfill = page.again(launch)

    assert page.wait_for_backfill(backfill) == "COMPLETED_SUCCESS"
    page.open(f"/runs/b/{backfill}")
    page.page.get_by_text("Completed").first.wait_for()
    page.picture("backfill")
    assert {"procedural-003", "procedural-004"} <= {p.batch for p in shown[0].lake.partitions(QUESTIONS)}


def test_a_failed_check_on_the_page_says_what_to_do(page, shown):
    _, profile = shown
    usual = profile.read_text()
    profile.write_text(usual + "\n[tests]\nmin_tests = 99\n")
    try:

        def launch() -> str:
            page.open("/assets/filtered_tests?view=partitions")
            return page.launch_run(page.choose_batches("procedural-001"))

        run = page.again(launch)
        assert page.wait_for_run(run) == "FAILURE"
    finally:
        profile.write_text(usual)

    page.open("/assets/filtered_tests?view=checks&checkDetail=some_tests_are_kept")

    page.page.get_by_text("lower tests.min_tests or look at the oracle programs").wait_for()
    page.picture("check")
