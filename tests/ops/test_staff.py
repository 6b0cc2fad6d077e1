"""The operator makes accounts; nobody signs up."""

from __future__ import annotations

import getpass
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from hotline.core.models import Membership, Staff
from tests.factories import seed_reference, unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the operator types at the password prompts, in order."""
    words = ["correct-horse-9", "correct-horse-9"]
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: words.pop(0))
    return words


def test_a_person_added_with_a_role_can_sign_in_and_is_at_work(
    typed: list[str], client: Client
) -> None:
    seed_reference()

    call_command("staff", "wang", name="王某", role="handler", unit=unit().code)

    assert Membership.objects.get(staff__username="wang").role == "handler"
    answer = client.post(
        "/accounts/login/", {"login": "wang", "password": "correct-horse-9"}, follow=True
    )
    assert answer.status_code == 200
    assert answer.request["PATH_INFO"] == "/inbox/"


def test_passwords_that_differ_add_nobody(typed: list[str]) -> None:
    typed[1] = "something-else-9"

    with pytest.raises(CommandError, match="不一样"):
        call_command("staff", "wang")

    assert not Staff.objects.exists()


def test_an_unknown_unit_adds_nobody(typed: list[str]) -> None:
    with pytest.raises(CommandError, match="--unit"):
        call_command("staff", "wang", role="agent", unit="nowhere")

    assert not Staff.objects.exists()


def test_a_closed_account_cannot_sign_in(typed: list[str], client: Client) -> None:
    seed_reference()
    call_command("staff", "wang", role="handler", unit=unit().code)

    call_command("staff", "wang", close=True)

    client.post("/accounts/login/", {"login": "wang", "password": "correct-horse-9"})
    assert client.get("/inbox/").status_code == 302


def test_nobody_signs_up_and_no_other_account_page_exists(client: Client) -> None:
    for page in ("signup", "password/reset", "email"):
        assert client.get(f"/accounts/{page}/").status_code == 404
