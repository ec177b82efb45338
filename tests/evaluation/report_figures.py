"""Made results of a whole project, for tests of what a report shows."""

from datetime import date, datetime

import polars as pl

from acecoder_dagster.data.tables import BENCHMARK_SCORES, BEST_OF_N, PROGRAM_SCORES, TEST_RESULTS
from acecoder_dagster.data.warehouse import RunFigures
from acecoder_dagster.evaluation import EvaluationSettings, Seals, reward_quality
from acecoder_dagster.evaluation.report_page import ReportFigures, Training
from tests.rows import result, rows


def solved(share, gain):
    return {
        "solved": share,
        "low": share - 0.05,
        "high": share + 0.05,
        "gain": gain,
        "gain_low": gain - 0.02,
        "gain_high": gain + 0.02,
        "questions": 80,
    }


BENCHMARK = rows(
    BENCHMARK_SCORES,
    {"model": "base_policy", "metric": "pass@1", **solved(0.5, 0)},
    {"model": "policy_rule", "metric": "pass@1", **solved(0.75, 0.25), "with_unsealed": 0.85, "unsealed_share": 0.0125},
)
BEST = rows(
    BEST_OF_N,
    *(
        {"n": n, "method": method, **solved(share, share - 0.5)}
        for n in (1, 8)
        for method, share in (("average", 0.5), ("reward_model", 0.625), ("oracle", 0.9))
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

STAGE = {
    "is_training": False,
    "batches": 1,
    "rows_in": None,
    "rows_kept": None,
    "rows_rejected": None,
    "seconds": 0.1,
    "programs_executed": None,
    "model_calls": None,
    "prompt_tokens": None,
    "completion_tokens": None,
    "trained_tokens": None,
    "cost": None,
    "written_at": datetime(2026, 11, 28, 2, 30),
}
STAGES = pl.DataFrame(
    [
        STAGE | {"stage": "questions", "rows_in": 2000, "rows_kept": 1500, "rows_rejected": 500},
        STAGE | {"stage": "filtered_tests", "rows_in": 9000, "rows_kept": 8000, "rows_rejected": 1000},
        STAGE
        | {"stage": "sampled_programs", "rows_in": 4000, "rows_kept": 4000, "rows_rejected": 0}
        | {"seconds": 700.0, "model_calls": 1234, "completion_tokens": 56000, "cost": 1.5},
        STAGE
        | {"stage": "test_results", "rows_in": 4000, "rows_kept": 4000, "rows_rejected": 0}
        | {"seconds": 95.0, "programs_executed": 4000},
        STAGE | {"stage": "reward_model", "is_training": True, "seconds": 7300.0, "trained_tokens": 987654},
    ],
    infer_schema_length=None,
)
RUNS = RunFigures(
    stages=STAGES,
    rejections=pl.DataFrame(
        {
            "stage": ["questions", "questions"],
            "row_kind": ["question", "question"],
            "reason": ["no_tests", "no_question"],
            "meaning": ["The list of tests is empty", None],
            "rejected": [450, 50],
            "example_row_id": ["a", "b"],
            "example_evidence": ["<b>no</b> list", ""],
        }
    ),
    pass_rates=pl.DataFrame(
        {
            "source": ["exercises", "exercises", None],
            "difficulty": [None, None, "hard"],
            "model": ["base_policy", "policy_rule", "policy_rule"],
            "questions": [900, 80, 7],
            "programs": [4000, 1280, 112],
            "mean_pass_rate": [0.61, 0.83, 0.42],
            "pass_at_1": [0.5, 0.75, 0.25],
            "pass_at_1_low": [0.48, 0.7, None],
            "pass_at_1_high": [0.52, 0.8, None],
        }
    ),
    work_by_day=pl.DataFrame(
        {
            "day": [date(2026, 11, 28), date(2026, 11, 27)],
            "stages": [4, 2],
            "batches": [4, 2],
            "rows_kept": [300, 17500],
            "rows_rejected": [0, 1500],
            "seconds": [65.0, 730.0],
            "programs_executed": [120, None],
            "model_calls": [None, 1234],
        }
    ),
    pass_rates_over_time=pl.DataFrame(
        {
            "recorded_at": [datetime(2026, 11, 27), datetime(2026, 11, 28), datetime(2026, 11, 28)],
            "name": ["exercises, base_policy", "exercises, base_policy", "exercises, gone"],
            "value": [0.45, 0.5, None],
            "programs": [3000, 4000, None],
        }
    ),
    scores_over_time=pl.DataFrame(
        {"recorded_at": [datetime(2026, 11, 28)], "name": ["policy_rule, pass@1"], "value": [0.75]}
    ),
)
TRAININGS = {
    "reward_model": Training(
        {"loss": [(step, 1 / step) for step in range(1, 1500)], "pair_accuracy": [(1, 0.5), (1499, 0.9)]},
        {"validation_loss": 0.2},
    ),
    "policy_rule": Training({"pass_at_1": [(1, 0.5), (2, 0.6)], "validation_pass_at_1": [(1, 0.5), (2, 0.75)]}),
}
FIGURES = ReportFigures(RUNS, BENCHMARK, BEST, QUALITY, PASS_RATES, TRAININGS, SEALS)
NOTHING = ReportFigures(
    RunFigures(
        stages=STAGES.clear(),
        rejections=RUNS.rejections.clear(),
        pass_rates=RUNS.pass_rates.clear(),
        work_by_day=RUNS.work_by_day.clear(),
        pass_rates_over_time=RUNS.pass_rates_over_time.clear(),
        scores_over_time=RUNS.scores_over_time.clear(),
    ),
    BENCHMARK.clear(),
    BEST.clear(),
    reward_quality(
        rows(TEST_RESULTS),
        rows(PROGRAM_SCORES),
        pl.DataFrame(schema={"program_id": pl.String, "program": pl.String}),
        pl.DataFrame(schema={"question_id": pl.String, "question": pl.String}),
        EvaluationSettings(),
    ),
    PASS_RATES.clear(),
    {},
    Seals("count", {}),
)
