"""The rows of the tree of orders: finding, opening, saving and ending them inside an act.

Lock order everywhere: the ticket, then its orders, then clocks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.utils import timezone

from dispatch.models import (
    ASSISTING_ROLES,
    Assignment,
    AssignmentRole,
    AssignmentState,
    Coordination,
    EndReason,
    Extension,
    FactRequest,
    LadderStep,
    LedgerHold,
    Objection,
    ObjectionOutcome,
    OnsiteAttribution,
    SupervisionOrder,
)
from dispatch.services.proposing import ACCUSING, accuses
from hotline.core import limits
from hotline.core.models import ClockKind, Unit
from hotline.core.places import units
from hotline.core.violations import RuleViolation
from intake.acts import UNIT_CLOCKS, Act
from intake.models import Access, Clock, Ticket, TicketEvent
from intake.models.access import AccessRole

# The lead's own promises that stand still while the desk decides or the requester is asked.
_FEEDBACK_CLOCKS = (ClockKind.FEEDBACK, ClockKind.MEASURE)
OWED_BY_LEAD = (ClockKind.SIGN, ClockKind.FIRST_CONTACT, *_FEEDBACK_CLOCKS)
_FEEDBACK_PROMISES = (*_FEEDBACK_CLOCKS, ClockKind.FINAL_REPLY)

# Hand-written, because all that a unit does begins with it: making the ORM's SELECT costs twice as
# much as running it. One row at most, by constraint.
_LEAD_ORDER = """
SELECT *, EXISTS (SELECT 1 FROM dispatch_assignment AS below WHERE below.ticket_id = a.ticket_id
                  AND below.is_open AND below.role IN ('cooperate', 'delegate')) AS has_open_below
FROM dispatch_assignment AS a WHERE ticket_id = %s AND role = %s AND is_open FOR UPDATE
"""


def lead_order(a: Act) -> Assignment:
    """The ticket's open lead order, locked after the ticket; `has_open_below` says whether a
    co-operating or delegated order is still open. Raises DoesNotExist."""
    found = list(Assignment.objects.raw(_LEAD_ORDER, [a.ticket.pk, AssignmentRole.LEAD.value]))
    if not found:
        raise Assignment.DoesNotExist
    return found[0]


def own_assisting_order(a: Act, *states: str) -> Assignment | None:
    """The open co-operating or delegated order of the actor's unit, locked; None without one."""
    orders = Assignment.objects.select_for_update().filter(
        ticket=a.ticket, is_open=True, role__in=ASSISTING_ROLES, unit_id__in=a.actor.unit_ids
    )
    # Somebody who acts for several units: what still waits for a signature is found by its state.
    return orders.filter(state__in=states or AssignmentState.values).order_by("id").first()


def save_order(a: Act, order: Assignment, *fields: str) -> None:
    """Write the order with the nearest of the unit's running promises, which sorts its inbox. A
    ruling on the order's objection is the desk's promise, not the unit's."""
    own = (order.pk, order.unit_id)
    due = [c.due_at for c in a.running() if (c.subject_id, c.unit_id) == own]
    order.next_due_at = min(due) if due and order.is_open else None
    order.save(update_fields=[*fields, "next_due_at"])


def check_unit(ticket: Ticket, unit: Unit, today: dt.date, field: str) -> None:
    """Refuse a unit that does not exist today, or that is itself accused (R-020)."""
    if unit.valid_from > today or (unit.valid_to and unit.valid_to <= today):
        raise RuleViolation("unit_not_in_force", field=field, unit=unit.name)
    if is_accused(ticket.request_type, ticket, unit):
        raise RuleViolation("conflict_of_interest", field=field, unit=unit.name)


def is_accused(request_type: str, ticket: Ticket, unit: Unit) -> bool:
    """Whether a complaint or report is about this very unit, or one above it (R-020)."""
    return request_type in ACCUSING and accuses(ticket.text.target, unit, units())


def open_assisting(
    a: Act,
    parent: Assignment,
    unit: Unit,
    role: AssignmentRole,
    *,
    task: str = "",
    due_at: dt.datetime | None = None,
) -> Assignment:
    """A co-operating or delegated order below `parent`, due before it (R-051), with its clocks.
    The unit sees the ticket from now on."""
    kind = ClockKind.COOPERATION if role == AssignmentRole.COOPERATE else ClockKind.DELEGATION
    due_at = due_at or assisting_due(a, parent)
    order = Assignment.objects.create(
        ticket=a.ticket,
        unit=unit,
        role=role,
        parent=parent,
        task=task,
        due_at=due_at,
        dispatched_at=a.at,
        dispatched_by=a.actor.reference,
        next_due_at=due_at,
    )
    # Asked once more after an earlier order ended: it still sees the ticket.
    Access.objects.bulk_create(
        [Access(ticket=a.ticket, unit=unit, role=AccessRole(role), granted_at=a.at)],
        ignore_conflicts=True,
    )
    own = {"unit_id": unit.pk, "subject_id": order.pk}
    a.start(kind, due_at=due_at, **own)
    sign = a.start(ClockKind.SIGN, **own)
    if sign.due_at < due_at:
        order.next_due_at = sign.due_at
        order.save(update_fields=["next_due_at"])
    return order


def assisting_due(a: Act, parent: Assignment) -> dt.datetime:
    """When a part is due unless agreed otherwise: after a share of what is left above it (§14)."""
    return a.at + (latest_due(a, parent) - a.at) * settings.COOPERATION_SHARE


def latest_due(a: Act, parent: Assignment) -> dt.datetime:
    """What a part must be due before: the asking unit's own promise, or the level's whole limit
    from now where nothing is left of that."""
    owed = [
        clock.due_at
        for clock in clocks_of(a, parent)
        if clock.unit_id == parent.unit_id and clock.kind != ClockKind.SIGN
    ]
    due = max(owed, default=a.at)
    if due > a.at:
        return due
    ticket = a.ticket
    return limits.due_for(
        ClockKind.FEEDBACK, level=ticket.level, urgency=ticket.urgency, start=a.at
    ).at


def end_order(a: Act, order: Assignment, reason: EndReason) -> None:
    """End one open order and everything open below it; their clocks end cancelled."""
    ended = [order, *open_below(order)]
    for gone in ended:
        for clock in clocks_of(a, gone):
            a.stop_clock(clock, is_cancelled=True)
    Assignment.objects.filter(pk__in=[gone.pk for gone in ended]).update(
        state=AssignmentState.ENDED,
        is_open=False,
        ended_at=a.at,
        next_due_at=None,
        end_reason=reason,
    )


def open_below(order: Assignment) -> list[Assignment]:
    """The open orders below one, however deep."""
    found: list[Assignment] = []
    level = [order]
    while level:
        level = list(Assignment.objects.select_for_update().filter(parent__in=level, is_open=True))
        found += level
    return found


def clocks_of(a: Act, order: Assignment, *kinds: str) -> list[Clock]:
    """The running clocks that are about this order (of these kinds)."""
    return [clock for clock in a.running(*(kinds or UNIT_CLOCKS)) if clock.subject_id == order.pk]


# --- the lead's feedback limit, and the call-back that follows it ----------------------------


Sampler = Callable[[Ticket, dt.datetime], bool]
_SAMPLERS: list[Sampler] = []


def register_sampler(sampler: Sampler) -> None:
    """Called from a higher app's `ready()`: whether a ticket dispatched now is to be called back.
    Without one every ticket is."""
    _SAMPLERS[:] = [sampler]


def draw(a: Act) -> bool:
    """Decide at the dispatch whether the requester will be called; the `dispatched` event keeps
    what was decided, so that a scheme adopted later changes no ticket on its way. About an
    anonymous matter there is nothing to decide."""
    return a.ticket.is_anonymous or all(sampler(a.ticket, a.at) for sampler in _SAMPLERS)


def is_called_back(a: Act) -> bool:
    """Whether anybody is to be called about this ticket: not about an anonymous one (R-019), and
    not about one that was dispatched outside the sample."""
    if a.ticket.is_anonymous:
        return False
    return bool(a.running(ClockKind.CALLBACK)) or was_drawn(a.ticket)


def was_drawn(ticket: Ticket) -> bool:
    """What its last dispatch decided. Only a ticket without a running call-back need ask."""
    dispatched = TicketEvent.objects.filter(
        ticket_id=ticket.pk, recorded_at__gte=ticket.accepted_at, type="dispatched"
    )
    data = dispatched.order_by("-seq").values_list("data", flat=True).first()
    return data is None or bool(data.get("sampled", True))


def open_callback(a: Act, expected_at: dt.datetime) -> None:
    """What waits after a reply: the call-back, or the close by the desk where nobody is called."""
    if is_called_back(a):
        expect_callback(a, expected_at)
    else:
        a.start(ClockKind.CLOSING)


def expect_callback(a: Act, expected_at: dt.datetime) -> None:
    """The call-back opens a while after the limit expires or the reply comes, whichever is earlier
    (R-081); one waits at a time."""
    ticket = a.ticket
    opens_at = _callback_opens(a, expected_at)
    waiting = a.running(ClockKind.CALLBACK)
    if not waiting:
        a.start(ClockKind.CALLBACK, opens_at=opens_at)
    elif opens_at < waiting[0].opens_at:
        due = limits.due_for(ClockKind.CALLBACK, level=ticket.level, start=opens_at, at=a.at)
        a.move(waiting[0], opens_at=opens_at, due_at=due.at)


def _callback_opens(a: Act, expected_at: dt.datetime) -> dt.datetime:
    return limits.due_for(
        ClockKind.CALLBACK_DELAY, level=a.ticket.level, start=expected_at, at=a.at
    ).at


def follow_limit(a: Act) -> None:
    """The unit's feedback limit has moved: the call-back, which comes when it expires (R-081),
    waits for the new time. One that has opened already stays open, and a measure agreed upon
    afterwards does not put it off."""
    if a.ticket.is_anonymous:
        return
    waiting, owed = a.running(ClockKind.CALLBACK), a.running(ClockKind.FEEDBACK)
    if not waiting or not owed or waiting[0].opens_at <= a.at:
        return
    opens_at = _callback_opens(a, owed[0].due_at)
    if opens_at != waiting[0].opens_at:
        a.stop_clock(waiting[0], is_cancelled=True)
        a.start(ClockKind.CALLBACK, opens_at=opens_at)


def promised(a: Act, order: Assignment) -> dict[str, Any]:
    """When the unit's next feedback on this order is due and when the call-back opens, as the act
    leaves them (neither where there is none): an event that moves them says so, and what became of
    a ticket can be told from its events alone."""
    owed = [clock.due_at for clock in clocks_of(a, order, *_FEEDBACK_PROMISES)]
    waiting = [clock.opens_at for clock in a.running(ClockKind.CALLBACK)]
    found = {"due_at": min(owed, default=None), "callback_at": min(waiting, default=None)}
    return {name: timezone.localtime(at).isoformat() for name, at in found.items() if at}


def pause_owed(a: Act, order: Assignment, *kinds: str, until: dt.datetime, cause: str) -> None:
    """Let what the unit owes on this order stand still, at most until `until`."""
    for clock in clocks_of(a, order, *kinds):
        a.pause(clock, until=until, cause=cause)
    follow_limit(a)


def resume_owed(a: Act, order: Assignment, cause: str) -> None:
    """What stood still on this order runs again."""
    for clock in clocks_of(a, order):
        a.resume(clock, cause=cause)
    follow_limit(a)


# --- taking everything back ------------------------------------------------------------------


def take_back(a: Act, lead_becomes: AssignmentState, reason: EndReason) -> None:
    """End every open order of the ticket and wait for dispatch again. The units' clocks end
    cancelled (what was already missed stays missed); the promise to the citizen runs on."""
    orders = Assignment.objects.filter(ticket=a.ticket, is_open=True)
    end_questions(a)
    orders.filter(role=AssignmentRole.LEAD).update(state=lead_becomes)
    orders.exclude(role=AssignmentRole.LEAD).update(state=AssignmentState.ENDED)
    orders.update(is_open=False, ended_at=a.at, next_due_at=None, end_reason=reason)
    Access.objects.filter(ticket=a.ticket, until=None).update(until=a.at)
    a.stop(*UNIT_CLOCKS, ClockKind.CALLBACK, ClockKind.SUPERVISION, is_cancelled=True)
    a.change(lead_unit=None, dispatched_at=None)
    a.start(ClockKind.DISPATCH)


def end_questions(a: Act) -> None:
    """What was asked lapses with the order or the ticket: an objection, an extension, facts wanted,
    a place on the ledger, a consultation, a meeting on site; a leader's instruction goes back to
    the leader. Asked of the database only where a clock says that there is something."""
    asked = a.kinds_at_first()
    by, at = a.actor.reference, a.at
    if ClockKind.RULING in asked:
        Objection.objects.filter(assignment__ticket=a.ticket, outcome="").update(
            outcome=ObjectionOutcome.LAPSED, ruled_at=at, ruled_by=by
        )
    if ClockKind.EXTENSION_RULING in asked:
        Extension.objects.filter(assignment__ticket=a.ticket, outcome="").update(
            outcome="lapsed", decided_at=at, decided_by=by
        )
    if ClockKind.FACTS in asked:
        FactRequest.objects.filter(assignment__ticket=a.ticket, ended_at=None).update(ended_at=at)
    if ClockKind.LEDGER_RULING in asked:
        LedgerHold.objects.filter(ticket=a.ticket, outcome="").update(
            outcome="lapsed", decided_at=at, decided_by=by
        )
    if ClockKind.LEDGER_REVIEW in asked:
        LedgerHold.objects.filter(ticket=a.ticket, outcome="granted", cleared_at=None).update(
            cleared_at=at, cleared_by=by
        )
    if asked & {ClockKind.CONSULTATION, ClockKind.COORDINATION}:
        Coordination.objects.filter(ticket=a.ticket, concluded_at=None).update(
            concluded_at=at, concluded_by=by
        )
    if ClockKind.CONSULTATION in asked:  # those who sat together see the matter while it lasts
        Access.objects.filter(ticket=a.ticket, role=AccessRole.COORDINATE, until=None).update(
            until=at
        )
    if ClockKind.SUPERVISION in asked:
        SupervisionOrder.objects.to_answer().filter(ticket=a.ticket).update(lapsed_at=at)
    if ClockKind.ONSITE_RULING in asked:
        for meeting in OnsiteAttribution.objects.open().filter(ticket=a.ticket):
            end_onsite_access(a, meeting)
        OnsiteAttribution.objects.open().filter(ticket=a.ticket).update(ended_at=at)
        a.stop(ClockKind.ONSITE, ClockKind.ONSITE_RULING, is_cancelled=True)


def end_onsite_access(a: Act, onsite: OnsiteAttribution) -> None:
    """Who was called no longer sees the matter, unless for another reason."""
    called = onsite.calls.values("unit")
    seeing = Access.objects.filter(ticket=a.ticket, role=AccessRole.COORDINATE, until=None)
    gone = seeing.filter(unit__in=called).exclude(unit__in=_seeing_otherwise(a))
    gone.update(until=a.at)


def _seeing_otherwise(a: Act) -> set[int]:
    """The units that see the matter in the same role for another reason: asked as an authority
    (R-066), or told of a criticism of a unit below them."""
    asked = Coordination.objects.filter(ticket=a.ticket).values_list("authority", flat=True)
    told = LadderStep.objects.filter(ticket=a.ticket).values_list("addressee", flat=True)
    return {pk for pk in (*asked, *told) if pk is not None}


def today(at: dt.datetime) -> dt.date:
    return timezone.localdate(at)
