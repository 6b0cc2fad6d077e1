"""Which clause of the catalogue speaks of a matter, and which unit its words mean. Pure functions
over plain values: nothing here asks the database.

A clause names units by what they are, so that one line holds for the whole city:

* `street`, `district`, `community`: the unit of the place (a community co-operates only);
* `bureau:<line>`: the district's bureau of a line of duty, else the city's department;
* `city:<line>`, `enterprise:<line>`: the city's department, the public-service enterprise;
* `unit:<code>`: this very unit, or the one that has taken its place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from hotline.core.models import AreaKind, Unit, UnitKind

PLACE_TARGETS = ("street", "district")
LINE_TARGETS = ("bureau", "city", "enterprise")
COMMUNITY = "community"


class Reason(StrEnum):
    """Why a clause decides or does not; the page makes sentences of them."""

    CHOSEN = "chosen"
    # Another clause speaks of the matter more exactly.
    WIDER_CLASS = "wider_class"
    WIDER_AREA = "wider_area"
    PRECEDENT_FIRST = "precedent_first"
    EARLIER = "earlier"
    # The clause is the best one, but names nobody who could take the order.
    NO_PLACE = "no_place"
    NO_SUCH_UNIT = "no_such_unit"
    TWO_UNITS = "two_units"
    ENDED = "ended"
    NO_SUPERIOR = "no_superior"
    NOT_ITS_DUTY = "not_its_duty"
    ONLY_ASSISTS = "only_assists"
    OUTSIDE_LIST = "outside_list"
    # No clause decides: the place does.
    BY_STREET = "by_street"
    BY_DISTRICT = "by_district"


class StandIn(StrEnum):
    """Another unit than the words say, and why."""

    NONE = ""
    CITY_FOR_BUREAU = "city_for_bureau"
    DISTRICT_FOR_STREET = "district_for_street"
    SUCCESSOR = "successor"
    SUPERIOR = "superior"


@dataclass(frozen=True, slots=True)
class Clause:
    """An entry of the catalogue, or a precedent: matters of a class (in an area; empty: the whole
    city), the units named as targets, and what is recommended with them."""

    id: int
    category: str
    lead: str
    area: str = ""
    cooperators: tuple[str, ...] = ()
    is_precedent: bool = False
    level: str = ""
    urgency: str = ""
    length: tuple[int, str] | None = None
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the matter is, as codes from the city down; empty from where it is not known."""

    city: str = ""
    district: str = ""
    street: str = ""
    community: str = ""

    @classmethod
    def of(cls, path: str) -> Place:
        """From an area's path."""
        return cls(*path.rstrip("/").split("/")[:4])

    @property
    def path(self) -> tuple[str, ...]:
        codes = (self.city, self.district, self.street, self.community)
        return tuple(code for code in codes if code)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A clause that was considered (None: the place alone) and what became of it. The parameters
    are codes: the `unit` it means, the `stand_in`, the `item` of a duty list that refuses."""

    reason: Reason
    clause: Clause | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resolved:
    """The unit that a target means, or why there is none."""

    unit: Unit | None = None
    problem: Reason | None = None
    stand_in: StandIn = StandIn.NONE


# --- which clause ---------------------------------------------------------------------------


def class_path(code: str) -> tuple[str, ...]:
    """The class and those above it, the widest first: codes grow by two digits a level."""
    return tuple(code[:end] for end in range(2, len(code) + 1, 2))


def choose(
    clauses: Iterable[Clause], category_path: Sequence[str], area_path: Sequence[str]
) -> list[Weighed]:
    """The clauses that speak of the matter, the best first: the finest class wins, then the
    smallest area, then a precedent before an entry; of two precedents the newer. Both paths begin
    with the widest code."""
    depth = {code: n for n, code in enumerate(category_path)}
    reach = {"": -1, **{code: n for n, code in enumerate(area_path)}}
    fitting = [c for c in clauses if c.category in depth and c.area in reach]
    fitting.sort(
        key=lambda c: (depth[c.category], reach[c.area], c.is_precedent, c.id), reverse=True
    )
    return [
        Weighed(outranked(clause, fitting[0]) if n else Reason.CHOSEN, clause)
        for n, clause in enumerate(fitting)
    ]


def outranked(clause: Clause, best: Clause) -> Reason:
    """In what the better clause is better."""
    if len(clause.category) != len(best.category):
        return Reason.WIDER_CLASS
    if clause.area != best.area:
        return Reason.WIDER_AREA
    return Reason.PRECEDENT_FIRST if best.is_precedent != clause.is_precedent else Reason.EARLIER


# --- which unit -----------------------------------------------------------------------------


class Directory:
    """The units as targets name them, also those that have ended. Build once and keep."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self.by_id: dict[int, Unit] = {}
        self.by_code: dict[str, Unit] = {}
        self._of_place: dict[tuple[str, str], list[Unit]] = {}
        self._of_line: dict[tuple[str, str], list[Unit]] = {}
        for unit in units:
            self.by_id[unit.pk] = unit
            self.by_code[unit.code] = unit
            if unit.area is not None:
                place = unit.area.code
                key = f"{unit.kind}:{unit.line}" if unit.line else unit.kind
                self._of_place.setdefault((key, place), []).append(unit)
            if unit.line:
                self._of_line.setdefault((unit.kind, unit.line), []).append(unit)

    @property
    def lines(self) -> frozenset[str]:
        """Every line of duty that some unit has."""
        return frozenset(line for _kind, line in self._of_line)

    def of_place(self, kind: str, area: str, line: str = "") -> Sequence[Unit]:
        """The units of a kind (and line) whose territory is exactly this area."""
        return self._of_place.get((f"{kind}:{line}" if line else kind, area), ())

    def of_line(self, kind: str, line: str) -> Sequence[Unit]:
        return self._of_line.get((kind, line), ())


def resolve(target: str, place: Place, units: Directory, on: dt.date) -> Resolved:
    """The unit that a target means at a place on a day, or why none does.

    Where the street is not known or has no unit, its district stands in (R-032); where the
    district has no bureau of the line, the city's department does. A unit that has ended is
    followed to its successor.
    """
    kind, _colon, name = target.partition(":")
    match kind:
        case "street":
            return _street(place, units, on)
        case "district":
            return _of_place(UnitKind.DISTRICT, place.district, units, on)
        case "community":
            return _of_place(UnitKind.COMMUNITY, place.community, units, on)
        case "bureau":
            return _bureau(name, place, units, on)
        case "city":
            return _one(units.of_line(UnitKind.CITY_DEPARTMENT, name), units, on)
        case "enterprise":
            return _enterprise(name, place, units, on)
        case "unit" if name in units.by_code:
            return _one([units.by_code[name]], units, on)
    return Resolved(problem=Reason.NO_SUCH_UNIT)


def superior(unit: Unit, units: Directory, on: dt.date) -> Resolved:
    """Who takes an accusation against a unit (R-020): the unit above it, else the city's
    department of its line."""
    if unit.parent_id is not None:
        found = _one([units.by_id[unit.parent_id]], units, on)
    elif unit.kind == UnitKind.CITY_DEPARTMENT or not unit.line:
        return Resolved(problem=Reason.NO_SUPERIOR)
    else:
        found = _one(units.of_line(UnitKind.CITY_DEPARTMENT, unit.line), units, on)
    if found.unit is None:
        return Resolved(problem=Reason.NO_SUPERIOR)
    return Resolved(found.unit, stand_in=StandIn.SUPERIOR)


def is_in_force(unit: Unit, on: dt.date) -> bool:
    return unit.valid_from <= on and (unit.valid_to is None or on < unit.valid_to)


def _one(found: Sequence[Unit], units: Directory, on: dt.date) -> Resolved:
    """The one of them that exists on the day, or the successor of the only one that did."""
    now = [unit for unit in found if is_in_force(unit, on)]
    if len(now) == 1:
        return Resolved(now[0])
    if now:
        return Resolved(problem=Reason.TWO_UNITS)
    if len(found) == 1:
        heir = _heir(found[0], units, on)
        if heir is not None:
            return Resolved(heir, stand_in=StandIn.SUCCESSOR)
    return Resolved(problem=Reason.ENDED if found else Reason.NO_SUCH_UNIT)


def _heir(unit: Unit, units: Directory, on: dt.date) -> Unit | None:
    seen = {unit.pk}
    while unit.successor_id is not None and unit.successor_id not in seen:
        unit = units.by_id[unit.successor_id]
        if is_in_force(unit, on):
            return unit
        seen.add(unit.pk)
    return None


def _of_place(kind: str, area: str, units: Directory, on: dt.date) -> Resolved:
    if not area:
        return Resolved(problem=Reason.NO_PLACE)
    return _one(units.of_place(kind, area), units, on)


def _street(place: Place, units: Directory, on: dt.date) -> Resolved:
    found = _of_place(UnitKind.STREET, place.street, units, on)
    if found.unit is not None or found.problem == Reason.TWO_UNITS or not place.district:
        return found
    district = _of_place(UnitKind.DISTRICT, place.district, units, on)
    if district.unit is None:
        return found
    return Resolved(district.unit, stand_in=StandIn.DISTRICT_FOR_STREET)


def _bureau(line: str, place: Place, units: Directory, on: dt.date) -> Resolved:
    if not place.district:
        return Resolved(problem=Reason.NO_PLACE)
    found = _one(units.of_place(UnitKind.DISTRICT_DEPARTMENT, place.district, line), units, on)
    if found.unit is not None or found.problem == Reason.TWO_UNITS:
        return found
    city = _one(units.of_line(UnitKind.CITY_DEPARTMENT, line), units, on)
    if city.unit is None:
        return city if found.problem == Reason.NO_SUCH_UNIT else found
    return Resolved(city.unit, stand_in=StandIn.CITY_FOR_BUREAU)


def _enterprise(line: str, place: Place, units: Directory, on: dt.date) -> Resolved:
    """Of several, the one with the smallest territory around the place; one without a territory
    serves the whole city."""
    named = units.of_line(UnitKind.ENTERPRISE, line)
    around: dict[int, list[Unit]] = {}
    for unit in named:
        if unit.area is None or unit.area.kind == AreaKind.CITY:
            around.setdefault(0, []).append(unit)
        elif unit.area.code in place.path:
            around.setdefault(place.path.index(unit.area.code), []).append(unit)
    if not around:
        is_unknown = bool(named) and not place.district
        return Resolved(problem=Reason.NO_PLACE if is_unknown else Reason.NO_SUCH_UNIT)
    smallest = Resolved(problem=Reason.NO_SUCH_UNIT)
    for depth in sorted(around, reverse=True):
        smallest = _one(around[depth], units, on)
        if smallest.unit is not None or smallest.problem == Reason.TWO_UNITS:
            break
    return smallest


# --- how targets are written ----------------------------------------------------------------


def is_lead_target(target: str) -> bool:
    """Whether a clause may name its lead like this; a community never leads (R-040)."""
    kind, _colon, name = target.partition(":")
    return target in PLACE_TARGETS or (kind in (*LINE_TARGETS, "unit") and bool(name))


def is_cooperating_target(target: str) -> bool:
    return target == COMMUNITY or is_lead_target(target)
