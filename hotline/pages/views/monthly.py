"""The monthly table of the three rates; every number opens its tickets."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from evaluation import monthly as tables
from evaluation import periods
from hotline.pages.doors import StaffRequest, staff_page
from hotline.pages.month import first_group, months, told
from hotline.pages.workplaces import TABLE_ROLES


@require_GET
@staff_page(*TABLE_ROLES)
def monthly(request: StaffRequest) -> HttpResponse:
    """One group of units in one assessment month, as far as the reader may see."""
    at = timezone.now()
    current = periods.assessment_month(at)
    try:
        period = periods.month_named(request.GET.get("period") or current.label)
    except ValueError as error:
        raise Http404 from error
    groups = {group.value: group.label for group in tables.GROUPS}
    group = request.GET.get("group") or first_group(request.actor)
    if group not in groups or period.start > at:
        raise Http404
    context = {
        "table": told(tables.table(period, group, request.actor, at=at)),
        "groups": groups.items(),
        "group": group,
        "months": months(current),
        "period": period,
        "is_current": period.label == current.label,
        "as_of": at,
    }
    return render(request, "pages/monthly.html", context)
