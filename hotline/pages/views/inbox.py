"""The unit's inbox."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from hotline.core.violations import RuleViolation
from hotline.pages.doors import StaffRequest, next_url, staff_page
from hotline.pages.inbox import (
    RARE_TABS,
    TABS,
    Inbox,
    dress,
    for_rows,
    shows_unit,
    signing_verb,
)
from hotline.pages.live import news
from hotline.pages.paging import page_of
from hotline.pages.workplaces import INBOX_ROLES
from intake import verbs


@require_GET
@staff_page(*INBOX_ROLES)
def inbox(request: StaffRequest) -> HttpResponse:
    """Least time left first; tabs with their numbers; one press signs."""
    at = timezone.now()
    box = Inbox(request.actor, request.GET, at)
    page = page_of(for_rows(box.rows()), box.order, request.GET)
    totals = box.totals()
    tabs = [
        (tab, totals[tab.key])
        for tab in TABS
        if totals[tab.key].count or tab is box.tab or tab.key not in RARE_TABS
    ]
    context = {
        "box": box,
        "tabs": tabs,
        "total": totals[box.tab.key],
        "page": page,
        "rows": dress(page.rows, request.actor, at),
        "shows_unit": shows_unit(request.actor),
        "as_of": at,
    }
    return render(request, "pages/inbox.html", context)


@require_GET
@staff_page(*INBOX_ROLES)
def updates(request: StaffRequest) -> HttpResponse:
    """Asked every 20 seconds: how many rows of this tab are new."""
    box = Inbox(request.actor, request.GET, timezone.now())
    return news(request, box.news_since, "inbox")


@require_POST
@staff_page(*INBOX_ROLES)
def sign(request: StaffRequest, pk: int) -> HttpResponse:
    """签收 from the list. The row alone is drawn again, so nothing moves under the cursor."""
    at = timezone.now()
    rows = for_rows(Inbox(request.actor, request.GET, at).own())
    order = get_object_or_404(rows, pk=pk)
    number, problem = order.ticket.number, ""
    try:
        verbs.run(signing_verb(order), number=number, actor=request.actor, at=at, version=None)
    except RuleViolation as refusal:
        problem = refusal.sentence()
    if not request.htmx:
        if problem:
            messages.error(request, problem)
        else:
            messages.success(request, _("已签收 %(number)s") % {"number": number})
        return redirect(next_url(request, "inbox"))
    row = dress([get_object_or_404(rows, pk=pk)], request.actor, at)[0]
    context = {
        "row": row,
        "shows_unit": shows_unit(request.actor),
        "problem": problem,
        "is_fresh": not problem,
        "as_of": at,
    }
    return render(request, "pages/inbox_row.html", context, status=409 if problem else 200)
