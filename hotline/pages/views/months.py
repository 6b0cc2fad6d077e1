"""The life of assessment months: shown, objected to, closed, corrected."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from evaluation.forms.months import (
    BonusForm,
    BonusRulingForm,
    CloseForm,
    ErratumForm,
    RulingForm,
    ScoreAppealForm,
    TalkForm,
)
from evaluation.models import Bonus, ScoreAppeal
from evaluation.services import months as services
from hotline.core.models import Role
from hotline.core.places import unit_by_code
from hotline.pages.doors import StaffRequest, staff_page
from hotline.pages.month import ATTRIBUTED, HEADS, SCALE, month_named, recompute_command, scheme_url
from hotline.pages.month_life import SPEAKERS, MonthPage, Sent, ids_of
from hotline.pages.month_list import month_lines
from hotline.pages.workplaces import TABLE_ROLES


@require_GET
@staff_page(*TABLE_ROLES)
def months(request: StaffRequest) -> HttpResponse:
    """Every month, and how far it has come."""
    at = timezone.now()
    context = {"lines": month_lines(request.actor, at), "as_of": at}
    return render(request, "pages/months.html", context)


@require_GET
@staff_page(*TABLE_ROLES)
def month(request: StaffRequest, label: str) -> HttpResponse:
    """One month from its beginning to its close, with what the reader may do about it."""
    return _page(request, label)


@require_GET
@staff_page(*TABLE_ROLES)
def updates(request: StaffRequest, label: str) -> HttpResponse:
    """Asked every 20 seconds: has anything about this month changed since it was read (`seen`)?"""
    standing = MonthPage(label, request.actor, timezone.now()).standing
    if request.GET.get("seen") == standing:
        return HttpResponse(status=204)
    etag = f'"{standing}"'
    context = {"count": 1, "url": reverse("month", args=[label])}
    answer = render(request, "components/pill.html", context)
    answer.headers["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=answer) or answer


# --- what is done about a month ---------------------------------------------------------------


@require_POST
@staff_page(Role.CITY_SUPERVISOR)
def close(request: StaffRequest, label: str) -> HttpResponse:
    """Decide that the month is closed; the worker does it."""
    sent = Sent("close", CloseForm(request.POST))
    act = partial(services.request_close, month=_known(label))
    return _done(request, label, sent, act, _("已提交封账，正在封账"))


@require_POST
@staff_page(Role.MANAGER)
def appeal(request: StaffRequest, label: str) -> HttpResponse:
    """Object to one's own line."""
    unit = _unit(request)
    sent = Sent("appeal", ScoreAppealForm(request.POST, auto_id=ids_of("appeal", unit)), unit)
    act = partial(services.appeal_score, month=_known(label))
    return _done(request, label, sent, act, _("申诉已提出"))


@require_POST
@staff_page(Role.CITY_SUPERVISOR)
def rule_appeal(request: StaffRequest, label: str, pk: int) -> HttpResponse:
    """Decide an objection."""
    asked = get_object_or_404(ScoreAppeal, pk=pk, draft__month=label)
    sent = Sent(
        "appeal_ruling", RulingForm(request.POST, auto_id=ids_of("appeal_ruling", str(pk))), str(pk)
    )
    act = partial(services.rule_score_appeal, appeal=asked)
    return _done(request, label, sent, act, _("申诉已裁定"))


@require_POST
@staff_page(*SPEAKERS)
def bonus(request: StaffRequest, label: str) -> HttpResponse:
    """Propose points for a unit."""
    sent = Sent("bonus", BonusForm(request.POST, auto_id=ids_of("bonus")))
    act = partial(services.propose_bonus, month=_known(label))
    return _done(request, label, sent, act, _("加分已提出，由另一位市督导裁定"))


@require_POST
@staff_page(Role.CITY_SUPERVISOR)
def rule_bonus(request: StaffRequest, label: str, pk: int) -> HttpResponse:
    """Decide proposed points."""
    asked = get_object_or_404(Bonus, pk=pk, month=label)
    form = BonusRulingForm(request.POST, auto_id=ids_of("bonus_ruling", str(pk)))
    act = partial(services.rule_bonus, bonus=asked)
    return _done(request, label, Sent("bonus_ruling", form, str(pk)), act, _("加分已裁定"))


@require_POST
@staff_page(Role.CITY_SUPERVISOR)
def erratum(request: StaffRequest, label: str) -> HttpResponse:
    """Say beside a closed month what is wrong in it."""
    sent = Sent("erratum", ErratumForm(request.POST, auto_id=ids_of("erratum")))
    act = partial(services.publish_erratum, month=_known(label))
    return _done(request, label, sent, act, _("勘误已发布"))


@require_POST
@staff_page(*SPEAKERS)
def talk(request: StaffRequest, label: str) -> HttpResponse:
    """Write down a talk with a unit at the end of the ranking."""
    unit = _unit(request)
    sent = Sent("talk", TalkForm(request.POST, auto_id=ids_of("talk", unit)), unit)
    act = partial(services.record_talk, month=_known(label))
    return _done(request, label, sent, act, _("约谈已登记"))


def _unit(request: StaffRequest) -> str:
    """The code of the unit that a form is about; empty for what is none."""
    unit = unit_by_code(request.POST.get("unit", ""))
    return unit.code if unit else ""


def _known(label: str) -> str:
    """Raises Http404 for what is no month."""
    return month_named(label, at=timezone.now()).label


def _done(
    request: StaffRequest, label: str, sent: Sent, act: Callable[..., Any], said: str
) -> HttpResponse:
    """Do what was sent and say so; refused, the page comes back with what is wrong."""
    if not sent.run(act, actor=request.actor, at=timezone.now()):
        return _page(request, label, sent)
    messages.success(request, said)
    return redirect("month", label)


def _page(request: StaffRequest, label: str, sent: Sent | None = None) -> HttpResponse:
    page = MonthPage(label, request.actor, timezone.now(), sent)
    context = {
        "page": page,
        "month": page.month,
        "errata": page.errata,
        "attributed": ATTRIBUTED[page.month.rules.attribution],
        "scheme_url": scheme_url(page.month, request.actor),
        "command": recompute_command(page.month),
        "heads": HEADS,
        "scale": SCALE,
        "sent": sent,
        "as_of": page.at,
    }
    return render(request, "pages/month.html", context, status=sent.status if sent else 200)
