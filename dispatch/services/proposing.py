"""Which unit should lead, and why."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from hotline.core.models import Area, Unit, UnitKind
from hotline.core.places import district_unit, units
from intake.services.registration import district_of
from knowledge.models import Category

_STREET_DEPTH = 2


@dataclass(frozen=True)
class Proposal:
    """Which unit should lead, why, which units co-operate, and which district gets the
    supervising copy; what the catalogue recommends and which edition and clause said so."""

    unit: Unit
    basis: str
    copy: Unit | None
    cooperators: tuple[Unit, ...] = ()
    level: str = ""
    urgency: str = ""
    length: tuple[int, str] | None = None
    version_id: int | None = None
    entry_id: int | None = None


def propose_unit(
    area: Area | None,
    *,
    at: dt.datetime,
    category: Category | None = None,
    request_type: str = "",
    target: str = "",
) -> Proposal | None:
    """The unit of the place (属地, R-030): its street, else its district (R-032).

    None where the place is unknown or has no unit of its own yet. The basis is kept with the
    order, so it is in the city's language whatever language the agent reads.
    """
    if area is None:
        return None
    copy = district_unit(district_of(area))
    street = _unit_of_street(area, timezone.localdate(at))
    if street is not None:
        return Proposal(street, f"按事发地（{_name(street)}）", copy)
    if copy is not None:
        return Proposal(copy, f"按事发地（{_name(copy)}）", None)
    return None


def _unit_of_street(area: Area, today: dt.date) -> Unit | None:
    code = area.code_at(_STREET_DEPTH)
    if code is None:
        return None
    return next(
        (
            unit
            for unit in units().values()
            if unit.kind == UnitKind.STREET
            and unit.area is not None
            and unit.area.code == code
            and unit.valid_from <= today
            and (unit.valid_to is None or unit.valid_to > today)
        ),
        None,
    )


def _name(unit: Unit) -> str:
    return unit.area.name if unit.area else unit.name
