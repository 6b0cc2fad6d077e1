"""Results as files: a month's ranking and a year's roll-up, with what they were computed by."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch import spreadsheets
from evaluation.models import Erratum, ScoreMark
from evaluation.monthly import CELLS, Line, Table
from evaluation.months import class_label
from hotline.core.actors import Actor
from hotline.core.deployment import deployment
from hotline.core.models import AssessmentGroup, AuditEntry
from hotline.pages.year import CLASSES, YearLine, YearTable

Row = dict[str, str]
_LONGEST_TITLE = 31  # of a sheet, in every spreadsheet program


@dataclass(frozen=True)
class File:
    """A table that leaves the house. `mark` is the line above its head."""

    name: str
    title: str
    columns: dict[str, str | Promise]
    rows: list[Row]
    mark: str


def file_of(table: File, kind: str) -> HttpResponse:
    """The file as an answer. Raises Http404 for a kind that there is none of."""
    if kind == "csv":
        content = spreadsheets.csv_file(table.columns, table.rows, mark=table.mark)
        content_type = spreadsheets.CSV_TYPE
    elif kind == "xlsx":
        content = spreadsheets.xlsx_file(
            table.columns, table.rows, title=table.title, mark=table.mark
        )
        content_type = spreadsheets.XLSX_TYPE
    else:
        raise Http404
    headers = {"Content-Disposition": f'attachment; filename="{table.name}.{kind}"'}
    return HttpResponse(content, content_type=content_type, headers=headers)


def record_export(action: str, actor: Actor, at: dt.datetime, **data: Any) -> None:
    """Who took which result away."""
    AuditEntry.objects.create(at=at, action=action, actor=actor.reference, data=data)


# --- a month ----------------------------------------------------------------------------------

RANKING: dict[str, str | Promise] = {
    "month": gettext_lazy("考评月"),
    "state": gettext_lazy("状态"),
    "as_of": gettext_lazy("数据截至"),
    "scheme": gettext_lazy("方案版次"),
    "weights": gettext_lazy("三率权重"),
    "basic_credit": gettext_lazy("“基本满意”折算"),
    "group": gettext_lazy("考评组"),
    "band": gettext_lazy("承办量档"),
    "rank": gettext_lazy("名次"),
    "previous_rank": gettext_lazy("上月名次"),
    "rank_band": gettext_lazy("同档"),
    "unit_code": gettext_lazy("单位代码"),
    "unit": gettext_lazy("单位"),
    "mark": gettext_lazy("不排名原因"),
    **{name: CELLS[name] for name in ("volume", "due", "valid")},
    "coverage": gettext_lazy("回访覆盖率（%）"),
    **{name: CELLS[name] for name in ("contacted", "resolved", "satisfied", "basically")},
    "response": gettext_lazy("响应率（%）"),
    "resolution": gettext_lazy("解决率（%）"),
    "satisfaction": gettext_lazy("满意率（%）"),
    "base_score": gettext_lazy("基础分"),
    "bonus": gettext_lazy("加分"),
    "score": gettext_lazy("得分"),
    "low": gettext_lazy("区间下限"),
    "high": gettext_lazy("区间上限"),
    **{name: CELLS[name] for name in ("excluded", "not_counted", "set_aside", "ledger", "repeats")},
    **{name: CELLS[name] for name in ("unresolved", "overdue", "returned", "improper")},
    "unit_class": gettext_lazy("分类"),
    "is_tail": gettext_lazy("末位"),
    "digest": gettext_lazy("摘要"),
}
_TWO_PLACES = (
    "coverage", "response", "resolution", "satisfaction", "base_score", "bonus", "low", "high",
)  # fmt: skip


def ranking_file(table: Table, at: dt.datetime) -> File:
    """The table as it is shown: the same lines, with numerators, denominators and the scheme."""
    month = table.month
    rules = month.rules
    weights = (rules.weights.response, rules.weights.resolution, rules.weights.satisfaction)
    until = month.close.closed_at if month.close else at
    said_of_all: Row = {
        "month": month.label,
        "state": month.state_label,
        "as_of": f"{timezone.localtime(until):%Y-%m-%d %H:%M:%S}",
        "scheme": str(month.scheme.version) if month.scheme else _("默认规则"),
        "weights": " / ".join(map(str, weights)),
        "basic_credit": str(rules.basic_credit),
        "group": str(AssessmentGroup(table.group).label),
    }
    return File(
        name=f"ranking-{month.label}-{table.group}",
        title=f"{month.label} {AssessmentGroup(table.group).label}"[:_LONGEST_TITLE],
        columns=RANKING,
        rows=[said_of_all | _ranking_row(line) for line in table.lines],
        mark=_mark([month.label] if month.is_closed else []),
    )


def _ranking_row(line: Line) -> Row:
    score = line.score
    return {
        "band": str(score.band + 1),
        "rank": _text(score.rank),
        "previous_rank": _text(score.previous_rank),
        "rank_band": _text(score.rank_band),
        "unit_code": line.unit.code,
        "unit": line.unit.name,
        "mark": str(ScoreMark(score.mark).label) if score.mark else "",
        **{name: str(count) for name, count in line.counts.items()},
        **{name: _decimal(getattr(score, name), 2) for name in _TWO_PLACES},
        "score": _decimal(score.score, 1),
        "unit_class": class_label(score.unit_class),
        "is_tail": _("是") if score.is_tail else "",
        "digest": score.digest,
    }


# --- a year -----------------------------------------------------------------------------------


def year_file(table: YearTable, at: dt.datetime) -> File:
    """The year as it is shown: every month as published, and the roll-up."""
    group = AssessmentGroup(table.group)
    columns: dict[str, str | Promise] = {
        "year": gettext_lazy("年度"),
        "as_of": gettext_lazy("数据截至"),
        "group": gettext_lazy("考评组"),
        "unit_code": gettext_lazy("单位代码"),
        "unit": gettext_lazy("单位"),
        **{month: month for month in table.months},
        "mean": gettext_lazy("年度平均分"),
        "counted": gettext_lazy("计入月数"),
        "left_out": gettext_lazy("不计入月数"),
        "ranked": gettext_lazy("排名月数"),
        "best": gettext_lazy("最高月份"),
        "best_score": gettext_lazy("最高分"),
        "worst": gettext_lazy("最低月份"),
        "worst_score": gettext_lazy("最低分"),
        **dict(CLASSES),
    }
    said_of_all: Row = {
        "year": str(table.number),
        "as_of": f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}",
        "group": str(group.label),
    }
    return File(
        name=f"year-{table.number}-{table.group}",
        title=f"{table.number} {group.label}"[:_LONGEST_TITLE],
        columns=columns,
        rows=[said_of_all | _year_row(line, table.months) for line in table.lines],
        mark=_mark(table.closed),
    )


def _year_row(line: YearLine, months: list[str]) -> Row:
    year = line.year
    cells = zip(months, line.cells, strict=True)
    counted = zip(CLASSES, line.classes, strict=True)
    return {
        "unit_code": line.unit.code,
        "unit": line.unit.name,
        **{month: _decimal(cell.score, 1) or str(cell.mark) for month, cell in cells},
        "mean": _decimal(year.mean, 2),
        "counted": str(year.counted),
        "left_out": str(year.left_out),
        "ranked": str(year.ranked),
        "best": year.best.month if year.best else "",
        "best_score": _decimal(year.best.score, 1) if year.best else "",
        "worst": year.worst.month if year.worst else "",
        "worst_score": _decimal(year.worst.score, 1) if year.worst else "",
        **{value: str(count) for (value, _label), count in counted},
    }


# --- both -------------------------------------------------------------------------------------


def _mark(closed_months: Iterable[str]) -> str:
    """What is said above the head: that the data are invented, and which published numbers were
    found to be wrong."""
    said = [_("模拟数据：人员、单位、诉求均为虚构")] if deployment().is_simulated else []
    for erratum in Erratum.objects.filter(month__in=closed_months).order_by("month", "number"):
        said.append(
            _("勘误 %(month)s 第 %(n)s 号：%(wrong)s，更正为 %(right)s")
            % {
                "month": erratum.month, "n": erratum.number, "wrong": erratum.wrong,
                "right": erratum.right,
            }
        )  # fmt: skip
    return _("；").join(said)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _decimal(value: Decimal | None, places: int) -> str:
    return "" if value is None else f"{value:.{places}f}"
