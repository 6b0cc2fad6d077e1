"""The OpenAPI document and its reading page, both from this server."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.utils.translation import get_language
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response


@cache
def _document(language: str) -> dict[str, Any]:
    """Made once per process and language: it takes most of a second and never changes."""
    document: dict[str, Any] = SchemaGenerator().get_schema(public=True)
    return document


class OpenApiView(SpectacularAPIView):
    """The document as YAML or, when asked for, JSON."""

    authentication_classes = []
    permission_classes = [AllowAny]

    def _get_schema_response(self, request: Request) -> Response:
        return Response(_document(get_language() or ""))


class DocumentationView(SpectacularSwaggerSplitView):
    """Swagger UI from the sidecar, its script apart from the page: no inline script anywhere."""

    authentication_classes = []
    permission_classes = [AllowAny]
    url_name = "api-schema"
