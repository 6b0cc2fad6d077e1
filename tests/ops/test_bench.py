"""The bench itself: that it lives whole lives and prints its figures. Nothing is timed here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import F
from django.utils import timezone

from dispatch.models import Assignment, AssignmentRole
from evaluation.models import Outcome, Scheme
from evaluation.outcomes import calendar
from hotline.localstack import paths
from hotline.ops.bench import building, cast
from hotline.ops.bench.operations import LIFE, READS, TITLES
from hotline.ops.management.commands.seed import seed
from intake import numbering
from intake.models import Requester, State, Ticket, TicketEvent

LIVES = 6


@pytest.mark.processes
def test_a_tiny_bench_lives_whole_lives_over_http_and_prints_every_figure() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "manage.py",
            "bench",
            "--tickets",
            "200",
            "--lives",
            str(LIVES),
            "--thinking",
            "0.1",
        ],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "没有得到应有的回答" not in done.stdout
    for step in (*LIFE, *READS):
        assert _numbers_of(done.stdout, TITLES[step]) >= 9
    assert re.search(r"完整工单（.*→ 办结）：[\d.]+ 件/秒", done.stdout)
    assert re.search(r"每件处理器时间：网站 [\d.]+ ms，数据库 [\d.]+ ms", done.stdout)
    assert list(Path(paths.data_folder()).glob("bench-*")) == []


def _numbers_of(printed: str, title: str) -> int:
    """How many figures stand in the line of an operation."""
    line = next(line for line in printed.splitlines() if line.startswith(title))
    return len(re.findall(r"(?<= )[\d.]+(?= |$)", line.removeprefix(title)))


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_bulk_built_tickets_are_as_whole_as_those_the_services_made() -> None:
    seed("city")

    built = building.build(200, cast.assemble().people)

    tickets = Ticket.objects.all()
    assert built.tickets == tickets.count() == 200
    assert built.dispatched == 80
    assert all(numbering.is_valid(number) for number in tickets.values_list("number", flat=True))
    assert not tickets.filter(accepted_at__gt=timezone.now()).exists()
    assert tickets.exclude(state=State.CLOSED).filter(clocks__stopped_at=None).count() >= 10
    assert not tickets.filter(state=State.CLOSED, clocks__stopped_at=None).exists()
    assert Requester.objects.values("phone_hash").distinct().count() == Requester.objects.count()


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_bulk_built_events_name_rows_of_their_own_ticket() -> None:
    seed("city")

    building.build(200, cast.assemble().people)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM intake_ticket t WHERE event_seq <> (SELECT count(*) FROM"
            " intake_ticketevent e WHERE e.ticket_id = t.id AND e.number = t.number"
            " AND e.seq <= t.event_seq)"
        )
        assert cursor.fetchone() == (0,)
        cursor.execute(
            "SELECT count(*) FROM intake_ticketevent e WHERE data ? 'assignment' AND NOT EXISTS"
            " (SELECT FROM dispatch_assignment a WHERE a.id = (e.data->>'assignment')::bigint"
            " AND a.ticket_id = e.ticket_id)"
        )
        assert cursor.fetchone() == (0,)
    assert TicketEvent.objects.filter(type="dispatched").count() == 80
    led = Assignment.objects.open().filter(role=AssignmentRole.LEAD)
    assert led.overdue(timezone.now()).exists()
    assert not led.exclude(unit_id=F("ticket__lead_unit_id")).exists()


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_bulk_built_outcomes_are_those_of_their_own_ticket_requester_and_month() -> None:
    seed("city")

    building.build(200, cast.assemble().people)

    led = Outcome.objects.filter(role="lead")
    of_requester = led.filter(requester_id=F("ticket__parties__requester_id"))
    accepted = led.filter(number=F("ticket__number"), accepted_at=F("ticket__accepted_at"))
    assert led.count() == of_requester.count() == accepted.count() == 80
    for accepted_at, month in led.values_list("accepted_at", "month"):
        assert calendar().month_of(accepted_at).label == month
    assert Scheme.objects.count() == 1
