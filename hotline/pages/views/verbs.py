"""Doing something to a ticket: one view for every verb of the registry."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from hotline.pages.doors import TICKET_ROLES, StaffRequest, next_url, readable_ticket, staff_page
from hotline.pages.ticket.verb_sheet import VerbSheet
from intake import verbs


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(*TICKET_ROLES)
def do(request: StaffRequest, number: str, verb: str) -> HttpResponse:
    """GET shows the verb's form (as a panel of the ticket page, or by itself); POST does it."""
    if verb == "callback":
        return redirect("callback", number)
    sheet = _sheet(request, number, verb, request.POST if request.method == "POST" else None)
    if request.method != "POST":
        sheet.begin()
    elif sheet.run():
        messages.success(request, _("已完成“%(verb)s”") % {"verb": sheet.verb.label})
        url = next_url(request, "ticket", number)
        return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
    context = {"sheet": sheet, "ticket": sheet.ticket, "as_of": sheet.at}
    template = "pages/verb_panel.html" if request.htmx else "pages/verb.html"
    return render(request, template, context, status=sheet.status)


@require_POST
@staff_page(*TICKET_ROLES)
def draft(request: StaffRequest, number: str, verb: str) -> HttpResponse:
    """Keeps what is being written."""
    _sheet(request, number, verb, request.POST).save_draft(request.POST)
    return HttpResponse(status=204)


def _sheet(request: StaffRequest, number: str, name: str, data: QueryDict | None) -> VerbSheet:
    """The verb's form on a ticket the reader sees. 404 for no such verb, 403 for a reader who
    could never do it."""
    verb = verbs.get(name)
    if verb is None:
        raise Http404
    ticket = readable_ticket(number, request.actor)
    if not verb.permits(ticket, request.actor):
        raise PermissionDenied
    return VerbSheet(verb, ticket, request.actor, timezone.now(), data)
