"""What tests of the assessment build on: outcome rows, made by hand.

A row made here says what its test says; it belongs to a real ticket, made through the services, so
that lists and exports can show it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from evaluation.models import Outcome, OutcomeFacts
from evaluation.periods import assessment_month
from hotline.core.models import Unit
from intake.models import Ticket
from intake.models.requesters import PartyRole
from tests import factories as make


def make_outcome(
    *,
    model: type[OutcomeFacts] = Outcome,
    ticket: Ticket | None = None,
    unit: Unit | None = None,
    at: dt.datetime = make.AT,
    **fields: Any,
) -> OutcomeFacts:
    """甲一街道 leads a complaint accepted at `at`, in the month of that day; nothing more is known
    of it. Of a ticket that is given, its own facts are taken."""
    lead = unit or make.unit()
    if ticket is None:
        about = {
            name: fields[name] for name in ("request_type", "category", "area") if name in fields
        }
        ticket = make.dispatched_ticket(at=at, lead_unit=lead, **about)
    fields.setdefault("month", assessment_month(ticket.accepted_at).label)
    fields.setdefault("role", "lead")
    for name in ("request_type", "level", "category", "area", "accepted_at"):
        fields.setdefault(name, getattr(ticket, name))
    fields.setdefault("given_at", ticket.dispatched_at or ticket.accepted_at)
    fields.setdefault("attributed_at", fields.get("accepted_at", ticket.accepted_at))
    fields.setdefault("requester_id", requester_of(ticket))
    return model._default_manager.create(ticket=ticket, number=ticket.number, unit=lead, **fields)


def answered_outcome(
    *, contacted: bool = True, resolved: bool = True, satisfaction: str = "satisfied", **fields: Any
) -> OutcomeFacts:
    """The requester was called back by telephone and answered the three questions; unless told
    otherwise once, so that the first answer is the last."""
    at = fields.get("at", make.AT) + make.days(3)
    fields.setdefault("answer_count", 1)
    for which in ("first", "last"):
        fields.setdefault(f"{which}_at", at)
        fields.setdefault(f"{which}_channel", "phone")
        fields.setdefault(f"{which}_contacted", contacted)
        fields.setdefault(f"{which}_resolved", resolved)
        fields.setdefault(f"{which}_satisfaction", satisfaction)
    fields.setdefault("is_due", True)
    return make_outcome(**fields)


def requester_of(ticket: Ticket) -> int | None:
    """Who raised it; nobody of an anonymous ticket."""
    main = ticket.parties.filter(role=PartyRole.MAIN).values_list("requester_id", flat=True)
    return main.first()
