"""The address behind which one requester rates: what opens it is never stored."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib

from django.urls import reverse
from django.utils.crypto import salted_hmac

from evaluation.models import RatingLink

# 160 bits: nobody finds one by trying.
_TOKEN_BYTES = 20


def new_token(party_id: int, made_at: dt.datetime) -> str:
    """The token of a requester's link made at an instant. It comes from the site's secret key, so
    that a message sent twice says the same, and whoever reads the database can open nothing."""
    what = f"{party_id}:{made_at.astimezone(dt.UTC).isoformat()}"
    digest = salted_hmac("evaluation.rating_link", what, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest[:_TOKEN_BYTES]).rstrip(b"=").decode()


def token_hash(token: str) -> bytes:
    """What a link is found by. The token is long and random, so a plain hash suffices."""
    return hashlib.sha256(token.encode()).digest()


def token_of(link: RatingLink) -> str | None:
    """The token again, for whoever hands it to the requester; None when the site's secret key has
    been changed since."""
    token = new_token(link.party_id, link.made_at)
    return token if token_hash(token) == bytes(link.token_hash) else None


def address_of(link: RatingLink, site: str) -> str | None:
    """What the requester opens, whole and never shortened; `site` as in https://example.org."""
    token = token_of(link)
    return site + reverse("rating", args=[token]) if token else None
