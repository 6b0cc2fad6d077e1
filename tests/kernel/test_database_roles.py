"""The application's role in the database: what it cannot do, and that it needs no more."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import psycopg2
import pytest
from django.db import connection, connections

from dispatch import services as dispatching
from evaluation import services as evaluation
from hotline.core import outbox, partitions
from hotline.core.models import Role
from hotline.core.reference import forget_all
from hotline.localstack import paths
from hotline.ops.management.commands.grants import APPEND_ONLY
from intake import services as intake
from intake.models import Requester, Ticket, TicketText
from tests.factories import (
    AT,
    actor,
    agent,
    callback_agent,
    category,
    channel,
    client_actor,
    days,
    dispatcher,
    fresh,
    handler,
    hours,
    minutes,
    seed_reference,
    unit,
)

Connect = Callable[[], AbstractContextManager[Any]]
# What a person's data may never look like in the database, in any table.
SECRETS = {
    "phone": "13800138000",
    "phone in the matter": "13911112222",
    "phone in the title": "13933334444",
    "identity number": "11010519491231002X",
    "name": "欧阳锦绣",
    "door": "七号楼三单元",
    "phone in a draft": "13577778888",
    "phone said to the caller-back": "13688889999",
}


# === What it cannot do ======================================================================


def tables_of(name: str) -> list[str]:
    """A table and its partitions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid"
            " JOIN pg_class p ON p.oid = i.inhparent WHERE p.relname = %s",
            [name],
        )
        return [name, *(row[0] for row in cursor.fetchall() if "_pkey" not in row[0])]


@pytest.mark.django_db
@pytest.mark.parametrize("name", APPEND_ONLY)
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}", "ALTER TABLE {} ADD x int",
     "DROP TABLE {}", "ALTER TABLE {} DISABLE TRIGGER ALL"],
)  # fmt: skip
def test_what_was_written_is_never_changed_or_deleted(
    name: str, statement: str, as_app_role: Connect
) -> None:
    for table in tables_of(name):
        with as_app_role() as app, app.cursor() as cursor:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(statement.format(table))
            app.rollback()


@pytest.mark.django_db
def test_every_log_is_append_only_and_partitions_are_reached_through_their_table(
    as_app_role: Connect,
) -> None:
    assert {*partitions.PARTITIONED} <= set(APPEND_ONLY)
    with as_app_role() as app, app.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c WHERE c.relispartition AND c.relkind = 'r'"
            " AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, SELECT')"
        )
        assert cursor.fetchall() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (x int)",
        "DROP FUNCTION hotline_ensure_month",
        "ALTER SEQUENCE intake_ticket_number RESTART",
        "SELECT hotline_ensure_month('core_staff', '2031-01-01')",
        "CREATE ROLE other",
        "COPY core_staff TO PROGRAM 'cat'",
        "SET ROLE hotline_owner",
        "SET session_replication_role = replica",
        "DROP TRIGGER adopted_stays ON evaluation_scheme",
        "DROP FUNCTION evaluation_refuse_change CASCADE",
    ],
)
def test_the_application_owns_nothing(statement: str, as_app_role: Connect) -> None:
    with as_app_role() as app, app.cursor() as cursor, pytest.raises(psycopg2.Error):
        cursor.execute(statement)


@pytest.mark.django_db
def test_the_application_makes_the_coming_months_itself(as_app_role: Connect) -> None:
    with as_app_role() as app, app.cursor() as cursor:
        cursor.execute("SELECT hotline_ensure_month('intake_ticketevent', '2031-05-17')")
        assert cursor.fetchone() == (True,)
        cursor.execute("SELECT hotline_ensure_month('intake_ticketevent', '2031-05-01')")
        assert cursor.fetchone() == (False,)
        cursor.execute(
            "SELECT pg_get_expr(relpartbound, oid) FROM pg_class"
            " WHERE relname = 'intake_ticketevent_203105'"
        )
        bounds = cursor.fetchone()[0]
        app.rollback()

    assert "2031-05-01 00:00:00+08" in bounds
    assert "2031-06-01 00:00:00+08" in bounds


# === What it can ============================================================================


@pytest.fixture
def as_application(transactional_db: None) -> Iterator[None]:
    """Everything in this test runs with the rights the site has; the owner cleans up behind."""
    if not os.environ.get("DATABASE_APP_URL"):
        pytest.skip("DATABASE_APP_URL names no application role for the external database")
    forget_all()
    seed_reference()
    owner = connection.settings_dict["USER"]
    connections.close_all()
    connection.settings_dict["USER"] = paths.APP_ROLE
    try:
        yield
    finally:
        connections.close_all()
        connection.settings_dict["USER"] = owner


def whole_life() -> Ticket:
    """One ticket through everything: objection, second unsolved result, order, close, reopen."""
    at, supervisor, caller = AT, actor(Role.CITY_SUPERVISOR), callback_agent()
    ticket = intake.accept(
        actor=agent(), at=at, channel=channel(), called_at=at, request_type="complaint",
        matter="邻居电话13911112222，身份证11010519491231002X，夜里施工。",
        title="请回电13933334444", phone=SECRETS["phone"], name=SECRETS["name"],
        door=SECRETS["door"],
    )  # fmt: skip
    number = ticket.number
    intake.classify(number=number, actor=dispatcher(), at=at, category=category(), urgency="prompt")
    intake.amend(number=number, actor=agent(), at=at, matter="邻居电话〔电话1〕，白天也施工。")
    dispatching.dispatch(number=number, actor=dispatcher(), at=at, lead_unit=unit())
    hand = handler(unit())
    dispatching.raise_objection(
        number=number, actor=hand, at=at + hours(1), reason="跨区", basis="第二条"
    )
    dispatching.return_to_desk(number=number, actor=dispatcher(), at=at + hours(2))
    dispatching.dispatch(number=number, actor=dispatcher(), at=at + hours(3), lead_unit=unit())
    dispatching.sign(number=number, actor=hand, at=at + hours(4))
    dispatching.contact(number=number, actor=hand, at=at + hours(4), method="phone")
    for day in (1, 2, 3):
        at = AT + days(day)
        dispatching.reply(
            number=number, actor=hand, at=at, text=f"第{day}次处理", solved="partly",
            told_by="phone",
        )  # fmt: skip
        evaluation.record_callback(
            number=number, actor=caller, at=at + hours(2), outcome="connected", contacted=True,
            resolved=day == 3, satisfaction="satisfied" if day == 3 else "dissatisfied",
            opinion="打13688889999找我",
        )  # fmt: skip
        if day < 3:
            evaluation.rehandle(number=number, actor=caller, at=at + hours(3))
    dispatching.accept_answer(number=number, actor=supervisor, at=at + hours(3))
    evaluation.close(number=number, actor=caller, at=at + hours(3))
    intake.reveal_requester(number=number, actor=agent(), at=at + hours(3), reason="核实")
    intake.reopen(number=number, actor=dispatcher(), at=at + hours(4), reason="又开工了")
    return fresh(ticket)


@pytest.mark.usefixtures("as_application")
def test_a_whole_life_needs_no_more_than_the_applications_rights() -> None:
    ticket = whole_life()
    other = intake.accept(
        actor=client_actor(), at=AT, channel=channel("web"), called_at=AT, matter="停水",
        phone=SECRETS["phone"],
    )  # fmt: skip
    intake.merge_into(
        number=other.number, actor=agent(), at=AT + days(3) + hours(5), target=ticket.number
    )
    intake.withdraw(
        number=ticket.number, actor=agent(), at=AT + days(3) + hours(6), is_confirmed=True
    )
    question = intake.accept(
        actor=agent(), at=AT, channel=channel(), called_at=AT, matter="几点开门",
        request_type="consult", is_anonymous=True,
    )  # fmt: skip
    intake.answer(number=question.number, actor=agent(), at=AT + minutes(1), text="九点")
    intake.transfer_emergency(actor=agent(), at=AT, channel=channel(), line="110")
    intake.note(number=ticket.number, actor=agent(), at=AT + days(4), text="归档")
    draft = {"actor": agent(), "form": "registration"}
    intake.save_draft(**draft, at=AT, content={"phone": SECRETS["phone"]})
    intake.discard_draft(**draft)
    intake.sweep(at=AT + days(30))
    outbox.deliver_all(at=AT + days(30))
    partitions.ensure_coming_months(dt.date(2031, 5, 1))
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == (paths.APP_ROLE,)

    assert fresh(ticket).close_code == "withdrawn"
    assert outbox.undelivered(at=AT + days(30)) == 0


# === Nothing personal in clear ==============================================================


def every_row() -> Iterator[tuple[str, str]]:
    """Every row of every table as the database writes it out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" AS t')
            for (row,) in cursor.fetchall():
                yield table, row


@pytest.mark.usefixtures("city")
def test_a_dump_of_the_database_names_nobody() -> None:
    ticket = whole_life()
    intake.save_draft(
        actor=agent(), at=AT, form="registration",
        content={"phone": SECRETS["phone in a draft"], "name": SECRETS["name"]},
    )  # fmt: skip
    outbox.deliver_all(at=AT + days(5))
    found = {
        (table, what)
        for table, row in every_row()
        for what, secret in SECRETS.items()
        # Bytes are written in hexadecimal.
        if secret in row or secret.encode().hex() in row
    }

    assert not found
    assert Requester.objects.get(parties__ticket=ticket).name == SECRETS["name"]
    assert TicketText.objects.get(ticket=ticket).door == SECRETS["door"]


@pytest.mark.usefixtures("city")
def test_the_same_person_twice_is_not_the_same_ciphertext() -> None:
    for name in ("欧阳锦绣", "欧阳锦绣二"):
        intake.accept(
            actor=agent(), at=AT, channel=channel(), called_at=AT, matter="停水",
            phone="13800138000", name=name,
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone, phone_hash FROM intake_requester")
        rows = [(bytes(phone), bytes(hashed)) for phone, hashed in cursor.fetchall()]

    assert len({phone for phone, _hashed in rows}) == 2
    assert len({hashed for _phone, hashed in rows}) == 1
