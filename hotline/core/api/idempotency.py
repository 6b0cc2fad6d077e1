"""One request is one act, however often it is sent: `Idempotency-Key`.

The key is written in the act's own transaction. What is kept is the ticket's number and the
status, never a body; a repeated request is answered with the ticket as it stands now. A refused
request keeps nothing, so its key may be used again for the corrected one.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection
from rest_framework.request import Request

from hotline.core.actors import Actor
from hotline.core.api.authentication import actor_of
from hotline.core.api.problems import BadRequest
from hotline.core.models import IdempotencyKey
from hotline.core.violations import RuleViolation

KEPT_FOR = dt.timedelta(hours=24)
_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_LOCK_TIMEOUT = "55P03"
_INSERT = (
    "INSERT INTO core_idempotencykey"
    " (client_id, staff_id, key, fingerprint, number, status, created_at)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id"
)


class InFlight(RuleViolation):
    """The first request with this key has not ended yet."""

    status = 409

    def __init__(self) -> None:
        super().__init__("request_in_flight")


@dataclass(frozen=True, slots=True)
class Key:
    """A request's key and what identifies its content."""

    actor: Actor
    value: str
    fingerprint: str

    def claim(self, *, number: str, status: int, at: dt.datetime) -> Answered | None:
        """Take the key for an act on the ticket `number`, inside the act's transaction.

        None when the key is new; otherwise what the first request was answered. A request with
        the same key that is still running is waited for, as long as a lock is waited for.

        Raises InFlight, or RuleViolation `idempotency_key_reused` for other content.
        """
        owner = ("client_id" if self.actor.kind == "client" else "staff_id", self.actor.id)
        ids = {"client_id": None, "staff_id": None} | {owner[0]: owner[1]}
        row = [ids["client_id"], ids["staff_id"], self.value, self.fingerprint, number, status, at]
        try:
            with connection.cursor() as cursor:
                cursor.execute(_INSERT, row)
                if cursor.fetchone():
                    return None
        except OperationalError as error:
            if getattr(error.__cause__, "pgcode", None) == _LOCK_TIMEOUT:
                raise InFlight from error
            raise
        first = IdempotencyKey.objects.get(key=self.value, **ids)
        if first.fingerprint != self.fingerprint:
            raise RuleViolation("idempotency_key_reused")
        return Answered(first.number, first.status)


@dataclass(frozen=True, slots=True)
class Answered:
    """What the first request with a key came to."""

    number: str
    status: int


def key_of(request: Request, data: Any, *, is_required: bool = False) -> Key | None:
    """The request's key, if it has one. Raises BadRequest when it is malformed, or missing
    where it is required."""
    value = request.headers.get("Idempotency-Key", "").strip()
    if not value:
        if is_required:
            raise BadRequest("idempotency_key_required")
        return None
    if not _KEY.fullmatch(value):
        raise BadRequest("idempotency_key_invalid")
    return Key(actor_of(request), value, _fingerprint(request.method or "", request.path, data))


def forget_old(*, at: dt.datetime) -> int:
    """Delete keys after a day; returns how many."""
    return IdempotencyKey.objects.filter(created_at__lt=at - KEPT_FOR).delete()[0]


def _fingerprint(method: str, path: str, data: Any) -> str:
    """The same for the same request, whatever the order and spacing of its JSON."""
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{method} {path}\n{canonical}".encode()).hexdigest()
