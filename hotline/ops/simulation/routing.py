"""Which unit of the fictitious city leads: the one that the dispatch catalogue proposes, or, when
somebody is in a hurry, another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

from django.utils import timezone

from dispatch.models import AssignmentRole
from dispatch.services import Proposal, propose_unit
from dispatch.services.duties import duty_of
from hotline.core.models import Area, Unit
from knowledge.models import Category


class Place(NamedTuple):
    """Where the matter is: the codes of the district and of the street."""

    district: str
    street: str


def right(category: Category, request_type: str, area: Area, at: dt.datetime) -> Proposal:
    """What the catalogue in force proposes. Raises LookupError where it names nobody, which no
    place of the fictitious city allows."""
    found = propose_unit(area, at=at, category=category, request_type=request_type)
    if found is None:
        raise LookupError(f"nobody leads {category.code} in {area.code}")
    return found


def mistaken(
    lead: Unit, category: Category, place: Place, units: Mapping[str, Unit], at: dt.datetime
) -> Unit | None:
    """Where a dispatcher in a hurry sends it: the street gets what belongs to a line, unless its
    duty list forbids that; then, and for what belongs to the street, the district. None where the
    district is right and no street is known."""
    for code in (place.street, place.district):
        unit = units[code]
        duty = duty_of(unit, category.pk, timezone.localdate(at))
        if unit.pk != lead.pk and (duty is None or duty.allows(AssignmentRole.LEAD)):
            return unit
    return None
