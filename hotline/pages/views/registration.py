"""The call-taker's screen: from ring to dispatched in one form (R-015, R-021, R-030)."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hotline.core.places import channels
from hotline.core.violations import RuleViolation
from hotline.pages.doors import StaffRequest, staff_page
from hotline.pages.once import new_token, once, readable_token
from hotline.pages.registration import (
    ACTS,
    DRAFT,
    Sheet,
    done_words,
    drafted_sheet,
    empty_sheet,
    history_rows,
    keep_draft,
    preview,
)
from hotline.pages.workplaces import REGISTRARS
from intake import services as intake
from intake.forms import EmergencyForm

LINES = ("110", "119", "120", "122")


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(*REGISTRARS)
def registration(request: StaffRequest) -> HttpResponse:
    """The form for the next call; a POST registers, and settles or dispatches in the same act."""
    now = timezone.now()
    if request.method != "POST":
        restored = drafted_sheet(actor=request.actor)
        sheet, saved_at = restored or (empty_sheet(now), None)
        return _page(request, sheet, now, saved_at=saved_at)
    act = request.POST.get("act", "")
    sheet = Sheet(request.POST.dict(), act=act if act in ACTS else "save")
    if not sheet.is_valid():
        return _refused(request, sheet, now, status=422)
    try:
        outcome = sheet.register(actor=request.actor, at=now)
    except RuleViolation as violation:
        if violation.status in (403, 404):
            raise
        sheet.refuse(violation)
        return _refused(request, sheet, now, status=violation.status)
    text = _("这份登记已经提交过，没有重复登记") if outcome.is_repeat else done_words(sheet.act)
    messages.success(request, _with_number(text, outcome.number))
    return redirect("registration")


def _refused(request: StaffRequest, sheet: Sheet, now: dt.datetime, *, status: int) -> HttpResponse:
    """The same screen with everything that was typed, the sentences, and the draft kept."""
    keep_draft(sheet.typed, actor=request.actor, at=now)
    return _page(request, sheet, now, status=status)


def _page(
    request: StaffRequest,
    sheet: Sheet,
    now: dt.datetime,
    *,
    saved_at: dt.datetime | None = None,
    status: int = 200,
) -> HttpResponse:
    sheet.first_field().field.widget.attrs["autofocus"] = True
    context = {
        "sheet": sheet,
        "form": sheet.matter,
        "errors": sheet.errors(),
        "preview": preview(sheet.typed, at=now),
        "saved_at": saved_at,
        "lines": LINES,
        "emergency_token": new_token(),
        "as_of": now,
    }
    return render(request, "pages/registration.html", context, status=status)


def _with_number(text: str, number: str) -> SafeString:
    """A sentence with a ticket's number that opens and copies."""
    return format_html(
        '{}{}<a class="mono strong" href="{}" target="_blank" rel="noopener">{}</a>'
        ' <button class="btn btn-sm" type="button" data-copy="{}">{}</button>',
        text,
        _("："),
        reverse("ticket", args=[number]),
        number,
        number,
        _("复制编号"),
    )


# --- while the form is being filled -------------------------------------------------------


@require_POST
@staff_page(*REGISTRARS)
def caller(request: StaffRequest) -> HttpResponse:
    """What the hotline knows of the number. A POST: the look is recorded, and a telephone number
    has no place in an address that servers write into their logs."""
    now = timezone.now()
    context: dict[str, object] = {"as_of": now}
    try:
        history = intake.caller_history(
            phone=request.POST.get("phone", "")[:60], actor=request.actor, at=now
        )
        context |= {"history": history, "rows": history_rows(history, at=now)}
    except RuleViolation as violation:
        if violation.status != 422:
            raise
        context["problem"] = violation.sentence()
    return render(request, "pages/registration_caller.html", context)


@require_GET
@staff_page(*REGISTRARS)
def choices(request: StaffRequest) -> HttpResponse:
    """What the place, the class and the level chosen so far mean: promise and unit."""
    now = timezone.now()
    context = {"preview": preview(request.GET.dict(), at=now), "as_of": now, "is_update": True}
    return render(request, "pages/registration_choices.html", context)


@require_POST
@staff_page(*REGISTRARS)
def draft(request: StaffRequest) -> HttpResponse:
    """Keep what is typed. A draft that is too large stays on the page, and the page says so."""
    is_kept = keep_draft(request.POST.dict(), actor=request.actor, at=timezone.now())
    return HttpResponse(status=204 if is_kept else 413)


@require_POST
@staff_page(*REGISTRARS)
def discard(request: StaffRequest) -> HttpResponse:
    """Begin again with an empty form."""
    intake.discard_draft(actor=request.actor, form=DRAFT)
    return redirect("registration")


# --- emergency ----------------------------------------------------------------------------


@require_POST
@staff_page(*REGISTRARS)
def emergency(request: StaffRequest) -> HttpResponse:
    """D1: hand the caller over at once, whatever the form looks like; what is typed stays."""
    now = timezone.now()
    context: dict[str, object] = {"lines": LINES, "emergency_token": new_token(), "as_of": now}
    form = EmergencyForm({"line": request.POST.get("line", "")})
    if not form.is_valid():
        context["problem"] = _("请选择 110、119、120 或 122。")
    else:
        line = form.cleaned_data["line"]
        try:
            context |= {"line": line, "number": _transfer(request, line, now)}
        except RuleViolation as violation:
            context["problem"] = violation.sentence()
    if request.htmx:
        return render(request, "pages/registration_emergency.html", context)
    keep_draft(request.POST.dict(), actor=request.actor, at=now)
    if "problem" in context:
        messages.error(request, str(context["problem"]))
    else:
        said = _("已即时转接 %(line)s") % {"line": line}
        messages.success(request, _with_number(said, str(context["number"])))
    return redirect("registration")


def _transfer(request: StaffRequest, line: str, at: dt.datetime) -> str:
    """Leave the trace of the transfer, once per press; returns its number."""
    is_anonymous = request.POST.get("is_anonymous")
    outcome = once(
        readable_token(request.POST.get("emergency_token", "")),
        lambda number: intake.transfer_emergency(
            actor=request.actor,
            at=at,
            channel=channels()["phone"],
            line=line,
            phone="" if is_anonymous else request.POST.get("phone", "")[:60],
            number=number,
        ),
        actor=request.actor,
        at=at,
    )
    return outcome.number
