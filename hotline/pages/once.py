"""A form that is sent twice registers one ticket: two quick presses, or a retry after the answer
was lost on the way."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from hotline.core.actors import Actor
from hotline.core.api.idempotency import Key
from hotline.core.models import IdempotencyKey
from intake.acts import whole
from intake.services.registration import next_number

_TOKEN = re.compile(r"[0-9A-Za-z_-]{16,64}")
# A form sent again is the same form whatever was changed in it meanwhile.
_SAME = hashlib.sha256(b"form").hexdigest()


@dataclass(frozen=True)
class Outcome:
    """The ticket a form came to, and whether an earlier sending had already made it."""

    number: str
    is_repeat: bool


def new_token() -> str:
    return secrets.token_urlsafe(18)


def readable_token(text: str) -> str:
    """The form's token; a new one where none came along or it was tampered with."""
    return text if _TOKEN.fullmatch(text) else new_token()


def is_used(token: str, *, actor: Actor) -> bool:
    """Whether this form has already made a ticket."""
    return IdempotencyKey.objects.filter(client=None, staff_id=actor.id or 0, key=token).exists()


def once(
    token: str, register: Callable[[str], object], *, actor: Actor, at: dt.datetime
) -> Outcome:
    """Register under a fresh ticket number, unless this form has done so before.

    The token is taken in the transaction of the registration: a second press waits for the first
    and finds its number; a refusal gives the token back.
    """
    with whole():
        number = next_number(at)
        first = Key(actor, token, _SAME).claim(number=number, status=201, at=at)
        if first is not None:
            return Outcome(first.number, is_repeat=True)
        register(number)
    return Outcome(number, is_repeat=False)
