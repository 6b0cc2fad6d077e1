"""Calling requesters back: whom, and what they say."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evaluation.services import send_links
from hotline.core.models import Role
from hotline.core.violations import RuleViolation
from hotline.pages.call_sheet import CallSheet
from hotline.pages.calling import LONGEST_FIRST, TABS, call_rows, callback_clocks
from hotline.pages.doors import StaffRequest, staff_page, visible_ticket
from hotline.pages.paging import page_of, total
from hotline.pages.ticket.verb_sheet import is_waiting_for_close
from hotline.pages.workplaces import CALLERS


@require_GET
@staff_page(*CALLERS)
def callback_list(request: StaffRequest) -> HttpResponse:
    """Due calls, the longest due first; what was tried in this half-day stands apart."""
    at = timezone.now()
    tab = next((t for t in TABS if t.key == request.GET.get("tab")), TABS[0])
    clocks = {t.key: callback_clocks(t.key, request.actor, at) for t in TABS}
    totals = {key: total(found) for key, found in clocks.items()}
    shown = clocks[tab.key].select_related("ticket__text", "ticket__lead_unit")
    page = page_of(shown, LONGEST_FIRST, request.GET)
    context = {
        "tab": tab,
        "tabs": [(t, totals[t.key]) for t in TABS],
        "page": page,
        "rows": call_rows(page.rows, at),
        "total": totals[tab.key],
        "may_call": request.actor.has(Role.CALLBACK_AGENT),
        "as_of": at,
    }
    return render(request, "pages/callbacks.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(*CALLERS)
def callback(request: StaffRequest, number: str) -> HttpResponse:
    """One call: the script, the three questions in order, and what follows."""
    if not request.actor.has(Role.CALLBACK_AGENT):
        raise PermissionDenied
    data = request.POST if request.method == "POST" else None
    ticket = visible_ticket(number, request.actor)
    party = (data or request.GET).get("party", "")
    sheet = CallSheet(ticket, request.actor, timezone.now(), data, party=party)
    if data is not None and sheet.run():
        messages.success(request, _("已登记 %(number)s 的回访") % {"number": number})
        return redirect(_next_url(sheet))
    context = {"sheet": sheet, "ticket": ticket, "as_of": sheet.at}
    return render(request, "pages/callback.html", context, status=sheet.status)


@require_POST
@staff_page(Role.CALLBACK_AGENT)
def send_link(request: StaffRequest, number: str) -> HttpResponse:
    """Let those who could not be reached answer by a link in a short message."""
    ticket = visible_ticket(number, request.actor)
    try:
        sent = send_links(number=number, actor=request.actor, at=timezone.now())
    except RuleViolation as refusal:
        if refusal.status in (403, 404):
            raise
        messages.error(request, refusal.sentence())
    else:
        messages.success(request, _("短信评价链接将在一分钟内发出，共 %(n)s 条") % {"n": len(sent)})
    return redirect("callback", ticket.number)


def _next_url(sheet: CallSheet) -> str:
    """To the next requester of the same ticket, to its close where nobody is left, or back to
    the list."""
    ticket, caller = sheet.ticket, sheet.next_callee()
    if caller is not None:
        return f"{reverse('callback', args=[ticket.number])}?party={caller.party.pk}"
    if is_waiting_for_close(ticket):
        return f"{reverse('ticket_verb', args=[ticket.number, 'close'])}"
    return reverse("callbacks")
