"""The monthly ranking, every number of which opens its tickets.

A closed month is told as it was published, any other as it would be published now, or by the
daily report: as far as its tickets fall before a day's cut (F-8). What a line counts and what the
list behind a number holds are the same rows (`counting.numbers`), so a number and its list cannot
disagree; a count is kept for as long as a list's own.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import partial

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from evaluation import counting, digests, kept, memos, months, periods, rates, scoring
from evaluation.counting import Rows
from evaluation.models import MonthClose, ScoreMark, UnitScore
from evaluation.months import Before, Month, MonthState
from evaluation.periods import Period
from evaluation.rules import PUBLISHED_GROUPS, Rules
from evaluation.scoring import Average, Scored
from evaluation.services.months.closing import unit_score
from hotline.core.actors import Actor
from hotline.core.models import AssessmentGroup, Unit
from hotline.core.places import units, units_answered_for
from hotline.core.working_time import ONE_DAY, business_day

# The groups that are published, and the one that only the hotline and its supervisors read.
GROUPS = (*PUBLISHED_GROUPS, AssessmentGroup.SECOND_RECEIVER)
# What a number of the table counts, by its name in `counting.numbers`.
CELLS: dict[str, str | Promise] = {
    "volume": _("承办量"),
    "due": _("应回访"),
    "valid": _("有效回访"),
    "contacted": _("已联系"),
    "resolved": _("已解决"),
    "satisfied": _("满意"),
    "basically": _("基本满意"),
    "unresolved": _("未解决"),
    "excluded": _("剔除"),
    "not_counted": _("不计入"),
    "set_aside": _("申诉成立"),
    "ledger": _("挂账"),
    "repeats": _("重复"),
    "overdue": _("超时"),
    "returned": _("退单"),
    "improper": _("不当退单"),
}
# What no line keeps is counted from its rows.
COUNTED = ("overdue", "returned", "improper")
# Behind the ranked, in this order.
_LISTED = (ScoreMark.NONE, ScoreMark.OBSERVED, ScoreMark.COVERAGE, ScoreMark.SMALL, ScoreMark.IDLE)
_NO_DIGESTS: dict[int, str] = defaultdict(str)
_NOTHING_BEFORE = Before({}, {})
# How old a number of an open month may be.
KEPT_SECONDS = 5


@dataclass(frozen=True)
class Line:
    """One unit's line: the score as it is (or would be) published, and what its columns count."""

    unit: Unit
    score: UnitScore
    counts: dict[str, int]


@dataclass(frozen=True)
class Table:
    """A group's month as one reader sees it: ranked units best first, those with a mark behind
    them; units of which there is nothing to tell apart. `total` is the sum of the lines, the
    averages are those of F-7, both of the lines shown. `ranked` tells how many units are ranked in
    each volume band, shown or not. `report` is the daily report it is, if it is one, and `last`
    what each unit was given in the same span of the month before. What it tells is so until
    `counted_at`, and was counted at `made_at`."""

    month: Month
    group: str
    report: Period | None
    counted_at: dt.datetime
    made_at: dt.datetime
    last: Mapping[int, int]
    lines: list[Line]
    idle: list[Unit]
    total: dict[str, int]
    macro: Average
    micro: Average
    ranked: Mapping[int, int]

    @property
    def as_of(self) -> dt.datetime:
        """Until when it tells what happened."""
        return self.report.end if self.report else self.counted_at


@dataclass(frozen=True)
class Counted:
    """An open month as it was counted at an instant: every unit's result and its line, what no
    line keeps, and the volumes of the same span of the month before. It is known to hold `until`
    a later one, while nothing has changed."""

    at: dt.datetime
    until: dt.datetime
    scored: list[Scored]
    scores: dict[str, list[UnitScore]]
    plain: dict[int, dict[str, int]]
    last: dict[int, int]


# --- who reads what ---------------------------------------------------------------------------


def groups_for(month: Month, actor: Actor) -> list[AssessmentGroup]:
    """The groups that a month is scored in, as far as the reader may open them: second receivers
    are not published."""
    scored = {*month.rules.groups}
    if actor.sees_all:
        scored.add(AssessmentGroup.SECOND_RECEIVER)
    return [group for group in GROUPS if group in scored]


def units_for(group: str, actor: Actor) -> list[Unit]:
    """Whose lines this reader sees: everyone's at the hotline, the district's own for its
    supervisor, a unit its own."""
    return read_by(actor, (unit for unit in units().values() if unit.group == group))


def read_by(actor: Actor, listed: Iterable[Unit]) -> list[Unit]:
    """Those of some units whose lines this reader sees."""
    if actor.sees_all:
        return list(listed)
    own = units_answered_for(actor)
    return [
        unit for unit in listed if unit.pk in own and unit.group != AssessmentGroup.SECOND_RECEIVER
    ]


# --- the table --------------------------------------------------------------------------------


def table(month: Month, group: str, actor: Actor, report: Period | None = None) -> Table:
    """The month of one group as this reader may see it; an open one also as of a daily report."""
    now = None if month.is_closed else _count(month, report)
    scores = _scores(month, group, now)
    known = units()
    reads = {unit.pk for unit in read_by(actor, (known[score.unit_id] for score in scores))}
    shown = sorted((score for score in scores if score.unit_id in reads), key=_place)
    counted = now.plain if now else kept.plain_counts(month, [score.unit_id for score in shown])
    told = [
        Line(known[one.unit_id], one, counts_of(one, counted.get(one.unit_id, {}))) for one in shown
    ]
    lines = [line for line in told if any(line.counts.values())]
    macro, micro = _averages(month, lines, now)
    return Table(
        month=month,
        group=group,
        report=report,
        counted_at=now.until if now else _closed_at(month),
        made_at=now.at if now else _closed_at(month),
        last=now.last if now else {},
        lines=lines,
        idle=[line.unit for line in told if not any(line.counts.values())],
        total={name: sum(line.counts[name] for line in lines) for name in CELLS},
        macro=macro,
        micro=micro,
        ranked=Counter(one.band for one in scores if one.rank is not None),
    )


def own_lines(month: Month, actor: Actor) -> list[Line]:
    """The lines of the units that the reader works for, also idle ones."""
    known = units()
    wanted = [known[pk] for pk in sorted(actor.unit_ids) if pk in known]
    groups = groups_for(month, actor)
    return lines_of(month, [unit for unit in read_by(actor, wanted) if unit.group in groups])


def lines_of(month: Month, listed: Collection[Unit]) -> list[Line]:
    """The lines of some units, group after group, also idle ones."""
    wanted = {unit.pk: unit for unit in listed}
    now = None if month.is_closed else _count(month)
    found: list[UnitScore] = []
    for group in sorted({unit.group for unit in wanted.values()}):
        found += [one for one in _scores(month, group, now) if one.unit_id in wanted]
    counted = now.plain if now else kept.plain_counts(month, [one.unit_id for one in found])
    return [
        Line(wanted[one.unit_id], one, counts_of(one, counted.get(one.unit_id, {})))
        for one in found
    ]


def _scores(month: Month, group: str, now: Counted | None) -> list[UnitScore]:
    """As published; of a month that is not closed, as they would be published now."""
    if now is None:
        return list(UnitScore.objects.filter(month=month.label, group=group))
    return now.scores.get(group, [])


def count_ahead(month: Month) -> None:
    """Count an open month before somebody looks."""
    _count(month, is_ahead=True)


def _count(month: Month, report: Period | None = None, *, is_ahead: bool = False) -> Counted:
    """An open month of all units, counted once for everybody who looks within some seconds."""
    cut = report.end if report else None
    newest_unit = max(units(), default=0)
    key = f"ranking:{digests.of(month.label, month.rules.as_json(), cut, newest_unit)}"
    make = partial(_counted_anew, month, report)
    state = str if report else partial(_state, month)
    known, counted = memos.shared(key, KEPT_SECONDS, make, state, is_ahead=is_ahead)
    return replace(counted, until=dt.datetime.fromtimestamp(known, dt.UTC))


def _state(month: Month) -> str:
    """What changes whenever a line of the month may."""
    return f"{memos.state_of(memos.outcomes_of(month.label))} {_granted(month)}"


def _granted(month: Month) -> str:
    """What changes whenever points are added to a unit of the month, or the month before is
    closed."""
    points = sorted(months.bonuses(month.label).items())
    before = periods.previous(month.period).label
    return f"{points} {MonthClose.objects.filter(month=before).exists()}"


def _counted_anew(month: Month, report: Period | None) -> Counted:
    at = timezone.now()
    until = report.end if report else None
    scored = months.score(month, counted=kept.tallies(month, months.roster(month), until))
    scores: dict[str, list[UnitScore]] = defaultdict(list)
    for one in scored:
        scores[one.tally.group].append(unit_score(month, one, _NO_DIGESTS))
    return Counted(
        at=at,
        until=at,
        scored=scored,
        scores=dict(scores),
        plain=kept.plain_counts(month, list(units()), until),
        last=_volumes(periods.previous(report)) if report else {},
    )


def made_at(month: Month) -> dt.datetime:
    """When the numbers of a month were counted: those of a closed one once and for all."""
    return _closed_at(month) if month.is_closed else _count(month).at


def _closed_at(month: Month) -> dt.datetime:
    assert month.close is not None  # what is open was counted
    return month.close.closed_at


def _volumes(span: Period) -> dict[int, int]:
    """What every unit was given in a month as far as a span of it goes."""
    return kept.volumes(months.month(span.label, at=span.end), span.end)


def _averages(
    month: Month, lines: Collection[Line], now: Counted | None
) -> tuple[Average, Average]:
    """The macro and the micro average of F-7, exact: from the published counts, which make the
    rates; under differentiated credit from the answers, because counts alone do not tell what each
    was worth."""
    rules = month.rules
    if rules.shares is not None:
        listed = {line.unit.pk: line.unit for line in lines}
        scored = (
            [one for one in now.scored if one.tally.unit_id in listed]
            if now
            else months.score(month, listed=listed.values(), earlier=_NOTHING_BEFORE)
        )
        return scoring.macro_average(scored), scoring.micro_average(scored, rules)
    samples, asked = [sample(line.score) for line in lines], measures(rules)
    macro = Average(*(rates.macro_average(samples, measure) for measure in asked))
    return macro, Average(*(rates.micro_average(samples, measure) for measure in asked))


def measures(rules: Rules) -> tuple[Callable[[rates.Counts], Fraction | None], ...]:
    """The three rates and the score by a scheme's rules, in the order of `Average`."""
    return (
        rates.response_rate,
        rates.resolution_rate,
        partial(rates.satisfaction_rate, basic_credit=rules.basic_credit),
        partial(rates.exact_score, weights=rules.weights, basic_credit=rules.basic_credit),
    )


def sample(score: UnitScore) -> rates.Counts:
    """The answers that a line counts."""
    return rates.Counts(
        valid=score.valid,
        contacted=score.contacted,
        resolved=score.resolved,
        satisfied=score.satisfied,
        basically_satisfied=score.basically,
    )


def _place(one: UnitScore) -> tuple[int, int, int, Decimal, int, int]:
    """Ranking after ranking, best first; equals by what they were given, then as the office lists
    them."""
    score = one.score if one.score is not None else Decimal(-1)
    mark = _LISTED.index(ScoreMark(one.mark))
    return (one.band, mark, one.rank or 0, -score, -one.volume, one.unit_id)


def counts_of(score: UnitScore, from_rows: Mapping[str, int]) -> dict[str, int]:
    """What every column counts; the published numbers where the month is closed, and from its rows
    what no line keeps."""
    kept = {
        "unresolved": score.valid - score.resolved,
        "ledger": score.on_ledger,
        **{name: from_rows.get(name, 0) for name in COUNTED},
    }
    return {name: kept[name] if name in kept else getattr(score, name) for name in CELLS}


# --- the lists behind the numbers -------------------------------------------------------------


def rows_behind(
    cell: str, unit_ids: Iterable[int], month: Month, *, until: dt.datetime | None = None
) -> Rows:
    """The rows that a number counts: one unit's, or those of a whole group's lines; of a daily
    report those `until` its cut."""
    found = counting.numbers(kept.rows(month, until), month.rules)[cell]
    return found.filter(unit_id__in=list(unit_ids))


def units_of(month: Month, group: str, actor: Actor) -> list[Unit]:
    """The units whose lines the reader sees in a group's month; of a closed month those that were
    in the group then."""
    if not month.is_closed:
        return units_for(group, actor)
    then = UnitScore.objects.filter(month=month.label, group=group)
    known = units()
    return read_by(actor, (known[pk] for pk in then.values_list("unit_id", flat=True)))


# --- the daily report -------------------------------------------------------------------------


def cut_of(month: Month, day: dt.date) -> dt.datetime:
    """When the report of a day ends, by the month's scheme (R-098)."""
    return periods.report_day(day, day_cut=month.rules.day_cut).end


def report_of(month: Month, day: dt.date, at: dt.datetime) -> Period | None:
    """What the report of a day tells of an open month; None where the day is not the month's, or
    its cut is still to come."""
    rules = month.rules
    report = periods.running_report(
        day, period_start_day=rules.period_start_day, day_cut=rules.day_cut
    )
    is_made = report.label == month.label and report.start < report.end <= at
    return report if is_made and not month.is_closed else None


def last_report(month: Month, at: dt.datetime) -> Period | None:
    """The newest report of the running month; None before its first, and of any other month."""
    if month.state != MonthState.RUNNING:
        return None
    today = business_day(at)
    return report_of(month, today, at) or report_of(month, today - ONE_DAY, at)
