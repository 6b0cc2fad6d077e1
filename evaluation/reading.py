"""What its reader may know of a requester's answer (R-087, R-018).

Answers go back to the units in full. One that the requester wants withheld is read by the hotline
and the auditors alone: everybody else learns that it was given, and not what it says.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from evaluation.models import CallbackResult
from hotline.core.actors import Actor


def open_to(actor: Actor, answers: QuerySet[CallbackResult]) -> QuerySet[CallbackResult]:
    """The answers whose content this reader may know: what lists, numbers and conditions on
    content may be made of."""
    return answers if actor.sees_all else answers.filter(is_withheld=False)


def as_read_by(actor: Actor, answers: Iterable[CallbackResult]) -> list[CallbackResult]:
    """All answers, emptied where the reader may only know that they were given. The rows in hand
    are changed and must not be saved; the database would refuse it."""
    found = list(answers)
    for answer in found:
        if answer.is_withheld and not actor.sees_all:
            answer.contacted = answer.resolved = None
            answer.satisfaction = answer.opinion = ""
    return found


def withheld_tickets(actor: Actor) -> QuerySet[CallbackResult, int]:
    """The tickets that a list chosen by what was answered leaves out for this reader: being in
    the list would tell the answer."""
    answers = CallbackResult.objects.filter(is_withheld=True)
    return (
        (answers.none() if actor.sees_all else answers)
        .order_by()
        .values_list("ticket_id", flat=True)
    )
