"""Who sends the bench's requests: people with sessions, and systems with keys.

Dispatching, calling back and closing are done by staff in the browser's way (session cookie and
CSRF token); a channel registers and a unit's own system signs and replies with keys, as the API
wants them.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.middleware.csrf import _get_new_csrf_string
from django.utils import timezone

from hotline.core.actors import actor_for_client, actor_for_staff
from hotline.core.models import ApiClient, Channel, Staff
from hotline.core.models.clients import Scope
from hotline.ops.bench.patterns import People, leading_units

# The bench is not about limits on callers.
UNLIMITED_PER_MINUTE = 10_000_000
Headers = dict[str, str]
_OF_UNIT = "测速-"


@dataclass(frozen=True)
class Cast:
    """Everybody's headers, and the same people as services know them."""

    desk: Headers
    caller: Headers
    channel: Headers
    # By the code of the unit.
    units: dict[str, Headers]
    # Somebody of the busy unit, in the browser.
    handler: Headers
    people: People


def assemble() -> Cast:
    """Sessions for the demo staff, and a key for a channel and for every leading unit."""
    staff = {person.username: person for person in Staff.objects.all()}
    channel = _client("测速渠道", [Scope.CREATE, Scope.READ], channel=_channel())
    of_units = {
        unit: _client(f"{_OF_UNIT}{unit.code}", [Scope.READ, Scope.HANDLE], unit=unit)
        for unit in leading_units()
    }
    return Cast(
        desk=session(staff["dispatcher"]),
        caller=session(staff["callback"]),
        handler=session(staff["street"]),
        channel=_key(channel[1]),
        units={unit.code: _key(key) for unit, (_row, key) in of_units.items()},
        people=_people(staff, {unit.pk: row for unit, (row, _key) in of_units.items()}),
    )


def people_here() -> People:
    """Those who act in a city that was built before."""
    staff = {person.username: person for person in Staff.objects.all()}
    rows = ApiClient.objects.filter(name__startswith=_OF_UNIT)
    return _people(staff, {row.unit_id or 0: row for row in rows})


def _people(staff: dict[str, Staff], of_units: dict[int, ApiClient]) -> People:
    today = timezone.localdate()
    return People(
        desk=actor_for_staff(staff["dispatcher"], on=today),
        caller=actor_for_staff(staff["callback"], on=today),
        handlers={unit_id: actor_for_client(row) for unit_id, row in of_units.items()},
    )


def _channel() -> Channel:
    return Channel.objects.get(code="web")


def _client(name: str, scopes: list[str], **owner: object) -> tuple[ApiClient, str]:
    key = ApiClient.new_key()
    row = ApiClient.objects.create(
        name=name,
        scopes=scopes,
        key_hash=ApiClient.hash_key(key),
        rate_per_minute=UNLIMITED_PER_MINUTE,
        created_at=timezone.now(),
        **owner,
    )
    return row, key


def _key(key: str) -> Headers:
    return {"Authorization": f"Bearer {key}"}


def session(person: Staff) -> Headers:
    """What the browser of somebody signed in sends along."""
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.save()
    token = _get_new_csrf_string()
    return {
        "Cookie": f"{settings.SESSION_COOKIE_NAME}={session.session_key}; "
        f"{settings.CSRF_COOKIE_NAME}={token}",
        "X-CSRFToken": token,
    }
