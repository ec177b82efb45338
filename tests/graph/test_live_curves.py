"""The page with the curves of a training, while it runs and afterwards."""

import subprocess
import sys

import pytest

from acecoder_dagster.evaluation.report_page import State, Training, curves_page
from acecoder_dagster.graph import live_curves
from acecoder_dagster.graph.live_curves import LiveCurves
from acecoder_dagster.learning.workers.curves import recorded_curves
from acecoder_dagster.learning.workers.specifications import Tracked
from tests.browser import chromium

RELOAD = '<meta http-equiv="refresh"'
TRAINING = """
import sys, time
from pathlib import Path
from acecoder_dagster.graph.live_curves import LiveCurves

with LiveCurves("policy_rule", Path(sys.argv[1]), Path(sys.argv[2]), seconds=1):
    print("begun", flush=True)
    time.sleep(600)
"""


def report(folder, first, last):
    with recorded_curves(folder, lambda *_: None, Tracked()) as record:
        for step in range(first, last + 1):
            validation = {"validation_pass_at_1": 0.5} if step % 2 == 0 else {}
            record(step, 10, {"pass_at_1": step / 10, "loss": 1 / step, "tokens_per_second": 1000.0, **validation})


def test_the_page_is_there_at_once_and_says_when_the_training_is_finished(tmp_path):
    page = tmp_path / "curves" / "policy_rule.html"

    with LiveCurves("policy_rule", tmp_path, page) as live:
        running = page.read_text()
        report(tmp_path, 1, 4)
        live.figures = {"steps": 4}
    finished = page.read_text()

    assert "It is running: 0 steps so far." in running
    assert "No step has been reported yet" in running
    assert RELOAD in running
    assert "It is finished, after 4 steps." in finished
    assert finished.count("<svg") == 3
    assert RELOAD not in finished


def test_a_training_that_stops_leaves_a_page_that_says_so(tmp_path):
    page = tmp_path / "curves.html"
    report(tmp_path, 1, 3)

    with pytest.raises(KeyError), LiveCurves("reward_model", tmp_path, page):
        raise KeyError

    assert "It stopped after 3 steps, before it was finished." in page.read_text()
    assert RELOAD not in page.read_text()


def test_a_page_that_cannot_be_written_ends_no_training(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(live_curves, "read_curves", lambda folder: 1 / 0)

    with LiveCurves("reward_model", tmp_path, tmp_path / "curves.html") as live:
        live.figures = {"steps": 1}

    assert "could not be written" in caplog.text


def test_what_is_learned_stands_first_with_validation_and_what_came_only_at_the_end():
    training = Training(
        {"tokens_per_second": [(1, 5.0)], "loss": [(1, 0.5), (2, 0.25)], "pair_accuracy": [(1, 0.5), (2, 0.75)]},
        {"validation_loss": 0.375},
    )

    page = curves_page("reward_model", training, State.FINISHED, 1)

    places = [page.index(f"<h3>{title}</h3>") for title in ("Pair accuracy", "Loss", "Tokens per second")]
    assert places == sorted(places)
    assert "on validation questions 0.375" in page
    assert "Training of the reward model" in page


def test_in_a_browser_the_curves_grow_while_the_training_runs(tmp_path):
    page = tmp_path / "curves.html"
    report(tmp_path, 1, 3)
    with chromium() as browser:
        shown = browser.new_page(viewport={"width": 390, "height": 900})
        shown.set_default_timeout(120_000)
        with LiveCurves("policy_rule", tmp_path, page, seconds=1) as live:
            shown.goto(page.as_uri())
            shown.get_by_text("It is running: 3 steps so far.").wait_for()

            report(tmp_path, 4, 8)

            # Nobody loads it again but the page itself.
            shown.get_by_text("It is running: 8 steps so far.").wait_for()
            assert shown.locator("figure svg").count() == 3
            assert shown.evaluate("document.documentElement.scrollWidth") <= 390
            live.figures = {"steps": 8}
        shown.get_by_text("It is finished, after 8 steps.").wait_for()


def test_in_a_browser_the_page_of_a_training_that_was_killed_says_so(tmp_path):
    page = tmp_path / "curves.html"
    report(tmp_path, 1, 3)
    training = subprocess.Popen([sys.executable, "-c", TRAINING, str(tmp_path), str(page)], stdout=subprocess.PIPE)
    try:
        assert training.stdout.readline() == b"begun\n"
    finally:
        training.kill()
        training.communicate()

    assert "It is running: 3 steps so far." in page.read_text()
    with chromium() as browser:
        shown = browser.new_page()
        shown.set_default_timeout(120_000)
        shown.goto(page.as_uri())
        shown.get_by_text("It was killed after 3 steps").wait_for()
