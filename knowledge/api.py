"""The classes of matters, for systems that register them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from hotline.core.api.pagination import PageForm
from hotline.core.api.reference import ReferenceView, cached
from hotline.core.api.schema import page_of, parameters_of
from hotline.core.api.views import ApiView
from knowledge.models import Category, categories, category_by_code, guide_of


class CategorySerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text=_("登记和派单时填写的代码"))
    name = serializers.CharField()
    name_en = serializers.CharField()
    depth = serializers.IntegerField(help_text=_("1 至 3 级"))
    parent = serializers.CharField(  # type: ignore[assignment]
        allow_null=True, help_text=_("上级的代码")
    )
    default_level = serializers.CharField(help_text=_("建议的响应等级"))
    default_urgency = serializers.CharField(help_text=_("建议的轻重缓急"))


class CategoryForm(PageForm):
    parent = forms.CharField(label=_("只列出这一类的直接下级"), required=False, max_length=6)
    q = forms.CharField(label=_("名称或拼音首字母"), required=False, max_length=40)


class CategoryList(ReferenceView):
    """The classes in use."""

    form = CategoryForm
    members = {
        "code": "code",
        "name": "name",
        "name_en": "name_en",
        "depth": "depth",
        "parent": "parent__code",
        "default_level": "default_level",
        "default_urgency": "default_urgency",
    }

    def found(self, asked: dict[str, Any]) -> QuerySet[Category]:
        classes = Category.objects.filter(is_active=True)
        if asked["parent"]:
            classes = classes.filter(parent__code=asked["parent"])
        if asked["q"]:
            classes = classes.filter(
                Q(name__icontains=asked["q"]) | Q(pinyin__istartswith=asked["q"])
            )
        return classes

    @extend_schema(
        operation_id="category_list",
        tags=["reference"],
        summary=_("诉求分类"),
        parameters=parameters_of(CategoryForm),
        responses=page_of(CategorySerializer),
    )
    def get(self, request: Request) -> Response:
        return self.answer(request)


class GuideSerializer(serializers.Serializer[Any]):
    definition = serializers.CharField()
    includes = serializers.ListField(child=serializers.CharField())
    excludes = serializers.ListField(
        child=serializers.CharField(), help_text=_("不属于本类的情形，括号内为应归的分类代码")
    )
    confusable = serializers.ListField(
        child=serializers.CharField(), help_text=_("易混淆的分类代码")
    )
    questions = serializers.ListField(
        child=serializers.CharField(), help_text=_("登记时要问清的情况")
    )


class CategoryDetailSerializer(CategorySerializer):
    guide = GuideSerializer(allow_null=True, help_text=_("分类指引；没有时为 null"))
    guide_of = serializers.CharField(
        allow_null=True, help_text=_("指引所属的分类代码；本类没有时沿用上级的")
    )


class CategoryDetail(ApiView):
    """One class in use, with its guide."""

    @extend_schema(
        operation_id="category",
        tags=["reference"],
        summary=_("一个分类及其指引"),
        responses=CategoryDetailSerializer,
    )
    def get(self, request: Request, code: str) -> Response:
        found = category_by_code(code)
        if found is None:
            raise NotFound
        guide = guide_of(found)
        parent = categories().get(found.parent_id or 0)
        owner = categories()[guide.category_id].code if guide else None
        plain = {
            name: getattr(found, name) for name in CategoryList.members if name != "parent"
        } | {"parent": parent.code if parent else None}
        told = {"guide": GuideSerializer(guide).data if guide else None, "guide_of": owner}
        return cached(request, Response(plain | told))
