"""Reports that people make for themselves: exactly the list's tickets, in pieces that survive a
worker's death, for nobody but who asked; and those made by a plan."""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import os
import re
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import connection, connections
from django.http import QueryDict
from django.test import Client
from openpyxl import load_workbook
from pytest_django import Settings

from evaluation.models import MonthClose
from evaluation.reference_data.loading import load_scheme
from evaluation.services import months
from hotline.celery import app
from hotline.core import digests
from hotline.core.actors import SYSTEM, Actor, actor_for_staff
from hotline.core.models import (
    AuditEntry,
    Deployment,
    Membership,
    Notice,
    Report,
    ReportChunk,
    ReportRun,
    ReportSchedule,
    Role,
    RunState,
    Staff,
)
from hotline.core.patience import alone
from hotline.core.reference import forget_all
from hotline.pages import report_runs, reports, schedules
from hotline.pages.filters import TicketFilter
from hotline.pages.report_counts import ACROSS, DIMENSIONS, CountTable, tally
from hotline.pages.tasks import clear_reports, make_reports, start_due_reports
from intake.models import TicketText
from tests import factories as make
from tests.kernel.together import together

SignIn = Callable[..., Client]
LIST = {"kind": "list", "rows": "unit", "columns": ["number", "title"], "format": "csv"}
COUNTS = {"kind": "counts", "rows": "unit", "across": "level", "format": "csv"}


@pytest.fixture
def city() -> None:
    """Tickets in every state, of several classes, units, channels and months."""
    make.accepted_ticket(title='=HYPERLINK("http://example.com")', is_confidential=False)
    make.accepted_ticket(category=make.category("0101"), area=make.area("990102001"))
    make.accepted_ticket(category=None, area=None, channel=make.channel("web"))
    make.dispatched_ticket()
    make.handled_ticket(at=make.AT - make.days(30))
    make.replied_ticket(category=make.category("0702"))
    make.closed_ticket(at=make.AT - make.days(20))


def supervisor() -> Staff:
    return make.make_staff(Role.CITY_SUPERVISOR, display_name="赵督导")


def who(staff: Staff) -> Actor:
    return actor_for_staff(staff, on=make.AT.date())


def report_of(
    staff: Staff, shape: dict[str, Any] | None = None, query: str = "", at: dt.datetime = make.AT
) -> Report:
    shape = shape or {"kind": "list", "format": "csv", "columns": ["number", "title"]}
    return reports.create_report(name="日常", query=query, shape=shape, actor=who(staff), at=at)


def made(report: Report, at: dt.datetime = make.AT) -> ReportRun:
    """A run brought to its end."""
    run = report_runs.ask(report, actor=who(report.owner), at=at)
    work(at)
    return ReportRun.objects.get(pk=run.pk)


def work(at: dt.datetime = make.AT) -> None:
    while report_runs.carry_on(at=at):
        pass


def content(run: ReportRun, at: dt.datetime = make.AT) -> bytes:
    return b"".join(report_runs.fetch(run, actor=who(run.report.owner), at=at))


def lines(run: ReportRun) -> list[list[str]]:
    """Under the line that says who made it: the head and the tickets."""
    return list(csv.reader(io.StringIO(content(run).decode("utf-8-sig"))))[1:]


# === What is made ===========================================================================


@pytest.mark.usefixtures("city")
def test_a_report_is_made_of_the_list_in_front_of_its_maker(sign_in: SignIn) -> None:
    browser = sign_in(staff=supervisor())
    assert 'href="/reports/new/?state=open"' in browser.get("/tickets/?state=open").content.decode()

    answer = browser.post("/reports/new/?state=open&after=3", LIST | {"name": "未办结"})
    work()
    page = browser.get(answer.headers["Location"]).content.decode()
    file = browser.get(re.search(r'href="(\S+/download/)"', page)[1])  # type: ignore[index]

    run = ReportRun.objects.get()
    assert (run.outcome, run.total, run.done) == (RunState.DONE, 6, 6)
    assert run.query == "state=open"
    text = b"".join(file.streaming_content).decode()  # type: ignore[attr-defined]
    assert len(text.encode()) == int(file.headers["Content-Length"])
    assert text.count("\r\n") == 2 + 6
    assert "'=HYPERLINK" in text
    assert "赵督导 于 2026-04-14 10:00:00 生成" in text


@pytest.mark.usefixtures("city", "clock")
@pytest.mark.parametrize("query", ["", "state=open", "level=L2", "unit=990101001", "category=05"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_lines_of_the_file_are_the_tickets_of_the_list(
    query: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_runs, "PIECE", 2)
    owner = supervisor()
    listed = TicketFilter(QueryDict(query), who(owner), make.AT).tickets().order_by("-pk")
    run = made(report_of(owner, {"kind": "list", "format": kind, "columns": ["number"]}, query))

    if kind == "csv":
        rows = [line[0] for line in lines(run)]
    else:
        sheet = load_workbook(io.BytesIO(content(run))).worksheets[0]
        rows = [row[0].value for row in sheet.iter_rows()][1:]

    assert rows == ["编号", *listed.values_list("number", flat=True)]
    assert run.total == run.done == listed.count()


@pytest.mark.usefixtures("clock")
def test_a_workbook_holds_text_as_it_was_written() -> None:
    make.accepted_ticket()
    TicketText.objects.update(title="=1+1 <路灯> & \x0b“坏”")
    shape = {"kind": "list", "format": "xlsx", "columns": ["title", "rehandled"]}

    run = made(report_of(supervisor(), shape))
    sheet = load_workbook(io.BytesIO(content(run))).worksheets[0]

    cell, number = sheet[3]
    assert (cell.value, cell.data_type) == ("=1+1 <路灯> & “坏”", "s")
    assert number.value == 0


@pytest.mark.usefixtures("city", "clock")
def test_invented_data_say_so_in_every_file() -> None:
    Deployment.objects.update(is_simulated=True)
    forget_all()
    for shape in ({"kind": "list", "format": "csv", "columns": ["number"]},
                  {"kind": "counts", "format": "csv", "rows": "unit", "across": ""}):  # fmt: skip
        run = made(report_of(supervisor(), shape))

        assert content(run).decode("utf-8-sig").startswith("模拟数据")


@pytest.mark.usefixtures("city", "clock")
@pytest.mark.parametrize("rows", DIMENSIONS)
def test_numbers_sum_to_the_list_and_open_their_tickets(rows: str) -> None:
    actor = make.actor(Role.CITY_SUPERVISOR)
    queries = ("", "sort=left", "area=990101001", "category=05&accepted_from=2026-04-10")
    others = [name for name in ("", *ACROSS) if name != rows]
    for query, across in itertools.product(queries, others):
        listed = TicketFilter(QueryDict(query), actor, make.AT)
        counts = tally(listed, rows, across)
        table = CountTable(counts, {"rows": rows, "across": across}, listed)

        assert sum(n for *_keys, n in counts) == listed.tickets().count() == table.sums[-1].value
        cells = [cell for line in table.lines for cell in (*line.cells, line.sum)]
        linked = [cell for cell in (*cells, *table.sums) if cell.url]
        assert linked
        for cell in linked:
            opened = TicketFilter(QueryDict(cell.url.partition("?")[2]), actor, make.AT)
            assert opened.tickets().count() == cell.value, (query, cell)


@pytest.mark.usefixtures("city", "clock")
def test_a_number_that_no_address_can_say_is_no_link() -> None:
    """A class with others below it; no class at all; of a number of the assessment, the unit and
    the class that were assessed."""
    actor = make.actor(Role.CITY_SUPERVISOR)
    make.accepted_ticket(category=make.category("01"))
    plain = TicketFilter(QueryDict(), actor, make.AT)
    of_number = TicketFilter(QueryDict("cell=volume&period=2026-04&unit=990101001"), actor, make.AT)

    def links(listed: TicketFilter, rows: str, keys: list[str]) -> list[bool]:
        shape = {"rows": rows, "across": ""}
        table = CountTable([(key, "", 1) for key in keys], shape, listed)
        return [bool(line.sum.url) for line in table.lines]

    assert links(plain, "class", ["01", "0101", ""]) == [False, True, False]
    assert links(plain, "unit", ["990101001"]) == [True]
    assert links(of_number, "unit", ["990101001"]) == [False]
    assert links(of_number, "class", ["0101"]) == [False]
    assert links(of_number, "first_class", ["01"]) == [False]
    assert links(of_number, "level", ["L3"]) == [True]


@pytest.mark.usefixtures("city")
def test_a_table_of_numbers_is_shown_and_written(sign_in: SignIn) -> None:
    browser = sign_in(staff=supervisor())

    browser.post("/reports/new/", COUNTS | {"name": "单位×等级"})
    work()
    run = ReportRun.objects.get()
    page = browser.get(f"/reports/runs/{run.pk}/").content.decode()

    assert 'href="/tickets/?level=L3&amp;unit=990101001"' in page
    assert lines(run)[-1][-1] == "7"
    assert lines(run)[0][0] == "主办单位"


@pytest.mark.usefixtures("clock")
def test_a_list_too_long_for_a_workbook_is_refused_before_it_begins(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_runs, "MOST_ROWS", 4)
    owner = supervisor()
    browser = sign_in(staff=owner)
    for _ in range(2):
        make.accepted_ticket()
    run = made(report_of(owner, {"kind": "list", "format": "xlsx", "columns": ["number"]}))
    page = browser.get(f"/reports/runs/{run.pk}/").content.decode()

    assert (run.failure, run.pieces, run.chunks.count()) == ("too_many_for_xlsx", 0, 0)
    assert "请改用 CSV" in page
    browser.post(f"/reports/runs/{run.pk}/as-csv/")
    work()
    assert ReportRun.objects.order_by("pk").last().outcome == RunState.DONE  # type: ignore[union-attr]


@pytest.mark.usefixtures("clock")
def test_an_address_that_cannot_be_read_makes_nothing(sign_in: SignIn) -> None:
    owner = supervisor()

    answer = sign_in(staff=owner).post("/reports/new/?unit=nowhere", LIST | {"name": "x"})
    run = made(report_of(owner, query="unit=nowhere"))

    assert answer.status_code == 422
    assert run.failure == "filter_refused"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"columns": []}, "请至少选一列"),
        ({"kind": "counts", "across": "unit"}, "统计的列"),
        ({"kind": "counts", "rows": "level", "across": "level"}, "请选不同的项目"),
        ({"name": ""}, "报告名称"),
    ],
)
def test_what_is_wrong_in_the_form_is_said(
    sign_in: SignIn, wrong: dict[str, Any], said: str
) -> None:
    answer = sign_in(staff=supervisor()).post("/reports/new/", LIST | {"name": "x"} | wrong)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Report.objects.exists()


# === In pieces ==============================================================================


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_costs_nothing(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after its third piece is written and before that is committed."""
    monkeypatch.setattr(report_runs, "PIECE", 1)
    for _ in range(5):
        make.accepted_ticket()
    owner = supervisor()
    shape = {"kind": "list", "format": kind, "columns": ["number", "title"]}
    whole = made(report_of(owner, shape))
    run = report_runs.ask(report_of(owner, shape), actor=who(owner), at=make.AT)
    connections.close_all()

    worker = os.fork()
    if worker == 0:
        dies_in_the_third_piece()
    wait_until(lambda: ReportChunk.objects.filter(run=run).count() == 2)
    wait_until(lambda: not lock_is_free())
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
    wait_until(lock_is_free)
    work()
    run.refresh_from_db()

    assert (run.outcome, run.done, run.digest) == (RunState.DONE, 5, whole.digest)
    assert content(run) == content(whole)


def dies_in_the_third_piece() -> None:
    save, count = report_runs._save, itertools.count(1)

    def save_or_hang(run: ReportRun, **changes: Any) -> None:
        if next(count) == 3:
            signal.pause()
        save(run, **changes)

    report_runs._save = save_or_hang
    try:
        with alone(report_runs.AT_WORK):
            work()
    finally:
        os._exit(1)


def wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(200):
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError("it never came to that")


def lock_is_free() -> bool:
    with alone(report_runs.AT_WORK) as is_alone:
        return is_alone


@pytest.mark.usefixtures("clock", "city")
def test_a_run_that_kills_every_worker_is_given_up() -> None:
    run = report_runs.ask(report_of(owner := supervisor()), actor=who(owner), at=make.AT)
    ReportRun.objects.update(attempts=report_runs.ATTEMPTS)

    work()
    run.refresh_from_db()

    assert (run.outcome, run.failure) == (RunState.FAILED, "interrupted")


@pytest.mark.usefixtures("clock", "city")
def test_an_error_fails_that_run_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = supervisor()
    bad = report_of(owner, {"kind": "list", "format": "csv", "columns": ["no such column"]})
    run, good = (report_runs.ask(one, actor=who(owner), at=make.AT) for one in
                 (bad, report_of(owner)))  # fmt: skip

    work()
    run.refresh_from_db(), good.refresh_from_db()

    assert (run.outcome, run.failure) == (RunState.FAILED, "error")
    assert good.outcome == RunState.DONE


@pytest.mark.usefixtures("clock", "city")
def test_a_piece_written_by_somebody_else_is_not_written_twice() -> None:
    run = report_runs.ask(report_of(owner := supervisor()), actor=who(owner), at=make.AT)
    report_runs.carry_on(at=make.AT)
    late = ReportRun.objects.select_related("report__owner").get(pk=run.pk)
    report_runs.carry_on(at=make.AT)

    report_runs._advance(late, make.AT)
    work()
    run.refresh_from_db()

    assert run.done == run.total == 7
    assert len(lines(run)) == 1 + 7


@pytest.mark.usefixtures("city")
def test_a_run_that_is_stopped_leaves_nothing(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_runs, "PIECE", 1)
    browser = sign_in(staff=(owner := supervisor()))
    run = report_runs.ask(report_of(owner), actor=who(owner), at=make.AT)
    for _ in range(3):
        report_runs.carry_on(at=make.AT)
    page = browser.get(f"/reports/runs/{run.pk}/progress/").content.decode()

    browser.post(f"/reports/runs/{run.pk}/cancel/")
    work()
    run.refresh_from_db()

    assert "2 / 7 件" in page
    assert 'hx-trigger="every 2s"' in page
    assert (run.outcome, run.chunks.count()) == (RunState.CANCELLED, 0)
    after = browser.get(f"/reports/runs/{run.pk}/progress/").content.decode()
    assert "hx-trigger" not in after
    assert browser.get(f"/reports/runs/{run.pk}/download/").status_code == 302


@pytest.mark.usefixtures("city", "clock")
def test_nobody_has_more_than_two_made_at_once(sign_in: SignIn) -> None:
    owner = supervisor()
    browser, report = sign_in(staff=owner), report_of(owner)

    for _ in range(3):
        answer = browser.post(f"/reports/{report.pk}/run/", follow=True)
    report_of_another = report_of(supervisor())

    assert ReportRun.objects.count() == 2
    assert "您已有2份报告正在生成" in answer.content.decode()
    assert report_runs.ask(report_of_another, actor=who(report_of_another.owner), at=make.AT)


@pytest.mark.usefixtures("city", "clock")
def test_a_long_report_does_not_keep_a_short_one_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_runs, "PIECE", 1)
    first, second = (
        report_runs.ask(report_of(one, query=query), actor=who(one), at=make.AT)
        for one, query in ((supervisor(), ""), (supervisor(), "level=L2"))
    )

    for n in range(8):
        report_runs.carry_on(at=make.AT + make.minutes(n))
    first.refresh_from_db(), second.refresh_from_db()

    assert second.outcome == RunState.DONE
    assert not first.outcome


@pytest.mark.usefixtures("city", "clock")
def test_the_task_makes_what_waits() -> None:
    run = report_runs.ask(report_of(owner := supervisor()), actor=who(owner), at=make.AT)

    make_reports()
    run.refresh_from_db()

    assert run.outcome == RunState.DONE


# === Who may ================================================================================


@pytest.mark.usefixtures("city", "clock")
def test_a_report_has_what_its_maker_may_see_when_it_is_made() -> None:
    staff = make.make_staff(Role.HANDLER, make.unit("990102001"))
    report = report_of(staff)
    before = made(report)

    Membership.objects.filter(staff=staff).update(unit=make.unit("990101001"))
    after = made(report)

    assert before.done == 0
    assert after.done == TicketFilter(QueryDict(), who(staff), make.AT).tickets().count() > 0


@pytest.mark.usefixtures("city", "clock")
@pytest.mark.parametrize("loses", ["role", "account"])
def test_who_has_lost_the_role_gets_nothing(loses: str) -> None:
    run = report_runs.ask(report_of(owner := supervisor()), actor=who(owner), at=make.AT)
    report_runs.carry_on(at=make.AT)
    if loses == "role":
        Membership.objects.filter(staff=owner).update(role=Role.KNOWLEDGE_EDITOR)
    else:
        Staff.objects.filter(pk=owner.pk).update(is_active=False)

    work()
    run.refresh_from_db()

    assert (run.failure, run.chunks.count()) == ("not_permitted", 0)


@pytest.mark.usefixtures("city")
def test_a_file_made_by_a_role_that_was_lost_is_not_handed_out(sign_in: SignIn) -> None:
    run = made(report_of(owner := supervisor(), {"kind": "counts", "format": "csv", "rows": "unit",
                                                 "across": ""}))  # fmt: skip
    Membership.objects.filter(staff=owner).update(role=Role.HANDLER, unit=make.unit())
    browser = sign_in(staff=owner)

    assert browser.get(f"/reports/runs/{run.pk}/download/").status_code == 404
    page = browser.get(f"/reports/runs/{run.pk}/").content.decode()
    assert "这份文件不能再取" in page
    assert 'class="rates"' not in page


@pytest.mark.usefixtures("city")
def test_nobody_opens_the_report_of_another(sign_in: SignIn) -> None:
    run = made(report_of(supervisor()))
    browser = sign_in(staff=supervisor())
    own = (f"/reports/runs/{run.pk}/", f"/reports/{run.report_id}/")

    for address in (*own, f"{own[0]}progress/", f"{own[0]}download/"):
        assert browser.get(address).status_code == 404
    for address in (f"{own[0]}cancel/", f"{own[0]}as-csv/", f"{own[1]}run/", f"{own[1]}delete/",
                    f"{own[1]}schedule/pause/"):  # fmt: skip
        assert browser.post(address).status_code == 404
    plan = {"cadence": "daily", "weekday": "1", "days_after": "1"}
    assert browser.post(f"{own[1]}schedule/", plan).status_code == 404
    assert "日常" not in browser.get("/reports/").content.decode()


@pytest.mark.usefixtures("city")
def test_every_file_taken_away_is_recorded(sign_in: SignIn) -> None:
    run = made(report_of(owner := supervisor(), query="state=open"))

    sign_in(staff=owner).get(f"/reports/runs/{run.pk}/download/")

    entry = AuditEntry.objects.get(action="tickets_exported")
    assert entry.actor == f"staff:{owner.pk}"
    assert entry.data == {
        "conditions": ["state"], "report": run.report_id, "run": run.pk, "rows": 6,
        "digest": run.digest,
    }  # fmt: skip


@pytest.mark.usefixtures("city")
def test_files_go_after_their_days(
    sign_in: SignIn, clock: time_machine.Coordinates, settings: Settings
) -> None:
    settings.REPORT_DAYS = 2
    run = made(report_of(owner := supervisor()))
    browser = sign_in(staff=owner)

    clock.move_to(make.AT + make.days(2) - make.minutes(1))
    clear_reports()
    assert browser.get(f"/reports/runs/{run.pk}/download/").status_code == 200
    clock.move_to(make.AT + make.days(2))
    gone = browser.get(f"/reports/runs/{run.pk}/download/", follow=True).content.decode()
    clear_reports()

    assert "已过期" in gone
    assert not ReportChunk.objects.exists()
    assert ReportRun.objects.filter(pk=run.pk).exists()


@pytest.mark.usefixtures("city")
def test_a_report_that_is_deleted_is_gone_with_its_files(sign_in: SignIn) -> None:
    run = made(report_of(owner := supervisor()))

    sign_in(staff=owner).post(f"/reports/{run.report_id}/delete/")

    assert not Report.objects.exists()
    assert not ReportChunk.objects.exists()


# === By a plan ==============================================================================

SEVEN = make.AT.replace(hour=7)


def planned(staff: Staff, at: dt.datetime = make.AT, **plan: Any) -> ReportSchedule:
    plan = {"cadence": "daily", "weekday": 1, "days_after": 1, "is_rolling": False} | plan
    return schedules.set_schedule(report=report_of(staff, query="level=L3"), **plan, at=at)


def due_times() -> list[dt.datetime | None]:
    return list(ReportRun.objects.order_by("pk").values_list("due_at", flat=True))


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("plan", "first"),
    [
        ({"cadence": "daily"}, SEVEN + make.days(1)),
        ({"cadence": "weekly", "weekday": 2}, SEVEN + make.days(7)),
        ({"cadence": "weekly", "weekday": 5}, SEVEN + make.days(3)),
    ],
)
def test_a_report_is_made_at_its_time_and_once(plan: dict[str, Any], first: dt.datetime) -> None:
    planned(supervisor(), **plan)

    assert schedules.start_due(at=make.AT + make.minutes(1)) == 0
    assert schedules.start_due(at=first - make.minutes(1)) == 0
    assert schedules.start_due(at=first) == 1
    assert schedules.start_due(at=first + make.minutes(1)) == 0
    assert due_times() == [first]


@pytest.mark.usefixtures("clock")
def test_after_a_stop_only_the_last_time_is_made_up() -> None:
    planned(supervisor())

    schedules.start_due(at=make.AT + make.days(5))

    assert due_times() == [SEVEN + make.days(5)]


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_make_one_report() -> None:
    planned(supervisor())
    at = SEVEN + make.days(1)

    together(*[lambda: schedules.start_due(at=at)] * 4)

    assert due_times() == [at]


@pytest.mark.usefixtures("clock")
def test_a_report_after_the_close_waits_for_it_and_is_of_that_month() -> None:
    load_scheme(make.AT)
    planned(supervisor(), cadence="after_close", days_after=2, is_rolling=True)
    months.open_draft(month="2026-02", actor=SYSTEM, at=make.AT - make.days(20))
    assert schedules.start_due(at=make.AT + make.days(9)) == 0

    closed_at = make.AT + make.days(10)
    months.close_month(month="2026-02", by="staff:1", at=closed_at)
    assert MonthClose.objects.get().closed_at == closed_at
    schedules.start_due(at=SEVEN + make.days(12) - make.minutes(1))
    schedules.start_due(at=SEVEN + make.days(12))

    run = ReportRun.objects.get()
    assert run.due_at == SEVEN + make.days(12)
    assert QueryDict(run.query).dict() == {"level": "L3", "period": "2026-02"}


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("plan", "span"),
    [
        ({"cadence": "daily"}, ("2026-04-14", "2026-04-14")),
        ({"cadence": "weekly", "weekday": 3}, ("2026-04-08", "2026-04-14")),
    ],
)
def test_a_rolling_report_is_of_the_time_just_past(
    plan: dict[str, Any], span: tuple[str, str]
) -> None:
    planned(supervisor(), is_rolling=True, **plan)

    schedules.start_due(at=SEVEN + make.days(1))

    query = QueryDict(ReportRun.objects.get().query)
    assert (query["level"], query["accepted_from"], query["accepted_to"]) == ("L3", *span)


@pytest.mark.usefixtures("city")
def test_the_owner_is_told_in_the_bell_and_by_mail(
    sign_in: SignIn, clock: time_machine.Coordinates, settings: Settings, mailoutbox: list[Any]
) -> None:
    settings.EMAIL_HOST = "mail.example.com"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    owner = make.make_staff(Role.CITY_SUPERVISOR, email="zhao@example.com")
    planned(owner)
    at = SEVEN + make.days(1)
    digests.make_mails(at=at)
    clock.move_to(at)

    start_due_reports()
    make_reports()
    digests.make_mails(at=at + make.hours(1))
    digests.send_mails(at=at + make.hours(1))

    run = ReportRun.objects.get()
    page = sign_in(staff=owner).get("/notices/").content.decode()
    assert f'href="/reports/runs/{run.pk}/"' in page
    assert "定时报告已生成" in page
    assert "日常" in page
    (mail,) = mailoutbox
    assert "定时报告已生成" in mail.body
    assert not mail.attachments
    assert "日常" not in mail.body


@pytest.mark.usefixtures("city", "clock")
def test_the_owner_is_told_of_what_could_not_be_made() -> None:
    plan = planned(supervisor())
    Report.objects.filter(pk=plan.report_id).update(query="unit=nowhere")

    schedules.start_due(at=SEVEN + make.days(1))
    work(SEVEN + make.days(1))

    assert Notice.objects.get().type == "report_failed"


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("loses", ["no_role", "inactive"])
def test_the_plan_of_who_may_not_read_any_more_is_paused(loses: str) -> None:
    plan = planned(owner := supervisor())
    if loses == "no_role":
        Membership.objects.filter(staff=owner).update(valid_to=make.AT.date())
    else:
        Staff.objects.filter(pk=owner.pk).update(is_active=False)

    schedules.start_due(at=SEVEN + make.days(1))
    plan.refresh_from_db()

    assert (plan.pause_reason, plan.paused_at) == (loses, SEVEN + make.days(1))
    assert not ReportRun.objects.exists()


def test_a_plan_is_set_paused_gone_on_with_and_taken_away(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    report = report_of(owner := supervisor())
    browser = sign_in(staff=owner)
    address = f"/reports/{report.pk}/schedule/"
    wrong = browser.post(address, {"cadence": "hourly", "weekday": "1", "days_after": "1"})
    plan = {"cadence": "weekly", "weekday": "3", "days_after": "1"}

    page = browser.post(address, plan, follow=True).content.decode()
    browser.post(f"{address}pause/")
    paused = schedules.start_due(at=SEVEN + make.days(1))
    clock.move_to(SEVEN + make.days(1) + make.hours(1))
    browser.post(f"{address}resume/")

    assert wrong.status_code == 422
    assert "2026-04-15T07:00:00+08:00" in page
    assert paused == 0
    assert schedules.start_due(at=SEVEN + make.days(1) + make.hours(2)) == 0
    assert schedules.start_due(at=SEVEN + make.days(8)) == 1
    browser.post(f"{address}remove/")
    assert not ReportSchedule.objects.exists()
    assert browser.post(f"{address}pause/").status_code == 404


def test_the_clock_of_the_city_runs_the_three_tasks() -> None:
    planned_tasks = {entry["task"] for entry in app.conf.beat_schedule.values()}

    assert {task.name for task in (make_reports, start_due_reports, clear_reports)} <= planned_tasks


@pytest.mark.usefixtures("clock")
def test_a_page_of_reports_costs_the_same_however_many_there_are(
    sign_in: SignIn, django_assert_max_num_queries: Any
) -> None:
    owner = supervisor()
    browser = sign_in(staff=owner)
    for _ in range(4):
        made(report_of(owner))
    browser.get("/reports/")

    with django_assert_max_num_queries(6, connection=connection):
        browser.get("/reports/")
