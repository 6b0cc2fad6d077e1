"""The monthly ranking; every number opens its tickets."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from evaluation import monthly as tables
from evaluation import periods
from evaluation.monthly import Table
from hotline.pages import month as pages
from hotline.pages.doors import StaffRequest, staff_page
from hotline.pages.result_files import file_of, ranking_file, record_export
from hotline.pages.workplaces import TABLE_ROLES


@require_GET
@staff_page(*TABLE_ROLES)
def monthly(request: StaffRequest) -> HttpResponse:
    """One group of units in one assessment month, as far as the reader may see."""
    at = timezone.now()
    table = _asked_for(request)
    current = periods.assessment_month(at)
    month = table.month
    context = {
        "table": pages.told(table),
        "heads": pages.HEADS,
        "scale": pages.SCALE,
        "month": month,
        "group": table.group,
        "groups": tables.groups_for(month, request.actor),
        "is_unpublished": pages.is_unpublished(table.group),
        "months": pages.months(current),
        "is_current": month.label == current.label,
        "attributed": pages.ATTRIBUTED[month.rules.attribution],
        "errata": pages.errata_of(month) if month.is_closed else (),
        "coverage_floor": pages.coverage_floor(month),
        "command": pages.recompute_command(month),
        "scheme_url": pages.scheme_url(month, request.actor),
        "as_of": month.close.closed_at if month.close else at,
    }
    return render(request, "pages/monthly.html", context)


@require_GET
@staff_page(*TABLE_ROLES)
def export(request: StaffRequest) -> HttpResponse:
    """The same table as a file, with what it was computed by."""
    at, table = timezone.now(), _asked_for(request)
    kind = request.GET.get("format", "xlsx")
    answer = file_of(ranking_file(table, at), kind)
    record_export("month_exported", request.actor, at, month=table.month.label, group=table.group)
    return answer


def _asked_for(request: StaffRequest) -> Table:
    """The table that the address names. Raises Http404 for a month or group that is not there."""
    at = timezone.now()
    month = pages.month_named(
        request.GET.get("period") or periods.assessment_month(at).label, at=at
    )
    groups = tables.groups_for(month, request.actor)
    group = request.GET.get("group") or pages.first_group(request.actor, groups)
    if group not in groups:
        raise Http404
    return tables.table(month, group, request.actor)
