"""What requesters said of pressure on them: for the authority and the auditors alone."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from evaluation.models import PressureReport
from hotline.core.models import Role
from hotline.pages.doors import StaffRequest, staff_page
from hotline.pages.paging import NEWEST_FIRST, page_of, total
from intake.rendering import actor_names

READERS = frozenset({Role.CITY_SUPERVISOR, Role.AUDITOR})


@require_GET
@staff_page(*READERS)
def pressure(request: StaffRequest) -> HttpResponse:
    """The clues, newest first; each opens its ticket, whose own pages say nothing of it."""
    reports = PressureReport.objects.select_related("ticket__text", "ticket__lead_unit")
    page = page_of(reports, NEWEST_FIRST, request.GET)
    names = actor_names(sorted({report.written_by for report in page.rows}))
    context = {
        "rows": [(report, names[report.written_by]) for report in page.rows],
        "page": page,
        "total": total(reports),
        "as_of": timezone.now(),
    }
    return render(request, "pages/pressure.html", context)
