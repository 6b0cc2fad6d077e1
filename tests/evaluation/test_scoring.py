"""Scores, places and classes against the handbook's examples, and against a second reckoning of
the same rules in floats, answer by answer.

Of the handbook's six examples the third and fourth (periods, F-8) are in test_periods, the fifth
(deadlines) in tests/core/test_working_time.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation import rates
from evaluation.models import OutcomeRole, Satisfaction, ScoreMark, StreetClass
from evaluation.rules import Classes, Rules, Shares
from evaluation.scoring import (
    MonthScore,
    Place,
    Scored,
    macro_average,
    micro_average,
    score,
    year_of,
)
from evaluation.scoring.credit import earned_resolution, square_root, weight
from evaluation.tally import Tally, UnitTally
from hotline.core.models import AssessmentGroup

LEAD, COOPERATE, DELEGATE = (role.value for role in OutcomeRole)
STREETS, DISTRICTS = AssessmentGroup.STREET_TOWN.value, AssessmentGroup.DISTRICT.value
SATISFIED, BASICALLY = Satisfaction.SATISFIED.value, Satisfaction.BASICALLY.value
DISSATISFIED = Satisfaction.DISSATISFIED.value
SHARED = Shares()


def said(
    count: int,
    satisfaction: str = SATISFIED,
    *,
    contacted: bool = True,
    resolved: bool = True,
    role: str = LEAD,
    partners: int = 0,
    on_time: bool | None = None,
) -> Tally:
    return Tally(role, partners, on_time, contacted, resolved, satisfaction, count)


def month(*answers: Tally, unit: int = 1, group: str = STREETS, **given: int) -> UnitTally:
    valid = sum(answer.count for answer in answers)
    counts = dict.fromkeys(("excluded", "not_counted", "set_aside", "on_ledger", "repeats"), 0)
    counts |= {"volume": valid, "due": valid} | given
    return UnitTally(unit_id=unit, group=group, answers=answers, **counts)


def points(unit: int, solved: int, of: int = 100, **given: int) -> UnitTally:
    """A unit with so many perfect answers and the rest worth nothing: a score from 0 to 100."""
    nothing = said(of - solved, DISSATISFIED, contacted=False, resolved=False)
    return month(said(solved), nothing, unit=unit, **given)


def line_of(tally: UnitTally, rules: Rules | None = None, **given: dict[int, Decimal]) -> Scored:
    (line,) = score([tally], rules or Rules(), **given)
    return line


def standing(lines: Iterable[Scored], field: str) -> dict[int, object]:
    return {one.tally.unit_id: getattr(one, field) for one in lines}


HANDBOOKS_UNIT = (
    said(150),
    said(30, BASICALLY),
    said(8, BASICALLY, resolved=False),
    said(2, BASICALLY, contacted=False, resolved=False),
)
EXCLUDED_TEN = said(10, DISSATISFIED, resolved=False)

# === The rates and the score (F-1 to F-5) ===================================================


def test_f01_f02_f03_f04_the_handbooks_first_example():
    line = line_of(month(*HANDBOOKS_UNIT, EXCLUDED_TEN))

    assert line.tally.counts == rates.Counts(200, 198, 180, 150, 40)
    assert line.response == Fraction("0.99")
    assert line.resolution == Fraction("0.90")
    assert line.satisfaction == Fraction("0.93")
    assert line.score == Decimal("92.1")


def test_f21_the_handbooks_second_example_excluded_tickets_leave_the_rates_and_are_told_beside():
    line = line_of(month(*HANDBOOKS_UNIT, volume=200, excluded=10))

    assert line.tally.counts == rates.Counts(190, 188, 180, 150, 40)
    assert [rates.percent(r, 3) for r in (line.response, line.resolution, line.satisfaction)] == [
        Decimal("98.947"),
        Decimal("94.737"),
        Decimal("97.895"),
    ]
    assert line.score == Decimal("96.4")
    assert (line.tally.excluded, line.tally.volume) == (10, 200)


def test_f04_the_schemes_weights_and_credit_decide():
    rules = Rules(
        weights=rates.Weights(Decimal("0.2"), Decimal("0.3"), Decimal("0.5")),
        basic_credit=Decimal("0.6"),
    )

    line = line_of(month(said(10, BASICALLY, resolved=False)), rules)

    assert line.base == 20 + 0 + 30


def test_f04_a_score_on_a_tie_is_rounded_up():
    line = line_of(month(said(1601), said(398, DISSATISFIED), said(1, BASICALLY, resolved=False)))

    assert line.base == Fraction("92.013")
    assert line.score == Decimal("92.0")
    # 10 + 50·0.87 + 40·0.97125 = 92.35: half up, where a float says 92.3.
    tie = line_of(
        month(said(696), said(81, resolved=False), said(23, DISSATISFIED, resolved=False))
    )
    assert (tie.base, tie.score) == (Fraction("92.35"), Decimal("92.4"))


def test_f05_without_an_answer_there_is_no_score_and_no_zero():
    line = line_of(month(volume=7, due=7), bonuses={1: Decimal(2)})

    assert (line.response, line.resolution, line.satisfaction) == (None, None, None)
    assert (line.base, line.score, line.low, line.high) == (None, None, None, None)
    assert line.bonus == 0
    assert (line.mark, line.rank) == (ScoreMark.SMALL, None)
    assert line.coverage == 0


# === Why a unit has no place ================================================================


@pytest.mark.parametrize(
    ("tally", "rules", "mark"),
    [
        (month(), Rules(), ScoreMark.IDLE),
        (month(), Rules(is_observation=True), ScoreMark.IDLE),
        (month(volume=1), Rules(), ScoreMark.SMALL),
        (month(said(9)), Rules(), ScoreMark.SMALL),
        (month(said(10)), Rules(), ScoreMark.NONE),
        (month(said(29), due=100), Rules(), ScoreMark.COVERAGE),
        (month(said(30), due=100), Rules(), ScoreMark.NONE),
        (month(said(10)), Rules(is_observation=True), ScoreMark.OBSERVED),
        (month(said(10)), Rules(groups=(DISTRICTS,)), ScoreMark.OBSERVED),
        # All that answered weigh nothing: no score, so nothing to rank.
        (
            month(said(20, partners=1)),
            Rules(shares=Shares(Decimal(0), Decimal(1))),
            ScoreMark.SMALL,
        ),
    ],
)
def test_a_unit_without_a_place_says_why(tally, rules, mark):
    line = line_of(tally, rules)

    assert line.mark == mark
    assert (line.rank is None) == (line.rank_band is None) == (mark != ScoreMark.NONE)


def test_own_ratings_beyond_the_call_backs_due_make_full_coverage_and_no_more():
    assert line_of(month(said(30), due=20)).coverage == 1
    assert line_of(month(said(15), due=20)).coverage == Fraction(3, 4)
    nobody_due = line_of(month(said(30), due=0))
    assert (nobody_due.coverage, nobody_due.mark) == (None, ScoreMark.NONE)


def test_the_unranked_are_listed_behind_with_the_idle_last_and_take_nobodys_place():
    lines = score(
        [
            month(unit=1),
            month(said(9), unit=2),
            month(said(20), unit=3, due=100),
            points(4, 50),
            month(volume=3, unit=5),
        ],
        Rules(),
    )

    assert [line.tally.unit_id for line in lines] == [4, 3, 2, 5, 1]
    assert [line.rank for line in lines] == [1, None, None, None, None]


# === Places among peers (F-6) ===============================================================


def test_f06_equal_scores_share_a_rank_and_the_busier_is_listed_first():
    lines = score(
        [points(1, 90, volume=100), points(2, 95), points(3, 90, volume=300), points(4, 80)],
        Rules(),
    )

    assert [(line.tally.unit_id, line.rank) for line in lines] == [(2, 1), (3, 2), (1, 2), (4, 4)]


def test_f06_under_the_volume_rule_the_busier_has_the_better_rank():
    tallies = [points(n, 90, volume=v) for n, v in ((1, 100), (2, 300), (3, 100))]

    lines = score(tallies, Rules(ties="volume"))

    assert [(line.tally.unit_id, line.rank) for line in lines] == [(2, 1), (1, 2), (3, 2)]


def test_f06_what_is_equal_in_everything_follows_the_offices_order():
    tallies = [points(n, 90) for n in (1, 2, 3)]

    lines = score(tallies, Rules(), order={1: 30, 2: 10, 3: 20})

    assert [line.tally.unit_id for line in lines] == [2, 3, 1]
    assert [line.tally.unit_id for line in score(tallies, Rules())] == [1, 2, 3]


def test_f06_equal_as_published_is_equal_whatever_the_further_decimals():
    lines = score([points(1, 90_00, 100_00), points(2, 90_04, 100_00)], Rules())

    assert standing(lines, "score") == {1: Decimal("90.0"), 2: Decimal("90.0")}
    assert standing(lines, "rank") == {1: 1, 2: 1}


def test_units_are_ranked_inside_their_group_and_volume_band():
    tallies = [
        points(1, 50, volume=100),
        points(2, 60, volume=101),
        points(3, 40, volume=501),
        points(4, 70, volume=500),
        points(5, 10, volume=100, group=DISTRICTS),
    ]

    lines = score(tallies, Rules(volume_bands=(100, 500)))

    assert standing(lines, "band") == {1: 0, 2: 1, 3: 2, 4: 1, 5: 0}
    assert standing(lines, "rank") == {1: 1, 4: 1, 2: 2, 3: 1, 5: 1}


# === The interval and the bands of units that are not told apart ============================


def test_the_interval_is_the_mean_of_the_answers_points_give_or_take_z_standard_errors():
    line = line_of(points(1, 90))
    # One best and one worst answer are thought of beside the hundred.
    error = statistics.stdev([100.0] * 91 + [0.0] * 11) / 102**0.5

    assert float(line.low) == pytest.approx(90 - 1.96 * error, abs=1e-9)
    assert float(line.high) == pytest.approx(90 + 1.96 * error, abs=1e-9)


def test_answers_that_are_all_alike_do_not_prove_the_score():
    few, many = (line_of(month(said(n))) for n in (12, 1_200))
    fewest = line_of(month(said(1)), Rules(min_sample=1))

    assert few.score == many.score == 100
    # 1.96 times the error of thirteen hundreds and a nought.
    assert float(few.low) == pytest.approx(100 - 1.96 * 100 / 14, abs=1e-9)
    assert fewest.low < few.low < many.low < 100
    assert float(many.low) > 99.5


def test_who_reaches_the_lower_end_of_the_best_shares_its_band_and_the_next_opens_another():
    # Of 100 answers 90 good: 90 give or take 6.05. 84 reaches 83.95, 83 does not and opens a band.
    lines = score([points(n, good) for n, good in enumerate((90, 84, 83, 77, 60))], Rules())

    assert [line.rank_band for line in lines] == [1, 1, 2, 2, 3]


def test_units_with_one_score_are_in_one_band_however_sure_the_scores_are():
    # 93.72 without an interval: its end lies above what the score rounds to.
    rules = Rules(basic_credit=Decimal("0.843"), interval_z=Decimal(0))
    tallies = [month(said(50, BASICALLY), unit=n) for n in (1, 2)]

    lines = score(tallies, rules)

    assert lines[0].low == Fraction("93.72") > Fraction(lines[0].score)
    assert [(line.rank, line.rank_band) for line in lines] == [(1, 1), (1, 1)]


@given(st.fractions(0, 10**9))
def test_a_root_is_cut_off_after_twelve_decimals(value):
    root, step = square_root(value), Fraction(1, 10**12)

    assert root**2 <= value < (root + step) ** 2
    assert (root / step).denominator == 1


# === The bonus (F-20) =======================================================================


def test_f20_a_bonus_is_capped_and_lifts_score_and_interval_also_above_a_hundred():
    plain = line_of(points(1, 99))
    lifted = line_of(points(1, 99), bonuses={1: Decimal("7.5"), 2: Decimal(1)})

    assert (plain.bonus, lifted.bonus) == (0, 3)
    assert (plain.score, lifted.score) == (Decimal("99.0"), Decimal("102.0"))
    assert (lifted.base, lifted.low - plain.low, lifted.high - plain.high) == (99, 3, 3)


def test_f20_the_bonus_counts_before_the_score_is_rounded():
    line = line_of(points(1, 9004, 10_000), bonuses={1: Decimal("0.01")})

    assert line.score == Decimal("90.1")


# === Differentiated credit (F-19) ===========================================================


def test_f19_lead_and_co_operating_units_share_one_ticket():
    assert weight(LEAD, 0, SHARED) == 1
    assert weight(LEAD, 3, SHARED) == Fraction("0.7")
    assert weight(COOPERATE, 1, SHARED) == Fraction("0.3")
    assert weight(LEAD, 3, SHARED) + 3 * weight(COOPERATE, 3, SHARED) == 1
    assert weight(DELEGATE, 3, SHARED) == 1
    assert [weight(role, 3, None) for role in (LEAD, COOPERATE, DELEGATE)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("role", "on_time", "earned"),
    [
        (LEAD, True, 0),
        (LEAD, False, 0),
        (DELEGATE, True, 0),
        (COOPERATE, True, Fraction("0.5")),
        (COOPERATE, False, Fraction("-0.5")),
        (COOPERATE, None, 0),
    ],
)
def test_f19_an_unsolved_matter_costs_a_late_co_operating_unit_more_than_one_on_time(
    role, on_time, earned
):
    assert earned_resolution(role, on_time, False, SHARED) == earned
    assert earned_resolution(role, on_time, True, SHARED) == 1
    assert earned_resolution(role, on_time, False, None) == 0


def test_f19_a_month_of_leading_and_co_operating():
    tally = month(
        said(10),
        said(10, DISSATISFIED, resolved=False, partners=2),
        said(4, role=COOPERATE, partners=3, on_time=False),
        said(20, DISSATISFIED, resolved=False, role=COOPERATE, partners=1, on_time=True),
        said(10, DISSATISFIED, contacted=False, resolved=False, role=COOPERATE, partners=1,
             on_time=False),
    )  # fmt: skip

    line = line_of(tally, Rules(shares=SHARED))

    # Weights: 10 alone, 10·0.7 leading, 4·0.1, 20·0.3 and 10·0.3 co-operating.
    whole = 10 + 7 + Fraction("0.4") + 6 + 3
    assert line.response == (whole - 3) / whole
    assert line.resolution == (10 + Fraction("0.4") + 3 - Fraction("1.5")) / whole
    assert line.satisfaction == (10 + Fraction("0.4")) / whole


def test_f19_what_is_lost_is_what_was_earned_and_no_more():
    late = said(20, DISSATISFIED, resolved=False, role=COOPERATE, partners=1, on_time=False)

    line = line_of(month(late), Rules(shares=SHARED))

    assert (line.resolution, line.base) == (0, 10)


# === The tail and the classes ===============================================================


def tail_of(*good: int, tail_count: int) -> set[int]:
    lines = score(
        [points(n, one) for n, one in enumerate(good, start=1)], Rules(tail_count=tail_count)
    )
    return {line.tally.unit_id for line in lines if line.is_tail}


def test_the_tail_is_the_last_of_the_ranking_and_never_its_first():
    assert tail_of(90, 80, 70, 60, 50, tail_count=2) == {4, 5}
    assert tail_of(90, 80, tail_count=3) == {2}
    assert tail_of(90, tail_count=3) == set()
    assert tail_of(90, 80, tail_count=0) == set()


def test_nobody_is_summoned_for_a_score_that_another_has_without_being_summoned():
    assert tail_of(90, 80, 60, 60, 50, tail_count=2) == {5}
    assert tail_of(90, 80, 60, 60, 50, tail_count=3) == {3, 4, 5}
    assert tail_of(80, 80, 80, 80, tail_count=2) == set()


def test_every_ranking_has_a_tail_of_its_own_and_the_unranked_none():
    tallies = [points(n, 90 - n, volume=100 * (1 + n % 2)) for n in range(1, 9)]
    unranked = month(said(9, DISSATISFIED), unit=9)

    lines = score([*tallies, unranked], Rules(volume_bands=(100,), tail_count=1))

    assert [line.tally.unit_id for line in lines if line.is_tail] == [8, 7]


def class_of(unit: int, rules: Rules, previous=(), tails_before=()) -> str:
    places = {n: Place("street_town", 0, rank) for n, rank in dict(previous).items()}
    tallies = [points(n, 100 - n) for n in range(1, 41)]
    lines = score(tallies, rules, previous=places, tails_before=dict(tails_before))
    return str(standing(lines, "unit_class")[unit])


def test_the_first_share_is_advanced_and_the_last_to_be_rectified():
    lines = score([points(n, 100 - n) for n in range(1, 40)], Rules())

    classed = standing(lines, "unit_class")
    advanced = [unit for unit, name in classed.items() if name == StreetClass.ADVANCED]
    rectified = [unit for unit, name in classed.items() if name == StreetClass.RECTIFICATION]
    assert (advanced, rectified) == ([1, 2, 3], [37, 38, 39])


def test_at_a_shared_score_the_first_share_takes_all_and_the_last_share_none():
    good = [99, 98, 98, *range(80, 64, -1), 50]
    assert len(good) == 20

    top = score([points(n, one) for n, one in enumerate(good, 1)], Rules())
    bottom = score([points(n, 100 - one) for n, one in enumerate(good, 1)], Rules())

    assert list(standing(top, "unit_class").values()).count(StreetClass.ADVANCED) == 3
    assert list(standing(bottom, "unit_class").values()).count(StreetClass.RECTIFICATION) == 1


def test_a_climb_of_twenty_places_is_progress_and_the_newcomer_has_not_climbed():
    assert class_of(10, Rules(), previous={10: 30}) == StreetClass.PROGRESS
    assert class_of(10, Rules(), previous={10: 29}) == StreetClass.NONE
    assert class_of(10, Rules(), previous={}) == StreetClass.NONE


def test_the_third_month_in_the_tail_makes_governance():
    assert class_of(40, Rules(), tails_before={40: 2}) == StreetClass.GOVERNANCE
    assert class_of(40, Rules(), tails_before={40: 1}) == StreetClass.RECTIFICATION
    assert class_of(20, Rules(), tails_before={20: 9}) == StreetClass.NONE


@pytest.mark.parametrize("elsewhere", [Place("street_town", 1, 30), Place("district", 0, 30)])
def test_who_comes_from_another_ranking_has_climbed_nowhere(elsewhere):
    tallies = [points(n, 100 - n) for n in range(1, 41)]

    lines = score(tallies, Rules(), previous={10: elsewhere, 11: Place("street_town", 0, 31)})

    assert standing(lines, "previous_rank") == {n: 31 if n == 11 else None for n in range(1, 41)}
    assert standing(lines, "unit_class")[10] == StreetClass.NONE
    assert standing(lines, "unit_class")[11] == StreetClass.PROGRESS


def test_what_obliges_goes_before_what_honours():
    whole_tail = Rules(tail_count=40)
    climbed = {n: n + 50 for n in range(1, 41)}

    assert class_of(2, whole_tail, tails_before={2: 2}) == StreetClass.GOVERNANCE
    assert class_of(40, whole_tail, previous=climbed) == StreetClass.RECTIFICATION
    assert class_of(4, Rules(), previous=climbed) == StreetClass.ADVANCED
    assert class_of(5, Rules(), previous=climbed) == StreetClass.PROGRESS


# === The averages (F-7) =====================================================================


def test_f07_the_handbooks_sixth_example_mean_of_units_and_pooled_mean_differ():
    lines = score([points(1, 90, 100), points(2, 10, 10)], Rules())

    assert rates.rounded(macro_average(lines).base) == Decimal("95.0")
    assert rates.rounded(micro_average(lines, Rules()).base) == Decimal("90.9")


def test_f07_a_unit_without_a_sample_is_in_neither_average_and_a_bonus_is_in_none():
    tallies = [points(1, 90), month(unit=2, volume=4)]
    lines = score(tallies, Rules(), bonuses={1: Decimal(2)})

    assert macro_average(lines).base == 90
    assert micro_average(lines, Rules()).base == 90
    assert macro_average([lines[1]]).base is None
    assert micro_average([], Rules()).response is None


def test_f07_a_unit_with_too_few_answers_to_be_ranked_is_in_both_averages():
    lines = score([points(1, 90), points(2, 5, 5)], Rules())

    assert lines[1].mark == ScoreMark.SMALL
    assert macro_average(lines).base == 95
    assert micro_average(lines, Rules()).base == Fraction(9500, 105)


def test_f07_the_pooled_average_weighs_answers_as_the_scores_do():
    solved = month(said(10, role=COOPERATE, partners=1, on_time=True))
    unsolved = month(said(10, DISSATISFIED, contacted=False, resolved=False), unit=2)
    rules = Rules(shares=SHARED)

    average = micro_average(score([solved, unsolved], rules), rules)

    assert average.response == average.resolution == Fraction(3, 13)


# === The year (述职) ========================================================================


def test_a_year_is_the_mean_of_its_months_to_two_places_with_the_best_and_the_worst():
    months = [
        MonthScore("2026-03", Decimal("92.1"), 4, unit_class=StreetClass.ADVANCED),
        MonthScore("2026-01", Decimal("90.0"), 9),
        MonthScore("2026-02", Decimal("92.1"), 5, unit_class=StreetClass.ADVANCED),
        MonthScore("2026-04", None, mark=ScoreMark.IDLE),
        MonthScore("2026-05", Decimal("20.0"), mark=ScoreMark.SMALL),
        MonthScore("2026-06", Decimal("91.5"), mark=ScoreMark.OBSERVED),
        MonthScore("2026-07", Decimal("89.4"), 30, unit_class=StreetClass.GOVERNANCE),
    ]

    year = year_of(months)

    # 455.1 ÷ 5 months that count
    assert (year.mean, year.counted, year.left_out) == (Decimal("91.02"), 5, 2)
    assert year.ranked == 4
    assert (year.best.month, year.worst.month) == ("2026-02", "2026-07")
    assert year.classes == {StreetClass.ADVANCED: 2, StreetClass.GOVERNANCE: 1}


def test_a_year_without_a_sound_month_has_no_mean():
    year = year_of([MonthScore("2026-01", None, mark=ScoreMark.IDLE)])

    assert (year.mean, year.best, year.worst) == (None, None, None)
    assert (year.counted, year.left_out, year.ranked) == (0, 1, 0)


def test_the_mean_of_a_year_is_rounded_half_up_once():
    year = year_of(MonthScore(f"2026-{n:02}", Decimal(s), 1) for n, s in enumerate(("0.0", "0.1")))
    thirds = year_of(MonthScore(f"2026-{n:02}", Decimal(n), 1) for n in (1, 2, 2))
    eighth = year_of(MonthScore(f"2026-{n:02}", Decimal(n == 1), 1) for n in range(1, 9))

    assert [y.mean for y in (year, thirds, eighth)] == [
        Decimal("0.05"),
        Decimal("1.67"),
        Decimal("0.13"),
    ]


# === Whatever is counted ====================================================================

answers = st.builds(
    Tally,
    role=st.sampled_from([LEAD, COOPERATE, DELEGATE]),
    partner_count=st.integers(0, 4),
    is_on_time=st.sampled_from([True, False, None]),
    contacted=st.booleans(),
    resolved=st.booleans(),
    satisfaction=st.sampled_from(Satisfaction.values),
    count=st.integers(1, 40),
)
schemes = st.builds(
    Rules,
    basic_credit=st.sampled_from([Decimal("0.9"), Decimal("0.843"), Decimal(0)]),
    volume_bands=st.sampled_from([(), (60,), (30, 60)]),
    min_sample=st.integers(1, 15),
    shares=st.sampled_from([None, SHARED, Shares(Decimal("0.6"), Decimal("0.4"), Decimal(2))]),
    ties=st.sampled_from(["shared", "volume"]),
    tail_count=st.integers(0, 4),
    interval_z=st.sampled_from([Decimal(0), Decimal("0.5"), Decimal("1.96")]),
    classes=st.builds(Classes, advanced_share=st.sampled_from([Decimal("0.1"), Decimal("0.4")])),
    is_observation=st.sampled_from([False, False, False, True]),
)


@st.composite
def cities(draw) -> list[UnitTally]:
    """A few units in two groups; some alike, so that scores are shared."""
    some = draw(st.lists(st.lists(answers, max_size=4), min_size=1, max_size=4))
    return [
        month(
            *draw(st.sampled_from(some)),
            unit=unit,
            group=draw(st.sampled_from([STREETS, DISTRICTS])),
            volume=draw(st.integers(0, 90)),
            due=draw(st.integers(0, 90)),
        )
        for unit in range(draw(st.integers(1, 9)))
    ]


def rankings(lines: Iterable[Scored]) -> list[list[Scored]]:
    found: dict[tuple[str, int], list[Scored]] = {}
    for line in lines:
        found.setdefault((line.tally.group, line.band), []).append(line)
    return [[line for line in peers if not line.mark] for peers in found.values()]


@given(cities(), schemes)
def test_a_ranking_puts_any_two_peers_in_order_and_the_better_never_behind(city, rules):
    for ranked in rankings(score(city, rules)):
        for one in ranked:
            better = [
                other
                for other in ranked
                if other.score > one.score
                or (
                    rules.ties == "volume"
                    and other.score == one.score
                    and other.tally.volume > one.tally.volume
                )
            ]
            assert one.rank == len(better) + 1


@given(cities(), schemes)
def test_bands_follow_each_other_without_a_gap_down_the_ranking(city, rules):
    for ranked in rankings(score(city, rules)):
        bands = [one.rank_band for one in ranked]
        by_score = {one.score: one.rank_band for one in ranked}

        assert bands == sorted(bands)
        assert set(bands) == set(range(1, len(set(bands)) + 1))
        assert all(by_score[one.score] == one.rank_band for one in ranked)


@given(cities(), schemes)
def test_a_tail_is_no_longer_than_its_rule_and_nobody_outside_is_worse_or_as_bad(city, rules):
    for ranked in rankings(score(city, rules)):
        inside = [one.score for one in ranked if one.is_tail]
        outside = [one.score for one in ranked if not one.is_tail]

        assert len(inside) <= rules.tail_count
        assert not inside or max(inside) < min(outside)


@given(cities(), schemes, st.randoms())
def test_the_order_in_which_units_are_given_changes_nothing(city, rules, chance: random.Random):
    shuffled = list(city)
    chance.shuffle(shuffled)

    assert score(shuffled, rules) == score(city, rules)


@given(st.lists(answers, max_size=5), schemes, answers)
def test_a_solved_and_satisfied_answer_more_never_lowers_the_base(given_answers, rules, more):
    good = said(more.count, role=more.role, partners=more.partner_count, on_time=more.is_on_time)

    before = line_of(month(*given_answers), rules).base
    after = line_of(month(*given_answers, good), rules).base

    assert before is None or after >= before


@given(st.lists(answers, max_size=6))
def test_without_shares_every_answer_counts_as_one(given_answers):
    tally = month(*given_answers)

    line = line_of(tally)

    assert line.response == rates.response_rate(tally.counts)
    assert line.resolution == rates.resolution_rate(tally.counts)
    assert line.satisfaction == rates.satisfaction_rate(tally.counts)
    assert line.base == rates.exact_score(tally.counts)


# === A second reckoning =====================================================================


def one_by_one(tally: UnitTally, rules: Rules) -> dict[str, float]:
    """The same rules answer by answer in floats, with the textbook's formulas."""
    weights, contacted, earned, satisfied = [], [], [], []
    for answer in tally.answers:
        own, kept = 1.0, 1.0 if answer.resolved else 0.0
        if rules.shares and answer.role == "lead" and answer.partner_count > 0:
            own = float(rules.shares.lead)
        if rules.shares and answer.role == "cooperate":
            own = float(rules.shares.cooperating) / (answer.partner_count or 1)
            if not answer.resolved and answer.is_on_time is True:
                kept = 1 - float(rules.shares.on_time_factor)
            if not answer.resolved and answer.is_on_time is False:
                kept = 1 - float(rules.shares.late_factor)
        credit = {"satisfied": 1.0, "basically": float(rules.basic_credit)}
        for _ in range(answer.count):
            weights.append(own)
            contacted.append(1.0 if answer.contacted else 0.0)
            earned.append(kept)
            satisfied.append(credit.get(answer.satisfaction, 0.0))
    w1, w2, w3 = (
        float(part)
        for part in (rules.weights.response, rules.weights.resolution, rules.weights.satisfaction)
    )
    each = [
        100 * (w1 * c + w2 * e + w3 * s)
        for c, e, s in zip(contacted, earned, satisfied, strict=True)
    ]
    found = {
        "response": statistics.fmean(contacted, weights),
        "resolution": max(statistics.fmean(earned, weights), 0.0),
        "satisfaction": statistics.fmean(satisfied, weights),
    }
    found["base"] = 100 * sum(
        part * rate for part, rate in zip((w1, w2, w3), found.values(), strict=True)
    )
    each, weights = [*each, 100.0, 0.0], [*weights, 1.0, 1.0]
    middle = statistics.fmean(each, weights)
    whole, effective = sum(weights), sum(weights) ** 2 / sum(w * w for w in weights)
    spread = sum(w * (p - middle) ** 2 for w, p in zip(weights, each, strict=True))
    found["error"] = (spread / whole / (effective - 1)) ** 0.5
    if not rules.shares:
        assert found["error"] == pytest.approx(statistics.stdev(each) / len(each) ** 0.5, abs=1e-9)
    return found


@given(st.lists(answers, min_size=1, max_size=5), schemes)
def test_rates_score_and_interval_agree_with_a_reckoning_answer_by_answer(given_answers, rules):
    tally = month(*given_answers)
    expected = one_by_one(tally, rules)

    line = line_of(tally, rules, bonuses={1: Decimal("1.5")})

    for rate in ("response", "resolution", "satisfaction", "base"):
        assert float(getattr(line, rate)) == pytest.approx(expected[rate], abs=1e-9)
    assert abs(float(line.score) - expected["base"] - 1.5) <= 0.05 + 1e-9
    reach = float(rules.interval_z) * expected["error"]
    assert float(line.low) == pytest.approx(expected["base"] + 1.5 - reach, abs=1e-6)
    assert float(line.high) == pytest.approx(expected["base"] + 1.5 + reach, abs=1e-6)
