"""Finding areas and units by code: read on every act, so remembered for seconds."""

from __future__ import annotations

from hotline.core.actors import Actor
from hotline.core.models import Area, AreaKind, Channel, Unit
from hotline.core.reference import remembered


@remembered(Area)
def districts() -> dict[str, int]:
    """District code → id."""
    return dict(Area.objects.filter(kind=AreaKind.DISTRICT).values_list("code", "id"))


@remembered(Area)
def _areas_seen() -> dict[str, Area]:
    """Areas asked for in the last seconds; a city has thousands, so they are not all loaded."""
    return {}


def area_by_code(code: str) -> Area | None:
    seen = _areas_seen()
    if code not in seen:
        area = Area.objects.filter(code=code).first()
        if area is None:
            return None
        seen[code] = area
    return seen[code]


@remembered(Area)
def _areas_met() -> dict[int, Area]:
    return {}


def area_by_id(pk: int | None) -> Area | None:
    """The area of a ticket; read once in a while, not on every act."""
    if pk is None:
        return None
    met = _areas_met()
    if pk not in met:
        met[pk] = Area.objects.get(pk=pk)
    return met[pk]


@remembered(Unit)
def units() -> dict[int, Unit]:
    """Every unit by id, also those that have ended; a few thousand rows at most."""
    return {unit.pk: unit for unit in Unit.objects.select_related("area")}


@remembered(Channel)
def channels() -> dict[str, Channel]:
    return {channel.code: channel for channel in Channel.objects.all()}


def unit_by_code(code: str) -> Unit | None:
    return next((unit for unit in units().values() if unit.code == code), None)


def district_unit(area_id: int | None) -> Unit | None:
    """The district's own unit, which gets the supervising copy (R-031)."""
    if area_id is None:
        return None
    return next(
        (
            u
            for u in units().values()
            if u.kind == "district" and u.area_id == area_id and u.valid_to is None
        ),
        None,
    )


def units_answered_for(actor: Actor) -> frozenset[int]:
    """The units an actor works for, and every unit inside the districts the actor supervises."""
    if not actor.district_ids:
        return actor.unit_ids
    codes = {code for code, pk in districts().items() if pk in actor.district_ids}
    inside = {
        unit.pk
        for unit in units().values()
        if unit.area is not None and not codes.isdisjoint(unit.area.path.split("/"))
    }
    return actor.unit_ids | inside
