"""Three facts side by side where they contradict each other."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from evaluation.contradictions import three_facts
from hotline.pages.contradictions import READERS, ContradictionList
from hotline.pages.doors import StaffRequest, staff_page
from hotline.pages.paging import NEWEST_FIRST, page_of, total


@require_GET
@staff_page(*READERS)
def contradictions(request: StaffRequest) -> HttpResponse:
    """What the unit reported, what the call-back heard, what the requester rated."""
    listed = ContradictionList(request.GET, request.actor, timezone.now())
    tickets = listed.tickets()
    page = page_of(tickets.for_list(), NEWEST_FIRST, request.GET)
    context = {
        "listed": listed,
        "page": page,
        "rows": three_facts(page.rows, request.actor),
        "total": total(tickets),
        "as_of": listed.at,
    }
    return render(request, "pages/contradictions.html", context)
