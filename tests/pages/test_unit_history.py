"""A unit's months, and why one differs from the month before."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from html import unescape

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from evaluation import months as reading
from evaluation import outcomes, unit_months
from evaluation import services as evaluation
from evaluation.models import UnitScore
from evaluation.services import months
from evaluation.unit_months import Compared
from hotline.core.actors import SYSTEM
from hotline.core.models import Role
from intake.models import Ticket
from tests import factories as make
from tests.pages import closing
from tests.pages.test_monthly import READERS, exported, listed, stats

SignIn = Callable[..., Client]
STREET = "990101001"
PAGE = f"/assessment/units/{STREET}/"
WHY = f"{PAGE}why/2026-04/"
MARCH = make.AT - make.days(30)


def march_and_april() -> None:
    """甲一街道 was first in March (six good answers) and is last in April, where three of four
    about 市容环卫 say that nothing was solved; 甲二街道 and 乙一镇 have climbed."""
    dirt = make.category("0702")
    closing.answered(STREET, good=4, bad=0, at=MARCH)
    closing.answered(STREET, good=2, bad=0, at=MARCH, category=dirt)
    closing.answered("990101002", good=3, bad=1, at=MARCH)
    closing.answered("990102001", good=1, bad=1, at=MARCH)
    closing.close("2026-03", closing.CLOSED - make.days(30))
    closing.answered(STREET, good=4, bad=0)
    closing.answered(STREET, good=1, bad=3, category=dirt)
    closing.answered("990101002", good=4, bad=0)
    closing.answered("990102001", good=3, bad=1)


@pytest.fixture
def fallen(clock: time_machine.Coordinates) -> None:
    """March is closed, April goes on."""
    closing.adopt()
    march_and_april()
    clock.move_to(make.AT + make.days(2))
    outcomes.rebuild(None, at=make.AT + make.days(2))


def close_april(clock: time_machine.Coordinates) -> None:
    closing.close()
    clock.move_to(closing.CLOSED + make.days(1))


def read(browser: Client, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def row(page: str, name: str) -> list[str]:
    """The cells of the row with this heading, as a person reads them."""
    found = re.search(rf'<th class="name" scope="row">(?:<a [^>]*>)?{name}.*?</tr>', page, re.S)
    assert found, name
    cells = re.findall(r"<td[^>]*>(.*?)</td>", found[0], re.S)
    return [" ".join(unescape(re.sub(r"<[^>]+>", "", cell)).split()) for cell in cells]


# === Its months ==============================================================================


@pytest.mark.usefixtures("fallen")
def test_a_month_is_told_as_published_and_the_running_one_as_it_is_now(sign_in: SignIn) -> None:
    page = read(sign_in(Role.CITY_SUPERVISOR), PAGE)

    march, april = row(page, "2026-03"), row(page, "2026-04")
    assert page.index(">2026-04</a>") < page.index(">2026-03</a>")
    assert march[:2] == ["1—", "A"]
    assert april[0] == "3↓2"
    assert "100.0" in march
    assert "66.3" in april
    assert "第 1 版" in march
    assert '<span class="mark mark-info">进行中</span>' in page


@pytest.mark.usefixtures("fallen")
@pytest.mark.parametrize(("role", "unit"), READERS)
@pytest.mark.parametrize("is_closed", [False, True])
@pytest.mark.parametrize("address", [PAGE, WHY])
def test_every_number_is_the_length_of_its_list_and_its_export(
    sign_in: SignIn, clock: time_machine.Coordinates, role: Role, unit: str, is_closed: bool,
    address: str,
) -> None:  # fmt: skip
    if is_closed:
        close_april(clock)
    browser = sign_in(role, make.unit(unit) if unit else None)

    numbers = stats(read(browser, address))

    assert len(numbers) > 8
    for label, value, url in numbers:
        total, shown = listed(browser, url)
        assert total == shown == value, label
        assert exported(browser, url.removeprefix("/tickets/")) == value, label


@pytest.mark.usefixtures("fallen")
def test_what_no_line_keeps_is_counted_for_every_closed_month(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    close_april(clock)
    table = read(sign_in(Role.CITY_SUPERVISOR), "/monthly/?period=2026-04&group=street_town")
    page = read(sign_in(Role.CITY_SUPERVISOR), PAGE)

    published = {label: value for label, value, url in stats(table) if f"unit={STREET}" in url}
    of_april = {label: n for label, n, url in stats(page) if "period=2026-04" in url}
    assert published == of_april
    assert row(page, "2026-04")[-6:-2] == row(table, "甲一街道办事处")[-4:]


@pytest.mark.usefixtures("fallen")
def test_a_unit_reads_its_own_months_and_no_other_ones(sign_in: SignIn) -> None:
    other = sign_in(Role.MANAGER, make.unit("990102001"))
    far = sign_in(Role.DISTRICT_SUPERVISOR, make.unit("990102"))

    for browser in (other, far):
        assert browser.get(PAGE).status_code == 404
        assert browser.get(WHY).status_code == 404
    assert sign_in(Role.MANAGER, make.unit()).get(PAGE).status_code == 200
    assert sign_in(Role.DISTRICT_SUPERVISOR, make.unit("990101")).get(WHY).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/assessment/units/nobody/", f"{PAGE}why/2026-13/", f"{PAGE}why/2030-01/",
        f"{PAGE}why/2020-01/",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(sign_in: SignIn, address: str) -> None:
    assert sign_in(Role.CITY_SUPERVISOR).get(address).status_code == 404


def test_a_unit_without_a_month_is_told_so(sign_in: SignIn) -> None:
    assert "这个单位还没有考评成绩" in read(sign_in(Role.CITY_SUPERVISOR), PAGE)


@pytest.mark.usefixtures("fallen")
def test_points_talks_and_errata_stand_below_the_months(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    city, other = make.actor(Role.CITY_SUPERVISOR), make.actor(Role.CITY_SUPERVISOR)
    bonus = months.propose_bonus(
        month="2026-04", unit=make.unit(), ground="hard_case", points=Decimal(1),
        evidence="多年积水", actor=city, at=make.AT,
    )  # fmt: skip
    months.rule_bonus(bonus=bonus, outcome="upheld", ruling="属实", actor=other, at=make.AT)
    close_april(clock)
    months.publish_erratum(
        month="2026-04", unit=make.unit(), wrong="第三", right="第二", reason="漏计", actor=city,
        at=closing.CLOSED,
    )  # fmt: skip

    told = read(sign_in(Role.MANAGER, make.unit()), PAGE)
    to_a_caller = read(sign_in(Role.CALLBACK_AGENT), PAGE)

    assert "多年积水" in told
    assert "漏计" in told
    assert "多年积水" not in to_a_caller
    assert "漏计" in to_a_caller


@pytest.mark.usefixtures("fallen")
def test_the_ranking_leads_to_the_unit_and_to_the_reason_of_its_fall(sign_in: SignIn) -> None:
    table = read(sign_in(Role.CITY_SUPERVISOR), "/monthly/?period=2026-04&group=street_town")
    own = read(sign_in(Role.MANAGER, make.unit()), "/months/2026-04/")

    assert f'<a href="{PAGE}">甲一街道办事处</a>' in table
    assert f'href="{WHY}"' in table
    assert f'href="{PAGE}">本单位历月考评</a>' in own


# === Why =====================================================================================


@pytest.mark.usefixtures("fallen")
@pytest.mark.parametrize("is_closed", [False, True])
def test_the_parts_as_they_are_shown_add_up_to_the_published_change(
    sign_in: SignIn, clock: time_machine.Coordinates, is_closed: bool
) -> None:
    if is_closed:
        close_april(clock)
    page = read(sign_in(Role.CITY_SUPERVISOR), WHY)

    parts = [row(page, name)[-1] for name in ("响应率", "解决率", "满意率", "加分", "四舍五入")]
    assert parts == ["0", "−18.75", "−15.00", "0", "+0.05"]
    assert row(page, "公布得分的变化")[-1] == "−33.70"
    assert sum(Decimal(part.replace("−", "-")) for part in parts) == Decimal("-33.70")


@pytest.mark.usefixtures("fallen")
def test_the_class_that_cost_most_comes_first_with_its_unsolved_tickets(sign_in: SignIn) -> None:
    browser = sign_in(Role.CITY_SUPERVISOR)
    page = read(browser, WHY)

    dirt, service = row(page, "市容环卫"), row(page, "物业管理")
    assert page.index(">市容环卫") < page.index(">物业管理")
    assert dirt[:4] == ["2", "4", "0", "3"]
    assert (dirt[-2], dirt[-1]) == ("−30.94", "−2.81")
    assert (service[-2], service[-1]) == ("−2.81", "−2.81")
    assert row(page, "全部类别")[-2] == "−33.75"
    link = re.search(r'市容环卫 −30.94 分 · <a href="([^"]*)">未解决 3 件</a>', page)
    assert link
    assert listed(browser, unescape(link[1])) == (3, 3)


@pytest.mark.usefixtures("fallen")
def test_the_places_are_told_by_whose_doing_they_were_lost(sign_in: SignIn) -> None:
    page = read(sign_in(Role.CITY_SUPERVISOR), WHY)

    assert (
        "名次从第 1 到第 3，下降 2 位：其中因本单位得分变化下降 2 位，因其他单位变化没有升降。"
        in page
    )
    assert "未解决的即使全部解决，也只能到第 2 名" in page


@pytest.mark.usefixtures("fallen")
def test_a_list_keeps_to_the_class_that_was_counted(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    """A ticket that is classed otherwise after the month was closed stays where it was counted."""
    close_april(clock)
    Ticket.objects.filter(category=make.category("0702")).update(category=make.category("0501"))
    browser = sign_in(Role.CITY_SUPERVISOR)

    dirt = [found for found in stats(read(browser, WHY)) if "市容环卫" in found[0]]

    assert [value for _label, value, _url in dirt] == [2, 4, 3]
    assert [listed(browser, url)[0] for _label, _value, url in dirt] == [2, 4, 3]


def test_another_scheme_is_an_effect_of_its_own(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    """April is scored by 解决率 alone; 乙一镇's March would have been 50.0 instead of 55.0."""
    closing.adopt()
    closing.adopt(
        version=2, valid_from="2026-04",
        weights={"response": "0", "resolution": "1", "satisfaction": "0"},
    )  # fmt: skip
    march_and_april()
    close_april(clock)

    page = read(sign_in(Role.CITY_SUPERVISOR), "/assessment/units/990102001/why/2026-04/")

    assert "两个月的考评方案不同" in page
    assert row(page, "考评方案变化")[-1] == "−5.00"
    assert row(page, "解决率")[-1] == "+25.00"
    assert row(page, "公布得分的变化")[-1] == "+20.00"
    assert row(page, "物业管理")[-2] == "+25.00"
    assert not [url for _label, _n, url in stats(page) if "2026-03" in url and "category" in url]


def test_shared_credit_is_not_told_by_class(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    closing.adopt(
        shares={"lead": "0.7", "cooperating": "0.3", "late_factor": "1.5", "on_time_factor": "0.5"}
    )
    march_and_april()
    close_april(clock)

    page = read(sign_in(Role.CITY_SUPERVISOR), WHY)

    assert "不按类别分解" in page
    assert row(page, "解决率")[-1] == "−18.75"
    assert "各类别的影响" not in page


@pytest.mark.usefixtures("fallen")
def test_a_month_without_one_before_is_told_so(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    page = read(sign_in(Role.CITY_SUPERVISOR), f"{PAGE}why/2026-03/")

    assert "没有可以比较的两个月" in page


def test_a_class_tells_a_unit_no_answer_that_was_withheld(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    closing.adopt()
    march_and_april()
    secret = make.replied_ticket(category=make.category("1001"), phone="13911119999")
    evaluation.record_callback(
        number=secret.number, actor=make.callback_agent(), at=make.calling_hour(
            make.AT + make.days(1)
        ), outcome="connected", contacted=True, resolved=False, satisfaction="dissatisfied",
        is_withheld=True,
    )  # fmt: skip
    clock.move_to(make.AT + make.days(2))
    outcomes.rebuild(None, at=make.AT + make.days(2))

    unit, city = (
        read(sign_in(role, make.unit()), WHY) for role in (Role.MANAGER, Role.CITY_SUPERVISOR)
    )

    assert row(city, "停车管理")[:4] == ["0", "1", "0", "1"]
    assert "停车管理" not in unit
    assert row(unit, "合并的类别")[:4] == ["6", "9", "0", "4"]
    assert "为了不由数字推出评价" in unit


@pytest.mark.usefixtures("fallen")
def test_classes_are_the_rows_of_the_published_line(clock: time_machine.Coordinates) -> None:
    """What the classes come to is what was published, to the last fraction."""
    close_april(clock)
    unit = make.unit()
    now, before = (
        unit_months.unit_month(unit, reading.month(label, at=closing.CLOSED))
        for label in ("2026-04", "2026-03")
    )
    assert now
    found = Compared(now, before, SYSTEM)

    score = UnitScore.objects.get(unit=unit, month="2026-04")
    assert sum(one.total for one in found.classes) == sum(found.rate_effects.values())
    assert sum(one.now.valid for one in found.classes) == score.valid
    assert sum(one.now.resolved for one in found.classes) == score.resolved


@pytest.mark.usefixtures("fallen")
@pytest.mark.parametrize(("address", "limit"), [(PAGE, 13), (WHY, 13)])
def test_a_closed_month_costs_no_statement_of_its_own(
    sign_in: SignIn, clock: time_machine.Coordinates, address: str, limit: int
) -> None:
    close_april(clock)
    browser = sign_in(Role.CITY_SUPERVISOR)
    read(browser, address)

    with CaptureQueriesContext(connection) as captured:
        read(browser, address)

    assert len(captured) <= limit
