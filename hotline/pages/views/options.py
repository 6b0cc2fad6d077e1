"""Options of searchable fields that are too many to send with the page."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from hotline.pages.doors import TICKET_ROLES, StaffRequest, staff_page
from hotline.pages.type_ahead import matching_areas, options_html


@require_GET
@staff_page(*TICKET_ROLES)
def areas(request: StaffRequest) -> HttpResponse:
    """Places in which every word typed occurs."""
    return HttpResponse(options_html(matching_areas(request.GET.get("q", "")[:60])))
