"""Rankings over HTTP: whoever answers for results reads the closed months, everybody with a key the
open data of those that have been published."""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.http import HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from evaluation import monthly
from evaluation.models import Erratum, MonthClose, ScoreMark, UnitScore
from evaluation.months import Month
from evaluation.months import month as month_of
from governance.models import Bulletin, BulletinFile, FileKind
from hotline.core.actors import READ_ALL_ROLES, UNIT_ROLES, Actor
from hotline.core.api.pagination import PageForm, decode, page
from hotline.core.api.parsing import read_query
from hotline.core.api.schema import choices_of, page_of, parameters_of
from hotline.core.api.views import ApiView, JsonNegotiation
from hotline.core.deployment import deployment
from hotline.core.models import AssessmentGroup, Role
from hotline.core.models.clients import Scope
from hotline.core.places import units
from hotline.core.violations import NotPermitted, RuleViolation
from intake.serializers import instant

# As on the pages: those who answer for results, and never who only takes calls.
READERS = (READ_ALL_ROLES | UNIT_ROLES | {Role.DISTRICT_SUPERVISOR}) - {Role.AGENT, Role.CONTRACTOR}
_COUNTS = ("volume", "due", "valid", "contacted", "resolved", "satisfied", "basically")
_FIGURES = ("coverage", "response", "resolution", "satisfaction", "base_score", "bonus", "score")
# A dataset's file by the ending of its address.
_FILES = {
    ("open-data", "csv"): FileKind.CSV,
    ("open-data", "json"): FileKind.JSON,
    ("requests-by-class-and-area", "csv"): FileKind.REQUESTS_CSV,
    ("requests-by-class-and-area", "json"): FileKind.REQUESTS_JSON,
}


class RankingNotFound(RuleViolation):
    """There is no such month for this reader: not closed, or nothing of it published."""

    status = 404

    def __init__(self, month: str) -> None:
        super().__init__("ranking_not_found", month=month)


# --- the months -------------------------------------------------------------------------------


class RankedMonthSerializer(serializers.Serializer[Any]):
    """A closed month; it never changes, errata stand beside it."""

    month = serializers.CharField()
    closed_at = serializers.DateTimeField()
    scheme_version = serializers.IntegerField()
    digest = serializers.CharField(help_text=_("封账摘要"))
    editions = serializers.IntegerField(help_text=_("已发布的通报版数；0 为尚未发布"))
    is_simulated = serializers.BooleanField(help_text=_("模拟数据"))


class RankedMonthList(ApiView):
    """The closed months, the latest first; an outside system knows of the published ones."""

    scopes = {"GET": (Scope.READ, Scope.HANDLE)}

    @extend_schema(
        operation_id="ranking_list",
        tags=["rankings"],
        summary=_("已封账的考评月，新的在前"),
        description=_("渠道只看到已发布通报的月份。"),
        parameters=parameters_of(PageForm),
        responses=page_of(RankedMonthSerializer),
    )
    def get(self, request: Request) -> Response:
        check_open_data(self.actor)
        asked = read_query(PageForm, request.query_params)
        closes = MonthClose.objects.select_related("draft__scheme").order_by("-month")
        if not reads_rankings(self.actor):
            closes = closes.filter(month__in=Bulletin.objects.values("month"))
        if asked["cursor"]:
            closes = closes.filter(month__lt=decode(asked["cursor"], str)[0])
        limit = asked["limit"]
        found = list(closes[: limit + 1])
        editions = _editions([close.month for close in found])
        return page(
            request,
            found,
            limit,
            lambda close: _month(close, editions.get(close.month, 0)),
            lambda close: [close.month],
        )


def _month(close: MonthClose, editions: int) -> dict[str, Any]:
    return {
        "month": close.month,
        "closed_at": instant(close.closed_at),
        "scheme_version": close.draft.scheme.version,
        "digest": close.digest,
        "editions": editions,
        "is_simulated": deployment().is_simulated,
    }


def _editions(months: list[str]) -> dict[str, int]:
    found = Bulletin.objects.filter(month__in=months).order_by()
    return dict(found.values_list("month").annotate(n=Count("pk")))


# --- one month --------------------------------------------------------------------------------


class RankingLineSerializer(serializers.Serializer[Any]):
    """One unit's line as published: counts, rates in percent, scores in points."""

    unit_code = serializers.CharField(help_text=_("封账时的代码"))
    unit_name = serializers.CharField()
    band = serializers.IntegerField(help_text=_("承办量档，从 1 起；名次在同组同档内"))
    rank = serializers.IntegerField(allow_null=True)
    previous_rank = serializers.IntegerField(allow_null=True)
    change = serializers.IntegerField(allow_null=True, help_text=_("比上月升几名，负数为下降"))
    rank_band = serializers.IntegerField(
        allow_null=True, help_text=_("回访样本不足以分出高低的单位同在一档")
    )
    mark = serializers.ChoiceField(
        choices=ScoreMark.choices, allow_blank=True, help_text=_("不排名的原因")
    )
    volume = serializers.IntegerField(help_text=_("承办量"))
    due = serializers.IntegerField(help_text=_("应回访"))
    valid = serializers.IntegerField(help_text=_("有效回访，各率的分母"))
    contacted = serializers.IntegerField(help_text=_("已联系"))
    resolved = serializers.IntegerField(help_text=_("已解决"))
    satisfied = serializers.IntegerField(help_text=_("满意"))
    basically = serializers.IntegerField(help_text=_("基本满意"))
    coverage = serializers.FloatField(allow_null=True, help_text=_("回访覆盖率（%）"))
    response = serializers.FloatField(allow_null=True, help_text=_("响应率（%）"))
    resolution = serializers.FloatField(allow_null=True, help_text=_("解决率（%）"))
    satisfaction = serializers.FloatField(allow_null=True, help_text=_("满意率（%）"))
    base_score = serializers.FloatField(allow_null=True, help_text=_("基础分"))
    bonus = serializers.FloatField(help_text=_("加分"))
    score = serializers.FloatField(allow_null=True, help_text=_("得分"))


class RankingGroupSerializer(serializers.Serializer[Any]):
    """A group of peers, as far as the reader sees it."""

    group = choices_of(AssessmentGroup)
    lines = RankingLineSerializer(many=True)


class RankingErratumSerializer(serializers.Serializer[Any]):
    """勘误: what is wrong in the month and what is right."""

    number = serializers.IntegerField()
    unit_code = serializers.CharField(allow_null=True, help_text=_("涉及整月的为 null"))
    wrong = serializers.CharField()
    right = serializers.CharField()
    reason = serializers.CharField()
    published_at = serializers.DateTimeField()


class RankingSerializer(RankedMonthSerializer):
    """A closed month's ranking."""

    period_start = serializers.DateTimeField()
    period_end = serializers.DateTimeField(help_text=_("不含"))
    errata = RankingErratumSerializer(many=True)
    groups = RankingGroupSerializer(many=True)


class Ranking(ApiView):
    """The lines of a closed month that the reader may see, best first in every volume band."""

    scopes = {"GET": (Scope.HANDLE,)}

    @extend_schema(
        operation_id="ranking",
        tags=["rankings"],
        summary=_("一个已封账考评月的排名"),
        description=_(
            "承办单位看到本单位的一行，区督导看到本区的，市里看到全部；二次接单单位不公布。"
            "渠道不提供，请取开放数据。"
        ),
        responses=RankingSerializer,
    )
    def get(self, request: Request, month: str) -> Response:
        if not reads_rankings(self.actor):
            raise NotPermitted
        stands = closed_month(month)
        assert stands.close is not None
        told = _month(stands.close, _editions([month]).get(month, 0))
        told["period_start"] = instant(stands.period.start)
        told["period_end"] = instant(stands.period.end)
        told["errata"] = [_erratum(one) for one in _errata(month)]
        told["groups"] = _groups(stands, self.actor)
        return Response(told)


def reads_rankings(actor: Actor) -> bool:
    """Whether somebody reads lines at all; whose, `monthly.read_by` says."""
    return actor.has(*READERS)


def check_open_data(actor: Actor) -> None:
    """Open data are for every system with a key and for whoever reads the rankings. Raises
    NotPermitted for other staff, as on the pages."""
    if actor.kind == "staff" and not reads_rankings(actor):
        raise NotPermitted


def closed_month(label: str) -> Month:
    """Raises RankingNotFound."""
    try:
        found = month_of(label, at=timezone.now())
    except ValueError as error:
        raise RankingNotFound(label) from error
    if not found.is_closed:
        raise RankingNotFound(label)
    return found


def _groups(month: Month, actor: Actor) -> list[dict[str, Any]]:
    known = units()
    scores = list(UnitScore.objects.filter(month=month.label, is_published=True))
    reads = {unit.pk for unit in monthly.read_by(actor, (known[one.unit_id] for one in scores))}
    shown = sorted((one for one in scores if one.unit_id in reads), key=_place)
    groups = [group for group in monthly.GROUPS if any(one.group == group for one in shown)]
    return [
        {"group": group, "lines": [_line(one) for one in shown if one.group == group]}
        for group in groups
    ]


def _place(one: UnitScore) -> tuple[int, bool, int, str]:
    return (one.band, one.rank is None, one.rank or 0, one.code)


def _line(one: UnitScore) -> dict[str, Any]:
    is_compared = one.rank is not None and one.previous_rank is not None
    figures = {name: getattr(one, name) for name in _FIGURES}
    return {
        "unit_code": one.code,
        "unit_name": units()[one.unit_id].name,
        "band": one.band + 1,
        "rank": one.rank,
        "previous_rank": one.previous_rank,
        "change": (one.previous_rank or 0) - (one.rank or 0) if is_compared else None,
        "rank_band": one.rank_band,
        "mark": one.mark,
        **{name: getattr(one, name) for name in _COUNTS},
        **{name: None if value is None else float(value) for name, value in figures.items()},
    }


def _errata(month: str) -> list[Erratum]:
    return list(Erratum.objects.filter(month=month).order_by("number"))


def _erratum(one: Erratum) -> dict[str, Any]:
    return {
        "number": one.number,
        "unit_code": units()[one.unit_id].code if one.unit_id else None,
        "wrong": one.wrong,
        "right": one.right,
        "reason": one.reason,
        "published_at": instant(one.published_at),
    }


# --- open data --------------------------------------------------------------------------------


class AnyNegotiation(JsonNegotiation):
    """The address names the format; what the caller would rather have does not matter."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        return renderers[0], renderers[0].media_type


class OpenData(ApiView):
    """A month's open data as its newest bulletin published them, byte for byte."""

    scopes = {"GET": (Scope.READ, Scope.HANDLE)}
    content_negotiation_class = AnyNegotiation

    @extend_schema(
        operation_id="ranking_open_data",
        tags=["rankings"],
        summary=_("一个考评月的开放数据"),
        description=_(
            "open-data 为排名，requests-by-class-and-area 为各区各类受理量。不含个人信息；"
            "过少的件数不公布，为空。发布通报之前没有（404）。JSON 中的 fields 说明每个字段。"
        ),
        parameters=[
            OpenApiParameter(
                "dataset", str, OpenApiParameter.PATH,
                enum=["open-data", "requests-by-class-and-area"],
            ),
            OpenApiParameter("kind", str, OpenApiParameter.PATH, enum=["csv", "json"]),
        ],
        responses={
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/json"): OpenApiTypes.OBJECT,
        },
    )  # fmt: skip
    def get(self, request: Request, month: str, dataset: str, kind: str) -> HttpResponse:
        check_open_data(self.actor)
        closed_month(month)
        files = BulletinFile.objects.filter(bulletin__month=month, kind=_FILES.get((dataset, kind)))
        file = files.order_by("-bulletin__edition").first()
        if file is None:
            raise RankingNotFound(month)
        name = f"{dataset}-{month}-{file.digest[:8]}.{kind}"
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "ETag": f'"{file.digest}"',
        }
        return HttpResponse(bytes(file.body), content_type=file.content_type, headers=headers)


def routes() -> list[URLPattern]:
    return [
        path("rankings", RankedMonthList.as_view(), name="api-rankings"),
        path("rankings/<str:month>", Ranking.as_view(), name="api-ranking"),
        path(
            "rankings/<str:month>/<str:dataset>.<slug:kind>",
            OpenData.as_view(),
            name="api-ranking-open-data",
        ),
    ]
