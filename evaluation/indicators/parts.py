"""Conditions that take more than a column: what is a repeat, what was solved at once."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet

from evaluation.indicators.facts import View
from evaluation.models import Outcome
from intake.models import CloseCode, RequestType, Ticket, TicketRequester
from intake.models.requesters import PartyRole
from intake.models.tickets import INFORM_CODES

REPEAT_WINDOW = dt.timedelta(days=90)
QUIET_DAYS = dt.timedelta(days=7)


def raised_before() -> Q:
    """F-17: the same requester raised the same matter (class and place) in the 90 days before,
    with whichever unit."""
    before = Outcome.objects.filter(
        requester_id=OuterRef("requester_id"),
        category_id=OuterRef("category_id"),
        area_id=OuterRef("area_id"),
        accepted_at__lt=OuterRef("accepted_at"),
        accepted_at__gte=OuterRef("accepted_at") - REPEAT_WINDOW,
    )
    return Q(Exists(before))


ON_THE_SPOT = Q(close_code__in=[CloseCode.ANSWERED, *INFORM_CODES], dispatched_at=None)
CONSULTATION = Q(request_type=RequestType.CONSULT)
ANSWERED_AT_ONCE = CONSULTATION & Q(
    close_code=CloseCode.ANSWERED, dispatched_at=None, reopen_count=0
)


def solved_at_once(of: View) -> Q:
    """A consultation answered on the spot and never opened again, after which its requester did
    not come about the same class for seven days. The place is seldom asked in a consultation."""
    return ANSWERED_AT_ONCE & ~Q(pk__in=_came_again(of))


def _came_again(of: View) -> QuerySet[Any]:
    """Such consultations whose requester came again. Looked for from the month's begin to seven
    days after its last answer, two plain dates: the database then joins that span once."""
    begins, ends = of.month.period.start, of.month.period.end
    answered = Ticket.objects.filter(
        ANSWERED_AT_ONCE, accepted_at__gte=begins, accepted_at__lt=ends
    )
    last = answered.aggregate(last=Max("closed_at"))["last"] or begins
    again = {
        "joined_at__gt": F("joined_at"),
        "joined_at__range": (begins, last + QUIET_DAYS),
        "joined_at__lte": F("ticket__closed_at") + QUIET_DAYS,
        "ticket__category_id": F("ticket__category_id"),
    }
    first = TicketRequester.objects.filter(
        role=PartyRole.MAIN,
        joined_at__gte=begins,
        joined_at__lt=ends,
        **{f"requester__parties__{name}": value for name, value in again.items()},
    )
    return first.values("ticket_id")


# The promise to the citizen is kept by the first feedback, or by the close of what needed none.
KEPT_TO_CITIZEN = Q(replied_at__lt=F("promised_at")) | Q(
    replied_at=None, closed_at__lt=F("promised_at")
)


def promise_decided(of: View) -> Q:
    """Kept, or its time has come."""
    return KEPT_TO_CITIZEN | Q(promised_at__lte=of.at)
