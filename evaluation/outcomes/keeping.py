"""The running rows: kept by a consumer of events, made anew from the facts at any time."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from django.db import OperationalError, connection, transaction
from django.db.models import Q

from evaluation import memos
from evaluation.models import Outcome
from evaluation.outcomes.calendar import calendar
from evaluation.outcomes.folding import fold
from evaluation.outcomes.histories import FACTS, histories
from hotline.core.models import OutboxMessage
from hotline.core.outbox import NotNow
from hotline.core.working_time import ONE_DAY
from intake.acts import is_lock_timeout
from intake.models import Ticket

# What the consumer hears: every fact but the first, an answer or a decision, and a requester who
# comes or goes with a merger.
HEARD = frozenset(FACTS) - {"accepted", "classified"} | {
    "called_back", "exclusion_granted", "appeal_upheld", "joined", "split",
}  # fmt: skip
BATCH = 1_000
_LOCK = 0x4F5554434F4D45  # any number no other advisory lock of the platform uses
# A row is folded once more after its month's cutoff, and is then what it stays.
_LATE_LOOK = 7 * ONE_DAY
_CONTENT = [
    field.attname
    for field in Outcome._meta.concrete_fields
    if field.attname not in ("id", "ticket_id", "unit_id", "role")
]
# What names a row comes first.
_COLUMNS = ["ticket_id", "unit_id", "role", *_CONTENT]
_KEY = 3
_UNIT, _MONTH = _COLUMNS.index("unit_id"), _COLUMNS.index("month")


class Written(NamedTuple):
    """What became of some tickets' rows: how many there are, and how many of them were new or
    different before."""

    tickets: int
    rows: int
    changed: int


def keep(message: OutboxMessage, at: dt.datetime) -> None:
    """Consumer: the rows of the ticket an event is about are what its facts say."""
    keep_all([message], at)


def keep_all(messages: Sequence[OutboxMessage], at: dt.datetime) -> None:
    """The same for the messages of a tick: each ticket is folded once, however much happened.

    Raises NotNow while somebody else writes rows for longer than a tick can wait.
    """
    try:
        refold({message.ticket_id for message in messages}, at=at)
    except OperationalError as error:
        if is_lock_timeout(error):
            raise NotNow from error
        raise


def rebuild(
    ticket_ids: Iterable[int] | None = None,
    *,
    at: dt.datetime,
    progress: Callable[[int], object] = lambda _done: None,
) -> int:
    """Make the rows of these tickets (of all of them) anew from the facts; returns how many tickets
    that were. `progress` is told after every batch how many it held. A row that comes out as it
    was is not touched, so this can run at any time and in any order beside the consumer."""
    return sum(written.tickets for written in rebuilding(ticket_ids, at=at, progress=progress))


def rebuilding(
    ticket_ids: Iterable[int] | None = None,
    *,
    at: dt.datetime,
    progress: Callable[[int], object] = lambda _done: None,
) -> Iterator[Written]:
    """`rebuild` step by step: what each batch came to, in a transaction of its own."""
    batches = _all_batches() if ticket_ids is None else _batches(sorted(set(ticket_ids)))
    for batch in batches:
        yield refold(batch, at=at)
        progress(len(batch))


def refresh(*, at: dt.datetime, after: int = 0, seconds: float = float("inf")) -> int | None:
    """Fold anew what time alone may have changed: call-backs that fell due and limits that expired
    without anybody doing anything, in months whose facts are not complete or have become so in the
    last week. Stops when `seconds` have passed; returns the ticket after which to go on, None when
    there is nothing left."""
    begun = time.monotonic()
    month = calendar().month_of(at)
    while calendar().before(month).cutoff > at - _LATE_LOOK:
        month = calendar().before(month)
    may_change = Q(is_due=False) | Q(is_on_time=None) | Q(is_on_time_original=None)
    rows = Outcome.objects.filter(may_change, month__gte=month.label).order_by("ticket_id")
    ids = rows.values_list("ticket_id", flat=True).distinct()
    while batch := list(ids.filter(ticket_id__gt=after)[:BATCH]):
        refold(batch, at=at)
        after = batch[-1]
        if time.monotonic() - begun > seconds:
            return after
    return None


def refold(ticket_ids: Collection[int], *, at: dt.datetime) -> Written:
    """Bring the rows of some tickets, a thousand at most, to what their facts say now.

    One writer at a time: the facts are read after the lock is taken and the rows written before it
    is let go, so nobody writes what was true before somebody else's event over what is true after.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        months = calendar()
        rows = [
            row
            for history in histories(ticket_ids)
            for row in fold(history, months, history.known_at(at))
        ]
        return Written(len(ticket_ids), len(rows), _write(ticket_ids, rows))


def _write(ticket_ids: Collection[int], rows: list[Outcome]) -> int:
    """Write the rows that are new or have become different; how many that were. A row of a closed
    month comes out equal, so it is never written."""
    rows_now = Outcome.objects.filter(ticket_id__in=ticket_ids).values_list(*_COLUMNS)
    stored = {values[:_KEY]: values for values in rows_now}
    wanted = {_values(row)[:_KEY]: row for row in rows}
    changed = {key: row for key, row in wanted.items() if stored.get(key) != _values(row)}
    gone = stored.keys() - wanted.keys()  # rows that no facts speak of
    before = [stored[key] for key in stored if key in gone or key in changed]
    memos.bump(
        [(memos.outcomes_of(row.month), row.unit_id) for row in changed.values()]
        + [(memos.outcomes_of(values[_MONTH]), values[_UNIT]) for values in before]
    )
    for ticket_id, unit_id, role in gone:
        Outcome.objects.filter(ticket_id=ticket_id, unit_id=unit_id, role=role).delete()
    if changed:
        Outcome.objects.bulk_create(
            changed.values(),
            update_conflicts=True,
            unique_fields=_COLUMNS[:_KEY],
            update_fields=_CONTENT,
        )
    return len(changed)


def _values(row: Outcome) -> tuple[Any, ...]:
    return tuple(getattr(row, column) for column in _COLUMNS)


def _batches(ticket_ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ticket_ids), BATCH):
        yield ticket_ids[start : start + BATCH]


def _all_batches() -> Iterator[list[int]]:
    """Every ticket, oldest first, without holding all their ids at once."""
    last = 0
    while True:
        found = Ticket.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)
        batch = list(found[:BATCH])
        if not batch:
            return
        yield batch
        last = batch[-1]
