"""manage.py grants — what the application role may do, after every migration."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connections

# Rows of these tables are facts: written once by the application, changed and deleted by nobody.
APPEND_ONLY = (
    "core_outboxmessage",
    "core_auditentry",
    "intake_ticketevent",
    "intake_tickettextrevision",
    "intake_clockadjustment",
    "dispatch_ladderstep",
    "dispatch_ledgerreview",
    "evaluation_callbackresult",
    "evaluation_pressurereport",
    "evaluation_consultation",
    "evaluation_frozenoutcome",
    "evaluation_monthdraft",
    "evaluation_closerequest",
    "evaluation_monthclose",
    "evaluation_unitscore",
    "evaluation_erratum",
    "evaluation_talk",
    "governance_bulletin",
    "governance_bulletinfile",
)


class Command(BaseCommand):
    help = "Grant the application role its rights; append-only tables only take and show rows."
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        grant(settings.DATABASES["default"]["USER"])


def grant(role: str) -> None:
    """Grant `role` its rights, as the owner. Partitions are reached through their parents only,
    so they get no rights of their own. Where one role does everything there is nothing to do."""
    connection = connections["owner"]
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        if cursor.fetchone()[0] == role:
            return
        cursor.execute(
            f"GRANT USAGE ON SCHEMA public TO {quote(role)};"
            f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {quote(role)};"
            f"GRANT EXECUTE ON FUNCTION hotline_ensure_month(text, date) TO {quote(role)}"
        )
        _refuse_temporary_tables(cursor)
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace"
        )
        for (table,) in cursor.fetchall():
            rights = "SELECT, INSERT" if table in APPEND_ONLY else "SELECT, INSERT, UPDATE, DELETE"
            cursor.execute(
                f"REVOKE ALL ON {quote(table)} FROM {quote(role)};"
                f"GRANT {rights} ON {quote(table)} TO {quote(role)}"
            )


def _refuse_temporary_tables(cursor: Any) -> None:
    """A temporary table could stand in for a real one. Only who owns the database can say so."""
    cursor.execute(
        "SELECT datname, pg_has_role(datdba, 'USAGE') FROM pg_database"
        " WHERE datname = current_database()"
    )
    database, is_own = cursor.fetchone()
    if is_own:
        name = connections["owner"].ops.quote_name(database)
        cursor.execute(f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC")
