"""Reports that people make for themselves: put together, made, watched, fetched, planned."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hotline.core.models import ReportRun, RunState
from hotline.core.violations import RuleViolation
from hotline.pages import report_runs, schedules
from hotline.pages import reports as pages
from hotline.pages.doors import TICKET_ROLES, StaffRequest, staff_page
from hotline.pages.filters import TicketFilter
from hotline.pages.report_counts import CountTable
from hotline.pages.report_files import CONTENT_TYPES, CSV


@require_GET
@staff_page(*TICKET_ROLES)
def reports(request: StaffRequest) -> HttpResponse:
    """The reader's own reports."""
    at = timezone.now()
    context = {"lines": pages.report_lines(request.actor, at), "as_of": at}
    return render(request, "pages/reports.html", context)


@require_http_methods(["GET", "POST"])
@staff_page(*TICKET_ROLES)
def new(request: StaffRequest) -> HttpResponse:
    """Put a report together from the list that the address says; it is made at once."""
    at = timezone.now()
    listed = TicketFilter(request.GET, request.actor, at)
    form = pages.ReportForm(request.POST or None)
    if listed.wanted is not None and form.is_valid():
        report = pages.create_report(
            name=form.cleaned_data["name"], query=pages.condition(listed), shape=form.shape(),
            actor=request.actor, at=at,
        )  # fmt: skip
        return _made(request, report, at)
    context = {"listed": listed, "form": form, "list_query": pages.condition(listed)}
    status = 422 if request.method == "POST" else 200
    return render(request, "pages/report_new.html", context, status=status)


@require_GET
@staff_page(*TICKET_ROLES)
def report(request: StaffRequest, pk: int) -> HttpResponse:
    """One report: what it is made of, its plan, its runs."""
    return _report_page(request, pk)


@require_POST
@staff_page(*TICKET_ROLES)
def make(request: StaffRequest, pk: int) -> HttpResponse:
    """Have it made once more."""
    return _made(request, pages.report_named(pk, request.actor), timezone.now())


@require_POST
@staff_page(*TICKET_ROLES)
def delete(request: StaffRequest, pk: int) -> HttpResponse:
    """The report goes, with its plan and its files."""
    pages.report_named(pk, request.actor).delete()
    messages.success(request, _("报告已删除"))
    return redirect("reports")


@require_POST
@staff_page(*TICKET_ROLES)
def schedule(request: StaffRequest, pk: int) -> HttpResponse:
    """Have it made by itself from now on."""
    form = schedules.ScheduleForm(request.POST)
    if not form.is_valid():
        return _report_page(request, pk, form)
    report = pages.report_named(pk, request.actor)
    schedules.set_schedule(report=report, **form.cleaned_data, at=timezone.now())
    messages.success(request, _("定时已设好；每次生成后会收到通知"))
    return redirect("report", pk)


@require_POST
@staff_page(*TICKET_ROLES)
def change_schedule(request: StaffRequest, pk: int, act: str) -> HttpResponse:
    """Pause the plan, go on with it, or take it away."""
    report = pages.report_named(pk, request.actor)
    if act not in schedules.ACTS or not hasattr(report, "schedule"):
        raise Http404
    schedules.ACTS[act](report=report, at=timezone.now())
    return redirect("report", pk)


# --- runs -------------------------------------------------------------------------------------


@require_GET
@staff_page(*TICKET_ROLES)
def run(request: StaffRequest, pk: int) -> HttpResponse:
    """One making of a report: how far it is, and what came of it."""
    return render(request, "pages/report_run.html", _run_context(request, pk))


@require_GET
@staff_page(*TICKET_ROLES)
def progress(request: StaffRequest, pk: int) -> HttpResponse:
    """The same without the page around it, asked every two seconds while it is being made."""
    return render(request, "pages/report_progress.html", _run_context(request, pk))


@require_POST
@staff_page(*TICKET_ROLES)
def cancel(request: StaffRequest, pk: int) -> HttpResponse:
    """Stop it."""
    if not report_runs.cancel(pages.run_named(pk, request.actor), at=timezone.now()):
        messages.error(request, _("这次生成已经结束，没有取消。"))
    return redirect("report_run", pk)


@require_POST
@staff_page(*TICKET_ROLES)
def as_csv(request: StaffRequest, pk: int) -> HttpResponse:
    """The same report as CSV: what is too long for a workbook."""
    report = pages.run_named(pk, request.actor).report
    report.shape["format"] = CSV
    report.save(update_fields=["shape"])
    return _made(request, report, timezone.now())


@require_GET
@staff_page(*TICKET_ROLES)
def download(request: StaffRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
    """The file, to the one who asked for it and may still read it."""
    at = timezone.now()
    found = pages.run_named(pk, request.actor)
    try:
        chunks = report_runs.fetch(found, actor=request.actor, at=at)
    except RuleViolation as refusal:
        if refusal.status == 404:
            raise
        messages.error(request, refusal.sentence())
        return redirect("report_run", pk)
    kind, made_at = found.shape["format"], timezone.localtime(found.finished_at)
    name = f"report-{found.report_id}-{made_at:%Y%m%d-%H%M}.{kind}"
    return StreamingHttpResponse(
        chunks,
        content_type=CONTENT_TYPES[kind],
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Length": str(found.size),
        },
    )


def _made(request: StaffRequest, report: Any, at: Any) -> HttpResponse:
    """Have it made and show how far it is; refused, say why."""
    try:
        found = report_runs.ask(report, actor=request.actor, at=at)
    except RuleViolation as refusal:
        messages.error(request, refusal.sentence())
        return redirect("report", report.pk)
    return redirect("report_run", found.pk)


def _report_page(
    request: StaffRequest, pk: int, form: schedules.ScheduleForm | None = None
) -> HttpResponse:
    at = timezone.now()
    report = pages.report_named(pk, request.actor)
    plan = getattr(report, "schedule", None)
    runs = report.runs.order_by("-pk")[: pages.SHOWN]
    context = {
        "report": report,
        "told": pages.told(report.query, report.shape, request.actor, at),
        "lines": [pages.RunLine(one, at) for one in runs],
        "shown": pages.SHOWN,
        "plan": plan,
        "next_due": schedules.next_due(plan, at) if plan and not plan.paused_at else None,
        "form": form or schedules.ScheduleForm(initial=vars(plan) if plan else None),
        "as_of": at,
    }
    return render(request, "pages/report.html", context, status=422 if form else 200)


def _run_context(request: StaffRequest, pk: int) -> dict[str, Any]:
    at = timezone.now()
    found = pages.run_named(pk, request.actor)
    may_read = report_runs.still_granted(found, request.actor)
    is_there = may_read and found.state(at) == RunState.DONE
    return {
        "run": found,
        "line": pages.RunLine(found, at),
        "told": pages.told(found.query, found.shape, request.actor, at),
        "failure": report_runs.FAILURES.get(found.failure, ""),
        "offers_csv": found.failure == "too_many_for_xlsx",
        "may_read": may_read,
        "is_there": is_there,
        "table": _table(request, found, at) if is_there and found.counts is not None else None,
    }


def _table(request: StaffRequest, found: ReportRun, at: Any) -> CountTable:
    listed = TicketFilter(QueryDict(found.query), request.actor, at)
    return CountTable(found.counts or [], found.shape, listed)
