import polars as pl
import pytest

from acecoder_dagster.data.lake import ArtifactStore
from acecoder_dagster.data.tables import FILTERED_TESTS, QUESTIONS, REJECTED_ROWS, SAMPLED_PROGRAMS, TEST_RESULTS
from acecoder_dagster.data.warehouse import (
    WarehouseError,
    build_warehouse,
    file_format_of,
    named_queries,
    run_query,
    write_query,
)
from acecoder_dagster.data.warehouse.query import VARIABLE
from acecoder_dagster.evaluation import pass_at_k
from tests.data.warehouse.conftest import write_batch
from tests.rows import result, rows


def program(program_id, question_id, text):
    return {"program_id": program_id, "question_id": question_id, "model": "m", "program": text}


def test_every_query_says_what_it_answers_and_answers(warehouse):
    for name, query in named_queries().items():
        assert query.description.endswith(tuple("abcdefghijklmnopqrstuvwxyzN"))
        given = {"other": str(warehouse), "model": "m", "baseline": "m", "since": "2026-11-28"}
        needed = {variable.name: given[variable.name] for variable in query.variables if variable.needed}
        assert run_query(warehouse, name, needed).width > 1


def test_pass_at_k_is_unbiased_and_null_where_there_are_too_few_programs(warehouse):
    found = {row["model"]: row for row in run_query(warehouse, "pass_at_k").iter_rows(named=True)}
    assert found["m"]["pass_at_1"] == pytest.approx((1 / 3 + 1) / 2)
    assert (found["m"]["questions"], found["m"]["programs"]) == (2, 5)
    assert found["m"]["pass_at_10"] is None
    assert found["m"]["questions_at_10"] == 0


@pytest.mark.parametrize(
    ("n", "c", "k"), [(16, 3, 1), (16, 3, 10), (200, 1, 100), (200, 0, 100), (16, 16, 16), (5, 1, 5)]
)
def test_the_macro_agrees_with_the_estimator_of_the_evaluation(warehouse, n, c, k):
    assert run_query(warehouse, f"SELECT pass_at_k({n}, {c}, {k})").item() == pytest.approx(pass_at_k([n], [c], k)[0])


def test_the_pass_rate_distribution_counts_every_judged_program_once(warehouse):
    found = run_query(warehouse, "pass_rate_distribution").filter(model="m")
    assert found.select("at_least", "below", "programs").rows() == [(0.0, 0.0, 1), (0.5, 0.6, 1), (1.0, 1.0, 3)]
    assert found["share"].sum() == pytest.approx(1)


def test_the_hardest_question_comes_first(warehouse):
    found = run_query(warehouse, "hardest_questions").select("question_id", "solved_share", "source")
    assert found.rows() == [("q1", pytest.approx(1 / 3), "s"), ("q2", 1.0, "s")]


def test_pair_yield_counts_questions_with_and_without_pairs(warehouse):
    found = run_query(warehouse, "pair_yield").row(0, named=True)
    assert (found["questions"], found["questions_with_pairs"], found["share_with_pairs"]) == (2, 1, 0.5)
    assert (found["pairs"], found["pairs_per_question"], found["most_pairs"]) == (1, 0.5, 1)
    gaps = run_query(warehouse, "pair_gaps").rows()
    assert gaps == [("train", 0.5, 1, 1.0, 0)]


def test_stages_come_in_the_order_of_the_data_with_their_sums(warehouse):
    found = run_query(warehouse, "stages")
    assert found["stage"].to_list()[:3] == ["questions", "candidate_tests", "filtered_tests"]
    filtered = found.filter(stage="filtered_tests").row(0, named=True)
    assert (filtered["batches"], filtered["rows_in"], filtered["rows_kept"], filtered["rows_rejected"]) == (2, 4, 3, 1)
    assert filtered["seconds"] == 1.0
    assert found.filter(stage="policy_results")["seconds"].to_list() == [None]


def test_rejected_rows_are_counted_by_reason_with_an_example(warehouse):
    found = run_query(warehouse, "rejected_by_reason").select(
        "stage", "row_kind", "reason", "rejected", "example_row_id"
    )
    assert found.rows() == [("filtered_tests", "test", "wrong", 1, "q1t0")]


def test_tests_that_tell_nobody_apart_are_counted(warehouse):
    found = run_query(warehouse, "never_or_always_discriminating_tests").row(0, named=True)
    assert (found["tests"], found["every_program_passes"], found["no_program_passes"]) == (3, 1, 0)
    assert (found["tells_programs_apart"], found["always_discriminates"]) == (2, 1)


def test_any_sql_can_be_asked(warehouse):
    assert run_query(warehouse, "SELECT count(*) AS n FROM programs").rows() == [(7,)]


def test_without_a_warehouse_it_says_what_to_do(tmp_path):
    with pytest.raises(WarehouseError, match="materialize the asset `warehouse`"):
        run_query(tmp_path / "none.duckdb", "pass_at_k")


def test_a_file_that_is_no_warehouse_is_named(tmp_path):
    path = tmp_path / "broken.duckdb"
    path.write_bytes(b"x" * 5000)
    with pytest.raises(WarehouseError, match=r"broken\.duckdb"):
        run_query(path, "pass_at_k")


def test_an_unknown_name_is_answered_with_the_names(warehouse):
    with pytest.raises(WarehouseError, match="pass_at_k"):
        run_query(warehouse, "pass_at_j")


def test_wrong_sql_is_answered_with_duckdbs_words(warehouse):
    with pytest.raises(WarehouseError, match="no_such_table"):
        run_query(warehouse, "SELECT * FROM no_such_table")


def test_pass_rates_are_told_by_difficulty_which_the_sampled_programs_define(warehouse):
    found = run_query(warehouse, "pass_rates_by_difficulty").select("model", "difficulty", "questions", "pass_at_1")
    assert found.with_columns(difficulty=found["difficulty"].cast(str)).rows() == [
        ("m", "always solved", 1, 1.0),
        ("m", "medium", 1, pytest.approx(1 / 3)),
        ("policy_rule", "always solved", 1, 0.0),
    ]


def test_an_interval_of_one_question_is_unknown_and_one_of_shares_lies_between_0_and_1(warehouse):
    sql = "SELECT share_low(x), share_high(x), mean_low(x), mean_high(x) FROM (VALUES {}) AS t (x)"
    assert run_query(warehouse, sql.format("(1.0)")).row(0) == (None, None, None, None)
    low, high, mean_low, mean_high = run_query(warehouse, sql.format("(0.0), (1.0)")).row(0)
    assert (low, high) == (0, 1)
    assert (mean_low, mean_high) == (pytest.approx(0.5 - 0.98), pytest.approx(0.5 + 0.98))


def test_flaky_tests_come_with_their_evidence(lake, tmp_path):
    # q1's kept tests: the first is unstable for a sampled program; a policy writes q2's program text, judged otherwise.
    lake.write(SAMPLED_PROGRAMS, "more", rows(SAMPLED_PROGRAMS, program("again", "q1", "again")), content_key="k")
    lake.write(TEST_RESULTS, "more", rows(TEST_RESULTS, result("again", "q1", "up")), content_key="k")
    rejected = {"stage": "filtered_tests", "row_kind": "test", "row_id": "q1t0", "reason": "oracle_unstable"}
    early = {"row_kind": "test", "row_id": "never", "question_id": "q2", "reason": "unstable_value", "evidence": "f(0)"}
    given = rows(REJECTED_ROWS, rejected, early)
    lake.write(FILTERED_TESTS, "more", FILTERED_TESTS.empty(), content_key="k", rejected=given)
    built = build_warehouse(lake, tmp_path / "flaky.duckdb").path

    found = run_query(built, "flaky_tests").select("test_id", "evidence", "kept", "programs", "test")
    assert found.rows() == [
        ("q1t1", "unstable outcome", True, 1, "assert f(1)"),
        ("q2t0", "same program, different outcomes", True, 1, "assert f(0)"),
        ("never", "rejected: unstable_value", False, None, "f(0)"),
        ("q1t0", "rejected: oracle_unstable", False, None, "assert f(0)"),
    ]


def test_costs_are_those_reported_or_tokens_at_the_prices_given(lake, tmp_path):
    figures = {"seconds": 2.0, "model_calls": 10, "prompt_tokens": 2_000_000, "completion_tokens": 1_000_000}
    lake.write(SAMPLED_PROGRAMS, "007", rows(SAMPLED_PROGRAMS), content_key="k2", figures=figures)
    lake.write(QUESTIONS, "007", rows(QUESTIONS), content_key="k2", figures=figures | {"cost": 5.0})
    models = ArtifactStore(tmp_path / "models")
    models.working_folder("reward_model", "key")
    models.finish("reward_model", "key", {"seconds": 7.5, "train_tokens": 300})
    built = build_warehouse(lake, tmp_path / "cost.duckdb", models).path

    def costs(**prices):
        found = run_query(built, "cost_by_stage", prices)
        return {row["stage"]: row for row in found.iter_rows(named=True)}

    assert costs()["sampled_programs"]["cost"] is None
    assert costs(prompt_price="0.5", completion_price="2")["sampled_programs"]["cost"] == 3.0
    assert costs(prompt_price="0.5", completion_price="2")["questions"]["cost"] == 5.0
    assert costs()["sampled_programs"]["prompt_tokens"] == 2_000_000
    trained = costs()["reward_model"]
    assert (trained["seconds"], trained["trained_tokens"]) == (7.5, 300)


def test_two_models_are_compared_on_the_questions_that_both_answered(warehouse):
    found = run_query(warehouse, "compare_models", {"model": "policy_rule", "baseline": "m"}).row(0, named=True)
    assert (found["questions"], found["baseline_pass_at_1"], found["pass_at_1"], found["gain"]) == (1, 1.0, 0.0, -1.0)
    assert (found["questions_better"], found["questions_worse"]) == (0, 1)


def test_two_runs_are_compared_figure_by_figure(lake, warehouse, tmp_path):
    write_batch(lake, "q3", "more", like="q1")
    other = build_warehouse(lake, tmp_path / "other.duckdb").path
    found = run_query(warehouse, "compare_runs", {"other": str(other)})
    figures = {(row[0], row[1]): row[2:] for row in found.iter_rows()}
    assert figures["rows kept", "test_results"] == (6.0, 10.0, -4.0)
    assert figures["pass@1", "m"] == (pytest.approx(2 / 3), pytest.approx(5 / 9), pytest.approx(1 / 9))


def test_what_a_query_can_be_given_is_declared_and_read():
    for name, query in named_queries().items():
        assert {variable.name for variable in query.variables} == set(VARIABLE.findall(query.sql)), name


@pytest.mark.parametrize(
    ("query", "values", "message"),
    [
        ("compare_runs", {}, "needs --set other="),
        ("compare_runs", {"oter": "x"}, "does not read 'oter': it reads other"),
        ("pass_at_k", {"k": "3"}, "it reads nothing"),
        ("SELECT 1 AS one", {"k": "3"}, "the SQL does not read 'k'"),
        ("SELECT getvariable('n')::BIGINT AS n", {"n": "many"}, "many"),
        ("compare_runs", {"other": "nowhere.duckdb"}, r"nowhere\.duckdb"),
    ],
)
def test_a_wrong_value_is_answered_with_what_can_be_set(warehouse, query, values, message):
    with pytest.raises(WarehouseError, match=message):
        run_query(warehouse, query, values)


def test_values_are_data_whatever_is_in_them(warehouse):
    value = "x'; DROP TABLE pass_rates; --"
    assert run_query(warehouse, "SELECT getvariable('v') AS v", {"v": value}).item() == value


@pytest.mark.parametrize(
    ("ending", "read"),
    [("csv", pl.read_csv), ("json", pl.read_json), ("parquet", pl.read_parquet)],
)
def test_rows_are_written_as_they_are_shown(warehouse, tmp_path, ending, read):
    path = tmp_path / f"it's.{ending}"
    path.write_text("an older file")
    sql = "SELECT program_id, tests_passed, pass_rate, passed_all FROM pass_rates ORDER BY program_id;"
    write_query(warehouse, sql, path, file_format_of(path))
    assert read(path).rows() == run_query(warehouse, sql).rows()


def test_a_file_that_cannot_be_written_is_named(warehouse, tmp_path):
    with pytest.raises(WarehouseError, match="there is no folder"):
        write_query(warehouse, "SELECT 1 AS one", tmp_path / "none" / "rows.csv", "csv")
    with pytest.raises(WarehouseError, match=r"rows\.txt: give --format, or a name that ends in \.csv"):
        file_format_of(tmp_path / "rows.txt")
