"""One unit's months, and why one differs from the month before."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from hotline.pages import unit_history as pages
from hotline.pages.doors import StaffRequest, staff_page
from hotline.pages.month import HEADS
from hotline.pages.workplaces import TABLE_ROLES


@require_GET
@staff_page(*TABLE_ROLES)
def unit_history(request: StaffRequest, code: str) -> HttpResponse:
    """A unit's months, as published and as they would be published now."""
    at = timezone.now()
    unit = pages.unit_for(code, request.actor)
    months = pages.told_months(unit, request.actor, at)
    context = {
        "unit": unit,
        "months": months,
        "heads": HEADS,
        "said": pages.said_of(unit, request.actor, [told.one.month.label for told in months]),
        "years": pages.years_of(unit),
        "as_of": at,
    }
    return render(request, "pages/unit_history.html", context)


@require_GET
@staff_page(*TABLE_ROLES)
def unit_why(request: StaffRequest, code: str, label: str) -> HttpResponse:
    """Why the unit's score and place in a month differ from the month before."""
    at = timezone.now()
    unit = pages.unit_for(code, request.actor)
    why = pages.why(pages.compared(unit, label, request.actor, at))
    context = {"unit": unit, "why": why, "rate_names": pages.RATE_NAMES.values(), "as_of": at}
    return render(request, "pages/unit_why.html", context)
