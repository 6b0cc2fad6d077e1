"""Which limit is in force, and when a promise made now is due."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from hotline.core import working_time
from hotline.core.models import CalendarDay, ClockKind, TimeLimit
from hotline.core.reference import remembered
from hotline.core.violations import RuleViolation


@remembered(TimeLimit)
def limits_by_id() -> dict[int, TimeLimit]:
    """Every limit that is or was in force, oldest first."""
    return {limit.pk: limit for limit in TimeLimit.objects.order_by("valid_from")}


@remembered(TimeLimit)
def _limits() -> dict[str, list[TimeLimit]]:
    by_kind: dict[str, list[TimeLimit]] = {}
    for limit in limits_by_id().values():
        by_kind.setdefault(limit.kind, []).append(limit)
    return by_kind


@remembered(CalendarDay)
def calendar() -> working_time.Calendar:
    """The working calendar as loaded; days of other years are answered provisionally."""
    return working_time.Calendar(dict(CalendarDay.objects.values_list("day", "is_workday")))


def limit_for(kind: str, *, level: str, urgency: str = "", at: dt.datetime) -> TimeLimit:
    """The limit in force for a promise made at `at`; the row that names more wins.

    Raises RuleViolation `no_time_limit` when nothing is configured: a promise without a
    length is refused rather than guessed (R-035).
    """
    day = timezone.localdate(at)
    best: tuple[int, TimeLimit] | None = None
    for limit in _limits().get(kind, ()):
        if limit.valid_from > day or (limit.valid_to and limit.valid_to <= day):
            continue
        if limit.level not in ("", level) or limit.urgency not in ("", urgency):
            continue
        weight = (2 if limit.level else 0) + (1 if limit.urgency else 0)
        if best is None or weight >= best[0]:
            best = (weight, limit)
    if best is None:
        raise RuleViolation("no_time_limit", kind=ClockKind(kind).label, level=level)
    return best[1]


def due_for(
    kind: str, *, level: str, urgency: str = "", start: dt.datetime, at: dt.datetime | None = None
) -> working_time.Due:
    """When a promise of this kind that starts at `start` falls due."""
    limit = limit_for(kind, level=level, urgency=urgency, at=at or start)
    return working_time.due(start, limit.amount, working_time.TimeUnit(limit.unit), calendar())
