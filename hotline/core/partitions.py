"""Append-only tables are partitioned by month; months are made ahead of time."""

from __future__ import annotations

import datetime as dt

from django.db import connection

PARTITIONED = ("core_outboxmessage", "core_auditentry", "intake_ticketevent")
MONTHS_AHEAD = 3


def ensure_months(first: dt.date, last: dt.date) -> None:
    """Make the partitions of every month between two days. The function in the database runs as
    its owner, so the application role may call it without owning the tables."""
    month = first.replace(day=1)
    with connection.cursor() as cursor:
        while month <= last:
            for table in PARTITIONED:
                cursor.execute("SELECT hotline_ensure_month(%s, %s)", [table, month])
            month = (month + dt.timedelta(days=32)).replace(day=1)


def ensure_coming_months(today: dt.date) -> None:
    ensure_months(today, today + dt.timedelta(days=31 * MONTHS_AHEAD))
