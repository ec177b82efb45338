from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acecoder_dagster.evaluation import EvaluationSettings, bootstrap_mean, pass_at_k

SETTINGS = EvaluationSettings()


def test_pass_at_k_counts_the_draws_that_hold_a_passing_program():
    assert pass_at_k([4, 4, 4], [2, 0, 4], 2) == pytest.approx([1 - 1 / 6, 0, 1])


@given(st.integers(1, 300), st.data())
def test_pass_at_k_is_the_exact_estimator(n, data):
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    assert pass_at_k([n], [c], k)[0] == pytest.approx(1 - comb(n - c, k) / comb(n, k), abs=1e-9)


def test_pass_at_k_of_a_question_with_fewer_programs_is_not_a_number():
    assert np.isnan(pass_at_k([9], [9], 10)[0])
    assert pass_at_k([], [], 10).size == 0


def test_an_interval_covers_its_mean_and_repeats_with_its_seed():
    values = np.random.default_rng(1).random(50)
    interval = bootstrap_mean(values, SETTINGS)
    assert interval.low < interval.value < interval.high
    assert interval.value == pytest.approx(values.mean())
    assert interval == bootstrap_mean(values, SETTINGS)
    assert interval != bootstrap_mean(values, EvaluationSettings(seed=1))


def test_the_interval_of_a_share_is_as_wide_as_theory_says():
    values = np.repeat([0.0, 1.0], [150, 250])
    interval = bootstrap_mean(values, EvaluationSettings(bootstrap_samples=20_000))
    half = 1.96 * np.sqrt(0.625 * 0.375 / 400)
    assert interval.high - interval.value == pytest.approx(half, rel=0.05)
    assert interval.value - interval.low == pytest.approx(half, rel=0.05)


def test_values_that_are_all_the_same_have_an_interval_without_width():
    interval = bootstrap_mean([0.25] * 7, SETTINGS)
    assert (interval.low, interval.value, interval.high) == (0.25, 0.25, 0.25)


def test_no_value_has_no_interval():
    with pytest.raises(ValueError, match="no question to take a mean of"):
        bootstrap_mean([], SETTINGS)


def test_settings_refuse_unknown_keys_and_impossible_values():
    for wrong in ({"samples": 1}, {"confidence": 1.5}, {"bootstrap_samples": 0}, {"best_of": (0,)}, {"pass_at": ()}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            EvaluationSettings(**wrong)
