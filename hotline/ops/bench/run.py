"""The bench from an empty folder to its figures."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.management import call_command
from django.db import connections
from django.test import Client
from django.utils import timezone

from hotline.core.models import Unit, UnitKind
from hotline.core.reference import forget_all
from hotline.ops import preparation
from hotline.ops.bench import bare_sql, building, cast, overdue, patterns, site
from hotline.ops.bench.bare_sql import Recording, Replay
from hotline.ops.bench.building import Built
from hotline.ops.bench.operations import (
    AFTER_REPLY,
    LIFE,
    OWN,
    PEOPLE_ON_DUTY,
    READS,
    SHIFT,
    THINKING_SECONDS,
    UNTIL_REPLY,
    Operations,
    Request,
)
from hotline.ops.bench.overdue import Swept
from hotline.ops.bench.profiling import MARK

CLIENTS = 8
# Every worker fills its caches and connections before anything is measured.
WARM_UP_LIVES = 4 * CLIENTS
# What people on duty do before and while it is measured.
WARM_ROUNDS, ROUNDS = 2, 12
# Promises that fall due at the same moment.
LATE_AT_ONCE = 10_000
# Requests of a reader alone.
ALONE = 60
# The call-back opens now: what an hour between the reply and the call would do.
_OPEN_CALLBACKS = (
    "UPDATE intake_clock SET opens_at = %s WHERE kind = 'callback' AND stopped_at IS NULL"
    " AND opens_at > %s AND ticket_id IN (SELECT id FROM intake_ticket WHERE number = ANY(%s))"
)


@dataclass(frozen=True)
class Options:
    """What the command was asked for."""

    tickets: int = 100_000
    lives: int = 400
    # Options for gunicorn that replace the site's own, e.g. ("--workers", "4").
    model: tuple[str, ...] = ()
    profile: str = ""
    # How long the people on duty pause before each request, in seconds.
    thinking: float = THINKING_SECONDS


@dataclass(frozen=True)
class Measured:
    """What one operation (or whole lives) came to."""

    count: int
    seconds: float
    took: list[float]
    web_seconds: float
    database_seconds: float
    load_seconds: float
    # What everything else on the machine used meanwhile.
    others_seconds: float

    @property
    def per_second(self) -> float:
        return self.count / self.seconds

    @property
    def median(self) -> float:
        return statistics.median(self.took)

    @property
    def others_share(self) -> float:
        """How much of the machine other programs took meanwhile."""
        return self.others_seconds / self.seconds / (os.cpu_count() or 1)

    @property
    def p95(self) -> float:
        return p95(self.took)


@dataclass
class Figures:
    """Everything the report shows."""

    built: Built
    commit_milliseconds: float
    # The two parts of whole lives: until the reply, and after the hour that follows it.
    lives: list[Measured] = field(default_factory=list)
    operations: dict[str, Measured] = field(default_factory=dict)
    # One reader alone: what a person waits for a list on a quiet site.
    alone: dict[str, Measured] = field(default_factory=dict)
    recorded: dict[str, Recording] = field(default_factory=dict)
    bare: dict[str, float] = field(default_factory=dict)
    bare_lives: float = 0.0
    # Twenty people on duty, each thinking between requests: by operation.
    shift: dict[str, Measured] = field(default_factory=dict)
    swept: Swept | None = None
    failed: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def lives_per_second(self) -> float:
        """Whole lives over the time of all their parts."""
        return self.lives[0].count / sum(part.seconds for part in self.lives)


class Bench:
    """One run against one web server."""

    def __init__(self, options: Options, say: Callable[[str], None]) -> None:
        self.options = options
        self.say = say

    def run(self) -> Figures:
        """Build, serve, measure."""
        self._prepare()
        with site.web(model=self.options.model) as self.web:
            self._measure()
        self._bare()
        return self.figures

    def profile(self) -> None:
        """The same up to the operation in question, in front of a single profiled worker."""
        self._prepare()
        one = ("--workers", "1", "--threads", "1")
        with site.web(model=one, application="hotline.ops.bench.profiling:application") as self.web:
            self._measure(marked=self.options.profile)

    def _prepare(self) -> None:
        self.say("准备数据库……")
        call_command("migrate", database="owner", interactive=False, verbosity=0)
        call_command("grants")
        call_command("seed", "city", verbosity=0)
        if preparation.assets_have_changed():
            preparation.collect_assets()
        people = cast.assemble()
        self.say(f"生成约 {self.options.tickets:,} 件工单……")
        built = building.build(self.options.tickets, people.people)
        forget_all()
        street = Unit.objects.filter(kind=UnitKind.STREET).order_by("code")[0]
        self.operations = Operations.of(people, patterns.street_classes(street)[0].code)
        self.figures = Figures(built, bare_sql.commit_milliseconds())
        connections.close_all()

    # --- over HTTP --------------------------------------------------------------------------

    def _measure(self, marked: str = "") -> None:
        count, figures = self.options.lives, self.figures
        self.say("预热……")
        self._play([self.operations.life(i, UNTIL_REPLY) for i in range(WARM_UP_LIVES)])
        self.say(f"完整工单 {count} 件，{CLIENTS} 个并发客户端……")
        first, numbers = self._play([self.operations.life(i, UNTIL_REPLY) for i in range(count)])
        self._pass_the_hour(numbers)
        second, _none = self._play(self._scripts(AFTER_REPLY, numbers))
        figures.lives = [first, second]
        self.say("逐项测量……")
        for step in (*LIFE, *READS):
            if step == "callback":
                self._pass_the_hour(numbers)
            scripts = self._scripts((step,), [OWN] * count if step == "create" else numbers)
            if step == marked:
                scripts = [[_marked(request) for request in script] for script in scripts]
            figures.operations[step], made = self._play(scripts)
            if step == "create":
                numbers = made
        for step in READS:
            scripts = self._scripts((step,), numbers[:ALONE])
            figures.alone[step], _none = self._play(scripts, clients=1)
        if not marked:
            self._measure_shift()
            self.say(f"{LATE_AT_ONCE:,} 个时限同时到期，两个扫描进程……")
            figures.swept = overdue.measure(LATE_AT_ONCE, timezone.now())

    def _measure_shift(self) -> None:
        """People at their desks, after a round in which everything has been looked at once."""
        thinking = self.options.thinking
        self.say(f"{PEOPLE_ON_DUTY} 人同时在岗，每次操作前思考 {thinking:g} 秒……")
        rounds = WARM_ROUNDS + ROUNDS
        made = self._scripts(("create",), [OWN] * (PEOPLE_ON_DUTY // 2 * rounds))
        _none, numbers = self._play(made)
        warm = PEOPLE_ON_DUTY // 2 * WARM_ROUNDS
        first = self.operations.shift(numbers[:warm], WARM_ROUNDS, thinking)
        self._play(first, clients=PEOPLE_ON_DUTY)
        whole, _numbers = self._play(
            self.operations.shift(numbers[warm:], ROUNDS, thinking), clients=PEOPLE_ON_DUTY
        )
        for step in SHIFT:
            took = self.took[step]
            self.figures.shift[step] = replace(whole, count=len(took), took=took)

    def _scripts(self, steps: tuple[str, ...], numbers: Sequence[str]) -> list[list[Request]]:
        return [self.operations.life(i, steps, number) for i, number in enumerate(numbers)]

    def _play(
        self, scripts: Sequence[list[Request]], *, clients: int = CLIENTS
    ) -> tuple[Measured, list[str]]:
        """Let the load generator play the scripts; what it measured, and the numbers created."""
        measured, result = play(self.web, scripts, clients)
        self.took = result["took"]
        self.figures.failed += result["failed"]
        self.figures.failures += result["failures"]
        return measured, result["numbers"]

    def _pass_the_hour(self, numbers: Sequence[str]) -> None:
        """The call-back opens an hour after the reply; the bench does not wait for it."""
        now = timezone.now()
        with connections["owner"].cursor() as cursor:
            cursor.execute(_OPEN_CALLBACKS, [now, now, list(numbers)])

    # --- without the application --------------------------------------------------------------

    def _bare(self) -> None:
        self.say("同样的读写，只用 SQL……")
        figures, count = self.figures, self.options.lives
        replay = self._record()
        lives = replay.lives(count)
        figures.bare_lives = replay.run(LIFE, lives).per_second
        lives = replay.lives(count)
        for step in (*LIFE, *READS):
            figures.bare[step] = replay.run([step], lives).per_second

    def _record(self) -> Replay:
        """Live one life in this process, the second time around so that nothing is looked up
        for the first time, and write down its statements."""
        self._live({})
        number, created = self._live(self.figures.recorded)
        content = json.loads(created["body"])
        key = created["headers"].partition("Idempotency-Key: ")[2].partition("\r\n")[0]
        return Replay(
            recorded=self.figures.recorded,
            number=number,
            own=bare_sql.own_values(key, f"+86{content['phone']}"),
            connections=CLIENTS,
        )

    def _live(self, recorded: dict[str, Recording]) -> tuple[str, Request]:
        number, created = OWN, None
        for step in (*LIFE, *READS):
            request = self.operations.step(step, 0, number)
            if step == "callback":
                self._pass_the_hour([number])
            with bare_sql.recording() as recorded[step]:
                response = _ask(request)
            if response.status_code not in request["expected"]:
                raise RuntimeError(f"{step}: {response.status_code} {response.content!r:.300}")
            if request["creates"]:
                number, created = response.json()["number"], request
        assert created is not None
        return number, created


def play(
    web: site.Web, scripts: Sequence[list[Request]], clients: int
) -> tuple[Measured, dict[str, Any]]:
    """Let the load generator play the scripts: what that came to, and everything it says."""
    plan = {"host": site.HOST, "port": web.port, "clients": clients, "scripts": scripts}
    before = web.seconds()
    done = subprocess.run(
        [sys.executable, "-m", "hotline.ops.bench.load"],
        input=json.dumps(plan).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    used, database = (now - then for now, then in zip(web.seconds(), before, strict=True))
    result: dict[str, Any] = json.loads(done.stdout)
    measured = Measured(
        count=result["completed"],
        seconds=result["seconds"],
        took=[each for took in result["took"].values() for each in took],
        web_seconds=used,
        database_seconds=database,
        load_seconds=result["own_seconds"],
        others_seconds=max(
            0.0, result["machine_seconds"] - used - database - result["own_seconds"]
        ),
    )
    return measured, result


def p95(took: Sequence[float]) -> float:
    """What ninety-five of a hundred stay below."""
    return sorted(took)[max(0, -(-len(took) * 95 // 100) - 1)]


def _marked(request: Request) -> Request:
    """The same request, to be profiled."""
    return request | {"headers": f"{request['headers']}{MARK}: 1\r\n"}


def _ask(request: Request) -> Any:
    """The request inside this process, through the whole of Django."""
    headers = dict(line.split(": ", 1) for line in request["headers"].splitlines())
    client = Client(enforce_csrf_checks=True)
    client.cookies.load(headers.pop("Cookie", ""))
    content_type = headers.pop("Content-Type", "application/json")
    return client.generic(
        request["method"],
        request["path"],
        request["body"],
        content_type=content_type,
        headers=headers,
    )
