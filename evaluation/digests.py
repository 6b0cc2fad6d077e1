"""What a month was counted from, as a number that nobody can make fit afterwards.

Every row becomes one line of text that is the same on every machine, whatever its time zone or
language; a unit's digest is SHA-256 over its lines in the order of ticket numbers, computed where
the rows are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db import connection, models

from evaluation.models import FrozenOutcome, OutcomeFacts, UnitScore

# Not a fact of the row: its own number in the table.
_LEFT_OUT = ("id",)


def columns() -> list[str]:
    """The columns of an outcome that are facts, in the order they are written."""
    return [str(f.column) for f in _fields()]


def _fields() -> list[models.Field[Any, Any]]:
    return [f for f in FrozenOutcome._meta.concrete_fields if f.column not in _LEFT_OUT]


def unit_digests(model: type[OutcomeFacts], month: str) -> dict[int, str]:
    """The digest of every unit's rows of a month, from the running or the frozen table."""
    quote = connection.ops.quote_name
    lines = " || '|' || ".join(_text_of(field) for field in _fields())
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT unit_id, encode(sha256(convert_to(string_agg({lines}, E'\\n'"  # noqa: S608
            " ORDER BY number, role), 'UTF8')), 'hex')"
            f" FROM {quote(model._meta.db_table)} WHERE month = %s GROUP BY unit_id",
            [month],
        )
        return dict(cursor.fetchall())


def _text_of(field: models.Field[Any, Any]) -> str:
    column = connection.ops.quote_name(str(field.column))
    if isinstance(field, models.DateTimeField):
        return f"coalesce((extract(epoch from {column}) * 1000000)::bigint::text, '')"
    return f"coalesce({column}::text, '')"


def of(*parts: object) -> str:
    """The digest of values that JSON can write, in their order."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


# Of a line: what the month says for all of them, and numbers that only this database knows.
_NOT_TOLD = ("id", "month", "unit", "scheme")
_TOLD = [field.name for field in UnitScore._meta.concrete_fields if field.name not in _NOT_TOLD]


def told(line: UnitScore) -> dict[str, object]:
    """Everything that a unit's line publishes, the same before it is stored and after."""
    return {name: _plain(getattr(line, name)) for name in _TOLD}


def _plain(value: object) -> object:
    return f"{value:.2f}" if isinstance(value, Decimal) else value


def of_month(head: Mapping[str, Any], lines: Iterable[UnitScore]) -> str:
    """The digest of a whole month: what it was scored by, and every unit's line."""
    return of(dict(head), [told(line) for line in sorted(lines, key=lambda line: line.code)])
