"""One unit's months as a page draws them, and why one differs from the month before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.db.models import Q
from django.http import Http404
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evaluation import decomposition, monthly, periods, rates, unit_months
from evaluation import months as reading
from evaluation.decomposition import RATES, ClassEffect
from evaluation.models import Bonus, Erratum, Talk, UnitScore
from evaluation.monthly import CELLS
from evaluation.rates import Counts, pooled
from evaluation.unit_months import TOGETHER, UNCLASSED, Compared, UnitMonth
from hotline.core.actors import Actor
from hotline.core.models import Unit
from hotline.core.places import unit_by_code, units_answered_for
from hotline.pages.month import Number, ToldLine, cell_url, month_named, scheme_url, told_lines
from hotline.pages.month_life import OVERSEERS
from knowledge.models import category_by_code

RATE_NAMES: dict[str, str | Promise] = {
    "response": gettext_lazy("响应率"),
    "resolution": gettext_lazy("解决率"),
    "satisfaction": gettext_lazy("满意率"),
}
# How many of the classes that cost most are named above their table.
NAMED = 3
_PLACES = 2


def unit_for(code: str, actor: Actor) -> Unit:
    """The unit whose lines the reader sees. Raises Http404 for others and for what is none."""
    unit = unit_by_code(code)
    if unit is None or not monthly.read_by(actor, [unit]):
        raise Http404
    return unit


# --- its months -------------------------------------------------------------------------------


@dataclass(frozen=True)
class ToldMonth:
    """A month of the unit with the address behind every number."""

    one: UnitMonth
    line: ToldLine
    scheme_url: str


@dataclass(frozen=True)
class Said:
    """What was granted to the unit, said to it and corrected."""

    bonuses: list[Bonus]
    talks: list[Talk]
    errata: list[Erratum]


def told_months(unit: Unit, actor: Actor, at: dt.datetime) -> list[ToldMonth]:
    return [
        ToldMonth(one, told_lines([one.line], one.month)[0], scheme_url(one.month, actor))
        for one in unit_months.history(unit, at=at)
    ]


def years_of(unit: Unit) -> list[int]:
    """The years in which the unit has a published score, the latest first."""
    labels = UnitScore.objects.filter(unit=unit).values_list("month", flat=True)
    return sorted({int(label[:4]) for label in labels}, reverse=True)


def said_of(unit: Unit, actor: Actor, labels: list[str]) -> Said:
    """What concerns the unit in some months; errata are everybody's to read, points and talks
    its own and the overseers'."""
    errata = Erratum.objects.filter(Q(unit=unit) | Q(unit=None), month__in=labels)
    found = Said([], [], list(errata.order_by("-month", "number")))
    if actor.has(*OVERSEERS) or unit.pk in units_answered_for(actor):
        own = {"unit": unit, "month__in": labels}
        found.bonuses.extend(Bonus.objects.filter(**own).order_by("-month", "pk"))
        found.talks.extend(Talk.objects.filter(**own).order_by("-month"))
    return found


# --- why --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EffectRow:
    """A part of the change of the score. `before` and `now` are percentages or points, as the
    part is; `effect` is rounded to be shown."""

    label: str
    effect: Decimal
    before: Decimal | None = None
    now: Decimal | None = None
    weight: Decimal | None = None
    unit: str = ""
    before_url: str = ""
    now_url: str = ""


@dataclass(frozen=True)
class Pair:
    """A rate of a class in both months, in percent."""

    before: Decimal | None
    now: Decimal | None


@dataclass(frozen=True)
class ClassRow:
    """A class in both months and what it did to the score. The numbers open their tickets where
    the list can be narrowed to the class; those of the month before are not listed by rules that
    were not its own."""

    name: str
    numbers: list[Number]
    rates: list[Pair]
    before_url: str
    now_url: str
    effects: list[Decimal]
    mix: Decimal
    total: Decimal
    is_together: bool

    @property
    def unsolved(self) -> Number:
        return self.numbers[-1]


@dataclass(frozen=True)
class Why:
    """Everything the page says of the change. `left_over` is what rounding leaves between the
    parts as they are shown and the published change."""

    compared: Compared
    change: Decimal | None
    rows: list[EffectRow]
    left_over: Decimal
    classes: list[ClassRow]
    total: ClassRow | None
    costly: list[ClassRow]
    now: ToldLine
    before: ToldLine | None

    @property
    def fallen(self) -> Decimal:
        return -(self.change or Decimal(0))


def compared(unit: Unit, label: str, actor: Actor, at: dt.datetime) -> Compared:
    """The month beside the month before. Raises Http404 where the unit has no line in it."""
    now = unit_months.unit_month(unit, month_named(label, at=at))
    if now is None:
        raise Http404
    last = periods.previous(now.month.period).label
    return Compared(now, unit_months.unit_month(unit, reading.month(last, at=at)), actor)


def why(of: Compared) -> Why:
    rows = list(_effect_rows(of)) if of.rate_effects else []
    classes = [_class_row(of, one) for one in of.classes]
    losing = [row for row in classes if row.total < 0 and not row.is_together]
    shown = sum((row.effect for row in rows), Decimal(0))
    return Why(
        compared=of,
        change=of.change,
        rows=rows,
        left_over=(of.change or Decimal(0)) - shown if rows else Decimal(0),
        classes=classes,
        total=_total_row(of) if classes else None,
        costly=sorted(losing, key=lambda row: row.total)[:NAMED],
        now=told_lines([of.now.line], of.now.month)[0],
        before=told_lines([of.before.line], of.before.month)[0] if of.before else None,
    )


def _effect_rows(of: Compared) -> Iterable[EffectRow]:
    before, now = of.rates_before, of.rates_now
    # There are effects, so there is all of it.
    assert before is not None
    assert now is not None
    assert of.before is not None
    if not of.is_alike:
        yield EffectRow(_("考评方案变化"), _signed(of.scheme_effect))
    for name, effect in of.rate_effects.items():
        yield EffectRow(
            label=str(RATE_NAMES[name]),
            effect=_signed(effect),
            before=rates.percent(before[name], _PLACES),
            now=rates.percent(now[name], _PLACES),
            weight=rates.percent(Fraction(getattr(of.rules.weights, name)), _PLACES),
            unit="%",
            before_url=_url("valid", of, of.before) if of.is_alike else "",
            now_url=_url("valid", of, of.now),
        )
    bonus = of.before.score.bonus, of.now.score.bonus
    yield EffectRow(_("加分"), _signed(of.bonus_effect), *bonus)


def _class_row(of: Compared, one: ClassEffect) -> ClassRow:
    category = category_by_code(one.code) if one.code not in (TOGETHER, UNCLASSED) else None
    name = {TOGETHER: _("合并的类别"), UNCLASSED: _("没有分类")}.get(one.code, "")
    return _row(
        of,
        (one.before, one.now),
        name=category.name if category else name or one.code,
        url=lambda cell, month: _url(cell, of, month, category=one.code) if category else "",
        effects=[one.effects[rate].total for rate in RATES],
        mix=one.mix,
        is_together=one.code == TOGETHER,
    )


def _total_row(of: Compared) -> ClassRow:
    """All classes together: the sums, unrounded until here."""
    return _row(
        of,
        (pooled(one.before for one in of.classes), pooled(one.now for one in of.classes)),
        name=_("全部类别"),
        url=lambda cell, month: _url(cell, of, month),
        effects=[of.rate_effects[rate] for rate in RATES],
        mix=sum((one.mix for one in of.classes), Fraction(0)),
    )


def _row(
    of: Compared,
    sides: tuple[Counts, Counts],
    *,
    name: str,
    url: Callable[[str, UnitMonth], str],
    effects: list[Fraction],
    mix: Fraction,
    is_together: bool = False,
) -> ClassRow:
    """One row of the table of classes, from its counts in both months."""
    assert of.before is not None  # there are effects
    months = (of.before, of.now)

    def address(cell: str, month: UnitMonth) -> str:
        return "" if month is of.before and not of.is_alike else url(cell, month)

    def number(cell: str, month: UnitMonth, counts: Counts) -> Number:
        value = counts.valid if cell == "valid" else counts.valid - counts.resolved
        label = f"{month.month.label} {name} {CELLS[cell]}"
        return Number(label, value, address(cell, month) if value else "", "")

    return ClassRow(
        name=name,
        numbers=[
            number(cell, month, counts)
            for cell in ("valid", "unresolved")
            for month, counts in zip(months, sides, strict=True)
        ],
        rates=[Pair(*(_percent(one, rate, of) for one in sides)) for rate in RATES],
        before_url=address("valid", of.before),
        now_url=address("valid", of.now),
        effects=[_signed(effect) for effect in effects],
        mix=_signed(mix),
        total=_signed(sum(effects, Fraction(0))),
        is_together=is_together,
    )


def _percent(counts: Counts, rate: str, of: Compared) -> Decimal | None:
    found = decomposition.rate_of(counts, rate, of.rules.basic_credit)
    return rates.percent(found, _PLACES)


def _url(cell: str, of: Compared, month: UnitMonth, **narrowed: str) -> str:
    return cell_url(cell, month.month, unit=of.unit.code, **narrowed)


def _signed(value: Fraction) -> Decimal:
    """Rounded half away from 0, so that what was lost and what was gained round alike."""
    size = rates.rounded(abs(value), _PLACES) or Decimal(0)
    return -size if value < 0 and size else size
