"""Closing without an order, and opening again."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import OperationalError, transaction
from django.utils.translation import gettext as _

from hotline.core import limits
from hotline.core.actors import Actor
from hotline.core.models import Channel, ClockKind
from hotline.core.text import InputRefused
from hotline.core.violations import Busy, IllegalMove, NotVisible, RuleViolation
from intake import verbs
from intake.acts import Act, act, is_lock_timeout, one_act
from intake.models import (
    Access,
    CloseCode,
    Note,
    RequestType,
    State,
    Ticket,
    TicketRequester,
)
from intake.models.requesters import PartyRole
from intake.models.tickets import INFORM_CODES
from intake.services.registration import accept, readable_phone, tidy

ANSWER_LIMIT = 5_000
REASON_LIMIT = 500


def answer(
    *, number: str, actor: Actor, at: dt.datetime, version: int | None = None, text: str
) -> Ticket:
    """D7: a consultation is answered on the spot and closed. The answer given is kept."""
    with act("answer", number, actor=actor, at=at, version=version) as a:
        if a.ticket.request_type != RequestType.CONSULT:
            raise IllegalMove("only_consultations_answered", number=number)
        text = tidy(text, ANSWER_LIMIT, _("答复内容"), "text", required="answer_required")
        a.ticket.mark_answered()
        a.end(CloseCode.ANSWERED)
        a.change(replied_at=at)
        event = a.record("answered")
        _write_note(a, event.seq, text)
    return a.ticket


def inform(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    code: str,
    reason: str = "",
    transferred_to: str = "",
    earlier: str = "",
) -> Ticket:
    """D1–D6 (R-023…R-029): no order is made; the requester is told where to turn and why.

    A refusal always states its reason. D1 names the emergency line of the warm transfer, D3 the
    earlier ticket of the same matter.
    """
    with act("inform", number, actor=actor, at=at, version=version) as a:
        if code not in INFORM_CODES:
            raise RuleViolation("reason_required", field="code")
        required = "" if code == CloseCode.EMERGENCY else "reason_required"
        reason = tidy(reason, REASON_LIMIT, _("原因"), "reason", required=required)
        data: dict[str, Any] = {"code": code}
        if transferred_to:
            data["transferred_to"] = transferred_to
        if code == CloseCode.IN_PROGRESS:
            data["earlier"] = _earlier(earlier, a).number
        a.ticket.mark_informed()
        a.end(CloseCode(code))
        event = a.record("informed", **data)
        if reason:
            _write_note(a, event.seq, reason)
    return a.ticket


@transaction.atomic
def transfer_emergency(
    *,
    actor: Actor,
    at: dt.datetime,
    channel: Channel,
    line: str,
    phone: str = "",
    number: str = "",
) -> Ticket:
    """D1: hand a caller to 110, 119, 120 or 122 at once, before any field is filled (R-024).

    Only the trace is kept: when, by whom, to which line, and the caller's number if the telephone
    system knows it; one that cannot be read never holds up the transfer.
    """
    try:
        phone = readable_phone(phone)
    except InputRefused:
        phone = ""
    ticket = accept(
        actor=actor,
        at=at,
        channel=channel,
        # Kept text is in the city's language, whatever language the agent reads.
        matter=f"紧急情况，已即时转接 {line}。",
        called_at=at,
        request_type=RequestType.HELP,
        level="L1",
        phone=phone,
        is_anonymous=not phone,
        number=number,
    )
    return inform(
        number=ticket.number,
        actor=actor,
        at=at,
        code=CloseCode.EMERGENCY,
        transferred_to=line,
    )


def merge_into(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    target: str,
) -> Ticket:
    """The same matter goes on in another open ticket (R-026). Every requester joins the target
    and keeps every notice and an own call-back; reopening splits it off again.

    A confidential ticket makes the other one confidential, or its requester would be shown to
    the unit (R-018). One that names its requester does not go into an anonymous one, and none goes
    where the unit has replied: nobody would call its requester back.
    """
    with one_act():
        found = _both(number, target, actor)
        source = found.get(number)
        if source is None:
            raise NotVisible
        verbs.require("merge_into", source, actor)
        if target == number:
            raise RuleViolation("merge_into_itself", field="target")
        if target not in found:
            raise RuleViolation("earlier_ticket_unknown", field="target", value=target)
        if found[target].state in (State.CALLBACK, State.CLOSED):
            raise RuleViolation("merge_into_closed", field="target", number=target)
        if found[target].is_anonymous and not source.is_anonymous:
            raise RuleViolation("merge_into_anonymous", field="target", number=target)
        with act("merge_into", number, actor=actor, at=at, version=version) as a:
            a.ticket.mark_merged()
            a.change(merged_into=found[target])
            a.end(CloseCode.MERGED)
            a.record("merged", unit_id=a.ticket.lead_unit_id, into=target)
        other = Act(found[target], actor, at)
        present = set(
            found[target].parties.filter(left_at=None).values_list("requester_id", flat=True)
        )
        TicketRequester.objects.bulk_create(
            TicketRequester(
                ticket=found[target],
                requester_id=party.requester_id,
                role=PartyRole.CO,
                wants_callback=party.wants_callback,
                came_from=a.ticket,
                joined_at=at,
            )
            for party in a.ticket.parties.filter(left_at=None)
            if party.requester_id not in present
        )
        if a.ticket.is_confidential:
            other.change(is_confidential=True)
        other.record("joined", source=number)
        other.write()
    return a.ticket


def _both(number: str, other: str, actor: Actor) -> dict[str, Ticket]:
    """Two tickets by number under their locks, taken in id order, so that two acts on the same
    pair cannot block each other. Raises Busy."""
    pair = Ticket.objects.visible_to(actor).filter(number__in={number, other}).order_by("id")
    try:
        return {ticket.number: ticket for ticket in pair.select_for_update(of=("self",))}
    except OperationalError as error:
        if is_lock_timeout(error):
            raise Busy from error
        raise


def withdraw(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    is_confirmed: bool = False,
    reason: str = "",
) -> Ticket:
    """The requester takes the matter back. Only the hotline records it, having confirmed it with
    the requester; a handling unit never can. Counted for the unit that held it."""
    with act("withdraw", number, actor=actor, at=at, version=version) as a:
        if not is_confirmed:
            raise RuleViolation("withdrawal_unconfirmed", field="is_confirmed")
        unit_id, state = a.ticket.lead_unit_id, a.ticket.state
        a.ticket.mark_withdrawn()
        a.end(CloseCode.WITHDRAWN)
        event = a.record("withdrawn", unit_id=unit_id, state=state)
        if reason:
            _write_note(a, event.seq, tidy(reason, REASON_LIMIT, _("原因"), "reason"))
    return a.ticket


def reopen(
    *, number: str, actor: Actor, at: dt.datetime, version: int | None = None, reason: str
) -> Ticket:
    """New facts within the window (design §4): the ticket waits for dispatch again, with a new
    promise from now. A ticket that had been merged is split off with its requesters. The unit
    that had it sees it again when it is dispatched there again."""
    merged_into = _merged_into(number, actor)
    with one_act():
        other = _both(number, merged_into, actor).get(merged_into) if merged_into else None
        with act("reopen", number, actor=actor, at=at, version=version) as a:
            if a.ticket.merged_into_id and other is None:
                raise Busy  # it was merged while we looked
            _reopen(a, reason)
            if other is not None:
                _split(a, other)
    return a.ticket


def _reopen(a: Act, reason: str) -> None:
    ticket, number, at = a.ticket, a.ticket.number, a.at
    reason = tidy(reason, REASON_LIMIT, _("原因"), "reason", required="reason_required")
    closed_at = ticket.closed_at or at
    until = limits.due_for(ClockKind.REOPEN_WINDOW, level=ticket.level, start=closed_at, at=at).at
    if at >= until:
        raise IllegalMove(
            "reopen_window_over", number=number, until=until.strftime("%Y-%m-%d %H:%M")
        )
    Access.objects.filter(ticket=ticket, until=None).update(until=at)
    ticket.mark_reopened()
    a.change(
        closed_at=None,
        close_code="",
        replied_at=None,
        dispatched_at=None,
        lead_unit_id=None,
        merged_into=None,
        reopen_count=ticket.reopen_count + 1,
        rehandle_count=0,
    )
    promise = a.start(ClockKind.PROMISE)
    a.start(ClockKind.DISPATCH)
    a.change(promised_at=promise.due_at)
    event = a.record("reopened")
    _write_note(a, event.seq, reason)


def _merged_into(number: str, actor: Actor) -> str | None:
    """The number of the ticket this one goes on in; it does not change while this one is closed."""
    found = Ticket.objects.visible_to(actor).filter(number=number, merged_into__isnull=False)
    return found.values_list("merged_into__number", flat=True).first()


def _split(a: Act, other: Ticket) -> None:
    """The requesters who came with a ticket leave the other one, which says so in its own log."""
    joined = TicketRequester.objects.filter(ticket=other, came_from=a.ticket, left_at=None)
    joined.update(left_at=a.at)
    left = Act(other, a.actor, a.at)
    left.record("split", source=a.ticket.number)
    left.write()


def _earlier(number: str, a: Act) -> Ticket:
    """The ticket of the same matter that D3 refers to."""
    if not number:
        raise RuleViolation("earlier_ticket_required", field="earlier")
    try:
        return Ticket.objects.visible_to(a.actor).exclude(pk=a.ticket.pk).get(number=number)
    except Ticket.DoesNotExist:
        raise RuleViolation("earlier_ticket_unknown", field="earlier", value=number) from None


def _write_note(a: Act, seq: int, text: str) -> None:
    Note.objects.create(
        ticket=a.ticket, seq=seq, text=text, written_by=a.actor.reference, written_at=a.at
    )
