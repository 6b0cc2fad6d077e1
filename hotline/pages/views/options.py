"""Options of searchable fields that are too many to send with the page."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from hotline.pages.doors import StaffRequest, staff_page
from hotline.pages.type_ahead import SHOWN_AREAS, matching_areas


@require_GET
@staff_page()
def areas(request: StaffRequest) -> HttpResponse:
    """Places in which every word typed occurs; one more than is shown says to go on typing."""
    found = matching_areas(request.GET.get("q", "")[:60])
    context = {"options": found[:SHOWN_AREAS], "has_more": len(found) > SHOWN_AREAS}
    return render(request, "pages/area_options.html", context)
