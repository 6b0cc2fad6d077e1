"""The bell's list."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from hotline.pages.bell import lines, mark_read, notices_of
from hotline.pages.doors import StaffRequest, staff_page
from hotline.pages.paging import NEWEST_FIRST, page_of, total


@require_GET
@staff_page()
def notices(request: StaffRequest) -> HttpResponse:
    """What the person and the person's units have been told, newest first."""
    told = notices_of(request.actor)
    if is_unread_only := "all" not in request.GET:
        told = told.filter(read_at=None)
    page = page_of(told, NEWEST_FIRST, request.GET)
    return render(
        request,
        "pages/notices.html",
        {
            "lines": lines(page.rows, request.actor),
            "page": page,
            "total": total(told),
            "is_unread_only": is_unread_only,
            "as_of": timezone.now(),
        },
    )


@require_POST
@staff_page()
def read(request: StaffRequest) -> HttpResponse:
    """Mark one notice, or all of them, as read."""
    pk = request.POST.get("pk", "")
    mark_read(
        request.actor, timezone.now(), pk=int(pk) if pk.isdecimal() and len(pk) < 19 else None
    )
    return redirect("notices")
