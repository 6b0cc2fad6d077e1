"""Who decides about a month's tickets and who closes it wait for each other.

Closing reads every decision made before; a decision under way must be in or refused, never lost
between. Decisions share the lock, closing takes it alone; it ends with the transaction.
"""

from __future__ import annotations

from django.db import connection

# Any numbers that no other advisory lock of the platform uses.
_KEY = 0x434C4F5345
AT_WORK = _KEY + 1  # held by the one worker that drafts or closes months


def while_deciding() -> None:
    """Taken first by an act that decides about assessment: several may at once."""
    _take("pg_advisory_xact_lock_shared")


def while_closing() -> None:
    """Taken by closing: waits for decisions under way, and they for it."""
    _take("pg_advisory_xact_lock")


def _take(function: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [_KEY])
