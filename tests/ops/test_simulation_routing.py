"""Which unit the simulated desk chooses: the catalogue's, or in a hurry another that may object."""

from __future__ import annotations

import pytest
from django.utils import timezone

from dispatch.models import AssignmentRole
from dispatch.services.duties import duty_of
from hotline.core.models import Area, Unit
from hotline.core.reference import forget_all
from hotline.ops.management.commands.seed import seed
from hotline.ops.simulation import messages, routing
from hotline.ops.simulation.routing import Place
from knowledge.models import Category

PLACE = Place("990101", "990101001")


@pytest.fixture(autouse=True)
def whole_city(db: None) -> None:
    forget_all()
    seed("city")


def right(code: str, place: Place = PLACE) -> Unit:
    matter, area = Category.objects.get(code=code), Area.objects.get(code=place.street)
    return routing.right(matter, "complaint", area, timezone.now()).unit


def mistaken(code: str, place: Place = PLACE) -> str | None:
    matter = Category.objects.get(code=code)
    units = {unit.code: unit for unit in Unit.objects.all()}
    found = routing.mistaken(right(code, place), matter, place, units, timezone.now())
    return found.code if found else None


def test_the_catalogue_names_a_unit_for_every_class_that_a_message_can_have() -> None:
    used = {code for words in messages.FILE_CLASSES.values() for _word, code in words}

    assert all(right(code).code for code in used)


def test_a_street_leads_what_lies_in_the_street_and_the_line_what_is_the_lines() -> None:
    assert right("070202").code == "990101001"
    assert right("010101").code == "ent-heat"
    assert right("020401").code == "ent-drain"
    assert right("140301").code == "990101-market"


def test_a_mistake_is_one_that_the_duty_lists_let_through() -> None:
    forbidden = duty_of(
        Unit.objects.get(code="990101001"), Category.objects.get(code="140301").pk,
        timezone.localdate(),
    )  # fmt: skip

    assert forbidden is not None
    assert not forbidden.allows(AssignmentRole.LEAD)
    assert mistaken("140301") == "990101"
    assert mistaken("070202") == "990101"


def test_nobody_errs_where_only_the_district_is_known_and_right() -> None:
    assert mistaken("070202", Place("990101", "990101")) is None
