"""Assessment schemes: read by those assessed, written by the authority, tried before adopted."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client

from evaluation import outcomes
from evaluation.models import (
    Consultation,
    ConsultedParty,
    FrozenOutcome,
    MonthClose,
    Outcome,
    Scheme,
    UnitScore,
)
from evaluation.reference_data.loading import load_scheme
from evaluation.rules import DEFAULT_RULES, OutOfScope, Rules, Shares
from evaluation.schemes import rules_of
from evaluation.services import months
from evaluation.services.schemes import (
    adopt_scheme,
    change_draft,
    draft_scheme,
    fingerprint,
    record_consultation,
)
from hotline.core.actors import SYSTEM, Actor, actor_for_staff
from hotline.core.models import AuditEntry, Role, Staff
from hotline.core.violations import SENTENCES
from hotline.pages.schemes import READERS
from hotline.pages.what_if import Trial
from tests import factories as make
from tests.evaluation.making import answered_outcome

SignIn = Callable[..., Client]
NEXT = "2026-05"
# Drafts are written, and put before everybody, the day before yesterday.
DRAFTED = make.AT - make.days(2)
UNITS = {Role.HANDLER: "990101001", Role.MANAGER: "990101001", Role.DISTRICT_SUPERVISOR: "990101"}
# A scheme under which a single answer ranks a unit.
SMALL = Rules(min_sample=1)


@pytest.fixture(autouse=True)
def _shipped(clock: time_machine.Coordinates) -> None:
    load_scheme(make.AT)


@pytest.fixture
def city() -> Staff:
    return make.make_staff(Role.CITY_SUPERVISOR)


@pytest.fixture
def colleague() -> Staff:
    return make.make_staff(Role.CITY_SUPERVISOR)


def acting(staff: Staff) -> Actor:
    return actor_for_staff(staff, on=make.AT.date())


def page_of(browser: Client, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def words(page: str) -> str:
    """What is read, without the tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


def drafted(by: Staff, rules: Rules = SMALL, name: str = "试行小样本") -> Scheme:
    base = Scheme.objects.get(version=1)
    return draft_scheme(
        based_on=base, name=name, valid_from=NEXT, rules=rules, actor=acting(by), at=DRAFTED
    )


def asked(scheme: Scheme, by: Staff, *parties: str) -> None:
    day = DRAFTED.date()
    span: dict[str, Any] = {
        "scheme": scheme, "began_on": day, "ended_on": day, "actor": acting(by),
    }  # fmt: skip
    for party in parties or ConsultedParty.values:
        record_consultation(party=party, at=DRAFTED, **span)
        record_consultation(
            party=party, opinion_count=7, summary="建议降低样本要求", adopted_opinions="已采纳",
            at=make.AT, **span,
        )  # fmt: skip


def adopted(by: Staff, other: Staff) -> Scheme:
    scheme = drafted(by)
    asked(scheme, by)
    return adopt_scheme(scheme=scheme, actor=acting(other), at=make.AT)


def at_work(sign_in: SignIn, role: Role) -> Client:
    return sign_in(role, make.unit(UNITS[role]) if role in UNITS else None)


# === Reading ================================================================================


def test_the_list_says_from_when_who_and_who_was_asked(
    sign_in: SignIn, city: Staff, colleague: Staff
) -> None:
    adopted(city, colleague)

    page = words(page_of(sign_in(Role.AUDITOR), "/schemes/"))

    assert re.search(r"2 试行小样本 待施行 2026-05 起 部门 7 条 .* 社会公众 7 条", page)
    assert city.display_name in page
    assert colleague.display_name in page
    assert "1 首版考评方案（默认值） 现行 2019-01 至 2026-05（不含） — 系统" in page


def test_every_rule_stands_beside_its_definition_and_what_it_was_before(
    sign_in: SignIn, city: Staff
) -> None:
    drafted(city, Rules(min_sample=25, volume_bands=(100, 300)))

    page = words(page_of(sign_in(staff=city), "/schemes/2/"))

    assert "最少有效回访 有改动 25 件 上一版：10 件 有效回访少于这个数的单位算分而不排名" in page
    assert "承办量分档 有改动 100 件及以下、101–300、300 件以上 上一版：不分档" in page
    assert "“基本满意”折算 0.9 满意率中“满意”计 1，" in page
    assert page.count("有改动") == 2


def test_the_shipped_scheme_says_that_nobody_was_asked(sign_in: SignIn) -> None:
    assert "城市没有公布过权重，也没有征求过意见" in page_of(sign_in(Role.AUDITOR), "/schemes/1/")


@pytest.mark.parametrize("role", sorted(READERS - {Role.CITY_SUPERVISOR}))
def test_those_assessed_read_what_holds_and_what_they_are_asked_about(
    sign_in: SignIn, city: Staff, role: Role
) -> None:
    secret, public = drafted(city, name="还没拿出来"), drafted(city, name="正在征求意见")
    record_consultation(
        scheme=public, party="streets", began_on=make.AT.date(), ended_on=make.AT.date(),
        actor=acting(city), at=make.AT,
    )  # fmt: skip
    browser = at_work(sign_in, role)

    listed = page_of(browser, "/schemes/")

    assert "首版考评方案" in listed
    assert public.name in listed
    assert secret.name not in listed
    assert browser.get(f"/schemes/{secret.version}/").status_code == 404
    shown = page_of(browser, f"/schemes/{public.version}/")
    assert "征求意见期，结果另行登记" in shown
    for forbidden in ("修改草稿", "决定施行</button>", "登记征求意见", "删除草稿"):
        assert forbidden not in shown


@pytest.mark.parametrize("role", sorted(set(Role) - READERS))
def test_nobody_else_reads_schemes_or_is_led_to_them(sign_in: SignIn, role: Role) -> None:
    browser = at_work(sign_in, role)

    assert browser.get("/schemes/").status_code == 403
    assert browser.get("/schemes/1/").status_code == 403


@pytest.mark.parametrize("version", ["0", "9", "99999999999999999999"])
def test_a_version_that_does_not_exist_is_not_found(sign_in: SignIn, version: str) -> None:
    assert sign_in(Role.AUDITOR).get(f"/schemes/{version}/").status_code == 404


def test_the_tabs_lead_from_the_ranking_to_the_schemes(sign_in: SignIn) -> None:
    page = page_of(sign_in(Role.AUDITOR), "/schemes/")

    assert re.search(r'href="/monthly/"[^>]*>排名<', page)
    assert re.search(r'href="/schemes/" aria-current="page">方案<', page)


# === Drafting ===============================================================================


def filled(page: str) -> dict[str, Any]:
    """What a browser would send for a form left as it is."""
    form = page[page.index('class="scheme-form"') : page.index("保存草稿")]
    content: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        found = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        is_box = found.get("type") in ("checkbox", "radio")
        if "name" in found and (not is_box or " checked" in tag):
            content.setdefault(found["name"], []).append(found.get("value", "on" if is_box else ""))
    for name, options in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)"[^>]* selected', options)
        content[name] = [chosen[1] if chosen else ""]
    return content


def test_a_new_draft_begins_as_the_scheme_before_and_keeps_what_is_changed(
    sign_in: SignIn, city: Staff
) -> None:
    browser = sign_in(staff=city)
    content = filled(page_of(browser, "/schemes/new/"))
    assert content["valid_from"] == [NEXT]
    scope = {"scope-0-category": "0501", "scope-0-begins": "2026-05-01", "scope-0-ends": ""}
    changes = {
        "name": "春季方案", "weights_resolution": "0.6", "weights_satisfaction": "0.3",
        "volume_bands": "100，300", "coverage_floor": "12.5", "groups": ["district"],
        "answer": "last", "shares_used": "on", "is_observation": "on", **scope,
    }  # fmt: skip

    answer = browser.post("/schemes/new/", content | changes)

    assert answer.headers["Location"] == "/schemes/2/"
    scheme = Scheme.objects.get(version=2)
    assert (scheme.name, scheme.valid_from) == ("春季方案", NEXT)
    rules = rules_of(scheme)
    assert rules.weights.resolution == Decimal("0.6")
    assert (rules.volume_bands, rules.coverage_floor) == ((100, 300), Decimal("0.125"))
    assert (rules.groups, rules.answer, rules.shares) == (("district",), "last", Shares())
    assert rules.is_observation
    (scope_kept,) = rules.out_of_scope
    assert (scope_kept.category, str(scope_kept.begins), scope_kept.ends) == (
        "0501", "2026-05-01", None,
    )  # fmt: skip
    assert (rules.min_sample, rules.period_start_day) == (10, 19)


def test_a_form_sent_back_as_it_came_says_the_same_rules(sign_in: SignIn, city: Staff) -> None:
    rules = Rules(
        volume_bands=(50,), coverage_floor=Decimal("0.125"), shares=Shares(),
        out_of_scope=(OutOfScope("0501", make.AT.date(), None), OutOfScope("07")),
    )  # fmt: skip
    drafted(city, rules)
    browser = sign_in(staff=city)

    browser.post("/schemes/2/edit/", filled(page_of(browser, "/schemes/2/edit/")))

    assert rules_of(Scheme.objects.get(version=2)) == rules
    assert not AuditEntry.objects.filter(action="scheme_changed").exists()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": ""}, "该字段是必填项"),
        ({"valid_from": "2026-04"}, "最早可从 2026-05 起施行"),
        ({"valid_from": "五月"}, "不是月份"),
        ({"weights_resolution": "0.6"}, "三率权重不能为负，三项之和须正好是 1。"),
        ({"weights_resolution": "abc"}, "输入一个数字"),
        ({"volume_bands": "300，100"}, "从小到大"),
        ({"volume_bands": "很多"}, "请填写正整数"),
        ({"groups": []}, "必填项"),
        ({"coverage_floor": "101"}, "小于或等于100"),
        ({"shares_used": "on", "shares_lead": "0.9"}, "主办与协办所占之和须正好是 1"),
        ({"shares_used": "on", "shares_lead": ""}, "必填项"),
        ({"whistle_arrival": "0.9"}, "各自之和须正好是 1"),
        ({"scope-0-category": "99"}, "没有“99”这个分类"),
        ({"scope-0-begins": "2026-05-01"}, "请选择分类"),
        (
            {
                "scope-0-category": "05",
                "scope-0-begins": "2026-05-02",
                "scope-0-ends": "2026-05-01",
            },
            "截止日须晚于起始日",
        ),
        ({"scope-TOTAL_FORMS": "x"}, "“不考评的事项”里有没填对的行"),
    ],
)
def test_what_cannot_be_a_scheme_is_said_on_the_form_and_nothing_is_kept(
    sign_in: SignIn, city: Staff, changes: dict[str, Any], says: str
) -> None:
    browser = sign_in(staff=city)
    content = filled(page_of(browser, "/schemes/new/")) | {"name": "春季方案"}

    answer = browser.post("/schemes/new/", content | changes)

    page = unescape(answer.content.decode())
    assert answer.status_code == 422
    assert "没有保存，内容都还在" in page
    assert says in page
    assert Scheme.objects.count() == 1


def test_two_people_edit_and_the_second_sees_what_differs_and_may_send_again(
    sign_in: SignIn, city: Staff, colleague: Staff
) -> None:
    scheme = drafted(city)
    browser = sign_in(staff=city)
    content = filled(page_of(browser, "/schemes/2/edit/")) | {"min_sample": "30"}
    change_draft(
        scheme=scheme, seen=fingerprint(scheme), name=scheme.name, valid_from=NEXT,
        rules=Rules(min_sample=20), actor=acting(colleague), at=make.AT,
    )  # fmt: skip

    late = browser.post("/schemes/2/edit/", content)
    page = unescape(late.content.decode())

    assert late.status_code == 422
    assert f"刚被{colleague.display_name}改过" in page
    assert "现存 20 件 → 您填写 30 件" in words(page)
    assert rules_of(Scheme.objects.get(version=2)).min_sample == 20
    browser.post("/schemes/2/edit/", filled(page))
    assert rules_of(Scheme.objects.get(version=2)).min_sample == 30


def test_a_draft_may_begin_from_any_version(sign_in: SignIn, city: Staff) -> None:
    drafted(city, Rules(tail_count=7))

    browser = sign_in(staff=city)

    assert filled(page_of(browser, "/schemes/new/"))["tail_count"] == ["3"]
    assert filled(page_of(browser, "/schemes/new/?from=2"))["tail_count"] == ["7"]
    assert browser.get("/schemes/new/?from=9").status_code == 404
    assert browser.get("/schemes/new/?from=x").status_code == 404


def test_what_is_adopted_has_no_form_any_more(sign_in: SignIn, city: Staff) -> None:
    browser = sign_in(staff=city)

    assert browser.get("/schemes/1/edit/").status_code == 404
    for act in ("consult", "adopt", "discard"):
        assert browser.post(f"/schemes/1/{act}/").status_code == 404
    assert "修改草稿" not in page_of(browser, "/schemes/1/")


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.CITY_SUPERVISOR}))
def test_only_the_authority_writes(sign_in: SignIn, city: Staff, role: Role) -> None:
    drafted(city)
    browser = at_work(sign_in, role)

    answers = [browser.get(f"/schemes/{page}/").status_code for page in ("new", "2/edit")]
    answers += [
        browser.post(f"/schemes/{act}/").status_code
        for act in ("new", "2/edit", "2/consult", "2/adopt", "2/discard")
    ]

    assert set(answers) == {403}
    assert Scheme.objects.get(version=2).adopted_at is None


# === Consultation and adoption ==============================================================


def test_a_consultation_is_written_down_and_shown_to_all(
    sign_in: SignIn, city: Staff, clock: time_machine.Coordinates
) -> None:
    drafted(city)
    browser = sign_in(staff=city)
    span = {"party": "streets", "began_on": "2026-04-12", "ended_on": "2026-04-14"}
    said = {"opinion_count": "15", "summary": "希望分档", "adopted_opinions": "下一版考虑"}
    browser.post("/schemes/2/consult/", span)
    clock.move_to(make.AT + make.days(1))

    awaited = page_of(browser, "/schemes/2/")
    answer = browser.post("/schemes/2/consult/", span | said)

    assert 'value="2026-04-12"' in awaited
    assert 'value="streets" selected' in awaited
    assert answer.headers["Location"] == "/schemes/2/"
    page = words(page_of(sign_in(Role.AUDITOR), "/schemes/2/"))
    assert "街道（乡镇） 2026-04-12 至 2026-04-14" in page
    assert "意见 15 条 内容 希望分档 采纳 下一版考虑" in page
    assert city.display_name in page


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"ended_on": "2026-03-01"}, "截止日不能早于开始日"),
        ({"ended_on": "2026-04-14"}, "2026-04-14 才截止"),
        ({"summary": ""}, "请填写收到的意见和采纳情况"),
        ({"began_on": "2026-04-09"}, "没有登记过这几天向街道（乡镇）征求意见"),
        (
            {
                "began_on": "2026-04-11",
                "ended_on": "2026-04-20",
                "summary": "",
                "adopted_opinions": "",
            },
            "开始日不能早于现在这份草稿写成之日（2026-04-12）",
        ),
        ({"party": "nobody"}, "选择一个有效的选项"),
        ({"summary": "长" * 1001}, "1000"),
    ],
)
def test_a_consultation_that_cannot_be_is_said_on_its_form(
    sign_in: SignIn, city: Staff, changes: dict[str, str], says: str
) -> None:
    drafted(city)
    content = {
        "party": "streets", "began_on": "2026-04-01", "ended_on": "2026-04-10",
        "summary": "希望分档", "adopted_opinions": "采纳",
    }  # fmt: skip

    answer = sign_in(staff=city).post("/schemes/2/consult/", content | changes)

    assert answer.status_code == 422
    assert says in unescape(answer.content.decode())
    assert not Consultation.objects.exists()


def test_what_is_still_missing_is_listed_instead_of_the_button(
    sign_in: SignIn, city: Staff
) -> None:
    drafted(city)

    page = page_of(sign_in(staff=city), "/schemes/2/")

    assert "/schemes/2/adopt/" not in page
    assert "请另一位市督导决定" in page
    for party in ConsultedParty:
        assert f"还没有登记向{party.label}征求意见的结果" in page


def test_another_supervisor_adopts_and_the_scheme_says_so(
    sign_in: SignIn, city: Staff, colleague: Staff
) -> None:
    asked(drafted(city), city)
    browser = sign_in(staff=colleague)
    assert "/schemes/2/adopt/" in page_of(browser, "/schemes/2/")

    page = unescape(browser.post("/schemes/2/adopt/", follow=True).content.decode())

    assert "第 2 版方案自考评月 2026-05 起施行" in page
    assert Scheme.objects.get(version=2).adopted_by == acting(colleague).reference
    assert "待施行" in page
    assert "/schemes/2/adopt/" not in page


def test_adopting_what_is_not_ready_says_what_is_missing(sign_in: SignIn, city: Staff) -> None:
    asked(drafted(city), city)

    page = sign_in(staff=city).post("/schemes/2/adopt/", follow=True)

    assert str(SENTENCES["scheme_own_draft"]) in unescape(page.content.decode())
    assert Scheme.objects.get(version=2).adopted_at is None


def test_a_consultation_about_rules_that_were_changed_since_says_so(
    sign_in: SignIn, city: Staff, colleague: Staff
) -> None:
    scheme, warning = drafted(city), "所征求的规则后来改过"
    asked(scheme, city, "public")
    browser = sign_in(staff=make.make_staff(Role.CITY_SUPERVISOR))
    before = page_of(browser, "/schemes/2/")

    change_draft(
        scheme=scheme, seen=fingerprint(scheme), name=scheme.name, valid_from=NEXT,
        rules=Rules(min_sample=2), actor=acting(colleague), at=make.AT + make.minutes(1),
    )  # fmt: skip

    after = page_of(browser, "/schemes/2/")
    assert warning not in before
    assert after.count(warning) == 2
    assert "向社会公众征求意见之后规则又改过" in after
    assert f"写过规则 {city.display_name}、{colleague.display_name}" in words(after)


def test_a_draft_is_thrown_away_until_somebody_was_asked(sign_in: SignIn, city: Staff) -> None:
    drafted(city)
    asked(drafted(city), city, "public")
    browser = sign_in(staff=city)

    gone = browser.post("/schemes/2/discard/", follow=True).content.decode()
    kept = browser.post("/schemes/3/discard/", follow=True).content.decode()

    assert "第 2 版草稿已删除" in gone
    assert "草稿须留作记录" in kept
    assert list(Scheme.objects.order_by("version").values_list("version", flat=True)) == [1, 3]
    assert "删除草稿" not in page_of(browser, "/schemes/3/")


# === 试算 ===================================================================================


def april_with_answers() -> None:
    """甲一街道 with one good answer and one bad one, 乙一镇 with one good one."""
    make.closed_ticket()
    make.closed_ticket(
        at=make.AT + make.hours(1), resolved=False, satisfaction="dissatisfied",
        phone="13955556666",
    )  # fmt: skip
    make.closed_ticket(
        at=make.AT + make.hours(2), lead_unit=make.unit("990102001"), area=make.area("990102001"),
        phone="13955557777",
    )  # fmt: skip


def row_of(page: str, unit: str) -> str:
    rows = re.findall(r"<tr.*?</tr>", page, re.S)
    return words(next(row for row in rows if unit in row)).strip()


def test_a_running_month_is_shown_beside_what_the_draft_would_make_of_it(
    sign_in: SignIn, city: Staff, clock: time_machine.Coordinates
) -> None:
    drafted(city)
    april_with_answers()
    outcomes.rebuild(None, at=make.AT + make.days(3))
    clock.move_to(make.AT + make.days(3))

    page = page_of(sign_in(staff=city), "/schemes/2/what-if/?month=2026-04")

    assert "实际（至今，未封账）" in page
    assert "最少有效回访： 10 件 → 1 件" in words(page)
    assert row_of(page, "甲一街道") == "甲一街道办事处 样本不足 55.0 2 55.0 — 0"
    assert row_of(page, "乙一镇") == "乙一镇政府 样本不足 100.0 1 100.0 — 0"
    assert "2 个单位中 2 个名次不同" in page
    assert "另有 1 个单位这个月没有承办量" in page


@pytest.mark.parametrize(
    ("set_aside", "first", "last"), [("first", None, "100.0"), ("last", "100.0", None)]
)
def test_an_answer_that_was_set_aside_is_so_only_where_the_tried_rules_count_it(
    city: Staff, set_aside: str, first: str | None, last: str | None
) -> None:
    answered_outcome(**{f"{set_aside}_set_aside": True})
    scores = {}
    for answer in ("first", "last"):
        rules = Rules(answer=answer, min_sample=1, coverage_floor=Decimal(0))
        trial = Trial(drafted(city, rules), "2026-04", "street_town", at=make.AT)
        scores[answer] = {line.unit.code: line.tried.score for line in trial.all_lines}

    tried = [scores[answer]["990101001"] for answer in ("first", "last")]
    assert [score and str(score) for score in tried] == [first, last]


def test_a_closed_month_is_scored_anew_from_its_frozen_rows_and_stays_as_it_was(
    sign_in: SignIn, city: Staff, clock: time_machine.Coordinates
) -> None:
    Scheme.objects.create(
        version=2, name="四月方案", rules=SMALL.as_json(), valid_from="2026-04",
        drafted_at=make.AT, drafted_by="system", adopted_at=make.AT, adopted_by="system",
    )  # fmt: skip
    weights = {"response": "0", "resolution": "1", "satisfaction": "0"}
    solving = Rules.from_json({"weights": weights, "min_sample": 1, "tail_count": 1})
    april_with_answers()
    months.open_draft(month="2026-04", actor=SYSTEM, at=make.AT + make.days(30))
    months.close_month(month="2026-04", by="staff:1", at=make.AT + make.days(40))
    clock.move_to(make.AT + make.days(41))
    draft_scheme(
        based_on=None, name="只看解决", valid_from="2026-07", rules=solving, actor=acting(city),
        at=make.AT + make.days(41),
    )  # fmt: skip
    models = (Outcome, FrozenOutcome, UnitScore, MonthClose, Scheme)
    before = [list(model.objects.order_by("pk").values()) for model in models]

    page = page_of(sign_in(staff=city), "/schemes/3/what-if/?month=2026-04&group=street_town")

    assert "实际（已封账）" in page
    assert row_of(page, "甲一街道") == "甲一街道办事处 2 55.0 2 50.0 0 -5.0"
    assert row_of(page, "乙一镇") == "乙一镇政府 1 100.0 1 100.0 0 0"
    assert "另有改动试算不出来" in page
    assert "末位单位数" in page
    assert [list(model.objects.order_by("pk").values()) for model in models] == before


def test_a_trial_says_that_it_is_one_on_the_page_and_in_the_heading(
    sign_in: SignIn, city: Staff
) -> None:
    drafted(city, DEFAULT_RULES)

    page = words(page_of(sign_in(Role.CITY_SUPERVISOR), "/schemes/2/what-if/"))

    assert "试算：2026-04 按第 2 版方案" in page
    assert "什么都不保存，不改变任何成绩" in page
    assert "试算与实际不会有差别" in page


@pytest.mark.parametrize("query", ["month=2026-05", "month=x", "month=2026-13", "group=none"])
def test_there_is_no_trial_of_a_month_to_come_or_of_no_group(sign_in: SignIn, query: str) -> None:
    assert sign_in(Role.AUDITOR).get(f"/schemes/1/what-if/?{query}").status_code == 404


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.CITY_SUPERVISOR, Role.AUDITOR}))
def test_units_see_nobodys_result_under_rules_that_do_not_hold(sign_in: SignIn, role: Role) -> None:
    browser = at_work(sign_in, role)

    assert browser.get("/schemes/1/what-if/").status_code == 403
    if role in READERS:
        assert "what-if" not in page_of(browser, "/schemes/1/")
