"""The classification guide: what belongs to a class, and where what does not belong goes."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client

from hotline.core.models import Role
from hotline.core.reference import forget_all
from hotline.pages.guide import matching_classes, parts
from knowledge.models import Category, ClassGuide, guide_of
from knowledge.reference_data.loading import load_categories, load_guide
from tests import factories as make

SignIn = Callable[..., Client]


@pytest.fixture
def guide() -> ClassGuide:
    """Of 停暖, with a class below it that has none."""
    no_heat = make.category("0102")
    Category.objects.filter(pk=no_heat.pk).update(pinyin="tn")
    Category.objects.create(code="010201", name="计划外停暖", depth=3, parent=no_heat)
    made = ClassGuide.objects.create(
        category=no_heat,
        definition="应供而未供热。",
        includes=["突发停暖", "整片不热"],
        excludes=["有热但温度偏低（0101）", "小区物业收费（0501、05）", "等 24 小时（另议）"],
        confusable=["0101", "9999"],
        questions=["停了多长时间", "家里有没有老人"],
    )
    forget_all()
    return made


def page_of(browser: Client, query: str) -> str:
    answer = browser.get(f"/guide/{query}")
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def links(page: str) -> list[str]:
    """The classes that the page's main part (not the tree) leads to."""
    return re.findall(r'<a href="\?class=(\d+)"', page.partition("</nav>\n    <div>")[2])


def test_a_class_is_told_with_what_belongs_and_what_to_ask(
    sign_in: SignIn, guide: ClassGuide
) -> None:
    page = page_of(sign_in(), "?class=0102")

    for words in ("应供而未供热。", "整片不热", "家里有没有老人", "二级·24小时"):
        assert words in page
    assert "计划外停暖" in page  # the class below


@pytest.mark.usefixtures("guide")
def test_what_does_not_belong_leads_to_its_right_class(sign_in: SignIn) -> None:
    page = page_of(sign_in(), "?class=0102")

    assert re.search(r'有热但温度偏低（<a href="\?class=0101">0101 温度不达标</a>）', page)
    assert links(page) == ["01", "0101", "0501", "05", "0101", "010201"]


def test_only_codes_of_classes_in_brackets_are_links(guide: ClassGuide) -> None:
    named = [[part.category.code for part in parts(p) if part.category] for p in guide.excludes]

    assert named == [["0101"], ["0501", "05"], []]
    assert "".join(part.text for part in parts(guide.excludes[1])) == guide.excludes[1]


def test_a_class_without_a_guide_borrows_that_of_the_class_above_and_says_so(
    sign_in: SignIn, guide: ClassGuide
) -> None:
    page = page_of(sign_in(), "?class=010201")

    assert "以下为上级分类“停暖”的指引" in page
    assert "应供而未供热。" in page


@pytest.mark.usefixtures("guide")
def test_a_class_that_nobody_has_described_says_so(sign_in: SignIn) -> None:
    assert "这一类还没有指引" in page_of(sign_in(), "?class=0702")


@pytest.mark.usefixtures("guide")
@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("tn", ["0102"]),  # pinyin initials
        ("停暖", ["0102", "010201"]),  # the name begins so; the name has it
        ("整片", ["0102"]),  # only the guide has it
        ("01", ["01", "0101", "0102", "010201"]),
        ("停暖 整片", ["0102"]),
        ("没有这样的", []),
        ("  ", []),
    ],
)
def test_classes_are_found_by_words_initials_and_codes(query: str, codes: list[str]) -> None:
    assert [category.code for category in matching_classes(query)] == codes


@pytest.mark.usefixtures("guide")
def test_the_search_counts_what_it_lists(sign_in: SignIn) -> None:
    page = page_of(sign_in(), "?q=停暖")

    assert links(page) == ["0102", "010201"]
    assert "共 2 类" in page


def test_a_search_without_result_says_what_to_try(sign_in: SignIn) -> None:
    assert "没有找到这样的分类" in page_of(sign_in(), "?q=没有这样的")


def test_without_a_question_all_first_level_classes_are_shown(sign_in: SignIn) -> None:
    assert links(page_of(sign_in(), "")) == ["01", "05", "07", "10", "14", "20"]


def test_a_class_that_does_not_exist_or_is_used_no_more_is_not_found(sign_in: SignIn) -> None:
    retired = make.category("2005")
    retired.is_active = False
    retired.save(update_fields=["is_active"])

    assert sign_in().get("/guide/?class=9999").status_code == 404
    assert sign_in().get("/guide/?class=2005").status_code == 404
    assert "扬言" not in page_of(sign_in(), "")


def test_the_open_branch_is_that_of_the_class(sign_in: SignIn) -> None:
    page = page_of(sign_in(), "?class=0501")

    assert page.count("<details open>") == 1
    assert re.search(r'class=0501" aria-current="page"', page)


def test_the_call_takers_screen_opens_the_guide_in_a_window_of_its_own(sign_in: SignIn) -> None:
    page = sign_in(Role.AGENT).get("/intake/new/").content.decode()

    assert re.search(r'href="/guide/" target="_blank" rel="noopener"', page)


@pytest.mark.parametrize("role", list(Role))
def test_everybody_of_the_staff_reads_the_guide(sign_in: SignIn, role: Role) -> None:
    assert sign_in(role).get("/guide/").status_code == 200


def test_a_warm_page_asks_the_database_nothing_but_who_reads(
    sign_in: SignIn, guide: ClassGuide, django_assert_max_num_queries: Callable[..., object]
) -> None:
    browser = sign_in()
    page_of(browser, "?class=0102")

    with django_assert_max_num_queries(4):  # type: ignore[attr-defined]
        page_of(browser, "?class=0102")


# --- the shipped guide ------------------------------------------------------------------------


def shipped() -> None:
    load_categories()
    load_guide()
    forget_all()


def test_the_shipped_guide_describes_every_first_and_second_level_class() -> None:
    shipped()
    codes = set(Category.objects.values_list("code", flat=True))

    undescribed = Category.objects.filter(depth__lt=3, guide=None)
    unknown = {c for g in ClassGuide.objects.all() for c in g.confusable} - codes

    assert not undescribed
    assert not unknown
    assert all(g.includes and g.excludes and g.questions for g in ClassGuide.objects.all())
    assert load_guide() == 0


def test_the_shipped_third_level_is_told_by_the_class_above() -> None:
    shipped()

    for category in Category.objects.filter(depth=3):
        assert guide_of(category) is not None, category.code
