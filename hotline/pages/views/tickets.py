"""The list of tickets, its export, and finding a caller's."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from hotline.core.models import AuditEntry
from hotline.core.violations import RuleViolation
from hotline.pages.doors import TICKET_ROLES, StaffRequest, staff_page
from hotline.pages.exports import csv_lines, record_export
from hotline.pages.filter_form import caller_key, may_find_callers
from hotline.pages.filters import TicketFilter
from hotline.pages.live import news
from hotline.pages.paging import page_of, total
from hotline.pages.rows import ticket_rows
from intake.services.registration import readable_phone


@require_GET
@staff_page(*TICKET_ROLES)
def ticket_list(request: StaffRequest) -> HttpResponse:
    """The tickets the reader may see, narrowed by the address."""
    at = timezone.now()
    listed = TicketFilter(request.GET, request.actor, at)
    tickets = listed.tickets()
    page = page_of(tickets.for_list(), listed.order, request.GET)
    context = {
        "listed": listed,
        "page": page,
        "rows": ticket_rows(page.rows, at),
        "total": total(tickets),
        "may_find_callers": may_find_callers(request.actor),
        "export_query": listed.without(),
        "as_of": at,
    }
    return render(request, "pages/tickets.html", context)


@require_GET
@staff_page(*TICKET_ROLES)
def updates(request: StaffRequest) -> HttpResponse:
    """Asked every 20 seconds: how many tickets of this list were accepted since."""
    tickets = TicketFilter(request.GET, request.actor, timezone.now()).tickets()
    return news(
        request, lambda since: total(tickets.filter(accepted_at__gt=since)).count, "tickets"
    )


@require_GET
@staff_page(*TICKET_ROLES)
def export(request: StaffRequest) -> HttpResponse | StreamingHttpResponse:
    """The list as CSV: the same address gives the same tickets."""
    at = timezone.now()
    listed = TicketFilter(request.GET, request.actor, at)
    if listed.wanted is None:
        raise BadRequest("the list cannot be read")
    record_export(listed, request.actor, at)
    name = f"tickets-{timezone.localtime(at):%Y%m%d-%H%M}.csv"
    return StreamingHttpResponse(
        csv_lines(listed, at),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@require_POST
@staff_page(*TICKET_ROLES)
def find(request: StaffRequest) -> HttpResponse:
    """The tickets of a caller. A POST: a telephone number has no place in an address that
    servers write into their logs; the look is recorded."""
    if not may_find_callers(request.actor):
        raise PermissionDenied
    try:
        phone = readable_phone(request.POST.get("phone", "")[:60])
    except RuleViolation as refusal:
        messages.error(request, refusal.sentence())
        return redirect("tickets")
    if not phone:
        return redirect("tickets")
    AuditEntry.objects.create(
        at=timezone.now(), action="caller_looked_up", actor=request.actor.reference
    )
    return redirect(f"{reverse('tickets')}?caller={caller_key(phone)}")
