import io
from pathlib import Path

from rich.console import Console

from acecoder_dagster.cli.run import run_and_report
from acecoder_dagster.data.home import Home
from acecoder_dagster.data.warehouse import run_query

PROFILE = """
extends = "micro"

[seeds]
procedural_batches = 1
questions_per_batch = 5
"""


def test_a_run_of_a_part_of_the_graph_reports_and_stores_what_it_has_just_written(tmp_path: Path):
    home, profile = Home(tmp_path / "home"), tmp_path / "tiny.toml"
    profile.write_text(PROFILE)
    told = io.StringIO()

    code = run_and_report(home, str(profile), Console(file=told, width=300), ["seed_functions", "questions"])

    assert code == 0, told.getvalue()
    assert run_query(home.warehouse, "SELECT count(*) FROM questions").item() == 5
    assert "seed_functions" in told.getvalue()
    assert "Every asset and check succeeded" in told.getvalue()


def test_a_failed_run_says_its_reasons_first_and_shows_no_results_of_earlier_runs(tmp_path: Path):
    home, profile = Home(tmp_path / "home"), tmp_path / "tiny.toml"
    profile.write_text(PROFILE)
    run_and_report(home, str(profile), Console(file=io.StringIO(), width=300), ["seed_functions", "questions"])
    told = io.StringIO()

    code = run_and_report(home, str(profile), Console(file=told, width=300), ["questions", "hard_questions"])

    assert code == 1
    reason, _, rest = told.getvalue().partition("failed: hard_questions: ")[2].partition("\n")
    assert "test_results is not there yet" in reason
    assert "stages of this run" in rest
    assert "questions" in rest
    assert "seed_functions" not in rest
    assert "Traceback" not in told.getvalue()
    assert rest.splitlines()[-1].startswith("Not everything succeeded, see the reasons above; what is finished is kept")
