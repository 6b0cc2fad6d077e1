"""The page behind a rating link: three questions, nothing of the matter, no account."""

from __future__ import annotations

import datetime as dt
import io
import logging
import re
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import time_machine
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from gunicorn.config import Config

from evaluation import services as evaluation
from evaluation.models import CallbackResult, PressureReport, RatingLink
from hotline import gunicorn_conf
from hotline.core.actors import actor_for_client
from hotline.core.logs import WithoutTokens
from hotline.core.models import Deployment, Role
from hotline.core.reference import forget_all
from hotline.pages.views.rating import GUESSES_PER_MINUTE
from intake import services as intake
from intake.models import Ticket
from tests import factories as make
from tests.evaluation.rating import (
    REPLIED,
    adopted,
    brought_by,
    link_to,
    token_of,
    web_channel,
)

GOOD = {"contacted": "yes", "resolved": "yes", "satisfaction": "satisfied"}
OPENED = REPLIED + make.hours(2)


@pytest.fixture(autouse=True)
def _afternoon(clock: time_machine.Coordinates) -> Iterator[None]:
    cache.clear()
    clock.move_to(OPENED)
    yield
    cache.clear()


@pytest.fixture
def ticket() -> Ticket:
    return brought_by(
        web_channel(), phone="13912345678", name="欧阳明月", address="晨光小区 3 号楼",
        matter="小区东门外的路灯坏了三天。",
    )  # fmt: skip


@pytest.fixture
def link(ticket: Ticket) -> RatingLink:
    return link_to(ticket, actor_for_client(ticket.client))


def address(link: RatingLink) -> str:
    return f"/rating/{token_of(link)}/"


def send(browser: Client, link: RatingLink, **answers: str) -> HttpResponse:
    return browser.post(address(link), {**GOOD, **answers})


# === What it shows ==========================================================================


def test_the_three_questions_come_in_their_order(client: Client, link: RatingLink) -> None:
    adopted(pressure_percent=0)

    page = client.get(address(link)).content.decode()

    questions = ["是否联系过您", "是否解决", "是否满意", "还想说的话"]
    places = [page.index(question) for question in questions]
    assert places == sorted(places)
    assert page.count('type="radio"') == 2 + 2 + 5


def test_it_shows_nothing_of_the_matter_or_of_anybody(
    client: Client, ticket: Ticket, link: RatingLink
) -> None:
    """Whoever finds the telephone learns nothing."""
    pages = [client.get(address(link)), send(client, link, satisfaction=""), send(client, link)]
    pages.append(client.get(address(link)))

    for page in pages:
        shown = page.content.decode() + str(page.headers)
        for secret in ("路灯", "晨光", "欧阳", "139", ticket.number, "甲一", "物业", "市城市"):
            assert secret not in shown, secret


def test_nobody_keeps_or_passes_on_the_address(client: Client, link: RatingLink) -> None:
    for page in (client.get(address(link)), client.get("/rating/nonsense/")):
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "same-origin"
        assert "noindex" in page.headers["X-Robots-Tag"]
        assert '<meta name="robots" content="noindex' in page.content.decode()


def test_no_log_of_the_site_keeps_the_token(client: Client, link: RatingLink) -> None:
    token, log = token_of(link), io.StringIO()
    console = next(
        h for h in logging.getLogger().handlers
        if any(isinstance(known, WithoutTokens) for known in h.filters)
    )  # fmt: skip
    assert isinstance(console, logging.StreamHandler)
    stderr = console.setStream(log)
    staff = Client(enforce_csrf_checks=True)
    staff.force_login(make.make_staff(Role.CALLBACK_AGENT))

    try:
        for refused in (
            client.post(address(link), {}), client.put(address(link)),
            client.get(f"/rating/{token}x/"), staff.get(address(link)), staff.post(address(link)),
        ):  # fmt: skip
            assert 400 <= refused.status_code < 500
    finally:
        console.setStream(stderr)

    assert log.getvalue().count("/rating/…") == 5
    assert token not in log.getvalue()


def test_no_access_log_keeps_the_token(link: RatingLink) -> None:
    token, log = token_of(link), io.StringIO()
    config = Config()
    config.set("accesslog", "-")
    logger = gunicorn_conf.logger_class(config)
    logger.access_log.handlers[:] = [logging.StreamHandler(log)]
    site = "https://rating.example.org"

    logger.access(
        SimpleNamespace(status="302 Found", sent=0, headers=[]),
        SimpleNamespace(headers=[("REFERER", f"{site}/rating/{token}/")]),
        {
            "REQUEST_METHOD": "POST", "RAW_URI": f"/rating/{token}/",
            "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_REFERER": f"{site}/rating/{token}/",
        },
        dt.timedelta(milliseconds=3),
    )  # fmt: skip

    assert '"POST /rating/… HTTP/1.1" 302' in log.getvalue()
    assert token not in log.getvalue()


def test_it_works_without_a_script_or_a_foreign_origin(client: Client, link: RatingLink) -> None:
    page = client.get(address(link))
    text = page.content.decode()

    assert "<script" not in text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]


def test_invented_data_say_so_here_as_well(client: Client, link: RatingLink) -> None:
    Deployment.objects.update(is_simulated=True)
    forget_all()

    assert "模拟数据" in client.get(address(link)).content.decode()


# === Answering ==============================================================================


def test_three_answers_and_thanks(client: Client, link: RatingLink) -> None:
    sent = send(client, link, opinion="谢谢师傅", is_withheld="on")
    after = client.get(sent.headers["Location"])

    result = CallbackResult.objects.get()
    assert (sent.status_code, after.status_code) == (302, 200)
    assert "评价已收到，谢谢您" in after.content.decode()
    assert (result.channel, result.opinion, result.is_withheld) == ("web", "谢谢师傅", True)


@pytest.mark.parametrize("missing", ["contacted", "resolved", "satisfaction"])
def test_a_question_left_out_is_pointed_at_and_the_answers_stay(
    client: Client, link: RatingLink, missing: str
) -> None:
    answer = send(client, link, opinion="已写的话", **{missing: ""})
    page = answer.content.decode()

    assert answer.status_code == 422
    assert page.count("请回答这个问题。") == 1
    assert "已写的话" in page
    assert page.count(" checked") == 2
    assert not CallbackResult.objects.exists()


def test_a_second_answer_is_told_that_there_is_one(client: Client, link: RatingLink) -> None:
    send(client, link)

    again = send(client, link, resolved="no")

    assert again.status_code == 409
    assert "您已经评价过了" in again.content.decode()
    assert CallbackResult.objects.get().resolved is True


def test_what_cannot_be_kept_as_text_is_said_at_its_field(client: Client, link: RatingLink) -> None:
    answer = send(client, link, opinion="a" + chr(1))

    assert answer.status_code == 422
    assert "不可见的控制字符" in answer.content.decode()
    assert not CallbackResult.objects.exists()


def test_the_fourth_question_is_for_those_drawn(client: Client, link: RatingLink) -> None:
    adopted(pressure_percent=100)
    asked = client.get(address(link)).content.decode()

    send(client, link, pressure="change", pressure_words="上门要我改")

    assert "要求您改变评价" in asked
    assert PressureReport.objects.get().words == "上门要我改"


def test_who_is_not_asked_it_cannot_answer_it(client: Client, link: RatingLink) -> None:
    adopted(pressure_percent=0)
    page = client.get(address(link)).content.decode()

    send(client, link, pressure="change")

    assert "要求您改变评价" not in page
    assert CallbackResult.objects.count() == 1
    assert not PressureReport.objects.exists()


# === Why not ================================================================================


def test_every_reason_has_its_own_sentence(
    client: Client, ticket: Ticket, link: RatingLink, clock: time_machine.Coordinates
) -> None:
    said = {}
    make.call_back(ticket, at=OPENED, resolved=False, satisfaction="dissatisfied")
    said["given"] = client.get(address(link))
    evaluation.rehandle(number=ticket.number, actor=make.callback_agent(), at=OPENED)
    said["handling"] = client.get(address(link))
    make.reply_to(make.fresh(ticket), at=OPENED + make.hours(1), text="再修")
    clock.move_to(OPENED + make.hours(2))
    said["earlier round"] = client.get(address(link))
    intake.withdraw(
        number=ticket.number, actor=make.callback_agent(), at=OPENED + make.hours(3),
        is_confirmed=True,
    )  # fmt: skip
    said["withdrawn"] = client.get(address(link))
    clock.move_to(link.expires_at)
    said["expired"] = client.get(address(link))

    sentences = {re.search(r"</h1>\s*<p>(.*?)</p>", p.content.decode())[1] for p in said.values()}
    assert {page.status_code for page in said.values()} == {409}
    assert len(sentences) == len(said)
    assert all("<form" not in page.content.decode().split("<main")[1] for page in said.values())


def test_staff_who_open_a_link_are_sent_away(link: RatingLink) -> None:
    for role in (Role.CALLBACK_AGENT, Role.CITY_SUPERVISOR, Role.ADMINISTRATOR):
        browser = Client()
        browser.force_login(make.make_staff(role))
        pages = browser.get(address(link)), send(browser, link)

        assert [page.status_code for page in pages] == [403, 403]
        assert "工作人员不能代诉求人评价" in pages[1].content.decode()
    assert not CallbackResult.objects.exists()


def test_a_wrong_address_says_nothing(client: Client, link: RatingLink) -> None:
    wrong = token_of(link).swapcase()

    for token in (wrong, "x", "a" * 500):
        answer = client.get(f"/rating/{token}/")

        assert answer.status_code == 404
        assert "没有这个评价链接" in answer.content.decode()


def test_whoever_tries_many_is_stopped_and_a_right_link_still_opens(
    client: Client, link: RatingLink
) -> None:
    """Behind one address of a carrier sit a thousand people."""
    tries = [client.get(f"/rating/{n:027}/") for n in range(GUESSES_PER_MINUTE + 5)]

    assert [t.status_code for t in tries[:GUESSES_PER_MINUTE]] == [404] * GUESSES_PER_MINUTE
    assert {t.status_code for t in tries[GUESSES_PER_MINUTE:]} == {429}
    assert tries[-1].headers["Retry-After"] == "60"
    assert client.get(address(link)).status_code == 200
    assert send(client, link).status_code == 302


def test_other_methods_are_refused(client: Client, link: RatingLink) -> None:
    for method in ("put", "patch", "delete"):
        assert getattr(client, method)(address(link)).status_code == 405


def test_a_post_from_another_site_is_refused(link: RatingLink) -> None:
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(address(link), GOOD).status_code == 403
    assert not CallbackResult.objects.exists()
