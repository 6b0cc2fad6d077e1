"""What follows a missed promise: urge, order, criticism (R-103…R-106).

A consumer of breaches climbs, never the sweep: a promise missed while this was down climbs as soon
as it runs again. Every rung is a row of its own with the time it fell due, and an event. Where what
was owed has been done meanwhile, the rung is kept for the record and nobody is troubled with it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from dispatch.models import LadderStep, Rung
from dispatch.services.rounds import RISING, issue_overdue_order
from hotline.core.actors import SYSTEM
from hotline.core.models import (
    LASTING_KINDS,
    ClockKind,
    Membership,
    Notice,
    OutboxMessage,
    Role,
    Unit,
    UnitKind,
)
from hotline.core.places import units
from hotline.core.working_time import business_day
from intake.acts import Act
from intake.models import Access, Clock, Level, Ticket, TicketEvent
from intake.models.access import AccessRole

# What a handling unit owes, whatever its part.
OWED_BY_UNITS = (
    *RISING,
    ClockKind.FIRST_CONTACT,
    ClockKind.COOPERATION,
    ClockKind.DELEGATION,
    ClockKind.COORDINATION,
    ClockKind.ONSITE,
    ClockKind.SUPERVISION,
)
# What the hotline owes. The promise to the citizen is published for the city instead, and whether
# the requester has answered is nobody's lateness.
OWED_BY_HOTLINE = (
    ClockKind.DISPATCH,
    ClockKind.RULING,
    ClockKind.EXTENSION_RULING,
    ClockKind.LEDGER_RULING,
    ClockKind.LEDGER_REVIEW,
    ClockKind.CONSULTATION,
    ClockKind.ONSITE_RULING,
    ClockKind.CALLBACK,
    ClockKind.CLOSING,
    *LASTING_KINDS,
)
URGED = frozenset((*OWED_BY_UNITS, *OWED_BY_HOTLINE))
_RUNG_OF = {
    ClockKind.RISE_TO_ORDER.value: Rung.ORDER,
    ClockKind.RISE_TO_CRITICISM.value: Rung.CRITICISM,
}
_EVENT_OF = {Rung.URGE: "urged", Rung.ORDER: "ordered", Rung.CRITICISM: "criticised"}


# --- the rules, over plain values ------------------------------------------------------------


def rung_of(kind: str) -> Rung | None:
    """Which rung a missed clock of this kind leads to; None where nothing follows."""
    if kind in URGED:
        return Rung.URGE
    return _RUNG_OF.get(kind)


def rises(kind: str, unit_id: int | None, lead_unit_id: int | None) -> bool:
    """Whether an urge is followed by more: what the lead owes the requester, and the dispatch. A
    unit that only assists is urged; the lead answers for it and can release it."""
    if kind == ClockKind.DISPATCH:
        return True
    return kind in RISING and unit_id is not None and unit_id == lead_unit_id


Post = tuple[int, str, int]  # unit, role, person


def whose_leaders(
    chain: Sequence[int], hotline: int | None, posts: Iterable[Post]
) -> tuple[int | None, list[int]]:
    """Who is told of a criticism: the managers of the unit; where the post is vacant those of the
    unit above it, or its district's supervisors; where nobody is, the city's supervisors at the
    hotline. `chain` begins with the unit itself (empty where the hotline was late)."""
    posts = list(posts)
    for place, unit_id in enumerate(chain):
        roles = {Role.MANAGER} if place == 0 else {Role.MANAGER, Role.DISTRICT_SUPERVISOR}
        if people := _holders(posts, unit_id, roles):
            return unit_id, people
    return hotline, _holders(posts, hotline, {Role.CITY_SUPERVISOR})


def _holders(posts: list[Post], unit_id: int | None, roles: set[Role]) -> list[int]:
    return sorted({person for unit, role, person in posts if unit == unit_id and role in roles})


# --- climbing --------------------------------------------------------------------------------


def climb(message: OutboxMessage, at: dt.datetime) -> None:
    """Take the rung that a breach leads to, once per promise and rung."""
    breach = event_of(message)
    rung = rung_of(breach.data["kind"])
    if rung is None:
        return
    # Never waits: a delivery holds the tickets of its whole batch, and waiting for one more could
    # close a circle with somebody who waits for those. It is tried again within seconds.
    ticket = Ticket.objects.select_for_update(nowait=True).get(pk=message.ticket_id)
    missed = breach.data["clock"] if rung == Rung.URGE else breach.data["subject"]
    if LadderStep.objects.filter(clock_id=missed, rung=rung).exists():
        return
    a = Act(ticket, SYSTEM, at)
    _take(a, rung, Clock.objects.get(pk=missed), breach.occurred_at)
    a.write(is_seen=False)


def _take(a: Act, rung: Rung, promise: Clock, fell_due_at: dt.datetime) -> None:
    """Write the rung down, and do what it asks for while the promise is still open."""
    step = LadderStep(
        clock_id=promise.pk,
        ticket=a.ticket,
        unit_id=promise.unit_id,
        rung=rung,
        taken_at=fell_due_at,
    )
    is_open = promise.is_running
    order = issue_overdue_order(a, promise) if is_open and rung == Rung.ORDER else None
    event = a.record(
        _EVENT_OF[rung],
        unit_id=promise.unit_id,
        occurred_at=fell_due_at,
        kind=promise.kind,
        clock=promise.pk,
        order=order.pk if order else None,
        is_over=not is_open,
    )
    if is_open and rung == Rung.URGE:
        if rises(promise.kind, promise.unit_id, a.ticket.lead_unit_id):
            _let_rise(a, promise, fell_due_at)
    elif is_open and (rung == Rung.CRITICISM or promise.unit_id is None):
        step.addressee_id = _tell_leaders(a, promise, event)
    step.save(force_insert=True)


def _let_rise(a: Act, promise: Clock, since: dt.datetime) -> None:
    for kind in (ClockKind.RISE_TO_ORDER, ClockKind.RISE_TO_CRITICISM):
        clock = a.start(kind, subject_id=promise.pk, opens_at=since)
        # Nobody is warned that somebody else will be ordered.
        clock.warn_at = clock.sweep_at = clock.due_at


def _tell_leaders(a: Act, promise: Clock, event: TicketEvent) -> int | None:
    """A notice to each leader in person; returns whose leaders they are. A unit above the late one
    may see the ticket from now on, or it could not act."""
    chain = _chain(promise.unit_id)
    hotline = hotline_unit_id()
    posts = Membership.objects.in_force(business_day(a.at)).filter(
        unit_id__in=[*chain, *filter(None, [hotline])], staff__is_active=True
    )
    addressee, people = whose_leaders(
        chain, hotline, posts.values_list("unit_id", "role", "staff_id")
    )
    Notice.objects.bulk_create(
        Notice(
            staff_id=person,
            type=event.type,
            number=a.ticket.number,
            data={"seq": event.seq},
            is_urgent=a.ticket.level == Level.L1,
            created_at=a.at,
        )
        for person in people
    )
    if addressee in chain[1:]:
        Access.objects.bulk_create(
            [
                Access(
                    ticket=a.ticket,
                    unit_id=addressee,
                    role=AccessRole.SUPERVISE,
                    granted_at=a.at,
                )
            ],
            ignore_conflicts=True,
        )
    return addressee


def _chain(unit_id: int | None) -> list[int]:
    """The unit and those above it, nearest first."""
    chain: list[int] = []
    unit: Unit | None = units().get(unit_id) if unit_id else None
    while unit is not None and unit.pk not in chain:
        chain.append(unit.pk)
        unit = units().get(unit.parent_id) if unit.parent_id else None
    return chain


def hotline_unit_id() -> int | None:
    """The hotline's own unit, which is told what the hotline owes."""
    own = (u.pk for u in units().values() if u.kind == UnitKind.HOTLINE and u.valid_to is None)
    return next(own, None)


def event_of(message: OutboxMessage) -> TicketEvent:
    """The event a message names; its month is known, so one partition is read."""
    return TicketEvent.objects.get(
        ticket_id=message.ticket_id, seq=message.seq, recorded_at=message.created_at
    )
