"""Doing something to a ticket through its page."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import time_machine
from django.test import Client

from dispatch.models import Reply
from hotline.core.models import Role
from intake import services as intake
from intake.models import Draft, State, Ticket, TicketEvent
from tests import factories as make

SignIn = Callable[..., Client]
HTMX = {"HX-Request": "true"}
REPLY = {"text": "路灯已更换灯泡，现场已亮。", "solved": "yes", "told_by": "phone"}


@pytest.fixture
def handler(sign_in: SignIn, clock: time_machine.Coordinates) -> Client:
    clock.move_to(make.AT + make.hours(2))
    return sign_in(Role.HANDLER, make.unit())


def address(ticket: Ticket, verb: str) -> str:
    return f"/tickets/{ticket.number}/do/{verb}/"


def version_in(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    return found[1]


def test_the_form_is_a_panel_of_the_page_and_a_page_of_its_own(handler: Client) -> None:
    ticket = make.handled_ticket()

    panel = handler.get(address(ticket, "reply"), headers=HTMX).content.decode()
    page = handler.get(address(ticket, "reply")).content.decode()

    assert panel.lstrip().startswith("<section")
    assert "<html" in page
    assert all("答复内容" in each for each in (panel, page))


def test_a_reply_moves_the_ticket_and_is_told(handler: Client) -> None:
    ticket = make.handled_ticket()
    version = version_in(handler.get(address(ticket, "reply")).content.decode())

    answer = handler.post(address(ticket, "reply"), {**REPLY, "version": version}, follow=True)

    assert make.fresh(ticket).state == State.CALLBACK
    assert Reply.objects.get().text == REPLY["text"]
    assert "已完成“答复”" in answer.content.decode()


def test_a_panel_that_succeeds_opens_the_ticket_anew(handler: Client) -> None:
    ticket = make.handled_ticket()

    answer = handler.post(address(ticket, "reply"), REPLY, headers=HTMX)

    assert answer.headers["HX-Redirect"] == f"/tickets/{ticket.number}/"


def test_a_refusal_stands_at_its_field_and_keeps_the_words(handler: Client) -> None:
    ticket = make.handled_ticket()

    answer = handler.post(address(ticket, "reply"), {**REPLY, "told_by": ""}, headers=HTMX)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "请先把结果告诉诉求人" in page
    assert REPLY["text"] in page
    assert make.fresh(ticket).state == State.HANDLING


def test_a_missing_field_is_named(handler: Client) -> None:
    ticket = make.handled_ticket()

    answer = handler.post(address(ticket, "reply"), {**REPLY, "text": ""})

    assert answer.status_code == 422
    assert "is-invalid" in answer.content.decode()


def test_two_people_at_once_the_second_is_told_who_did_what(handler: Client) -> None:
    ticket = make.handled_ticket()
    version = version_in(handler.get(address(ticket, "reply")).content.decode())
    colleague = make.agent()
    intake.note(number=ticket.number, actor=colleague, at=make.AT + make.hours(1), text="催办")

    refused = handler.post(address(ticket, "reply"), {**REPLY, "version": version}, headers=HTMX)
    page = refused.content.decode()
    again = handler.post(
        address(ticket, "reply"), {**REPLY, "version": version_in(page)}, headers=HTMX
    )

    assert refused.status_code == 409
    assert colleague.name in page
    assert "备注" in page
    assert REPLY["text"] in page
    assert again.headers["HX-Redirect"]
    assert make.fresh(ticket).state == State.CALLBACK


def test_a_passing_deadline_does_not_spoil_an_open_form(handler: Client) -> None:
    ticket = make.handled_ticket()
    version = version_in(handler.get(address(ticket, "reply")).content.decode())
    intake.sweep(at=make.AT + make.days(3))

    handler.post(address(ticket, "reply"), {**REPLY, "version": version})

    assert make.fresh(ticket).state == State.CALLBACK


def test_a_move_the_state_forbids_is_refused_before_anything_is_filled_in(handler: Client) -> None:
    ticket = make.dispatched_ticket()

    answer = handler.get(address(ticket, "reply"))

    assert answer.status_code == 409
    assert "已派单" in answer.content.decode()
    assert "<textarea" not in answer.content.decode()


def test_a_verb_is_closed_to_those_who_never_may(sign_in: SignIn) -> None:
    ticket = make.handled_ticket()

    for role in (Role.AUDITOR, Role.AGENT, Role.CONTRACTOR):
        assert sign_in(role).post(address(ticket, "reply"), REPLY).status_code == 403
    assert sign_in(Role.AGENT).get(address(ticket, "no-such-verb")).status_code == 404
    assert make.fresh(ticket).state == State.HANDLING


def test_one_press_verbs_need_no_form(handler: Client) -> None:
    ticket = make.dispatched_ticket()

    handler.post(address(ticket, "sign"), {"version": ticket.version})

    assert make.fresh(ticket).state == State.HANDLING


def test_dispatch_proposes_the_unit_of_the_place(sign_in: SignIn) -> None:
    ticket = make.accepted_ticket()
    browser = sign_in(Role.DISPATCHER)

    page = browser.get(address(ticket, "dispatch")).content.decode()
    browser.post(address(ticket, "dispatch"), {"lead_unit": "990101001"})

    assert re.search(r'value="990101001"[^>]* selected', page)
    assert make.fresh(ticket).lead_unit == make.unit()


def test_the_wording_is_corrected_without_showing_the_door(sign_in: SignIn) -> None:
    ticket = make.accepted_ticket(door="3号楼501")
    browser = sign_in(Role.AGENT)
    page = browser.get(address(ticket, "amend")).content.decode()

    browser.post(address(ticket, "amend"), {"matter": "东门外路灯坏了四天。", "title": "路灯"})

    assert "3号楼501" not in page
    text = Ticket.objects.select_related("text").get(pk=ticket.pk).text
    assert (text.matter, text.door) == ("东门外路灯坏了四天。", "3号楼501")


def test_a_confidential_requester_is_told_through_the_hotline(handler: Client) -> None:
    ticket = make.handled_ticket(is_confidential=True)

    page = handler.get(address(ticket, "reply")).content.decode()
    refused = handler.post(address(ticket, "reply"), REPLY)
    handler.post(address(ticket, "reply"), {**REPLY, "told_by": "relay"})

    assert re.search(r'value="relay"[^>]* checked', page)
    assert refused.status_code == 422
    assert make.fresh(ticket).state == State.CALLBACK


def test_what_is_being_written_is_kept_and_discarded_when_sent(handler: Client) -> None:
    ticket = make.handled_ticket()

    kept = handler.post(f"{address(ticket, 'reply')}draft/", {"text": "写到一半", "version": "3"})
    page = handler.get(address(ticket, "reply")).content.decode()
    handler.post(address(ticket, "reply"), REPLY)

    assert kept.status_code == 204
    assert "写到一半" in page
    assert "已恢复" in page
    assert not Draft.objects.exists()


def test_a_draft_is_read_by_its_writer_only(handler: Client, sign_in: SignIn) -> None:
    ticket = make.handled_ticket()
    handler.post(f"{address(ticket, 'reply')}draft/", {"text": "写到一半"})

    colleague = sign_in(Role.MANAGER, make.unit())

    assert "写到一半" not in colleague.get(address(ticket, "reply")).content.decode()


def test_a_refused_act_leaves_no_event(handler: Client) -> None:
    ticket = make.handled_ticket()
    before = TicketEvent.objects.filter(ticket_id=ticket.pk).count()

    handler.post(address(ticket, "reply"), {**REPLY, "told_at": "2026-04-14T23:00"})

    assert TicketEvent.objects.filter(ticket_id=ticket.pk).count() == before
