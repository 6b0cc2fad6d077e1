"""How a promise is started, kept, missed and noticed: pure decisions over one clock row.

The sweep and every stop or recomputation go through the same functions, so a promise kept five
seconds late has breached whether or not a sweep ran (design §5).
"""

from __future__ import annotations

import datetime as dt

from hotline.core import limits, working_time
from intake.models import Clock, Ticket


def new_clock(
    ticket: Ticket,
    kind: str,
    *,
    at: dt.datetime,
    unit_id: int | None = None,
    subject_id: int | None = None,
    opens_at: dt.datetime | None = None,
    due_at: dt.datetime | None = None,
) -> Clock:
    """A promise made at `at`. Its length runs from `opens_at` (default: at once) by the limit in
    force for the ticket's level; an explicit `due_at` (an agreed date) overrides it.

    Raises RuleViolation `no_time_limit` where nothing is configured.
    """
    opens_at = opens_at or at
    is_provisional = False
    if due_at is None:
        due = limits.due_for(
            kind, level=ticket.level, urgency=ticket.urgency, start=opens_at, at=at
        )
        due_at, is_provisional = due.at, due.is_provisional
    clock = Clock(
        ticket=ticket,
        kind=kind,
        unit_id=unit_id,
        subject_id=subject_id,
        started_at=at,
        opens_at=opens_at,
        due_at=due_at,
        warn_at=working_time.warn(opens_at, due_at),
        is_provisional=is_provisional,
    )
    clock.sweep_at = clock.warn_at
    return clock


def move_due(clock: Clock, *, opens_at: dt.datetime, due_at: dt.datetime) -> None:
    """Recompute a running clock to another stretch; what was breached stays breached."""
    clock.opens_at, clock.due_at = opens_at, due_at
    clock.warn_at = working_time.warn(opens_at, due_at)
    clock.sweep_at = None if clock.breached_at else (due_at if clock.warned_at else clock.warn_at)


def breach_if_late(clock: Clock, at: dt.datetime) -> bool:
    """Record the breach if `at` is not before the due time. True exactly once per clock."""
    if clock.breached_at is not None or at < clock.due_at:
        return False
    clock.breached_at = clock.due_at
    clock.sweep_at = None
    return True


def warn_if_due(clock: Clock, at: dt.datetime) -> bool:
    """Record the warning if its time has come and the promise is not yet broken."""
    if clock.warned_at is not None or not clock.warn_at <= at < clock.due_at:
        return False
    clock.warned_at = at
    clock.sweep_at = clock.due_at
    return True


def stop(clock: Clock, at: dt.datetime, *, is_cancelled: bool = False) -> None:
    """The promise is kept (or has become pointless: cancelled) at `at`."""
    clock.stopped_at = at
    clock.sweep_at = None
    clock.is_cancelled = is_cancelled
