"""What the call-taker does in one press: register a matter and give it to a unit."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from dispatch.services.dispatching import dispatch
from hotline.core.actors import Actor
from hotline.core.models import Area, Unit, UnitKind
from hotline.core.places import district_unit, units
from intake.acts import whole
from intake.models import Ticket
from intake.services.registration import accept, district_of

_STREET_DEPTH = 2


@dataclass(frozen=True)
class Proposal:
    """Which unit should lead, why, and which district gets the supervising copy."""

    unit: Unit
    basis: str
    copy: Unit | None


def register_and_dispatch(
    *, actor: Actor, at: dt.datetime, lead_unit: Unit, basis: str = "", **matter: Any
) -> Ticket:
    """D9: the matter is registered and dispatched at once (R-030).

    `matter` is what `accept` takes. Raises what `accept` and `dispatch` raise; a refusal of either
    leaves nothing behind.
    """
    with whole():
        ticket = accept(actor=actor, at=at, **matter)
        return dispatch(number=ticket.number, actor=actor, at=at, lead_unit=lead_unit, basis=basis)


def propose_unit(area: Area | None, *, at: dt.datetime) -> Proposal | None:
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
