"""When a report is made without anybody asking: the plan of each, and what falls due."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from evaluation.models import MonthClose
from hotline.core.models import Cadence, PauseReason, Report, ReportRun, ReportSchedule
from hotline.core.working_time import BUSINESS_ZONE, ONE_DAY, business_day
from hotline.pages.report_runs import actor_of

# Before the office opens.
HOUR = dt.time(7)
WEEKDAYS = (
    (1, _("星期一")), (2, _("星期二")), (3, _("星期三")), (4, _("星期四")), (5, _("星期五")),
    (6, _("星期六")), (7, _("星期日")),
)  # fmt: skip
# A close further back than the longest wait after one has been due before.
_CLOSES = 12


class ScheduleForm(forms.Form):
    """When a report is made by itself."""

    cadence = forms.ChoiceField(
        label=_("什么时候"),
        choices=[
            (Cadence.DAILY, _("每天 07:00")),
            (Cadence.WEEKLY, _("每周一次，07:00")),
            (Cadence.AFTER_CLOSE, _("每月封账之后，07:00")),
        ],
        widget=forms.RadioSelect,
        initial=Cadence.DAILY,
    )
    weekday = forms.TypedChoiceField(
        label=_("每周的星期几"), choices=WEEKDAYS, coerce=int, initial=1
    )
    days_after = forms.IntegerField(label=_("封账后第几天"), min_value=1, max_value=28, initial=1)
    is_rolling = forms.BooleanField(
        label=_("只含刚过去的一天、七天或刚封账的考评月"),
        required=False,
        initial=True,
        help_text=_("不勾选时，每次都按报告自己的条件。"),
    )


def set_schedule(
    *, report: Report, cadence: str, weekday: int, days_after: int, is_rolling: bool,
    at: dt.datetime,
) -> ReportSchedule:  # fmt: skip
    """From now on the report is made by itself."""
    plan = {
        "cadence": cadence, "weekday": weekday, "days_after": days_after,
        "is_rolling": is_rolling, "set_at": at, "paused_at": None, "pause_reason": "",
    }  # fmt: skip
    return ReportSchedule.objects.update_or_create(report=report, defaults=plan)[0]


def pause(*, report: Report, at: dt.datetime) -> None:
    """For the time being it is not made."""
    _pause(ReportSchedule.objects.get(report=report), PauseReason.ASKED, at)


def resume(*, report: Report, at: dt.datetime) -> None:
    """It is made again; what fell due meanwhile is not made up."""
    ReportSchedule.objects.filter(report=report).update(paused_at=None, pause_reason="", set_at=at)


def remove(*, report: Report, at: dt.datetime) -> None:
    """It is made only when asked for."""
    ReportSchedule.objects.filter(report=report).delete()


ACTS = {"pause": pause, "resume": resume, "remove": remove}


def start_due(*, at: dt.datetime) -> int:
    """Have everything made that is due and was not; returns how many runs that is.

    Any number of ticks may run at once: the pair of report and due time is unique. After a stop
    only the last time of each is made up. Where the owner may read no ticket any more, the plan
    is paused.
    """
    plans = ReportSchedule.objects.filter(paused_at=None).select_related("report__owner")
    due = {plan: moment for plan in plans if (moment := last_due(plan, at))}
    made = set(
        ReportRun.objects.filter(report__in=[p.report_id for p in due], due_at__in=due.values())
        .values_list("report_id", "due_at")
    )  # fmt: skip
    runs = []
    for plan, moment in due.items():
        if (plan.report_id, moment) in made:
            continue
        if actor_of(plan.report.owner, at) is None:
            is_active = plan.report.owner.is_active
            _pause(plan, PauseReason.NO_ROLE if is_active else PauseReason.INACTIVE, at)
            continue
        runs.append(
            ReportRun(
                report=plan.report, query=_query(plan, moment), shape=plan.report.shape,
                due_at=moment, asked_at=at,
            )
        )  # fmt: skip
    ReportRun.objects.bulk_create(runs, ignore_conflicts=True)
    return len(runs)


def _pause(plan: ReportSchedule, reason: PauseReason, at: dt.datetime) -> None:
    plan.paused_at, plan.pause_reason = at, reason
    plan.save(update_fields=["paused_at", "pause_reason"])


def last_due(plan: ReportSchedule, at: dt.datetime) -> dt.datetime | None:
    """The last time at or before `at` at which the report falls due; None where that was before
    the plan was made."""
    if plan.cadence == Cadence.AFTER_CLOSE:
        closes = MonthClose.objects.order_by("-closed_at").values_list("closed_at", flat=True)
        times = [_after(close, plan) for close in closes[:_CLOSES]]
    else:
        day = business_day(at)
        times = [
            _at_seven(day - n * ONE_DAY)
            for n in range(8)
            if plan.cadence == Cadence.DAILY or (day - n * ONE_DAY).isoweekday() == plan.weekday
        ]
    return max((moment for moment in times if plan.set_at < moment <= at), default=None)


def next_due(plan: ReportSchedule, at: dt.datetime) -> dt.datetime | None:
    """When it is made next; None where that depends on a month's close."""
    if plan.cadence == Cadence.AFTER_CLOSE:
        return None
    days = (business_day(at) + n * ONE_DAY for n in range(9))
    times = (
        _at_seven(day)
        for day in days
        if plan.cadence == Cadence.DAILY or day.isoweekday() == plan.weekday
    )
    return next(moment for moment in times if moment > at)


def _at_seven(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, HOUR, BUSINESS_ZONE)


def _after(closed_at: dt.datetime, plan: ReportSchedule) -> dt.datetime:
    return _at_seven(business_day(closed_at) + plan.days_after * ONE_DAY)


def _query(plan: ReportSchedule, due_at: dt.datetime) -> str:
    """The conditions of the run: the report's own, or of the time just past."""
    query = QueryDict(plan.report.query, mutable=True)
    if plan.is_rolling:
        for name in ("accepted_from", "accepted_to"):
            query.pop(name, None)
        for name, value in _time_past(plan, due_at).items():
            query[name] = value
    return query.urlencode()


def _time_past(plan: ReportSchedule, due_at: dt.datetime) -> dict[str, Any]:
    if plan.cadence == Cadence.AFTER_CLOSE:
        closes = MonthClose.objects.order_by("-closed_at")[:_CLOSES]
        month = next(one.month for one in closes if _after(one.closed_at, plan) == due_at)
        return {"period": month}
    days = 1 if plan.cadence == Cadence.DAILY else 7
    due_on = business_day(due_at)
    return {
        "accepted_from": (due_on - days * ONE_DAY).isoformat(),
        "accepted_to": (due_on - ONE_DAY).isoformat(),
    }
