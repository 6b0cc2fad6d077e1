"""现场责任划分: calling units to a place at a set time, and settling there who does what (R-037).

It stops no clock: the desk still owes its dispatch, the lead its feedback. Who is called sees the
matter until it is settled.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db.models import QuerySet
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from dispatch.models import (
    Assignment,
    AssignmentRole,
    AssignmentState,
    EndReason,
    OnsiteAttribution,
    OnsiteCall,
)
from dispatch.services.assisting import TASK_LIMIT, record_asked
from dispatch.services.dispatching import BASIS_LIMIT, REASON_LIMIT, check_assistant, give
from dispatch.services.orders import (
    check_unit,
    end_onsite_access,
    lead_order,
    open_assisting,
    take_back,
    today,
)
from hotline.core.actors import Actor
from hotline.core.models import ClockKind, Unit, UnitKind
from hotline.core.places import units as known_units
from hotline.core.violations import IllegalMove, RuleViolation
from intake.acts import Act, act
from intake.models import Access, State, Ticket
from intake.models.access import AccessRole
from intake.services.registration import tidy

PLACE_LIMIT = 200
DECISION_LIMIT = 2_000
# No level has a longer limit, so a later meeting could settle nothing in time.
LATEST_MEETING = dt.timedelta(days=15)
# Being there begins a while before the set time; a tap from the office the day before is none.
EARLIEST_ARRIVAL = dt.timedelta(hours=2)
# The desk settles what was seen within a day of the meeting; no city has published a number (INF).
DECISION_TIME = dt.timedelta(hours=24)


# --- ordering it -----------------------------------------------------------------------------


def order_onsite(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    units: Sequence[Unit],
    place: str,
    meet_at: dt.datetime,
    ground: str,
    reason: str,
) -> Ticket:
    """The desk orders units to be at a place at a set time, for a hard, key, repeated, cross-area
    or unclear matter. Each owes its arrival, the desk its decision a day after the meeting; the
    units see the matter from now on, whatever part they have in it.

    Raises RuleViolation without a unit, a place or a reason, for a unit that is gone, accused or
    the hotline, or a time that is past or too far away; IllegalMove while units are called already
    or sit in a consultation.
    """
    with act("order_onsite", number, actor=actor, at=at, version=version) as a:
        if OnsiteAttribution.objects.open().filter(ticket=a.ticket).exists():
            raise IllegalMove("onsite_open", number=number)
        if a.running(ClockKind.CONSULTATION):
            raise IllegalMove("consultation_open", number=number)
        place = tidy(place, PLACE_LIMIT, _("地点"), "place", required="place_required")
        reason = tidy(reason, REASON_LIMIT, _("事由"), "reason", required="reason_required")
        called = list(dict.fromkeys(units))
        _check_called(a, called)
        if not at < meet_at <= at + LATEST_MEETING:
            raise RuleViolation("meet_at_impossible", field="meet_at", days=LATEST_MEETING.days)
        onsite = OnsiteAttribution.objects.create(
            ticket=a.ticket,
            ground=ground,
            reason=reason,
            place=place,
            meet_at=meet_at,
            ordered_at=at,
            ordered_by=actor.reference,
        )
        OnsiteCall.objects.bulk_create(
            [OnsiteCall(attribution=onsite, unit=unit) for unit in called]
        )
        a.change(onsite_count=a.ticket.onsite_count + 1)
        _let_see(a, called)
        for unit in called:
            a.start(ClockKind.ONSITE, unit_id=unit.pk, due_at=meet_at)
        a.start(ClockKind.ONSITE_RULING, opens_at=meet_at, due_at=meet_at + DECISION_TIME)
        a.record(
            "onsite_ordered",
            onsite=onsite.pk,
            ground=ground,
            members=[unit.code for unit in called],
            meet_at=meet_at.isoformat(),
        )
    return a.ticket


def _check_called(a: Act, called: list[Unit]) -> None:
    if not called:
        raise RuleViolation("onsite_units_required", field="units")
    for unit in called:
        if unit.kind == UnitKind.HOTLINE:
            raise RuleViolation("unit_cannot_attend", field="units", unit=unit.name)
        check_unit(a.ticket, unit, today(a.at), "units")


def _let_see(a: Act, called: list[Unit]) -> None:
    # An authority that was asked, or a leader that was told, sees it in this role already.
    Access.objects.bulk_create(
        [
            Access(ticket=a.ticket, unit=unit, role=AccessRole.COORDINATE, granted_at=a.at)
            for unit in called
        ],
        ignore_conflicts=True,
    )


# --- being there -----------------------------------------------------------------------------


def arrive_onsite(
    *, number: str, actor: Actor, at: dt.datetime, version: int | None = None
) -> Ticket:
    """Somebody of a called unit is there: the time is that of the tap, and it is said once for the
    unit. At or after the set time the unit came late, which stays recorded.

    Raises IllegalMove when the unit has arrived before, or it is far too early to be there.
    """
    with act("arrive_onsite", number, actor=actor, at=at, version=version) as a:
        waiting = _own_calls(a).filter(arrived_at=None).select_related("attribution").first()
        if waiting is None:
            raise IllegalMove("already_arrived", number=number)
        earliest = waiting.attribution.meet_at - EARLIEST_ARRIVAL
        if at < earliest:
            raise IllegalMove(
                "arrival_too_early", number=number, earliest=f"{localtime(earliest):%m-%d %H:%M}"
            )
        waiting.arrived_at, waiting.arrived_by = at, actor.reference
        waiting.save(update_fields=["arrived_at", "arrived_by"])
        for clock in a.running(ClockKind.ONSITE):
            if clock.unit_id == waiting.unit_id:
                a.stop_clock(clock)
        a.record(
            "onsite_arrived",
            unit_id=waiting.unit_id,
            onsite=waiting.attribution_id,
            unit=known_units()[waiting.unit_id].code,
            is_late=waiting.is_late,
        )
    return a.ticket


def _own_calls(a: Act) -> QuerySet[OnsiteCall]:
    mine = OnsiteCall.objects.filter(unit_id__in=a.actor.unit_ids, attribution__ticket=a.ticket)
    return mine.filter(attribution__ended_at=None).order_by("id")


def called_units(ticket: Ticket) -> frozenset[int]:
    """The units that are called to the place now, arrived or not."""
    calls = OnsiteCall.objects.filter(attribution__ticket=ticket, attribution__ended_at=None)
    return frozenset(calls.values_list("unit_id", flat=True))


# --- settling it -----------------------------------------------------------------------------


def decide_onsite(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    decision: str,
    lead_unit: Unit | None = None,
    cooperators: Sequence[Unit] = (),
) -> Ticket:
    """What was settled on site: the split of responsibility, kept in words and in units. A lead
    that does not have the matter yet is designated and dispatched to at once (R-049), the order
    of another lead ends; units that are to co-operate get orders of their own. Who had not come
    by then is named. The units that were called no longer see the matter for that reason.

    Raises IllegalMove when nobody was called, RuleViolation for a unit that may not take its part,
    or for co-operators where nobody leads.
    """
    with act("decide_onsite", number, actor=actor, at=at, version=version) as a:
        onsite = OnsiteAttribution.objects.open().filter(ticket=a.ticket).first()
        if onsite is None:
            raise IllegalMove("no_onsite", number=number)
        decision = tidy(
            decision, DECISION_LIMIT, _("划分结论"), "decision", required="decision_required"
        )
        helping = list(dict.fromkeys(cooperators))
        onsite.decision, onsite.lead_unit = decision, lead_unit
        onsite.decided_at, onsite.decided_by, onsite.ended_at = at, actor.reference, at
        onsite.save(update_fields=["decision", "lead_unit", "decided_at", "decided_by", "ended_at"])
        onsite.cooperators.set(helping)
        end_onsite_access(a, onsite)
        a.stop(ClockKind.ONSITE, is_cancelled=True)
        a.stop(ClockKind.ONSITE_RULING)
        a.record(
            "onsite_decided",
            unit_id=lead_unit.pk if lead_unit else None,
            onsite=onsite.pk,
            members=[known_units()[call.unit_id].code for call in onsite.calls.order_by("id")],
            absent=[known_units()[call.unit_id].code for call in onsite.absent],
            lead=lead_unit.code if lead_unit else None,
            cooperators=[unit.code for unit in helping],
        )
        _take_effect(a, lead_unit, helping, decision)
    return a.ticket


def _take_effect(
    a: Act, lead_unit: Unit | None, cooperators: Sequence[Unit], decision: str
) -> None:
    """The split becomes orders."""
    if lead_unit is not None and lead_unit.pk != a.ticket.lead_unit_id:
        _designate(a, lead_unit, cooperators, decision)
    elif cooperators:
        if a.ticket.state == State.ACCEPTED:
            raise RuleViolation("onsite_lead_required", field="lead_unit")
        _add_cooperators(a, cooperators, decision)


def _designate(a: Act, unit: Unit, cooperators: Sequence[Unit], decision: str) -> None:
    if a.ticket.category_id is None:
        raise RuleViolation("category_required", field="lead_unit")
    if a.ticket.state != State.ACCEPTED:
        was = a.ticket.lead_unit_id
        a.ticket.mark_recalled()
        take_back(a, AssignmentState.ENDED, EndReason.DESIGNATED)
        a.record("recalled", unit_id=was)
    give(a, unit, cooperators, basis=decision[:BASIS_LIMIT], is_designated=True)


def _add_cooperators(a: Act, cooperators: Sequence[Unit], decision: str) -> None:
    """Who helps already goes on; the others are asked below the lead's order."""
    parent = lead_order(a)
    lead = known_units()[parent.unit_id]
    parts = Assignment.objects.assisting().open().filter(ticket=a.ticket)
    helping = set(parts.values_list("unit_id", flat=True))
    for unit in cooperators:
        check_assistant(a, unit, lead, AssignmentRole.COOPERATE, "cooperators")
        if unit.pk not in helping:
            part = open_assisting(
                a, parent, unit, AssignmentRole.COOPERATE, task=decision[:TASK_LIMIT]
            )
            record_asked(a, "cooperation_asked", part, parent)
