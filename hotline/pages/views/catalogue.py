"""The dispatch catalogue: read, try, look for gaps, take away as a table; and the next edition."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dispatch import spreadsheets
from dispatch.models import CatalogueVersion
from dispatch.services import catalogue as editions
from dispatch.services.proposing import explain
from hotline.core.deployment import deployment
from hotline.core.violations import RuleViolation
from hotline.pages.catalogue import (
    COLUMNS,
    CatalogueTable,
    TryForm,
    exported_rows,
    may_edit,
    told_try,
    version_numbered,
)
from hotline.pages.catalogue_import import (
    PublishForm,
    Upload,
    draft_numbered,
    drafts,
    earliest_first_day,
    shown_preview,
    told_gaps,
)
from hotline.pages.doors import StaffRequest, staff_page


@require_GET
@staff_page()
def catalogue(request: StaffRequest) -> HttpResponse:
    """One edition, by default the one in force, narrowed as the address says."""
    today = timezone.localdate()
    version = version_numbered(request.GET.get("version", ""), today, request.actor)
    versions = CatalogueVersion.objects.order_by("-number")
    context = {
        "version": version,
        "versions": [one for one in versions if one.published_at or may_edit(request.actor)],
        "table": CatalogueTable(version, request.GET) if version else None,
        "today": today,
        "may_edit": may_edit(request.actor),
    }
    return render(request, "pages/catalogue.html", context)


@require_GET
@staff_page()
def export(request: StaffRequest) -> HttpResponse:
    """A whole edition as a table that can be imported again."""
    version = version_numbered(request.GET.get("version", ""), timezone.localdate(), request.actor)
    kind = request.GET.get("format", "xlsx")
    if version is None or kind not in ("csv", "xlsx"):
        raise Http404
    rows = exported_rows(version)
    mark = _("模拟数据：人员、单位、诉求均为虚构") if deployment().is_simulated else ""
    if kind == "csv":
        content, content_type = (
            spreadsheets.csv_file(COLUMNS, rows, mark=mark),
            spreadsheets.CSV_TYPE,
        )
    else:
        title = _("派单目录")
        content = spreadsheets.xlsx_file(COLUMNS, rows, title=title, mark=mark)
        content_type = spreadsheets.XLSX_TYPE
    name = f"catalogue-{version.number}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=content_type, headers=headers)


@require_GET
@staff_page()
def try_out(request: StaffRequest) -> HttpResponse:
    """Which unit the catalogue names for a matter, and what else was considered."""
    form = TryForm(request.GET or None)
    told = None
    if form.is_valid():
        told = told_try(explain(at=timezone.now(), **form.cleaned_data))
    context = {"form": form, "told": told, "may_edit": may_edit(request.actor)}
    return render(request, "pages/catalogue_try.html", context)


@require_GET
@staff_page()
def gaps(request: StaffRequest) -> HttpResponse:
    """What the edition leaves open, and where it contradicts units or duty lists."""
    today = timezone.localdate()
    version = version_numbered(request.GET.get("version", ""), today, request.actor)
    context = {
        "version": version,
        "findings": told_gaps(version, today) if version else [],
        "today": today,
        "may_edit": may_edit(request.actor),
    }
    return render(request, "pages/catalogue_gaps.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(*editions.EDITORS)
def import_table(request: StaffRequest) -> HttpResponse:
    """Upload a table; with `draft`, look at what that draft would change."""
    number = (request.POST if request.method == "POST" else request.GET).get("draft", "")
    draft = draft_numbered(number) if number else None
    if request.method != "POST":
        return _import_page(request, draft, Upload(draft=draft))
    upload = Upload(request.POST, request.FILES, draft)
    stored = upload.store(actor=request.actor, at=timezone.now())
    if stored is None:
        return _import_page(request, draft, upload, status=422)
    messages.success(request, _("已存为第 %(n)s 版草稿，核对后公布") % {"n": stored.number})
    return redirect(_draft_url(stored))


@require_POST
@staff_page(*editions.EDITORS)
def publish(request: StaffRequest) -> HttpResponse:
    """Let a draft be the catalogue from a day on."""
    draft = draft_numbered(request.POST.get("draft", ""))
    form = PublishForm(request.POST)
    if form.is_valid():
        try:
            editions.publish(
                draft=draft, valid_from=form.cleaned_data["valid_from"],
                actor=request.actor, at=timezone.now(),
            )  # fmt: skip
        except RuleViolation as refusal:
            if refusal.status == 403:
                raise
            field = refusal.field if refusal.field in form.fields else None
            form.add_error(field, refusal.sentence())
        else:
            messages.success(request, _("第 %(n)s 版目录已公布") % {"n": draft.number})
            return redirect(f"{reverse('catalogue')}?version={draft.number}")
    return _import_page(request, draft, Upload(draft=draft), publishing=form, status=422)


@require_POST
@staff_page(*editions.EDITORS)
def discard(request: StaffRequest) -> HttpResponse:
    """Throw a draft away."""
    draft = draft_numbered(request.POST.get("draft", ""))
    try:
        editions.discard_draft(draft=draft, actor=request.actor, at=timezone.now())
    except RuleViolation as refusal:
        if refusal.status == 403:
            raise
        messages.error(request, refusal.sentence())
    else:
        messages.success(request, _("第 %(n)s 版草稿已删除") % {"n": draft.number})
    return redirect("catalogue_import")


def _import_page(
    request: StaffRequest,
    draft: CatalogueVersion | None,
    upload: Upload,
    *,
    publishing: PublishForm | None = None,
    status: int = 200,
) -> HttpResponse:
    today = timezone.localdate()
    first_day = earliest_first_day(today)
    context = {
        "draft": draft,
        "drafts": drafts(),
        "upload": upload,
        "preview": shown_preview(draft) if draft else None,
        "findings": told_gaps(draft, first_day) if draft else [],
        "publishing": publishing or PublishForm(initial={"valid_from": first_day}),
        "today": today,
        "may_edit": True,
    }
    return render(request, "pages/catalogue_import.html", context, status=status)


def _draft_url(draft: CatalogueVersion) -> str:
    return f"{reverse('catalogue_import')}?draft={draft.number}"
