import pytest

from acecoder_dagster.evaluation import pass_at_k
from acecoder_dagster.warehouse import WarehouseError, named_queries, run_query


def test_every_query_says_what_it_answers_and_answers(warehouse):
    for name, query in named_queries().items():
        assert query.description.endswith(tuple("abcdefghijklmnopqrstuvwxyz"))
        assert run_query(warehouse, name).width > 1


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
    found = run_query(warehouse, "hardest_questions").select("question_id", "share_passed_all", "source")
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


def test_nothing_can_be_changed(warehouse):
    with pytest.raises(WarehouseError, match="read-only"):
        run_query(warehouse, "DELETE FROM pass_rates")


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
