"""The same reads and writes without the application: what PostgreSQL alone takes for them.

One life is lived inside this process while every statement is written down with its transaction.
The recording is then replayed by psycopg2 over as many connections as there were clients, each time
as another life: ids that the database gives out in the replay take the place of the recorded ones
wherever they appear later, and the ticket gets a number, a requester and a key of its own. So the
statements are the application's own by construction, and stay so when it changes.
"""

from __future__ import annotations

import datetime as dt
import os
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg2
from django.db import connection
from django.utils import timezone

from hotline.core.fields import exact_hash
from hotline.ops.bench.building import RANGE
from intake import numbering

_NEXT_NUMBER = "nextval('intake_ticket_number')"


@dataclass
class Statement:
    sql: str
    parameters: Any
    rows: list[tuple[Any, ...]]


@dataclass
class Recording:
    """What one request asked of the database: transactions of statements. A statement outside a
    transaction is one of its own."""

    transactions: list[list[Statement]] = field(default_factory=list)

    @property
    def statements(self) -> int:
        return sum(len(transaction) for transaction in self.transactions)


@contextmanager
def recording() -> Iterator[Recording]:
    """Write down every statement of this connection while the block runs."""
    made = Recording()
    seen: list[Statement] = []

    def write_down(
        execute: Callable[..., Any], sql: str, parameters: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        result = execute(sql, parameters, many, context)
        cursor = context["cursor"].cursor
        rows: list[tuple[Any, ...]] = []
        if cursor.description is not None:
            rows = cursor.fetchall()
            if rows:
                cursor.scroll(0, mode="absolute")
        seen.append(Statement(sql, parameters, rows))
        return result

    connection.queries_log.clear()
    connection.force_debug_cursor = True
    try:
        with connection.execute_wrapper(write_down):
            yield made
    finally:
        connection.force_debug_cursor = False
    made.transactions = _transactions([entry["sql"] for entry in connection.queries_log], seen)


def _transactions(log: Sequence[str], seen: list[Statement]) -> list[list[Statement]]:
    """The log says where transactions begin and end, the statements carry their parameters."""
    made: list[list[Statement]] = []
    waiting, is_open = deque(seen), False
    for sql in log:
        if sql == "BEGIN":
            made.append([])
            is_open = True
        elif sql in ("COMMIT", "ROLLBACK"):
            is_open = False
        elif is_open:
            made[-1].append(waiting.popleft())
        else:
            made.append([waiting.popleft()])
    return [transaction for transaction in made if transaction]


class Life:
    """One replayed life: what stands in it for the recorded ids."""

    def __init__(self, own: dict[Any, Any]) -> None:
        self.known: dict[Any, Any] = dict(own)

    def play(self, recorded: Recording, to: Any, number: str) -> None:
        """Ask the database everything that was recorded, for this life."""
        for transaction in recorded.transactions:
            to.autocommit = len(transaction) == 1
            with to.cursor() as cursor:
                for statement in transaction:
                    cursor.execute(statement.sql, self.put_in(statement.parameters))
                    if cursor.description is not None:
                        self.learn(statement, cursor.fetchall(), number)
            if not to.autocommit:
                to.commit()

    def put_in(self, value: Any) -> Any:
        """The parameters with this life's own values."""
        if isinstance(value, list | tuple):
            return [self.put_in(part) for part in value]
        if isinstance(value, psycopg2.extensions.Binary):
            return self.known.get(bytes(value.adapted), value)
        if isinstance(value, int | str | bytes):
            return self.known.get(value, value)
        return value

    def learn(self, statement: Statement, rows: list[tuple[Any, ...]], number: str) -> None:
        """Ids that differ from the recorded ones are this life's."""
        if _NEXT_NUMBER in statement.sql:
            self.known[number] = numbering.make(timezone.localdate(), rows[0][0])
            return
        for old, new in zip(statement.rows, rows, strict=False):
            for before, after in zip(old, new, strict=False):
                if isinstance(before, int) and before > RANGE and before != after:
                    self.known[before] = after


@dataclass(frozen=True)
class Replayed:
    """How long `count` replays took, and what the driver itself used."""

    count: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.count / self.seconds


@dataclass(frozen=True)
class Replay:
    """Recorded requests of one life, ready to be asked again and again."""

    recorded: dict[str, Recording]
    number: str
    # Values that must differ from life to life: the request's key, the requester's hashes.
    own: dict[Any, Callable[[], Any]]
    connections: int

    def lives(self, count: int) -> list[Life]:
        return [Life({old: make() for old, make in self.own.items()}) for _ in range(count)]

    def run(self, operations: Sequence[str], lives: Sequence[Life]) -> Replayed:
        """Play these operations in every life, over all connections at once."""
        waiting, errors = deque(lives), list[BaseException]()
        start = threading.Barrier(self.connections + 1)

        def work() -> None:
            to = psycopg2.connect(**connection.get_connection_params())
            try:
                start.wait()
                while True:
                    try:
                        life = waiting.popleft()
                    except IndexError:
                        return
                    for operation in operations:
                        life.play(self.recorded[operation], to, self.number)
            except BaseException as error:
                errors.append(error)
            finally:
                to.close()

        threads = [threading.Thread(target=work) for _ in range(self.connections)]
        for thread in threads:
            thread.start()
        start.wait()
        began = time.perf_counter()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]
        return Replayed(len(lives), time.perf_counter() - began)


def own_values(key: str, phone: str) -> dict[Any, Callable[[], Any]]:
    """What a new life must not share with the recorded one: the idempotency key and the hash of
    the requester's number, both unique in the database."""
    recorded = exact_hash(phone)
    return {key: lambda: uuid.uuid4().hex, recorded: lambda: os.urandom(len(recorded))}


def commit_milliseconds(times: int = 40) -> float:
    """What one durable commit costs here, alone: the floor under every write."""
    with connection.cursor() as cursor:
        began = time.perf_counter()
        for _ in range(times):
            cursor.execute(
                "INSERT INTO core_auditentry (at, action, actor, number, reason, data)"
                " VALUES (%s, 'bench', 'system', '', '', '{}')",
                [dt.datetime.now(dt.UTC)],
            )
        return (time.perf_counter() - began) / times * 1000
