"""The city's limits as a unit meets them: level by level, and where another law sets its own."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from dispatch import services as dispatching
from dispatch.models import Assignment, CatalogueEntry, CatalogueVersion
from hotline.core.reference import forget_all
from intake.models import Ticket
from tests.factories import (
    AT,
    LONG_AGO,
    accepted_ticket,
    category,
    days,
    dispatched_ticket,
    dispatcher,
    fresh,
    hours,
    minutes,
    unit,
)
from tests.kernel.snapshots import running

pytestmark = pytest.mark.usefixtures("city")
GIVEN = AT + minutes(5)


def length(ticket: Ticket, kind: str, since: dt.datetime) -> dt.timedelta | None:
    """How long the ticket's running promise of a kind is; None where there is none."""
    clock = running(ticket).get(kind)
    return clock.due_at - since if clock else None


@pytest.mark.parametrize(
    ("level", "limit"), [("L1", hours(1)), ("L2", hours(2)), ("L3", hours(24)), ("L4", hours(24))]
)
def test_r034_dispatch_is_due_by_the_level_from_acceptance(level: str, limit: dt.timedelta) -> None:
    assert length(accepted_ticket(level=level), "dispatch", AT) == limit


@pytest.mark.parametrize(
    ("level", "limit"),
    [("L1", minutes(10)), ("L2", hours(1)), ("L3", hours(12)), ("L4", hours(12))],
)
def test_r052_an_order_is_signed_within_the_time_of_its_level(
    level: str, limit: dt.timedelta
) -> None:
    assert length(dispatched_ticket(level=level), "sign", GIVEN) == limit


@pytest.mark.parametrize(
    ("level", "limit"),
    [("L1", minutes(30)), ("L2", hours(2)), ("L3", hours(24)), ("L4", hours(24))],
)
def test_r053_the_requester_is_contacted_within_the_time_of_the_level(
    level: str, limit: dt.timedelta
) -> None:
    assert length(dispatched_ticket(level=level), "first_contact", GIVEN) == limit


@pytest.mark.parametrize(
    ("level", "urgency", "limit"),
    [
        ("L1", "ordinary", hours(2)),
        ("L2", "ordinary", hours(24)),
        ("L3", "urgent", days(1)),
        ("L3", "prompt", days(3)),
        ("L3", "ordinary", days(7)),
        ("L4", "ordinary", days(15)),
    ],
)
def test_r055_the_feedback_is_due_by_level_and_urgency(
    level: str, urgency: str, limit: dt.timedelta
) -> None:
    ticket = dispatched_ticket(level=level, urgency=urgency)

    assert length(ticket, "feedback", GIVEN) == limit
    assert length(ticket, "promise", AT) == limit


# === Another law's limit (R-058) ============================================================


def named_by_another_law(**changed: Any) -> None:
    """An edition that gives property management to the street, within thirty days by its law."""
    version = CatalogueVersion.objects.create(
        number=1, made_at=AT, made_by="system", published_at=AT, valid_from=LONG_AGO
    )
    clause = {"lead": "street", "limit_amount": 30, "limit_unit": "calendar_days"} | changed
    CatalogueEntry.objects.create(
        version=version, category=category("05"), basis="某条例第三十条", **clause
    )
    forget_all()


def given_to(code: str, **fields: Any) -> Ticket:
    ticket = accepted_ticket(**fields)
    dispatching.dispatch(number=ticket.number, actor=dispatcher(), at=GIVEN, lead_unit=unit(code))
    return fresh(ticket)


def test_r058_another_laws_limit_stands_where_the_clause_names_one() -> None:
    named_by_another_law()
    ticket = given_to("990101001")

    assert length(ticket, "feedback", GIVEN) == days(30)
    assert running(ticket)["feedback"].own_amount == 30
    assert length(ticket, "promise", AT) == days(7)


def test_r058_an_emergency_keeps_its_two_hours_all_the_same() -> None:
    named_by_another_law()

    assert length(given_to("990101001", level="L1"), "feedback", GIVEN) == hours(2)


def test_r058_the_clause_speaks_of_the_unit_it_names_and_no_other() -> None:
    named_by_another_law()
    ticket = given_to("ent-heat")

    assert length(ticket, "feedback", GIVEN) == days(7)
    assert Assignment.objects.get(ticket=ticket, role="lead").entry_id is None
