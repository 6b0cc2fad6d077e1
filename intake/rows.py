"""How an act's rows are read and written: clocks, events and their outbox lines.

Hand-written SQL, because these run on every act: making the ORM's SELECT costs more than running
it, its bulk_update builds a CASE of every column for every row, and an event and its outbox line
are one fact.
"""

from __future__ import annotations

import json

from django.db import connection

from intake.models import Clock, Ticket, TicketEvent

RUNNING = "SELECT * FROM intake_clock WHERE ticket_id = %s AND stopped_at IS NULL ORDER BY id"
_UPDATE_CLOCKS = """
UPDATE intake_clock AS c
SET opens_at = v.opens_at, due_at = v.due_at, warn_at = v.warn_at, sweep_at = v.sweep_at,
    warned_at = v.warned_at, breached_at = v.breached_at, stopped_at = v.stopped_at,
    is_cancelled = v.is_cancelled, is_provisional = v.is_provisional,
    paused_at = v.paused_at, pause_ends_at = v.pause_ends_at, base_due_at = v.base_due_at
FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[],
            %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[],
            %s::boolean[], %s::boolean[], %s::timestamptz[], %s::timestamptz[],
            %s::timestamptz[])
     AS v(id, opens_at, due_at, warn_at, sweep_at, warned_at, breached_at, stopped_at,
          is_cancelled, is_provisional, paused_at, pause_ends_at, base_due_at)
WHERE c.id = v.id
"""
_CLOCK_COLUMNS = ("id", "opens_at", "due_at", "warn_at", "sweep_at", "warned_at", "breached_at",
                  "stopped_at", "is_cancelled", "is_provisional", "paused_at", "pause_ends_at",
                  "base_due_at")  # fmt: skip
_INSERT_EVENTS = """
WITH event AS (
    INSERT INTO intake_ticketevent (ticket_id, number, seq, type, schema_version, occurred_at,
                                    recorded_at, actor, unit_id, data)
    SELECT * FROM unnest(%s::bigint[], %s::text[], %s::int[], %s::text[], %s::smallint[],
                         %s::timestamptz[], %s::timestamptz[], %s::text[], %s::bigint[],
                         %s::jsonb[])
    RETURNING ticket_id, number, seq, type, recorded_at, unit_id
)
INSERT INTO core_outboxmessage (created_at, ticket_id, number, seq, type, unit_id)
SELECT recorded_at, ticket_id, number, seq, type, unit_id FROM event ORDER BY ticket_id, seq
"""
_EVENT_COLUMNS = ("ticket_id", "number", "seq", "type", "schema_version", "occurred_at",
                  "recorded_at", "actor", "unit_id")  # fmt: skip


def write_clocks(changed: list[Clock]) -> None:
    """Write back clocks that an act has touched, in one statement."""
    if not changed:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _UPDATE_CLOCKS, [[getattr(c, column) for c in changed] for column in _CLOCK_COLUMNS]
        )


def write_event_counters(tickets: list[Ticket]) -> None:
    """How far each ticket's events count, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE intake_ticket AS t SET event_seq = v.seq"
            " FROM unnest(%s::bigint[], %s::int[]) AS v(id, seq) WHERE t.id = v.id",
            [[ticket.pk for ticket in tickets], [ticket.event_seq for ticket in tickets]],
        )


def write_events(events: list[TicketEvent]) -> None:
    """Events and the outbox lines that name them, in the transaction of their act."""
    columns = [[getattr(e, column) for e in events] for column in _EVENT_COLUMNS]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_EVENTS, [*columns, [json.dumps(e.data) for e in events]])
