"""What a unit does with an order: sign, contact, report, reply."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from dispatch.models import (
    Assignment,
    AssignmentState,
    Contact,
    ContactMethod,
    Reply,
    ReplyKind,
)
from dispatch.services.orders import (
    clocks_of,
    end_questions,
    lead_order,
    open_callback,
    promised,
    save_order,
)
from dispatch.services.rounds import answer_order
from hotline.core.actors import Actor
from hotline.core.models import ClockKind
from hotline.core.violations import IllegalMove, RuleViolation
from intake.acts import UNIT_CLOCKS, Act, act
from intake.models import Clock, Level, Ticket
from intake.services.registration import tidy

REPLY_LIMIT = 10_000
REMARK_LIMIT = 500
# A measure further away is a plan to do nothing; the longest limit any city publishes is 180 days.
LONGEST_MEASURE = dt.timedelta(days=180)
# Levels whose feedback is not the end: a situation report, a plan of next measures.
REPORTED_LEVELS = {
    Level.L1: (ReplyKind.SITUATION, ClockKind.FINAL_REPLY),
    Level.L4: (ReplyKind.PLAN, ClockKind.MEASURE),
}


def sign(*, number: str, actor: Actor, at: dt.datetime, version: int | None = None) -> Ticket:
    """签收: the lead unit has the order. Two handlers at once: the second is told."""
    with act("sign", number, actor=actor, at=at, version=version) as a:
        order = lead_order(a)
        a.ticket.mark_signed()
        for clock in clocks_of(a, order, ClockKind.SIGN):  # not those of units that assist
            a.stop_clock(clock)
        answer_order(a, order)
        order.state, order.signed_at = AssignmentState.SIGNED, at
        save_order(a, order, "state", "signed_at")
        a.record("signed", unit_id=order.unit_id, assignment=order.pk)
    return a.ticket


def contact(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    method: str,
    contacted_at: dt.datetime | None = None,
    remark: str = "",
) -> Ticket:
    """The unit has been in touch with the requester (R-053). On a confidential ticket this goes
    through the hotline's relay, and a logged relay counts as contact."""
    with act("contact", number, actor=actor, at=at, version=version) as a:
        if a.ticket.is_anonymous:
            raise IllegalMove("nobody_to_contact", number=number)
        order = lead_order(a)
        when = _plausible(a, order, contacted_at, "contacted_at")
        _check_method(a.ticket, method, "method")
        remark = tidy(remark, REMARK_LIMIT, _("说明"), "remark")
        _contacted(a, order, method, when, remark)
        save_order(a, order, "contacted_at")
        a.record("contacted", unit_id=order.unit_id, occurred_at=when, method=method)
    return a.ticket


def report(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    text: str,
    told_by: str = "",
    told_at: dt.datetime | None = None,
    next_at: dt.datetime | None = None,
    is_done: bool = False,
) -> Ticket:
    """The feedback that does not end the work (R-059): the situation within two hours on the
    first level, the plan of next measures on the fourth. The ticket stays in hand and the next
    promise starts: the final reply, or the date of each measure, a clock of its own.

    Reporting again puts nothing off: a measure ends when the report says that it was carried out
    (`is_done`, the one due first), and `next_at` promises a further one."""
    with act("report", number, actor=actor, at=at, version=version) as a:
        if a.ticket.level not in REPORTED_LEVELS:
            raise IllegalMove("report_not_for_level", number=number)
        kind, next_kind = REPORTED_LEVELS[Level(a.ticket.level)]
        order = lead_order(a)
        if next_kind == ClockKind.MEASURE:
            _check_measures(a, next_at, is_done=is_done)
        text = tidy(text, REPLY_LIMIT, _("反馈内容"), "text", required="reply_required")
        when = told(a, order, told_by, told_at)
        a.stop(ClockKind.FEEDBACK, ClockKind.PROMISE)
        own = {"unit_id": order.unit_id, "subject_id": order.pk}
        if next_kind == ClockKind.MEASURE:
            if is_done and (measures := _measures(a)):
                a.stop_clock(measures[0])
            if next_at is not None:
                a.start(next_kind, due_at=next_at, **own)
        elif not a.running(next_kind):  # reporting again does not put off the final reply
            a.start(next_kind, **own)
        answer_order(a, order)
        if a.ticket.replied_at is None:
            a.change(replied_at=at)
        _write_reply(a, order, kind, text, "", told_by, when)
        save_order(a, order, "contacted_at")
        a.record(
            "reported",
            unit_id=order.unit_id,
            assignment=order.pk,
            kind=kind,
            **promised(a, order),
        )
    return a.ticket


def reply(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    text: str,
    solved: str,
    told_by: str = "",
    told_at: dt.datetime | None = None,
) -> Ticket:
    """The unit's reply (R-064): the requester has been told how it ended, and the hotline is told
    here; one without the other is no feedback. Not before the units that assist have answered or
    been released (design §4). Ends the unit's clocks and opens the call-back.

    After a re-handling the same text as before is refused.
    """
    with act("reply", number, actor=actor, at=at, version=version) as a:
        order = lead_order(a)
        if a.running(ClockKind.RULING):
            raise IllegalMove("objection_pending", number=number)
        if order.has_open_below:  # type: ignore[attr-defined]
            raise IllegalMove("assisting_open", number=number)
        text = tidy(text, REPLY_LIMIT, _("答复内容"), "text", required="reply_required")
        if order.round > 1 and order.replies.filter(text=text).exists():
            raise RuleViolation("same_reply", field="text")
        when = told(a, order, told_by, told_at)
        a.ticket.mark_replied()
        end_questions(a)
        a.stop(*UNIT_CLOCKS, ClockKind.PROMISE)
        open_callback(a, at)
        if a.ticket.replied_at is None:
            a.change(replied_at=at)
        answer_order(a, order, is_reply=True)
        _write_reply(a, order, ReplyKind.FINAL, text, solved, told_by, when)
        order.state, order.replied_at, order.is_open = AssignmentState.REPLIED, at, False
        save_order(a, order, "state", "replied_at", "is_open", "contacted_at")
        a.record(
            "replied",
            unit_id=order.unit_id,
            assignment=order.pk,
            solved=solved,
            **promised(a, order),
        )
    return a.ticket


def _measures(a: Act) -> list[Clock]:
    """The measures promised and not yet carried out, the one due first at the head."""
    return sorted(a.running(ClockKind.MEASURE), key=lambda clock: clock.due_at)


def _check_measures(a: Act, next_at: dt.datetime | None, *, is_done: bool) -> None:
    """A plan always has a next measure with a date that can be held against it."""
    is_planned = len(_measures(a)) > is_done
    if next_at is None and is_planned:
        return
    if next_at is None or not a.at < next_at <= a.at + LONGEST_MEASURE:
        raise RuleViolation("next_at_required", field="next_at", days=LONGEST_MEASURE.days)


def _plausible(a: Act, order: Assignment, when: dt.datetime | None, field: str) -> dt.datetime:
    if when is None:
        return a.at
    if not order.dispatched_at <= when <= a.at:
        raise RuleViolation("told_at_impossible", field=field)
    return when


def _check_method(ticket: Ticket, method: str, field: str) -> None:
    if ticket.is_confidential and method != ContactMethod.RELAY:
        raise RuleViolation("identity_withheld", field=field)


def told(
    a: Act, order: Assignment, told_by: str, told_at: dt.datetime | None
) -> dt.datetime | None:
    """When the requester was told; an anonymous one cannot be."""
    if a.ticket.is_anonymous:
        return None
    if not told_by:
        raise RuleViolation("requester_not_told", field="told_by")
    _check_method(a.ticket, told_by, "told_by")
    when = _plausible(a, order, told_at, "told_at")
    _contacted(a, order, told_by, when, "")
    return when


def _contacted(a: Act, order: Assignment, method: str, when: dt.datetime, remark: str) -> None:
    """Note the contact. The first one keeps the promise; it counts from when it is written down,
    or whether it was late would hang on a sweep having run between."""
    if order.contacted_at is None:
        order.contacted_at = when
        a.stop(ClockKind.FIRST_CONTACT)
    Contact.objects.create(
        assignment=order,
        method=method,
        contacted_at=when,
        recorded_at=a.at,
        recorded_by=a.actor.reference,
        remark=remark,
    )


def _write_reply(
    a: Act,
    order: Assignment,
    kind: ReplyKind,
    text: str,
    solved: str,
    told_by: str,
    told_at: dt.datetime | None,
) -> None:
    Reply.objects.create(
        assignment=order,
        kind=kind,
        round=order.round,
        text=text,
        solved=solved,
        told_by=told_by if told_at else "",
        told_at=told_at,
        replied_at=a.at,
        written_by=a.actor.reference,
    )
