"""What a requester says about the outcome: written down once, whoever carried it, and then read."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from evaluation.models import CallbackChannel, CallbackResult, CallOutcome
from evaluation.services.pressure import write_pressure
from hotline.core import limits
from hotline.core.actors import Actor
from hotline.core.models import ClockKind
from hotline.core.privacy.redact import extract_references
from hotline.core.violations import NotPermitted, RuleViolation
from hotline.core.working_time import BUSINESS_ZONE
from intake.acts import Act
from intake.models import Clock, State, Ticket, TicketRequester
from intake.services.registration import tidy

OPINION_LIMIT = 500
NOON = dt.time(12)
DECLINED = (CallOutcome.DECLINED, CallOutcome.REFUSED)
# Written by the requester when it suits them; calls keep the call-back's hours and its opening.
_AT_WILL = (CallbackChannel.SMS, CallbackChannel.WEB, CallbackChannel.OWN)


@dataclass(frozen=True)
class Said:
    """One attempt: how it ended and, when it reached somebody, the three answers in their order —
    contacted, solved, satisfied (R-082). `is_withheld`: the unit is not to read them. `pressure`
    is what somebody asked of the requester, if anything."""

    outcome: str = CallOutcome.CONNECTED
    contacted: bool | None = None
    resolved: bool | None = None
    satisfaction: str = ""
    opinion: str = ""
    is_withheld: bool = False
    pressure: str = ""
    pressure_words: str = ""

    @property
    def is_complete(self) -> bool:
        return self.contacted is not None and self.resolved is not None and bool(self.satisfaction)

    @property
    def has_any(self) -> bool:
        return self.contacted is not None or self.resolved is not None or bool(self.satisfaction)


def write_answer(
    a: Act,
    party: TicketRequester,
    said: Said,
    channel: str,
    *,
    parties: list[TicketRequester] | None = None,
) -> CallbackResult:
    """Write one attempt down, inside an act. The call-back clock stops when every requester who
    wants a call (`parties`, where they are at hand) has been concluded. An answer once written is
    never altered.

    Raises NotPermitted when somebody writes what is not theirs to write, RuleViolation when the
    answers are not all there.
    """
    ticket, at = a.ticket, a.at
    _check_hand(a.actor, channel)
    is_valid = _check_answers(said)
    if channel in _AT_WILL:
        _open_now(a)
    unit_id = ticket.lead_unit_id
    earlier = list(CallbackResult.objects.filter(ticket=ticket))
    result = CallbackResult(
        ticket=ticket,
        unit_id=cast("int", unit_id),  # a dispatched ticket has a lead (constraint)
        requester_id=party.requester_id,
        round=ticket.rehandle_count + 1,
        attempt=1 + sum(_same_turn(r, party, ticket) for r in earlier),
        channel=channel,
        outcome=said.outcome,
        contacted=said.contacted if is_valid else None,
        resolved=said.resolved if is_valid else None,
        satisfaction=said.satisfaction if is_valid else "",
        opinion=extract_references(tidy(said.opinion, OPINION_LIMIT, _("意见"), "opinion"))[0],
        is_withheld=is_valid and said.is_withheld,
        is_valid=is_valid,
        is_first=is_valid and not any(r.is_first and r.unit_id == unit_id for r in earlier),
        called_at=at,
        called_by_id=a.actor.id if a.actor.kind == "staff" else None,
    )
    result.save(force_insert=True)
    if said.pressure:
        write_pressure(a, party, said.pressure, said.pressure_words, channel)
    _conclude(a, [*earlier, result], parties)
    a.record("called_back", unit_id=unit_id, **_told(result))
    return result


def _check_hand(actor: Actor, channel: str) -> None:
    """People of the office write down what they heard on the telephone and nothing else; a unit,
    by hand or by its system, writes nothing at all."""
    if channel == CallbackChannel.PHONE:
        is_theirs = actor.kind in ("staff", "system")
    else:
        is_theirs = actor.kind in ("citizen", "client")
    if not is_theirs or actor.is_of_unit:
        raise NotPermitted


def _check_answers(said: Said) -> bool:
    """Whether this is a valid call-back (R-084)."""
    if said.outcome == CallOutcome.CONNECTED:
        if not said.is_complete:
            raise RuleViolation("answers_incomplete", field="satisfaction")
        return True
    if said.has_any:
        raise RuleViolation("answers_without_call", field="outcome")
    if said.pressure and said.outcome not in DECLINED:
        raise RuleViolation("answers_without_call", field="pressure")
    return False


def _open_now(a: Act) -> None:
    """Who speaks of the outcome before anybody was to call has opened the call-back."""
    for waiting in a.running(ClockKind.CALLBACK):
        if a.at < waiting.opens_at:
            due = limits.due_for(ClockKind.CALLBACK, level=a.ticket.level, start=a.at)
            a.move(waiting, opens_at=a.at, due_at=due.at)


def _same_turn(result: CallbackResult, party: TicketRequester, ticket: Ticket) -> bool:
    return result.requester_id == party.requester_id and result.round == ticket.rehandle_count + 1


def _conclude(a: Act, results: list[CallbackResult], parties: list[TicketRequester] | None) -> None:
    """Stop the clock when nobody is left to be called. A ticket waiting for its close still runs
    one: the desk must decide in its time."""
    ticket, waiting = a.ticket, a.running(ClockKind.CALLBACK)
    if not waiting:
        return
    since = waiting[0].opens_at
    if parties is None:
        parties = parties_to_call(ticket)
    if all(is_concluded(ticket, party, results, since) for party in parties):
        a.stop(ClockKind.CALLBACK)
        if ticket.state == State.CALLBACK and not a.running(ClockKind.CLOSING):
            a.start(ClockKind.CLOSING)


def _told(result: CallbackResult) -> dict[str, Any]:
    """What the event says to everybody who sees the ticket; of a withheld answer only that there
    is one."""
    told: dict[str, Any] = {"result": result.pk, "outcome": result.outcome}
    if result.channel != CallbackChannel.PHONE:
        told["channel"] = result.channel
    if result.is_withheld:
        return told | {"is_withheld": True}
    answers = {"contacted": result.contacted, "resolved": result.resolved}
    return told | answers | {"satisfaction": result.satisfaction}


# --- what the record says --------------------------------------------------------------------


def parties_to_call(ticket: Ticket) -> list[TicketRequester]:
    """The requesters who are to be called: main first, each with an own call-back."""
    if ticket.is_anonymous:
        return []
    parties = ticket.parties.filter(left_at=None, wants_callback=True)
    return list(parties.order_by("-role", "id"))


def answers_since_reply(ticket: Ticket) -> list[CallbackResult]:
    """The valid answers about the unit's last reply; older ones speak of an earlier round."""
    order = ticket.assignments.filter(role="lead").order_by("-id").first()
    answers = CallbackResult.objects.filter(ticket=ticket, is_valid=True)
    if order is not None and order.replied_at is not None:
        answers = answers.filter(called_at__gte=order.replied_at)
    return list(answers)


def attempts_of_turn(ticket: Ticket) -> list[CallbackResult]:
    """The attempts since the call-back last opened; those before belong to an earlier turn."""
    opened = last_opened(ticket)
    if opened is None:
        return []
    return list(CallbackResult.objects.filter(ticket=ticket, called_at__gte=opened.opens_at))


def last_opened(ticket: Ticket) -> Clock | None:
    """The call-back that runs now, or ran last."""
    return ticket.clocks.filter(kind=ClockKind.CALLBACK).order_by("-id").first()


def is_concluded(
    ticket: Ticket, party: TicketRequester, results: list[CallbackResult], since: dt.datetime
) -> bool:
    """Answered, declined, or tried often enough since the call-back opened."""
    own = [r for r in results if r.requester_id == party.requester_id and r.called_at >= since]
    if any(r.is_valid or r.outcome in DECLINED for r in own):
        return True
    return is_exhausted(own)


def half_day_start(at: dt.datetime) -> dt.datetime:
    """When the half-day of an instant began; attempts count once per half-day (R-085)."""
    local = timezone.localtime(at, BUSINESS_ZONE)
    start = NOON if local.time() >= NOON else dt.time()
    return dt.datetime.combine(local.date(), start, BUSINESS_ZONE)


def is_exhausted(results: list[CallbackResult]) -> bool:
    """Tried on enough different half-days, and over enough days (R-085): who is away for a day is
    still asked."""
    if half_days(results) < settings.CALLBACK_ATTEMPTS:
        return False
    days = {timezone.localtime(r.called_at).date() for r in results}
    return (max(days) - min(days)).days + 1 >= settings.CALLBACK_DAYS


def half_days(results: list[CallbackResult]) -> int:
    """On how many different half-days somebody tried (R-085)."""
    local = [timezone.localtime(r.called_at) for r in results]
    return len({(t.date(), t.hour < 12) for t in local})
