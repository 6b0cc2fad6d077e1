"""Rulings that decide like cases: read, and ended."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dispatch.models import Precedent
from dispatch.services.precedents import RULERS, end_precedent
from hotline.core.violations import RuleViolation
from hotline.pages.catalogue import may_edit
from hotline.pages.doors import StaffRequest, staff_page
from hotline.pages.paging import NEWEST_FIRST, page_of, total
from hotline.pages.precedents import lines, may_rule, precedents_that


@require_GET
@staff_page()
def precedents(request: StaffRequest) -> HttpResponse:
    """The precedents in force, or with `ended` those that decide no more, newest first."""
    found = precedents_that(decide="ended" not in request.GET)
    page = page_of(found, NEWEST_FIRST, request.GET)
    context = {
        "lines": lines(page.rows, request.actor),
        "page": page,
        "total": total(found),
        "is_ended": "ended" in request.GET,
        "today": timezone.localdate(),
        "may_rule": may_rule(request.actor),
        "may_edit": may_edit(request.actor),
    }
    return render(request, "pages/precedents.html", context)


@require_POST
@staff_page(*RULERS)
def end(request: StaffRequest, pk: int) -> HttpResponse:
    """Let a precedent decide no more from today on."""
    precedent = get_object_or_404(Precedent, pk=pk)
    try:
        end_precedent(precedent=precedent, actor=request.actor, at=timezone.now())
    except RuleViolation as refusal:
        if refusal.status == 403:
            raise
        messages.error(request, refusal.sentence())
    else:
        messages.success(request, _("先例已结束，从今天起不再决定派单"))
    return redirect("precedents")
