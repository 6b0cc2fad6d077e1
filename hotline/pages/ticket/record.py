"""A ticket that a unit has lost and that counts for it: what it did, what counts, what it can ask.

It reads what was recorded while it saw the ticket and what concerns itself; what became of the
ticket in other hands, and who the requester is, it does not learn.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from dispatch.models import AssignmentRole
from evaluation.models import ExclusionGround, Outcome, OutcomeRole
from evaluation.pleas import answers_counted
from hotline.core.actors import Actor
from hotline.core.models import LASTING_KINDS, Unit
from hotline.core.places import units
from hotline.pages.templatetags.clocks import moment
from hotline.pages.ticket.facts import Facts, read_facts
from hotline.pages.ticket.moves import moves
from hotline.pages.ticket.pleas import plea_panel
from hotline.pages.ticket.questions import Words
from hotline.pages.ticket.story import tell
from intake.models import Ticket, TicketEvent, TicketText, TicketTextRevision
from intake.own_affairs import known_since, lost_at
from knowledge.models import category_path


@dataclass(frozen=True)
class Counted:
    """One of the reader's units in one role: the month it counts in, and how."""

    unit: Unit
    role: str
    month: str
    words: list[Words]


def record(ticket: Ticket, actor: Actor, at: dt.datetime) -> dict[str, Any]:
    """What the page of such a ticket shows."""
    since = lost_at(ticket, actor)
    facts = _narrowed(read_facts(ticket, actor, at), since)
    return {
        "ticket": ticket,
        "text": _text(ticket, since),
        "facts": facts,
        "lost_at": since,
        "counted": _counted(ticket, actor),
        "orders": [o for o in facts.orders if o.role != AssignmentRole.SUPERVISE],
        "moves": moves(facts),
        "pleas": plea_panel(facts),
        "story": tell(facts),
        "category": category_path(ticket.category_id),
        "as_of": at,
    }


def _narrowed(facts: Facts, since: dt.datetime) -> Facts:
    """Without what happened after the reader's units lost it, unless it concerns them."""
    actor, own = facts.actor, facts.actor.unit_ids
    heard = answers_counted(facts.ticket, own, facts.at)
    orders = {o.pk: o for o in facts.orders if o.unit_id in own}
    known = TicketEvent.objects.filter(
        known_since(actor, since),
        ticket_id=facts.ticket.pk,
        recorded_at__gte=facts.ticket.accepted_at,
    )
    seqs = set(known.values_list("seq", flat=True))
    return replace(
        facts,
        clocks=[c for c in facts.clocks if c.unit_id in own or c.kind in LASTING_KINDS],
        events=[e for e in facts.events if e.seq in seqs],
        notes=[note for note in facts.notes if note.written_at <= since],
        parties=[],
        orders=list(orders.values()),
        replies=[r for r in facts.replies if r.assignment_id in orders],
        contacts=[c for c in facts.contacts if c.assignment_id in orders],
        objections=[o for o in facts.objections if o.assignment_id in orders],
        supervision=[o for o in facts.supervision if o.unit_id in own],
        results=[r for r in facts.results if r.unit_id in own or r.pk in heard],
        extensions=[e for e in facts.extensions if e.assignment_id in orders],
        fact_requests=[q for q in facts.fact_requests if q.assignment_id in orders],
        holds=[h for h in facts.holds if h.assignment_id in orders],
        coordinations=[],
        onsites=[],
    )


def _text(ticket: Ticket, since: dt.datetime) -> TicketText | TicketTextRevision:
    """The matter as it read then."""
    if ticket.text.written_at <= since:
        return ticket.text
    earlier = TicketTextRevision.objects.filter(ticket=ticket, written_at__lte=since)
    return earlier.order_by("-revision").first() or ticket.text


def _counted(ticket: Ticket, actor: Actor) -> list[Counted]:
    rows = Outcome.objects.filter(ticket=ticket, unit_id__in=actor.unit_ids)
    return [
        Counted(units()[row.unit_id], str(OutcomeRole(row.role).label), row.month, _words(row))
        for row in rows.order_by("-role", "unit_id")
    ]


def _words(row: Outcome) -> list[Words]:
    """The facts of a row that count. What was answered stands beside the answers, where a withheld
    one is not told."""
    found: list[Words] = [(_("接到"), moment(row.given_at))]
    if row.due_at is not None:
        found.append((_("反馈时限"), moment(row.due_at)))
    found.append((_("首次反馈"), moment(row.done_at) or _("未反馈")))
    if row.is_on_time is not None:
        found.append((_("是否按时"), _("按时") if row.is_on_time else _("超时")))
    found.append((_("有效回访"), str(row.answer_count)))
    if row.is_left:
        found.append((_("承办量"), _("不计入（已退回、收回或改派）")))
    if row.return_count or row.improper_count:
        found.append((_("退单"), str(row.return_count)))
        found.append((_("不当退单"), str(row.improper_count)))
    for label, ground in ((_("剔除"), row.excluded), (_("不计入"), row.not_counted)):
        if ground:
            found.append((label, str(ExclusionGround(ground).label)))
    if row.first_set_aside or row.last_set_aside:
        found.append((_("申诉"), _("成立")))
    return found
