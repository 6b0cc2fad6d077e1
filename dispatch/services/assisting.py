"""One root order, a tree below it: asking other units for help, and what they do with it.

The first receiver leads; who is asked must help and hand in within the set time (R-051). For a
street this is one branch of three: several departments concerned → `ask_cooperation`, another
unit's duty → `object`, owner unclear or nobody agrees → `escalate` to its district (R-065).
Everybody who holds a part sees what handling units see, no more: on a confidential ticket nobody's
identity.
"""

from __future__ import annotations

import datetime as dt

from django.db.models import Q
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from dispatch.models import (
    Assignment,
    AssignmentQuerySet,
    AssignmentRole,
    AssignmentState,
    EndReason,
    Reply,
    ReplyKind,
)
from dispatch.services.dispatching import REASON_LIMIT, check_assistant
from dispatch.services.handling import LONGEST_MEASURE, REPLY_LIMIT
from dispatch.services.orders import (
    clocks_of,
    end_order,
    latest_due,
    lead_order,
    open_assisting,
    open_below,
    own_assisting_order,
    save_order,
)
from hotline.core.actors import Actor
from hotline.core.models import ClockKind, Role, Unit
from hotline.core.places import units
from hotline.core.violations import IllegalMove, NotPermitted, RuleViolation
from intake.acts import Act, act
from intake.models import Access, Note, Ticket
from intake.services.registration import tidy

TASK_LIMIT = 500
LATE_REASON_LIMIT = 500
# What an assisting unit owes the unit that asked it.
_PART_CLOCKS = (ClockKind.COOPERATION, ClockKind.DELEGATION)


# --- asking ----------------------------------------------------------------------------------


def ask_cooperation(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    unit: Unit,
    task: str,
    due_at: dt.datetime | None = None,
) -> Ticket:
    """The lead (or the desk for it) asks another unit to co-operate (R-033, R-051): an order below
    the lead's own, due before it, by a share of what is left of its time unless a date is named.
    The lead stays responsible, and cannot reply before every part is handed in or released.

    Raises RuleViolation when the unit may not assist here (it leads, is accused, its duty list does
    not have the matter), already does, or the date is not between now and the lead's own.
    """
    with act("ask_cooperation", number, actor=actor, at=at, version=version) as a:
        parent = lead_order(a)
        part = _ask(a, parent, unit, AssignmentRole.COOPERATE, task, due_at)
        record_asked(a, "cooperation_asked", part, parent)
    return a.ticket


def delegate(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    unit: Unit,
    task: str,
    due_at: dt.datetime | None = None,
) -> Ticket:
    """Hand work down to a unit of one's own: district → street → office or community. Whoever
    hands it down still answers for it. A community or an office is never more than an assistant,
    and is not asked for what its duty list does not have (R-040).

    Raises RuleViolation as `ask_cooperation` does, and when the unit is not below the one that
    delegates; IllegalMove when that one has not signed, or is itself asked to co-operate only.
    """
    with act("delegate", number, actor=actor, at=at, version=version) as a:
        parent = _in_hand(a)
        if parent.unit_id not in _above(unit):
            raise RuleViolation("not_below", field="unit", unit=unit.name)
        part = _ask(a, parent, unit, AssignmentRole.DELEGATE, task, due_at)
        record_asked(a, "delegated", part, parent)
    return a.ticket


def _ask(
    a: Act,
    parent: Assignment,
    unit: Unit,
    role: AssignmentRole,
    task: str,
    due_at: dt.datetime | None,
) -> Assignment:
    task = tidy(task, TASK_LIMIT, _("任务"), "task", required="task_required")
    check_assistant(a, unit, units()[_lead_unit(a)], role, "unit")
    if _open_parts(a.ticket).filter(unit=unit).exists():
        raise RuleViolation("already_assisting", field="unit", unit=unit.name)
    if due_at is not None:
        latest = latest_due(a, parent)
        if not a.at < due_at < latest:
            raise RuleViolation("part_due_impossible", field="due_at", until=_clock_time(latest))
    return open_assisting(a, parent, unit, role, task=task, due_at=due_at)


def record_asked(a: Act, type: str, part: Assignment, parent: Assignment) -> None:
    """The event that tells a unit what it has been asked, by whom and until when."""
    assert part.due_at is not None
    a.record(
        type,
        unit_id=part.unit_id,
        assignment=part.pk,
        of=units()[parent.unit_id].code,
        due_at=part.due_at.isoformat(),
    )


def _in_hand(a: Act) -> Assignment:
    """The order from which the actor may hand work down: the lead's, or a delegated one."""
    if a.actor.handles(a.ticket.lead_unit_id):
        return lead_order(a)
    part = _own_part(a)
    if part.role != AssignmentRole.DELEGATE:
        raise IllegalMove("part_not_delegated", number=a.ticket.number)
    return _signed(a, part)


def _above(unit: Unit) -> set[int]:
    """The units above one in the tree of units."""
    known, found = units(), set()
    above = known.get(unit.parent_id or 0)
    while above is not None:
        found.add(above.pk)
        above = known.get(above.parent_id or 0)
    return found


# --- doing one's part ------------------------------------------------------------------------


def sign_part(*, number: str, actor: Actor, at: dt.datetime, version: int | None = None) -> Ticket:
    """签收: the assisting unit has its part. Two handlers at once: the second is told."""
    with act("sign_part", number, actor=actor, at=at, version=version) as a:
        part = _own_part(a, AssignmentState.PENDING)
        if part.state != AssignmentState.PENDING:
            raise IllegalMove("part_already_signed", number=number)
        for clock in clocks_of(a, part, ClockKind.SIGN):
            a.stop_clock(clock)
        part.state, part.signed_at = AssignmentState.SIGNED, at
        save_order(a, part, "state", "signed_at")
        a.record("part_signed", unit_id=part.unit_id, assignment=part.pk)
    return a.ticket


def hand_in(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    text: str,
    solved: str = "",
    late_reason: str = "",
) -> Ticket:
    """The result of a part, to the unit that asked for it, which is told (R-051). Late, it must
    say why; a unit that gave its reason in an interim report has the date set there. Not before
    what it handed down itself has come back or been released."""
    with act("hand_in", number, actor=actor, at=at, version=version) as a:
        part = _signed(a, _own_part(a, AssignmentState.SIGNED))
        if open_below(part):
            raise IllegalMove("assisting_open", number=number)
        text = tidy(text, REPLY_LIMIT, _("协办结果"), "text", required="result_required")
        is_late = _is_late(part, at)
        late_reason = _late_reason(late_reason, is_required=is_late)
        for clock in clocks_of(a, part):
            a.stop_clock(clock)
        _write_down(a, part, ReplyKind.RESULT, text, late_reason, solved=solved)
        part.state, part.replied_at, part.is_open = AssignmentState.REPLIED, at, False
        save_order(a, part, "state", "replied_at", "is_open")
        a.record(
            "handed_in",
            unit_id=_asker(part),
            assignment=part.pk,
            by=units()[part.unit_id].code,
            solved=solved,
            is_late=is_late,
        )
    return a.ticket


def interim(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    text: str,
    late_reason: str,
    next_at: dt.datetime,
) -> Ticket:
    """Late, or about to be: the reason, what has been done so far, and when the rest will come
    (R-051). Before its due time a part can be put off within the asking unit's own time; after it
    a new promise begins and the missed one stays missed."""
    with act("interim", number, actor=actor, at=at, version=version) as a:
        part = _signed(a, _own_part(a, AssignmentState.SIGNED))
        text = tidy(text, REPLY_LIMIT, _("阶段性反馈"), "text", required="result_required")
        late_reason = _late_reason(late_reason, is_required=True)
        is_late = _is_late(part, at)
        _check_next(a, part, next_at, is_late=is_late)
        for clock in clocks_of(a, part, *_PART_CLOCKS):
            a.stop_clock(clock, is_cancelled=not is_late)
            a.start(clock.kind, unit_id=part.unit_id, subject_id=part.pk, due_at=next_at)
        _write_down(a, part, ReplyKind.INTERIM, text, late_reason)
        part.due_at = next_at
        save_order(a, part, "due_at")
        a.record(
            "interim_reported",
            unit_id=_asker(part),
            assignment=part.pk,
            by=units()[part.unit_id].code,
            next_at=next_at.isoformat(),
            is_late=is_late,
        )
    return a.ticket


def _check_next(a: Act, part: Assignment, next_at: dt.datetime, *, is_late: bool) -> None:
    assert part.due_at is not None
    assert part.parent is not None
    latest = a.at + LONGEST_MEASURE if is_late else latest_due(a, part.parent)
    earliest = max(a.at, part.due_at)
    if not earliest < next_at <= latest:
        raise RuleViolation(
            "interim_date_impossible",
            field="next_at",
            after=_clock_time(earliest),
            until=_clock_time(latest),
        )


def _own_part(a: Act, *states: str) -> Assignment:
    part = own_assisting_order(a, *states) or own_assisting_order(a)
    if part is None:
        raise IllegalMove("no_part", number=a.ticket.number)
    return part


def _signed(a: Act, part: Assignment) -> Assignment:
    if part.state == AssignmentState.PENDING:
        raise IllegalMove("part_unsigned", number=a.ticket.number)
    return part


def _is_late(part: Assignment, at: dt.datetime) -> bool:
    return part.due_at is not None and at >= part.due_at


def _late_reason(reason: str, *, is_required: bool) -> str:
    required = "late_reason_required" if is_required else ""
    return tidy(reason, LATE_REASON_LIMIT, _("逾期原因"), "late_reason", required=required)


def _asker(part: Assignment) -> int:
    assert part.parent is not None
    return part.parent.unit_id


def _write_down(
    a: Act, part: Assignment, kind: ReplyKind, text: str, late_reason: str, *, solved: str = ""
) -> None:
    Reply.objects.create(
        assignment=part,
        kind=kind,
        round=part.round,
        text=text,
        solved=solved,
        late_reason=late_reason,
        replied_at=a.at,
        written_by=a.actor.reference,
    )


# --- letting go ------------------------------------------------------------------------------


def release(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    unit: Unit,
    reason: str,
) -> Ticket:
    """The unit that asked (or the desk) needs the help no longer, and says why: the part ends with
    everything handed down from it, without blame for what was not yet due. Who holds nothing else
    of the ticket no longer sees it; who has handed something in still does.

    Raises RuleViolation when the unit holds no open part, NotPermitted when another unit asked it.
    """
    with act("release", number, actor=actor, at=at, version=version) as a:
        reason = tidy(reason, REASON_LIMIT, _("原因"), "reason", required="reason_required")
        part = _open_parts(a.ticket).select_for_update().filter(unit=unit).first()
        if part is None:
            raise RuleViolation("not_assisting", field="unit", unit=unit.name)
        is_desk = actor.kind == "system" or actor.has(Role.DISPATCHER)
        if not is_desk and not actor.handles(_asker(part)):
            raise NotPermitted("only_the_asker_releases")
        gone = [part, *open_below(part)]
        end_order(a, part, EndReason.RELEASED)
        _end_access(a, gone)
        events = [
            a.record(
                "released",
                unit_id=ended.unit_id,
                assignment=ended.pk,
                of=units()[_asker(ended)].code,
            )
            for ended in gone
        ]
        Note.objects.create(
            ticket=a.ticket,
            seq=events[0].seq,
            text=reason,
            unit_id=None if is_desk else _asker(part),
            written_by=actor.reference,
            written_at=at,
        )
    return a.ticket


def _end_access(a: Act, gone: list[Assignment]) -> None:
    for part in gone:
        same = Assignment.objects.filter(ticket=a.ticket, unit_id=part.unit_id, role=part.role)
        if not same.filter(Q(is_open=True) | Q(state=AssignmentState.REPLIED)).exists():
            seeing = Access.objects.filter(ticket=a.ticket, unit_id=part.unit_id, role=part.role)
            seeing.filter(until=None).update(until=a.at)


def _open_parts(ticket: Ticket) -> AssignmentQuerySet:
    return Assignment.objects.open().assisting().filter(ticket=ticket)


def _lead_unit(a: Act) -> int:
    assert a.ticket.lead_unit_id is not None  # a dispatched ticket has a lead (constraint)
    return a.ticket.lead_unit_id


def _clock_time(at: dt.datetime) -> str:
    return f"{localtime(at):%Y-%m-%d %H:%M}"
