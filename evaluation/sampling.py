"""Who is called back, and who is asked the fourth question: drawn by the scheme in force.

A draw is a keyed hash of the ticket's number: it falls the same way at every look, and nobody
outside can work it out beforehand.
"""

from __future__ import annotations

import datetime as dt

from evaluation.rules import Rules
from evaluation.schemes import month_at, scheme_for
from hotline.core.fields import exact_hash
from intake.models import Ticket

WHOLE = 100


def rules_at(at: dt.datetime) -> Rules:
    """The rules of the assessment month in which an instant falls."""
    return scheme_for(month_at(at).label)[1]


def is_sampled(ticket: Ticket, at: dt.datetime) -> bool:
    """Whether a ticket dispatched at `at` is to be called back: every one, or a share of them."""
    return _drawn("callback", ticket, rules_at(at).sample_percent)


def is_asked_of_pressure(ticket: Ticket, at: dt.datetime) -> bool:
    """Whether this requester is asked if anybody wanted them to change their evaluation, withdraw
    or keep silent."""
    return _drawn("pressure", ticket, rules_at(at).pressure_percent)


def _drawn(what: str, ticket: Ticket, percent: int) -> bool:
    if percent >= WHOLE:
        return True
    return int.from_bytes(exact_hash(f"{what}:{ticket.number}")[-8:]) % WHOLE < percent
