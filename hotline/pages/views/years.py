"""A year of closed months, for those who report on it once a year."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from evaluation.models import MonthClose
from evaluation.schemes import month_at
from hotline.pages import year as pages
from hotline.pages.doors import StaffRequest, staff_page
from hotline.pages.month import first_group, is_unpublished
from hotline.pages.result_files import file_of, record_export, year_file
from hotline.pages.workplaces import TABLE_ROLES
from hotline.pages.year import YearTable

FIRST_YEAR = 2019  # before it there was no such assessment


@require_GET
@staff_page(*TABLE_ROLES)
def years(request: StaffRequest) -> HttpResponse:
    """The year of the last closed month, the present one while none is closed."""
    last = MonthClose.objects.order_by("-month").values_list("month", flat=True).first()
    return redirect("year", int(last[:4]) if last else _present())


@require_GET
@staff_page(*TABLE_ROLES)
def year(request: StaffRequest, number: int) -> HttpResponse:
    """One group's year, as far as the reader may see."""
    table = _asked_for(request, number)
    context = {
        "table": table,
        "groups": pages.groups_for(request.actor),
        "is_unpublished": is_unpublished(table.group),
        "classes": pages.CLASSES,
        "years": pages.years_with_months(number, _present()),
        "as_of": timezone.now(),
    }
    return render(request, "pages/year.html", context)


@require_GET
@staff_page(*TABLE_ROLES)
def export(request: StaffRequest, number: int) -> HttpResponse:
    """The same table as a file."""
    at, table = timezone.now(), _asked_for(request, number)
    answer = file_of(year_file(table, at), request.GET.get("format", "xlsx"))
    record_export("year_exported", request.actor, at, year=number, group=table.group)
    return answer


def _asked_for(request: StaffRequest, number: int) -> YearTable:
    """Raises Http404 for a year that has not begun and for a group that is not there."""
    groups = pages.groups_for(request.actor)
    group = request.GET.get("group") or first_group(request.actor, groups)
    if group not in groups or not FIRST_YEAR <= number <= _present():
        raise Http404
    return pages.year_table(number, group, request.actor)


def _present() -> int:
    """The year of the running assessment month."""
    return int(month_at(timezone.now()).label[:4])
