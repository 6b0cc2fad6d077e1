"""The daily report of the running month: its address, and how volumes moved (F-8, F-9)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from evaluation import monthly, periods
from evaluation.monthly import Table
from evaluation.months import Month
from evaluation.periods import Period
from hotline.pages.indicators import Change, growth
from hotline.pages.month import Number, cut_named
from hotline.pages.result_files import File

# The newest report, in an address that can be kept.
NEWEST = "day"


@dataclass(frozen=True)
class Moved:
    """What a unit was given, what in the same span of the month before, and the change."""

    name: str
    now: int
    last: Number
    change: Change


def asked_report(cut: str, month: Month, *, at: dt.datetime) -> Period | None:
    """The daily report that an address asks for; None where it asks for none.

    Raises Http404 for what is no day, and for a day that has no report of this month.
    """
    if not cut:
        return None
    if cut == NEWEST:
        report = monthly.last_report(month, at)
    else:
        try:
            report = monthly.report_of(month, dt.date.fromisoformat(cut), at)
        except ValueError as error:
            raise Http404 from error
    if report is None:
        raise Http404
    return report


def beside(table: Table, at: dt.datetime) -> dict[str, Any]:
    """What a page says beside the table: of which day's report it is, the newest one, and the
    volumes against the month before."""
    return {
        "cut": cut_named(table.report),
        "last_report": monthly.last_report(table.month, at),
        "moved": moved(table),
    }


def moved(table: Table) -> list[Moved]:
    """Every line's volume against the same span of the month before; none without a report."""
    if table.report is None:
        return []
    before = periods.previous(table.report)
    found = []
    for line in table.lines:
        last, now = table.last.get(line.unit.pk, 0), line.counts["volume"]
        query = {
            "period": before.label, "unit": line.unit.code, "cell": "volume",
            "cut": cut_named(before),
        }  # fmt: skip
        number = Number(
            label=_("%(unit)s 上月同期承办量") % {"unit": line.unit.name},
            value=last,
            url=f"{reverse('tickets')}?{urlencode(query)}" if last else "",
            kind="",
        )
        found.append(Moved(line.unit.name, now, number, growth(now, last)))
    return found


def report_file(file: File, table: Table) -> File:
    """The ranking's file, in a daily report with the change and named by its day."""
    if table.report is None:
        return file
    columns = {"volume_last": _("上月同期承办量"), "volume_change": _("承办量比上月同期")}
    rows = [
        row | {"volume_last": str(one.last.value), "volume_change": one.change.words}
        for row, one in zip(file.rows, moved(table), strict=True)
    ]
    name = f"{file.name}-{cut_named(table.report)}"
    return replace(file, name=name, columns={**file.columns, **columns}, rows=rows)
