"""A year nobody has published yet: due times are provisional, then become firm."""

from __future__ import annotations

import datetime as dt

import pytest

from dispatch.models import Assignment
from hotline.core import outbox
from hotline.core.models import CalendarDay, TimeLimit
from hotline.core.reference import forget_all
from hotline.core.working_time import BUSINESS_ZONE
from intake.models import Clock, TicketEvent
from intake.services import firm_up
from tests.factories import dispatched_ticket, seed_reference

pytestmark = pytest.mark.django_db
FRIDAY = dt.datetime(2031, 1, 3, 10, tzinfo=BUSINESS_ZONE)


def _in_working_days() -> None:
    seed_reference()
    TimeLimit.objects.filter(kind="feedback").update(unit="working_days", amount=3)
    forget_all()


def _publish(year: int, *, days_off: set[dt.date]) -> None:
    days = (dt.date(year, 1, 1) + dt.timedelta(days=n) for n in range(365))
    CalendarDay.objects.bulk_create(
        CalendarDay(day=d, is_workday=d.weekday() < 5 and d not in days_off, source="test")
        for d in days
    )
    forget_all()


def test_an_unpublished_year_gives_a_provisional_due_time_and_refuses_nothing() -> None:
    _in_working_days()

    ticket = dispatched_ticket(at=FRIDAY)

    assert Clock.objects.get(ticket=ticket, kind="feedback").is_provisional
    assert firm_up(at=FRIDAY) == 1  # still nobody knows; said again every night


def test_publishing_the_year_moves_the_clock_says_so_and_sorts_the_inbox_anew() -> None:
    _in_working_days()
    ticket = dispatched_ticket(at=FRIDAY)
    _publish(2031, days_off={dt.date(2031, 1, 6), dt.date(2031, 1, 7)})

    left = firm_up(at=FRIDAY + dt.timedelta(hours=1))
    outbox.deliver_all(at=FRIDAY + dt.timedelta(hours=1))

    clock = Clock.objects.get(ticket=ticket, kind="feedback")
    assert left == 0
    assert not clock.is_provisional
    assert clock.due_at == dt.datetime(2031, 1, 10, 10, 5, tzinfo=BUSINESS_ZONE)
    assert TicketEvent.objects.filter(number=ticket.number, type="recomputed").count() == 1
    order = Assignment.objects.get(ticket=ticket, role="lead")
    assert order.next_due_at == min(
        Clock.objects.running().filter(subject_id=order.pk).values_list("due_at", flat=True)
    )
