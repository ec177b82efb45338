import polars as pl
import pytest

from acecoder_dagster.data.tables import CANDIDATE_TESTS, ORACLE_PROGRAMS, QUESTIONS, REJECTED_ROWS, TEST_RESULTS
from acecoder_dagster.judge import Observation
from acecoder_dagster.questions.test_suites.choosing import (
    FilteredTests,
    filter_tests,
    make_pass_table,
    shrink_suites,
    strengthen_suites,
    writers_trust,
)
from acecoder_dagster.questions.test_suites.inputs import InputSettings
from tests.rows import result, rows

QUESTION = rows(QUESTIONS, {"question_id": "q", "entry_point": "f"})


def passes(program: str, test: str) -> bool:
    """Stands in for the sandbox: the programs of these tests are harmless."""
    namespace: dict[str, object] = {}
    try:
        exec(program + "\n" + test, namespace)
    except Exception:
        return False
    return True


def observe(program, setup_code, calls):
    namespace: dict[str, object] = {}
    exec(program + "\n" + setup_code, namespace)
    return [observed(call, namespace) for call in calls]


def observed(call, namespace):
    try:
        return Observation(call, eval(call, namespace), "", "")
    except Exception as error:
        return Observation(call, None, type(error).__name__, str(error))


class Bench:
    """One question, its tests, and programs that pass or fail them."""

    def __init__(self, programs: dict[str, str], tests: list[str], *, mutants: int = 0, observe=observe) -> None:
        self.executed: list[str] = []
        self.observe = observe
        self.programs = {model: f"def f(x, y=0):\n    {body}\n" for model, body in programs.items()}
        self.oracles = rows(
            ORACLE_PROGRAMS,
            *(
                {"program_id": model, "question_id": "q", "model": model, "program": program}
                for model, program in self.programs.items()
            ),
        )
        self.candidates = rows(
            CANDIDATE_TESTS,
            *(
                {"test_id": test, "question_id": "q", "test": test, "position": n, "origin": "writer"}
                for n, test in enumerate(tests)
            ),
        )
        letters = {
            model: "".join("p" if passes(program, test) else "f" for test in tests)
            for model, program in self.programs.items()
        }
        self.results = rows(TEST_RESULTS, *(result(model, "q", outcome) for model, outcome in letters.items()))
        policy = "reference" if "reference" in programs else "agreement"
        self.filtered = filter_tests(self.candidates, self.results, 1, policy, self.oracles)
        self.passes = make_pass_table(
            self.filtered.kept, self.candidates, self.oracles, self.results, self.judge, mutants
        )

    def judge(self, programs: pl.DataFrame, tests: pl.DataFrame) -> pl.DataFrame:
        pairs = programs.join(tests, on="question_id").select("question_id", "program_id", "program", "test_id", "test")
        self.executed += programs["program_id"].to_list()
        outcomes = [passes(program, test) for program, test in pairs.select("program", "test").iter_rows()]
        return pairs.drop("program", "test").with_columns(pl.Series("passed", outcomes, dtype=pl.Boolean))

    def strengthened(self, rounds: int = 3, **settings):
        return strengthen_suites(
            self.filtered,
            self.passes,
            self.candidates,
            QUESTION,
            self.judge,
            self.observe,
            InputSettings(**settings),
            rounds=rounds,
            seed=0,
            threads=1,
        )

    def refused(self, filtered: FilteredTests) -> set[str]:
        tests = filtered.kept["test"].to_list()
        return {model for model, text in self.programs.items() if not all(passes(text, test) for test in tests)}


TESTS = [f"assert f({x}) == {2 * x}" for x in (1, 2, 3)]
SLY = {
    "reference": "return 2 * x",
    "sly": "return 2 * x if x < 4 else 0",
    "right": "return x + x",
    "also": "return x * 2",
}


def test_programs_that_pass_every_test_and_are_wrong_elsewhere_are_refused_by_new_tests():
    bench = Bench(SLY, TESTS)
    stronger = bench.strengthened()

    assert bench.refused(bench.filtered) == set()
    assert bench.refused(stronger.filtered) == {"sly"}
    assert stronger.filtered.kept["test"].to_list()[:3] == TESTS
    assert stronger.filtered.kept["position"].to_list() == list(range(stronger.filtered.kept.height))
    assert set(stronger.filtered.kept["origin"][3:]) == {"adversarial input"}


def test_every_input_that_was_tried_is_kept_or_rejected_with_the_reason():
    bench = Bench({**SLY, "never": "return [][x] if x == 8 else 2 * x"}, TESTS)
    before = bench.candidates.height
    stronger = bench.strengthened()
    filtered = stronger.filtered

    assert stronger.tried > 10
    assert filtered.kept.height + filtered.rejected.height == before + stronger.tried
    assert REJECTED_ROWS.conform(filtered.rejected)["stage"].unique().to_list() == ["filtered_tests"]
    assert "refuses_no_program" in filtered.rejected["reason"].to_list()


RARE = {"reference": "return -1 if x == 7319 else 2 * x", "right": "return 2 * x if x != 7319 else -1"}


def test_branches_that_no_kept_test_reaches_get_tests_whatever_the_programs_do():
    bench = Bench(RARE, TESTS)
    kept = bench.strengthened().filtered.kept

    assert kept.filter(origin="branching input")["test"].to_list() == ["assert f(7319) == -1"]


@pytest.mark.parametrize("test", ["assert f(7319) == -1", "assert f(7319) == 5"], ids=["kept", "set aside"])
def test_branches_that_a_candidate_asks_for_get_no_further_test(test):
    kept = Bench(RARE, [*TESTS, test]).strengthened().filtered.kept

    assert "branching input" not in kept["origin"].to_list()


def test_branches_on_which_most_programs_disagree_with_the_reference_get_no_test():
    others = {f"m{n}": "return 2 * x" for n in range(3)}
    stronger = Bench({"reference": RARE["reference"], **others}, TESTS).strengthened().filtered

    assert stronger.kept["test"].to_list() == TESTS
    assert "assert f(7319) == -1" in next(row for row in stronger.rejected["evidence"] if "7319" in row)


def test_a_round_that_finds_nothing_is_the_last():
    bench = Bench({"reference": "return 2 * x", "right": "return x + x"}, TESTS)

    assert bench.strengthened(rounds=50).tried == bench.strengthened(rounds=1).tried > 0


def test_without_a_surviving_program_no_input_is_tried():
    bench = Bench({"reference": "return 2 * x", "wrong": "return x"}, TESTS)

    assert bench.strengthened().tried == 0


def test_mutants_that_survive_are_refused_too():
    body = "return 2 * x if x < 5 else 2 * x + y"
    bench = Bench({"reference": body}, TESTS, mutants=50)
    stronger = bench.strengthened()

    assert stronger.passes.survivors().height < bench.passes.survivors().height


def test_where_most_programs_disagree_with_the_reference_the_question_is_taken_to_be_silent():
    same = {f"m{n}": "return 2 * x if x < 4 else 0" for n in range(3)}
    bench = Bench({"reference": "return 2 * x", **same}, TESTS)
    stronger = bench.strengthened()

    assert stronger.filtered.kept["test"].to_list() == TESTS
    assert "contested_value" in stronger.filtered.rejected["reason"].to_list()


def test_without_a_reference_new_values_need_the_agreement_of_nearly_all_programs():
    programs = {f"m{n}": "return 2 * x" for n in range(3)}
    bench = Bench({**programs, "doubtful": "return 2 * x if x < 4 else 0"}, TESTS)
    sure = Bench({f"m{n}": "return 2 * x" for n in range(9)} | {"sly": SLY["sly"]}, TESTS)

    assert bench.strengthened().filtered.kept["test"].to_list() == TESTS
    assert sure.refused(sure.strengthened().filtered) == {"sly"}


def test_calls_that_candidates_make_are_not_made_again_even_where_they_were_set_aside():
    refuted = [f"assert f({x}) == 1" for x in range(4, 40)]
    bench = Bench(SLY, [*TESTS, *refuted])
    asked = {test.split(" == ")[0] for test in refuted}

    new = bench.strengthened().filtered.kept["test"].to_list()[3:]

    assert not asked & {test.split(" == ")[0] for test in new}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [(lambda value, run: (value, run), "unstable_value"), (lambda value, run: "v" * 500, "value_too_long")],
)
def test_unstable_and_over_long_values_make_no_test(changed, reason):
    runs = []

    def observe_badly(program, setup_code, calls):
        runs.append(calls)
        return [
            Observation(each.call, changed(each.value, len(runs)), each.error, "")
            for each in observe(program, setup_code, calls)
        ]

    stronger = Bench(SLY, TESTS, observe=observe_badly).strengthened()

    assert stronger.filtered.kept["test"].to_list() == TESTS
    assert reason in stronger.filtered.rejected["reason"].to_list()


def test_equal_seeds_make_equal_tests():
    one, same = (Bench(SLY, TESTS).strengthened().filtered for _ in range(2))

    assert one.kept.equals(same.kept)
    assert one.rejected.equals(same.rejected)


def test_shrinking_takes_new_tests_for_mutants_that_only_they_refuse():
    programs = {"reference": "return 2 * x if x < 5 else x + x", "wrong": "return 3 * x if x == 2 else 2 * x"}
    bench = Bench(programs, TESTS, mutants=50)
    stronger = bench.strengthened()
    trust = writers_trust(bench.filtered.kept, bench.candidates)
    small = shrink_suites(stronger.filtered, stronger.passes, trust, QUESTION, min_tests=2, max_tests=3)

    assert 2 <= small.kept.height <= 3
    assert {"adversarial input", "branching input"} & set(small.kept["origin"])
    assert "wrong" in bench.refused(small)
    assert small.kept.height + small.rejected.height == bench.candidates.height + stronger.tried


def test_shrinking_keeps_a_test_of_each_of_two_answers():
    programs = {"reference": "return x > 5"} | {f"other {n}": "return True" for n in range(6)}
    tests = ["assert f(6)", "assert f(7) == True", "assert f(8)", "assert not f(1)"]
    bench = Bench(programs, tests)
    trust = writers_trust(bench.filtered.kept, bench.candidates)

    small = shrink_suites(bench.filtered, bench.passes, trust, QUESTION, min_tests=1, max_tests=3)

    assert "assert not f(1)" in small.kept["test"].to_list()


def test_executed_programs_are_counted():
    bench = Bench(SLY, TESTS, mutants=3)
    before = len(bench.executed)
    stronger = bench.strengthened(rounds=1)

    assert bench.passes.executed == before == 3
    # The judge does not see the runs of the trusted program: six that follow its branches, three of the new inputs.
    assert stronger.passes.executed == len(bench.executed) + 6 + 3
