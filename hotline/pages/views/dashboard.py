"""The leader's dashboard; every number opens its tickets."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from evaluation import monthly as tables
from evaluation.schemes import month_at
from hotline.pages import boundaries
from hotline.pages import month as pages
from hotline.pages.dashboard import ranking, whole
from hotline.pages.doors import StaffRequest, staff_page
from hotline.pages.workplaces import TABLE_ROLES


@require_GET
@staff_page(*TABLE_ROLES)
def dashboard(request: StaffRequest) -> HttpResponse:
    """The city, a district or a unit in one month and at this moment."""
    at, actor = timezone.now(), request.actor
    scope = whole.scope_asked_for(request.GET.get("scope", ""), actor)
    month = pages.month_named(request.GET.get("period") or month_at(at).label, at=at)
    groups = tables.groups_for(month, actor)
    group = whole.group_asked_for(request.GET.get("group", ""), scope, groups)
    board = whole.dashboard(month, scope, group, actor, at)
    context = {
        "board": board,
        "map": boundaries.district_map(board.tiles),
        "heads": ranking.HEADS,
        "scope": scope,
        "scopes": whole.scope_choices(scope, month, actor),
        "month": month,
        "months": whole.month_choices(at),
        "coverage_floor": pages.coverage_floor(month),
        "scheme_url": pages.scheme_url(month, actor),
        "as_of": at,
    }
    return render(request, "pages/dashboard.html", context)
