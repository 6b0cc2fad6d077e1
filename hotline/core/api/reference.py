"""The lists that other systems choose codes from: areas, units, channels."""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from hotline.core.api.pagination import PageForm, decode, page
from hotline.core.api.parsing import read_query
from hotline.core.api.schema import choices_of, page_of, parameters_of
from hotline.core.api.views import ApiView
from hotline.core.models import Area, AreaAlias, AreaKind, Channel, Unit, UnitKind

# New units and areas appear a few times a year.
CACHE_SECONDS = 60


class ReferenceView(ApiView):
    """A list in the order of its codes, the same for everybody who may call.

    `members` maps each member of a row to its column; the first is the code.
    """

    form: ClassVar[type[PageForm]] = PageForm
    members: ClassVar[dict[str, str]]

    def found(self, asked: dict[str, Any]) -> QuerySet[Any]:
        raise NotImplementedError

    def answer(self, request: Request) -> Response:
        asked = read_query(self.form, request.query_params)
        rows = self.found(asked).order_by("code")
        if asked["cursor"]:
            rows = rows.filter(code__gt=decode(asked["cursor"], str)[0])
        limit = asked["limit"]
        found = list(rows.values_list(*self.members.values())[: limit + 1])
        names = tuple(self.members)
        return cached(
            request,
            page(
                request,
                found,
                limit,
                lambda values: dict(zip(names, values, strict=True)),
                lambda values: [values[0]],
            ),
        )


def cached(request: Request, response: Response) -> Response:
    """Let the caller keep the answer for a minute and ask again cheaply: 304 when unchanged."""
    text = json.dumps(response.data, sort_keys=True, ensure_ascii=False)
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    if tag in request.headers.get("If-None-Match", ""):
        response = Response(status=304)
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = f"private, max-age={CACHE_SECONDS}"
    return response


def _called(q: str) -> Q:
    """By any part of the name, or the first letters of its pinyin."""
    return Q(name__icontains=q) | Q(pinyin__istartswith=q)


class AreaSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text=_("登记时填写的代码"))
    name = serializers.CharField()
    kind = choices_of(AreaKind)
    parent = serializers.CharField(  # type: ignore[assignment]
        allow_null=True, help_text=_("上级的代码")
    )


class AreaForm(PageForm):
    parent = forms.CharField(label=_("只列出这个地点的直接下级"), required=False, max_length=16)
    q = forms.CharField(label=_("名称、俗称或拼音首字母"), required=False, max_length=40)


class AreaList(ReferenceView):
    """The city's territory; a matter names its street or community by code."""

    form = AreaForm
    members = {"code": "code", "name": "name", "kind": "kind", "parent": "parent__code"}

    def found(self, asked: dict[str, Any]) -> QuerySet[Area]:
        areas = Area.objects.all()
        if asked["parent"]:
            areas = areas.filter(parent__code=asked["parent"])
        if asked["q"]:
            aliases = AreaAlias.objects.filter(name__icontains=asked["q"])
            areas = areas.filter(_called(asked["q"]) | Q(pk__in=aliases.values("area_id")))
        return areas

    @extend_schema(
        operation_id="area_list",
        tags=["reference"],
        summary=_("地点"),
        parameters=parameters_of(AreaForm),
        responses=page_of(AreaSerializer),
    )
    def get(self, request: Request) -> Response:
        return self.answer(request)


class UnitSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    name_en = serializers.CharField()
    kind = choices_of(UnitKind)
    parent = serializers.CharField(  # type: ignore[assignment]
        allow_null=True, help_text=_("上级的代码")
    )
    area = serializers.CharField(allow_null=True, help_text=_("辖区的代码"))
    is_round_the_clock = serializers.BooleanField(help_text=_("全天值守"))


class UnitForm(PageForm):
    q = forms.CharField(label=_("名称或拼音首字母"), required=False, max_length=40)


class UnitList(ReferenceView):
    """The units in force today."""

    form = UnitForm
    members = {
        "code": "code",
        "name": "name",
        "name_en": "name_en",
        "kind": "kind",
        "parent": "parent__code",
        "area": "area__code",
        "is_round_the_clock": "is_round_the_clock",
    }

    def found(self, asked: dict[str, Any]) -> QuerySet[Unit]:
        units = Unit.objects.in_force(timezone.localdate())
        return units.filter(_called(asked["q"])) if asked["q"] else units

    @extend_schema(
        operation_id="unit_list",
        tags=["reference"],
        summary=_("现有单位"),
        parameters=parameters_of(UnitForm),
        responses=page_of(UnitSerializer),
    )
    def get(self, request: Request) -> Response:
        return self.answer(request)


class ChannelSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    is_voice = serializers.BooleanField(help_text=_("电话渠道"))


class ChannelList(ReferenceView):
    """The ways in."""

    members = {"code": "code", "name": "name", "is_voice": "is_voice"}

    def found(self, asked: dict[str, Any]) -> QuerySet[Channel]:
        return Channel.objects.all()

    @extend_schema(
        operation_id="channel_list",
        tags=["reference"],
        summary=_("受理渠道"),
        parameters=parameters_of(PageForm),
        responses=page_of(ChannelSerializer),
    )
    def get(self, request: Request) -> Response:
        return self.answer(request)
