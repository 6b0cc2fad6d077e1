"""The dispatch catalogue: read, tried, looked through for gaps, taken away and brought back."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import unescape

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponseBase
from django.test import Client
from openpyxl import load_workbook

from dispatch import spreadsheets
from dispatch.models import CatalogueEntry, CatalogueVersion, DutyItem, DutyList, Stance
from dispatch.services import catalogue as editions
from hotline.core.models import Deployment, Role, Unit, UnitKind
from hotline.core.reference import forget_all
from hotline.pages.catalogue import COLUMNS
from tests import factories as make

SignIn = Callable[..., Client]
NO_BASIS = "无公布依据（推断）"
EDITORS = (Role.CITY_SUPERVISOR, Role.ADMINISTRATOR)
READERS = [role for role in Role if role not in EDITORS]
TODAY = make.AT.date()


def row(category: str, lead: str = "street", **cells: str) -> dict[str, str]:
    return {"category": category, "lead": lead, "basis": NO_BASIS, **cells}


ROWS = [
    row("01", "enterprise:heat", cooperators="bureau:housing street", basis="《供热办法》"),
    row("0102", "enterprise:heat", limit_amount="2", limit_unit="hours", remark="整片停暖另报"),
    row("05", basis="《物业条例》", level="L4"),
    row("05", "bureau:housing", area="990102"),
    row("07"), row("10"), row("14", "bureau:market"), row("20"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def lines() -> None:
    """Units by their lines, as the seeds have them."""
    for code, line in (("ent-heat", "heat"), ("city-housing", "housing"),
                       ("990101-market", "market")):  # fmt: skip
        Unit.objects.filter(code=code).update(line=line)
    make.make_unit(
        code="city-market", name="市市场监管局", kind=UnitKind.CITY_DEPARTMENT, line="market",
        area=make.area("990000"),
    )  # fmt: skip
    forget_all()


def drafted(rows: list[dict[str, str]]) -> CatalogueVersion:
    return editions.make_draft(
        actor=make.actor(Role.CITY_SUPERVISOR), at=make.AT, rows=editions.read_rows(rows)
    )


@pytest.fixture
def edition() -> CatalogueVersion:
    """The first one, in force from today."""
    return editions.publish(
        draft=drafted(ROWS), valid_from=TODAY, actor=make.actor(Role.CITY_SUPERVISOR), at=make.AT
    )


def page_of(browser: Client, address: str = "/catalogue/") -> str:
    answer = browser.get(address)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def clauses(page: str) -> list[str]:
    """The class codes of the table's lines."""
    found = re.findall(r'<tr id="entry-\d+">\s*<td[^>]*><a [^>]*><span class="mono">(\d+)', page)
    assert f"共 {len(found)} 条" in page
    return found


def upload(browser: Client, content: bytes, name: str, **fields: str) -> HttpResponseBase:
    return browser.post("/catalogue/import/", {"file": SimpleUploadedFile(name, content), **fields})


def table(rows: list[dict[str, str]]) -> bytes:
    return spreadsheets.csv_file(COLUMNS, rows)


def exported(browser: Client, kind: str) -> bytes:
    answer = browser.get(f"/catalogue/export/?format={kind}")
    assert answer.status_code == 200
    return answer.content


# === Reading ================================================================================


@pytest.mark.usefixtures("edition")
def test_the_edition_in_force_is_shown_in_words_by_first_level_class(sign_in: SignIn) -> None:
    page = page_of(sign_in())

    assert clauses(page) == ["01", "0102", "05", "05", "07", "10", "14", "20"]
    for words in ("第 1 版", "市热力集团", "事发地街道（乡镇）", "乙区", "2 小时", "整片停暖另报"):
        assert words in page
    assert page.count('<tr class="group-row">') == 6


@pytest.mark.usefixtures("edition")
def test_a_clause_without_a_published_basis_is_tagged_and_one_with_is_not(sign_in: SignIn) -> None:
    page = page_of(sign_in())

    assert page.count(f'<span class="mark">{NO_BASIS}</span>') == 6
    assert '<span class="mark">《供热办法》</span>' not in page


@pytest.mark.usefixtures("edition")
def test_the_level_is_the_clauses_own_else_that_of_its_class(sign_in: SignIn) -> None:
    page = page_of(sign_in())

    levels = re.findall(r"badge-level level-(L\d)", page)

    assert levels == ["L2", "L2", "L4", "L3", "L3", "L3", "L3", "L3"]


@pytest.mark.usefixtures("edition")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=整片", ["0102"]),
        ("q=市热力集团+停暖", ["0102"]),
        ("q=0102", ["0102"]),
        ("q=没有这样的", []),
        ("category=05", ["05", "05"]),
        ("category=0501", ["05", "05"]),  # without a clause of its own: those above it
        ("category=01", ["01", "0102"]),
        ("lead=bureau:housing", ["05"]),
        ("unfounded=on", ["0102", "05", "07", "10", "14", "20"]),
        ("unfounded=on&lead=street&category=07", ["07"]),
        ("version=1&q=整片", ["0102"]),
    ],
)
def test_the_table_is_narrowed_and_counts_itself(
    sign_in: SignIn, query: str, expected: list[str]
) -> None:
    assert clauses(page_of(sign_in(), f"/catalogue/?{query}")) == expected


@pytest.mark.usefixtures("edition")
def test_an_impossible_condition_shows_nothing_and_says_why(sign_in: SignIn) -> None:
    page = page_of(sign_in(), "/catalogue/?category=9999")

    assert clauses(page) == []
    assert "没有“9999”这个分类" in page


def test_a_city_without_a_catalogue_says_how_it_dispatches(sign_in: SignIn) -> None:
    assert "没有目录时按事发地派单" in page_of(sign_in())
    assert sign_in().get("/catalogue/export/").status_code == 404


@pytest.mark.usefixtures("edition")
def test_an_earlier_edition_stays_readable_and_a_draft_is_for_editors(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    editor = make.actor(Role.CITY_SUPERVISOR)
    second = drafted([row("01", "district")])
    tomorrow = TODAY + make.days(1)

    assert sign_in().get("/catalogue/?version=2").status_code == 404
    assert "草稿" in page_of(sign_in(Role.ADMINISTRATOR), "/catalogue/?version=2")
    editions.publish(draft=second, valid_from=tomorrow, actor=editor, at=make.AT + make.hours(1))
    assert "第 1 版" in page_of(sign_in())
    clock.move_to(make.AT + make.days(2))
    assert clauses(page_of(sign_in())) == ["01"]
    assert len(clauses(page_of(sign_in(), "/catalogue/?version=1"))) == len(ROWS)


@pytest.mark.parametrize("number", ["9", "x", "-1", "99999999999999999999"])
@pytest.mark.usefixtures("edition")
def test_an_edition_that_does_not_exist_is_not_found(sign_in: SignIn, number: str) -> None:
    for page in ("", "export/", "gaps/"):
        assert sign_in().get(f"/catalogue/{page}?version={number}").status_code == 404


# === Trying =================================================================================


@pytest.mark.usefixtures("edition")
def test_a_try_names_the_unit_and_what_else_was_considered(sign_in: SignIn) -> None:
    page = page_of(sign_in(), "/catalogue/try/?category=0102&area=990101001")

    assert re.search(r"<dt>主办</dt><dd[^>]*>市热力集团</dd>", page)
    assert "2 小时" in page
    reasons = re.findall(r"<li(?: class=\"is-\w+\")?>(采用|未采用|不能采用)：", page)
    assert reasons == ["采用", "未采用"]


@pytest.mark.usefixtures("edition")
def test_a_try_never_hands_an_accusation_to_the_accused(sign_in: SignIn) -> None:
    query = "category=0702&area=990101001&request_type=complaint&target=甲一街道办事处"

    page = page_of(sign_in(), f"/catalogue/try/?{query}")

    assert re.search(r"<dt>主办</dt><dd[^>]*>甲区政府</dd>", page)
    assert "被反映的正是甲一街道办事处" in page


@pytest.mark.usefixtures("edition")
def test_a_try_where_nobody_can_be_named_says_what_is_missing(sign_in: SignIn) -> None:
    page = page_of(sign_in(), "/catalogue/try/?category=0702")

    assert "目录和地点都定不出单位" in page
    assert "事发地点还不知道" in page


def test_a_try_asks_for_a_class_and_refuses_an_unknown_one(sign_in: SignIn) -> None:
    assert "还没有选分类" in page_of(sign_in(), "/catalogue/try/")
    assert "没有“9999”这个分类" in page_of(sign_in(), "/catalogue/try/?category=9999")


# === Gaps ===================================================================================


@pytest.mark.usefixtures("edition")
def test_a_whole_catalogue_has_no_gap(sign_in: SignIn) -> None:
    assert "没有发现空缺和冲突" in page_of(sign_in(), "/catalogue/gaps/")


def test_gaps_and_conflicts_are_listed_one_by_one_with_links(sign_in: SignIn) -> None:
    editions.publish(
        draft=drafted(ROWS[:-1]), valid_from=TODAY, actor=make.actor(Role.CITY_SUPERVISOR),
        at=make.AT,
    )  # fmt: skip
    street = DutyList.objects.create(
        code="street", name="街道履职清单", unit_kind="street", valid_from=make.LONG_AGO
    )
    DutyItem.objects.create(
        duty_list=street, code="S-01", text="一般事项", categories=["05", "10", "01"],
        stance=Stance.LEADS, basis="《条例》",
    )  # fmt: skip
    DutyItem.objects.create(
        duty_list=street, code="S-07", text="不查处占道", categories=["07"],
        stance=Stance.NOT_DUTY, basis="《条例》",
    )  # fmt: skip
    forget_all()

    page = page_of(sign_in(), "/catalogue/gaps/")

    assert "20 社会秩序 没有条目" in page
    assert "S-07（不查处占道）" in page
    links = re.findall(r'href="/catalogue/\?version=1&category=(\d+)"', page)
    assert f"共 {len(links)} 处" in page
    assert {"07", "20", "2005"} <= set(links)


# === Out and in =============================================================================


@pytest.mark.usefixtures("edition")
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_what_is_exported_and_imported_again_changes_nothing(sign_in: SignIn, kind: str) -> None:
    browser = sign_in(Role.CITY_SUPERVISOR)

    answer = upload(browser, exported(browser, kind), f"catalogue.{kind}")

    draft = CatalogueVersion.objects.get(published_at=None)
    assert answer.headers["Location"] == f"/catalogue/import/?draft={draft.number}"
    assert editions.preview(draft).is_empty
    assert "与现行目录没有差别" in page_of(browser, answer.headers["Location"])


@pytest.mark.usefixtures("edition")
def test_a_table_exported_in_english_is_imported_by_chinese_pages(sign_in: SignIn) -> None:
    browser = sign_in(Role.CITY_SUPERVISOR)
    browser.post("/i18n/setlang/", {"language": "en", "next": "/catalogue/"})
    english = exported(browser, "xlsx")
    browser.post("/i18n/setlang/", {"language": "zh-hans", "next": "/catalogue/"})

    upload(browser, english, "catalogue.xlsx")

    assert editions.preview(CatalogueVersion.objects.get(published_at=None)).is_empty


def test_no_cell_of_an_export_is_run_by_the_program_that_opens_it(sign_in: SignIn) -> None:
    editions.publish(
        draft=drafted([row("01", "district", remark="=1+1")]), valid_from=TODAY,
        actor=make.actor(Role.CITY_SUPERVISOR), at=make.AT,
    )  # fmt: skip

    sheet = load_workbook(io.BytesIO(exported(sign_in(), "xlsx"))).active

    last = [cell for cell in sheet[2] if cell.value][-1]
    assert (last.value, last.data_type) == ("'=1+1", "s")
    assert ",'=1+1" in exported(sign_in(), "csv").decode()


@pytest.mark.usefixtures("edition")
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_invented_units_say_so_in_the_file_too(sign_in: SignIn, kind: str) -> None:
    Deployment.objects.update(is_simulated=True)
    forget_all()

    content = exported(sign_in(), kind)

    first = (
        load_workbook(io.BytesIO(content)).active["A1"].value if kind == "xlsx"
        else content.decode("utf-8-sig")
    )  # fmt: skip
    assert first.startswith("模拟数据")
    read = spreadsheets.read(io.BytesIO(content), f"t.{kind}", COLUMNS)
    assert len(read.rows) == len(ROWS)


@pytest.mark.usefixtures("edition")
def test_a_preview_shows_what_is_added_changed_and_removed(sign_in: SignIn) -> None:
    rows = [*ROWS[1:], row("0501", remark="新的一条")]
    rows[0] = {**rows[0], "lead": "city:housing", "limit_amount": "3", "limit_unit": "working_days"}
    browser = sign_in(Role.CITY_SUPERVISOR)

    answer = upload(browser, table(rows), "t.csv", note="供热改派")
    page = page_of(browser, answer.headers["Location"])

    assert "供热改派" in page
    for before, after in (("市热力集团", "市住房城乡建设委"), ("小时", "工作日"), ("2", "3")):
        assert f"<del>{before}</del> → <ins>{after}</ins>" in page
    numbers = re.findall(r"<dt>(新增|改动|删去)</dt><dd>(\d+)</dd>", page)
    assert numbers == [("新增", "1"), ("改动", "1"), ("删去", "1")]


@pytest.mark.usefixtures("edition")
def test_errors_are_told_by_line_of_the_file_and_nothing_is_stored(sign_in: SignIn) -> None:
    rows = [*ROWS, {}, row("9999"), row("0702", "neighbour"), row("0501", basis=""), row("07")]

    answer = upload(sign_in(Role.CITY_SUPERVISOR), table(rows), "t.csv")
    page = unescape(answer.content.decode())

    assert answer.status_code == 422
    told = re.findall(r'data-label="行">(\d+)</td>\s*<td><span class="mark mark-late">', page)
    assert told == ["11", "12", "13", "14"]
    for words in ("没有“9999”这个分类", "“neighbour”看不懂", "没有写依据", "与第 6 行重复"):
        assert words in page
    assert not CatalogueVersion.objects.filter(published_at=None).exists()


@pytest.mark.usefixtures("edition")
def test_a_leading_zero_that_the_spreadsheet_dropped_is_put_back(sign_in: SignIn) -> None:
    rows = [{**line, "category": line["category"].removeprefix("0")} for line in ROWS]

    upload(sign_in(Role.CITY_SUPERVISOR), table(rows), "t.csv")

    assert editions.preview(CatalogueVersion.objects.get(published_at=None)).is_empty


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"nothing", "t.pdf", "只能上传 .xlsx 或 .csv"),
        (b"PK broken", "t.xlsx", "这个文件打不开"),
        (b"a,b\r\n", "t.csv", "没有找到表头"),
        ("分类代码,主办规则\r\n".encode(), "t.csv", "表头下面没有内容"),
        (b"", "t.csv", "空文件"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_the_reason(
    sign_in: SignIn, content: bytes, name: str, words: str
) -> None:
    answer = upload(sign_in(Role.CITY_SUPERVISOR), content, name)

    assert answer.status_code == 422
    assert words in unescape(answer.content.decode())
    assert not CatalogueVersion.objects.exists()


@pytest.mark.usefixtures("edition")
def test_another_table_takes_the_drafts_place(sign_in: SignIn) -> None:
    browser, draft = sign_in(Role.CITY_SUPERVISOR), drafted(ROWS)

    upload(browser, table(ROWS[:2]), "t.csv", draft=str(draft.number))

    assert CatalogueVersion.objects.get(published_at=None).pk == draft.pk
    assert CatalogueEntry.objects.filter(version=draft).count() == 2


# === Publishing =============================================================================


@pytest.mark.usefixtures("edition")
def test_a_draft_is_published_from_its_first_day(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    clock.move_to(make.AT + make.hours(1))
    browser, draft = sign_in(Role.ADMINISTRATOR), drafted(ROWS[:2])
    first_day = TODAY + make.days(1)

    assert f'value="{first_day}"' in page_of(browser, f"/catalogue/import/?draft={draft.number}")
    answer = browser.post(
        "/catalogue/publish/", {"draft": draft.number, "valid_from": str(first_day)}
    )

    assert answer.headers["Location"] == f"/catalogue/?version={draft.number}"
    assert CatalogueVersion.objects.get(pk=draft.pk).valid_from == first_day
    assert CatalogueVersion.objects.get(number=1).valid_to == first_day
    assert "未施行" in page_of(browser, answer.headers["Location"])


@pytest.mark.usefixtures("edition")
@pytest.mark.parametrize(
    ("day", "words"), [(str(TODAY), "最早是"), ("gestern", "日期"), ("", "必填")]
)
def test_a_first_day_that_cannot_be_is_refused_on_the_same_page(
    sign_in: SignIn, day: str, words: str
) -> None:
    draft = drafted(ROWS[:2])

    answer = sign_in(Role.CITY_SUPERVISOR).post(
        "/catalogue/publish/", {"draft": draft.number, "valid_from": day}
    )

    assert answer.status_code == 422
    assert words in unescape(answer.content.decode())
    assert CatalogueVersion.objects.get(pk=draft.pk).published_at is None


@pytest.mark.usefixtures("edition")
def test_a_draft_made_before_another_edition_came_out_cannot_be_published(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    stale, newer = drafted(ROWS[:2]), drafted(ROWS[:3])
    editor, tomorrow = make.actor(Role.CITY_SUPERVISOR), TODAY + make.days(1)
    editions.publish(draft=newer, valid_from=tomorrow, actor=editor, at=make.AT + make.hours(1))
    clock.move_to(make.AT + make.hours(2))

    answer = sign_in(Role.CITY_SUPERVISOR).post(
        "/catalogue/publish/", {"draft": stale.number, "valid_from": str(TODAY + make.days(5))}
    )

    assert answer.status_code == 422
    assert "请在新版上重新起草" in answer.content.decode()


@pytest.mark.usefixtures("edition")
def test_a_draft_is_thrown_away_and_a_published_edition_is_not(sign_in: SignIn) -> None:
    browser, draft = sign_in(Role.CITY_SUPERVISOR), drafted(ROWS[:2])

    gone = browser.post("/catalogue/discard/", {"draft": draft.number})
    kept = browser.post("/catalogue/discard/", {"draft": 1})

    assert gone.headers["Location"] == "/catalogue/import/"
    assert kept.status_code == 404
    assert [version.number for version in CatalogueVersion.objects.all()] == [1]


# === Who ====================================================================================


@pytest.mark.usefixtures("edition")
@pytest.mark.parametrize("role", list(Role))
def test_everybody_of_the_staff_reads_tries_and_exports(sign_in: SignIn, role: Role) -> None:
    browser = sign_in(role)

    for page in ("", "try/", "gaps/", "export/"):
        assert browser.get(f"/catalogue/{page}").status_code == 200


@pytest.mark.usefixtures("edition")
@pytest.mark.parametrize("role", READERS)
def test_only_editors_import_publish_and_discard(sign_in: SignIn, role: Role) -> None:
    browser, draft = sign_in(role), drafted(ROWS)

    assert "/catalogue/import/" not in page_of(browser)
    assert browser.get("/catalogue/import/").status_code == 403
    assert upload(browser, table(ROWS), "t.csv").status_code == 403
    for act in ("publish", "discard"):
        answer = browser.post(
            f"/catalogue/{act}/", {"draft": draft.number, "valid_from": "2026-05-01"}
        )
        assert answer.status_code == 403


@pytest.mark.usefixtures("edition")
@pytest.mark.parametrize("role", EDITORS)
def test_editors_find_the_way_to_the_import(sign_in: SignIn, role: Role) -> None:
    browser = sign_in(role)

    for page in ("/catalogue/", "/catalogue/gaps/", "/duties/"):
        assert "/catalogue/import/" in page_of(browser, page)


@pytest.mark.parametrize("act", ["publish", "discard"])
def test_an_act_without_a_draft_finds_none(sign_in: SignIn, act: str) -> None:
    browser = sign_in(Role.CITY_SUPERVISOR)

    assert browser.post(f"/catalogue/{act}/").status_code == 404
    assert browser.post(f"/catalogue/{act}/", {"draft": ""}).status_code == 404


# === What it costs ==========================================================================


@pytest.mark.parametrize(
    ("page", "most"),
    [("", 6), ("export/", 5), ("try/?category=0102&area=990101001", 4), ("gaps/", 7)],
)
def test_a_page_costs_the_same_however_long_the_catalogue(
    sign_in: SignIn,
    edition: CatalogueVersion,
    page: str,
    most: int,
    django_assert_max_num_queries: Callable[..., object],
) -> None:
    browser = sign_in()
    browser.get(f"/catalogue/{page}")
    CatalogueEntry.objects.bulk_create(
        CatalogueEntry(
            version=edition, category=make.category(code), area=make.area(area), lead="street",
            basis=NO_BASIS,
        )
        for code in ("0501", "0702", "1001", "1401", "2005")
        for area in ("990101", "990102", "990101001", "990101002")
    )  # fmt: skip
    forget_all()
    browser.get(f"/catalogue/{page}")

    with django_assert_max_num_queries(most):  # type: ignore[attr-defined]
        browser.get(f"/catalogue/{page}")
