"""Who decides about a month's tickets and who closes it wait for each other.

Closing reads every decision made before; a decision under way must be in or refused, never lost
between. Decisions share the lock, closing takes it alone; it ends with the transaction.
"""

from __future__ import annotations

from django.db import OperationalError, connection

from hotline.core.violations import Busy, RuleViolation
from intake.acts import is_lock_timeout

# Any numbers that no other advisory lock of the platform uses.
_KEY = 0x434C4F5345
AT_WORK = _KEY + 1  # held by the one worker that drafts or closes months


class MonthBusy(Busy):
    """A month is being closed or decided about; try again in a moment."""

    def __init__(self) -> None:
        RuleViolation.__init__(self, "month_busy")


def while_deciding() -> None:
    """Taken first by an act that decides about assessment: several may at once. Raises MonthBusy
    when a close takes longer than the lock timeout."""
    _take("pg_advisory_xact_lock_shared")


def while_closing() -> None:
    """Taken by closing: waits for decisions under way, and they for it. Raises MonthBusy."""
    _take("pg_advisory_xact_lock")


def _take(function: str) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s)", [_KEY])
    except OperationalError as error:
        if is_lock_timeout(error):
            raise MonthBusy from error
        raise
