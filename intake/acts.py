"""One act on one ticket: lock → check → change → event → clocks → outbox, in one transaction.

Every service in intake, dispatch and evaluation is the body of a `with act(...)` block, so none
can forget the event, the version or the breach of a promise that is stopped too late.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import DatabaseError, OperationalError, transaction
from django.utils.translation import gettext as _

from hotline.core.actors import Actor
from hotline.core.models import LASTING_KINDS, RISING_KINDS, ClockKind
from hotline.core.violations import Busy, NotVisible, StaleVersion
from intake import clocks, own_affairs, verbs
from intake.models import AdjustmentKind, Clock, ClockAdjustment, Ticket, TicketEvent
from intake.rows import RUNNING, write_clocks, write_event_counters, write_events


class Act:
    """What one act changes: collected while the ticket is locked, written together at the end.

    `ticket` is locked; `actor` and `at` say who acts and when. Services call the ticket's
    transition method, then `record`, `start`, `stop`; nothing is written before the block ends.
    """

    def __init__(
        self,
        ticket: Ticket,
        actor: Actor,
        at: dt.datetime,
        running: list[Clock] | None = None,
    ) -> None:
        self.ticket = ticket
        self.actor = actor
        self.at = at
        self._fields: set[str] = set()
        self._events: list[TicketEvent] = []
        self._started: list[Clock] = []
        self._touched: dict[int, Clock] = {}
        self._adjustments: list[ClockAdjustment] = []
        self._running = running

    # --- the ticket's row -----------------------------------------------------------------

    def change(self, **fields: Any) -> None:
        """Set columns of the ticket; the state is set by its transition methods only."""
        for name, value in fields.items():
            setattr(self.ticket, name, value)
        self._fields.update(fields)

    # --- events ---------------------------------------------------------------------------

    def record(
        self,
        type: str,
        *,
        unit_id: int | None = None,
        occurred_at: dt.datetime | None = None,
        actor: Actor | None = None,
        **data: Any,
    ) -> TicketEvent:
        """Write one event. `data` holds codes and ids only, never personal data or sentences."""
        self.ticket.event_seq += 1
        event = TicketEvent(
            ticket_id=self.ticket.pk,
            number=self.ticket.number,
            seq=self.ticket.event_seq,
            type=type,
            occurred_at=occurred_at or self.at,
            recorded_at=self.at,
            actor=(actor or self.actor).reference,
            unit_id=unit_id,
            data=data,
        )
        self._events.append(event)
        return event

    # --- clocks ---------------------------------------------------------------------------

    def running(self, *kinds: str) -> list[Clock]:
        """The ticket's running clocks (of these kinds), those started in this act included."""
        if self._running is None:
            self._running = list(Clock.objects.raw(RUNNING, [self.ticket.pk]))
        known = self._running + self._started
        return [c for c in known if c.is_running and (not kinds or c.kind in kinds)]

    def kinds_at_first(self) -> set[str]:
        """What ran when the act began, also if it has been stopped since."""
        self.running()
        return {clock.kind for clock in self._running or ()}

    def start(self, kind: str, **options: Any) -> Clock:
        """Start a promise; see `clocks.new_clock` for the options."""
        clock = clocks.new_clock(self.ticket, kind, at=self.at, **options)
        self._started.append(clock)
        return clock

    def stop(
        self,
        *kinds: str,
        is_cancelled: bool = False,
    ) -> list[Clock]:
        """Stop running clocks of these kinds (all kinds when none is named). A clock stopped at
        or after its due time has breached, and says so in an event of its own."""
        stopped = self.running(*kinds)
        for clock in stopped:
            self.stop_clock(clock, is_cancelled=is_cancelled)
        return stopped

    def stop_clock(self, clock: Clock, *, is_cancelled: bool = False) -> None:
        """Stop this one clock, with what was going to follow if it stayed missed (R-106)."""
        if not clock.is_running:
            return
        if clock.is_paused(self.at):
            self.resume(clock, cause="stopped")
        self.breach_if_late(clock, self.at)
        clocks.stop(clock, self.at, is_cancelled=is_cancelled)
        self._touch(clock)
        if clock.breached_at is not None and clock.kind not in RISING_KINDS:
            for rising in self.running(*RISING_KINDS):
                if rising.subject_id == clock.pk:
                    self.stop_clock(rising, is_cancelled=True)

    def move(
        self,
        clock: Clock,
        *,
        opens_at: dt.datetime,
        due_at: dt.datetime,
        cause: str = "",
        kind: AdjustmentKind = AdjustmentKind.BROUGHT_FORWARD,
    ) -> None:
        """Bring a running clock forward; if it was late before, that stays recorded. Without a
        cause the clock's opening says it all: a call-back that opens sooner."""
        if not self._can_move(clock):
            return
        was_due_at = clock.due_at
        clocks.bring_forward(clock, opens_at=opens_at, due_at=due_at)
        if cause:
            self._adjusted(clock, kind, cause, was_due_at)

    def pause(self, clock: Clock, *, until: dt.datetime, cause: str) -> None:
        """Let a promise stand still, at most until `until` (R-048). A pause that is still on is
        ended first."""
        if not self._can_move(clock):
            return
        if clock.paused_at is not None:
            self.resume(clock, cause=cause)
        was_due_at = clock.due_at
        clocks.pause(clock, self.at, until)
        self._adjusted(clock, AdjustmentKind.PAUSED, cause, was_due_at, until=until)

    def resume(self, clock: Clock, *, cause: str) -> None:
        """End a pause; nothing happens to a clock that is not paused or was missed."""
        if clock.paused_at is None or not self._can_move(clock):
            return
        was_due_at = clock.due_at
        clocks.resume(clock, self.at)
        self._adjusted(clock, AdjustmentKind.RESUMED, cause, was_due_at)

    def extend(self, clock: Clock, amount: int, unit: str, *, cause: str) -> bool:
        """Add to a promise; False when it was missed before, which an extension never heals."""
        if not self._can_move(clock):
            return False
        was_due_at = clock.due_at
        clocks.extend(clock, amount, unit, self.at)
        self._adjusted(clock, AdjustmentKind.EXTENDED, cause, was_due_at, amount=amount, unit=unit)
        return True

    def _can_move(self, clock: Clock) -> bool:
        self.breach_if_late(clock, self.at)
        self._touch(clock)
        return clock.is_running and clock.breached_at is None

    def _adjusted(
        self,
        clock: Clock,
        kind: AdjustmentKind,
        cause: str,
        was_due_at: dt.datetime,
        **details: Any,
    ) -> None:
        self._adjustments.append(
            ClockAdjustment(
                clock=clock,
                kind=kind,
                cause=cause,
                adjusted_at=self.at,
                was_due_at=was_due_at,
                due_at=clock.due_at,
                **details,
            )
        )

    def breach_if_late(self, clock: Clock, at: dt.datetime) -> bool:
        """Record a missed promise with the time it was missed, once."""
        if not clock.is_running or not clocks.breach_if_late(clock, at):
            return False
        self._touch(clock)
        self.record(
            "breached",
            unit_id=clock.unit_id,
            occurred_at=clock.due_at,
            kind=clock.kind,
            clock=clock.pk,
            subject=clock.subject_id,
        )
        return True

    def warn_if_due(self, clock: Clock, at: dt.datetime) -> bool:
        """Record that a promise is about to fall due, once."""
        if not clocks.warn_if_due(clock, at):
            return False
        self._touch(clock)
        self.record("warned", unit_id=clock.unit_id, kind=clock.kind, clock=clock.pk)
        return True

    # --- the end of a ticket --------------------------------------------------------------

    def end(self, code: str) -> None:
        """What every way of closing has in common: the close's time and code, no clock runs on
        (the desk's and the citizen's promises count as kept or missed now, the others end
        cancelled), and higher apps end what hangs on the ticket."""
        self.change(closed_at=self.at, close_code=code)
        self.stop(ClockKind.PROMISE, ClockKind.DISPATCH, ClockKind.CLOSING)
        for clock in self.running():
            if clock.kind not in LASTING_KINDS:
                self.stop_clock(clock, is_cancelled=True)
        for ending in _ENDINGS:
            ending(self)

    def _touch(self, clock: Clock) -> None:
        if clock.pk is not None:
            self._touched[clock.pk] = clock

    # --- the end --------------------------------------------------------------------------

    def write(self, *, is_seen: bool = True) -> None:
        """Write everything; an act without an event has changed nothing and writes nothing.

        With `is_seen` off the version stays: what only notices the time leaves a form that
        somebody has open meanwhile good.
        """
        if not self._events:
            return
        ticket = self.ticket
        ticket.version += is_seen
        write_clocks(list(self._touched.values()))
        if self._started:
            Clock.objects.bulk_create(self._started)
        if self._adjustments:
            ClockAdjustment.objects.bulk_create(self._adjustments)
        ticket.save(update_fields=["state", "version", "event_seq", *self._fields])
        write_events(self._events)


def write_noticed(acts: list[Act]) -> None:
    """Write what a sweep has noticed on many tickets, in three statements: their clocks, their
    event counters, their events. Nothing else can have changed, and no version does."""
    acts = [act for act in acts if act._events]
    if not acts:
        return
    write_clocks([clock for act in acts for clock in act._touched.values()])
    write_event_counters([act.ticket for act in acts])
    write_events([event for act in acts for event in act._events])


_ENDINGS: list[Callable[[Act], None]] = []


def register_ending(ending: Callable[[Act], None]) -> None:
    """Called from an app's `ready()`: runs inside the transaction that closes a ticket."""
    _ENDINGS.append(ending)


_is_whole: ContextVar[bool] = ContextVar("is_whole", default=False)


@contextmanager
def whole() -> Iterator[None]:
    """One transaction for several steps that succeed or fail together.

    A refusal of one step gives up all of them, so the acts inside need no savepoints, each of
    which costs two statements. Nothing inside may catch a refusal and go on.
    """
    with transaction.atomic():
        before = _is_whole.set(True)
        try:
            yield
        finally:
            _is_whole.reset(before)


def one_act() -> transaction.Atomic:
    """The transaction of one act, or its part of the caller's: a savepoint unless `whole`."""
    return transaction.atomic(savepoint=not _is_whole.get())


@contextmanager
def act(
    verb: str, number: str, *, actor: Actor, at: dt.datetime, version: int | None = None
) -> Iterator[Act]:
    """Lock a ticket the actor may see, check that the verb is allowed now, and write what the
    block changes.

    `version` is what the actor looked at; if the ticket has moved on since, nothing happens.
    Raises NotVisible, NotPermitted, IllegalMove, StaleVersion or Busy, having changed nothing.
    """
    with one_act():
        ticket = locked(number, actor, is_lasting=verbs.is_lasting(verb))
        if version is not None and version != ticket.version:
            raise stale(ticket, actor)
        verbs.require(verb, ticket, actor)
        act = Act(ticket, actor, at)
        yield act
        act.write()


def locked(number: str, actor: Actor, *, is_lasting: bool = False) -> Ticket:
    """The ticket's row under its lock (first in the lock order: tickets, assignments, clocks);
    `is_lasting` for what a unit may still do when it only counts for it.

    Raises NotVisible, or Busy when somebody holds the lock for longer than the lock timeout.
    """
    try:
        ticket = Ticket.objects.select_for_update().get(number=number)
    except Ticket.DoesNotExist:
        raise NotVisible from None
    except OperationalError as error:
        if is_lock_timeout(error):
            raise Busy from error
        raise
    if not _sees(actor, ticket) and not (is_lasting and _counts_for(actor, ticket)):
        raise NotVisible
    return ticket


def _sees(actor: Actor, ticket: Ticket) -> bool:
    """`visible_to` for a row already at hand. The lead unit acts most often of all, and its right
    stands in the row: asking the database with the lock would triple the cost of taking it."""
    return (
        actor.sees_all
        or ticket.lead_unit_id in actor.unit_ids
        or Ticket.objects.visible_to(actor).filter(pk=ticket.pk).exists()
    )


def _counts_for(actor: Actor, ticket: Ticket) -> bool:
    return own_affairs.readable_by(actor).filter(pk=ticket.pk).exists()


def is_lock_timeout(error: DatabaseError) -> bool:
    return getattr(error.__cause__, "pgcode", None) == "55P03"


def stale(ticket: Ticket, actor: Actor) -> StaleVersion:
    """Who changed what since the actor looked. What is another unit's own affair is not told: then
    the hotline did something."""
    last = TicketEvent.objects.filter(ticket_id=ticket.pk, seq=ticket.event_seq)
    known = own_affairs.events_known_to(last, actor).first()
    if known is None:
        return StaleVersion(who=_("热线"), what=_("内部处理"))
    from intake.rendering import actor_name, event_label

    return StaleVersion(who=actor_name(known.actor), what=event_label(known.type))


# Clocks that belong to the handling unit and end with its assignment.
UNIT_CLOCKS = (
    ClockKind.SIGN,
    ClockKind.FIRST_CONTACT,
    ClockKind.FEEDBACK,
    ClockKind.FINAL_REPLY,
    ClockKind.MEASURE,
    ClockKind.RULING,
    ClockKind.COOPERATION,
    ClockKind.DELEGATION,
    ClockKind.EXTENSION_RULING,
    ClockKind.FACTS,
    ClockKind.LEDGER_RULING,
    ClockKind.LEDGER_REVIEW,
    ClockKind.COORDINATION,
)
