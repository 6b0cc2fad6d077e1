"""The monthly ranking; every number opens its tickets."""

from __future__ import annotations

import datetime as dt

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from evaluation import monthly as tables
from evaluation.monthly import Table
from evaluation.schemes import month_at
from hotline.pages import daily
from hotline.pages import month as pages
from hotline.pages.doors import StaffRequest, staff_page
from hotline.pages.result_files import file_of, ranking_file, record_export
from hotline.pages.workplaces import TABLE_ROLES


@require_GET
@staff_page(*TABLE_ROLES)
def monthly(request: StaffRequest) -> HttpResponse:
    """One group of units in one assessment month, as far as the reader may see."""
    at = timezone.now()
    table = _asked_for(request, at)
    month = table.month
    context = {
        "table": pages.ToldTable(table, request.actor),
        "heads": pages.HEADS,
        "scale": pages.SCALE,
        "month": month,
        "group": table.group,
        "groups": tables.groups_for(month, request.actor),
        "is_unpublished": pages.is_unpublished(table.group),
        "months": pages.months(month_at(at)),
        "attributed": pages.ATTRIBUTED[month.rules.attribution],
        "errata": pages.errata_of(month) if month.is_closed else (),
        "coverage_floor": pages.coverage_floor(month),
        "command": pages.recompute_command(month),
        "scheme_url": pages.scheme_url(month, request.actor),
        "as_of": table.as_of,
        **daily.beside(table, at),
    }
    return render(request, "pages/monthly.html", context)


@require_GET
@staff_page(*TABLE_ROLES)
def export(request: StaffRequest) -> HttpResponse:
    """The same table as a file, with what it was computed by."""
    at = timezone.now()
    table = _asked_for(request, at)
    kind = request.GET.get("format", "xlsx")
    answer = file_of(daily.report_file(ranking_file(table, table.as_of), table), kind)
    told = {"month": table.month.label, "group": table.group, "cut": pages.cut_named(table.report)}
    record_export("month_exported", request.actor, at, **told)
    return answer


def _asked_for(request: StaffRequest, at: dt.datetime) -> Table:
    """The table that the address names. Raises Http404 for a month, group or daily report that is
    not there."""
    month = pages.month_named(request.GET.get("period") or month_at(at).label, at=at)
    groups = tables.groups_for(month, request.actor)
    group = request.GET.get("group") or pages.first_group(request.actor, groups)
    if group not in groups:
        raise Http404
    report = daily.asked_report(request.GET.get("cut", ""), month, at=at)
    return tables.table(month, group, request.actor, report)
