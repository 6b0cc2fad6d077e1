"""A year of a large city, for the dashboards: millions of tickets with what their numbers are made
of.

Some hundred lives come about through the services; every ticket is one of them, of about the same
age, moved to its own time, place, class and unit by SQL. Copied are the tables that tables and
lists are counted from: tickets and their words, orders, who may see them, open clocks, and the
outcomes that were folded from the lives. Events, people and answers are not: a ticket's own page
shows none. Which columns there are is read from the models.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, connections, models, transaction
from django.utils import timezone

from dispatch.models import Assignment
from evaluation import months
from evaluation.models import MonthDraft, Outcome
from evaluation.periods import assessment_month
from evaluation.services.months import close_month
from hotline.core.actors import SYSTEM
from hotline.ops.bench import draws, patterns
from hotline.ops.bench.building import _MONTH_OF
from hotline.ops.bench.patterns import People
from intake.models import Access, Clock, Ticket, TicketText

# A month is closed so long after the units' time to object.
CLOSED_AFTER = dt.timedelta(hours=10)
LIVES = 420
_COPIED: tuple[type[models.Model], ...] = (
    Ticket, TicketText, Assignment, Access, Clock, Outcome,
)  # fmt: skip
# A ticket has at most so many orders; their ids are reckoned from its own.
_MOST_ORDERS = 4
# Of those who are called, so many answer.
_IS_ANSWERED = "pg_temp.u(d.ticket_id, 11) < 0.65"
# How well units do differs: from 70 to 95 of a hundred are solved.
_IS_SOLVED = "d.luck < 0.70 + 0.25 * pg_temp.u(d.unit_id, 1)"
_MOOD = (
    f"CASE WHEN {_IS_SOLVED} THEN (ARRAY['satisfied', 'satisfied', 'satisfied', 'basically',"
    " 'average'])[1 + floor(d.mood * 5)::int]"
    " ELSE (ARRAY['basically', 'average', 'dissatisfied'])[1 + floor(d.mood * 3)::int] END"
)


@dataclass(frozen=True)
class Year:
    """What there is now, for the report. `at` is the city's present."""

    at: str
    tickets: int
    of_month: int
    outcomes: int
    outcomes_of_month: int
    open: int
    units: int
    lives: int
    closed_months: int
    megabytes: int


def build(tickets: int, of_month: int, people: People, lives: int = LIVES) -> Year:
    """Fill an empty city with so many tickets of a year, `of_month` of them in the running month,
    and close the months whose facts are complete."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
    patterns.make(lives, now=now, people=people)
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        _multiply(cursor, tickets - lives, of_month, now)
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    _close_months(now)
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
        return _count(cursor, timezone.now(), lives)


def _multiply(cursor: Any, tickets: int, of_month: int, now: dt.datetime) -> None:
    cursor.execute("SET LOCAL work_mem = '256MB'; SET LOCAL maintenance_work_mem = '512MB'")
    draws.make(cursor, tickets, of_month, now)
    cursor.execute("ANALYZE bench_draw")
    with _without_checks(cursor):
        for model in _COPIED:
            cursor.execute(_copies_of(model))
    for model in (Ticket, Assignment):
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence('{_name(model)}', 'id'),"
            f" (SELECT max(id) FROM {_name(model)}))"
        )


@contextmanager
def _without_checks(cursor: Any) -> Iterator[None]:
    """Foreign keys and indexes are taken away and made again afterwards, when every row is checked:
    at once that takes a fraction of the time."""
    tables = tuple(_name(model) for model in _COPIED)
    cursor.execute(
        "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND conrelid = ANY(%s::regclass[])",
        [list(tables)],
    )
    keys = cursor.fetchall()
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s)"
        " AND indexname NOT IN (SELECT conname FROM pg_constraint)",
        [list(tables)],
    )
    indexes = cursor.fetchall()
    for table, name, _definition in keys:
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for name, _definition in indexes:
        cursor.execute(f'DROP INDEX "{name}"')
    yield
    for _index, definition in indexes:
        cursor.execute(definition)
    for table, name, definition in keys:
        cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


def _copies_of(model: type[models.Model]) -> str:
    """The statement that writes a table's rows of all drawn tickets."""
    own = _own_columns(model)
    columns: dict[str, str] = {}
    for field in model._meta.concrete_fields:
        column = str(field.column)
        if column in own:
            columns[column] = own[column]
        elif isinstance(field, models.DateTimeField):
            columns[column] = _moved(column)
        elif not isinstance(field, models.AutoField):
            columns[column] = f't."{column}"'
    names = ", ".join(f'"{column}"' for column in columns)
    life = "id" if model is Ticket else "ticket_id"
    more = ""
    if model is Assignment:
        more = " JOIN bench_order o ON o.id = t.id"
    elif model is Clock:
        more = " LEFT JOIN bench_order o ON o.id = t.subject_id"
    where = " WHERE t.stopped_at IS NULL" if model is Clock else ""
    return (
        f"INSERT INTO {_name(model)} ({names}) SELECT {', '.join(columns.values())}"
        f' FROM bench_draw d JOIN {_name(model)} t ON t."{life}" = d.life_id{more}{where}'
    )


def _moved(column: str) -> str:
    return f'd.at + (t."{column}" - d.origin) * d.pace'


def _own_columns(model: type[models.Model]) -> Mapping[str, str]:
    """What a copy has of its own, by column."""
    ids = {"ticket_id": "d.ticket_id"}
    order = {"id": f"d.ticket_id * {_MOST_ORDERS} + o.nth"}
    place = {name: f"d.{name}" for name in ("category_id", "area_id", "request_type", "level")}
    if model is Ticket:
        promised = _moved("promised_at")
        return {
            **place,
            "id": "d.ticket_id",
            "number": "d.number",
            "district_id": "d.district_id",
            "lead_unit_id": "d.unit_id",
            "channel_id": "d.channel_id",
            "promised_at": f"CASE d.level WHEN 'L4' THEN d.at + interval '15 days'"
            f" ELSE {promised} END",
            "return_count": "(d.unit_id IS NOT NULL AND d.mood < 0.02)::int",
        }
    if model is Assignment:
        return {**ids, **order, "unit_id": _unit_of("t.role")}
    if model is Access:
        return {**ids, "unit_id": _unit_of("t.role")}
    if model is Clock:
        return {
            **ids,
            "subject_id": f"CASE WHEN o.id IS NOT NULL THEN {order['id']} END",
            "unit_id": "CASE WHEN t.unit_id IS NOT NULL THEN d.unit_id END",
        }
    if model is Outcome:
        return {**ids, **place, **_own_outcome()}
    return ids


def _unit_of(role: str) -> str:
    return f"CASE {role} WHEN 'lead' THEN d.unit_id ELSE d.district_unit_id END"


def _own_outcome() -> dict[str, str]:
    """Answers as good as the unit is; a few decisions."""
    said = {"answer_count": f"CASE WHEN {_IS_ANSWERED} THEN t.answer_count ELSE 0 END"}
    for which in ("first", "last"):
        has = f"{_IS_ANSWERED} AND t.{which}_channel <> ''"
        said[f"{which}_at"] = f"CASE WHEN {has} THEN {_moved(f'{which}_at')} END"
        said[f"{which}_channel"] = f"CASE WHEN {has} THEN t.{which}_channel ELSE '' END"
        said[f"{which}_resolved"] = f"CASE WHEN {has} THEN {_IS_SOLVED} END"
        said[f"{which}_contacted"] = f"CASE WHEN {has} THEN d.mood < 0.99 END"
        said[f"{which}_satisfaction"] = f"CASE WHEN {has} THEN {_MOOD} ELSE '' END"
    return {
        **said,
        "month": _MONTH_OF.format("d.at"),
        "number": "d.number",
        "unit_id": "d.unit_id",
        "requester_id": "d.requester_id",
        "return_count": "(d.mood < 0.02)::int",
        "excluded": "CASE WHEN d.luck > 0.99 THEN 'unreasonable' ELSE '' END",
        "is_on_ledger": "d.mood > 0.995",
    }


def _name(model: type[models.Model]) -> str:
    return model._meta.db_table


def _close_months(now: dt.datetime) -> None:
    """Close what could have been closed by now, without looking for events that are not there."""
    found = Outcome.objects.order_by("month").values_list("month", flat=True).distinct()
    for label in found:
        stands = months.month(label, at=now)
        appeals_until = stands.appeals_until
        if appeals_until + CLOSED_AFTER > now:
            return
        assert stands.scheme is not None  # the shipped one begins years ago
        MonthDraft.objects.create(
            month=label,
            scheme=stands.scheme,
            facts_until=stands.facts_until,
            appeals_until=appeals_until,
            opened_at=stands.facts_until,
            opened_by=SYSTEM.reference,
        )
        close_month(month=label, by=SYSTEM.reference, at=appeals_until + CLOSED_AFTER)


def _count(cursor: Any, at: dt.datetime, lives: int) -> Year:
    month = assessment_month(at)
    cursor.execute(
        "SELECT count(*), count(*) FILTER (WHERE accepted_at >= %s),"
        " count(*) FILTER (WHERE state <> 'closed'), count(DISTINCT lead_unit_id)"
        " FROM intake_ticket",
        [month.start],
    )
    tickets, of_month, still_open, units = cursor.fetchone()
    cursor.execute(
        "SELECT count(*), count(*) FILTER (WHERE month = %s), (SELECT count(*) FROM"
        " evaluation_monthclose), pg_database_size(current_database()) FROM evaluation_outcome",
        [month.label],
    )
    outcomes, outcomes_of_month, closed, size = cursor.fetchone()
    return Year(
        at=at.isoformat(),
        tickets=tickets,
        of_month=of_month,
        outcomes=outcomes,
        outcomes_of_month=outcomes_of_month,
        open=still_open,
        units=units,
        lives=lives,
        closed_months=closed,
        megabytes=size // 2**20,
    )
