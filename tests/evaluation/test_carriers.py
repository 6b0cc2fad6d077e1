"""Short messages with a rating link, handed to a real gateway on this machine."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pytest_django import Settings

from evaluation import addresses, carriers
from evaluation import services as evaluation
from evaluation.models import CallbackResult, RatingLink
from evaluation.services.robot import record_robot_call
from hotline.core import outbox
from hotline.core.actors import Actor
from hotline.core.models import AuditEntry, Delivery, Deployment, Role
from hotline.core.models.clients import Scope
from hotline.core.reference import forget_all
from hotline.core.violations import IllegalMove, NotPermitted, RuleViolation
from intake import services as intake
from intake.models import Ticket
from tests.evaluation.rating import (
    REPLIED,
    answer,
    brought_by,
    last_event,
    link_to,
    running,
    web_channel,
)
from tests.factories import (
    AT,
    MATTER,
    accepted_ticket,
    actor,
    call_back,
    callback_agent,
    dispatcher,
    fresh,
    handled_ticket,
    hours,
    minutes,
    replied_ticket,
    reply_to,
)
from tests.kernel.conftest import city, months

__all__ = ["city", "months"]  # fixtures
pytestmark = pytest.mark.usefixtures("city")
SITE = "https://rating.example.org"
CALLED = REPLIED + hours(2)


@dataclass
class Gateway:
    """What stands at the other end: keeps what it is given and answers as it is told to."""

    port: int = 0
    status: int = 200
    received: list[dict[str, Any]] = field(default_factory=list)

    @property
    def bodies(self) -> list[dict[str, str]]:
        return [one["body"] for one in self.received]


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Gateway]:
    """A gateway that works, configured."""
    found = Gateway()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.received.append(
                {"path": self.path, "headers": dict(self.headers), "body": json.loads(body)}
            )
            self.send_response(found.status)
            if 300 <= found.status < 400:
                self.send_header("Location", f"http://127.0.0.1:{found.port}/elsewhere")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    found.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.HOTLINE_SMS_URL = f"http://127.0.0.1:{found.port}/v1/sms?app=12345"
    settings.HOTLINE_SMS_TOKEN = "gateway-secret"
    settings.HOTLINE_SMS_TIMEOUT_SECONDS = 1
    settings.SITE_URL = SITE
    yield found
    server.shutdown()
    server.server_close()


def sent_for(ticket: Ticket, by: Actor | None = None) -> list[RatingLink]:
    return evaluation.send_links(number=ticket.number, actor=by or callback_agent(), at=CALLED)


# === A message ==============================================================================


def test_a_worker_hands_the_message_over_and_notes_when(gateway: Gateway) -> None:
    ticket = replied_ticket()
    (link,) = sent_for(ticket)
    before = list(gateway.received)

    outbox.deliver(at=CALLED + minutes(1))

    message = gateway.received[0]
    assert before == []  # the request itself speaks to nobody
    assert message["path"] == "/v1/sms?app=12345"
    assert message["headers"]["Authorization"] == "Bearer gateway-secret"
    assert message["body"]["to"] == "+8613800138000"
    assert (
        message["body"]["id"] == message["headers"]["Idempotency-Key"] == f"rating-link-{link.pk}"
    )
    assert RatingLink.objects.get().sent_at == CALLED + minutes(1)
    assert last_event(ticket).type == "rating_asked"


def test_the_message_says_who_asks_and_nothing_of_the_matter(gateway: Gateway) -> None:
    ticket = replied_ticket(name="欧阳明月")
    (link,) = sent_for(ticket)
    outbox.deliver(at=CALLED + minutes(1))

    text = gateway.bodies[0]["text"]

    assert text.startswith("【示例市12345热线】")
    assert "热线不会向您索要钱款、密码或验证码" in text
    assert f" {addresses.address_of(link, SITE)} " in f" {text.split('：')[1]} "
    for secret in (MATTER[:6], "路灯", "欧阳", ticket.number, "甲一街道"):
        assert secret not in text


def test_the_sign_is_the_operators_choice(gateway: Gateway, settings: Settings) -> None:
    settings.HOTLINE_SMS_SIGN = "某市接诉即办"
    sent_for(replied_ticket())

    outbox.deliver(at=CALLED + minutes(1))

    assert gateway.bodies[0]["text"].startswith("【某市接诉即办】")


def test_the_address_in_the_message_takes_one_answer(gateway: Gateway) -> None:
    ticket = replied_ticket()
    sent_for(ticket)
    outbox.deliver(at=CALLED + minutes(1))
    token = gateway.bodies[0]["text"].split(f"{SITE}/rating/")[1].split("/")[0]
    link, asked = evaluation.open_link(token=token, at=CALLED + minutes(2))

    answer(link, CALLED + minutes(3))

    assert asked.number == ticket.number
    assert CallbackResult.objects.get().channel == "sms"
    assert running(ticket) == {"closing"}


# === A gateway that is away =================================================================


def test_down_then_up_the_message_is_sent_once_and_under_the_same_name(gateway: Gateway) -> None:
    (link,) = sent_for(replied_ticket())
    gateway.status = 503
    outbox.deliver(at=CALLED + minutes(1))
    waiting = RatingLink.objects.get().sent_at, Delivery.objects.get(consumer="short-messages")
    gateway.status = 202

    outbox.deliver(at=CALLED + minutes(2))
    outbox.deliver(at=CALLED + minutes(3))

    assert waiting[0] is None
    assert waiting[1].last_error == "CarrierAway"
    assert [body["id"] for body in gateway.bodies] == [f"rating-link-{link.pk}"] * 2
    assert gateway.bodies[0] == gateway.bodies[1]
    assert RatingLink.objects.get().sent_at == CALLED + minutes(2)


@pytest.mark.parametrize("away", ["http://127.0.0.1:9/", "http://no-such-host.invalid/"])
def test_a_gateway_that_cannot_be_reached_is_tried_again(
    gateway: Gateway, settings: Settings, away: str
) -> None:
    works, settings.HOTLINE_SMS_URL = settings.HOTLINE_SMS_URL, away
    sent_for(replied_ticket())
    outbox.deliver(at=CALLED + minutes(1))
    settings.HOTLINE_SMS_URL = works

    outbox.deliver(at=CALLED + minutes(2))

    assert len(gateway.received) == 1
    assert RatingLink.objects.get().sent_at == CALLED + minutes(2)


@pytest.mark.parametrize("status", [301, 401, 403, 404, 408, 429, 500])
def test_what_can_be_mended_at_the_gateway_loses_no_message(gateway: Gateway, status: int) -> None:
    sent_for(replied_ticket())
    gateway.status = status
    outbox.deliver(at=CALLED + minutes(1))
    gateway.status = 200

    outbox.deliver(at=CALLED + minutes(2))

    assert [one["path"] for one in gateway.received] == ["/v1/sms?app=12345"] * 2
    assert RatingLink.objects.get().sent_at == CALLED + minutes(2)


def test_what_the_carrier_refuses_for_good_ends_the_link(gateway: Gateway) -> None:
    ticket = replied_ticket()
    (link,) = sent_for(ticket)
    gateway.status = 422

    for minute in (1, 2):
        outbox.deliver(at=CALLED + minutes(minute))

    entry = AuditEntry.objects.get(action="sms_refused")
    assert len(gateway.received) == 1
    assert (entry.number, entry.data) == (ticket.number, {"link": link.pk, "status": 422})
    assert RatingLink.objects.get().sent_at is None
    assert RatingLink.objects.get().expires_at == CALLED + minutes(1)
    assert running(ticket) == {"callback"}


def test_who_has_answered_meanwhile_gets_no_message(gateway: Gateway) -> None:
    ticket = replied_ticket()
    (link,) = sent_for(ticket)
    answer(link, CALLED + minutes(1))

    outbox.deliver(at=CALLED + minutes(2))

    assert gateway.received == []
    assert not Delivery.objects.filter(consumer="short-messages", delivered_at=None).exists()


def test_one_message_a_tick_so_that_no_link_waits_locked_for_another(gateway: Gateway) -> None:
    sent_for(replied_ticket())
    sent_for(replied_ticket(phone="13912345678"))

    outbox.deliver(at=CALLED + minutes(1))
    first = len(gateway.received)
    outbox.deliver(at=CALLED + minutes(2))

    assert (first, len(gateway.received)) == (1, 2)


@pytest.mark.parametrize("status", [200, 503])
def test_a_message_held_up_until_night_waits_for_the_morning(gateway: Gateway, status: int) -> None:
    """Away or not taken up before eight in the evening: nobody is woken for it."""
    ticket = replied_ticket()
    evaluation.send_links(number=ticket.number, actor=callback_agent(), at=AT + hours(9.9))
    gateway.status = status
    if status != 200:
        outbox.deliver(at=AT + hours(9.95))
    gateway.received.clear()
    gateway.status = 200

    for hour in (10.1, 14, 18, 22.9):
        outbox.deliver(at=AT + hours(hour))
    at_night = list(gateway.received)
    outbox.deliver(at=AT + hours(23.1))

    assert at_night == []
    assert len(gateway.received) == 1
    assert RatingLink.objects.get().sent_at == AT + hours(23.1)


def answers_the_telephone(ticket: Ticket, at: dt.datetime) -> None:
    call_back(ticket, at=at)


def wants_no_call(ticket: Ticket, at: dt.datetime) -> None:
    call_back(ticket, at=at, outcome="declined")


def withdraws(ticket: Ticket, at: dt.datetime) -> None:
    intake.withdraw(number=ticket.number, actor=callback_agent(), at=at, is_confirmed=True)


def is_sent_back(ticket: Ticket, at: dt.datetime) -> None:
    call_back(ticket, at=at, resolved=False, satisfaction="dissatisfied")
    evaluation.rehandle(number=ticket.number, actor=callback_agent(), at=at)


@pytest.mark.parametrize(
    "meanwhile", [answers_the_telephone, wants_no_call, withdraws, is_sent_back]
)
def test_who_is_no_longer_to_be_called_gets_no_message(
    gateway: Gateway, meanwhile: Callable[[Ticket, dt.datetime], None]
) -> None:
    ticket = replied_ticket()
    sent_for(ticket)
    gateway.status = 503
    outbox.deliver(at=CALLED + minutes(1))
    gateway.received.clear()
    gateway.status = 200
    meanwhile(fresh(ticket), CALLED + minutes(2))

    outbox.deliver(at=CALLED + minutes(3))

    link = RatingLink.objects.get()
    assert gateway.received == []
    assert (link.sent_at, link.expires_at) == (None, CALLED + minutes(3))
    assert not Delivery.objects.filter(consumer="short-messages", delivered_at=None).exists()


def test_who_was_merged_into_a_matter_that_is_not_yet_asked_about_gets_no_message(
    gateway: Gateway,
) -> None:
    silent, other = handled_ticket(), handled_ticket(phone="13912345678", name="李雷")
    late = silent.clocks.get(kind="feedback").due_at
    other.clocks.filter(kind="feedback").update(due_at=late + hours(999))
    at = late.astimezone(AT.tzinfo).replace(hour=14) + hours(24)
    evaluation.send_links(number=silent.number, actor=callback_agent(), at=at)
    intake.merge_into(
        number=silent.number, actor=dispatcher(), at=at + minutes(1), target=other.number
    )

    outbox.deliver(at=at + minutes(2))

    assert gateway.received == []
    assert RatingLink.objects.get().expires_at == at + minutes(2)


# === Robot, message, person =================================================================


def not_reached_by_the_robot(ticket: Ticket, *heard: str) -> None:
    record_robot_call(
        number=ticket.number, actor=web_channel(scopes=[Scope.ROBOT]), at=CALLED,
        party=ticket.parties.get().pk, heard=heard or ("no_answer",),
    )  # fmt: skip


def test_whom_the_robot_does_not_reach_is_written_to_at_once(gateway: Gateway) -> None:
    ticket = replied_ticket()

    not_reached_by_the_robot(ticket)
    outbox.deliver(at=CALLED + minutes(1))

    link = RatingLink.objects.get()
    assert (link.channel, link.sent_at) == ("sms", CALLED + minutes(1))
    assert link.made_by.startswith("client:")
    assert len(gateway.received) == 1
    assert running(ticket) == {"callback"}


@pytest.mark.parametrize("heard", ["wrong_number", "9", "0"])
def test_who_has_declined_or_wants_a_person_is_not_written_to(gateway: Gateway, heard: str) -> None:
    not_reached_by_the_robot(replied_ticket(), heard)

    assert not RatingLink.objects.exists()


@pytest.mark.parametrize("order", [["robot", "phone", "sms"], ["sms", "robot", "phone"], ["phone"]])
def test_the_operator_decides_the_order(
    gateway: Gateway, settings: Settings, order: list[str]
) -> None:
    settings.CALLBACK_ORDER = order

    not_reached_by_the_robot(replied_ticket())

    assert not RatingLink.objects.exists()


def test_the_robots_call_counts_where_nothing_can_be_sent(
    gateway: Gateway, settings: Settings
) -> None:
    landline = replied_ticket(phone="010 6512 3456")
    not_reached_by_the_robot(landline)
    settings.HOTLINE_SMS_URL = ""

    not_reached_by_the_robot(replied_ticket())

    assert CallbackResult.objects.count() == 2
    assert not RatingLink.objects.exists()


def test_the_robot_sends_no_second_message_while_the_first_can_be_answered(
    gateway: Gateway,
) -> None:
    ticket = replied_ticket()
    sent_for(ticket)

    not_reached_by_the_robot(ticket)

    assert RatingLink.objects.count() == 1


# === The channel's page =====================================================================


def test_a_channels_page_is_not_the_link_in_the_message(gateway: Gateway) -> None:
    """A scheme may count one way of answering and not the other."""
    web = web_channel()
    ticket = brought_by(web)
    (message,) = sent_for(ticket)

    page = link_to(ticket, web, CALLED + minutes(1))
    outbox.deliver(at=CALLED + minutes(2))
    answer(page, CALLED + minutes(3))

    assert page.pk != message.pk
    assert len(gateway.received) == 1  # what the channel shows ends no message
    assert CallbackResult.objects.get().channel == "web"


# === Who, and whether at all ================================================================


@pytest.mark.parametrize("missing", ["HOTLINE_SMS_URL", "SITE_URL"])
def test_without_a_gateway_nothing_is_offered(
    gateway: Gateway, settings: Settings, missing: str
) -> None:
    setattr(settings, missing, "")

    with pytest.raises(RuleViolation) as refusal:
        sent_for(replied_ticket())

    assert not carriers.is_offered()
    assert "没有接通短信网关" in refusal.value.sentence()
    assert not RatingLink.objects.exists()


def test_invented_requesters_are_never_written_to(gateway: Gateway) -> None:
    ticket = replied_ticket()
    Deployment.objects.update(is_simulated=True)
    forget_all()

    with pytest.raises(RuleViolation) as refusal:
        sent_for(ticket)

    assert refusal.value.code == "sms_not_configured"


@pytest.mark.parametrize("who", [role for role in Role if role != Role.CALLBACK_AGENT])
def test_only_the_call_back_agent_sends(gateway: Gateway, who: Role) -> None:
    ticket = replied_ticket()
    unit = ticket.lead_unit if who in (Role.HANDLER, Role.MANAGER) else None

    with pytest.raises(NotPermitted):
        sent_for(ticket, actor(who, unit))


def test_a_second_message_is_not_sent_while_the_first_can_be_answered(gateway: Gateway) -> None:
    ticket = replied_ticket()
    sent_for(ticket)

    with pytest.raises(IllegalMove) as refusal:
        sent_for(ticket)

    assert refusal.value.code == "link_on_its_way"
    assert RatingLink.objects.count() == 1


def test_a_landline_is_called_instead(gateway: Gateway) -> None:
    with pytest.raises(IllegalMove) as refusal:
        sent_for(replied_ticket(phone="010 6512 3456"))

    assert refusal.value.code == "nobody_to_write_to"


def test_nobody_is_written_to_at_night(gateway: Gateway) -> None:
    ticket = replied_ticket()

    with pytest.raises(RuleViolation) as refusal:
        evaluation.send_links(number=ticket.number, actor=callback_agent(), at=REPLIED + hours(12))

    assert refusal.value.code == "outside_calling_hours"


def test_of_several_requesters_those_still_to_be_called_are_written_to(gateway: Gateway) -> None:
    ticket = handled_ticket()
    other = accepted_ticket(phone="13912345678", name="李雷")
    intake.merge_into(
        number=other.number, actor=dispatcher(), at=AT + minutes(30), target=ticket.number
    )
    call_back(reply_to(fresh(ticket), at=REPLIED), at=CALLED)

    sent_for(ticket)
    outbox.deliver(at=CALLED + minutes(1))

    assert [body["to"] for body in gateway.bodies] == ["+8613912345678"]
