"""The dispatch desk."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dispatch.rendering.catalogue import weighed_words
from hotline.core.actors import Actor
from hotline.core.violations import NotPermitted, NotVisible, RuleViolation
from hotline.pages.desk.accepting import Choice, Result, accept, accept_all, just_dispatched, undo
from hotline.pages.desk.cases import DESK_VERBS, case_rows
from hotline.pages.desk.figures import today
from hotline.pages.desk.lists import (
    AUTHORITY,
    LEAST_TIME_FIRST,
    SELECTED_AT_ONCE,
    WAITING,
    Desk,
)
from hotline.pages.desk.waiting import WaitingRow, explained, waiting_row, waiting_rows
from hotline.pages.doors import StaffRequest, next_url, staff_page, visible_ticket
from hotline.pages.live import news
from hotline.pages.once import new_token, readable_token
from hotline.pages.paging import Page, Total, page_of, total
from hotline.pages.ticket.verb_sheet import VerbSheet
from hotline.pages.workplaces import DESK_PEOPLE
from intake import verbs
from intake.models import Clock


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(*DESK_PEOPLE)
def desk(request: StaffRequest) -> HttpResponse:
    """What awaits the desk, least time left first. POST dispatches what was selected as it is
    proposed, and shows the list again with what became of each."""
    at = timezone.now()
    results: list[Result] = []
    if request.method == "POST":
        results = accept_all(
            request.POST.getlist("row"),
            token=readable_token(request.POST.get("token", "")),
            actor=request.actor,
            at=at,
        )
    return render(request, "pages/desk.html", _context(request, results))


def _context(request: StaffRequest, results: list[Result]) -> dict[str, Any]:
    at = timezone.now()
    listed = Desk(request.actor, request.GET, at)
    totals = listed.totals()
    page = page_of(listed.clocks(), LEAST_TIME_FIRST, request.GET, size=listed.page_size)
    rows = _rows(listed, page, request.actor, results, at)
    return {
        "desk": listed,
        "tabs": [(tab, totals[tab.key]) for tab in listed.tabs],
        "total": totals[listed.tab.key],
        "late": listed.late(),
        "page": page,
        "rows": rows,
        "is_waiting": listed.tab.key == WAITING,
        "may_dispatch": any(isinstance(row, WaitingRow) and row.may_dispatch for row in rows),
        "today": today(request.actor, at) if request.actor.has(*AUTHORITY) else None,
        "recent": just_dispatched(request.actor, at),
        "token": new_token(),
        "at_once": SELECTED_AT_ONCE,
        "here": request.get_full_path(),
        "as_of": at,
        **_outcome(results),
    }


def _outcome(results: list[Result]) -> dict[str, list[Result]]:
    """What became of those that were selected."""
    return {
        "results": results,
        "done": [each for each in results if each.is_done],
        "refused": [each for each in results if not each.is_done],
    }


def _rows(
    listed: Desk, page: Page[Clock], actor: Actor, results: list[Result], at: dt.datetime
) -> Sequence[object]:
    if listed.tab.key != WAITING:
        return case_rows(listed.tab.key, page.rows, actor, at)
    problems = {each.number: each.problem for each in results}
    return waiting_rows(page.rows, actor, at, problems=problems, is_chosen=listed.selects_all)


@require_GET
@staff_page(*DESK_PEOPLE)
def updates(request: StaffRequest) -> HttpResponse:
    """Asked every 20 seconds: how many rows of this tab are new."""
    listed = Desk(request.actor, request.GET, timezone.now())
    return news(request, listed.news_since, "desk")


@require_POST
@staff_page(*DESK_PEOPLE)
def accept_proposal(request: StaffRequest, number: str) -> HttpResponse:
    """One press: dispatch as proposed. The row alone is drawn again."""
    at = timezone.now()
    choice = Choice.read(request.POST.get("row", ""))
    if choice is None or choice.number != number:
        raise Http404
    token = readable_token(request.POST.get("token", ""))
    result = accept(choice, token=token, actor=request.actor, at=at)
    if result.unit is None:
        return _refused(request, number, result.problem)
    said = _("%(number)s 已派给%(unit)s") % {"number": number, "unit": result.unit.name}
    if not request.htmx:
        messages.success(request, said)
        return redirect(next_url(request, "desk"))
    return _done(request, number, said, result=result)


@require_POST
@staff_page(*DESK_PEOPLE)
def take_back(request: StaffRequest, number: str) -> HttpResponse:
    """Undo a dispatch within seconds; the ticket stands in its row again."""
    at = timezone.now()
    try:
        ticket = undo(number, actor=request.actor, at=at)
    except (NotPermitted, NotVisible):
        raise
    except RuleViolation as refusal:
        if not request.htmx:
            messages.error(request, refusal.sentence())
            return redirect(next_url(request, "desk"))
        refused = {"recent": just_dispatched(request.actor, at), "problem": refusal.sentence()}
        return render(request, "pages/desk_undone.html", refused, status=refusal.status)
    said = _("已撤回 %(number)s，回到待派单") % {"number": number}
    if not request.htmx:
        messages.success(request, said)
        return redirect(next_url(request, "desk"))
    context = {
        "row": waiting_row(ticket, request.actor, at),
        "token": new_token(),
        "recent": just_dispatched(request.actor, at),
        "counts": _counts(request, WAITING),
        "said": said,
        "as_of": at,
    }
    answer = render(request, "pages/desk_undone.html", context)
    return _telling(answer, "desk:undone", number)


@require_GET
@staff_page(*DESK_PEOPLE)
def why(request: StaffRequest, number: str) -> HttpResponse:
    """Why this unit is proposed, and what else was weighed."""
    at = timezone.now()
    row = waiting_row(visible_ticket(number, request.actor), request.actor, at)
    weighed = [weighed_words(each) for each in explained(row.ticket, at).weighed]
    template = "pages/desk_why.html" if request.htmx else "pages/desk_why_page.html"
    return render(request, template, {"row": row, "weighed": weighed, "as_of": at})


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(*DESK_PEOPLE)
def sheet(request: StaffRequest, number: str, verb: str) -> HttpResponse:
    """A verb's form beside the list; by itself it is the ticket page's own."""
    known = verbs.get(verb) if verb in DESK_VERBS else None
    if known is None:
        raise Http404
    ticket = visible_ticket(number, request.actor)
    if not known.permits(ticket, request.actor):
        raise PermissionDenied
    if not request.htmx:
        return redirect("ticket_verb", number, verb)
    data: QueryDict | None = request.POST if request.method == "POST" else None
    filled = VerbSheet(known, ticket, request.actor, timezone.now(), data)
    if data is None:
        filled.begin()
    elif filled.run():
        said = _("%(number)s 已完成“%(verb)s”") % {"number": number, "verb": known.label}
        return _done(request, number, said)
    context = {"sheet": filled, "ticket": ticket, "as_of": filled.at}
    return render(request, "pages/desk_sheet.html", context, status=filled.status)


# --- answers that change a row in place -------------------------------------------------------


def _done(
    request: StaffRequest, number: str, said: str, *, result: Result | None = None
) -> HttpResponse:
    """The row has nothing left to do; what was dispatched can be taken back for a while."""
    recent = just_dispatched(request.actor, timezone.now())
    context = {
        "number": number,
        "said": said,
        "undoable": next((each for each in recent if each.number == number), None),
        "recent": recent,
        "counts": _counts(request, WAITING) if result else _counts(request),
    }
    answer = render(request, "pages/desk_done.html", context)
    return _telling(answer, "desk:done", number)


def _refused(request: StaffRequest, number: str, problem: str) -> HttpResponse:
    """What was refused is said on the row, as the ticket stands now."""
    if not request.htmx:
        messages.error(request, f"{number} {problem}")
        return redirect(next_url(request, "desk"))
    at = timezone.now()
    row: WaitingRow = waiting_row(visible_ticket(number, request.actor), request.actor, at, problem)
    context = {"row": row, "token": new_token(), "as_of": at}
    answer = render(request, "pages/desk_refused.html", context, status=409)
    return _telling(answer, "desk:refused", number)


def _counts(request: StaffRequest, *keys: str) -> list[tuple[str, Total]]:
    """The numbers on tabs (all when none is named), for the filter of the page that asks."""
    address = urlsplit(request.htmx.current_url or "")
    listed = Desk(request.actor, QueryDict(address.query), timezone.now())
    tabs = [tab for tab in listed.tabs if not keys or tab.key in keys]
    return [(tab.key, total(listed.clocks(tab))) for tab in tabs]


def _telling(answer: HttpResponse, event: str, number: str) -> HttpResponse:
    """Tell the page's script what has happened to which row, once it is drawn."""
    answer.headers["HX-Trigger-After-Settle"] = json.dumps({event: {"number": number}})
    return answer
