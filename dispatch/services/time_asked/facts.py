"""Waiting for facts that only the requester has: bounded, once in a round."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.utils.translation import gettext as _

from dispatch.models import Assignment, FactRequest
from dispatch.services.dispatching import REASON_LIMIT
from dispatch.services.objections import PAUSING_LEVELS
from dispatch.services.orders import (
    lead_order,
    pause_owed,
    promised,
    resume_owed,
    save_order,
)
from dispatch.services.time_asked.questions import OWED_KINDS, check_free
from hotline.core.actors import Actor
from hotline.core.models import ClockKind
from hotline.core.privacy.redact import extract_references
from hotline.core.violations import IllegalMove
from intake.acts import Act, act
from intake.models import Ticket
from intake.services.registration import tidy

ANSWER_LIMIT = 2_000


def ask_facts(
    *, number: str, actor: Actor, at: dt.datetime, version: int | None = None, question: str
) -> Ticket:
    """The unit cannot go on without facts from the requester: what it owes stands still on the
    third and fourth level until they come, at most until the limit passes; on the first two
    levels nothing stands still (as R-048). Never of an anonymous requester, who cannot be asked.

    When the limit passes without an answer, the unit goes on with what it has.
    """
    with act("ask_facts", number, actor=actor, at=at, version=version) as a:
        if a.ticket.is_anonymous:
            raise IllegalMove("nobody_to_contact", number=number)
        order = lead_order(a)
        check_free(a)
        _check_times(a, order)
        question = tidy(
            question, REASON_LIMIT, _("要补充的情况"), "question", required="question_required"
        )
        _give_up_waiting(a, order)
        facts = a.start(ClockKind.FACTS, subject_id=order.pk)
        request = FactRequest.objects.create(
            assignment=order,
            question=question,
            asked_at=at,
            asked_by=actor.reference,
            until=facts.due_at,
        )
        if a.ticket.level in PAUSING_LEVELS:
            pause_owed(a, order, *OWED_KINDS, until=facts.due_at, cause="facts_asked")
        save_order(a, order)
        a.record(
            "facts_asked",
            unit_id=order.unit_id,
            assignment=order.pk,
            request=request.pk,
            until=facts.due_at.isoformat(),
            **promised(a, order),
        )
    return a.ticket


def facts_received(
    *, number: str, actor: Actor, at: dt.datetime, version: int | None = None, answer: str
) -> Ticket:
    """The requester has answered, to the hotline or to the unit: what stood still runs again.
    Numbers of persons in the answer become references before it is kept. An answer that comes
    after the limit is kept all the same."""
    with act("facts_received", number, actor=actor, at=at, version=version) as a:
        order = lead_order(a)
        request = FactRequest.objects.filter(assignment=order, ended_at=None).first()
        if request is None:
            raise IllegalMove("no_facts_asked", number=number)
        answer = tidy(answer, ANSWER_LIMIT, _("补充的情况"), "answer", required="answer_required")
        request.answer = extract_references(answer)[0]
        request.answered_at = request.ended_at = at
        request.answered_by = actor.reference
        request.save(update_fields=["answer", "answered_at", "answered_by", "ended_at"])
        a.stop(ClockKind.FACTS)
        if at < request.until:  # later, another question may have stopped the clocks
            resume_owed(a, order, cause="facts_received")
        save_order(a, order)
        a.record(
            "facts_received",
            unit_id=order.unit_id,
            assignment=order.pk,
            request=request.pk,
            **promised(a, order),
        )
    return a.ticket


def _check_times(a: Act, order: Assignment) -> None:
    """How often it was asked since the last reply, which is where the round began."""
    asked = FactRequest.objects.filter(assignment=order)
    if order.replied_at is not None:
        asked = asked.filter(asked_at__gt=order.replied_at)
    if asked.count() >= settings.FACT_REQUESTS_PER_ROUND:
        raise IllegalMove(
            "facts_used_up", number=a.ticket.number, times=settings.FACT_REQUESTS_PER_ROUND
        )


def _give_up_waiting(a: Act, order: Assignment) -> None:
    """An earlier question that stayed unanswered makes room for the next."""
    FactRequest.objects.filter(assignment=order, ended_at=None).update(ended_at=a.at)
    a.stop(ClockKind.FACTS)
