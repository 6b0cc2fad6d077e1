"""From some hundred patterns to a hundred thousand tickets, inside the database.

Every copy of a pattern is the same life some seconds earlier: `INSERT … SELECT` moves all its
times back by the same stretch, and every id up by as many copies' worth. Which columns those are is
read from the models, so a new column or table of an app is copied without a word here. Only
requesters are written by Python, since nobody else can encrypt their numbers.
"""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, connections, models, transaction
from django.utils import timezone

from dispatch.models import CatalogueEntry, CatalogueVersion, DutyItem, DutyList, Precedent
from evaluation.models import (
    Bonus,
    CloseRequest,
    Consultation,
    CountVersion,
    Erratum,
    FrozenOutcome,
    MonthClose,
    MonthDraft,
    OutcomeFacts,
    RatingLink,
    Scheme,
    ScoreAppeal,
    Talk,
    UnitScore,
)
from evaluation.periods import PERIOD_START_DAY
from hotline.core.fields import exact_hash
from hotline.core.models import (
    RISING_KINDS,
    ClockKind,
    ConsumerProgress,
    Delivery,
    Notice,
    OutboxMessage,
)
from hotline.core.privacy.crypto import encrypt
from hotline.core.working_time import BUSINESS_ZONE
from hotline.ops.bench import patterns
from hotline.ops.bench.patterns import People
from intake import numbering
from intake.models import Clock, Draft, Requester, Ticket, TicketEvent

MOST_COPIES = 200
# A copy begins so much earlier than the one before it. Two hundred copies stay within half an
# hour, so that a pattern's clocks are right for all of them.
APART = dt.timedelta(seconds=7)
# New rows of each table get ids of a range of their own, so that an id in a statement tells which
# table's it is: the replay of a recorded life depends on it.
RANGE = 10_000_000
# Columns that name a row of another table without a foreign key, and keys in `data` that do.
_LOOSE_COLUMNS = {
    "ticket_id": "intake_ticket",
    "subject_id": "dispatch_assignment",
    "clock_id": "intake_clock",
    "requester_id": "intake_requester",
}
_LOOSE_KEYS = {
    "assignment": "dispatch_assignment",
    "subject": "dispatch_assignment",
    "clock": "intake_clock",
    "order": "dispatch_supervisionorder",
    "result": "evaluation_callbackresult",
    "exclusion": "evaluation_exclusion",
    "appeal": "evaluation_appeal",
    "link": "evaluation_ratinglink",
}
# Clocks about something else than an order: what rises after a missed promise is about that clock.
_SUBJECTS = {kind.value: "intake_clock" for kind in RISING_KINDS} | {
    ClockKind.EXCLUSION_RULING.value: "evaluation_exclusion",
    ClockKind.APPEAL_RULING.value: "evaluation_appeal",
}


# Reference data, what one person is writing, and what is said of whole months.
_NOT_OF_TICKETS = (
    CatalogueVersion, CatalogueEntry, Precedent, DutyList, DutyItem, Draft,
    Scheme, Consultation,
    MonthDraft, CloseRequest, MonthClose, FrozenOutcome, UnitScore, ScoreAppeal, Bonus, Erratum,
    Talk, CountVersion,
)  # fmt: skip
# The assessment month in which an instant falls, in SQL (F-8): one that begins on the 19th is named
# after the calendar month that follows the day eighteen days before.
_MONTH_OF = (
    f"to_char(({{}}) AT TIME ZONE '{BUSINESS_ZONE.key}' - interval '{PERIOD_START_DAY - 1} days'"
    " + interval '1 month', 'YYYY-MM')"
)


@dataclass(frozen=True)
class Built:
    """What there is now, for the report."""

    tickets: int
    patterns: int
    dispatched: int
    open: int
    rows: int
    megabytes: int


def build(tickets: int, people: People) -> Built:
    """Fill an empty site with about `tickets` tickets, and let the planner know them."""
    copies = max(1, min(MOST_COPIES, tickets // 20))
    count = max(1, tickets // copies)
    with connection.cursor() as cursor:
        # Only while building: what the bench measures is committed to disk.
        cursor.execute("SET synchronous_commit = off")
        patterns.make(count, now=timezone.now(), people=people)
        cursor.execute("RESET synchronous_commit")
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        _multiply(cursor, copies)
    with connections["owner"].cursor() as cursor:
        # What autovacuum does within minutes in a site that runs.
        cursor.execute("VACUUM (ANALYZE)")
    return _count(count)


def _multiply(cursor: Any, copies: int) -> None:
    tables = _tables()
    stride = {}
    for model in tables:
        cursor.execute(f'SELECT coalesce(max("{model._meta.pk.column}"), 0) FROM {_name(model)}')
        stride[_name(model)] = cursor.fetchone()[0]
    _give_numbers(cursor, copies)
    ranges = 0
    for model in tables:
        if model is Requester:
            _add_requesters(cursor, stride[_name(model)], copies)
        else:
            cursor.execute(_copies_of(model, stride), {"copies": copies - 1, "apart": APART})
        if model._meta.pk.remote_field is None:
            ranges += 1
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{_name(model)}', 'id'), {ranges * RANGE})"
            )
    # The consumers have seen the patterns; their copies are as old news.
    Delivery.objects.using("owner").all().delete()
    newest = OutboxMessage.objects.using("owner").aggregate(newest=models.Max("id"))["newest"]
    ConsumerProgress.objects.using("owner").update(seen_through_id=newest or 0)


def _tables() -> list[type[models.Model]]:
    """Every table of tickets, those that others point at first."""
    left: list[type[models.Model]] = [
        model
        for app in ("intake", "dispatch", "evaluation")
        for model in apps.get_app_config(app).get_models()
        if model not in _NOT_OF_TICKETS
    ]
    left += [OutboxMessage, Notice]
    ordered: list[type[models.Model]] = []
    while left:
        ready = [m for m in left if not _needs(m) & {x for x in left if x is not m}]
        ordered += ready
        left = [m for m in left if m not in ready]
    return ordered


def _needs(model: type[models.Model]) -> set[type[models.Model]]:
    return {f.related_model for f in model._meta.concrete_fields if f.related_model}


def _name(model: type[models.Model]) -> str:
    return model._meta.db_table


def _copies_of(model: type[models.Model], stride: dict[str, int]) -> str:
    """The statement that writes the copies of a table's rows."""
    columns: dict[str, str] = {}
    for field in model._meta.concrete_fields:
        column = str(field.column)
        name, target = f't."{column}"', _table_meant(model, field)
        if model is Clock and column == "subject_id":
            columns[column] = _moved_subject(name, stride)
        elif target in stride:
            columns[column] = f"{name} + copy.k * {stride[target]}"
        elif isinstance(field, models.DateTimeField):
            columns[column] = f"{name} - copy.k * %(apart)s"
        elif column == "number":
            columns[column] = "n.number"
        elif issubclass(model, OutcomeFacts) and column == "month":
            columns[column] = _MONTH_OF.format('t."accepted_at" - copy.k * %(apart)s')
        elif model is RatingLink and column == "token_hash":
            columns[column] = f"sha256({name} || convert_to(copy.k::text, 'UTF8'))"
        elif model is TicketEvent and column == "data":
            columns[column] = _moved_data(name, stride)
        else:
            columns[column] = name
    numbers = ""
    if "number" in columns:
        numbers = ' JOIN bench_number n ON n.pattern = t."number" AND n.k = copy.k'
    names = ", ".join(f'"{column}"' for column in columns)
    return (
        f"INSERT INTO {_name(model)} ({names}) SELECT {', '.join(columns.values())}"
        f" FROM {_name(model)} t CROSS JOIN generate_series(1, %(copies)s) AS copy(k){numbers}"
    )


def _moved_subject(name: str, stride: dict[str, int]) -> str:
    """What a clock is about depends on its kind: an order, if nothing else is said."""
    others = " ".join(f"WHEN '{kind}' THEN {stride[table]}" for kind, table in _SUBJECTS.items())
    return f"{name} + copy.k * CASE t.kind {others} ELSE {stride['dispatch_assignment']} END"


def _table_meant(model: type[models.Model], field: Any) -> str:
    """The table whose id stands in a column; empty for a column without an id."""
    if field.column in _LOOSE_COLUMNS:
        return _LOOSE_COLUMNS[field.column]
    if field.related_model:
        return _name(field.related_model)
    return _name(model) if field.primary_key else ""


def _moved_data(name: str, stride: dict[str, int]) -> str:
    """An event's data with its ids and its due time moved like the columns."""
    parts = [name]
    for key, table in _LOOSE_KEYS.items():
        moved = (
            f"jsonb_build_object('{key}', ({name}->>'{key}')::bigint + copy.k * {stride[table]})"
        )
        parts.append(f"CASE WHEN {name} ? '{key}' THEN {moved} ELSE '{{}}' END")
    due = f"jsonb_build_object('due_at', ({name}->>'due_at')::timestamptz - copy.k * %(apart)s)"
    parts.append(f"CASE WHEN {name} ? 'due_at' THEN {due} ELSE '{{}}' END")
    return " || ".join(parts)


def _give_numbers(cursor: Any, copies: int) -> None:
    """Every copy's own ticket number, with the day it was accepted and a right check digit."""
    cursor.execute("CREATE TEMP TABLE bench_number (pattern text, k int, number text)")
    cursor.execute("SELECT last_value FROM intake_ticket_number")
    sequence = cursor.fetchone()[0]
    lines = io.StringIO()
    originals = Ticket.objects.using("owner").order_by("id").values_list("number", "accepted_at")
    for number, accepted_at in originals:
        for k in range(1, copies):
            sequence += 1
            day = timezone.localdate(accepted_at - k * APART)
            lines.write(f"{number}\t{k}\t{numbering.make(day, sequence)}\n")
    lines.seek(0)
    cursor.copy_expert("COPY bench_number FROM STDIN", lines)
    cursor.execute("ANALYZE bench_number")
    cursor.execute("SELECT setval('intake_ticket_number', %s)", [sequence])


def _add_requesters(cursor: Any, stride: int, copies: int) -> None:
    """Another person for every copy, with a number of the test range."""
    lines = io.StringIO()
    rows = Requester.objects.using("owner").order_by("id").values_list("id", "name", "created_at")
    for pk, name, created_at in rows:
        for k in range(1, copies):
            new = pk + k * stride
            phone = f"+86139{new:08}"
            values = [
                _bytea(encrypt(phone, settings.ENCRYPTION_KEYS)),
                _bytea(exact_hash(phone)),
                _bytea(encrypt(name, settings.ENCRYPTION_KEYS)) if name else r"\N",
                _bytea(exact_hash(name or "")),
                (created_at - k * APART).isoformat(),
            ]
            lines.write("\t".join([str(new), *values]) + "\n")
    lines.seek(0)
    cursor.copy_expert(
        "COPY intake_requester (id, phone, phone_hash, name, name_hash, created_at) FROM STDIN",
        lines,
    )


def _bytea(value: bytes) -> str:
    return r"\\x" + value.hex()


def _count(count: int) -> Built:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE dispatched_at IS NOT NULL),"
            " count(*) FILTER (WHERE state <> 'closed') FROM intake_ticket"
        )
        tickets, dispatched, still_open = cursor.fetchone()
        cursor.execute(
            "SELECT sum(greatest(reltuples, 0))::bigint, pg_database_size(current_database())"
            " FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        rows, size = cursor.fetchone()
    return Built(tickets, count, dispatched, still_open, int(rows), size // 2**20)
