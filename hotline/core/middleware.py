"""What every request passes through."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from hotline.core.actors import Actor, actor_for_staff
from hotline.core.deployment import deployment

Handler = Callable[[HttpRequest], HttpResponse]

POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
    "frame-ancestors 'none'; form-action 'self'; base-uri 'none'; object-src 'none'"
)
# The API's documentation page styles itself from its own script; nothing else may.
DOCS_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")


class ContentSecurityPolicy:
    """No foreign origin, no inline script, no inline style; and invented data says so."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_docs = request.path.startswith("/api/v1/docs")
        response.headers.setdefault("Content-Security-Policy", DOCS_POLICY if is_docs else POLICY)
        if deployment().is_simulated:
            response.headers["X-Simulated-Data"] = "true"
        return response


class ActorMiddleware:
    """`request.actor`: who acts, resolved once and only when asked for."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        def resolve() -> Actor:
            if not request.user.is_authenticated:
                return Actor(kind="citizen")
            return actor_for_staff(request.user, on=timezone.localdate())

        request.actor = SimpleLazyObject(resolve)  # type: ignore[attr-defined]
        return self.get_response(request)
