"""Two languages: pages are Chinese until somebody chooses English, and then wholly English."""

from __future__ import annotations

import ast
import gettext
import html
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.utils import translation
from django.utils.translation.template import templatize

from dispatch import services as dispatching
from dispatch.models import Reply
from evaluation import services as evaluation
from evaluation.models import CallbackResult, Consultation, RatingLink, Scheme
from evaluation.reference_data.loading import load_scheme
from evaluation.rules import OutOfScope, Rules, Shares
from evaluation.services import months
from evaluation.services.schemes import draft_scheme, record_consultation
from governance.models import Bulletin
from governance.services.bulletins import publish
from hotline.core.actors import SYSTEM
from hotline.core.models import (
    ApiClient,
    Area,
    Channel,
    ReportRun,
    Role,
    Staff,
    TimeLimit,
    Unit,
)
from hotline.pages import report_runs
from hotline.pages.urls import urlpatterns
from intake import services as intake
from intake.models import Ticket, TicketText
from knowledge.models import Category
from tests import factories as make
from tests.evaluation.rating import BAD, brought_by, link_to, token_of, web_channel

SignIn = Callable[..., Client]
ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "locale/en/LC_MESSAGES/django.po"
APPS = ("hotline", "intake", "dispatch", "evaluation", "knowledge", "governance")
HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
# With the punctuation that belongs to them.
CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uff01-\uff65]")
ENGLISH = "en"
# A bulletin is an official paper in Chinese, and says so.
PAPER = re.compile(r'<article class="paper[^>]*lang="zh-Hans".*?</article>', re.S)


@pytest.fixture(autouse=True)
def _language_of_the_other_tests() -> Iterator[None]:
    """A request leaves its language behind in the thread."""
    with translation.override("zh-hans"):
        yield


# --- the switch -----------------------------------------------------------------------------


def switch(browser: Client, language: str, page: str = "/notices/?unread=1") -> HttpResponseBase:
    return browser.post("/i18n/setlang/", {"language": language, "next": page})


def language_and_words(page: str) -> tuple[str, str]:
    """What an empty list of notices declares itself to be, and what it says."""
    declared = re.search(r'<html lang="([\w-]+)">', page)
    said = re.search("没有未读通知|No unread notices", page)
    return declared[1] if declared else "", said[0] if said else ""


def test_the_switch_turns_the_same_page_into_english_and_back(sign_in: SignIn) -> None:
    browser = sign_in(Role.HANDLER, make.unit())
    before = browser.get("/notices/?unread=1").content.decode()

    answer = switch(browser, ENGLISH)
    english = browser.get(answer.headers["Location"]).content.decode()
    switch(browser, "zh-hans")
    after = browser.get("/notices/?unread=1").content.decode()

    assert answer.headers["Location"] == "/notices/?unread=1"
    assert language_and_words(before) == ("zh-hans", "没有未读通知")
    assert language_and_words(english) == ("en", "No unread notices")
    assert language_and_words(after) == ("zh-hans", "没有未读通知")


def test_every_page_offers_the_other_language_by_a_plain_form(sign_in: SignIn) -> None:
    browser = sign_in(Role.HANDLER, make.unit())

    page = browser.get("/inbox/?tab=late").content.decode()
    switch(browser, ENGLISH)
    english = browser.get("/inbox/?tab=late").content.decode()

    assert 'action="/i18n/setlang/"' in page
    assert 'name="next" value="/inbox/?tab=late"' in page
    assert 'name="language" value="en"' in page
    assert 'name="language" value="zh-hans"' in english


def test_the_sign_in_page_has_the_switch(client: Client) -> None:
    switch(client, ENGLISH, "/accounts/login/")

    page = client.get("/accounts/login/").content.decode()

    assert 'action="/i18n/setlang/"' in page
    assert "Sign in" in page


def test_the_answer_to_a_form_has_no_switch_that_would_lose_what_was_typed(
    sign_in: SignIn,
) -> None:
    page = sign_in(Role.AGENT).post("/intake/new/", {"act": "save", "matter": "路灯坏了"})

    assert page.status_code == 422
    assert 'action="/i18n/setlang/"' not in page.content.decode()


def test_the_switch_leads_to_no_other_site(client: Client) -> None:
    answer = switch(client, ENGLISH, "https://elsewhere.example/")

    assert answer.headers["Location"] == "/"


def test_a_language_that_the_pages_do_not_speak_leaves_them_chinese(client: Client) -> None:
    switch(client, "fr")

    assert client.get("/accounts/login/").headers["Content-Language"] == "zh-hans"


def test_a_page_does_not_follow_the_browsers_language(sign_in: SignIn) -> None:
    page = sign_in(Role.AGENT).get("/intake/new/", headers={"accept-language": "en-GB,en"})

    assert page.headers["Content-Language"] == "zh-hans"
    assert "登记诉求" in page.content.decode()


@pytest.mark.parametrize(
    ("asked", "answered"),
    [("en-GB,en;q=0.8", "en"), ("zh-CN", "zh-hans"), ("fr", "zh-hans"), ("", "zh-hans")],
)
def test_the_api_answers_in_the_language_it_is_asked_in(
    client: Client, asked: str, answered: str
) -> None:
    problem = client.get("/api/v1/tickets", headers={"accept-language": asked})

    assert problem.headers["Content-Language"] == answered
    assert "Accept-Language" in problem.headers["Vary"]
    assert (problem.json()["title"] == "Authentication required") == (answered == "en")


# --- the pages ------------------------------------------------------------------------------
# One walk over all pages as the roles meet them, once in each language.

# Further roles see what one of these sees.
PEOPLE = (
    (Role.AGENT, "hotline"), (Role.DISPATCHER, "hotline"), (Role.HANDLER, "990101001"),
    (Role.DISTRICT_SUPERVISOR, "990101"), (Role.CALLBACK_AGENT, "hotline"),
    (Role.CITY_SUPERVISOR, "hotline"), (Role.ADMINISTRATOR, "hotline"),
)  # fmt: skip
LISTS = (
    "/", "/intake/new/", "/intake/new/choices/?area=990101001&category=0501&level=L3",
    "/options/areas/?q=甲", "/inbox/", "/inbox/?tab=late",
    "/inbox/?tab=replied", "/inbox/?tab=copies", "/inbox/?q=0", "/inbox/updates/?since=0",
    "/tickets/", "/tickets/?state=open&level=L3&overdue=on&sort=left&q=0",
    "/tickets/?unit=990101001&category=05&area=990101&channel=phone&request_type=complaint",
    "/tickets/?unit=0&period=0", "/tickets/?cell=valid", "/tickets/updates/?since=0",
    "/tickets/export/", "/callbacks/", "/callbacks/?tab=tried", "/callbacks/?tab=close",
    "/reports/", "/reports/new/?state=open", "/reports/new/?unit=0",
    "/desk/", "/desk/?tab=objections", "/desk/?tab=extensions", "/desk/?tab=ledger",
    "/desk/?tab=hard", "/desk/?select=all&returned=on", "/desk/updates/?since=0",
    "/catalogue/", "/catalogue/export/", "/catalogue/try/", "/catalogue/gaps/",
    "/catalogue/import/", "/catalogue/precedents/", "/catalogue/precedents/?ended",
    "/guide/", "/guide/?class=0501", "/guide/?q=0", "/duties/",
    "/schemes/", "/schemes/new/", "/schemes/1/", "/schemes/2/", "/schemes/2/edit/",
    "/schemes/2/what-if/?month=2026-04",
    "/pleas/", "/pleas/?tab=volume&month=0&unit=0", "/pleas/?tab=appeals&state=all",
    "/pleas/?state=refused&month=none",
    "/indicators/", "/indicators/?section=on_time", "/indicators/?section=dispatch",
    "/indicators/?section=left_out", "/indicators/?section=observed", "/indicators/?section=city",
    "/indicators/?indicator=per_10k&group=street_town", "/indicators/?indicator=consult_at_once",
    "/indicators/trend/?indicator=on_time", "/indicators/dimensions/", "/tickets/?indicator=sign",
    "/tickets/?indicator=to_base&part=denominator&group=street_town&period=2026-04",
    "/months/", "/months/2026-02/", "/months/2026-03/", "/months/2026-03/updates/",
    "/months/2026-04/", "/monthly/?period=2026-02", "/monthly/?group=second_receiver",
    "/assessment/units/990101001/", "/assessment/units/990101001/why/2026-04/",
    "/assessment/units/990101001/why/2026-02/",
    "/monthly/export/?format=csv", "/bulletins/",
    "/bulletins/?month=2026-02", "/bulletins/preview/2026-02/", "/bulletins/preview/2026-04/",
    "/years/", "/years/2026/", "/years/2026/export/?format=csv",
    "/dashboard/", "/dashboard/?scope=district:990101&group=district&period=2026-02",
    "/dashboard/?scope=unit:990101001", "/tickets/?scope=city&age=0-0&unplaced=1&unclassified=on",
    "/tickets/?scope=unit:990101001&due_soon=on", "/tickets/?scope=nowhere",
    "/course/", "/course/?measure=base&group=all",
    "/monthly/", "/monthly/?group=district", "/notices/", "/notices/?unread=1", "/nowhere/",
    "/leader/", "/leader/?kind=all", "/leader/?kind=mine", "/leader/?kind=exclusions",
    "/contradictions/", "/contradictions/?kind=claimed", "/pressure/", "/rating/nobody/",
    "/wall/", "/wall/panels/?scope=city&group=district",
)  # fmt: skip
# Sent as they stand, each is refused or changes nothing that another page shows.
SENT = (
    ("/intake/new/", {"act": "dispatch", "is_anonymous": "on", "phone": "12"}),
    ("/intake/new/caller/", {"phone": make.PHONE}),
    ("/intake/new/caller/", {"phone": "12"}),
    ("/intake/emergency/", {"line": "999"}),
    ("/tickets/find/", {"phone": "12"}),
    ("/reports/new/", {"kind": "list"}),
    ("/schemes/new/", {"weights_response": "2"}),
    ("/schemes/2/consult/", {"party": "public"}),
    ("/schemes/2/adopt/", {}),
    ("/schemes/2/discard/", {}),
    ("/months/2026-03/close/", {}),
    ("/months/2026-03/appeal/", {}),
    ("/months/2026-03/bonuses/", {"unit": "0", "points": "0"}),
    ("/months/2026-02/errata/", {}),
    ("/months/2026-02/talks/", {}),
    ("/bulletins/preview/2026-02/publish/", {}),
)
# What only acts and answers with no words of its own.
SILENT = {"registration_draft", "registration_discard", "ticket_verb_draft", "notices_read",
          "inbox_sign", "desk_accept", "desk_undo", "catalogue_publish",
          "catalogue_discard", "precedent_end", "rule_exclusion", "rule_appeal",
          "scheme_adopt", "scheme_discard", "month_appeal_ruling", "month_bonus_ruling",
          "catalogue_export", "bulletin_file", "report_delete", "report_cancel", "report_as_csv",
          "report_make", "report_plan", "report_schedule"}  # fmt: skip


def schemes_of_every_kind() -> None:
    """The shipped one, and a draft that differs from it and was put before the public."""
    load_scheme(make.AT)
    author, before = make.actor(Role.CITY_SUPERVISOR), make.AT - make.days(1)
    rules = Rules(volume_bands=(100, 300), shares=Shares(), out_of_scope=(OutOfScope("05"),))
    scheme = draft_scheme(
        based_on=None, name="路灯方案", valid_from="2026-05", rules=rules, actor=author, at=before
    )
    for at, said in ((before, ""), (make.AT, "路灯")):
        record_consultation(
            scheme=scheme, party="public", began_on=before.date(), ended_on=before.date(),
            summary=said, adopted_opinions=said, actor=author, at=at,
        )  # fmt: skip


def months_of_every_kind() -> None:
    """February is closed and has an erratum; March is shown, objected to and given points."""
    city, street = make.actor(Role.CITY_SUPERVISOR), make.actor(Role.MANAGER, make.unit())
    months.open_draft(month="2026-02", actor=SYSTEM, at=make.AT - make.days(20))
    months.close_month(month="2026-02", by=city.reference, at=make.AT - make.days(10))
    months.publish_erratum(
        month="2026-02", unit=make.unit(), wrong="路灯", right="路灯", reason="路灯",
        actor=city, at=make.AT,
    )  # fmt: skip
    publish(month="2026-02", actor=city, at=make.AT - make.days(1))
    months.open_draft(month="2026-03", actor=SYSTEM, at=make.AT - make.days(1))
    objecting = {"month": "2026-03", "unit": make.unit(), "actor": street, "at": make.AT}
    appeal = months.appeal_score(reason="路灯", **objecting)
    months.rule_score_appeal(
        appeal=appeal, outcome="rejected", ruling="路灯", actor=city, at=make.AT
    )
    months.appeal_score(reason="路灯", **objecting)
    months.propose_bonus(
        month="2026-03", unit=make.unit(), ground="hard_case", points=Decimal(1), evidence="路灯",
        actor=city, at=make.AT,
    )  # fmt: skip


def tickets_of_every_kind() -> list[str]:
    """Numbers: in each state, anonymous, confidential, objected to, late and twice called."""
    for_late = make.AT - make.days(12)
    noted = make.handled_ticket(phone="13911112222")
    intake.note(number=noted.number, actor=make.agent(), at=make.AT + make.hours(1), text="催过")
    objected = make.dispatched_ticket()
    dispatching.raise_objection(
        number=objected.number, actor=make.handler(objected), at=make.AT + make.minutes(30),
        reason="不属于本街道职责", basis="职责清单第三条",
    )  # fmt: skip
    late = make.replied_ticket(at=for_late, solved="no")
    made = [
        make.accepted_ticket(is_confidential=True), make.dispatched_ticket(), objected, noted,
        make.handled_ticket(at=for_late), make.replied_ticket(is_anonymous=True),
        make.call_back(late, at=make.calling_hour(make.AT - make.days(1)), outcome="no_answer"),
        make.closed_ticket(at=for_late, resolved=False, satisfaction="dissatisfied"),
    ]  # fmt: skip
    pleas_about(made[-1])
    made += answers_of_every_kind()
    return [ticket.number for ticket in made]


def answers_of_every_kind() -> list[Ticket]:
    """Rated by its requester, against what was said on the telephone; a link that waits; a clue of
    pressure."""
    web, called_at = web_channel(), make.calling_hour(make.AT - make.days(1))
    day = {"at": called_at - make.hours(3)}
    rated, asked = (brought_by(web, phone=phone, **day) for phone in ("13922220001", "13922220002"))
    make.call_back(rated, at=called_at)
    evaluation.rate(
        number=rated.number, actor=web, at=called_at, **BAD,
        pressure="withdraw", pressure_words="路灯",
    )  # fmt: skip
    link_to(asked, web, make.AT - make.hours(1))
    return [make.fresh(rated), make.fresh(asked)]


def pleas_about(ticket: Ticket) -> None:
    """One of each kind; one is refused and asked again, the others wait."""
    named = {"number": ticket.number, "actor": make.handler(ticket), "at": make.AT - make.days(2)}
    why = {"reason": "路灯", "evidence": "路灯"}
    excluding = {**named, "scope": "rates", "ground": "tolerated", **why}
    evaluation.ask_exclusion(**excluding)
    evaluation.refuse_exclusion(
        number=ticket.number, actor=make.actor(Role.CITY_SUPERVISOR), ruling="路灯",
        at=make.AT - make.days(1),
    )  # fmt: skip
    evaluation.ask_exclusion(**excluding)
    answer = CallbackResult.objects.get(ticket=ticket)
    evaluation.appeal(**named, result=answer.pk, ground="contradicted", **why)


def walk(
    browser: Client, numbers: list[str], seen: set[str]
) -> Iterator[tuple[str, HttpResponseBase]]:
    """The pages this person can reach; and each form nobody has `seen`, with what its refusal
    says."""
    for address in LISTS:
        yield address, browser.get(address)
    for link in RatingLink.objects.all():
        yield "/rating/", browser.get(f"/rating/{token_of(link)}/")
    for bulletin in Bulletin.objects.all():
        yield "/bulletins/", browser.get(f"/bulletins/{bulletin.pk}/")
    for address, content in SENT:
        yield f"POST {address}", browser.post(address, content, follow=True)
    for address in reports_of_every_kind(browser):
        yield address, browser.get(address)
    for number in numbers:
        page = browser.get(f"/tickets/{number}/")
        yield page.request["PATH_INFO"], page
        for address in (f"/tickets/{number}/journey/", f"/desk/{number}/why/"):
            yield address, browser.get(address)
        sheet = f"/desk/{number}/do/dispatch/"
        yield sheet, browser.get(sheet, headers={"HX-Request": "true"})
        link = f"/tickets/{number}/callback/link/"
        yield f"POST {link}", browser.post(link, follow=True)
        forms = re.findall(
            rf'(?:href|hx-post)="/tickets/{number}/(do/\w+|callback|requester)/"', text_of(page)
        )
        for form in set(forms) - seen:
            seen.add(form)
            address = f"/tickets/{number}/{form}/"
            if form != "requester":
                yield address, browser.get(address)
            yield f"POST {address}", browser.post(address, {"version": "0"}, follow=True)


def reports_of_every_kind(browser: Client) -> list[str]:
    """Addresses: a list and a table of numbers, made; every failure; plans of two kinds."""
    made = {"kind": "list", "rows": "unit", "columns": ["number"], "format": "csv", "name": "路灯"}
    counted = made | {"kind": "counts", "rows": "class", "across": "state"}
    for shape in (made, counted):
        browser.post("/reports/new/?state=open", shape)
    own = ReportRun.objects.filter(report__owner=browser.session["_auth_user_id"])
    while report_runs.carry_on(at=make.AT):
        pass
    for run, cadence in zip(own.order_by("pk"), ("daily", "after_close"), strict=False):
        plan = {"cadence": cadence, "weekday": "1", "days_after": "1"}
        browser.post(f"/reports/{run.report_id}/schedule/", plan)
        for failure in report_runs.FAILURES:
            ReportRun.objects.create(
                report=run.report, shape=run.shape, asked_at=make.AT, finished_at=make.AT,
                outcome="failed", failure=failure,
            )  # fmt: skip
    addresses = []
    for run in own.order_by("pk"):
        page = f"/reports/runs/{run.pk}/"
        addresses += [f"/reports/{run.report_id}/", page, f"{page}progress/"]
        addresses += [f"{page}download/"] if run.outcome == "done" else []
    return addresses


def text_of(answer: HttpResponseBase) -> str:
    content = b"".join(answer) if answer.streaming else answer.content  # type: ignore[attr-defined]
    return html.unescape(content.decode())


def data_of_the_city() -> re.Pattern[str]:
    """What people wrote and what things are called: it stays as it is in either language."""
    texts = {"中文", "甲", "催过", "不属于本街道职责", "职责清单第三条", "路灯", "王芳", "王*"}
    texts |= {"按事发地（", "）"}  # the proposed basis is kept with the order as it reads
    for model, field in (
        (Unit, "name"), (Area, "name"), (Category, "name"), (Channel, "name"),
        (TimeLimit, "basis"), (Staff, "display_name"), (ApiClient, "name"),
        (TicketText, "title"), (TicketText, "matter"), (Reply, "text"),
        (Scheme, "name"), (Consultation, "summary"), (Consultation, "adopted_opinions"),
        (Bulletin, "title"), (Bulletin, "number"),
    ):  # fmt: skip
        texts.update(model.objects.values_list(field, flat=True))
    longest_first = sorted(filter(None, texts), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)))


def everybody(sign_in: SignIn) -> dict[str, Client]:
    return {str(role.value): sign_in(role, make.unit(code)) for role, code in PEOPLE}


def test_english_pages_show_no_chinese_but_what_people_wrote(
    sign_in: SignIn, clock: object
) -> None:
    schemes_of_every_kind()
    months_of_every_kind()
    numbers, people = tickets_of_every_kind(), everybody(sign_in)
    data = data_of_the_city()
    left: dict[str, str] = {}
    seen: set[str] = set()
    met: set[str] = set()

    for role, browser in people.items():
        switch(browser, ENGLISH)
        for address, answer in walk(browser, numbers, seen):
            if answer.status_code != 404:
                met.add(answer.resolver_match.url_name)  # type: ignore[attr-defined]
            text = data.sub("", PAPER.sub("", text_of(answer)))
            for found in re.finditer(rf".{{0,30}}{CHINESE.pattern}.{{0,30}}", text):
                left.setdefault(found[0], f"{role} {address}")

    assert not left
    assert met >= {pattern.name for pattern in urlpatterns} - SILENT


# What a Chinese page says in Latin letters: keys, formats, and the other language's name.
LATIN_WORDS = {"English", "CSV", "DOCX", "XLSX", "JSON", "Esc", "Enter", "Ctrl"}
# What an administrator types to make a closed month again.
LATIN_WORDS |= {"manage", "months", "recompute"}
ATTRIBUTES = r'\s(?:title|aria-label|placeholder|alt|data-shortcut-label)="([^"]*)"'


def visible(page: str) -> str:
    """The words that a reader sees or hears."""
    page = re.sub(r"<!--.*?-->|<(script|style)\b.*?</\1>", " ", page, flags=re.S)
    return " ".join([*re.findall(ATTRIBUTES, page), re.sub(r"<[^>]*>", " ", page)])


def latin_words(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w#&.:/-])[A-Za-z]{2,}(?![\w:/-])", text)) - LATIN_WORDS


def test_chinese_pages_show_no_english(sign_in: SignIn) -> None:
    schemes_of_every_kind()
    months_of_every_kind()
    numbers, people = tickets_of_every_kind(), everybody(sign_in)
    data = data_of_the_city()
    left: dict[str, str] = {}
    seen: set[str] = set()

    for role, browser in people.items():
        for address, answer in walk(browser, numbers, seen):
            if "html" in answer.headers.get("Content-Type", ""):
                for word in latin_words(visible(data.sub("", text_of(answer)))):
                    left.setdefault(word, f"{role} {address}")

    assert not left


# --- the catalogue --------------------------------------------------------------------------


def catalogue() -> dict[str, str]:
    """The .po file: msgid → msgstr, without its head."""
    quoted = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
    entries = re.findall(rf"^msgid {quoted}msgstr {quoted}", CATALOGUE.read_text(), re.M)

    def joined(lines: str) -> str:
        return "".join(ast.literal_eval(line) for line in lines.strip().splitlines())

    return {joined(key): joined(value) for key, value in entries if joined(key)}


def test_every_entry_is_translated_and_none_is_a_guess() -> None:
    entries = catalogue()

    assert len(entries) > 700
    assert not [key for key, value in entries.items() if not value or CHINESE.search(value)]
    assert "fuzzy" not in CATALOGUE.read_text()


def test_a_translation_keeps_the_parameters() -> None:
    parameter = re.compile(r"%%s|%\(\w+\)[sd]|</?\w+>")

    for key, value in catalogue().items():
        assert sorted(parameter.findall(key)) == sorted(parameter.findall(value)), key


def test_the_compiled_catalogue_is_that_of_the_text() -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as compiled:
        words = gettext.GNUTranslations(compiled)

    assert {key: words.gettext(key) for key in catalogue()} == catalogue()


# --- the sources ----------------------------------------------------------------------------

MARKERS = {"_", "gettext", "gettext_lazy"}  # what makemessages looks for
# Chinese in the code that no page shows in another language.
ALLOWED = {
    "hotline/ops/": "speaks to the operator at a terminal; the simulator invents matters",
    "hotline/localstack/": "speaks to the operator at a terminal",
    "hotline/settings.py": "languages by their own names; the API's documentation",
    "hotline/core/privacy/": "patterns that recognise Chinese writing",
    "hotline/core/actors.py": "the program's own name in records",
    "hotline/core/calendar_source.py": "data: the name of an exchanged working day",
    "hotline/core/models/deployment.py": "data: the city's name until one is given",
    "hotline/core/models/limits.py": "how a developer sees a row",
    "intake/services/registration.py": "patterns that find the end of a Chinese sentence",
    "intake/services/closing.py": "kept text is in the city's language",
    "dispatch/services/coordinating.py": "kept text is in the city's language",
    "dispatch/services/proposing.py": "kept text is in the city's language",
    "intake/api.py": "examples and headings of the API's documentation",
    "governance/open_data.py": "a published file is in the city's language",
    "governance/content.py": "a published file is in the city's language",
    "governance/composing.py": "a published file is in the city's language",
    "governance/paper_docx.py": "a published file is in the city's language; names of typefaces",
    "governance/wording.py": "a published file is in the city's language",
    "governance/workbook.py": "a published file is in the city's language",
    "governance/workbook_notes.py": "a published file is in the city's language",
}  # fmt: skip


def python_texts() -> Iterator[tuple[str, str, bool]]:
    """(file and line, text, whether it is marked for translation) of every text with Chinese
    characters in the code; documentation and the apps' own names are none."""
    for path in (path for app in APPS for path in (ROOT / app).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if "/migrations/" in name or name.endswith("/apps.py"):
            continue
        tree = ast.parse(path.read_text())
        marked: set[int] = set()
        silent: set[int] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Expr):
                silent.add(id(node.value))
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in MARKERS:
                marked.update(id(argument) for argument in node.args)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant) or id(node) in silent:
                continue
            if isinstance(node.value, str) and HAN.search(node.value):
                yield f"{name}:{node.lineno}", node.value, id(node) in marked


def template_texts() -> Iterator[tuple[str, str]]:
    """(template, text) of every text marked for translation."""
    for path in (ROOT / "templates").rglob("*.html"):
        found = re.findall(r"""(?:gettext|_)\(u?("[^"]*"|'(?:[^'\\]|\\.)*')\)""",
                           templatize(path.read_text(), origin=str(path)))  # fmt: skip
        for text in found:
            yield path.name, ast.literal_eval(text)


def template_rests() -> Iterator[tuple[str, str]]:
    """(template, what is left of it without comments and marked texts)."""
    marked = (
        r"{% comment %}.*?{% endcomment %}|{#.*?#}|{%\s*translate .*?%}|_\([\"'].*?[\"']\)"
        r"|{%\s*blocktranslate.*?{%\s*endblocktranslate\s*%}"
    )
    for path in (ROOT / "templates").rglob("*.html"):
        yield path.name, re.sub(marked, " ", path.read_text(), flags=re.S)


def test_every_marked_text_is_in_the_catalogue() -> None:
    entries = catalogue()
    marked = [(place, text) for place, text, is_marked in python_texts() if is_marked]

    assert not [pair for pair in [*marked, *template_texts()] if pair[1] not in entries]


def test_no_chinese_text_is_left_unmarked_in_the_code() -> None:
    unmarked = [(place, text) for place, text, is_marked in python_texts() if not is_marked]

    assert not [pair for pair in unmarked if not pair[0].startswith(tuple(ALLOWED))]


def test_no_chinese_text_is_left_unmarked_in_a_template() -> None:
    left = [(name, HAN.findall(text)) for name, text in template_rests() if HAN.search(text)]

    # The paper is what was published, in the city's language.
    assert {name for name, _text in left} == {"language.html", "bulletin_paper.html"}


def test_no_english_text_is_written_into_a_template() -> None:
    for name, rest in template_rests():
        words = visible(re.sub(r"{%.*?%}|{{.*?}}", " ", rest, flags=re.S))

        assert not latin_words(words), name


def test_scripts_take_their_words_from_the_page() -> None:
    for path in (ROOT / "static/js").glob("*.js"):
        code = re.sub(r"^\s*//.*$|/\*.*?\*/", "", path.read_text(), flags=re.M | re.S)

        assert not HAN.search(re.sub(r"\s//\s.*", "", code)), path.name
