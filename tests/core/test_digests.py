"""Notices by e-mail, against a server that speaks SMTP over a socket."""

from __future__ import annotations

import datetime as dt
import email
import re
import socketserver
import threading
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.message import Message

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from dispatch import services as dispatching
from hotline.core import digests, outbox, tasks
from hotline.core.models import (
    Deployment,
    Membership,
    Notice,
    NoticeDigest,
    NoticeMail,
    Role,
    Staff,
)
from hotline.core.reference import forget_all
from intake import services as intake
from intake.models import Ticket
from tests.factories import (
    AT,
    LONG_AGO,
    MATTER,
    PHONE,
    accepted_ticket,
    agent,
    days,
    dispatched_ticket,
    handler,
    hours,
    make_staff,
    minutes,
    seed_reference,
    unit,
)
from tests.kernel.together import together

SECOND = dt.timedelta(seconds=1)
# The factories' orders come at 10:05; the digest of 10:30 goes out when it is complete.
FIRST = AT + minutes(33)


# === A mail server ==========================================================================


class Server(socketserver.ThreadingTCPServer):
    """Takes mail as a server does, and keeps it; `refused` are addresses it does not know."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.taken: list[tuple[str, Message]] = []
        self.refused: set[str] = set()
        self.is_full = False

    def to(self, address: str) -> list[Message]:
        return [message for recipient, message in self.taken if recipient == address]


class Conversation(socketserver.StreamRequestHandler):
    """One client: greeting, envelope, text, and every answer with its number (RFC 5321)."""

    server: Server

    def handle(self) -> None:
        self.say("220 tests ready")
        recipients: list[str] = []
        while line := self.rfile.readline().decode().strip():
            verb = line.split(" ")[0].upper()
            if verb == "RCPT":
                address = re.search("<(.*)>", line)[1]  # type: ignore[index]
                is_known = address not in self.server.refused
                recipients += [address] if is_known else []
                self.say("250 ok" if is_known else "550 no such person")
            elif verb == "DATA":
                self.say("354 go on")
                self.take(recipients)
                recipients = []
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok" if verb in ("EHLO", "HELO", "MAIL", "RSET") else "502 what")

    def take(self, recipients: list[str]) -> None:
        text = b""
        while (line := self.rfile.readline()) != b".\r\n":
            text += line
        if self.server.is_full:
            self.say("452 no room")
            return
        self.server.taken += [(each, email.message_from_bytes(text)) for each in recipients]
        self.say("250 taken")

    def say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        settings.EMAIL_TIMEOUT = 5
        settings.DEFAULT_FROM_EMAIL = "hotline@example.test"
        yield server
        server.shutdown()


def subject(message: Message) -> str:
    return str(make_header(decode_header(message["Subject"])))


def body(message: Message) -> str:
    return message.get_payload(decode=True).decode()  # type: ignore[union-attr]


# === The city ===============================================================================


@pytest.fixture
def committed_city(transactional_db: None) -> None:
    forget_all()
    seed_reference()


@pytest.fixture(autouse=True)
def _city(db: None) -> None:
    forget_all()
    seed_reference()


def reader(name: str = "li", role: str = Role.HANDLER, at: str = "990101001") -> Staff:
    """Somebody with an e-mail address."""
    return make_staff(role, unit(at), email=f"{name}@example.test")


def mail(at: dt.datetime) -> int:
    """One tick: how many mails were sent."""
    digests.make_mails(at=at)
    return digests.send_mails(at=at)


def notified(count: int = 1, **fields: object) -> list[Ticket]:
    """Orders to 甲一街道 at 10:05, and the notices of them."""
    tickets = [dispatched_ticket(**fields) for _ in range(count)]
    outbox.deliver_all(at=AT + minutes(5))
    return tickets


# === Digests ================================================================================


def test_half_an_hour_of_notices_is_one_mail(server: Server) -> None:
    reader()
    tickets = notified(3)
    assert mail(FIRST - SECOND) == 0
    assert mail(FIRST) == 1

    (message,) = server.to("li@example.test")
    assert subject(message) == "12345 热线：3 条未读通知"
    for ticket in tickets:
        assert f"{ticket.number}　派单（应于 04-14 22:05 前完成）" in body(message)


def test_a_mail_carries_no_person_no_telephone_and_no_word_of_the_matter(server: Server) -> None:
    reader()
    notified(title="东门外的路灯", name="王芳", address="晨光小区 3 号楼")
    mail(FIRST)

    text = body(server.to("li@example.test")[0])
    for secret in ("路灯", "王芳", PHONE, PHONE[-4:], "晨光", MATTER[:4], "示例", "甲一"):
        assert secret not in text


def test_a_missed_promise_says_which_and_since_when(server: Server) -> None:
    reader()
    (ticket,) = notified()
    missed = AT + hours(12) + minutes(5)
    intake.sweep(at=missed)
    outbox.deliver_all(at=missed)
    mail(FIRST)
    mail(missed + minutes(30))

    text = body(server.to("li@example.test")[-1])
    assert f"{ticket.number}　催办：签收（应于 04-14 22:05 前完成）" in text


def test_notices_about_months_are_told_by_the_month_each_once(server: Server) -> None:
    reader()
    for month in ("2026-02", "2026-03"):
        Notice.objects.create(
            unit=unit(), type="month_closed", number="", data={"month": month},
            created_at=AT + minutes(5),
        )  # fmt: skip
    mail(FIRST)

    (message,) = server.to("li@example.test")
    assert subject(message) == "12345 热线：2 条未读通知"
    assert body(message).splitlines()[:2] == ["2026-02 月度成绩封账", "2026-03 月度成绩封账"]


def test_the_next_digest_begins_where_the_last_ended(server: Server) -> None:
    reader()
    notified()
    later = dispatched_ticket(at=AT + minutes(40))
    outbox.deliver_all(at=AT + minutes(45))
    for n in range(30, 100):
        mail(AT + minutes(n))

    first, second = server.to("li@example.test")
    assert later.number not in body(first)
    assert subject(second) == "12345 热线：1 条未读通知"
    assert later.number in body(second)


def test_after_an_interruption_nothing_is_left_out(server: Server) -> None:
    reader()
    mail(FIRST)
    early, late = AT + minutes(40), AT + hours(9)
    numbers = []
    for at in (early, late):
        numbers.append(dispatched_ticket(at=at).number)
        outbox.deliver_all(at=at + minutes(5))
    mail(AT + hours(10) + minutes(3))

    (message,) = server.to("li@example.test")
    assert all(number in body(message) for number in numbers)


def test_what_was_read_meanwhile_is_not_mailed(server: Server) -> None:
    reader()
    notified()
    digests.make_mails(at=FIRST)
    Notice.objects.update(read_at=FIRST)

    assert digests.send_mails(at=FIRST) == 0
    assert mail(FIRST + days(1)) == 0
    assert not server.taken


def test_everybody_gets_what_is_theirs(server: Server) -> None:
    reader("own")
    reader("other", at="990102001")
    reader("agent", role=Role.AGENT, at="hotline")
    make_staff(Role.HANDLER, unit())  # no address
    make_staff(Role.HANDLER, unit(), email="gone@example.test", is_active=False)
    former = reader("former")
    Membership.objects.filter(staff=former).update(valid_to=AT.date())
    notified()

    assert mail(FIRST) == 1
    assert [address for address, _ in server.taken] == ["own@example.test"]


def test_the_hotlines_dispatchers_hear_of_the_hotlines_own_promises(server: Server) -> None:
    reader("desk", role=Role.DISPATCHER, at="hotline")
    accepted_ticket(level="L2")
    late = AT + hours(2) + minutes(1)
    intake.sweep(at=late)
    outbox.deliver_all(at=late)
    mail(late + minutes(33))

    assert "催办：派单" in body(server.to("desk@example.test")[0])


def test_a_person_of_several_units_gets_one_mail(server: Server) -> None:
    staff = reader()
    Membership.objects.create(
        staff=staff, unit=unit("city-urban"), role=Role.MANAGER, valid_from=LONG_AGO
    )
    dispatched_ticket(lead_unit=unit("city-urban"))
    notified()

    assert mail(FIRST) == 1
    assert subject(server.taken[0][1]) == "12345 热线：2 条未读通知"


def test_a_long_digest_says_how_much_more_there_is(server: Server) -> None:
    reader()
    (ticket,) = notified()
    Notice.objects.bulk_create(
        Notice(
            unit=unit(), type="dispatched", number=ticket.number, data={"seq": 100 + n},
            created_at=AT + minutes(6),
        )
        for n in range(digests.LISTED)
    )  # fmt: skip
    mail(FIRST)

    text = body(server.taken[0][1])
    assert text.count(ticket.number) == digests.LISTED
    assert "另有 1 条" in text


def test_a_simulated_city_says_so_in_the_subject(server: Server) -> None:
    Deployment.objects.update(is_simulated=True)
    forget_all()
    reader()
    notified()
    mail(FIRST)

    assert subject(server.taken[0][1]).startswith("［模拟数据］")


# === Alarms =================================================================================


def test_a_first_level_notice_goes_at_once_and_alone(server: Server) -> None:
    reader()
    urgent = notified(2, level="L1")
    ordinary = notified()
    assert mail(AT + minutes(5)) == 2

    subjects = {subject(message) for message in server.to("li@example.test")}
    assert subjects == {f"【一级】派单，工单 {ticket.number}" for ticket in urgent}
    assert mail(AT + minutes(6)) == 0
    mail(FIRST)
    digest = body(server.to("li@example.test")[-1])
    assert ordinary[0].number in digest
    assert not any(ticket.number in digest for ticket in urgent)


def test_alarms_go_before_digests(server: Server) -> None:
    reader("all")
    notified()
    digests.make_mails(at=FIRST)
    alarm = dispatched_ticket(level="L1", at=FIRST - minutes(5))
    outbox.deliver_all(at=FIRST)
    mail(FIRST)

    assert alarm.number in subject(server.taken[0][1])
    assert len(server.taken) == 2


def test_an_order_taken_back_on_the_first_level_alarms_as_well(server: Server) -> None:
    reader()
    (ticket,) = notified(level="L1")
    mail(AT + minutes(5))
    dispatching.sign(number=ticket.number, actor=handler(ticket), at=AT + minutes(6))
    intake.withdraw(number=ticket.number, actor=agent(), at=AT + minutes(7), is_confirmed=True)
    outbox.deliver_all(at=AT + minutes(7))

    assert mail(AT + minutes(7)) == 1
    assert "诉求人撤回" in subject(server.taken[-1][1])


# === At least once ==========================================================================


def test_every_attempt_at_a_mail_has_the_same_message_id(server: Server) -> None:
    reader()
    notified()
    server.is_full = True
    assert mail(FIRST) == 0
    server.is_full = False
    mail(FIRST + minutes(2))
    made = NoticeMail.objects.get()

    assert server.taken[0][1]["Message-ID"] == digests.message_id(made)
    assert made.attempts == 2
    # As if the process had died between the sending and the note of it.
    NoticeMail.objects.update(sent_at=None, next_attempt_at=FIRST + hours(1))
    mail(FIRST + hours(1))
    assert len({message["Message-ID"] for _, message in server.taken}) == 1
    assert len(server.taken) == 2


def test_a_refused_mail_waits_longer_each_time_and_holds_up_nobody(server: Server) -> None:
    reader("nobody")
    reader("li")
    server.refused = {"nobody@example.test"}
    notified()
    tries = []
    for n in range(33, 33 + 70):
        mail(AT + minutes(n))
        tries.append(NoticeMail.objects.get(staff__email="nobody@example.test").attempts)

    assert len(server.to("li@example.test")) == 1
    rises = [n for n, (a, b) in enumerate(zip([0, *tries], tries, strict=False)) if b > a]
    assert rises == [0, 2, 6, 14, 30, 62]
    failed = NoticeMail.objects.get(staff__email="nobody@example.test")
    assert (failed.sent_at, failed.last_error) == (None, "SMTPRecipientsRefused")


def test_a_mail_nobody_takes_is_given_up_after_days(server: Server) -> None:
    reader("nobody")
    server.refused = {"nobody@example.test"}
    notified()
    mail(FIRST)
    mail(FIRST + days(3))

    failed = NoticeMail.objects.get()
    assert (failed.sent_at, failed.next_attempt_at, failed.attempts) == (None, None, 2)
    assert mail(FIRST + days(4)) == 0


def test_a_server_that_is_down_is_asked_once_a_minute(server: Server, settings: Settings) -> None:
    for name in ("a", "b", "c"):
        reader(name)
    notified()
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    assert mail(FIRST) == 0
    assert sorted(NoticeMail.objects.values_list("attempts", flat=True)) == [0, 0, 1]
    settings.EMAIL_PORT = port

    assert mail(FIRST + minutes(1)) == 2
    assert mail(FIRST + minutes(2)) == 1


@pytest.mark.usefixtures("committed_city")
def test_two_ticks_at_once_send_once(server: Server) -> None:
    for n in range(6):
        reader(f"reader{n}")
    notified(2)
    notified(2, level="L1")
    results = together(*[lambda: mail(FIRST)] * 3)
    assert not [r for r in results if isinstance(r, Exception)]

    assert sum(results) == len(server.taken) == 6 * (1 + 2)
    ids = [message["Message-ID"] for _, message in server.taken]
    assert len(set(ids)) == len(ids)


# === Around it ==============================================================================


@pytest.mark.usefixtures("committed_city")
def test_beat_mails_and_without_a_mail_server_makes_none(
    server: Server, settings: Settings
) -> None:
    reader()
    notified()
    host, settings.EMAIL_HOST = settings.EMAIL_HOST, ""
    with time_machine.travel(FIRST, tick=False):
        tasks.mail_notices()
        assert not NoticeDigest.objects.exists()
        settings.EMAIL_HOST = host
        tasks.mail_notices()

    assert len(server.taken) == 1
    assert not connection.in_atomic_block


def test_mails_of_a_month_ago_are_forgotten_and_their_notices_stay(server: Server) -> None:
    reader()
    notified()
    mail(FIRST)
    digests.forget_old(at=FIRST + days(29))
    assert NoticeMail.objects.exists()
    digests.forget_old(at=FIRST + days(31))

    assert not NoticeMail.objects.exists()
    assert Notice.objects.exists()


def test_a_mail_names_the_site_where_it_is_known(server: Server, settings: Settings) -> None:
    settings.SITE_URL = "https://12345.example.test"
    reader()
    notified()
    mail(FIRST)

    message = server.taken[0][1]
    assert "https://12345.example.test/notices/" in body(message)
    assert message["Auto-Submitted"] == "auto-generated"


def test_the_operator_gives_a_person_an_address_and_takes_it_away() -> None:
    staff = make_staff()
    call_command("staff", staff.username, email="li@example.test", verbosity=0)
    assert Staff.objects.get().email == "li@example.test"
    with pytest.raises(CommandError, match="不是电子邮件地址"):
        call_command("staff", staff.username, email="li@", verbosity=0)
    call_command("staff", staff.username, email="", verbosity=0)

    assert Staff.objects.get().email == ""
