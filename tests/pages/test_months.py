"""The life of a month: shown, objected to, closed, corrected, talked about."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.db import connection
from django.test import Client

from evaluation import memos
from evaluation.models import (
    Bonus,
    CloseRequest,
    Erratum,
    Exclusion,
    ScoreAppeal,
    Talk,
    UnitScore,
)
from evaluation.services import months
from hotline.core.models import Membership, Role
from intake.models import Ticket
from tests import factories as make
from tests.pages import closing

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

SignIn = Callable[..., Client]
PAGE = "/months/2026-04/"
LAST = "990101001"


@pytest.fixture
def draft(clock: time_machine.Coordinates) -> None:
    """April is shown to three streets: 甲二街道 first, 乙一镇 second, 甲一街道 last."""
    closing.adopt(tail_count=1, classes={"rectification_share": "0.34"})
    closing.answered("990101002", good=2, bad=0)
    closing.answered("990102001", good=1, bad=1)
    closing.answered(LAST, good=0, bad=2)
    clock.move_to(closing.DRAFTED)
    closing.open_draft()
    clock.move_to(closing.DRAFTED + make.hours(1))


@pytest.fixture
def closed(draft: None, clock: time_machine.Coordinates) -> None:
    closing.close()
    clock.move_to(closing.CLOSED + make.hours(1))


def read(browser: Client, address: str = PAGE) -> str:
    return browser.get(address).content.decode()


def refused(browser: Client, address: str, **sent: Any) -> str:
    answer = browser.post(address, sent)
    assert answer.status_code in (409, 422)
    return answer.content.decode()


def appealed() -> ScoreAppeal:
    """By the street at the end."""
    return months.appeal_score(
        month="2026-04", unit=make.unit(LAST), reason="有一件不是我们的。",
        actor=make.actor(Role.MANAGER, make.unit(LAST)), at=closing.DRAFTED,
    )  # fmt: skip


# === The list ================================================================================


@pytest.mark.usefixtures("draft")
def test_the_list_tells_how_far_each_month_has_come(sign_in: SignIn) -> None:
    appealed()

    page = read(sign_in(Role.CITY_SUPERVISOR), "/months/")

    rows = [row for row in re.findall(r"<tr>.*?</tr>", page, re.S) if "/months/2026" in row]
    told = (re.search(r'/months/([\d-]+)/.*?class="mark[^>]*>([^<]+)', row, re.S) for row in rows)
    states = [found.groups() for found in told if found]
    assert states == [("2026-05", "进行中"), ("2026-04", "公示征求意见")]
    assert "<strong>1</strong>" in rows[1]


@pytest.mark.parametrize("label", ["2027-01", "2026-13", "x"])
def test_a_month_that_is_none_is_not_found(sign_in: SignIn, label: str) -> None:
    assert sign_in(Role.CITY_SUPERVISOR).get(f"/months/{label}/").status_code == 404


def test_a_running_month_says_when_it_will_be_shown(sign_in: SignIn) -> None:
    page = read(sign_in(Role.CITY_SUPERVISOR))

    assert '<li class="is-current" aria-current="step">' in page
    assert "预计 05-09 00:00" in page
    assert "封账前" not in page


# === Objecting ===============================================================================


@pytest.mark.usefixtures("draft")
def test_a_manager_reads_every_number_of_the_own_line_and_objects(sign_in: SignIn) -> None:
    browser = sign_in(Role.MANAGER, make.unit(LAST))

    page = read(browser)
    browser.post(f"{PAGE}appeal/", {"unit": LAST, "reason": "第二件不是我们的。"})

    assert "甲一街道办事处本月成绩" in page
    assert "甲二街道办事处" not in page
    assert 'href="/tickets/?period=2026-04&amp;unit=990101001&amp;cell=unresolved"' in page
    appeal = ScoreAppeal.objects.get()
    assert (appeal.unit, appeal.reason) == (make.unit(LAST), "第二件不是我们的。")
    after = read(browser)
    assert "正在审核" in after
    assert f"{PAGE}appeal/" not in after


@pytest.mark.usefixtures("draft")
def test_an_objection_without_a_reason_comes_back(sign_in: SignIn) -> None:
    browser = sign_in(Role.MANAGER, make.unit(LAST))

    page = refused(browser, f"{PAGE}appeal/", unit=LAST, reason="")

    assert re.search(r'<details class="more" open>\s*<summary class="btn">申诉', page)
    assert not ScoreAppeal.objects.exists()


@pytest.mark.usefixtures("draft")
def test_a_handler_reads_the_line_and_does_not_object(sign_in: SignIn) -> None:
    browser = sign_in(Role.HANDLER, make.unit(LAST))

    answer = browser.post(f"{PAGE}appeal/", {"unit": LAST, "reason": "不服。"})

    assert answer.status_code == 403
    assert "由本单位负责人" in read(browser)


@pytest.mark.usefixtures("draft")
def test_nobody_objects_for_another_unit(sign_in: SignIn) -> None:
    browser = sign_in(Role.MANAGER, make.unit("990102001"))

    answer = browser.post(f"{PAGE}appeal/", {"unit": LAST, "reason": "不服。"})

    assert answer.status_code == 403
    assert not ScoreAppeal.objects.exists()


@pytest.mark.usefixtures("draft")
def test_after_the_time_there_is_no_form_and_no_way(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    browser = sign_in(Role.MANAGER, make.unit(LAST))
    clock.move_to(closing.CLOSED)

    page = refused(browser, f"{PAGE}appeal/", unit=LAST, reason="晚了。")

    assert "不能申诉" in page
    assert f'action="{PAGE}appeal/"' not in read(browser)


@pytest.mark.usefixtures("draft")
def test_an_objection_is_decided_and_its_unit_reads_why(sign_in: SignIn) -> None:
    appeal = appealed()
    browser = sign_in(Role.CITY_SUPERVISOR)

    browser.post(f"{PAGE}appeals/{appeal.pk}/", {"outcome": "rejected", "ruling": "已核对，无误。"})

    appeal.refresh_from_db()
    assert appeal.outcome == "rejected"
    assert "已核对，无误。" in read(sign_in(Role.MANAGER, make.unit(LAST)))
    assert "已核对，无误。" not in read(sign_in(Role.MANAGER, make.unit("990102001")))


@pytest.mark.usefixtures("draft")
def test_nobody_is_offered_to_decide_their_own_objection(sign_in: SignIn) -> None:
    staff = make.make_staff(Role.MANAGER, make.unit(LAST))
    Membership.objects.create(
        staff=staff, unit=make.unit("hotline"), role=Role.CITY_SUPERVISOR, valid_from=make.LONG_AGO
    )
    browser = sign_in(staff=staff)
    browser.post(f"{PAGE}appeal/", {"unit": LAST, "reason": "第二件不是我们的。"})
    address = f"{PAGE}appeals/{ScoreAppeal.objects.get().pk}/"

    page = read(browser)
    own = refused(browser, address, outcome="upheld", ruling="成立。")

    assert f'action="{address}"' not in page
    assert "由您提出，须由另一位市督导裁定" in page
    assert "请由其他人审核" in own
    assert ScoreAppeal.objects.get().outcome == ""


@pytest.mark.usefixtures("draft")
def test_a_manager_of_another_unit_is_offered_no_objection(sign_in: SignIn) -> None:
    staff = make.make_staff(Role.MANAGER, make.unit("990102001"))
    Membership.objects.create(
        staff=staff, unit=make.unit(LAST), role=Role.HANDLER, valid_from=make.LONG_AGO
    )

    page = read(sign_in(staff=staff))

    assert '<input type="hidden" name="unit" value="990102001"' in page
    assert f'<input type="hidden" name="unit" value="{LAST}"' not in page


@pytest.mark.usefixtures("draft")
def test_while_somebody_closes_the_page_says_to_wait(
    sign_in: SignIn, as_app_role: Callable[[], AbstractContextManager[Connection]]
) -> None:
    browser = sign_in(Role.MANAGER, make.unit(LAST))
    with as_app_role() as other, other.cursor() as cursor, connection.cursor() as own:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [0x434C4F5345])
        own.execute("SET LOCAL lock_timeout = '50ms'")
        page = refused(browser, f"{PAGE}appeal/", unit=LAST, reason="不服。")

    assert "请稍等几秒再试" in page
    assert "不服。" in page


@pytest.mark.usefixtures("draft")
def test_an_upheld_objection_tells_its_unit_and_the_city_that_it_may_still_plead(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    appeal = appealed()
    city, street = sign_in(Role.CITY_SUPERVISOR), sign_in(Role.MANAGER, make.unit(LAST))
    clock.move_to(closing.CLOSED)
    city.post(f"{PAGE}appeals/{appeal.pk}/", {"outcome": "upheld", "ruling": "确有误。"})

    shown = read(city)
    told = read(street)
    city.post(f"{PAGE}close/")

    assert '仍可申请剔除或对回访申诉的单位：<span class="idle-unit is-named">甲一街道' in shown
    assert "本单位的申诉成立" in told
    assert "本单位的申诉成立" not in read(sign_in(Role.MANAGER, make.unit("990102001")))
    assert "本单位的申诉成立" not in read(street)


@pytest.mark.usefixtures("draft")
def test_a_ruling_without_reasons_comes_back_open(sign_in: SignIn) -> None:
    appeal = appealed()

    page = refused(sign_in(Role.CITY_SUPERVISOR), f"{PAGE}appeals/{appeal.pk}/", outcome="upheld")

    assert re.search(r'<details class="more" open>\s*<summary class="btn btn-sm">裁定', page)


@pytest.mark.usefixtures("draft")
@pytest.mark.parametrize(
    ("role", "unit", "reads"),
    [
        (Role.AUDITOR, "hotline", True),
        (Role.DISTRICT_SUPERVISOR, "990101", True),
        (Role.DISTRICT_SUPERVISOR, "990102", False),
        (Role.DISPATCHER, "hotline", False),
    ],
)
def test_others_read_what_concerns_them_and_decide_nothing(
    sign_in: SignIn, role: Role, unit: str, reads: bool
) -> None:
    appeal = appealed()

    browser = sign_in(role, make.unit(unit))

    page = read(browser)
    assert ("有一件不是我们的。" in page) == reads
    assert f"{PAGE}appeals/" not in page
    assert browser.post(f"{PAGE}appeals/{appeal.pk}/").status_code == 403


# === Points ==================================================================================

POINTS = {"ground": "hard_case", "points": "1.5", "evidence": "解决产权证历史遗留问题"}


@pytest.mark.usefixtures("draft")
def test_a_district_proposes_for_its_own_units(sign_in: SignIn) -> None:
    browser = sign_in(Role.DISTRICT_SUPERVISOR, make.unit("990101"))

    page = read(browser)
    browser.post(f"{PAGE}bonuses/", {"unit": LAST, **POINTS})
    other = browser.post(f"{PAGE}bonuses/", {"unit": "990102001", **POINTS})

    assert '<option value="990101002">甲二街道办事处</option>' in page
    assert "乙一镇政府" not in page
    assert other.status_code == 403
    bonus = Bonus.objects.get()
    assert (bonus.unit, bonus.points) == (make.unit(LAST), Decimal("1.50"))


@pytest.mark.usefixtures("draft")
def test_points_are_decided_by_another_supervisor(sign_in: SignIn) -> None:
    proposing, deciding = sign_in(Role.CITY_SUPERVISOR), sign_in(Role.CITY_SUPERVISOR)
    proposing.post(f"{PAGE}bonuses/", {"unit": LAST, **POINTS})
    address = f"{PAGE}bonuses/{Bonus.objects.get().pk}/"

    own = refused(proposing, address, outcome="upheld", ruling="同意。")
    deciding.post(address, {"outcome": "upheld", "ruling": "同意。"})

    assert "不能审批自己提出的加分" in own
    assert f'action="{address}"' not in own
    assert Bonus.objects.get().outcome == "upheld"
    memos.forget()  # the ranking is counted anew a few seconds later
    ranking = read(deciding, "/monthly/?period=2026-04")
    assert f'<a class="stat" href="{PAGE}#bonuses">+1.50</a>' in ranking


@pytest.mark.usefixtures("draft")
def test_points_that_are_none_come_back(sign_in: SignIn) -> None:
    page = refused(sign_in(Role.CITY_SUPERVISOR), f"{PAGE}bonuses/", unit=LAST,
                   **{**POINTS, "points": "0"})  # fmt: skip

    assert "加分应大于 0" in page
    assert not Bonus.objects.exists()


@pytest.mark.usefixtures("draft")
def test_points_are_offered_until_the_time_to_object_is_over(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    browser = sign_in(Role.CITY_SUPERVISOR)
    early = read(browser)
    clock.move_to(closing.CLOSED)

    page = refused(browser, f"{PAGE}bonuses/", unit=LAST, **POINTS)

    assert "05-15 00:00 之前可以提出" in early
    assert "不能再加分" in page
    assert f'action="{PAGE}bonuses/"' not in page
    assert not Bonus.objects.exists()


# === Closing =================================================================================


@pytest.mark.usefixtures("draft")
def test_what_is_undecided_is_counted_and_keeps_the_month_open(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    appealed()
    browser = sign_in(Role.CITY_SUPERVISOR)
    early = read(browser)
    clock.move_to(closing.CLOSED)

    page = refused(browser, f"{PAGE}close/")

    assert "申诉期到 05-15 00:00 为止" in early
    assert "还有 1 件剔除、申诉或加分没有裁定" in page
    assert '<a class="stat stat-late" href="#appeals">1</a>' in page
    assert '<span class="mark mark-warn">月度成绩申诉 1</span>' in page
    assert not CloseRequest.objects.exists()


@pytest.mark.usefixtures("draft")
def test_a_supervisor_closes_and_the_page_waits_for_the_worker(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    clock.move_to(closing.CLOSED)
    browser = sign_in(Role.CITY_SUPERVISOR)

    page = browser.post(f"{PAGE}close/", follow=True).content.decode()
    poll = re.search(r'data-poll-url="([^"]+)"', page)
    assert poll
    before = browser.get(poll[1])
    months.close_requested(at=closing.CLOSED)
    after = browser.get(poll[1])
    again = browser.get(poll[1], headers={"if-none-match": after.headers["ETag"]})

    assert "正在封账" in page
    assert f'action="{PAGE}close/"' not in page
    assert (before.status_code, after.status_code, again.status_code) == (204, 200, 304)
    assert f'href="{PAGE}"' in after.content.decode()
    assert '<span class="mark mark-ok">已封账</span>' in read(browser)


@pytest.mark.usefixtures("draft")
def test_a_requested_close_says_what_it_waits_for(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    clock.move_to(closing.CLOSED)
    browser = sign_in(Role.CITY_SUPERVISOR)
    browser.post(f"{PAGE}close/")
    ticket = Ticket.objects.filter(lead_unit=make.unit(LAST)).earliest("pk")
    Exclusion.objects.create(
        ticket=ticket, unit=make.unit(LAST), scope="rates", ground="unreasonable", reason="无理。",
        evidence="录音。", raised_at=closing.CLOSED, raised_by="staff:1",
    )  # fmt: skip

    page = read(browser)
    listed = re.search(r'<a class="stat stat-late" href="(/pleas/[^"]*)">1</a>', page)

    assert "裁定以下各项后自动封账" in page
    assert '<span class="mark mark-warn">剔除、不计入申请 1</span>' in page
    assert "通常一分钟内完成" not in page
    assert listed
    assert ticket.number in read(browser, listed[1])


@pytest.mark.usefixtures("draft")
@pytest.mark.parametrize("role", [Role.AUDITOR, Role.DISPATCHER])
def test_nobody_else_has_the_button(
    sign_in: SignIn, clock: time_machine.Coordinates, role: Role
) -> None:
    clock.move_to(closing.CLOSED)
    browser = sign_in(role)

    assert browser.post(f"{PAGE}close/").status_code == 403
    assert f"{PAGE}close/" not in read(browser)


# === Afterwards ==============================================================================


@pytest.mark.usefixtures("closed")
def test_the_closed_month_shows_its_digest_its_command_and_the_classes(sign_in: SignIn) -> None:
    page = read(sign_in(Role.AUDITOR))

    assert re.search(r'<dd class="mono" title="(\w{64})">\1</dd>', page)
    assert "manage.py months recompute 2026-04" in page
    assert re.search(r"<dt>整改类</dt><dd><span[^>]*>甲一街道办事处</span></dd>", page)


@pytest.mark.usefixtures("closed")
def test_a_unit_reads_its_own_digest_and_no_other(sign_in: SignIn) -> None:
    digests = dict(UnitScore.objects.values_list("unit__code", "digest"))

    page = read(sign_in(Role.HANDLER, make.unit(LAST)))

    assert digests[LAST] in page
    assert digests["990102001"] not in page


@pytest.mark.usefixtures("closed")
def test_an_erratum_is_published_and_read_by_everybody(sign_in: SignIn) -> None:
    browser = sign_in(Role.CITY_SUPERVISOR)
    sent = {"wrong": "承办 2 件", "right": "承办 3 件", "reason": "漏计一件", "unit": LAST}

    missing = refused(browser, f"{PAGE}errata/", **{**sent, "right": ""})
    browser.post(f"{PAGE}errata/", sent)

    assert 'value="承办 2 件"' in missing
    erratum = Erratum.objects.get()
    assert (erratum.number, erratum.unit) == (1, make.unit(LAST))
    page = read(sign_in(Role.HANDLER, make.unit("990102001")))
    assert page.index("承办 2 件") < page.index("承办 3 件") < page.index("漏计一件")
    assert f"{PAGE}errata/" not in page


TALK = {"held_on": "2026-05-15", "summary": "分析了未解决的两件。", "undertaking": "六月底前解决。"}


@pytest.mark.usefixtures("closed")
def test_the_district_talks_to_its_unit_at_the_end(sign_in: SignIn) -> None:
    browser = sign_in(Role.DISTRICT_SUPERVISOR, make.unit("990101"))
    before = read(browser)

    browser.post(f"{PAGE}talks/", {"unit": LAST, **TALK})

    assert "尚未约谈" in before
    assert Talk.objects.get().unit == make.unit(LAST)
    assert "六月底前解决。" in read(sign_in(Role.HANDLER, make.unit(LAST)))
    assert "六月底前解决。" not in read(sign_in(Role.HANDLER, make.unit("990102001")))


@pytest.mark.usefixtures("closed")
def test_a_talk_in_the_future_comes_back_and_another_district_has_none(sign_in: SignIn) -> None:
    page = refused(sign_in(Role.CITY_SUPERVISOR), f"{PAGE}talks/", unit=LAST,
                   **{**TALK, "held_on": "2026-05-16"})  # fmt: skip
    other = sign_in(Role.DISTRICT_SUPERVISOR, make.unit("990102"))

    assert "约谈日期不能晚于今天" in page
    assert "约谈" not in read(other)
    assert other.post(f"{PAGE}talks/", {"unit": LAST, **TALK}).status_code == 403
