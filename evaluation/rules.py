"""The rules of an assessment scheme as one value: every number that decides a score.

A scheme keeps them as JSON; scoring reads this value and nothing else, so two months scored by
equal rules are scored alike. Observation indicators (万人诉求比, 基数诉求比) have no place here:
they cannot be given a weight.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from evaluation.models import CallbackChannel
from evaluation.rates import BASIC_CREDIT, MIN_SAMPLE, Weights
from evaluation.rule_names import RULE_NAMES
from hotline.core.models import AssessmentGroup
from hotline.core.text import InputRefused
from hotline.core.violations import RuleViolation

Moment = TypeVar("Moment", dt.date, dt.time)
ANSWERS = ("first", "last")
ATTRIBUTIONS = ("created", "due", "called_back")
REPEATS = ("once", "all")
TIES = ("shared", "volume")
# The groups of R-091 and, unpublished, the second receivers of 双派双考; communities never.
PUBLISHED_GROUPS = (
    AssessmentGroup.STREET_TOWN,
    AssessmentGroup.DISTRICT,
    AssessmentGroup.CITY_DEPARTMENT,
    AssessmentGroup.ENTERPRISE,
)


@dataclass(frozen=True)
class OutOfScope:
    """Matters of a category (and below) that are not assessed between two days (R-094)."""

    category: str
    begins: dt.date | None = None
    ends: dt.date | None = None


@dataclass(frozen=True)
class Shares:
    """F-19: how one ticket's outcome is credited to its lead and its co-operating units."""

    lead: Decimal = Decimal("0.7")
    cooperating: Decimal = Decimal("0.3")
    late_factor: Decimal = Decimal("1.5")
    on_time_factor: Decimal = Decimal("0.5")


@dataclass(frozen=True)
class WhistleWeights:
    """F-18: how a whistle is assessed on both sides."""

    arrival: Decimal = Decimal("0.4")
    solved: Decimal = Decimal("0.4")
    street_rating: Decimal = Decimal("0.2")
    necessity: Decimal = Decimal("0.5")
    organisation: Decimal = Decimal("0.3")
    whistle_solved: Decimal = Decimal("0.2")


@dataclass(frozen=True)
class Classes:
    """How units are classed after a month's ranking: the best share, the largest climb in places,
    the last share, and how many months in a row at the end make 治理类."""

    advanced_share: Decimal = Decimal("0.10")
    progress_places: int = 20
    rectification_share: Decimal = Decimal("0.10")
    governance_months: int = 3


@dataclass(frozen=True)
class Rules:
    """All rules of a scheme. Defaults are those of the handbook's table; none is published by the
    city. Raises RuleViolation with the rule's name when they contradict themselves."""

    weights: Weights = field(default_factory=Weights)
    basic_credit: Decimal = BASIC_CREDIT
    # Which groups are ranked; second receivers are scored and never published.
    groups: tuple[str, ...] = PUBLISHED_GROUPS
    # Upper edges of volume bands; units are ranked among those of their own band.
    volume_bands: tuple[int, ...] = ()
    min_sample: int = MIN_SAMPLE
    coverage_floor: Decimal = Decimal("0.30")
    out_of_scope: tuple[OutOfScope, ...] = ()
    answer: str = "first"
    channels: tuple[str, ...] = tuple(CallbackChannel.values)
    attribution: str = "created"
    period_start_day: int = 19
    day_cut: dt.time = dt.time(12)
    close_lag_days: int = 20
    appeal_days: int = 5
    repeats: str = "once"
    sample_percent: int = 100
    pressure_percent: int = 10
    shares: Shares | None = None
    whistle: WhistleWeights = field(default_factory=WhistleWeights)
    bonus_cap: Decimal = Decimal("3")
    ties: str = "shared"
    interval_z: Decimal = Decimal("1.96")
    tail_count: int = 3
    classes: Classes = field(default_factory=Classes)
    # 仅观察: everything is computed and shown, nothing is ranked.
    is_observation: bool = False

    def __post_init__(self) -> None:
        _check(self)

    def as_json(self) -> dict[str, Any]:
        """The same rules as JSON, in which decimals, days and times are texts."""
        return {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Rules:
        """Rules from JSON; what is missing has its default. Raises RuleViolation."""
        unknown = sorted(set(given) - {f.name for f in dataclasses.fields(cls)})
        if unknown:
            raise RuleViolation("scheme_rule_unknown", name=unknown[0])
        values: dict[str, Any] = dict(given)
        for name in ("basic_credit", "coverage_floor", "bonus_cap", "interval_z"):
            if name in values:
                values[name] = _decimal(values[name], name)
        for name in _WHOLE_NUMBERS & set(values):
            values[name] = _whole(values[name], name)
        for name in {"groups", "channels"} & set(values):
            values[name] = tuple(_listed(values[name], name))
        if "volume_bands" in values:
            edges = _listed(values["volume_bands"], "volume_bands")
            values["volume_bands"] = tuple(_whole(edge, "volume_bands") for edge in edges)
        if "weights" in values:
            values["weights"] = _weights(values["weights"])
        if "day_cut" in values:
            values["day_cut"] = _iso(dt.time.fromisoformat, values["day_cut"], "day_cut")
        if "out_of_scope" in values:
            values["out_of_scope"] = tuple(_out_of_scope(values["out_of_scope"]))
        if values.get("shares") is not None:
            values["shares"] = Shares(**_decimals(Shares, values["shares"], "shares"))
        if "whistle" in values:
            weights = _decimals(WhistleWeights, values["whistle"], "whistle")
            values["whistle"] = WhistleWeights(**weights)
        if "classes" in values:
            values["classes"] = _classes(values["classes"])
        if not isinstance(values.get("is_observation", False), bool):
            raise _unknown("is_observation", values["is_observation"])
        return cls(**values)


_WHOLE_NUMBERS = {
    "min_sample", "period_start_day", "close_lag_days", "appeal_days", "sample_percent",
    "pressure_percent", "tail_count",
}  # fmt: skip


def _check(rules: Rules) -> None:
    _one_of("answer", rules.answer, ANSWERS)
    _one_of("attribution", rules.attribution, ATTRIBUTIONS)
    _one_of("repeats", rules.repeats, REPEATS)
    _one_of("ties", rules.ties, TIES)
    for channel in rules.channels:
        _one_of("channels", channel, CallbackChannel.values)
    for group in rules.groups:
        _one_of("groups", group, PUBLISHED_GROUPS)
    for name in ("groups", "channels"):
        if not getattr(rules, name):
            raise _refused("scheme_nothing_chosen", name)
    if list(rules.volume_bands) != sorted({edge for edge in rules.volume_bands if edge > 0}):
        raise _refused("scheme_bands_not_rising", "volume_bands")
    _between("basic_credit", rules.basic_credit, 0, 1)
    _between("coverage_floor", rules.coverage_floor, 0, 1)
    _between("min_sample", rules.min_sample, 1, 10_000)
    _between("period_start_day", rules.period_start_day, 1, 28)
    _between("close_lag_days", rules.close_lag_days, 0, 90)
    _between("appeal_days", rules.appeal_days, 1, 60)
    _between("sample_percent", rules.sample_percent, 1, 100)
    _between("pressure_percent", rules.pressure_percent, 0, 100)
    _between("bonus_cap", rules.bonus_cap, 0, 20)
    _between("interval_z", rules.interval_z, 0, 5)
    _between("tail_count", rules.tail_count, 0, 100)
    for scope in rules.out_of_scope:
        if scope.begins and scope.ends and scope.begins >= scope.ends:
            raise _refused("scheme_scope_dates", "out_of_scope")
    if rules.shares is not None:
        _check_shares(rules.shares)
    _check_whistle(rules.whistle)
    _check_classes(rules.classes)


def _check_shares(shares: Shares) -> None:
    for share in (shares.lead, shares.cooperating):
        _between("shares", share, 0, 1)
    for factor in (shares.late_factor, shares.on_time_factor):
        _between("shares", factor, 0, 5)
    if shares.lead + shares.cooperating != 1:
        raise _refused("scheme_shares_sum", "shares")


def _check_whistle(weights: WhistleWeights) -> None:
    reporter = (weights.arrival, weights.solved, weights.street_rating)
    whistler = (weights.necessity, weights.organisation, weights.whistle_solved)
    for parts in (reporter, whistler):
        if min(parts) < 0 or sum(parts) != 1:
            raise _refused("scheme_whistle_sum", "whistle")


def _check_classes(classes: Classes) -> None:
    _between("classes", classes.advanced_share + classes.rectification_share, 0, 1)
    _between("classes", min(classes.advanced_share, classes.rectification_share), 0, 1)
    _between("classes", classes.progress_places, 1, 1000)
    _between("classes", classes.governance_months, 1, 12)


def _refused(code: str, name: str, **parameters: Any) -> InputRefused:
    """A refusal that names the rule as its reader does."""
    return InputRefused(code, field=name, label=RULE_NAMES[name], **parameters)


def _one_of(name: str, value: Any, known: Iterable[str]) -> None:
    if value not in known:
        raise _unknown(name, value)


def _unknown(name: str, value: Any) -> InputRefused:
    return _refused("scheme_value_unknown", name, value=str(value))


def _between(name: str, value: Decimal | int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise _refused("scheme_value_outside", name, low=low, high=high)


def _weights(given: Any) -> Weights:
    parts = _decimals(Weights, given, "weights")
    try:
        return Weights(**parts)
    except ValueError as error:
        raise _refused("scheme_weights_sum", "weights") from error


def _out_of_scope(given: Any) -> Iterable[OutOfScope]:
    for one in _listed(given, "out_of_scope"):
        parts = _parts(OutOfScope, one, "out_of_scope")
        if not isinstance(parts.get("category"), str):
            raise _unknown("out_of_scope", one)
        days = {
            name: _iso(dt.date.fromisoformat, parts[name], "out_of_scope")
            for name in ("begins", "ends")
            if parts.get(name)
        }
        yield OutOfScope(parts["category"], **days)


def _classes(given: Any) -> Classes:
    values = _parts(Classes, given, "classes")
    for name in {"advanced_share", "rectification_share"} & set(values):
        values[name] = _decimal(values[name], "classes")
    for name in {"progress_places", "governance_months"} & set(values):
        values[name] = _whole(values[name], "classes")
    return Classes(**values)


def _parts(kind: type[Any], given: Any, name: str) -> dict[str, Any]:
    """The parts of a rule that has several, none of them unknown."""
    known = {f.name for f in dataclasses.fields(kind)}
    if not isinstance(given, Mapping) or set(given) - known:
        raise _unknown(name, given)
    return dict(given)


def _decimals(kind: type[Any], given: Any, name: str) -> dict[str, Decimal]:
    return {key: _decimal(value, name) for key, value in _parts(kind, given, name).items()}


def _decimal(value: Any, name: str) -> Decimal:
    try:
        read = Decimal(str(value))
    except InvalidOperation as error:
        raise _unknown(name, value) from error
    if not read.is_finite():
        raise _unknown(name, value)
    return read


def _whole(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _unknown(name, value)
    return value


def _listed(value: Any, name: str) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise _unknown(name, value)
    return list(value)


def _iso(read: Callable[[str], Moment], value: Any, name: str) -> Moment:
    try:
        return read(value)
    except (TypeError, ValueError) as error:
        raise _unknown(name, value) from error


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, (Decimal, dt.date, dt.time)):
        return str(value) if isinstance(value, Decimal) else value.isoformat()
    return value


DEFAULT_RULES = Rules()
