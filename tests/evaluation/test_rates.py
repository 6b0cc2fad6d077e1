"""The three rates against the handbook's examples and plain arithmetic."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.rates import (
    Counts,
    Weights,
    composite,
    exact_score,
    macro_average,
    micro_average,
    percent,
    pooled,
    resolution_rate,
    response_rate,
    rounded,
    satisfaction_rate,
)


@st.composite
def counts(draw, least=0):
    valid = draw(st.integers(least, 500))
    satisfied = draw(st.integers(0, valid))
    return Counts(
        valid,
        draw(st.integers(0, valid)),
        draw(st.integers(0, valid)),
        satisfied,
        draw(st.integers(0, valid - satisfied)),
    )


@st.composite
def weights(draw):
    first = draw(st.integers(0, 100))
    second = draw(st.integers(0, 100 - first))
    return Weights(*(Decimal(n).scaleb(-2) for n in (first, second, 100 - first - second)))


def test_the_handbooks_first_example():
    unit = Counts(200, 198, 180, 150, 40)

    assert response_rate(unit) == Fraction("0.99")
    assert resolution_rate(unit) == Fraction("0.90")
    assert satisfaction_rate(unit) == Fraction("0.93")
    assert composite(unit) == Decimal("92.1")


def test_the_handbooks_second_example_excluded_tickets_leave_numerator_and_base():
    unit = Counts(190, 188, 180, 150, 40)

    assert percent(response_rate(unit), 3) == Decimal("98.947")
    assert percent(resolution_rate(unit), 3) == Decimal("94.737")
    assert percent(satisfaction_rate(unit), 3) == Decimal("97.895")
    assert composite(unit) == Decimal("96.4")
    assert composite(unit, places=2) == Decimal("96.42")


def test_the_handbooks_sixth_example_mean_of_units_and_pooled_mean_differ():
    units = [Counts(100, 100, 80, 100, 0), Counts(10, 10, 10, 10, 0)]
    assert [composite(unit) for unit in units] == [Decimal("90.0"), Decimal("100.0")]

    assert rounded(macro_average(units)) == Decimal("95.0")
    assert rounded(micro_average(units)) == Decimal("90.9")


def test_no_call_back_is_no_score_and_not_a_zero():
    nobody = Counts(0, 0, 0, 0, 0)

    assert response_rate(nobody) is None
    assert resolution_rate(nobody) is None
    assert satisfaction_rate(nobody) is None
    assert composite(nobody) is None
    assert percent(response_rate(nobody)) is None
    assert macro_average([nobody]) is None
    assert micro_average([]) is None


def test_a_unit_without_sample_does_not_pull_the_mean_down():
    unit = Counts(10, 10, 10, 10, 0)

    assert macro_average([unit, Counts(0, 0, 0, 0, 0)]) == 100


def test_summary_rates_are_means_of_the_units_rates():
    units = [Counts(100, 90, 0, 0, 0), Counts(10, 10, 0, 0, 0)]

    assert macro_average(units, response_rate) == Fraction(95, 100)
    assert micro_average(units, response_rate) == Fraction(100, 110)
    assert pooled(units) == Counts(110, 100, 0, 0, 0)


def test_a_tie_rounds_up():
    assert rounded(Fraction("92.05")) == Decimal("92.1")
    assert rounded(Fraction("92.15")) == Decimal("92.2")
    assert rounded(Fraction(9205, 100) - Fraction(1, 10**40)) == Decimal("92.0")
    assert composite(Counts(2000, 2000, 2000, 2000, 0)) == Decimal("100.0")
    # 10 + 50 + 40 * 1601/2000 = 92.02; one resolved fewer is 91.995, which two places round up.
    assert composite(Counts(2000, 2000, 1999, 1601, 0), places=2) == Decimal("92.00")


@given(st.fractions(0, 100), st.integers(0, 4))
def test_rounding_agrees_with_decimals_own_half_up_at_high_precision(value, places):
    step = Decimal(1).scaleb(-places)
    near = Decimal(value.numerator) / Decimal(value.denominator)

    if Fraction(near) == value:
        assert rounded(value, places) == near.quantize(step, ROUND_HALF_UP)
    assert abs(Fraction(rounded(value, places)) - value) <= Fraction(step) / 2


@given(counts(least=1), weights())
def test_a_score_lies_between_nothing_and_a_hundred(unit, chosen):
    assert 0 <= composite(unit, chosen) <= 100


@given(counts(least=1), weights())
def test_the_score_is_the_weighted_sum_of_the_rates_shown(unit, chosen):
    by_hand = (
        Fraction(chosen.response) * unit.contacted
        + Fraction(chosen.resolution) * unit.resolved
        + Fraction(chosen.satisfaction)
        * (unit.satisfied + Fraction(9, 10) * unit.basically_satisfied)
    ) / unit.valid

    assert exact_score(unit, chosen) == 100 * by_hand


@given(st.lists(counts(least=1), min_size=1, max_size=6))
def test_the_pooled_mean_weighs_each_unit_by_its_call_backs(units):
    total = sum(unit.valid for unit in units)

    assert micro_average(units) == sum(exact_score(unit) * unit.valid for unit in units) / total


def test_the_credit_for_basically_satisfied_can_be_set():
    unit = Counts(10, 10, 10, 0, 10)

    assert satisfaction_rate(unit) == Fraction(9, 10)
    assert satisfaction_rate(unit, basic_credit=Decimal(1)) == 1
    assert composite(unit, basic_credit=Decimal(0)) == Decimal("60.0")


@pytest.mark.parametrize(
    "numbers",
    [(1, 2, 0, 0, 0), (1, 0, 2, 0, 0), (2, 0, 0, 2, 1), (-1, 0, 0, 0, 0), (1, -1, 0, 0, 0)],
)
def test_counts_that_contradict_each_other_are_refused(numbers):
    with pytest.raises(ValueError, match=r"count|part"):
        Counts(*numbers)


def test_weights_that_do_not_sum_to_one_are_refused():
    with pytest.raises(ValueError, match="sum to 1"):
        Weights(Decimal("0.1"), Decimal("0.5"), Decimal("0.5"))
    with pytest.raises(ValueError, match="sum to 1"):
        Weights(Decimal("-0.1"), Decimal("0.7"), Decimal("0.4"))
    with pytest.raises(TypeError, match="decimals"):
        Weights(0.1, 0.5, 0.4)  # type: ignore[arg-type]
