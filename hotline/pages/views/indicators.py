"""Indicators beside the score, each with its definition; every number opens its tickets."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from evaluation import indicators as readings
from evaluation import monthly
from evaluation.indicators import INDICATORS, Indicator, View
from evaluation.schemes import month_at
from hotline.pages import indicators as pages
from hotline.pages.doors import StaffRequest, staff_page
from hotline.pages.month import first_group, month_named, months
from hotline.pages.trend import trend as course
from hotline.pages.workplaces import TABLE_ROLES


@require_GET
@staff_page(*TABLE_ROLES)
def indicators(request: StaffRequest) -> HttpResponse:
    """A section of indicators over one group; or, when the address names one, its units."""
    of, group = _asked_for(request)
    if request.GET.get("indicator"):
        return _one(request, _indicator(request), of, group)
    sections = dict(pages.sections_for(request.actor))
    section = request.GET.get("section") or next(iter(sections))
    if section not in sections:
        raise Http404
    ours = [i for i in readings.indicators_for(request.actor) if i.section == section]
    context = {
        "lines": pages.overview(ours, of, group),
        "section": section,
        "is_of_units": any(i.is_of_units for i in ours),
        "is_observed": any(i.is_observed for i in ours),
    }
    return render(request, "pages/indicators.html", _around(request, of, group) | context)


@require_GET
@staff_page(*TABLE_ROLES)
def trend(request: StaffRequest) -> HttpResponse:
    """The last twelve months of one indicator: a page, or what is put into the indicator's."""
    of, group = _asked_for(request)
    indicator = _indicator(request)
    found = course(indicator, of, group)
    if found is None:
        raise Http404
    template = "pages/indicator_course.html" if request.htmx else "pages/indicator_trend.html"
    context = {"indicator": indicator, "trend": found}
    return render(request, template, _around(request, of, group) | context)


@require_GET
@staff_page(*TABLE_ROLES)
def dimensions(request: StaffRequest) -> HttpResponse:
    """七有五性 as the hotline sees it."""
    of, group = _asked_for(request)
    lines = readings.dimension_lines(of, of.before(pages.LAST_MONTH), group)
    context = {
        "lines": [pages.told_dimension(line, of, group) for line in lines],
        "section": "dimensions",
        "is_of_units": True,
        "has_residents": any(line.per_10k for line in lines),
        "is_estimate": any(line.per_10k and line.per_10k.is_estimate for line in lines),
    }
    return render(request, "pages/indicator_dimensions.html", _around(request, of, group) | context)


def _one(request: StaffRequest, indicator: Indicator, of: View, group: str) -> HttpResponse:
    lines = pages.unit_lines(indicator, of, group)
    whole = pages.overview([indicator], of, group)
    context = {
        "indicator": indicator,
        "section": indicator.section,
        "total": whole[0] if whole else None,
        "lines": [line for line in lines if not line.told.is_idle],
        "idle": [line.name for line in lines if line.told.is_idle],
        "is_of_units": indicator.is_of_units,
        "is_estimate": any(line.told.reading.is_estimate for line in lines),
    }
    return render(request, "pages/indicator.html", _around(request, of, group) | context)


def _asked_for(request: StaffRequest) -> tuple[View, str]:
    """The month and group that the address names. Raises Http404 where there is no such."""
    at = timezone.now()
    label = request.GET.get("period") or month_at(at).label
    month = month_named(label, at=at)
    groups = monthly.groups_for(month, request.actor)
    group = request.GET.get("group") or first_group(request.actor, groups)
    if group not in groups:
        raise Http404
    return View(month, request.actor, at), group


def _indicator(request: StaffRequest) -> Indicator:
    found = INDICATORS.get(request.GET.get("indicator", ""))
    if found is None or found not in readings.indicators_for(request.actor):
        raise Http404
    return found


def _around(request: StaffRequest, of: View, group: str) -> dict[str, Any]:
    """What every page about indicators has: the choices of month, group and section."""
    current = month_at(of.at)
    return {
        "month": of.month,
        "is_running": of.is_running,
        "group": group,
        "groups": monthly.groups_for(of.month, request.actor),
        "months": months(current),
        "sections": pages.sections_for(request.actor),
        "as_of": of.at,
    }
