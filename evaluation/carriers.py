"""Short messages to requesters, through the gateway of the city's carrier.

A worker hands a message over, never a web request; a gateway that is away is tried again with
growing pauses, each time with the same id, by which it tells a repetition. Which gateway:
`HOTLINE_SMS_URL` and its neighbours in the settings; without it nothing here is offered.
"""

from __future__ import annotations

import http.client
import json
import re
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from evaluation.addresses import address_of
from evaluation.models import RatingLink
from hotline.core.deployment import deployment

_MOBILE = re.compile(r"\+861[3-9][0-9]{9}", re.ASCII)
# What speaks of this one message; a wrong key or address (401, 403, 404) can be mended.
_REFUSED = (400, 413, 422)


class CarrierAway(Exception):
    """The gateway could not be reached or could not take the message; it is offered again."""


class CarrierRefused(Exception):
    """The gateway will never take this message."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def is_offered() -> bool:
    """Whether short messages can be sent at all: a gateway, and an address for the link in them.
    Invented requesters have numbers that may be somebody's; they are never written to."""
    has_gateway = urlsplit(settings.HOTLINE_SMS_URL).scheme in ("http", "https")
    return has_gateway and bool(settings.SITE_URL) and not deployment().is_simulated


def is_mobile(phone: str) -> bool:
    """Whether a short message reaches this (normalised) number."""
    return _MOBILE.fullmatch(phone) is not None


def words(link: RatingLink) -> str:
    """Who asks and for what, in the city's language. Nothing of the matter, and nothing that a
    swindler's message says as well: the hotline never asks for money or codes."""
    address = address_of(link, settings.SITE_URL)
    if address is None:  # the site's secret was changed: this link can never be opened
        raise CarrierRefused(0)
    with translation.override(settings.LANGUAGE_CODE):
        city = {"city": deployment().city_name}
        until = timezone.localtime(link.expires_at)
        return _(
            "【%(sign)s】您反映的事项想听听您的评价，只有三个问题，%(until)s前有效：%(address)s "
            "热线不会向您索要钱款、密码或验证码。"
        ) % {
            "sign": settings.HOTLINE_SMS_SIGN or _("%(city)s12345热线") % city,
            "until": f"{until:%m-%d %H:%M}",
            "address": address,
        }


def send(message_id: str, phone: str, text: str) -> None:
    """Post one message to the gateway as JSON. Redirections are not followed: the message and its
    key go to the configured address and nowhere else. Raises CarrierAway or CarrierRefused."""
    parts = urlsplit(settings.HOTLINE_SMS_URL)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    body = json.dumps({"id": message_id, "to": phone, "text": text}, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": message_id}
    if settings.HOTLINE_SMS_TOKEN:
        headers["Authorization"] = f"Bearer {settings.HOTLINE_SMS_TOKEN}"
    try:
        connection = kind(
            parts.hostname or "", parts.port, timeout=settings.HOTLINE_SMS_TIMEOUT_SECONDS
        )
        try:
            connection.request("POST", _target(parts.path, parts.query), body, headers)
            status = connection.getresponse().status
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise CarrierAway(type(error).__name__) from error
    if 200 <= status < 300:
        return
    if status in _REFUSED:
        raise CarrierRefused(status)
    raise CarrierAway(f"HTTP {status}")


def _target(path: str, query: str) -> str:
    return (path or "/") + (f"?{query}" if query else "")
