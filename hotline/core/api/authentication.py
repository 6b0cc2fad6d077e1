"""Who calls: a system with a key, or a member of staff with a session."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from hotline.core.actors import Actor, actor_for_client, actor_for_staff
from hotline.core.models import ApiClient, Membership, Staff
from hotline.core.reference import remembered

# How long a key or a role that has been taken away may still work. Long enough that a busy
# channel's requests do not ask the database who it is.
KNOWN_SECONDS = 5.0
SCHEME = "bearer"


@dataclass(frozen=True, slots=True)
class Client:
    """A system that has shown its key; stands where Django expects a user."""

    actor: Actor
    rate_per_minute: int

    is_authenticated = True
    is_active = True
    is_anonymous = False

    @property
    def pk(self) -> int | None:
        return self.actor.id


@remembered(ApiClient)
def _clients() -> dict[str, tuple[float, Client]]:
    """Keys shown in the last seconds, by hash; begun anew when a client is changed here."""
    return {}


@remembered(Membership, Staff)
def _staff() -> dict[int, tuple[float, Actor]]:
    return {}


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer hk_…`. A key that is withdrawn stops within five seconds."""

    def authenticate(self, request: Request) -> tuple[Client, Client] | None:
        scheme, _space, key = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != SCHEME or not key.strip():
            raise AuthenticationFailed(_("请用 Authorization: Bearer hk_… 出示接口密钥。"))
        client = client_with_key(key.strip())
        if client is None:
            raise AuthenticationFailed(_("接口密钥无效或已停用。"))
        _acts(request, client.actor)
        return client, client

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class StaffSessionAuthentication(SessionAuthentication):
    """The session of somebody signed in with the browser; writing needs the CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        signed_in = super().authenticate(request)
        if signed_in is not None:
            _acts(request, _actor_of(signed_in[0]))
        return signed_in


def actor_of(request: Request) -> Actor:
    """Who calls; for an authenticated request."""
    actor: Actor = request._request.actor  # type: ignore[attr-defined]
    return actor


def _acts(request: Request, actor: Actor) -> None:
    # On Django's own request, where the middleware has put a slower way to the same answer.
    request._request.actor = actor  # type: ignore[attr-defined]


def client_with_key(key: str) -> Client | None:
    """The client whose key this is, if it may call."""
    known, now = _clients(), time.monotonic()
    key_hash = ApiClient.hash_key(key)
    until, client = known.get(key_hash, (0.0, None))
    if client is not None and now < until:
        return client
    row = ApiClient.objects.filter(key_hash=key_hash, is_active=True).first()
    if row is None:
        known.pop(key_hash, None)
        return None
    client = Client(actor=actor_for_client(row), rate_per_minute=row.rate_per_minute)
    known[key_hash] = (now + KNOWN_SECONDS, client)
    return client


def _actor_of(staff: Staff) -> Actor:
    known, now = _staff(), time.monotonic()
    until, actor = known.get(staff.pk, (0.0, None))
    if actor is None or now >= until:
        actor = actor_for_staff(staff, on=timezone.localdate())
        known[staff.pk] = (now + KNOWN_SECONDS, actor)
    return actor
