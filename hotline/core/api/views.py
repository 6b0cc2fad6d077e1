"""What every address of the API has in common."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.exceptions import NotFound, UnsupportedMediaType
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from hotline.core.actors import Actor
from hotline.core.api.authentication import actor_of
from hotline.core.api.parsing import StrictJsonParser
from hotline.core.api.throttling import Allowance, ClientRate
from hotline.core.violations import NotPermitted

_ANY_JSON = ("", "*/*", "application/json", "application/problem+json", "application/*")


class JsonNegotiation(DefaultContentNegotiation):
    """JSON is all there is; the usual ways of asking for it are told at a glance."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        accept = request.META.get("HTTP_ACCEPT", "")
        wanted = [part.partition(";")[0].strip() for part in accept.split(",")]
        if any(part in _ANY_JSON for part in wanted):
            return renderers[0], renderers[0].media_type
        return super().select_renderer(request, renderers, format_suffix)


class ApiView(APIView):
    """An address of the API: JSON in and out, an actor, a rate.

    `scopes` are, for each method, those of which a client needs one; staff are judged by their
    roles alone.
    `problem_members` are added to the problem when the view refuses.
    """

    parser_classes = [StrictJsonParser]
    throttle_classes = [ClientRate]
    content_negotiation_class = JsonNegotiation
    metadata_class = None
    scopes: ClassVar[dict[str, tuple[str, ...]]] = {}

    allowance: Allowance | None = None
    problem_members: dict[str, Any]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.problem_members = {}
        content = request._request.content_params or {}
        charset = content.get("charset", "utf-8")
        if charset.lower() not in ("utf-8", "utf8"):
            raise UnsupportedMediaType(f"charset={charset[:20]}")
        super().initial(request, *args, **kwargs)
        needed = self.scopes.get(request.method or "")
        if needed and request.auth is not None and self.actor.scopes.isdisjoint(needed):
            raise NotPermitted

    @property
    def actor(self) -> Actor:
        """Who calls; the authentication has set it."""
        return actor_of(self.request)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        # Tickets are nobody's to keep but the caller's; reference lists say otherwise themselves.
        final.headers.setdefault("Cache-Control", "no-store")
        if self.allowance:
            self.allowance.tell(final)
        return final


class UnknownAddress(ApiView):
    """Everything under the API that is no address of it, so that a slip gets a problem too."""

    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = []
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise NotFound
