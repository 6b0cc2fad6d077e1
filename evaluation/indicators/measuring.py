"""The numbers of indicators, and the facts behind each of them.

A number and its list come from the same facts and the same condition, so that they cannot
disagree. As in the monthly table, a unit's number counts its facts, whoever reads it; the list
behind it shows those of its tickets that the reader may still see, and says how many.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from django.db.models import Aggregate, Count, Q, QuerySet, Sum

from evaluation import monthly
from evaluation.indicators.definitions import EXCLUDED, INDICATORS
from evaluation.indicators.dimensions import classes_of
from evaluation.indicators.facts import HELD, MONTHS_OF_A_YEAR, Base, View
from evaluation.indicators.kinds import Against, Audience, Indicator, Part
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
    indicator has no denominator, or no figure of it is known. `until_cut` is what the running
    month's report tells of it, which alone can be compared with the same days of another month;
    `excluded` is what left the rates, where it is told beside them."""

    indicator: Indicator
    counted: int
    base: int | None = None
    is_estimate: bool = False
    min_sample: int = 0
    until_cut: Reading | None = None
    excluded: int | None = None

    @property
    def value(self) -> Fraction | None:
        """Exact; None where there is nothing to divide by."""
        return None if self.base is None else self.indicator.divide(self.counted, self.base)

    @property
    def is_small(self) -> bool:
        """Too few to say anything; of residents there are never too few."""
        return self.base is not None and self.base < self.min_sample

    @property
    def compared(self) -> Reading:
        """What of it is compared with another month."""
        return self.until_cut or self


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
    known = residents(listed, month)
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


def is_of_today(indicator: Indicator, of: View) -> bool:
    """Whether a number of a closed month may still move: it rests on what is kept without the time
    it was written down, or on the district that tickets lie in now."""
    is_by_district = not indicator.is_of_units and not of.actor.sees_all
    return of.month.is_closed and (indicator.is_of_today or is_by_district)


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


def overall(
    indicators: Sequence[Indicator], of: View, group: str, *, tells_excluded: bool = False
) -> dict[str, Reading]:
    """The indicators of a whole group, and those of the city, by name: one statement for each
    kind of facts, however many indicators are made of them. `tells_excluded`: with the number that
    left the rates beside them (F-21)."""
    found: dict[str, Reading] = {}
    told = [i for i in indicators if not i.is_of_units or i.is_told_of(group)]
    listed = {i.name: tuple(units_of(i, of.month, group, of.actor)) for i in told}
    rates = [i for i in told if tells_excluded and i.is_rate_of_answers]
    kinds = [(i.base, listed[i.name]) for i in told] + [(HELD, listed[i.name]) for i in rates]
    excluded: dict[tuple[Unit, ...], int] = {}
    for base, units in dict.fromkeys(kinds):
        ours = [i for i in told if i.base is base and listed[i.name] == units]
        left_out = [EXCLUDED] if base is HELD and rates else []
        counted = count(base, list(dict.fromkeys(_parts(ours) + left_out)), of, units)
        if left_out:
            excluded[units] = counted[0][EXCLUDED]
        last_year: Counted = {}
        compared = [i for i in ours if i.against == Against.LAST_YEAR]
        if compared:
            last_year = count(base, _parts(compared), of.before(MONTHS_OF_A_YEAR), units)[0]
        people = residents(units, of.month).values() if any(i.is_per_resident for i in ours) else ()
        for i in ours:
            found[i.name] = _reading(i, of, counted, last_year, people)
    for i in rates:
        found[i.name] = replace(found[i.name], excluded=excluded[listed[i.name]])
    return found


def by_unit(indicator: Indicator, of: View, units: Collection[Unit]) -> dict[int, Reading]:
    """The indicator of every unit, by its id; one without facts has nothing counted."""
    if not units:
        return {}
    parts = _parts([indicator])
    counted = _per_unit(indicator.base, parts, of, units)
    last_year: Mapping[int, list[Counted]] = {}
    if indicator.against == Against.LAST_YEAR:
        last_year = _per_unit(indicator.base, parts, of.before(MONTHS_OF_A_YEAR), units)
    people = residents(units, of.month) if indicator.is_per_resident else {}
    return {
        unit.pk: _reading(
            indicator,
            of,
            counted[unit.pk],
            last_year[unit.pk][0] if last_year else {},
            [people[unit.pk]] if unit.pk in people else (),
        )
        for unit in units
    }


def per_resident(indicator: Indicator, counted: int, people: Iterable[AreaPopulation]) -> Reading:
    """Against those who live there; one estimate among them makes the sum one."""
    known = list(people)
    living = sum(population.residents for population in known)
    return Reading(indicator, counted, living, any(p.is_estimate for p in known))


def count(base: Base, parts: Sequence[Part], of: View, units: Iterable[Unit]) -> list[Counted]:
    """Several parts over all these units together: whole, and of a running month then until its
    cut, by the same statements."""
    rows = _rows(base, of, units)
    spans = _spans(base, of)
    found: list[dict[Part, int]] = [{} for _span in spans]
    for counted in _statements(parts):
        chosen = rows.filter(counted[0].chosen(of)) if counted[0].is_apart else rows
        _put(found, counted, chosen.aggregate(**_counts(counted, of, spans)))
    return list(found)


def _per_unit(
    base: Base, parts: Sequence[Part], of: View, units: Collection[Unit]
) -> Mapping[int, list[Counted]]:
    rows = _rows(base, of, units)
    spans = _spans(base, of)
    found: dict[int, list[dict[Part, int]]] = {u.pk: [{} for _span in spans] for u in units}
    for counted in _statements(parts):
        chosen = rows.filter(counted[0].chosen(of)) if counted[0].is_apart else rows
        for line in chosen.values(base.unit_field).annotate(**_counts(counted, of, spans)):
            _put(found[line[base.unit_field]], counted, line)
    return {pk: list(counts) for pk, counts in found.items()}


def _statements(parts: Sequence[Part]) -> list[list[Part]]:
    """Which parts are counted together."""
    together = [part for part in parts if not part.is_apart]
    return [[part] for part in parts if part.is_apart] + ([together] if together else [])


def _spans(base: Base, of: View) -> list[Q]:
    """What of the month is counted: all of it, and what its report tells."""
    return [Q()] if of.cut is None else [Q(), Q(**{f"{base.time_field}__lt": of.cut})]


def _counts(parts: Sequence[Part], of: View, spans: Sequence[Q]) -> dict[str, Aggregate]:
    found: dict[str, Aggregate] = {}
    for n, part in enumerate(parts):
        chosen = Q() if part.is_apart else part.chosen(of)
        for s, span in enumerate(spans):
            found[f"part{n}_{s}"] = _amount(part.amount, filter=chosen & span or None)
    return found


def _put(
    found: list[dict[Part, int]], parts: Sequence[Part], counts: Mapping[str, int | None]
) -> None:
    for n, part in enumerate(parts):
        for s, of_span in enumerate(found):
            of_span[part] = counts[f"part{n}_{s}"] or 0


def _amount(column: str, **options: Any) -> Aggregate:
    return Sum(column, **options) if column else Count("pk", **options)


def _parts(indicators: Iterable[Indicator]) -> list[Part]:
    """Each part once, however many indicators share it."""
    parts = (part for i in indicators for part in (i.numerator, i.denominator) if part)
    return list(dict.fromkeys(parts))


def _reading(
    indicator: Indicator,
    of: View,
    counted: Sequence[Counted],
    last_year: Counted,
    people: Iterable[AreaPopulation],
) -> Reading:
    whole, *until_cut = [_made(indicator, of, one, last_year, people) for one in counted]
    return replace(whole, until_cut=until_cut[0]) if until_cut else whole


def _made(
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
