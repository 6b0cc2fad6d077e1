"""领导批示: a leader's sentence on a ticket, answered by the unit within a clock of its own."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from dispatch.models import Assignment, AssignmentRole, OrderReason, SupervisionOrder
from dispatch.services.orders import save_order
from hotline.core.actors import Actor
from hotline.core.models import ClockKind
from hotline.core.privacy.redact import extract_references
from hotline.core.violations import IllegalMove, RuleViolation
from intake.acts import Act, act, whole
from intake.models import Clock, Level, Ticket
from intake.services.registration import tidy

INSTRUCTION_LIMIT = 500
ANSWER_LIMIT = 2_000
# Their own limits are hours; an answer within working days would come when all is over.
_URGENT = (Level.L1, Level.L2)


def instruct(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    text: str,
    due_at: dt.datetime | None = None,
) -> Ticket:
    """批示: the leader says in a sentence what is wanted, and the unit in charge must answer in
    time: when the leader says, or else within the limit for supervision orders (hours for the first
    two levels). It changes nothing in the course of the ticket. Several leaders may each give one.

    Raises RuleViolation without a text or for a time that has passed; IllegalMove where no unit has
    the ticket.
    """
    with whole():
        with act("instruct", number, actor=actor, at=at, version=version) as a:
            text = _words(text, INSTRUCTION_LIMIT, _("批示"), "text", "instruction_required")
            unit_id, clock = _begin(a, due_at)
            a.record("instructed", unit_id=unit_id)
        _write(a, unit_id, clock, text)
    return a.ticket


def answer_instruction(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    answer: str,
    instruction: int | None = None,
) -> Ticket:
    """The unit in charge answers an instruction (the oldest, unless it is named), in time or late.
    What was done about the matter itself is reported and replied as ever."""
    with act("answer_instruction", number, actor=actor, at=at, version=version) as a:
        answer = _words(answer, ANSWER_LIMIT, _("答复"), "answer", "instruction_answer_required")
        lead = _last_lead(a)
        waiting = SupervisionOrder.objects.to_answer().filter(unit_id=lead.unit_id)
        order = _named(a, waiting, instruction, "no_instruction")
        order.answer, order.answered_at, order.answered_by = answer, at, actor.reference
        order.save(update_fields=["answer", "answered_at", "answered_by"])
        for clock in a.running(ClockKind.SUPERVISION):
            if clock.pk == order.clock_id:
                a.stop_clock(clock)
        if lead.is_open:
            save_order(a, lead)
        a.record("instruction_answered", unit_id=order.unit_id, order=order.pk)
    return a.ticket


def accept_instruction(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    instruction: int | None = None,
) -> Ticket:
    """阅毕: the leader has read the answer, or that none came before the unit lost the ticket, and
    is content. Nothing on the ticket waits for it."""
    with act("accept_instruction", number, actor=actor, at=at, version=version) as a:
        read = _named(a, SupervisionOrder.objects.to_read(), instruction, "no_instruction_answer")
        read.accepted_at, read.accepted_by = at, actor.reference
        read.save(update_fields=["accepted_at", "accepted_by"])
        a.record("instruction_accepted", unit_id=read.unit_id, order=read.pk)
    return a.ticket


def send_back_instruction(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    text: str,
    due_at: dt.datetime | None = None,
    instruction: int | None = None,
) -> Ticket:
    """The leader is not content and says why: the unit that has the ticket now must answer that,
    with a new clock. What was written before stays beside it."""
    with whole():
        with act("send_back_instruction", number, actor=actor, at=at, version=version) as a:
            text = _words(text, INSTRUCTION_LIMIT, _("要求"), "text", "instruction_required")
            waiting = SupervisionOrder.objects.to_read()
            read = _named(a, waiting, instruction, "no_instruction_answer")
            read.sent_back_at = at
            read.save(update_fields=["sent_back_at"])
            unit_id, clock = _begin(a, due_at)
            a.record("instruction_sent_back", unit_id=unit_id, order=read.pk)
        _write(a, unit_id, clock, text, follows=read)
    return a.ticket


def _begin(a: Act, due_at: dt.datetime | None) -> tuple[int, Clock]:
    """Start the clock of the unit in charge."""
    if due_at is not None and due_at <= a.at:
        raise RuleViolation("instruction_due_passed", field="due_at")
    if due_at is None and a.ticket.level in _URGENT:
        due_at = a.at + dt.timedelta(hours=settings.INSTRUCTION_URGENT_HOURS)
    order = _last_lead(a)
    own = {"unit_id": order.unit_id, "subject_id": order.pk}
    clock = a.start(ClockKind.SUPERVISION, due_at=due_at, **own)
    if order.is_open:
        save_order(a, order)
    return order.unit_id, clock


def _write(
    a: Act, unit_id: int, clock: Clock, text: str, follows: SupervisionOrder | None = None
) -> None:
    """The row names its clock, which has its number once the act is written."""
    SupervisionOrder.objects.create(
        ticket=a.ticket,
        unit_id=unit_id,
        reason=OrderReason.INSTRUCTION,
        issued_at=a.at,
        issued_by=a.actor.reference,
        text=text,
        clock_id=clock.pk,
        follows=follows,
    )


def _last_lead(a: Act) -> Assignment:
    """The order of the unit in charge, also when it has replied."""
    leads = Assignment.objects.select_for_update().filter(ticket=a.ticket, role=AssignmentRole.LEAD)
    return leads.latest("id")


def _named(
    a: Act, waiting: QuerySet[SupervisionOrder], pk: int | None, refusal: str
) -> SupervisionOrder:
    """The one that is meant: the oldest unless it is named."""
    found = waiting.select_for_update().filter(ticket=a.ticket).order_by("id")
    order = (found.filter(pk=pk) if pk else found).first()
    if order is None:
        raise IllegalMove(refusal, number=a.ticket.number)
    return order


def _words(text: str, limit: int, label: str, field: str, required: str) -> str:
    """As it is kept: telephone and identity numbers stay with the requester's data."""
    return extract_references(tidy(text, limit, label, field, required=required))[0]
