"""一单到底."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from hotline.pages.doors import TICKET_ROLES, StaffRequest, staff_page, visible_ticket
from hotline.pages.journey import BAR_WIDTH, read_journey


@require_GET
@staff_page(*TICKET_ROLES)
def journey(request: StaffRequest, number: str) -> HttpResponse:
    """The whole life of a ticket on one page: every hand, every order, and the days that add up."""
    at = timezone.now()
    ticket = visible_ticket(number, request.actor)
    context = {
        "ticket": ticket,
        "journey": read_journey(ticket, request.actor, at),
        "bar_width": BAR_WIDTH,
        "as_of": at,
    }
    return render(request, "pages/journey.html", context)
