"""Work on a whole month takes longer than a request may."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_LIMITS = ("statement_timeout", "idle_in_transaction_session_timeout")
_NONE = "0"


@contextmanager
def unhurried() -> Iterator[None]:
    """The limits that protect requests are lifted on this connection for the time of the block; a
    block inside another changes nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [_LIMITS[0]])
        is_inside = cursor.fetchone()[0] == _NONE
        for name in () if is_inside else _LIMITS:
            cursor.execute(f"SET {name} = {_NONE}")
    try:
        yield
    finally:
        if not is_inside and connection.is_usable():
            with connection.cursor() as cursor:
                for name in _LIMITS:
                    cursor.execute(f"RESET {name}")


@contextmanager
def alone(key: int) -> Iterator[bool]:
    """Whether this process is the only one at a work that must not be done twice at once; the lock
    goes with the connection, so that a crash frees it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        (is_alone,) = cursor.fetchone()
    try:
        yield is_alone
    finally:
        if is_alone and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
