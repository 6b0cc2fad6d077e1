"""Conditions that take more than a column: what is a repeat, what was solved at once, which promise
to a requester was kept. What the city's facts say is read as it was known when the month's facts
were complete: acts recorded later change nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KT

from dispatch.models import (
    WRONG_DISPATCH,
    Assignment,
    AssignmentRole,
    EndReason,
    ObjectionOutcome,
)
from evaluation.indicators.facts import View
from evaluation.models import Outcome
from hotline.core.models import ClockKind
from intake.models import (
    Clock,
    ClockAdjustment,
    RequestType,
    Ticket,
    TicketEvent,
    TicketRequester,
)
from intake.models.requesters import PartyRole

REPEAT_WINDOW = dt.timedelta(days=90)
QUIET_DAYS = dt.timedelta(days=7)
# F-13: so long after a request was accepted it is still the contact in which it came in: the call,
# and what an agent writes after it. Another length is set by FIRST_CONTACT_MINUTES.
FIRST_CONTACT_MINUTES: int = settings.FIRST_CONTACT_MINUTES
FIRST_CONTACT = dt.timedelta(minutes=FIRST_CONTACT_MINUTES)
CONSULTATION = Q(request_type=RequestType.CONSULT)


def raised_before(of: View) -> Q:
    """F-17: the same requester raised the same matter (class and place) in the 90 days before,
    with whichever unit."""
    before = Outcome.objects.filter(
        requester_id=OuterRef("requester_id"),
        category_id=OuterRef("category_id"),
        area_id=OuterRef("area_id"),
        given_at__lte=of.known_until,
        accepted_at__lt=OuterRef("accepted_at"),
        accepted_at__gte=OuterRef("accepted_at") - REPEAT_WINDOW,
    )
    return Q(Exists(before))


# --- orders and objections (F-15) ---------------------------------------------------------------


def objected(of: View) -> Q:
    """The unit said that the matter is not its own."""
    return Q(objections__raised_at__lte=of.known_until)


def returned(of: View) -> Q:
    """It was right."""
    return Q(
        objections__outcome__in=WRONG_DISPATCH, objections__ruled_at__lte=of.known_until
    )  # fmt: skip


def objected_wrongly(of: View) -> Q:
    """It was not."""
    return Q(
        objections__outcome=ObjectionOutcome.REJECTED, objections__ruled_at__lte=of.known_until
    )


# --- what the hotline dealt with itself (F-13) --------------------------------------------------


def on_the_spot(of: View) -> Q:
    """Answered, or told why no order is made, in the contact in which it came in, and never
    dispatched."""
    return _told(of, _events(of, "answered", "informed"))


def solved_at_once(of: View) -> Q:
    """A consultation answered on the spot about which its requester had nothing more to say for
    seven days: it was not opened again, and the requester did not come about the same class. The
    place is seldom asked in a consultation."""
    opened_again = _events(of, "reopened").filter(
        ticket_id=OuterRef("ticket_id"), occurred_at__lte=OuterRef("occurred_at") + QUIET_DAYS
    )
    answered = _events(of, "answered").exclude(Exists(opened_again))
    return CONSULTATION & _told(of, answered) & ~Q(pk__in=_came_again(of))


def _told(of: View, closings: QuerySet[TicketEvent]) -> Q:
    """The tickets that ended by one of these events in the contact in which they came in."""
    orders = Assignment.objects.filter(
        ticket=OuterRef("pk"), role=AssignmentRole.LEAD, dispatched_at__lte=of.known_until
    ).exclude(end_reason=EndReason.UNDONE)
    told = closings.filter(
        ticket_id=OuterRef("pk"), occurred_at__lte=OuterRef("accepted_at") + FIRST_CONTACT
    )
    return Q(pk__in=_accepted(of).filter(Exists(told)).exclude(Exists(orders)).values("pk"))


def _accepted(of: View) -> QuerySet[Ticket]:
    """Those of the month, in plain dates: the database then joins that span once."""
    period = of.month.period
    return Ticket.objects.filter(accepted_at__gte=period.start, accepted_at__lt=period.end)


def _events(of: View, *types: str) -> QuerySet[TicketEvent]:
    """What happened to the month's tickets, as far as it was known."""
    return TicketEvent.objects.filter(
        type__in=types, recorded_at__gte=of.month.period.start, recorded_at__lte=of.known_until
    )


def _came_again(of: View) -> QuerySet[Any]:
    """Consultations whose requester came again about the same class within seven days of the
    answer. Looked for between two plain dates, which the database joins once."""
    begins, ends = of.month.period.start, of.month.period.end
    last = min(of.known_until, ends + FIRST_CONTACT + QUIET_DAYS)
    answers = _events(of, "answered").filter(ticket_id=OuterRef("ticket_id")).order_by("seq")
    again = TicketRequester.objects.annotate(told_class=_class_told(of)).filter(
        requester_id=OuterRef("requester_id"),
        joined_at__range=(begins, last),
        joined_at__gt=OuterRef("joined_at"),
        joined_at__lte=OuterRef("answered_at") + QUIET_DAYS,
        told_class=OuterRef("told_class"),
    )
    first = TicketRequester.objects.filter(
        role=PartyRole.MAIN,
        joined_at__gte=begins,
        joined_at__lt=ends,
        ticket__request_type=RequestType.CONSULT,
    ).annotate(answered_at=Subquery(answers.values("occurred_at")[:1]), told_class=_class_told(of))
    return first.filter(Exists(again)).values("ticket_id")


def _class_told(of: View) -> Subquery:
    """The class of a requester's ticket, as it was known."""
    told = TicketEvent.objects.filter(
        ticket_id=OuterRef("ticket_id"),
        type__in=("accepted", "classified", "dispatched"),
        recorded_at__gte=OuterRef("ticket__accepted_at"),
        recorded_at__lte=of.known_until,
    )
    return Subquery(told.order_by("-seq").annotate(code=KT("data__category")).values("code")[:1])


# --- the promise to the citizen (F-14) ----------------------------------------------------------


def promise_decided(of: View) -> Q:
    """Kept, or its time has come. Opened again, a ticket has a new promise to keep; one that was
    missed stays missed."""
    return _promises(of, _missed(of)) | promise_kept(of)


def promise_kept(of: View) -> Q:
    """Every promise to the citizen was kept, by feedback or by the close of what needed none."""
    known = of.known_until
    kept = Q(stopped_at__lte=known, stopped_at__lt=F("due_at"), is_cancelled=False)
    waits = Q(started_at__lte=known) & (Q(stopped_at=None) | Q(stopped_at__gt=known))
    return _promises(of, kept) & ~_promises(of, _missed(of) | waits)


def _missed(of: View) -> Q:
    """Not kept when its time came. One whose time was moved later on had not come then."""
    known = of.known_until
    moved = ClockAdjustment.objects.filter(adjusted_at__gt=known)
    late = Q(stopped_at=None) | Q(stopped_at__gte=F("due_at"))
    return late & Q(due_at__lte=known) & ~Q(pk__in=moved.values("clock_id"))


def _promises(of: View, which: Q) -> Q:
    period = of.month.period
    clocks = Clock.objects.filter(
        which,
        kind=ClockKind.PROMISE,
        ticket__accepted_at__gte=period.start,
        ticket__accepted_at__lt=period.end,
    )
    return Q(pk__in=clocks.values("ticket_id"))
