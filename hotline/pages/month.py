"""The monthly ranking as a page draws it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import Http404
from django.urls import get_script_prefix, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evaluation import months as reading
from evaluation import periods, rates
from evaluation.models import Erratum, ScoreMark, UnitScore
from evaluation.monthly import CELLS, Line, Table
from evaluation.months import Month, class_label
from evaluation.periods import Period
from evaluation.scoring import Average
from hotline.core.actors import Actor
from hotline.core.models import AssessmentGroup
from hotline.core.places import units
from hotline.pages.schemes import READERS as SCHEME_READERS

SHOWN_MONTHS = 12
# The columns in the order of the table: what came in, what was said, what was left out of the
# rates, what went wrong.
HANDLED = ("volume", "due", "valid")
SAID = ("contacted", "resolved", "satisfied", "basically")
LEFT_OUT = ("excluded", "not_counted", "set_aside", "ledger", "repeats")
WRONG = ("unresolved", "overdue", "returned", "improper")
_LATE = ("overdue", "improper")
# What decides the month that a ticket falls in (考评方案 "归属月的依据").
ATTRIBUTED = {
    "created": gettext_lazy("受理"),
    "due": gettext_lazy("办理期限届满"),
    "called_back": gettext_lazy("回访"),
}
_CLASS_TONES = {
    "advanced": "ok", "progress": "ok", "rectification": "warn", "governance": "late",
}  # fmt: skip
# How wide an interval is drawn.
SCALE = 80
_NONE, _FULL = Decimal(0), Decimal(100)


@dataclass(frozen=True)
class Number:
    """A count and the address of the list of exactly the tickets it counts."""

    label: str | Promise
    value: int
    url: str
    kind: str


@dataclass(frozen=True)
class Mark:
    """A word beside a unit's name, and its tone."""

    label: str
    kind: str = ""


@dataclass(frozen=True)
class Interval:
    """How far the sample leaves the score open; `start`, `length` and `point` place it on a scale
    that all lines of the table share."""

    low: Decimal
    high: Decimal
    start: int
    length: int
    point: int


@dataclass(frozen=True)
class ToldLine:
    """One unit's line. `climbed` are the places gained since the month before, None where there
    is nothing to compare; `band` is the letter of the rank band, `opens_band` whether it begins
    here; `ranking` heads the units of one volume band; `unranked` says why there is no place."""

    score: UnitScore
    name: str
    code: str
    climbed: int | None
    band: str
    opens_band: bool
    ranking: str
    unranked: str
    marks: list[Mark]
    due_url: str
    valid_url: str
    interval: Interval | None
    handled: Sequence[Number] = ()
    said: Sequence[Number] = ()
    left_out: Sequence[Number] = ()
    wrong: Sequence[Number] = ()

    @property
    def fallen(self) -> int:
        return -(self.climbed or 0)


@dataclass(frozen=True)
class ToldAverage:
    """Percentages and points, rounded once."""

    response: Decimal | None
    resolution: Decimal | None
    satisfaction: Decimal | None
    base: Decimal | None


class ToldTable:
    """The table with the address behind every number. The lines are told when they are asked for:
    a table that was drawn from the same counts for the same eyes is shown again (`key`)."""

    def __init__(self, table: Table, actor: Actor) -> None:
        self.table, self.actor = table, actor

    @property
    def key(self) -> str:
        eyes = "all" if self.actor.sees_all else self.actor.reference
        of = self.table
        return "|".join(
            [of.group, of.month.label, of.made_at.isoformat(), cut_named(of.report), eyes]
        )

    @cached_property
    def lines(self) -> list[ToldLine]:
        of = self.table
        return told_lines(of.lines, of.month, of.ranked, cut=cut_named(of.report))

    @property
    def total(self) -> dict[str, list[Number]]:
        """Every count of the lines together, by the part of the table."""
        of, everybody, cut = self.table, _("各单位合计"), cut_named(self.table.report)
        return {
            part: [
                Number(
                    label=f"{everybody} {CELLS[name]}",
                    value=of.total[name],
                    url=cell_url(name, of.month, cut=cut, group=of.group) if of.total[name] else "",
                    kind="",
                )
                for name in names
            ]
            for part, names in PARTS.items()
        }

    @property
    def macro(self) -> ToldAverage:
        return _told_average(self.table.macro)

    @property
    def micro(self) -> ToldAverage:
        return _told_average(self.table.micro)


PARTS = {"handled": HANDLED, "said": SAID, "left_out": LEFT_OUT, "wrong": WRONG}
# The columns' headings, by their part of the table.
HEADS = {part: [CELLS[name] for name in names] for part, names in PARTS.items()}


def told_lines(
    lines: Sequence[Line],
    month: Month,
    ranked: Mapping[int, int] | None = None,
    *,
    cut: str = "",
    parts: Mapping[str, Sequence[str]] = PARTS,
) -> list[ToldLine]:
    """Lines in their order; `ranked` tells how many units each volume band ranks, `cut` of which
    day's report they are. Only the numbers of these `parts` are told."""
    scale = _scale([end for line in lines for end in _ends(line.score)])
    found: list[ToldLine] = []
    before: UnitScore | None = None
    for line in lines:
        score = line.score
        opens_ranking = ranked is not None and (before is None or before.band != score.band)
        found.append(
            ToldLine(
                score=score,
                name=line.unit.name,
                code=line.unit.code,
                climbed=_climbed(score),
                band=_letter(score.rank_band),
                opens_band=before is not None and before.rank_band != score.rank_band,
                ranking=_ranking(score.band, month, ranked or {}) if opens_ranking else "",
                unranked=str(ScoreMark(score.mark).label) if score.mark else "",
                marks=_marks(score, month),
                **{part: _numbers(line, month, names, cut) for part, names in parts.items()},
                due_url=cell_url("due", month, cut=cut, unit=line.unit.code) if score.due else "",
                valid_url=cell_url("valid", month, cut=cut, unit=line.unit.code)
                if score.valid
                else "",
                interval=_interval(score, scale),
            )
        )
        before = score
    return found


def _numbers(line: Line, month: Month, names: Iterable[str], cut: str) -> list[Number]:
    return [
        Number(
            label=f"{line.unit.name} {CELLS[name]}",
            value=line.counts[name],
            url=cell_url(name, month, cut=cut, unit=line.unit.code) if line.counts[name] else "",
            kind="late" if name in _LATE and line.counts[name] else "",
        )
        for name in names
    ]


def _marks(score: UnitScore, month: Month) -> list[Mark]:
    """Once the month is closed: its class, and whether it is at the end."""
    marks = []
    if month.is_closed and score.unit_class:
        marks.append(Mark(class_label(score.unit_class), _CLASS_TONES[score.unit_class]))
    if month.is_closed and score.is_tail:
        marks.append(Mark(_("末位"), "late"))
    return marks


def _climbed(score: UnitScore) -> int | None:
    if score.rank is None or score.previous_rank is None:
        return None
    return score.previous_rank - score.rank


def _letter(rank_band: int | None) -> str:
    if rank_band is None:
        return ""
    return chr(ord("A") + rank_band - 1) if rank_band <= 26 else str(rank_band)


def _ranking(band: int, month: Month, ranked: Mapping[int, int]) -> str:
    """The heading of one volume band; without bands the group is one ranking and needs none."""
    edges = month.rules.volume_bands
    if not edges:
        return ""
    if band == 0:
        words = _("承办量 %(to)s 件及以下") % {"to": edges[0]}
    elif band < len(edges):
        words = _("承办量 %(from)s 至 %(to)s 件") % {"from": edges[band - 1] + 1, "to": edges[band]}
    else:
        words = _("承办量 %(from)s 件及以上") % {"from": edges[-1] + 1}
    return _("%(band)s：%(n)s 个单位参加排名") % {"band": words, "n": ranked.get(band, 0)}


def _ends(score: UnitScore) -> tuple[Decimal, ...]:
    """The ends of its interval, cut off where no score can lie; none without an interval."""
    if score.low is None or score.high is None or score.score is None:
        return ()
    return max(score.low, _NONE), min(score.high, max(_FULL, score.score))


def _scale(ends: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    """From the ten below the lowest end to 100, or to the highest where a bonus goes beyond."""
    lowest = min(*ends, _FULL - 10) if ends else _NONE
    return lowest // 10 * 10, max(*ends, _FULL) if ends else _FULL


def _interval(score: UnitScore, scale: tuple[Decimal, Decimal]) -> Interval | None:
    ends = _ends(score)
    if not ends or score.score is None:
        return None
    first, last = scale
    start, end, point = (
        int((value - first) * SCALE / (last - first)) for value in (*ends, score.score)
    )
    low, high = ends
    return Interval(low, high, start, max(end - start, 1), min(point, SCALE - 2))


def _told_average(average: Average) -> ToldAverage:
    return ToldAverage(
        response=rates.percent(average.response, 2),
        resolution=rates.percent(average.resolution, 2),
        satisfaction=rates.percent(average.satisfaction, 2),
        base=rates.rounded(average.base, 2),
    )


# --- around the table -------------------------------------------------------------------------


def cell_url(cell: str, month: Month, *, cut: str = "", **whose: str) -> str:
    """The list of exactly the tickets behind a number: one `unit`'s, or a whole `group`'s, in a
    daily report those before its `cut`."""
    query = {"period": month.label, **whose, "cell": cell} | ({"cut": cut} if cut else {})
    return f"{tickets_address(get_script_prefix())}?{urlencode(query)}"


@cache
def tickets_address(_prefix: str) -> str:
    """Where lists of tickets are; a table has thousands of links to them."""
    return reverse("tickets")


def cut_named(report: Period | None) -> str:
    """How the report of a day stands in an address."""
    return report.end.date().isoformat() if report else ""


def month_named(label: str, *, at: dt.datetime) -> Month:
    """The month as it stands. Raises Http404 for what is no month, and for one that has not
    begun."""
    try:
        month = reading.month(label, at=at)
    except ValueError as error:
        raise Http404 from error
    if month.period.start > at:
        raise Http404
    return month


def first_group(actor: Actor, groups: Sequence[str]) -> str:
    """The group of the reader's own unit, where it is compared; the first of them for others."""
    own = (units()[u].group for _role, u in sorted(actor.grants, key=str) if u in units())
    return next((g for g in own if g in groups), groups[0])


def months(current: Period) -> list[Period]:
    """The running assessment month and those before it."""
    found = [current]
    while len(found) < SHOWN_MONTHS:
        found.append(periods.previous(found[-1]))
    return found


def errata_of(month: Month) -> QuerySet[Erratum]:
    """What was wrong in a closed month and what is right, everybody's to read."""
    return Erratum.objects.filter(month=month.label).select_related("unit").order_by("number")


def recompute_command(month: Month) -> str:
    """What an administrator types to make the month again and compare it with what was
    published."""
    return f"manage.py months recompute {month.label}"


def coverage_floor(month: Month) -> str:
    """The least coverage in percent, as one writes it; empty where the scheme asks for none."""
    percent = month.rules.coverage_floor * 100
    return f"{percent.normalize():f}" if percent else ""


def scheme_url(month: Month, actor: Actor) -> str:
    """The rules that the month is scored by, for those who may read them."""
    if month.scheme is None or not actor.has(*SCHEME_READERS):
        return ""
    return reverse("scheme", args=[month.scheme.version])


def is_unpublished(group: str) -> bool:
    return group == AssessmentGroup.SECOND_RECEIVER
