"""Of whom a leader's page tells: the whole city, a district, or one unit, as far as the reader may
ask for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from hotline.core.actors import Actor
from hotline.core.models import Area, AssessmentGroup, Unit
from hotline.core.places import area_by_code, area_by_id, districts, unit_by_code, units
from intake.models.tickets import TicketQuerySet

# How deep in the territory the pieces lie that a scope is divided into.
DISTRICTS, STREETS, COMMUNITIES = 1, 2, 3


class ScopeKind(StrEnum):
    CITY = "city"
    DISTRICT = "district"
    UNIT = "unit"


@dataclass(frozen=True)
class Scope:
    """`district` is set for a district, `unit` for a unit; both for what a unit leads inside a
    district, which is all that the district may know of it."""

    kind: ScopeKind
    district: Area | None = None
    unit: Unit | None = None

    @property
    def code(self) -> str:
        """How it stands in an address: "city", "district:990101", "unit:990101001"."""
        named = self.unit or self.district
        return f"{self.kind}:{named.code}" if named else str(self.kind)

    @property
    def name(self) -> str:
        """As the place or the unit is called; the city has no name of its own here."""
        named = self.unit or self.district
        return named.name if named else ""

    @property
    def depth(self) -> int:
        """How deep the areas lie that its tickets are divided by: the city's districts, a
        district's streets, a street's communities; a department works in all districts."""
        if self.kind == ScopeKind.DISTRICT:
            return STREETS
        if self.unit is not None and self.unit.group == AssessmentGroup.STREET_TOWN:
            return COMMUNITIES
        return DISTRICTS

    def tickets(self, found: TicketQuerySet) -> TicketQuerySet:
        """Those of some tickets that lie in the district, or that the unit leads."""
        if self.district is not None:
            found = found.filter(district=self.district)
        return found if self.unit is None else found.filter(lead_unit=self.unit)

    def takes(self, unit: Unit) -> bool:
        """Whether a unit's own results belong to it."""
        if self.unit is not None:
            return unit.pk == self.unit.pk
        return self.district is None or _lies_in(unit, self.district)


CITY = Scope(ScopeKind.CITY)


def all_districts() -> list[Scope]:
    """Every district of the city."""
    areas = (area_by_id(pk) for _code, pk in sorted(districts().items()))
    return [Scope(ScopeKind.DISTRICT, district=area) for area in areas if area]


def scopes_of(actor: Actor) -> list[Scope]:
    """What a reader can begin with: the city, their districts, their units."""
    if actor.sees_all:
        return [CITY]
    own_districts = [area_by_id(pk) for pk in sorted(actor.district_ids)]
    own_units = [units()[pk] for pk in sorted(actor.unit_ids) if pk in units()]
    return [
        *(Scope(ScopeKind.DISTRICT, district=area) for area in own_districts if area),
        *(Scope(ScopeKind.UNIT, unit=unit) for unit in own_units),
    ]


def scope_named(code: str, actor: Actor) -> Scope | None:
    """The scope of an address as far as the reader may ask for it. None otherwise, and for what is
    no scope: nothing is shown then, never everything.

    The hotline asks for anything, a unit for itself, a district for itself and for its units, as
    far as what they lead lies in it.
    """
    kind, _colon, name = code.partition(":")
    if code == ScopeKind.CITY:
        return CITY if actor.sees_all else None
    if kind == ScopeKind.DISTRICT:
        pk = districts().get(name)
        is_own = actor.sees_all or pk in actor.district_ids
        return Scope(ScopeKind.DISTRICT, district=area_by_code(name)) if pk and is_own else None
    unit = unit_by_code(name) if kind == ScopeKind.UNIT else None
    if unit is None:
        return None
    if actor.sees_all or unit.pk in actor.unit_ids:
        return Scope(ScopeKind.UNIT, unit=unit)
    above = (area_by_id(pk) for pk in sorted(actor.district_ids))
    own = next((area for area in above if area and _lies_in(unit, area)), None)
    return Scope(ScopeKind.UNIT, district=own, unit=unit) if own else None


def _lies_in(unit: Unit, district: Area) -> bool:
    return unit.area is not None and unit.area.path.startswith(district.path)


def units_in(scope: Scope, listed: Collection[Unit]) -> list[Unit]:
    return [unit for unit in listed if scope.takes(unit)]
