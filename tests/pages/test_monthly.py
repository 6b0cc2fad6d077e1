"""The monthly ranking: every number opens exactly its tickets."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from html import unescape

import pytest
import time_machine
from django.test import Client
from openpyxl import load_workbook

from dispatch import services as dispatching
from evaluation import memos, monthly, outcomes
from evaluation import months as reading
from evaluation.models import UnitScore
from evaluation.services import months
from hotline.core.models import AuditEntry, Role
from tests import factories as make
from tests.pages import closing

SignIn = Callable[..., Client]
READERS = (
    (Role.CITY_SUPERVISOR, ""),
    (Role.AUDITOR, ""),
    (Role.DISTRICT_SUPERVISOR, "990101"),
    (Role.HANDLER, "990101001"),
)
APRIL = "/monthly/?period=2026-04"


@pytest.fixture
def month(clock: time_machine.Coordinates) -> None:
    """An April in which something of everything has happened; read on the 16th of April."""
    closing.adopt(min_sample=10)
    at = make.AT - make.days(10)
    other = {"area": make.area("990102001"), "lead_unit": make.unit("990102001")}
    make.closed_ticket(at=at)
    make.closed_ticket(at=at, satisfaction="basically", phone="13911110001")
    make.closed_ticket(
        at=at, contacted=False, resolved=False, satisfaction="dissatisfied", phone="13911110002"
    )
    make.closed_ticket(at=at, **other)
    make.closed_ticket(at=at, request_type="praise")
    make.closed_ticket(at=at - make.days(40))
    make.handled_ticket(at=at, phone="13911110003")  # overdue by now
    returned = make.handled_ticket(at=at, phone="13911110004")
    dispatching.raise_objection(
        number=returned.number, actor=make.handler(returned), at=at + make.minutes(20),
        reason="不属本街道", basis="职责清单",
    )  # fmt: skip
    dispatching.return_to_desk(
        number=returned.number, actor=make.dispatcher(), at=at + make.minutes(40)
    )
    dispatching.dispatch(
        number=returned.number, actor=make.dispatcher(), at=at + make.minutes(50),
        lead_unit=make.unit("city-urban"),
    )  # fmt: skip
    clock.move_to(make.AT + make.days(2))
    outcomes.rebuild(None, at=make.AT + make.days(2))


def stats(page: str) -> list[tuple[str, int, str]]:
    """(what it counts, the number, the address behind it) of every number of the table."""
    found = re.findall(r'<a class="stat[^"]*" href="([^"]*)" aria-label="([^"]*) (\d+)">', page)
    return [(label, int(value), unescape(url)) for url, label, value in found]


def listed(browser: Client, url: str) -> tuple[int, int]:
    """How many tickets the list says it has, and how many it shows."""
    page = browser.get(url).content.decode()
    total = re.search(r"共 (\d+) 件", page)
    assert total, url
    return int(total[1]), len(re.findall(r'<td class="mono"><a href="/tickets/', page))


def exported(browser: Client, query: str) -> int:
    answer = browser.get(f"/tickets/export/{query}")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return len(list(csv.reader(io.StringIO(text)))) - 1


def lines(page: str) -> list[str]:
    """The names of the units with a line, in the order of the table."""
    return re.findall(r'<th class="name" scope="row">(?:<a [^>]*>)?([^<]+?)(?: <span|<)', page)


def counts(page: str, name: str) -> dict[str, int]:
    """What one unit's columns count, without those that are nothing."""
    return {
        label.removeprefix(f"{name} "): value
        for label, value, _url in stats(page)
        if label.startswith(name)
    }


# === Numbers and lists =======================================================================


@pytest.mark.usefixtures("month")
@pytest.mark.parametrize(("role", "unit"), READERS)
@pytest.mark.parametrize("group", ["street_town", "city_department"])
@pytest.mark.parametrize("is_closed", [False, True])
def test_every_number_is_the_length_of_its_list_and_its_export(
    sign_in: SignIn, clock: time_machine.Coordinates, role: Role, unit: str, group: str,
    is_closed: bool,
) -> None:  # fmt: skip
    if is_closed:
        closing.close()
        clock.move_to(closing.CLOSED + make.days(1))
    browser = sign_in(role, make.unit(unit) if unit else None)
    numbers = stats(browser.get(f"{APRIL}&group={group}").content.decode())

    for label, value, url in numbers:
        total, shown = listed(browser, url)
        assert total == shown == exported(browser, url.removeprefix("/tickets/")), label
        if total != value:
            page = browser.get(url).content.decode()
            assert (role, label[-2:]) == (Role.HANDLER, "退单"), label
            assert f"考评表计 {value} 件，这里列出 {total} 件" in page
            assert f"有 {value - total} 件现在由其他单位办理" in page
    assert numbers or group == "city_department"


@pytest.mark.usefixtures("month")
def test_the_columns_count_what_they_say(sign_in: SignIn) -> None:
    page = sign_in(Role.CITY_SUPERVISOR).get(APRIL).content.decode()

    assert counts(page, "甲一街道办事处") == {
        "承办量": 4, "应回访": 4, "有效回访": 3, "已联系": 2, "已解决": 2, "满意": 1,
        "基本满意": 1, "未解决": 1, "超时": 1, "退单": 1,
    }  # fmt: skip


@pytest.mark.usefixtures("month")
def test_the_sum_is_that_of_the_lines_and_both_averages_are_named(sign_in: SignIn) -> None:
    page = sign_in(Role.CITY_SUPERVISOR).get(APRIL).content.decode()

    assert counts(page, "各单位合计")["有效回访"] == 4
    macro, micro = re.findall(r'is-average">.*?</tr>', page, re.S)
    assert "单位平均" in macro
    assert "83.33%" in macro  # of 2/3 and 3/3
    assert "按件平均" in micro
    assert "75.00%" in micro  # 3 of 4


@pytest.mark.usefixtures("month")
def test_nobody_reads_how_many_another_unit_has(sign_in: SignIn) -> None:
    handler = sign_in(Role.HANDLER, make.unit("990102001"))

    page = handler.get("/tickets/?period=2026-04&unit=990101001&cell=valid").content.decode()

    assert "不在您的查看范围内" in page
    assert "考评表计" not in page


# === Who reads what ==========================================================================


@pytest.mark.usefixtures("month")
def test_a_unit_reads_its_own_line(sign_in: SignIn) -> None:
    handler = sign_in(Role.HANDLER, make.unit("990102001"))

    page = handler.get(APRIL).content.decode()

    assert lines(page) == ["乙一镇政府"]
    assert "甲一街道办事处" not in page


def test_second_receivers_are_read_by_the_hotline_only(sign_in: SignIn) -> None:
    tab = f"{APRIL}&group=second_receiver"

    page = sign_in(Role.CITY_SUPERVISOR).get(tab)
    street = sign_in(Role.HANDLER, make.unit())

    assert "这一组不公布" in page.content.decode()
    assert street.get(tab).status_code == 404
    assert "不公布" not in street.get(APRIL).content.decode()


@pytest.mark.parametrize("query", ["?period=2026-99", "?period=x", "?group=no", "?period=2027-01"])
def test_a_month_or_group_that_does_not_exist_is_not_found(sign_in: SignIn, query: str) -> None:
    browser = sign_in(Role.CITY_SUPERVISOR)

    assert browser.get(f"/monthly/{query}").status_code == 404
    assert browser.get(f"/monthly/export/{query}").status_code == 404


# === Places ==================================================================================


@pytest.fixture
def three_streets(clock: time_machine.Coordinates) -> None:
    """甲二街道 all satisfied, 乙一镇 nearly, 甲一街道 rarely; 甲一街道 was first in March."""
    closing.adopt(tail_count=1)
    march = make.AT - make.days(30)
    closing.answered("990101001", good=4, bad=0, at=march)
    closing.answered("990102001", good=2, bad=2, at=march)
    closing.close("2026-03", closing.CLOSED - make.days(30))
    closing.answered("990101002", good=5, bad=0)
    closing.answered("990102001", good=4, bad=1)
    closing.answered("990101001", good=0, bad=5)
    clock.move_to(make.AT + make.days(2))
    outcomes.rebuild(None, at=make.AT + make.days(2))


def place(page: str, name: str) -> tuple[str, str, str]:
    """(rank, change, band) of a unit's line."""
    row = next(row for row in re.findall(r"<tr.*?</tr>", page, re.S) if f">{name}<" in row
               or f">{name} <" in row)  # fmt: skip
    rank = re.search(r'<td class="rank">(\d+)(?:<a[^>]*>)?(?:<span[^>]*>([^<]*)</span>)?', row)
    band = re.search(r'<td class="band">(\w*)</td>', row)
    assert rank, row
    assert band
    return rank[1], rank[2] or "", band[1]


@pytest.mark.usefixtures("three_streets")
def test_units_stand_by_their_score_with_what_changed_since_last_month(sign_in: SignIn) -> None:
    page = sign_in(Role.CITY_SUPERVISOR).get(APRIL).content.decode()

    assert lines(page) == ["甲二街道办事处", "乙一镇政府", "甲一街道办事处", "各单位合计"]
    assert place(page, "甲二街道办事处") == ("1", "—", "A")
    assert place(page, "乙一镇政府") == ("2", "＝", "A")
    assert place(page, "甲一街道办事处") == ("3", "↓2", "B")


@pytest.mark.usefixtures("three_streets")
def test_a_unit_reads_its_place_among_all(sign_in: SignIn) -> None:
    page = sign_in(Role.HANDLER, make.unit("990102001")).get(APRIL).content.decode()

    assert place(page, "乙一镇政府")[0] == "2"


@pytest.mark.usefixtures("three_streets")
def test_units_of_another_size_are_ranked_apart(sign_in: SignIn) -> None:
    closing.adopt(version=2, valid_from="2026-04", volume_bands=[4])

    page = sign_in(Role.CITY_SUPERVISOR).get(APRIL).content.decode()

    assert "承办量 5 件及以上：3 个单位参加排名" in page


@pytest.mark.usefixtures("month")
def test_too_few_answers_are_shown_and_not_ranked(sign_in: SignIn) -> None:
    page = sign_in(Role.CITY_SUPERVISOR).get(APRIL).content.decode()

    assert '<td class="rank" colspan="2"><span class="mark">样本不足</span></td>' in page
    assert "本月没有承办量的单位" in page
    assert "甲二街道办事处" in page


# === The state of the month ==================================================================


def test_the_running_month_says_that_it_is_not_closed(sign_in: SignIn) -> None:
    page = sign_in(Role.CITY_SUPERVISOR).get("/monthly/").content.decode()

    assert "2026-04 三率排名" in page
    assert '<span class="mark mark-info">进行中</span>' in page
    assert "截至 2026-04-14 10:00:00" in page


@pytest.mark.usefixtures("three_streets")
def test_a_closed_month_is_told_as_published_whatever_happens(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    close = closing.close()
    clock.move_to(closing.CLOSED + make.days(2))
    browser = sign_in(Role.CITY_SUPERVISOR)
    before = browser.get(APRIL).content.decode()

    closing.answered("990102001", good=3, bad=0)
    outcomes.rebuild(None, at=closing.CLOSED + make.days(2))

    after = browser.get(APRIL).content.decode()
    assert [one[:2] for one in stats(after)] == [one[:2] for one in stats(before)]
    assert place(after, "甲一街道办事处") == ("3", "↓2", "B")
    assert f'title="{close.digest}"' in after
    assert "manage.py months recompute 2026-04" in after
    assert "末位" in after


@pytest.mark.usefixtures("three_streets")
def test_what_is_wrong_stands_above_the_table(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    closing.close()
    clock.move_to(closing.CLOSED + make.days(2))
    months.publish_erratum(
        month="2026-04", unit=make.unit(), wrong="承办 5 件", right="承办 6 件", reason="漏计",
        actor=make.actor(Role.CITY_SUPERVISOR), at=closing.CLOSED,
    )  # fmt: skip

    page = sign_in(Role.HANDLER, make.unit("990102001")).get(APRIL).content.decode()

    assert page.index("承办 5 件") < page.index("承办 6 件") < page.index("<table")


# === The daily report ========================================================================

DAY = "&cut=2026-04-15"


@pytest.fixture
def around_noon(clock: time_machine.Coordinates) -> None:
    """甲一街道 got two tickets before the noon of 15 April and one at noon, in March one before and
    one after; 甲二街道 got one in April only. It is the morning of the 16th."""
    closing.adopt()
    noon = make.AT.replace(day=15, hour=12)
    march = noon.replace(month=3)
    first, second = make.unit("990101001"), make.unit("990101002")
    for n, (at, lead) in enumerate(
        [
            (noon - make.days(1), first), (noon - make.minutes(1), first), (noon, first),
            (march - make.hours(1), first), (march + make.hours(1), first),
            (noon - make.hours(3), second),
        ]
    ):  # fmt: skip
        make.dispatched_ticket(at=at, lead_unit=lead, phone=f"1391111{n:04}")
    clock.move_to(make.AT + make.days(2))
    outcomes.rebuild(None, at=make.AT + make.days(2))


def moved(page: str) -> dict[str, list[str]]:
    """Per unit what a daily report says of its volume: now, then, and the change."""
    found = page[page.index("moved-title") :]
    rows = [
        re.findall(r"<td>(.*?)</td>", row, re.S) for row in re.findall(r"<tr>.*?</tr>", found, re.S)
    ]
    return {row[0]: [re.sub(r"<[^>]*>", "", one).strip() for one in row[1:]] for row in rows if row}


@pytest.mark.usefixtures("around_noon")
@pytest.mark.parametrize("cut", ["&cut=day", DAY])
def test_r098_the_daily_report_ends_at_the_last_noon_and_speaks_of_the_month_before(
    sign_in: SignIn, cut: str
) -> None:
    browser = sign_in(Role.CITY_SUPERVISOR)
    now = browser.get(APRIL).content.decode()

    page = browser.get(APRIL + cut).content.decode()

    assert counts(now, "甲一街道办事处")["承办量"] == 3
    assert DAY.replace("&", "&amp;") in now
    assert counts(page, "甲一街道办事处")["承办量"] == 2
    assert "截至 2026-04-15 12:00:00" in page
    assert moved(page)["甲一街道办事处"] == ["2", "1", "↑ 100.0%"]
    assert moved(page)["甲二街道办事处"] == ["1", "0", "新增"]


@pytest.mark.usefixtures("around_noon")
@pytest.mark.parametrize("is_clicked_later", [False, True])
def test_every_number_of_a_daily_report_opens_its_tickets_also_after_the_next_noon(
    sign_in: SignIn, clock: time_machine.Coordinates, is_clicked_later: bool
) -> None:
    browser = sign_in(Role.CITY_SUPERVISOR)
    numbers = stats(browser.get(APRIL + DAY).content.decode())
    if is_clicked_later:
        clock.move_to(make.AT + make.days(2) + make.hours(3))

    for label, value, url in numbers:
        total, shown = listed(browser, url)
        assert value == total == shown == exported(browser, url.removeprefix("/tickets/")), label
    assert ("甲一街道办事处 上月同期承办量", 1) in [one[:2] for one in numbers]


@pytest.mark.usefixtures("around_noon")
def test_the_file_of_a_daily_report_has_the_change_and_its_instant(sign_in: SignIn) -> None:
    browser = sign_in(Role.CITY_SUPERVISOR)

    answer = browser.get(f"{APRIL.replace('?', 'export/?')}{DAY}&format=csv")

    head, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    told = {row[head.index("单位")]: dict(zip(head, row, strict=True)) for row in rows}
    street = told["甲一街道办事处"]
    assert (street["承办量"], street["上月同期承办量"]) == ("2", "1")
    assert street["承办量比上月同期"] == "↑ 100.0%"
    assert street["数据截至"] == "2026-04-15 12:00:00"
    assert "2026-04-15.csv" in answer.headers["Content-Disposition"]


@pytest.mark.usefixtures("around_noon")
@pytest.mark.parametrize("cut", ["2026-04-16", "2026-03-18", "2026-04-19", "noon"])
def test_there_is_no_report_of_a_noon_to_come_or_of_another_month(
    sign_in: SignIn, cut: str
) -> None:
    assert sign_in(Role.CITY_SUPERVISOR).get(f"{APRIL}&cut={cut}").status_code == 404


def test_before_the_first_noon_of_a_month_there_is_no_report(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    browser = sign_in(Role.CITY_SUPERVISOR)
    clock.move_to(make.AT.replace(day=19, hour=11, minute=59))

    morning = browser.get("/monthly/")

    assert "看日报口径" not in morning.content.decode()
    assert browser.get("/monthly/?cut=day").status_code == 404
    clock.move_to(make.AT.replace(day=19, hour=12, minute=0))
    assert "看日报口径" in browser.get("/monthly/").content.decode()


# === Counted once ============================================================================


@pytest.mark.usefixtures("around_noon")
def test_a_month_is_counted_once_for_all_who_look_within_seconds_and_says_when(
    sign_in: SignIn, clock: time_machine.Coordinates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monthly, "KEPT_SECONDS", 60)
    browser = sign_in(Role.CITY_SUPERVISOR)
    manager = make.actor(Role.MANAGER, make.unit())
    browser.get(APRIL)
    make.dispatched_ticket(at=make.AT + make.days(1), lead_unit=make.unit())
    clock.shift(make.minutes(0.5))
    outcomes.rebuild(None, at=make.AT + make.days(2))

    again = browser.get(APRIL).content.decode()
    own = monthly.own_lines(reading.month("2026-04", at=make.AT), manager)

    assert counts(again, "甲一街道办事处")["承办量"] == 3
    assert "截至 2026-04-16 10:00:00" in again
    assert [line.counts["volume"] for line in own] == [3]
    memos.forget()
    fresh = browser.get(APRIL).content.decode()
    assert counts(fresh, "甲一街道办事处")["承办量"] == 4
    assert "截至 2026-04-16 10:00:30" in fresh


@pytest.mark.usefixtures("around_noon")
def test_a_month_in_which_nothing_happens_is_not_counted_again_and_is_of_this_moment(
    sign_in: SignIn, clock: time_machine.Coordinates, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = sign_in(Role.CITY_SUPERVISOR)
    browser.get(APRIL)
    clock.shift(make.minutes(1))
    monkeypatch.setattr(monthly, "_counted_anew", pytest.fail)

    again = browser.get(APRIL).content.decode()

    assert counts(again, "甲一街道办事处")["承办量"] == 3
    assert "截至 2026-04-16 10:01:00" in again


# === Taken away ==============================================================================


@pytest.mark.usefixtures("three_streets")
def test_the_file_has_the_lines_and_what_they_were_computed_by(sign_in: SignIn) -> None:
    browser = sign_in(Role.CITY_SUPERVISOR)

    answer = browser.get(f"{APRIL.replace('?', 'export/?')}&format=csv")

    head, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    told = [dict(zip(head, row, strict=True)) for row in rows]
    assert [row["单位"] for row in told] == ["甲二街道办事处", "乙一镇政府", "甲一街道办事处"]
    second = told[1]
    assert (second["方案版次"], second["数据截至"]) == ("1", "2026-04-16 10:00:00")
    assert (second["有效回访"], second["已解决"], second["解决率（%）"]) == ("5", "4", "80.00")
    assert second["三率权重"] == "0.10 / 0.50 / 0.40"
    assert AuditEntry.objects.filter(action="month_exported").exists()


@pytest.mark.usefixtures("three_streets")
def test_the_file_of_a_unit_is_its_own_line(sign_in: SignIn) -> None:
    browser = sign_in(Role.MANAGER, make.unit("990102001"))

    answer = browser.get(f"{APRIL.replace('?', 'export/?')}&format=xlsx")

    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    _head, *rows = sheet.iter_rows(values_only=True)
    assert [row for row in rows if "乙一镇政府" in row] == rows
    assert len(rows) == 1


@pytest.mark.usefixtures("three_streets")
def test_the_file_of_a_closed_month_carries_its_errata(sign_in: SignIn) -> None:
    closing.close()
    months.publish_erratum(
        month="2026-04", wrong="承办 5 件", right="承办 6 件", reason="漏计",
        actor=make.actor(Role.CITY_SUPERVISOR), at=closing.CLOSED,
    )  # fmt: skip
    browser = sign_in(Role.CITY_SUPERVISOR)

    answer = browser.get(f"{APRIL.replace('?', 'export/?')}&format=csv")

    [mark], _head, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert mark == "勘误 2026-04 第 1 号：承办 5 件，更正为 承办 6 件"
    assert len(rows) == UnitScore.objects.filter(month="2026-04", volume__gt=0).count()
