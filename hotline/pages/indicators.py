"""Indicators as pages draw them: the value, what it is made of, and how it moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from evaluation import formulas, indicators, rates
from evaluation.indicators import (
    DENOMINATOR,
    INDICATORS,
    NUMERATOR,
    Better,
    DimensionLine,
    Indicator,
    Reading,
    Section,
    Shown,
    View,
)
from hotline.core.actors import Actor
from hotline.pages.month import Number

# The month before, which a month is compared with.
LAST_MONTH = 1


@dataclass(frozen=True)
class Change:
    """How a number moved against the month before, in words with a sign; `tone` tells whether
    that is good, where one can say."""

    words: str
    tone: str = ""


@dataclass(frozen=True)
class Mark:
    """A published figure beside ours, both placed on a bar of a hundred."""

    value: Decimal
    own: Decimal | None
    source: str | Promise


@dataclass(frozen=True)
class ToldReading:
    """One reading in words. `denominator` is None where there is none; residents are a number
    without a list. `is_of_today`: the month is closed, and still this number may move."""

    reading: Reading
    value: str
    numerator: Number
    denominator: Number | None
    change: Change | None = None
    is_of_today: bool = False
    excluded: Number | None = None

    @property
    def indicator(self) -> Indicator:
        return self.reading.indicator

    @property
    def is_doubtful(self) -> bool:
        """There is a value, of too few to rely on it."""
        return self.reading.is_small and self.reading.value is not None

    @property
    def is_idle(self) -> bool:
        """Nothing came about that it could speak of."""
        return not self.reading.counted and not self.reading.base

    @property
    def reference(self) -> Mark | None:
        known, own = self.indicator.reference, self.reading.value
        if known is None:
            return None
        value = rates.percent(known.value) or Decimal(0)
        return Mark(value, rates.percent(own), known.source)


@dataclass(frozen=True)
class UnitLine:
    name: str
    told: ToldReading


# --- words ------------------------------------------------------------------------------------


def told(
    reading: Reading,
    of: View,
    whose: Mapping[str, str],
    *,
    before: Reading | None = None,
    name: str = "",
) -> ToldReading:
    """A reading with the addresses of its lists; `whose` is the `unit` or `group` it is of,
    `name` what that is called."""
    indicator, base = reading.indicator, reading.base
    return ToldReading(
        reading=reading,
        value=value_words(indicator, reading),
        numerator=_number(indicator, NUMERATOR, reading.counted, of, whose, name),
        denominator=None
        if base is None
        else _number(indicator, DENOMINATOR, base, of, whose, name),
        change=change(reading.compared, before) if before else None,
        is_of_today=indicators.is_of_today(indicator, of),
        excluded=None
        if reading.excluded is None
        else _number(INDICATORS["excluded"], NUMERATOR, reading.excluded, of, whose, name),
    )


def value_words(indicator: Indicator, reading: Reading) -> str:
    """The value as it is read; a dash where there is nothing to divide by."""
    if indicator.shown == Shown.COUNT:
        return str(reading.counted)
    if reading.value is None:
        return "—"
    if indicator.shown == Shown.PERCENT:
        return f"{rates.percent(reading.value)}%"
    return str(rates.rounded(reading.value, 2))


def _number(
    indicator: Indicator, part: str, amount: int, of: View, whose: Mapping[str, str], name: str
) -> Number:
    counted = indicator.numerator if part == NUMERATOR else indicator.denominator
    label = counted.label if counted else indicator.base_label
    has_list = bool(amount) and indicators.has_tickets(indicator, part)
    query = {"period": of.month.label, **whose, "indicator": indicator.name, "part": part}
    return Number(
        label=f"{name or indicator.label} {label}",
        value=amount,
        url=f"{reverse('tickets')}?{urlencode(query)}" if has_list else "",
        kind="",
    )


def change(now: Reading, before: Reading) -> Change | None:
    """Rates in percentage points, anything else by F-9; None where one of them has no value."""
    indicator = now.indicator
    if indicator.shown == Shown.COUNT:
        return _relative(Fraction(now.counted), Fraction(before.counted), indicator)
    if now.value is None or before.value is None:
        return None
    if indicator.shown == Shown.NUMBER:
        return _relative(now.value, before.value, indicator)
    moved = now.value - before.value
    points = rates.percent(abs(moved))
    return _moved(moved if points else Fraction(0), _("%(n)s 个百分点") % {"n": points}, indicator)


def growth(now: int, last: int) -> Change:
    """F-9 of a count that is neither good nor bad."""
    return _relative(Fraction(now), Fraction(last), None)


def _relative(now: Fraction, last: Fraction, indicator: Indicator | None) -> Change:
    moved = formulas.change(now, last)
    if isinstance(moved, str):
        return Change(_("新增"))
    percent = rates.percent(abs(moved))
    return _moved(moved if percent else Fraction(0), f"{percent}%", indicator)


def _moved(by: Fraction, words: str, indicator: Indicator | None) -> Change:
    if not by:
        return Change(_("持平"))
    better = indicator.better if indicator else Better.NEITHER
    tone = ""
    if better != Better.NEITHER:
        tone = "up" if (by > 0) == (better == Better.HIGH) else "down"
    return Change(f"{'↑' if by > 0 else '↓'} {words}", tone)


# --- what a page shows ------------------------------------------------------------------------


def sections_for(actor: Actor) -> list[tuple[str, str | Promise]]:
    """What the reader can turn to, in the order of the tabs."""
    own = {indicator.section for indicator in indicators.indicators_for(actor)}
    return [(section.value, section.label) for section in Section if section in own]


def overview(ours: Sequence[Indicator], of: View, group: str) -> list[ToldReading]:
    """Several indicators over the whole group, or the city as the reader sees it, beside the
    month before; those that the group does not have are left out."""
    now = indicators.overall(ours, of, group, tells_excluded=True)
    before = indicators.overall(ours, of.before(LAST_MONTH), group)
    return [
        told(now[i.name], of, whole_of(i, group), before=before[i.name])
        for i in ours
        if i.name in now
    ]


def whole_of(indicator: Indicator, group: str) -> dict[str, str]:
    """Whose number the whole is, as it stands in an address: the group's, or nobody's."""
    return {"group": group} if indicator.is_of_units else {}


def unit_lines(indicator: Indicator, of: View, group: str) -> list[UnitLine]:
    """Every unit of the group that the reader sees. What has a good and a bad side is read with
    the worst first and too few to compare behind; what is only looked at, and whatever rests on
    an estimate, stays in the office's order."""
    units = indicators.units_of(indicator, of.month, group, of.actor)
    now = indicators.by_unit(indicator, of, units)
    before = indicators.by_unit(indicator, of.before(LAST_MONTH), units)
    listed = units
    if indicator.better != Better.NEITHER:
        listed = sorted(units, key=lambda unit: _worst_first(now[unit.pk]))
    return [
        UnitLine(
            unit.name,
            told(now[unit.pk], of, {"unit": unit.code}, before=before[unit.pk], name=unit.name),
        )
        for unit in listed
    ]


def _worst_first(reading: Reading) -> tuple[bool, bool, Fraction]:
    value = reading.value
    if value is None:
        return (True, True, Fraction(0))
    is_high_good = reading.indicator.better == Better.HIGH
    return (False, reading.is_small, value if is_high_good else -value)


# --- 七有五性 -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ToldDimension:
    """One dimension with its lists; rates are percentages, None where nobody was asked."""

    line: DimensionLine
    volume: Number
    change: Change
    valid: Number
    resolved: Number
    resolution: Decimal | None
    satisfaction: Decimal | None
    per_10k: str
    excluded: Number


def told_dimension(line: DimensionLine, of: View, group: str) -> ToldDimension:
    volume, resolution = INDICATORS["volume"], INDICATORS["first_resolution"]
    excluded = INDICATORS["excluded"]
    whose = {"group": group, "dimension": line.dimension.value}
    name = str(line.dimension.label)
    per_10k = line.per_10k
    return ToldDimension(
        line=line,
        volume=_number(volume, NUMERATOR, line.volume, of, whose, name),
        change=growth(line.compared, line.before),
        valid=_number(resolution, DENOMINATOR, line.valid, of, whose, name),
        resolved=_number(resolution, NUMERATOR, line.resolved, of, whose, name),
        resolution=rates.percent(line.resolution),
        satisfaction=rates.percent(line.satisfaction),
        per_10k=value_words(per_10k.indicator, per_10k) if per_10k else "",
        excluded=_number(excluded, NUMERATOR, line.excluded, of, whose, name),
    )
