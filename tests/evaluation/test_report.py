import base64
import re

import polars as pl
import pytest

from acecoder_dagster.data.tables import BENCHMARK_SCORES, BEST_OF_N, PROGRAM_SCORES, TEST_RESULTS
from acecoder_dagster.evaluation import EvaluationSettings, Seals, render_report, reward_quality
from tests.rows import result, rows

PNG = b"\x89PNG"


def figures(solved, gain):
    return {
        "solved": solved,
        "low": solved - 0.05,
        "high": solved + 0.05,
        "gain": gain,
        "gain_low": gain - 0.02,
        "gain_high": gain + 0.02,
        "questions": 80,
    }


BENCHMARK = rows(
    BENCHMARK_SCORES,
    {"model": "base_policy", "metric": "pass@1", **figures(0.5, 0)},
    {
        "model": "policy_rule",
        "metric": "pass@1",
        **figures(0.75, 0.25),
        "with_unsealed": 0.85,
        "unsealed_share": 0.0125,
    },
)
BEST = rows(
    BEST_OF_N,
    *(
        {"n": n, "method": method, **figures(solved, solved - 0.5)}
        for n in (1, 8)
        for method, solved in (("average", 0.5), ("reward_model", 0.625), ("oracle", 0.9))
    ),
)
QUALITY = reward_quality(
    rows(TEST_RESULTS, result("right", "q", "pp"), result("wrong", "q", "pf")),
    rows(
        PROGRAM_SCORES,
        {"program_id": "right", "question_id": "q", "score": 1.0},
        {"program_id": "wrong", "question_id": "q", "score": 2.5},
    ),
    pl.DataFrame({"program_id": ["right", "wrong"], "program": ["def f(): return 1", "def f(): return '```'"]}),
    pl.DataFrame({"question_id": ["q"], "question": ["Return one."]}),
    EvaluationSettings(),
)
PASS_RATES = pl.Series([0.0, 0.5, 1.0, 1.0])
SEALS = Seals("refuse", {"reward_model": 0.025, "policy_rule": 0.0})


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
    falling = pl.concat([BEST, rows(BEST_OF_N, {"n": 16, "method": "reward_model", **figures(0.55, 0.05)})])
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
