"""The numbers of indicators, and the facts behind each of them.

A number and its list come from the same facts and the same condition, so that they cannot
disagree. As in the monthly table, a unit's number counts its facts, whoever reads it; the list
behind it shows those of its tickets that the reader may still see, and says how many.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.db.models import Aggregate, Count, QuerySet, Sum

from evaluation import monthly
from evaluation.indicators.definitions import (
    INDICATORS,
    Against,
    Audience,
    Indicator,
    Part,
)
from evaluation.indicators.dimensions import classes_of
from evaluation.indicators.facts import MONTHS_OF_A_YEAR, Base, View
from evaluation.indicators.populations import residents
from evaluation.models import FrozenOutcome
from evaluation.months import Month
from hotline.core.actors import Actor
from hotline.core.models import AreaPopulation, Unit

NUMERATOR, DENOMINATOR = "numerator", "denominator"
# Part → how much it counts.
Counted = Mapping[Part, int]


@dataclass(frozen=True)
class Reading:
    """One indicator of one unit, a group or the city in one month; `base` is None where the
    indicator has no denominator."""

    indicator: Indicator
    counted: int
    base: int | None = None
    is_estimate: bool = False
    min_sample: int = 0

    @property
    def value(self) -> Fraction | None:
        """Exact; None where there is nothing to divide by."""
        return None if self.base is None else self.indicator.divide(self.counted, self.base)

    @property
    def is_small(self) -> bool:
        """Too few to say anything; of residents there are never too few."""
        return self.base is not None and self.base < self.min_sample


def indicators_for(actor: Actor) -> list[Indicator]:
    """Those that are told to a reader: what came in at the hotline and never reached a unit is
    not among what a unit sees."""
    sees_the_city = actor.sees_all or bool(actor.district_ids)
    return [
        indicator
        for indicator in INDICATORS.values()
        if sees_the_city or indicator.audience == Audience.BOTH
    ]


def units_of(indicator: Indicator, month: Month, group: str, actor: Actor) -> list[Unit]:
    """Whose lines this reader sees; where it is told per resident, those with a population."""
    if not indicator.is_told_of(group):
        return []
    listed = monthly.units_of(month, group, actor)
    if not indicator.is_per_resident:
        return listed
    known = residents(listed)
    return [unit for unit in listed if unit.pk in known]


# --- the facts behind a number ----------------------------------------------------------------


@dataclass(frozen=True)
class Behind:
    """What a number counts: facts, and where in them the ticket and the amount stand."""

    rows: QuerySet[Any]
    ticket_field: str
    amount: str = ""

    @property
    def is_frozen(self) -> bool:
        """Counted from what a closed month was scored by."""
        return self.rows.model is FrozenOutcome

    def ticket_ids(self) -> QuerySet[Any]:
        return self.rows.order_by().values(self.ticket_field)

    def count(self) -> tuple[int, int]:
        """How much it counts, in how many different tickets."""
        found = self.rows.order_by().aggregate(
            times=_amount(self.amount), tickets=Count(self.ticket_field, distinct=True)
        )
        return found["times"] or 0, found["tickets"]


def has_tickets(indicator: Indicator, part: str) -> bool:
    """Whether a part counts facts about tickets at all: residents are none."""
    return part == NUMERATOR or indicator.against in (Against.FACTS, Against.LAST_YEAR)


def behind(
    indicator: Indicator, part: str, of: View, units: Iterable[Unit], dimension: str = ""
) -> Behind:
    """What a number counts: one unit's, several units', or (of what is not told of units) the
    city's as far as the reader sees it. Raises ValueError where a part counts no tickets."""
    if not has_tickets(indicator, part):
        raise ValueError(f"the {part} of {indicator.name} counts no tickets")
    counted = indicator.numerator if part == NUMERATOR else indicator.denominator
    assert counted is not None  # has_tickets
    if part == DENOMINATOR and indicator.against == Against.LAST_YEAR:
        of = of.before(MONTHS_OF_A_YEAR)
    rows = _rows(indicator.base, of, units, dimension).filter(counted.chosen(of))
    return Behind(rows, indicator.base.ticket_field, counted.amount)


def _rows(base: Base, of: View, units: Iterable[Unit], dimension: str = "") -> QuerySet[Any]:
    found = base.rows(of)
    if base.unit_field:
        found = found.filter(**{f"{base.unit_field}__in": [unit.pk for unit in units]})
    if dimension:
        found = found.filter(**{f"{base.category_field}__in": classes_of(dimension)})
    return found.order_by()


# --- numbers ----------------------------------------------------------------------------------


def overall(indicators: Sequence[Indicator], of: View, group: str) -> dict[str, Reading]:
    """The indicators of a whole group, and those of the city, by name: one statement for each
    kind of facts, however many indicators are made of them."""
    found: dict[str, Reading] = {}
    told = [i for i in indicators if not i.is_of_units or i.is_told_of(group)]
    listed = {i.name: tuple(units_of(i, of.month, group, of.actor)) for i in told}
    for base, units in dict.fromkeys((i.base, listed[i.name]) for i in told):
        ours = [i for i in told if i.base is base and listed[i.name] == units]
        counted = count(base, _parts(ours), of, units)
        last_year: Counted = {}
        compared = [i for i in ours if i.against == Against.LAST_YEAR]
        if compared:
            last_year = count(base, _parts(compared), of.before(MONTHS_OF_A_YEAR), units)
        people = residents(units).values() if any(i.is_per_resident for i in ours) else ()
        for i in ours:
            found[i.name] = _reading(i, of, counted, last_year, people)
    return found


def by_unit(indicator: Indicator, of: View, units: Collection[Unit]) -> dict[int, Reading]:
    """The indicator of every unit, by its id; one without facts has nothing counted."""
    if not units:
        return {}
    parts = _parts([indicator])
    counted = _per_unit(indicator.base, parts, of, units)
    last_year: Mapping[int, Counted] = {}
    if indicator.against == Against.LAST_YEAR:
        last_year = _per_unit(indicator.base, parts, of.before(MONTHS_OF_A_YEAR), units)
    people = residents(units) if indicator.is_per_resident else {}
    return {
        unit.pk: _reading(
            indicator,
            of,
            counted.get(unit.pk, {}),
            last_year.get(unit.pk, {}),
            [people[unit.pk]] if unit.pk in people else (),
        )
        for unit in units
    }


def per_resident(indicator: Indicator, counted: int, people: Iterable[AreaPopulation]) -> Reading:
    """Against those who live there; one estimate among them makes the sum one."""
    known = list(people)
    living = sum(population.residents for population in known)
    return Reading(indicator, counted, living, any(p.is_estimate for p in known))


def count(base: Base, parts: Sequence[Part], of: View, units: Iterable[Unit]) -> dict[Part, int]:
    """Several parts over all these units together."""
    rows = _rows(base, of, units)
    found = {part: rows.filter(part.chosen(of)).count() for part in parts if part.is_apart}
    together = [part for part in parts if not part.is_apart]
    if together:
        counts = rows.aggregate(**_counts(together, of))
        found |= {part: counts[f"part{n}"] or 0 for n, part in enumerate(together)}
    return found


def _per_unit(
    base: Base, parts: Sequence[Part], of: View, units: Iterable[Unit]
) -> Mapping[int, Counted]:
    rows = _rows(base, of, units)
    found: dict[int, dict[Part, int]] = defaultdict(dict)
    for part in parts:
        if part.is_apart:
            grouped = rows.filter(part.chosen(of)).values_list(base.unit_field)
            for unit_id, n in grouped.annotate(n=Count("pk")):
                found[unit_id][part] = n
    together = [part for part in parts if not part.is_apart]
    if together:
        for line in rows.values(base.unit_field).annotate(**_counts(together, of)):
            counts = {part: line[f"part{n}"] or 0 for n, part in enumerate(together)}
            found[line[base.unit_field]].update(counts)
    return found


def _counts(parts: Sequence[Part], of: View) -> dict[str, Aggregate]:
    return {
        f"part{n}": _amount(part.amount, filter=part.chosen(of)) for n, part in enumerate(parts)
    }


def _amount(column: str, **options: Any) -> Aggregate:
    return Sum(column, **options) if column else Count("pk", **options)


def _parts(indicators: Iterable[Indicator]) -> list[Part]:
    """Each part once, however many indicators share it."""
    parts = (part for i in indicators for part in (i.numerator, i.denominator) if part)
    return list(dict.fromkeys(parts))


def _reading(
    indicator: Indicator,
    of: View,
    counted: Counted,
    last_year: Counted,
    people: Iterable[AreaPopulation],
) -> Reading:
    amount = counted.get(indicator.numerator, 0)
    if indicator.is_per_resident:
        return per_resident(indicator, amount, people)
    base = None
    if indicator.denominator is not None:
        source = last_year if indicator.against == Against.LAST_YEAR else counted
        base = source.get(indicator.denominator, 0)
    return Reading(indicator, amount, base, min_sample=of.month.rules.min_sample)
