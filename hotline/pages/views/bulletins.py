"""Bulletins: what was published, as it was published, and the next one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from governance.forms.bulletins import PublishForm
from governance.models import Bulletin, BulletinFile
from governance.services import bulletins as services
from hotline.core.models import Role
from hotline.core.violations import RuleViolation
from hotline.pages import bulletins as pages
from hotline.pages.doors import StaffRequest, staff_page
from hotline.pages.month import month_named
from hotline.pages.paging import total
from hotline.pages.result_files import record_export
from hotline.pages.workplaces import TABLE_ROLES


@require_GET
@staff_page(*TABLE_ROLES)
def bulletins(request: StaffRequest) -> HttpResponse:
    """The archive: every edition, the newest first."""
    page, lines = pages.archive(request.GET)
    context = {
        "page": page,
        "lines": lines,
        "month": pages.month_of(request.GET),
        "total": total(pages.editions(pages.month_of(request.GET))),
        "waiting": pages.waiting(request.actor),
        "publisher": Role.CITY_SUPERVISOR.label,
        "may_publish": request.actor.has(Role.CITY_SUPERVISOR),
    }
    return render(request, "pages/bulletins.html", context)


@require_GET
@staff_page(*TABLE_ROLES)
def bulletin(request: StaffRequest, pk: int) -> HttpResponse:
    """One edition as it was published, ready to be printed."""
    published = get_object_or_404(Bulletin, pk=pk)
    context = {
        "bulletin": published,
        "paper": pages.paper_of(published),
        "files": published.files.defer("body").order_by("pk"),
        "later_errata": pages.later_errata(published),
        "publisher": Role.CITY_SUPERVISOR.label,
    }
    return render(request, "pages/bulletin.html", context)


@require_GET
@staff_page(*TABLE_ROLES)
def file(request: StaffRequest, pk: int, kind: str) -> HttpResponse:
    """The file as it was published, byte for byte."""
    files = BulletinFile.objects.select_related("bulletin").defer("bulletin__data")
    kept = get_object_or_404(files, bulletin=pk, kind=kind)
    told = {"month": kept.bulletin.month, "edition": kept.bulletin.edition, "kind": kind}
    record_export("bulletin_exported", request.actor, timezone.now(), **told)
    headers = {"Content-Disposition": f'attachment; filename="{kept.name}"'}
    return HttpResponse(bytes(kept.body), content_type=kept.content_type, headers=headers)


@require_GET
@staff_page(Role.CITY_SUPERVISOR)
def preview(request: StaffRequest, label: str) -> HttpResponse:
    """What would be published now."""
    return _preview(request, label)


@require_POST
@staff_page(Role.CITY_SUPERVISOR)
def publish(request: StaffRequest, label: str) -> HttpResponse:
    """Publish what was previewed; refused, the preview comes back and says why."""
    form = PublishForm(request.POST)
    if not form.is_valid():
        return _preview(request, label, form, status=422)
    month = month_named(label, at=timezone.now()).label
    expected = form.cleaned_data["expected"]
    try:
        made = services.publish(
            month=month, expected=expected, actor=request.actor, at=timezone.now()
        )
    except RuleViolation as refusal:
        if refusal.status == 403:
            raise
        return _preview(request, label, problem=refusal.sentence(), status=refusal.status)
    messages.success(request, _("通报已发布，各单位已收到通知"))
    return redirect("bulletin", made.pk)


def _preview(
    request: StaffRequest,
    label: str,
    form: PublishForm | None = None,
    *,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    at = timezone.now()
    month = month_named(label, at=at)
    shown = pages.preview(month, at, form)
    context = {"month": month, "problem": problem, "as_of": at} | shown
    status = shown.get("status", status)
    return render(request, "pages/bulletin_preview.html", context, status=status)
