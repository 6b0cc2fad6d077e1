"""The simulator lives in the past: while it runs, the beat's sweep and delivery stand aside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_LOCK = 12345_0001


def simulation_running() -> bool:
    """Whether a simulator holds the lock. The check takes and gives back a shared lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock_shared(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return True
        cursor.execute("SELECT pg_advisory_unlock_shared(%s)", [_LOCK])
    return False


@contextmanager
def simulation() -> Iterator[None]:
    """Hold the lock for a simulated stretch of time; a second simulator waits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
