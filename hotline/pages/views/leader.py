"""领导台: what needs this leader's decision this morning."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from hotline.pages.doors import StaffRequest, staff_page
from hotline.pages.leader.kinds import LEADERS
from hotline.pages.leader.page import LeaderPage


@require_GET
@staff_page(*LEADERS)
def leader(request: StaffRequest) -> HttpResponse:
    """The first lines of all that waits; or one kind, or everything, page by page."""
    at = timezone.now()
    page = LeaderPage(request.actor, request.GET, at)
    context = {
        "listed": page,
        "lines": page.lines(),
        "instructions": page.instructions(),
        "as_of": at,
    }
    return render(request, "pages/leader.html", context)
