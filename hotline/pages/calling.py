"""The call-back list and the call itself.

The list is the due call-back clocks: it never depends on a task having run (design §6).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch.models import AssignmentRole, Reply
from evaluation.models import CallbackResult
from evaluation.services import attempts_of_turn, is_concluded, parties_to_call
from evaluation.services.answers import NOON, half_day_start
from evaluation.services.robot import WANTS_PERSON
from hotline.core.actors import Actor
from hotline.core.models import ClockKind
from hotline.core.privacy.phones import mask_name, mask_phone
from hotline.pages.paging import Order
from intake.models import Clock, State, Ticket, TicketRequester
from knowledge.models import Category, categories

LONGEST_FIRST = Order("due_at")


@dataclass(frozen=True)
class Tab:
    key: str
    label: str | Promise


TABS = (
    Tab("due", gettext_lazy("待拨打")),
    Tab("tried", gettext_lazy("本半天已拨打")),
    Tab("closing", gettext_lazy("待办结")),
)


def callback_clocks(tab: str, actor: Actor, at: dt.datetime) -> QuerySet[Clock]:
    """The promises of a tab: calls that are due (tried in this half-day or not), or closes that
    wait because nobody is left to be called."""
    callee = TicketRequester.objects.filter(
        ticket_id=OuterRef("ticket_id"), left_at__isnull=True, wants_callback=True
    )
    running = Clock.objects.running().filter(ticket__in=Ticket.objects.visible_to(actor))
    if tab == "closing":
        # An anonymous matter has nobody to call and waits for its close at once.
        nobody = Q(kind=ClockKind.CALLBACK) & ~Exists(callee)
        return running.filter(Q(kind=ClockKind.CLOSING) | nobody, ticket__state=State.CALLBACK)
    tried = CallbackResult.objects.filter(
        ticket_id=OuterRef("ticket_id"), called_at__gte=half_day_start(at)
    )
    due = running.filter(Exists(callee), kind=ClockKind.CALLBACK, opens_at__lte=at)
    due = due.annotate(wants_person=WANTS_PERSON)
    return due.filter(Exists(tried) if tab == "tried" else ~Exists(tried))


@dataclass(frozen=True)
class CallRow:
    """One call to make, with what has been tried since it became due. `wants_person`: the robot
    has called, and the requester would rather speak to somebody."""

    clock: Clock
    attempts: list[str]
    is_late: bool
    wants_person: bool = False

    @property
    def ticket(self) -> Ticket:
        return self.clock.ticket

    @property
    def category(self) -> Category | None:
        return categories().get(self.ticket.category_id or 0)


def call_rows(clocks: Iterable[Clock], at: dt.datetime) -> list[CallRow]:
    """Rows with their attempts, in one query."""
    clocks = list(clocks)
    tried: dict[int, list[CallbackResult]] = {}
    results = CallbackResult.objects.filter(ticket_id__in=[c.ticket_id for c in clocks])
    for result in results.order_by("pk"):
        tried.setdefault(result.ticket_id, []).append(result)
    return [
        CallRow(
            clock=clock,
            attempts=[attempt_words(r) for r in tried.get(clock.ticket_id, []) if _is_of(r, clock)],
            is_late=clock.is_late(at),
            wants_person=getattr(clock, "wants_person", False),
        )
        for clock in clocks
    ]


def _is_of(result: CallbackResult, clock: Clock) -> bool:
    """Whether an attempt belongs to this turn; a close speaks of all of the last round."""
    if clock.kind == ClockKind.CALLBACK:
        return result.called_at >= clock.opens_at
    return result.round == clock.ticket.rehandle_count + 1


def attempt_words(result: CallbackResult) -> str:
    """04-14 上午 未接通."""
    local = timezone.localtime(result.called_at)
    half = _("上午") if local.time() < NOON else _("下午")
    return f"{local:%m-%d} {half} {result.get_outcome_display()}"


@dataclass(frozen=True)
class Callee:
    """A requester who is to be called, masked; each has an own call-back."""

    party: TicketRequester
    name: str
    phone: str
    attempts: list[CallbackResult]
    is_concluded: bool


def callees(ticket: Ticket) -> list[Callee]:
    """Everybody to be called about a ticket, main requester first."""
    attempts = attempts_of_turn(ticket)
    opened = ticket.clocks.filter(kind=ClockKind.CALLBACK).order_by("-pk").first()
    since = opened.opens_at if opened else ticket.accepted_at
    return [
        Callee(
            party=party,
            name=mask_name(party.requester.name or "") or _("未留姓名"),
            phone=mask_phone(party.requester.phone),
            attempts=[a for a in attempts if a.requester_id == party.requester_id],
            is_concluded=is_concluded(ticket, party, attempts, since),
        )
        for party in parties_to_call(ticket)
    ]


def last_replies(ticket: Ticket) -> list[Reply]:
    """What the units in charge told the requester, newest first; what a unit that assisted told
    them is between units."""
    of_leads = {"assignment__ticket": ticket, "assignment__role": AssignmentRole.LEAD}
    found = Reply.objects.filter(**of_leads).select_related("assignment__unit")
    return list(found.order_by("-pk"))
