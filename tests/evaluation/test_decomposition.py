"""Why a score and a place changed: effects leave nothing over."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation import decomposition, scoring
from evaluation.decomposition import RATES, Rival
from evaluation.rates import Counts, Weights, exact_score, pooled
from evaluation.rules import Rules
from evaluation.tally import Tally, UnitTally

HALF = Weights(Decimal("0.1"), Decimal("0.5"), Decimal("0.4"))
CREDIT = Decimal("0.9")


@st.composite
def counted(draw: st.DrawFn) -> Counts:
    """Any month of a class, also one in which nobody answered."""
    valid = draw(st.integers(0, 30))
    satisfied = draw(st.integers(0, valid))
    return Counts(
        valid, draw(st.integers(0, valid)), draw(st.integers(0, valid)), satisfied,
        draw(st.integers(0, valid - satisfied)),
    )  # fmt: skip


classes = st.dictionaries(st.sampled_from(["01", "02", "03", "04", ""]), counted())
percents = st.integers(0, 100)


@st.composite
def weights(draw: st.DrawFn) -> Weights:
    first = draw(percents)
    second = draw(st.integers(0, 100 - first))
    return Weights(*(Decimal(n) / 100 for n in (first, second, 100 - first - second)))


@given(classes, classes, weights(), percents)
def test_the_effects_of_classes_and_of_rates_are_exactly_the_change(
    before: dict[str, Counts], now: dict[str, Counts], weighed: Weights, percent: int
) -> None:
    credit = Decimal(percent) / 100
    first = exact_score(pooled(before.values()), weighed, credit)
    second = exact_score(pooled(now.values()), weighed, credit)

    effects = decomposition.by_class(before, now, weighed, credit)

    if first is None or second is None:
        assert effects == []
        return
    rates = [decomposition.rates_of(pooled(c.values()), credit) for c in (before, now)]
    by_rate = decomposition.by_rate(*rates, weighed)  # type: ignore[arg-type]
    assert sum(one.total for one in effects) == sum(by_rate.values()) == second - first
    for name in RATES:
        assert sum(one.effects[name].total for one in effects) == by_rate[name]


def test_the_growth_of_a_class_with_an_average_rate_is_neutral() -> None:
    """Half of everything is solved in both months; the second class becomes three times as big."""
    before = {"01": Counts(10, 10, 5, 5, 0), "02": Counts(10, 10, 5, 5, 0)}
    now = {"01": Counts(10, 10, 5, 5, 0), "02": Counts(30, 30, 15, 15, 0)}

    assert [one.total for one in decomposition.by_class(before, now, HALF, CREDIT)] == [0, 0]


def test_the_growth_of_a_bad_class_is_told_as_mix() -> None:
    """No class answers otherwise than before: 40 of 50 points of resolution are lost to the mix."""
    before = {"01": Counts(9, 9, 9, 9, 0), "02": Counts(1, 1, 0, 1, 0)}
    now = {"01": Counts(1, 1, 1, 1, 0), "02": Counts(9, 9, 0, 9, 0)}

    effects = decomposition.by_class(before, now, HALF, CREDIT)

    assert [(one.code, one.effects["resolution"].mix) for one in effects] == [
        ("01", Fraction(-20)), ("02", Fraction(-20)),
    ]  # fmt: skip
    assert all(one.total == one.mix for one in effects)


def test_a_class_that_solves_less_costs_by_its_rate() -> None:
    before = {"01": Counts(10, 10, 10, 10, 0), "02": Counts(10, 10, 10, 10, 0)}
    now = {"01": Counts(10, 10, 10, 10, 0), "02": Counts(10, 10, 4, 10, 0)}

    first, second = decomposition.by_class(before, now, HALF, CREDIT)

    assert first.total == 0
    assert (second.effects["resolution"].mix, second.effects["resolution"].rate) == (0, -15)


def test_a_new_class_does_all_it_does_by_its_share() -> None:
    before = {"01": Counts(10, 10, 10, 10, 0)}
    now = {"01": Counts(10, 10, 10, 10, 0), "02": Counts(10, 10, 0, 10, 0)}

    new = decomposition.by_class(before, now, HALF, CREDIT)[1]

    assert (new.before.valid, new.now.valid) == (0, 10)
    assert new.total == new.mix == Fraction(1, 2) * (0 - Fraction(3, 4)) * 50


# === Withheld answers =========================================================================


def test_a_class_with_a_withheld_answer_is_told_with_the_smallest_others() -> None:
    sizes = {"01": (1, 1), "02": (9, 9), "03": (2, 2), "04": (3, 3)}

    assert decomposition.hidden_together(sizes, {"01"}) == {"01", "03", "04"}
    assert decomposition.hidden_together(sizes, {"02"}) == {"02"}
    assert decomposition.hidden_together(sizes, set()) == set()


def test_joining_keeps_every_count() -> None:
    counts = {"01": Counts(1, 1, 1, 1, 0), "02": Counts(2, 1, 0, 0, 1), "03": Counts(5, 5, 5, 5, 0)}

    found = decomposition.joined(counts, {"01", "02", "09"}, "together")

    assert found == {"03": counts["03"], "together": Counts(3, 2, 1, 1, 1)}
    assert decomposition.joined(counts, set(), "together") == counts


# === The place ================================================================================


def rivals(*scores: str) -> list[Rival]:
    return [Rival(Decimal(score), 50) for score in scores]


def test_places_are_lost_to_the_others_and_by_ones_own_change() -> None:
    """Second with 90.0; two have passed 90.0 since, and with 80.0 two more are before."""
    others = rivals("95", "92", "91", "85", "82", "70")

    found = decomposition.moved(2, Decimal(90), Rival(Decimal(80), 50), others, "shared")

    assert (found.others, found.own, found.total) == (2, 2, 4)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(10, 13)), min_size=1, max_size=8),
       st.sampled_from(["shared", "volume"]))  # fmt: skip
def test_a_place_is_that_of_the_ranking(given: list[tuple[int, int]], ties: str) -> None:
    rules = Rules(min_sample=1, coverage_floor=Decimal(0), ties=ties)
    tallies = [
        UnitTally(
            unit_id=pk, group="street_town", volume=volume, due=6, excluded=0, not_counted=0,
            set_aside=0, on_ledger=0, repeats=0,
            answers=(
                Tally("lead", 0, None, True, True, "satisfied", solved),
                Tally("lead", 0, None, True, False, "satisfied", 6 - solved),
            ),
        )
        for pk, (solved, volume) in enumerate(given)
    ]  # fmt: skip

    ranked = scoring.score(tallies, rules)

    known = {one.tally.unit_id: Rival(one.score, one.tally.counted) for one in ranked}  # type: ignore[arg-type]
    for one in ranked:
        others = [rival for pk, rival in known.items() if pk != one.tally.unit_id]
        assert decomposition.rank_among(known[one.tally.unit_id], others, ties) == one.rank


@pytest.mark.parametrize(
    ("rank_before", "more", "best"), [(1, 4, 1), (2, 2, 1), (3, 0, 1)]
)  # fmt: skip
def test_so_many_more_solved_would_have_kept_the_place(
    rank_before: int, more: int, best: int
) -> None:
    """Six of ten are solved: 80.0, and 5.0 more with each; 99.0 and 90.0 are before."""
    counts, now = Counts(10, 10, 6, 10, 0), Rival(Decimal(80), 10)

    found = decomposition.kept(rank_before, counts, now, Decimal(0), rivals("99", "90"), Rules())

    assert (found.more, found.best) == (more, best)


def test_it_says_so_where_even_everything_solved_would_not_have() -> None:
    counts, now = Counts(10, 5, 6, 5, 0), Rival(Decimal(55), 10)

    found = decomposition.kept(1, counts, now, Decimal(1), rivals("99", "90"), Rules())

    assert (found.more, found.best) == (None, 3)
