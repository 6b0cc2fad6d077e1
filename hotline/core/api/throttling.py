"""How often a client may call: counted per minute in the cache, which fails open."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.core.cache import cache
from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from hotline.core.api.authentication import Client

WINDOW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a client has left of its calls in this minute."""

    limit: int
    left: int
    reset_seconds: int

    def tell(self, response: HttpResponseBase) -> None:
        """The headers of the IETF draft."""
        response.headers["RateLimit-Policy"] = f'"client";q={self.limit};w={WINDOW_SECONDS}'
        response.headers["RateLimit"] = f'"client";r={self.left};t={self.reset_seconds}'


class ClientRate(BaseThrottle):
    """`ApiClient.rate_per_minute`, over all processes. When the cache is away nobody is refused:
    a matter that cannot be registered is worse than a busy minute. Staff are not counted."""

    allowance: Allowance | None = None

    def allow_request(self, request: Request, view: APIView) -> bool:
        client = request.auth
        if not isinstance(client, Client):
            return True
        minute, passed = divmod(time.time(), WINDOW_SECONDS)
        # The key outlives its minute, so that a late request does not begin a new count.
        used: int = cache.count(  # type: ignore[attr-defined]
            f"rate:{client.pk}:{minute:.0f}", 2 * WINDOW_SECONDS
        )
        self.allowance = Allowance(
            limit=client.rate_per_minute,
            left=max(0, client.rate_per_minute - used),
            reset_seconds=WINDOW_SECONDS - int(passed),
        )
        view.allowance = self.allowance  # type: ignore[attr-defined]
        return used <= client.rate_per_minute

    def wait(self) -> float | None:
        return float(self.allowance.reset_seconds) if self.allowance else None
