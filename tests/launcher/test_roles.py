"""The application role of the test database is the one of the real site."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection

AsAppRole = Callable[[], AbstractContextManager[Connection]]


@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize("table", ["intake_ticketevent", "core_auditentry", "core_outboxmessage"])
def test_the_running_site_can_neither_change_nor_remove_what_is_append_only(
    as_app_role: AsAppRole, table: str, statement: str
) -> None:
    with (
        as_app_role() as connection,
        connection.cursor() as cursor,
        pytest.raises(psycopg2.errors.InsufficientPrivilege),
    ):
        cursor.execute(statement.format(table))


def test_the_running_site_reads_what_it_may(as_app_role: AsAppRole) -> None:
    with as_app_role() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_user, count(*) FROM intake_ticket")

        assert cursor.fetchone() == ("hotline_app", 0)
