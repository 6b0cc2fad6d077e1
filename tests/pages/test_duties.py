"""The duty lists as they are read: which classes, which part, on what basis, by edition."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client

from dispatch.models import DutyItem, DutyList, ListedKind, Stance
from hotline.core.models import Role
from tests import factories as make

SignIn = Callable[..., Client]
RENEWED = make.AT.date() - dt.timedelta(days=30)


@pytest.fixture
def lists() -> None:
    """A street's list in its second edition, and one of a line."""
    first = listed("street", ListedKind.STREET, valid_to=RENEWED)
    item(first, "S-01", "旧条目", ["05"], Stance.LEADS)
    second = listed("street", ListedKind.STREET, edition=2, valid_from=RENEWED)
    item(second, "S-01", "监督指导物业服务", ["05", "0702"], Stance.LEADS)
    item(second, "S-02", "协助查处占道", ["0702"], Stance.ASSISTS)
    item(second, "S-03", "不承担供热抢修", ["01"], Stance.NOT_DUTY, basis="无公布依据（推断）")
    listed("housing", ListedKind.DEPARTMENT, line="housing")


def listed(code: str, kind: ListedKind, **fields: object) -> DutyList:
    return DutyList.objects.create(
        **{"code": code, "name": f"{kind.label}清单", "unit_kind": kind,
           "valid_from": make.LONG_AGO, **fields}
    )  # fmt: skip


def item(
    of: DutyList, code: str, text: str, classes: list[str], stance: Stance, basis: str = "《条例》"
) -> DutyItem:
    return DutyItem.objects.create(
        duty_list=of, code=code, text=text, categories=classes, stance=stance, basis=basis
    )


def page_of(browser: Client, query: str = "") -> str:
    answer = browser.get(f"/duties/{query}")
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def codes(page: str) -> list[str]:
    return re.findall(r'<td class="mono">([^<]+)</td>', page)


@pytest.mark.usefixtures("lists")
def test_every_list_in_force_is_shown_with_its_counts(sign_in: SignIn) -> None:
    page = page_of(sign_in())

    assert page.index("街道（乡镇）清单") < page.index("部门清单")
    assert "?list=street&edition=2" in page
    assert "?list=street&edition=1" not in page
    assert f"{RENEWED} 起" in page


@pytest.mark.usefixtures("lists")
def test_a_count_opens_exactly_its_items(sign_in: SignIn) -> None:
    browser = sign_in()
    found = re.findall(r'class="stat" href="([^"]+)">(\d+)<', page_of(browser))

    assert [int(n) for _url, n in found] == [1, 1, 1]
    for url, n in found:
        assert len(codes(page_of(browser, url))) == int(n)
        assert f"共 {n} 条" in page_of(browser, url)


@pytest.mark.usefixtures("lists")
def test_the_edition_in_force_is_read_unless_another_is_asked_for(sign_in: SignIn) -> None:
    browser = sign_in()

    assert "旧条目" not in page_of(browser, "?list=street")
    old = page_of(browser, "?list=street&edition=1")
    assert "旧条目" in old
    assert "已失效" in old


@pytest.mark.usefixtures("lists")
def test_an_item_says_its_part_classes_and_basis(sign_in: SignIn) -> None:
    page = page_of(sign_in(), "?list=street")

    assert codes(page) == ["S-01", "S-02", "S-03"]
    assert re.search(r'href="/guide/\?class=0702"><span class="mono">0702</span> 占道经营', page)
    assert '<span class="mark">无公布依据（推断）</span>' in page
    assert '<span class="mark mark-late">不得派给</span>' in page


@pytest.mark.usefixtures("lists")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=占道", ["S-02"]),
        ("q=s-03", ["S-03"]),
        ("stance=assists", ["S-02"]),
        ("class=0702", ["S-01", "S-02"]),
        ("class=0501", ["S-01"]),  # by the class above it
        ("class=9999", []),
        ("q=占道&stance=leads", []),
    ],
)
def test_items_are_narrowed_by_words_part_and_class(
    sign_in: SignIn, query: str, expected: list[str]
) -> None:
    page = page_of(sign_in(), f"?list=street&{query}")

    assert codes(page) == expected
    assert f"共 {len(expected)} 条" in page


@pytest.mark.usefixtures("lists")
@pytest.mark.parametrize(
    "query", ["?list=nobody", "?list=street&edition=9", "?list=street&edition=x"]
)
def test_a_list_that_does_not_exist_is_not_found(sign_in: SignIn, query: str) -> None:
    assert sign_in().get(f"/duties/{query}").status_code == 404


def test_a_city_without_lists_says_what_that_means(sign_in: SignIn) -> None:
    assert "没有清单时，派单不受清单限制" in page_of(sign_in())


@pytest.mark.parametrize("role", list(Role))
def test_everybody_of_the_staff_reads_the_lists(sign_in: SignIn, role: Role) -> None:
    assert sign_in(role).get("/duties/").status_code == 200


@pytest.mark.usefixtures("lists")
@pytest.mark.parametrize("query", ["", "?list=street"])
def test_a_page_costs_the_same_however_many_items(
    sign_in: SignIn, query: str, django_assert_num_queries: Callable[..., object]
) -> None:
    browser, street = sign_in(), DutyList.objects.get(code="street", edition=2)
    page_of(browser, query)
    cost = 5 + bool(query)

    with django_assert_num_queries(cost):  # type: ignore[attr-defined]
        page_of(browser, query)
    for n in range(20):
        item(street, f"S-9{n}", "又一条", ["10"], Stance.LEADS)
    with django_assert_num_queries(cost):  # type: ignore[attr-defined]
        page_of(browser, query)
