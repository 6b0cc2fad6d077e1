"""How a promise is started, moved, kept, missed and noticed: pure decisions over one clock row.

The sweep and every stop or recomputation go through the same functions, so a promise kept five
seconds late has breached whether or not a sweep ran (design §5). A pause is bounded from the
start: the due time counts it to its bound at once, and ending it early gives the rest back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from hotline.core import limits, working_time
from hotline.core.working_time import Due, TimeUnit
from intake.models import AdjustmentKind, Clock, ClockAdjustment, Ticket


def new_clock(
    ticket: Ticket,
    kind: str,
    *,
    at: dt.datetime,
    unit_id: int | None = None,
    subject_id: int | None = None,
    opens_at: dt.datetime | None = None,
    due_at: dt.datetime | None = None,
    length: tuple[int, str] | None = None,
) -> Clock:
    """A promise made at `at`. Its length runs from `opens_at` (default: at once) by the limit in
    force for the ticket's level, or by `length` (amount and time unit) where another law sets one
    (R-058); an explicit `due_at` (an agreed date) overrides both.

    Raises RuleViolation `no_time_limit` where nothing is configured.
    """
    clock = Clock(
        ticket=ticket,
        kind=kind,
        unit_id=unit_id,
        subject_id=subject_id,
        started_at=at,
        opens_at=opens_at or at,
    )
    if due_at is not None:
        clock.due_at = due_at
    else:
        if length is not None:
            clock.own_amount, clock.own_unit = length
        else:
            limit = limits.limit_for(kind, level=ticket.level, urgency=ticket.urgency, at=at)
            length, clock.limit_id = (limit.amount, limit.unit), limit.pk
        due = working_time.due(clock.opens_at, length[0], TimeUnit(length[1]), limits.calendar())
        clock.due_at, clock.is_provisional = due
    clock.warn_at = working_time.warn(clock.opens_at, clock.due_at)
    clock.sweep_at = clock.warn_at
    return clock


def bring_forward(clock: Clock, *, opens_at: dt.datetime, due_at: dt.datetime) -> None:
    """Recompute a running clock to an earlier stretch; a warning given stays given."""
    clock.opens_at, clock.due_at = opens_at, due_at
    clock.warn_at = working_time.warn(opens_at, due_at)
    clock.sweep_at = due_at if clock.warned_at else clock.warn_at


def pause(clock: Clock, at: dt.datetime, until: dt.datetime) -> None:
    """Let a running clock stand still from `at`, at most until `until`."""
    clock.paused_at, clock.pause_ends_at, clock.base_due_at = at, until, clock.due_at
    _put_off(clock, _paused_due(clock), at)


def resume(clock: Clock, at: dt.datetime) -> None:
    """End a pause; what was left of its bound is given back."""
    assert clock.pause_ends_at is not None
    if at < clock.pause_ends_at:
        clock.pause_ends_at = at
        _put_off(clock, _paused_due(clock), at)
    clock.paused_at = clock.pause_ends_at = clock.base_due_at = None


def extend(clock: Clock, amount: int, unit: str, at: dt.datetime) -> None:
    """Add to a running clock, counted from its old due time (R-062)."""
    old = clock.base_due_at or clock.due_at
    due = working_time.extended(old, amount, TimeUnit(unit), limits.calendar())
    if clock.base_due_at is not None:
        clock.base_due_at = due.at
        paused = _paused_due(clock)
        due = Due(paused.at, paused.is_provisional or due.is_provisional)
    _put_off(clock, due, at)


def _paused_due(clock: Clock) -> Due:
    assert clock.base_due_at is not None
    assert clock.paused_at is not None
    assert clock.pause_ends_at is not None
    return working_time.after_pause(
        clock.base_due_at,
        clock.paused_at,
        clock.pause_ends_at,
        unit=_unit(clock),
        calendar=limits.calendar(),
    )


def _unit(clock: Clock) -> TimeUnit:
    """What the promise is counted in; an agreed date stands still by the hour."""
    return clock.length[1] if clock.length else TimeUnit.HOURS


def _put_off(clock: Clock, due: Due, at: dt.datetime) -> None:
    """A later due time turns the light green again, and the warning comes again in its time."""
    clock.due_at = due.at
    clock.is_provisional = clock.is_provisional or due.is_provisional
    clock.warn_at = working_time.warn(clock.opens_at, due.at)
    if clock.warn_at > at:
        clock.warned_at = None
    clock.sweep_at = due.at if clock.warned_at else clock.warn_at


def replayed(clock: Clock, adjustments: Iterable[ClockAdjustment]) -> Due:
    """The due time that the clock's start and everything that moved it give by the calendar as it
    is loaded now: how a provisional due time becomes firm. A date that was set stays set."""
    if clock.length is None:
        return Due(clock.due_at, False)
    amount, unit = clock.length
    calendar = limits.calendar()
    due = working_time.due(clock.opens_at, amount, unit, calendar)
    base, paused_at, until = due, None, None
    is_provisional = due.is_provisional

    def settled() -> Due:
        if paused_at is None or until is None:
            return base
        return working_time.after_pause(base.at, paused_at, until, unit=unit, calendar=calendar)

    for step in adjustments:
        match step.kind:
            case AdjustmentKind.PAUSED:
                base, paused_at, until = settled(), step.adjusted_at, step.until
            case AdjustmentKind.RESUMED:
                until = min(until, step.adjusted_at) if until else step.adjusted_at
                base, paused_at = settled(), None
            case AdjustmentKind.EXTENDED:
                assert step.amount is not None
                base = working_time.extended(base.at, step.amount, TimeUnit(step.unit), calendar)
            case AdjustmentKind.BROUGHT_FORWARD:
                base = min(base, Due(step.due_at, False))
        is_provisional = is_provisional or settled().is_provisional or base.is_provisional
    return Due(settled().at, is_provisional)


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
