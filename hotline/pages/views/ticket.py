"""One ticket: where it stands, what can be done, what has happened."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from hotline.core.violations import NotVisible, RuleViolation
from hotline.pages.doors import (
    TICKET_ROLES,
    StaffRequest,
    readable_ticket,
    staff_page,
    visible_ticket,
)
from hotline.pages.ticket.facts import Facts, read_facts
from hotline.pages.ticket.instructions import instruction_lines
from hotline.pages.ticket.moves import moves
from hotline.pages.ticket.people import other_tickets, people_card
from hotline.pages.ticket.pleas import plea_panel
from hotline.pages.ticket.promises import ended_promises, running_promises
from hotline.pages.ticket.questions import hard_cases, open_questions
from hotline.pages.ticket.reasons import order_lines
from hotline.pages.ticket.record import record
from hotline.pages.ticket.stages import holder, stages
from hotline.pages.ticket.story import CHAPTERS, tell
from hotline.pages.ticket.tree import assisting_tree
from intake.services import reveal_requester
from knowledge.models import category_path


@require_GET
@staff_page(*TICKET_ROLES)
def ticket_page(request: StaffRequest, number: str) -> HttpResponse:
    """Everything a reader may know of a ticket, and the moves that can succeed now; of one that
    only counts for the reader's unit any more, its part in it."""
    at = timezone.now()
    try:
        ticket = visible_ticket(number, request.actor)
    except NotVisible:
        former = readable_ticket(number, request.actor)
        return render(request, "pages/ticket_record.html", record(former, request.actor, at))
    facts = read_facts(ticket, request.actor, at)
    return render(request, "pages/ticket.html", _page(facts, request.GET.get("story", "")))


def _page(facts: Facts, chapter: str) -> dict[str, Any]:
    return {
        "ticket": facts.ticket,
        "facts": facts,
        "moves": moves(facts),
        "stages": stages(facts),
        "holder": holder(facts),
        "questions": open_questions(facts),
        "tree": assisting_tree(facts),
        "running": running_promises(facts),
        "ended": ended_promises(facts),
        "orders": order_lines(facts),
        "cases": hard_cases(facts),
        "instructions": instruction_lines(facts),
        "pleas": plea_panel(facts),
        "story": tell(facts, chapter),
        "chapter": chapter,
        "chapters": CHAPTERS,
        "card": people_card(facts),
        "others": other_tickets(facts),
        "category": category_path(facts.ticket.category_id),
        "as_of": facts.at,
    }


@require_POST
@never_cache
@staff_page(*TICKET_ROLES)
def requester(request: StaffRequest, number: str) -> HttpResponse:
    """Shows once who the requesters are; who looked, when and why is on record."""
    at = timezone.now()
    ticket = visible_ticket(number, request.actor)
    context: dict[str, object] = {"ticket": ticket, "as_of": at}
    reason = request.POST.get("reason", "")
    try:
        context["revealed"] = reveal_requester(
            number=number, actor=request.actor, at=at, reason=reason
        )
        status = 200
    except RuleViolation as refusal:
        if refusal.status in (403, 404):
            raise
        facts = read_facts(ticket, request.actor, at)
        context |= {"card": people_card(facts), "problem": refusal.sentence(), "reason": reason}
        status = refusal.status
    template = "pages/requester_card.html" if request.htmx else "pages/requester.html"
    return render(request, template, context, status=status)
