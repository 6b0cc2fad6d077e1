"""The rules of a scheme as a value: what they may be, and that JSON keeps them to the digit."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.models import CallbackChannel
from evaluation.rates import Weights
from evaluation.rendering.schemes import SECTIONS, differing, percent, rule_texts
from evaluation.rule_names import RULE_NAMES
from evaluation.rules import (
    DEFAULT_RULES,
    PUBLISHED_GROUPS,
    Classes,
    OutOfScope,
    Rules,
    Shares,
    WhistleWeights,
)
from evaluation.violations.schemes import SENTENCES
from hotline.core.violations import RuleViolation

# === Rules of every kind ====================================================================


@st.composite
def parts_of_one(draw: st.DrawFn, n: int) -> list[Decimal]:
    """So many decimals, none negative, that sum to 1."""
    cuts = sorted(draw(st.lists(st.integers(0, 1000), min_size=n - 1, max_size=n - 1)))
    return [Decimal(b - a) / 1000 for a, b in zip([0, *cuts], [*cuts, 1000], strict=True)]


def decimals(low: int, high: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(low, high, places=2, allow_nan=False, allow_infinity=False)


def some_of(choices: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(list(choices)), min_size=1, unique=True).map(tuple)


@st.composite
def scopes(draw: st.DrawFn) -> OutOfScope:
    days = sorted(draw(st.lists(st.dates(), min_size=2, max_size=2, unique=True)))
    return OutOfScope(
        draw(st.sampled_from(["05", "0501", "050103"])),
        draw(st.sampled_from([None, days[0]])),
        draw(st.sampled_from([None, days[1]])),
    )


@st.composite
def shares(draw: st.DrawFn) -> Shares:
    lead, cooperating = draw(parts_of_one(2))
    return Shares(lead, cooperating, draw(decimals(0, 5)), draw(decimals(0, 5)))


def whistles() -> st.SearchStrategy[WhistleWeights]:
    sides = st.tuples(parts_of_one(3), parts_of_one(3))
    return sides.map(lambda both: WhistleWeights(*both[0], *both[1]))


all_rules = st.builds(
    Rules,
    weights=parts_of_one(3).map(lambda parts: Weights(*parts)),
    basic_credit=decimals(0, 1),
    groups=some_of(group.value for group in PUBLISHED_GROUPS),
    volume_bands=st.lists(st.integers(1, 9999), unique=True).map(lambda bs: tuple(sorted(bs))),
    min_sample=st.integers(1, 10_000),
    coverage_floor=decimals(0, 1),
    out_of_scope=st.lists(scopes(), max_size=3).map(tuple),
    answer=st.sampled_from(["first", "last"]),
    channels=some_of(CallbackChannel.values),
    attribution=st.sampled_from(["created", "due", "called_back"]),
    period_start_day=st.integers(1, 28),
    day_cut=st.times(),
    close_lag_days=st.integers(0, 90),
    appeal_days=st.integers(1, 60),
    repeats=st.sampled_from(["once", "all"]),
    sample_percent=st.integers(1, 100),
    pressure_percent=st.integers(0, 100),
    shares=st.none() | shares(),
    whistle=whistles(),
    bonus_cap=decimals(0, 20),
    ties=st.sampled_from(["shared", "volume"]),
    interval_z=decimals(0, 5),
    tail_count=st.integers(0, 100),
    classes=st.builds(
        Classes,
        advanced_share=st.just(Decimal("0.05")) | decimals(0, 1).map(lambda d: d / 2),
        progress_places=st.integers(1, 1000),
        rectification_share=decimals(0, 1).map(lambda d: d / 2),
        governance_months=st.integers(1, 12),
    ),
    is_observation=st.booleans(),
)


@given(all_rules)
def test_rules_written_as_json_and_read_back_are_the_same_rules(rules: Rules) -> None:
    written = json.dumps(rules.as_json())

    again = Rules.from_json(json.loads(written))

    assert again == rules
    assert json.dumps(again.as_json()) == written


def test_what_json_leaves_out_has_its_default() -> None:
    assert Rules.from_json({}) == DEFAULT_RULES
    assert Rules.from_json({"min_sample": 5}).weights == DEFAULT_RULES.weights


# === The handbook's defaults ================================================================


def test_the_defaults_are_those_of_the_handbook() -> None:
    rules = DEFAULT_RULES

    assert rules.weights == Weights(Decimal("0.10"), Decimal("0.50"), Decimal("0.40"))
    assert (rules.basic_credit, rules.min_sample) == (Decimal("0.9"), 10)
    assert (rules.period_start_day, rules.day_cut) == (19, dt.time(12))
    assert rules.bonus_cap == 3
    assert Shares() == Shares(Decimal("0.7"), Decimal("0.3"), Decimal("1.5"), Decimal("0.5"))


# === What rules may not be ==================================================================

REFUSED: list[tuple[str, Any, str]] = [
    ("weights", {"response": "0.2", "resolution": "0.5", "satisfaction": "0.4"}, "sum"),
    ("weights", {"response": "-0.1", "resolution": "0.7", "satisfaction": "0.4"}, "sum"),
    ("weights", {"response": "x", "resolution": "0.5", "satisfaction": "0.4"}, "value_unknown"),
    ("weights", {"response": "NaN", "resolution": "0.5", "satisfaction": "0.4"}, "value_unknown"),
    ("weights", {"requests_per_10k": "0.1"}, "value_unknown"),
    ("weights", "0.1", "value_unknown"),
    ("basic_credit", "1.1", "value_outside"),
    ("basic_credit", "Infinity", "value_unknown"),
    ("groups", ["second_receiver"], "value_unknown"),
    ("groups", ["none"], "value_unknown"),
    ("groups", [], "nothing_chosen"),
    ("groups", "district", "value_unknown"),
    ("volume_bands", [100, 100], "bands_not_rising"),
    ("volume_bands", [300, 100], "bands_not_rising"),
    ("volume_bands", [0, 100], "bands_not_rising"),
    ("volume_bands", ["100"], "value_unknown"),
    ("min_sample", 0, "value_outside"),
    ("min_sample", "10", "value_unknown"),
    ("min_sample", True, "value_unknown"),
    ("coverage_floor", "-0.1", "value_outside"),
    ("out_of_scope", [{"category": 5}], "value_unknown"),
    ("out_of_scope", [{"category": "05", "begins": "2026-13-01"}], "value_unknown"),
    (
        "out_of_scope",
        [{"category": "05", "begins": "2026-05-01", "ends": "2026-05-01"}],
        "scope_dates",
    ),
    ("answer", "best", "value_unknown"),
    ("channels", ["letter"], "value_unknown"),
    ("channels", [], "nothing_chosen"),
    ("attribution", "closed", "value_unknown"),
    ("period_start_day", 29, "value_outside"),
    ("day_cut", "noon", "value_unknown"),
    ("close_lag_days", 91, "value_outside"),
    ("appeal_days", 0, "value_outside"),
    ("repeats", "never", "value_unknown"),
    ("sample_percent", 0, "value_outside"),
    ("pressure_percent", 101, "value_outside"),
    ("shares", {"lead": "0.7", "cooperating": "0.4"}, "shares_sum"),
    ("shares", {"lead": "1.5", "cooperating": "-0.5"}, "value_outside"),
    ("shares", {"late_factor": "6"}, "value_outside"),
    ("whistle", {"arrival": "0.5"}, "whistle_sum"),
    ("whistle", {"necessity": "-0.5", "organisation": "1.3"}, "whistle_sum"),
    ("bonus_cap", "21", "value_outside"),
    ("ties", "lot", "value_unknown"),
    ("interval_z", "-1", "value_outside"),
    ("tail_count", -1, "value_outside"),
    ("classes", {"advanced_share": "0.6", "rectification_share": "0.5"}, "value_outside"),
    ("classes", {"governance_months": 0}, "value_outside"),
    ("classes", {"places": 3}, "value_unknown"),
    ("is_observation", "yes", "value_unknown"),
]


@pytest.mark.parametrize(("name", "value", "code"), REFUSED)
def test_a_rule_that_cannot_be_is_refused_by_the_name_its_reader_knows(
    name: str, value: Any, code: str
) -> None:
    with pytest.raises(RuleViolation) as found:
        Rules.from_json({name: value})

    refusal = found.value
    assert refusal.code in (f"scheme_{code}", f"scheme_{name}_{code}")
    assert refusal.field == name
    assert str(RULE_NAMES[name]) in refusal.sentence()
    assert name not in refusal.sentence()


def test_r099_an_observed_indicator_cannot_be_given_a_weight() -> None:
    with pytest.raises(RuleViolation) as found:
        Rules.from_json({"requests_per_10k": "0.1"})

    assert found.value.code == "scheme_rule_unknown"
    assert found.value.sentence()


def test_every_refusal_of_a_rule_is_met_here() -> None:
    said = [code for code in SENTENCES if code.startswith("scheme_")]
    met = {f"scheme_{code}" for _name, _value, code in REFUSED} | {"scheme_weights_sum"}
    of_rules = said[: said.index("scheme_category_unknown")]

    assert set(of_rules) == (met | {"scheme_rule_unknown"}) - {"scheme_sum"}


# === In words ===============================================================================


def test_every_rule_is_told_once_with_a_definition_and_a_value() -> None:
    texts = list(rule_texts())

    assert sorted(text.name for text in texts) == sorted(DEFAULT_RULES.as_json())
    assert sorted(RULE_NAMES) == sorted(DEFAULT_RULES.as_json())
    assert all(str(text.meaning).endswith("。") for text in texts)
    assert all(text.value(DEFAULT_RULES) for text in texts)
    assert all(section.title for section in SECTIONS)


@pytest.mark.django_db
@given(all_rules)
def test_every_rule_can_be_read_whatever_it_says(rules: Rules) -> None:
    assert all(text.value(rules) for text in rule_texts())


@given(all_rules, all_rules)
def test_two_schemes_differ_in_exactly_the_rules_that_differ(one: Rules, other: Rules) -> None:
    names = {text.name for text in differing(one, other)}

    assert names == {n for n in RULE_NAMES if getattr(one, n) != getattr(other, n)}
    assert differing(one, one) == []


@pytest.mark.parametrize(
    ("share", "words"), [("0.30", "30%"), ("0.125", "12.5%"), ("0", "0%"), ("1", "100%")]
)
def test_a_share_reads_as_a_percentage(share: str, words: str) -> None:
    assert percent(Decimal(share)) == words


@pytest.mark.parametrize(
    ("edges", "words"),
    [
        ((), "不分档"),
        ((100,), "100 件及以下、100 件以上"),
        ((100, 300), "100 件及以下、101–300、300 件以上"),
    ],
)
def test_volume_bands_read_as_ranges(edges: tuple[int, ...], words: str) -> None:
    text = next(text for text in rule_texts() if text.name == "volume_bands")

    assert text.value(Rules(volume_bands=edges)) == words
