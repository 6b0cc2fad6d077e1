"""Calls made by a voice robot: whom it may call, and what a call came to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from evaluation import robot
from evaluation.models import CallbackChannel, CallbackResult, CallOutcome
from evaluation.sampling import is_asked_of_pressure
from evaluation.services.answers import (
    Said,
    half_day_start,
    is_concluded,
    parties_to_call,
    write_answer,
)
from evaluation.services.calling import callee, check_call, is_calling_time
from evaluation.services.links import write_after_call
from hotline.core.actors import SYSTEM, Actor
from hotline.core.deployment import deployment
from hotline.core.models import AuditEntry, ClockKind
from hotline.core.models.clients import Scope
from hotline.core.violations import NotPermitted, RuleViolation
from intake.acts import Act, locked, one_act
from intake.models import Clock, Ticket, TicketEvent, TicketRequester

# Of a call-back clock: the robot has called about it, and a person is to call instead.
WANTS_PERSON = Exists(
    TicketEvent.objects.filter(
        ticket_id=OuterRef("ticket_id"), type="person_asked", recorded_at__gte=OuterRef("opens_at")
    )
)


@dataclass(frozen=True)
class Call:
    """One requester whom the robot may call now. Of an invented one the number is not given: it
    may be somebody's."""

    ticket: Ticket
    party: TicketRequester
    phone: str
    asks_pressure: bool


def calls_for_robot(*, actor: Actor, at: dt.datetime, limit: int) -> list[Call]:
    """The calls due longest, in the hours in which people are called: of each ticket the first
    requester not concluded. Not about a confidential matter, not twice in a half-day, and not who
    has asked for a person. Every number given out is written down."""
    check_robot(actor)
    if not is_calling_time(at):
        return []
    found = []
    for clock in _due(at).select_related("ticket").order_by("opens_at", "pk")[:limit]:
        results = list(CallbackResult.objects.filter(ticket=clock.ticket))
        left = (
            party
            for party in parties_to_call(clock.ticket)
            if not is_concluded(clock.ticket, party, results, clock.opens_at)
        )
        if party := next(left, None):
            found.append(_call(clock.ticket, party, at))
    AuditEntry.objects.bulk_create(
        AuditEntry(
            at=at, action="number_given_to_robot", actor=actor.reference, number=c.ticket.number
        )
        for c in found
    )
    return found


def _due(at: dt.datetime) -> QuerySet[Clock]:
    of_ticket = {"ticket_id": OuterRef("ticket_id")}
    tried = CallbackResult.objects.filter(**of_ticket, called_at__gte=half_day_start(at))
    callees = TicketRequester.objects.filter(**of_ticket, left_at=None, wants_callback=True)
    due = Clock.objects.running().filter(kind=ClockKind.CALLBACK, opens_at__lte=at)
    return due.filter(Exists(callees), ~Exists(tried), ~WANTS_PERSON, ticket__is_confidential=False)


def _call(ticket: Ticket, party: TicketRequester, at: dt.datetime) -> Call:
    phone = "" if deployment().is_simulated else party.requester.phone
    return Call(ticket, party, phone, is_asked_of_pressure(ticket, at))


def record_robot_call(
    *, number: str, actor: Actor, at: dt.datetime, party: int, heard: Sequence[str]
) -> robot.Conversation:
    """Write down what a call of the robot came to, judged by the conversation itself. Who asked
    for a person, or could not be understood, is no attempt of the office: the call waits for
    somebody of the staff. Whom it did not reach is written to next, where the order of the channels
    says so. The rules of a call hold: its opening and its hours.

    Raises NotPermitted, NotVisible, IllegalMove or RuleViolation.
    """
    check_robot(actor)
    with one_act():
        a = Act(locked(number, SYSTEM), actor, at)
        check_call(a)
        called = callee(parties_to_call(a.ticket), _party(a.ticket, party))
        conversation = judged(number=number, heard=heard, at=at)
        if conversation.ending in robot.FOR_A_PERSON:
            a.record("person_asked", ending=conversation.ending)
        else:
            result = write_answer(a, called, _said(conversation), CallbackChannel.ROBOT)
            if result.outcome == CallOutcome.NO_ANSWER:
                write_after_call(a, called)
        a.write()
    return conversation


def judged(*, number: str, heard: Sequence[str], at: dt.datetime) -> robot.Conversation:
    """What a call came to, and nothing written. Raises RuleViolation for what is no whole call."""
    asks = is_asked_of_pressure(Ticket(number=number), at)
    try:
        conversation = robot.replay(heard, asks_pressure=asks)
    except ValueError as error:
        raise RuleViolation("robot_heard_nonsense", field="heard") from error
    if conversation.ending is None:
        raise RuleViolation("robot_not_finished", field="heard")
    return conversation


def _said(conversation: robot.Conversation) -> Said:
    assert conversation.ending is not None
    outcome = robot.OUTCOMES[conversation.ending]
    if conversation.ending != robot.Ending.ANSWERED:
        # What was answered before the line went dead is no answer.
        return Said(outcome=outcome)
    return Said(outcome=outcome, **conversation.answers)


def _party(ticket: Ticket, pk: int) -> TicketRequester:
    found = ticket.parties.filter(pk=pk).first()
    if found is None:
        raise RuleViolation("not_to_be_called", field="party")
    return found


def check_robot(actor: Actor) -> None:
    """The hotline's own machine: a key for this alone, never a unit's."""
    if actor.kind != "client" or Scope.ROBOT not in actor.scopes or actor.is_of_unit:
        raise NotPermitted
