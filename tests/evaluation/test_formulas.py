"""The indicators, each against its formula in the handbook.

F-1 to F-7 and F-19 to F-21 are scored in test_scoring, F-8 (periods) is in test_periods, F-15
(accuracy and returns of orders) in tests/dispatch/test_accuracy.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from evaluation import formulas
from evaluation.rates import percent
from evaluation.rules import WhistleWeights


@pytest.mark.parametrize(
    ("now", "last", "found"),
    [
        (120, 100, Fraction(1, 5)),
        (75, 100, Fraction(-1, 4)),
        (0, 3, Fraction(-1)),
        (Decimal("92.1"), Decimal("92.1"), Fraction(0)),
        (5, 0, formulas.NEW),
        (5, None, formulas.NEW),
        (0, 0, Fraction(0)),
        (0, None, Fraction(0)),
    ],
)
def test_f09_change_is_measured_against_the_month_before_and_from_nothing_it_is_new(
    now, last, found
):
    assert formulas.change(now, last) == found


def test_f10_requests_per_ten_thousand_residents():
    assert formulas.requests_per_10k(321, 87_654) == Fraction(3_210_000, 87_654)
    assert formulas.requests_per_10k(0, 87_654) == 0
    assert formulas.requests_per_10k(20_000, 10_000) == 20_000


def test_f11_requests_against_a_base_that_the_office_chooses():
    last_year = formulas.requests_to_base(240, 200)

    assert last_year == Fraction(6, 5)
    assert formulas.requests_to_base(240, Decimal("1200.0")) == Fraction(1, 5)


def test_f12_connection_rate_alarms_below_ninety_five_of_a_hundred():
    assert formulas.connection_rate(19, 20) == Fraction("0.95")
    assert not formulas.is_connection_too_low(formulas.connection_rate(950, 1000))
    assert formulas.is_connection_too_low(formulas.connection_rate(949, 1000))
    assert not formulas.is_connection_too_low(formulas.connection_rate(0, 0))


def test_f12_service_level_speaks_of_calls_that_were_answered():
    assert percent(formulas.service_level(9_127, 10_000), 2) == Decimal("91.27")


def test_f13_direct_answers_and_consultations_solved_at_once():
    assert percent(formulas.direct_answer_rate(8_385, 10_000), 2) == Decimal("83.85")
    assert percent(formulas.consult_solved_at_once(403, 500)) == Decimal("80.6")


def test_f14_promises_kept_of_those_that_can_be_judged():
    assert formulas.on_time_rate(45, 60) == Fraction(3, 4)
    assert formulas.on_time_rate(60, 60) == 1


def test_f16_first_second_and_third_resolution_have_one_base():
    by_round = formulas.resolution_by_round([60, 20, 5], 100)

    assert by_round == (Fraction(3, 5), Fraction(1, 5), Fraction(1, 20))
    assert by_round[0] == formulas.first_time_resolution(60, 100)
    with pytest.raises(ValueError, match="larger than the whole"):
        formulas.resolution_by_round([60, 50], 100)


def test_f17_repeats_are_a_share_of_what_was_accepted():
    assert formulas.repeat_rate(7, 140) == Fraction(1, 20)


def test_f18_arrival_solution_and_how_often_it_is_whistled():
    assert formulas.arrival_rate(7, 8) == Fraction(7, 8)
    assert formulas.whistle_solved_rate(3, 4) == Fraction(3, 4)
    assert formulas.mean_arrival_minutes([20, 25, Decimal("31.5")]) == Fraction("25.5")
    assert formulas.whistle_rate(3, 2) == Fraction(3, 2)


def test_f18_both_sides_of_a_whistle_are_assessed():
    full, half, none = Fraction(1), Fraction(1, 2), Fraction(0)

    assert formulas.reporter_score(full, none, none) == Fraction("0.4")
    assert formulas.reporter_score(none, full, none) == Fraction("0.4")
    assert formulas.reporter_score(none, none, full) == Fraction("0.2")
    assert formulas.whistler_score(full, none, none) == Fraction("0.5")
    assert formulas.whistler_score(none, full, none) == Fraction("0.3")
    assert formulas.whistler_score(none, none, full) == Fraction("0.2")
    assert formulas.reporter_score(half, half, half) == half
    assert formulas.whistler_score(half, half, half) == half


def test_f18_the_scheme_may_weigh_otherwise_and_an_unknown_part_is_no_zero():
    arrival_only = WhistleWeights(
        arrival=Decimal(1), solved=Decimal(0), street_rating=Decimal(0),
        necessity=Decimal(0), organisation=Decimal(0), whistle_solved=Decimal(1),
    )  # fmt: skip

    assert formulas.reporter_score(Fraction(1, 3), Fraction(1), Fraction(1), arrival_only) == (
        Fraction(1, 3)
    )
    assert formulas.whistler_score(Fraction(1), Fraction(1), Fraction(0), arrival_only) == 0
    assert formulas.reporter_score(Fraction(1), None, Fraction(1)) is None
    assert formulas.whistler_score(None, Fraction(1), Fraction(1)) is None


def test_f20_bonuses_add_up_to_the_cap_and_never_take_away():
    assert formulas.bonus_points([Decimal("1.5"), Decimal(1)], Decimal(3)) == Decimal("2.5")
    assert formulas.bonus_points([Decimal(2), Decimal(2)], Decimal(3)) == 3
    assert formulas.bonus_points([], Decimal(3)) == 0
    with pytest.raises(ValueError, match="take away"):
        formulas.bonus_points([Decimal(2), Decimal(-1)], Decimal(3))


def test_f21_exclusion_leaves_the_assessed_volume_and_non_counting_the_counted():
    assert formulas.assessed_volume(200, 10) == 190
    assert formulas.counted_volume(200, 3) == 197
    with pytest.raises(ValueError, match="cannot leave"):
        formulas.assessed_volume(5, 6)


SHARES = (
    formulas.connection_rate,
    formulas.service_level,
    formulas.direct_answer_rate,
    formulas.consult_solved_at_once,
    formulas.on_time_rate,
    formulas.first_time_resolution,
    formulas.repeat_rate,
    formulas.arrival_rate,
    formulas.whistle_solved_rate,
)


@pytest.mark.parametrize("formula", SHARES)
def test_a_share_of_nothing_is_unknown_and_one_above_the_whole_a_mistake(formula):
    assert formula(0, 0) is None
    assert formula(0, 4) == 0
    assert formula(1, 3) == Fraction(1, 3)
    with pytest.raises(ValueError, match="larger than the whole"):
        formula(5, 4)
    with pytest.raises(ValueError, match="negative"):
        formula(-1, 4)


@pytest.mark.parametrize(
    "formula", [formulas.requests_per_10k, formulas.requests_to_base, formulas.whistle_rate]
)
def test_a_ratio_to_nothing_is_unknown(formula):
    assert formula(5, 0) is None
    with pytest.raises(ValueError, match="negative"):
        formula(5, -1)


def test_nothing_by_rounds_and_no_arrival_are_unknown():
    assert formulas.resolution_by_round([0, 0], 0) == (None, None)
    assert formulas.mean_arrival_minutes([]) is None
