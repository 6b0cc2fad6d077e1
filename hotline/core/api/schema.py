"""The OpenAPI document: made from the forms that are filled in and the rows that are shown."""

from __future__ import annotations

from functools import cache
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from hotline.core.api.parsing import CsvChoiceField
from hotline.core.api.problems import MEDIA_TYPE, TITLES

# What every operation may answer; writing ones also meet the rules of the office.
_ALWAYS = (400, 401, 403, 406, 429, 500, 503)
_WRITING = (409, 412, 413, 415, 422)
_SERIALIZERS = {
    forms.BooleanField: serializers.BooleanField,
    forms.IntegerField: serializers.IntegerField,
    forms.DateTimeField: serializers.DateTimeField,
}


class FaultSerializer(serializers.Serializer[Any]):
    """One place of a request that is at fault."""

    pointer = serializers.CharField(
        required=False, help_text=gettext_lazy("请求内容中的位置（JSON Pointer）")
    )
    parameter = serializers.CharField(required=False, help_text=gettext_lazy("地址中的参数名"))
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """A refusal (RFC 9457). `code` is for machines and stays; `detail` is for people."""

    type = serializers.CharField(help_text="urn:hotline:problem:{code}")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField()
    code = serializers.CharField()
    request_id = serializers.CharField()
    errors = FaultSerializer(many=True, required=False)  # type: ignore[assignment]
    allowed_actions = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text=gettext_lazy("409：工单现在可以做的动作"),
    )


class ProblemAutoSchema(AutoSchema):
    """Every operation says how it refuses.

    Docstrings are for those who read the code and stay out of the document.
    """

    def get_description(self) -> str:  # type: ignore[override]
        return ""

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        schema: dict[str, Any] = super()._map_basic_serializer(serializer, direction)
        schema.pop("description", None)
        return schema

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        problem = self.resolve_serializer(ProblemSerializer, "response").ref
        statuses = set(_ALWAYS)
        if "{" in self.path:
            statuses.add(404)
        if self.method != "GET":
            statuses.update(_WRITING)
        for status in sorted(statuses):
            operation["responses"].setdefault(
                str(status),
                {
                    "description": str(TITLES[status]),
                    "content": {MEDIA_TYPE: {"schema": problem}},
                },
            )
        return operation


class ApiKeyScheme(OpenApiAuthenticationExtension):
    target_class = "hotline.core.api.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "hk_…",
            "description": _("渠道或承办单位系统的接口密钥，由管理员发放，只显示一次。"),
        }


class StaffSessionScheme(OpenApiAuthenticationExtension):
    target_class = "hotline.core.api.authentication.StaffSessionAuthentication"
    name = "staffSession"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": _("工作人员在浏览器中的登录；写操作还须带 X-CSRFToken。"),
        }


# --- from forms ----------------------------------------------------------------------------


@cache
def serializer_from(form_class: type[forms.Form]) -> type[serializers.Serializer[Any]]:
    """What a form asks for, as a body. It documents only: bodies are read by `read_body`."""
    name = form_class.__name__.removesuffix("Form")
    fields = {n: _serializer_field(f) for n, f in form_class.base_fields.items() if f is not None}
    doc = {"__doc__": "", "__module__": form_class.__module__}
    return type(f"{name}Serializer", (serializers.Serializer,), fields | doc)


def _serializer_field(field: forms.Field) -> serializers.Field[Any, Any, Any, Any]:
    options: dict[str, Any] = {"required": field.required, "help_text": _help(field)}
    for kind, serializer_field in _SERIALIZERS.items():
        if isinstance(field, kind):
            return serializer_field(**options, allow_null=not field.required)
    options["allow_blank"] = not field.required
    if isinstance(field, forms.ChoiceField):
        offered: Any = field.choices
        choices = [(value, label) for value, label in offered if value != ""]
        return serializers.ChoiceField(choices=choices, **options)
    return serializers.CharField(max_length=getattr(field, "max_length", None), **options)


def parameters_of(form_class: type[forms.Form]) -> list[OpenApiParameter]:
    """What a form asks for, as parameters of an address."""
    return [_parameter(name, field) for name, field in form_class.base_fields.items()]


def _parameter(name: str, field: forms.Field) -> OpenApiParameter:
    schema: dict[str, Any] = {"type": "string"}
    options: dict[str, Any] = {}
    if isinstance(field, CsvChoiceField):
        codes = [code for code, _label in field.choices]
        schema = {"type": "array", "items": {"type": "string", "enum": codes}}
        options = {"style": "form", "explode": False}
    elif isinstance(field, forms.BooleanField):
        schema = {"type": "boolean"}
    elif isinstance(field, forms.IntegerField):
        schema = {
            "type": "integer",
            "minimum": field.min_value,
            "maximum": field.max_value,
            "default": field.initial,
        }
    elif isinstance(field, forms.DateTimeField):
        schema = {"type": "string", "format": "date-time"}
    return OpenApiParameter(name, schema, description=_help(field), **options)


def _help(field: forms.Field) -> str:
    return "：".join(str(part) for part in (field.label, field.help_text) if part)


# --- of rows -------------------------------------------------------------------------------


@cache
def page_of(row: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """A page of such rows."""
    name = row.__name__.removesuffix("Serializer")
    fields = {
        "results": row(many=True),
        "next": serializers.URLField(
            allow_null=True, help_text=gettext_lazy("下一页；没有更多时为 null")
        ),
        "__doc__": "",
        "__module__": row.__module__,
    }
    return type(f"{name}PageSerializer", (serializers.Serializer,), fields)


def choices_of(enum: type[TextChoices]) -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=enum.choices)


ETAG = OpenApiParameter(
    "ETag",
    str,
    OpenApiParameter.HEADER,
    description=gettext_lazy('工单版本，例如 "3"；改动时放进 If-Match'),
    response=[200, 201],
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description=gettext_lazy("看到的工单版本；已被别人改动时返回 412，什么都不改"),
)


def idempotency_key(*, is_required: bool) -> OpenApiParameter:
    return OpenApiParameter(
        "Idempotency-Key",
        str,
        OpenApiParameter.HEADER,
        required=is_required,
        description=gettext_lazy(
            "本次请求的唯一标识（如 UUID）。重发同一请求只生效一次；用于另一内容时返回 422。"
        ),
    )
