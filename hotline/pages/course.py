"""The rates over the years as a page draws them: each year against its own January."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evaluation import rates
from evaluation.courses import MonthResult
from evaluation.monthly import CELLS
from hotline.core.actors import Actor
from hotline.core.models import AssessmentGroup
from hotline.pages.charts import Chart, Series, Value, signed
from hotline.pages.month import Number, cell_url
from hotline.pages.year import groups_for

# Every published group together.
ALL = "all"
MONTHS = range(1, 13)


@dataclass(frozen=True)
class Measure:
    """What the page follows. `unit` is that of its values, `difference` that of their change;
    `cells` are the counts it is made of, beside the valid answers."""

    label: str | Promise
    unit: str | Promise
    difference: str | Promise
    cells: tuple[str, ...]


_POINTS = gettext_lazy("百分点")
MEASURES = {
    "resolution": Measure(gettext_lazy("解决率"), "%", _POINTS, ("resolved",)),
    "response": Measure(gettext_lazy("响应率"), "%", _POINTS, ("contacted",)),
    "satisfaction": Measure(gettext_lazy("满意率"), "%", _POINTS, ("satisfied", "basically")),
    "base": Measure(
        gettext_lazy("综合得分"), gettext_lazy("分"), gettext_lazy("分"),
        ("contacted", "resolved", "satisfied", "basically"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One month: its value, how far it is from the month its year is compared with, and the counts
    behind it. `since` is empty in that month itself."""

    result: MonthResult
    value: Decimal | None
    change: Decimal | None
    since: str
    url: str
    numbers: list[Number]

    @property
    def is_open(self) -> bool:
        return not self.result.month.is_closed

    @property
    def year(self) -> int:
        return int(self.result.month.label[:4])

    @property
    def place(self) -> int:
        """Its place among the twelve."""
        return int(self.result.month.label[5:]) - 1

    @property
    def words(self) -> str:
        return "" if self.change is None else signed(self.change)


def choices_for(actor: Actor) -> Mapping[str, str | Promise]:
    """The groups whose course the reader may see, and all that are published together."""
    return {str(group.value): group.label for group in groups_for(actor)} | {
        ALL: gettext_lazy("各组合计")
    }


def groups_named(name: str, actor: Actor) -> list[str]:
    """The groups behind a choice; second receivers are in no sum."""
    everyone = [group.value for group in groups_for(actor)]
    if name == ALL:
        return [group for group in everyone if group != AssessmentGroup.SECOND_RECEIVER]
    return [group for group in everyone if group == name]


def lines(results: Sequence[MonthResult], measure: str, group: str) -> list[Line]:
    """The months in their order. A year is compared with its January, or with its first month that
    has a value where January has none."""
    first: dict[str, tuple[str, Decimal]] = {}
    found: list[Line] = []
    for result in results:
        label, value = result.month.label, _value(result, measure)
        if value is not None:
            first.setdefault(label[:4], (label, value))
        since, begun = first.get(label[:4], ("", None))
        change = None if value is None or begun is None else value - begun
        found.append(
            Line(
                result=result,
                value=value,
                change=change,
                since=since if since != label else "",
                url=_ranking_url(label, group),
                numbers=[
                    _number(result, cell, group)
                    for cell in (*MEASURES[measure].cells, "valid", "volume")
                ],
            )
        )
    return found


def heads(measure: str) -> list[str | Promise]:
    """The headings of the counts."""
    return [CELLS[cell] for cell in (*MEASURES[measure].cells, "valid", "volume")]


def rate_chart(told: Sequence[Line], measure: str) -> Chart:
    """Every year a line from its January on, the latest first."""
    of = MEASURES[measure]
    return Chart(
        key="rate",
        kind="line",
        title=_("%(rate)s：与当年 1 月相比") % {"rate": of.label},
        unit=str(of.difference),
        labels=_month_names(),
        series=_by_year(told, lambda line: line.change, lambda line: line.url),
        note=_late_beginnings(told),
        is_signed=True,
    )


def volume_chart(told: Sequence[Line]) -> Chart:
    """How much was handled, month by month."""
    return Chart(
        key="volume",
        kind="line",
        title=str(CELLS["volume"]),
        unit=_("件"),
        labels=_month_names(),
        series=_by_year(told, lambda line: line.result.volume, lambda line: line.numbers[-1].url),
    )


def _by_year(
    told: Sequence[Line], value: Callable[[Line], Value], url: Callable[[Line], str]
) -> list[Series]:
    years: dict[int, dict[int, Line]] = defaultdict(dict)
    for line in told:
        years[line.year][line.place] = line
    return [
        Series(
            name=str(year),
            values=[value(own[n]) if n in own else None for n in range(12)],
            urls=[url(own[n]) if n in own else "" for n in range(12)],
            open_places=frozenset(n for n, line in own.items() if line.is_open),
        )
        for year, own in sorted(years.items(), reverse=True)
    ]


def _month_names() -> list[str]:
    return [_("%(month)s 月") % {"month": month} for month in MONTHS]


def _late_beginnings(told: Sequence[Line]) -> str:
    """The years that are compared with another month than January."""
    since = sorted({line.since for line in told if line.since and line.since[5:] != "01"})
    if not since:
        return ""
    return _("%(months)s 之前当年没有成绩，与这个月相比。") % {"months": _("、").join(since)}


def _value(result: MonthResult, measure: str) -> Decimal | None:
    """As it is shown, rounded once: so that what is shown adds up."""
    exact = getattr(result.rates, measure)
    return rates.rounded(exact, 2) if measure == "base" else rates.percent(exact, 2)


def _number(result: MonthResult, cell: str, group: str) -> Number:
    """A count; of all groups together it has no list of its own."""
    value = _count(result, cell)
    url = cell_url(cell, result.month, group=group) if value and group != ALL else ""
    return Number(f"{result.month.label} {CELLS[cell]}", value, url, "")


def _count(result: MonthResult, cell: str) -> int:
    counts = result.counts
    return {
        "volume": result.volume,
        "valid": counts.valid,
        "contacted": counts.contacted,
        "resolved": counts.resolved,
        "satisfied": counts.satisfied,
        "basically": counts.basically_satisfied,
    }[cell]


def _ranking_url(label: str, group: str) -> str:
    query = {"period": label} | ({"group": group} if group != ALL else {})
    return f"{reverse('monthly')}?{urlencode(query)}"
