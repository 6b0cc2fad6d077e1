"""Reports that people make for themselves: what they are, and who may touch them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from hotline.core.actors import Actor
from hotline.core.models import Report, ReportRun, RunState
from hotline.core.violations import NotVisible, register_sentences
from hotline.pages import exports
from hotline.pages.filters import Tag, TicketFilter
from hotline.pages.report_counts import ACROSS, DIMENSIONS
from hotline.pages.report_files import CSV, XLSX
from intake.rendering import register_events

LIST, COUNTS = "list", "counts"
# The columns of the list's export, in its order.
COLUMNS = (
    "number", "type", "level", "state", "title", "class", "district", "area", "unit", "channel",
    "accepted", "promised", "dispatched", "replied", "closed", "close_code", "overdue", "rehandled",
)  # fmt: skip
# How many runs of a report its page shows.
SHOWN = 20

register_sentences(
    {
        "too_many_reports": gettext_lazy(
            "您已有%(most)s份报告正在生成，请等其中一份完成或取消后再做。"
        ),
        "report_gone": gettext_lazy("这份文件已过期或没有完成，请再做一次。"),
    }
)
register_events(
    {
        "report_ready": gettext_lazy("定时报告已生成"),
        "report_failed": gettext_lazy("定时报告没有完成"),
    }
)


def _column_choices() -> list[tuple[str, str]]:
    return list(zip(COLUMNS, exports.head(), strict=True))


class ReportForm(forms.Form):
    """What is made of the list in front of somebody."""

    name = forms.CharField(label=gettext_lazy("报告名称"), max_length=60)
    kind = forms.ChoiceField(
        label=gettext_lazy("内容"),
        choices=[
            (LIST, gettext_lazy("清单：每件工单一行")),
            (COUNTS, gettext_lazy("统计：按项目计数")),
        ],
        initial=LIST,
        widget=forms.RadioSelect,
    )
    columns = forms.MultipleChoiceField(
        label=gettext_lazy("清单的列"),
        required=False,
        choices=_column_choices,
        initial=COLUMNS,
        widget=forms.CheckboxSelectMultiple,
    )
    rows = forms.ChoiceField(
        label=gettext_lazy("统计的行"),
        choices=[(name, one.label) for name, one in DIMENSIONS.items()],
        initial="unit",
    )
    across = forms.ChoiceField(
        label=gettext_lazy("统计的列"),
        required=False,
        choices=[
            ("", gettext_lazy("只要合计")),
            *((name, DIMENSIONS[name].label) for name in ACROSS),
        ],
    )
    format = forms.ChoiceField(
        label=gettext_lazy("文件格式"),
        choices=[(CSV, "CSV"), (XLSX, "XLSX")],
        initial=CSV,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("一个 XLSX 表最多 1,048,576 行，更长的清单请用 CSV。"),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("kind") == LIST and not data.get("columns"):
            self.add_error("columns", _("请至少选一列。"))
        if data.get("kind") == COUNTS and data.get("rows") == data.get("across"):
            self.add_error("across", _("行和列请选不同的项目。"))
        return data

    def shape(self) -> dict[str, Any]:
        """What is asked for, as it is kept."""
        data = self.cleaned_data
        shape = {"kind": data["kind"], "format": data["format"]}
        if data["kind"] == LIST:
            return shape | {"columns": [name for name in COLUMNS if name in data["columns"]]}
        return shape | {"rows": data["rows"], "across": data["across"]}


def condition(listed: TicketFilter) -> str:
    """The conditions of a list as its address says them, and nothing else of the address."""
    kept = QueryDict(mutable=True)
    for name in listed.form.fields:
        if value := listed.query.get(name):
            kept[name] = value
    return kept.urlencode()


def create_report(
    *, name: str, query: str, shape: dict[str, Any], actor: Actor, at: dt.datetime
) -> Report:
    """Keep what somebody wants, for that person alone."""
    return Report.objects.create(
        owner_id=actor.id or 0,
        name=name,
        query=query,
        shape=shape,
        language=get_language() or "",
        created_at=at,
    )


def reports_of(actor: Actor) -> QuerySet[Report]:
    """A person's own; nobody sees those of another."""
    return Report.objects.filter(owner_id=actor.id)


def runs_of(actor: Actor) -> QuerySet[ReportRun]:
    return ReportRun.objects.filter(report__owner_id=actor.id).select_related("report")


def report_named(pk: int, actor: Actor) -> Report:
    """Raises NotVisible for a report of another person as for none."""
    report = reports_of(actor).select_related("schedule").filter(pk=pk).first()
    if report is None:
        raise NotVisible
    return report


def run_named(pk: int, actor: Actor) -> ReportRun:
    """Raises NotVisible for a run of another person as for none."""
    run = runs_of(actor).filter(pk=pk).first()
    if run is None:
        raise NotVisible
    return run


# --- in words ---------------------------------------------------------------------------------

_TONES = {
    RunState.DONE: "ok", RunState.FAILED: "late", RunState.RUNNING: "info",
    RunState.WAITING: "warn", RunState.CANCELLED: "", RunState.EXPIRED: "",
}  # fmt: skip


@dataclass(frozen=True)
class RunLine:
    """A run as lists and its page say it."""

    run: ReportRun
    at: dt.datetime

    @property
    def state(self) -> RunState:
        return self.run.state(self.at)

    @property
    def label(self) -> str:
        return str(self.state.label)

    @property
    def tone(self) -> str:
        return _TONES[self.state]


@dataclass(frozen=True)
class ReportLine:
    report: Report
    what: str
    last: RunLine | None


def report_lines(actor: Actor, at: dt.datetime) -> list[ReportLine]:
    """A person's reports, the newest first, each with its last run; two queries."""
    reports = list(reports_of(actor).select_related("schedule").order_by("-pk"))
    newest = runs_of(actor).order_by("report_id", "-pk").distinct("report_id")
    last = {run.report_id: RunLine(run, at) for run in newest}
    return [ReportLine(one, what(one.shape), last.get(one.pk)) for one in reports]


@dataclass(frozen=True)
class Told:
    """A report as its page says it."""

    what: str
    conditions: list[Tag]
    list_url: str


def told(query: str, shape: dict[str, Any], actor: Actor, at: dt.datetime) -> Told:
    """What a report is made of, and the address of its list."""
    listed = TicketFilter(QueryDict(query), actor, at)
    return Told(what(shape), listed.tags(), f"{reverse('tickets')}?{query}")


def what(shape: dict[str, Any]) -> str:
    """What is made of the list."""
    if shape["kind"] == LIST:
        return _("清单，%(n)s 列，%(format)s") % {
            "n": len(shape["columns"]), "format": shape["format"].upper(),
        }  # fmt: skip
    rows = DIMENSIONS[shape["rows"]].label
    if not shape["across"]:
        return _("按%(rows)s计数，%(format)s") % {
            "rows": rows, "format": shape["format"].upper(),
        }  # fmt: skip
    return _("按%(rows)s和%(across)s计数，%(format)s") % {
        "rows": rows,
        "across": DIMENSIONS[shape["across"]].label,
        "format": shape["format"].upper(),
    }
