"""The monthly ranking, every number of which opens its tickets.

A closed month is told as it was published, any other as it would be published now. What a line
counts and what the list behind a number holds are the same rows (`counting.numbers`), so a number
and its list cannot disagree.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from evaluation import counting, months, rates, scoring
from evaluation.counting import Rows
from evaluation.models import ScoreMark, UnitScore
from evaluation.months import Before, Month
from evaluation.rules import PUBLISHED_GROUPS
from evaluation.scoring import Average
from evaluation.services.months.closing import unit_score
from hotline.core.actors import Actor
from hotline.core.models import AssessmentGroup, Unit
from hotline.core.places import units, units_answered_for

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
_COUNTED = ("overdue", "returned", "improper")
# So few units are looked up one by one, of more the whole month is read.
_FEW = 20
# Behind the ranked, in this order.
_LISTED = (ScoreMark.NONE, ScoreMark.OBSERVED, ScoreMark.COVERAGE, ScoreMark.SMALL, ScoreMark.IDLE)
_NO_DIGESTS: dict[int, str] = defaultdict(str)
_NOTHING_BEFORE = Before({}, {})


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
    each volume band, shown or not."""

    month: Month
    group: str
    lines: list[Line]
    idle: list[Unit]
    total: dict[str, int]
    macro: Average
    micro: Average
    ranked: Mapping[int, int]


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


def table(month: Month, group: str, actor: Actor) -> Table:
    """The month of one group as this reader may see it."""
    scores = _scores(month, group)
    known = units()
    reads = {unit.pk for unit in read_by(actor, (known[score.unit_id] for score in scores))}
    shown = sorted((score for score in scores if score.unit_id in reads), key=_place)
    counted = _counted(month, [score.unit_id for score in shown])
    told = [Line(known[one.unit_id], one, _counts(one, counted)) for one in shown]
    lines = [line for line in told if any(line.counts.values())]
    macro, micro = _averages(month, lines)
    return Table(
        month=month,
        group=group,
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
    found: list[Line] = []
    for group in sorted({unit.group for unit in read_by(actor, wanted)}):
        if group in groups_for(month, actor):
            own = [one for one in _scores(month, group) if one.unit_id in actor.unit_ids]
            counted = _counted(month, [score.unit_id for score in own])
            found += [Line(known[one.unit_id], one, _counts(one, counted)) for one in own]
    return found


def _scores(month: Month, group: str) -> list[UnitScore]:
    """As published; of a month that is not closed, as they would be published now."""
    if month.is_closed:
        return list(UnitScore.objects.filter(month=month.label, group=group))
    earlier = months.before(month.label)
    listed = [unit for unit in months.scored_units(month.rules) if unit.group == group]
    return [
        unit_score(month, one, earlier.ranks.get(one.tally.unit_id), _NO_DIGESTS)
        for one in months.score(month, listed=listed, earlier=earlier)
    ]


def _averages(month: Month, lines: Collection[Line]) -> tuple[Average, Average]:
    """The macro and the micro average of F-7, exact: from the published counts, which make the
    rates; under differentiated credit from the answers, because counts alone do not tell what each
    was worth."""
    rules = month.rules
    if rules.shares is not None:
        listed = [line.unit for line in lines]
        scored = months.score(month, listed=listed, earlier=_NOTHING_BEFORE)
        return scoring.macro_average(scored), scoring.micro_average(scored, rules)
    samples = [_sample(line.score) for line in lines]
    measures = (
        rates.response_rate,
        rates.resolution_rate,
        partial(rates.satisfaction_rate, basic_credit=rules.basic_credit),
        partial(rates.exact_score, weights=rules.weights, basic_credit=rules.basic_credit),
    )
    macro = Average(*(rates.macro_average(samples, measure) for measure in measures))
    return macro, Average(*(rates.micro_average(samples, measure) for measure in measures))


def _sample(score: UnitScore) -> rates.Counts:
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


def _counted(month: Month, unit_ids: Collection[int]) -> dict[int, dict[str, int]]:
    rows = months.rows(month)
    if len(unit_ids) <= _FEW:
        rows = rows.filter(unit_id__in=unit_ids)
    return counting.plain_counts(rows, month.rules)


def _counts(score: UnitScore, counted: Mapping[int, Mapping[str, int]]) -> dict[str, int]:
    """What every column counts; the published numbers where the month is closed."""
    from_rows = counted.get(score.unit_id, {})
    kept = {
        "unresolved": score.valid - score.resolved,
        "ledger": score.on_ledger,
        **{name: from_rows.get(name, 0) for name in _COUNTED},
    }
    return {name: kept[name] if name in kept else getattr(score, name) for name in CELLS}


# --- the lists behind the numbers -------------------------------------------------------------


def rows_behind(cell: str, unit_ids: Iterable[int], month: Month) -> Rows:
    """The rows that a number counts: one unit's, or those of a whole group's lines."""
    return counting.numbers(months.rows(month), month.rules)[cell].filter(
        unit_id__in=list(unit_ids)
    )


def units_of(month: Month, group: str, actor: Actor) -> list[Unit]:
    """The units whose lines the reader sees in a group's month; of a closed month those that were
    in the group then."""
    if not month.is_closed:
        return units_for(group, actor)
    then = UnitScore.objects.filter(month=month.label, group=group)
    known = units()
    return read_by(actor, (known[pk] for pk in then.values_list("unit_id", flat=True)))
