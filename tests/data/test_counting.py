import pytest

from acecoder_dagster.data.counting import counted_passes, counted_results, unsealed_share
from acecoder_dagster.data.tables import TEST_RESULTS
from acecoder_dagster.judge import Outcome, Verdict
from tests.rows import result, rows

OUTCOMES = ["pp", "pP", "PP", "fP", "ff", "", "jP"]
RESULTS = rows(TEST_RESULTS, *(result(str(number), "q", outcomes) for number, outcomes in enumerate(OUTCOMES)))


def test_by_default_only_sealed_passes_count():
    counted = counted_results(RESULTS, "refuse")

    assert counted["tests_passed"].to_list() == [2, 1, 0, 0, 0, 0, 0]
    assert counted["pass_rate"].to_list() == [1.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert counted["passed"].to_list()[1] == [True, False]


def test_where_every_pass_counts_verdicts_are_as_the_judge_gave_them():
    assert counted_results(RESULTS, "count").drop("passed_unsealed").equals(RESULTS)


@pytest.mark.parametrize("unsealed_passes", ["refuse", "count"])
def test_what_the_judge_said_stays_and_unsealed_passes_are_numbered(unsealed_passes):
    counted = counted_results(RESULTS, unsealed_passes)

    assert counted.select("verdict", "outcomes", "sealed").equals(RESULTS.select("verdict", "outcomes", "sealed"))
    assert counted["passed_unsealed"].to_list() == [0, 1, 2, 1, 0, 0, 1]
    assert counted.drop("passed_unsealed").schema == TEST_RESULTS.schema


def test_no_verdicts_are_no_verdicts():
    assert counted_results(TEST_RESULTS.empty(), "refuse").is_empty()


@pytest.mark.parametrize("unsealed_passes", ["refuse", "count"])
def test_one_verdict_is_counted_as_a_table_of_them(unsealed_passes):
    counted = counted_results(RESULTS, unsealed_passes)

    for row, passed in zip(RESULTS.to_dicts(), counted["passed"].to_list(), strict=True):
        fields = {name: row[name] for name in Verdict.__dataclass_fields__}
        lists = {name: tuple(row[name]) for name in ("outcomes", "passed", "sealed")}
        verdict = Verdict(**(fields | lists | {"verdict": Outcome(row["verdict"])}))
        assert list(counted_passes(verdict, unsealed_passes)) == passed


def test_the_share_of_unsealed_passes_of_no_passes_is_zero():
    assert unsealed_share(0, 0) == 0
    assert unsealed_share(4, 1) == 0.25
