"""Assessment schemes: read, drafted, consulted on, tried, adopted."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evaluation.forms.schemes import ConsultationForm
from evaluation.models import Scheme
from evaluation.rules import PUBLISHED_GROUPS
from evaluation.schemes import month_at
from evaluation.services.schemes import EDITORS, adopt_scheme, discard_draft
from hotline.core.models import Role
from hotline.core.violations import RuleViolation
from hotline.pages.consultations import store_consultation
from hotline.pages.doors import StaffRequest, staff_page
from hotline.pages.month import months
from hotline.pages.schemes import (
    READERS,
    SchemePage,
    SchemeSheet,
    base_for,
    draft_numbered,
    lines,
    may_edit,
    scheme_numbered,
)
from hotline.pages.what_if import Trial

# A trial shows every unit's result under rules that do not hold.
TRIERS = (Role.CITY_SUPERVISOR, Role.AUDITOR)


@require_GET
@staff_page(*READERS)
def schemes(request: StaffRequest) -> HttpResponse:
    """Every version, the newest first."""
    context = {
        "lines": lines(request.actor, at=timezone.now()),
        "may_edit": may_edit(request.actor),
    }
    return render(request, "pages/schemes.html", context)


@require_GET
@staff_page(*READERS)
def scheme(request: StaffRequest, version: int) -> HttpResponse:
    """One version with its rules, who was asked about it, and what it lacks."""
    return _scheme_page(request, scheme_numbered(version, request.actor))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(*EDITORS)
def new(request: StaffRequest) -> HttpResponse:
    """A draft of the next scheme, begun from the one named in the address."""
    sheet = SchemeSheet(
        base=base_for(request.GET.get("from", ""), request.actor),
        data=request.POST if request.method == "POST" else None,
        at=timezone.now(),
    )
    return _store(request, sheet)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(*EDITORS)
def edit(request: StaffRequest, version: int) -> HttpResponse:
    """Write a draft anew."""
    draft = draft_numbered(version, request.actor)
    data = request.POST if request.method == "POST" else None
    return _store(request, SchemeSheet(base=None, draft=draft, data=data, at=timezone.now()))


@require_POST
@staff_page(*EDITORS)
def consult(request: StaffRequest, version: int) -> HttpResponse:
    """Write down whom a draft was put before."""
    draft, form = draft_numbered(version, request.actor), ConsultationForm(request.POST)
    if not store_consultation(form, draft, actor=request.actor, at=timezone.now()):
        return _scheme_page(request, draft, form, status=422)
    messages.success(request, _("征求意见已登记"))
    return redirect("scheme", version=version)


@require_POST
@staff_page(*EDITORS)
def adopt(request: StaffRequest, version: int) -> HttpResponse:
    """Let a draft decide from its first month on."""
    draft = draft_numbered(version, request.actor)
    try:
        adopt_scheme(scheme=draft, actor=request.actor, at=timezone.now())
    except RuleViolation as refusal:
        if refusal.status == 403:
            raise
        messages.error(request, refusal.sentence())
    else:
        told = _("第 %(n)s 版方案自考评月 %(month)s 起施行")
        messages.success(request, told % {"n": version, "month": draft.valid_from})
    return redirect("scheme", version=version)


@require_POST
@staff_page(*EDITORS)
def discard(request: StaffRequest, version: int) -> HttpResponse:
    """Throw a draft away."""
    draft = draft_numbered(version, request.actor)
    try:
        discard_draft(scheme=draft, actor=request.actor, at=timezone.now())
    except RuleViolation as refusal:
        if refusal.status == 403:
            raise
        messages.error(request, refusal.sentence())
        return redirect("scheme", version=version)
    messages.success(request, _("第 %(n)s 版草稿已删除") % {"n": version})
    return redirect("schemes")


@require_GET
@staff_page(*TRIERS)
def what_if(request: StaffRequest, version: int) -> HttpResponse:
    """A month's real result beside what this scheme would have made of it."""
    at = timezone.now()
    running = month_at(at)
    groups = {group.value: group.label for group in PUBLISHED_GROUPS}
    group = request.GET.get("group") or PUBLISHED_GROUPS[0].value
    tried = scheme_numbered(version, request.actor)
    try:
        trial = Trial(tried, request.GET.get("month") or running.label, group, at=at)
    except ValueError as error:
        raise Http404 from error
    if group not in groups or trial.month.period.start > at:
        raise Http404
    context = {
        "trial": trial,
        "groups": groups.items(),
        "group": group,
        "months": months(running),
        "as_of": at,
    }
    return render(request, "pages/scheme_what_if.html", context)


def _store(request: StaffRequest, sheet: SchemeSheet) -> HttpResponse:
    if request.method == "POST" and (stored := sheet.store(request.actor)) is not None:
        messages.success(request, _("第 %(n)s 版草稿已保存") % {"n": stored.version})
        return redirect("scheme", version=stored.version)
    status = 422 if request.method == "POST" else 200
    return render(request, "pages/scheme_form.html", {"sheet": sheet}, status=status)


def _scheme_page(
    request: StaffRequest,
    scheme: Scheme,
    form: ConsultationForm | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    page = SchemePage(scheme, request.actor, at=timezone.now())
    context = {
        "page": page,
        "scheme": scheme,
        "form": form or ConsultationForm(initial=page.awaited),
        "may_edit": may_edit(request.actor),
        "may_try": request.actor.has(*TRIERS),
    }
    return render(request, "pages/scheme.html", context, status=status)
