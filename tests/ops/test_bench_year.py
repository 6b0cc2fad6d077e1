"""The city that the dashboards are measured in: a whole year that hangs together."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import F
from django.utils import timezone

from evaluation.models import FrozenOutcome, MonthClose, Outcome, UnitScore
from evaluation.outcomes import calendar
from evaluation.periods import assessment_month
from hotline.core.models import Unit
from hotline.core.working_time import BUSINESS_ZONE
from hotline.ops.bench import big_city, cast, clock, year
from hotline.ops.management.commands.seed import seed
from intake import numbering
from intake.models import State, Ticket

ASKED = ("--dashboards", "--tickets", "800", "--lives", "40", "--thinking", "0.01", "--folder")
FULL = dt.datetime(2026, 1, 17, 15, tzinfo=BUSINESS_ZONE)


def _build(time_machine: object) -> year.Year:
    time_machine.move_to(FULL)  # type: ignore[attr-defined]
    seed("city")
    return year.build(3000, 1000, cast.assemble().people, lives=60)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_year_has_as_many_tickets_as_were_asked_for_and_each_is_whole(
    time_machine: object,
) -> None:
    built = _build(time_machine)

    tickets = Ticket.objects.all()
    of_month = tickets.filter(accepted_at__gte=assessment_month(FULL).start)
    assert built.tickets == tickets.count() == 3000
    assert built.of_month == of_month.count() == 1000
    assert 0.3 < tickets.filter(dispatched_at__isnull=False).count() / 3000 < 0.5
    assert all(numbering.is_valid(number) for number in tickets.values_list("number", flat=True))
    assert not tickets.filter(accepted_at__gt=FULL + dt.timedelta(minutes=10)).exists()
    assert not tickets.filter(text=None).exists()
    dispatched = tickets.filter(dispatched_at__isnull=False)
    assert not dispatched.exclude(assignments__role="lead").exists()
    assert not dispatched.exclude(assignments__unit_id=F("lead_unit_id")).exists()
    assert not tickets.exclude(state=State.CLOSED).exclude(clocks__stopped_at=None).exists()
    assert not tickets.exclude(area__parent_id=F("district_id")).exists()


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_outcomes_of_a_year_are_those_of_their_tickets_and_old_months_are_closed(
    time_machine: object,
) -> None:
    built = _build(time_machine)

    led = Outcome.objects.filter(role="lead")
    assert built.outcomes == led.count()
    alike = {"number": "number", "unit_id": "lead_unit_id", "area_id": "area_id", "level": "level"}
    same = led.filter(**{name: F(f"ticket__{theirs}") for name, theirs in alike.items()})
    assert same.count() == led.count() == Ticket.objects.filter(lead_unit__isnull=False).count()
    for accepted_at, month in led.values_list("accepted_at", "month")[:500]:
        assert calendar().month_of(accepted_at).label == month
    assert led.values("unit_id").distinct().count() > 30
    assert set(MonthClose.objects.values_list("month", flat=True)) == set(
        FrozenOutcome.objects.values_list("month", flat=True)
    )
    assert MonthClose.objects.count() == built.closed_months >= 9
    assert UnitScore.objects.filter(month="2025-11", score__isnull=False).exists()


@pytest.mark.django_db
def test_a_large_city_has_sixteen_districts_of_twenty_streets() -> None:
    seed("city")

    big_city.grow(dt.date(2026, 1, 17))
    big_city.grow(dt.date(2026, 1, 17))

    streets = Unit.objects.filter(kind="street")
    assert streets.count() == streets.values("area_id").distinct().count() == 320
    assert Unit.objects.filter(group="district").count() == 16
    assert not streets.exclude(area__path__startswith=F("area__parent__path")).exists()


def test_a_full_month_is_one_that_ends_in_two_days() -> None:
    def found(month: int, day: int) -> str:
        now = dt.datetime(2026, month, day, 12, tzinfo=BUSINESS_ZONE)
        return timezone.localtime(clock.full_month_before(now)).isoformat()

    assert found(1, 18) == "2026-01-17T15:00:00+08:00"
    assert found(1, 17) == "2025-12-17T15:00:00+08:00"


@pytest.mark.processes
def test_the_dashboards_are_measured_twice_in_a_city_that_is_built_once() -> None:
    with tempfile.TemporaryDirectory(prefix="hotline-city-") as folder:
        Path(folder).chmod(0o711)  # the database's user must come in
        first = _bench(Path(folder) / "city")
        second = _bench(Path(folder) / "city")
        built = json.loads((Path(folder) / "city" / "city.json").read_text())

    assert built["tickets"] == 800
    assert "生成 800 件工单" in first
    assert "生成" not in second
    for said in (first, second):
        assert "模拟数据" in said
        line = next(line for line in said.splitlines() if line.startswith("市级督导 月度排名 "))
        # Opened, cold, and twice the median and p95 of server and reader.
        assert len(re.findall(r"(?<= )\d+(?= )", line)) >= 10
        assert re.search(r"有人办理：.*其间走完 \d+ 件工单", said)


def _bench(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", "bench", *ASKED, str(folder)],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
