import base64
import re

import polars as pl
import pytest

from acecoder_dagster.data.tables import BEST_OF_N
from acecoder_dagster.evaluation import render_report
from tests.evaluation.report_figures import BENCHMARK, BEST, PASS_RATES, QUALITY, SEALS, solved
from tests.rows import rows

PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def report():
    return render_report(
        BENCHMARK, BEST, QUALITY, PASS_RATES, {"policy_rule: reward": [(0, 0.1), (1, 0.3)], "none": []}, SEALS
    )


def test_the_report_states_every_figure_with_its_interval(report):
    assert "| policy_rule | pass@1 | 0.750 [0.700, 0.800] | +0.250 [+0.230, +0.270] | 80 | 1.25% | 0.850 |" in (
        report.markdown
    )
    assert "| 8 | highest reward-model score | 0.625 [0.575, 0.675] | +0.125 [+0.105, +0.145] | 80 |" in report.markdown
    assert "4 sampled programs; 2 pass every test" in report.markdown
    assert "| 0.4 to 0.6 | 0.000 [0.000, 0.000] | 1 | 1 |" in report.markdown


def test_both_ways_of_counting_best_of_n_are_told():
    falling = pl.concat([BEST, rows(BEST_OF_N, {"n": 16, "method": "reward_model", **solved(0.55, 0.05)})])
    told = render_report(BENCHMARK, falling, QUALITY, PASS_RATES, {}, SEALS).markdown
    assert "at the fixed N = 16 it is +0.050 [+0.030, +0.070]" in told
    assert "takes maxima, +0.125 [+0.105, +0.145] (N = 1)" in told


def test_scores_of_an_older_version_do_not_say_what_every_pass_would_give(report):
    assert "| base_policy | pass@1 | 0.500 [0.450, 0.550] | +0.000 [-0.020, +0.020] | 80 |  |  |" in report.markdown


def test_each_training_says_the_share_of_unsealed_passes_that_it_saw_and_the_report_what_became_of_them(report):
    assert "Here it counts as a failure (tests.unsealed_passes = refuse)" in report.markdown
    assert "| reward_model | 2.50% |" in report.markdown
    assert "| policy_rule | 0.00% |" in report.markdown


def test_the_most_wrong_pairs_can_be_read(report):
    assert "The right program has the score 1.00, the wrong one, with 50% of the tests passed, 2.50." in report.markdown
    assert "```python\ndef f(): return 1\n```" in report.markdown
    assert "````python\ndef f(): return '```'\n````" in report.markdown


def test_the_plots_in_the_report_are_those_returned(report):
    inside = re.findall(r"!\[(.*?)\]\(data:image/png;base64,(.*?)\)", report.markdown)
    assert {name: base64.b64decode(image) for name, image in inside} == report.plots
    assert set(report.plots) == {
        "policies pass@1",
        "best of N",
        "calibration",
        "scores",
        "pass rates",
        "learning curves",
    }
    assert all(image.startswith(PNG) for image in report.plots.values())


def test_without_curves_there_is_no_section_for_them():
    report = render_report(BENCHMARK, BEST, QUALITY, PASS_RATES, {}, SEALS)
    assert "Learning curves" not in report.markdown
    assert "learning curves" not in report.plots


def test_the_same_figures_give_the_same_report(report):
    again = render_report(BENCHMARK, BEST, QUALITY, PASS_RATES, {"policy_rule: reward": [(0, 0.1), (1, 0.3)]}, SEALS)
    assert again == report
