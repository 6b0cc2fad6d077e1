"""剔除与申诉: read by those concerned, decided by the city's supervisor."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from hotline.pages.doors import StaffRequest, staff_page
from hotline.pages.paging import page_of, total
from hotline.pages.pleas.lists import DECIDERS, PAGE_SIZE, Pleas
from hotline.pages.pleas.rows import plea_rows
from hotline.pages.pleas.ruling import Ruling
from hotline.pages.ticket.pleas import PLEA_READERS


@require_GET
@staff_page(*PLEA_READERS)
def pleas(request: StaffRequest) -> HttpResponse:
    """What waits, the longest due first; and what was decided, the newest first."""
    return _page(request, Pleas(request.actor, request.GET, timezone.now()))


@require_POST
@staff_page(*DECIDERS)
def rule(request: StaffRequest, pk: int, kind: str) -> HttpResponse:
    """Decide one in its row; the next then stands where it stood."""
    at, ruling = timezone.now(), Ruling(kind, pk, request.POST)
    if said := ruling.decide(request.actor, at):
        messages.success(request, said)
        return redirect(ruling.url)
    return _page(request, Pleas(request.actor, ruling.query, at), ruling)


def _page(request: StaffRequest, listed: Pleas, refused: Ruling | None = None) -> HttpResponse:
    """The list; what was refused is said in its row, or above where the row is gone."""
    found = listed.rows()
    page = page_of(found, listed.order, listed.query, size=PAGE_SIZE)
    rows = plea_rows(page.rows, listed)
    of_refused = [row for row in rows if refused and row.plea.pk == refused.pk]
    for row in of_refused:
        assert refused is not None
        row.refuse(refused)
    context = {
        "listed": listed,
        "rows": rows,
        "page": page,
        "total": total(found),
        "counts": listed.counts(),
        "gone": refused.problem if refused and not of_refused else "",
        "as_of": listed.at,
    }
    return render(request, "pages/pleas.html", context, status=409 if refused else 200)
