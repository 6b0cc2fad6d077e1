"""Evaluations over HTTP: a channel's user rates, a unit's system reads what was answered."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import URLPattern, re_path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from evaluation.addresses import address_of
from evaluation.forms.ratings import RatingForm
from evaluation.models import CallbackChannel, CallbackResult, CallOutcome, Satisfaction
from evaluation.pleas import answers_counted
from evaluation.reading import as_read_by
from evaluation.services import give_link, rate
from evaluation.services.ratings import own_party
from hotline.core.actors import Actor
from hotline.core.api.idempotency import key_of
from hotline.core.api.parsing import read_body
from hotline.core.api.schema import ETAG, choices_of, idempotency_key, serializer_from
from hotline.core.api.views import ApiView
from hotline.core.models.clients import Scope
from hotline.core.places import units
from hotline.core.violations import NotPermitted
from intake.acts import whole
from intake.api import REPLAYED, readable_ticket, tagged, visible_ticket
from intake.models import Ticket
from intake.serializers import (
    ActedTicketSerializer,
    NamedSerializer,
    acted,
    instant,
    named,
)

# --- the requester's own rating --------------------------------------------------------------


class RatingView(ApiView):
    """What the requester says, sent by the channel that brought the matter in."""

    scopes = {"POST": (Scope.CREATE,)}

    @extend_schema(
        operation_id="ticket_rate",
        tags=["ratings"],
        summary=_("诉求人自评（一事一评）"),
        description=_(
            "只有登记这件诉求的渠道可以替它的诉求人提交；单位答复后或时限届满后，至办结后可重新受理期内，"
            "每次办理评价一次。三个问题都须回答。is_withheld：评价不向承办单位显示。"
        ),
        parameters=[idempotency_key(is_required=False), ETAG, REPLAYED],
        request=serializer_from(RatingForm),
        responses={201: ActedTicketSerializer},
    )
    def post(self, request: Request, number: str) -> Response:
        actor, at = self.actor, timezone.now()
        own_party(number=number, actor=actor)
        key = key_of(request, request.data)
        said = read_body(RatingForm, request.data)
        with whole():
            earlier = key.claim(number=number, status=201, at=at) if key else None
            if earlier is None:
                rate(number=number, actor=actor, at=at, **said)
        ticket = visible_ticket(number, actor)
        response = Response(acted(ticket, actor, at), status=201)
        return tagged(response, ticket, is_replayed=earlier is not None)


class RatingLinkSerializer(serializers.Serializer[Any]):
    """Where the requester rates, once."""

    url = serializers.URLField()
    expires_at = serializers.DateTimeField()


class RatingLinkView(ApiView):
    """A page for the channel's user, where the channel has none of its own."""

    scopes = {"POST": (Scope.CREATE,)}

    @extend_schema(
        operation_id="ticket_rating_link",
        tags=["ratings"],
        summary=_("取诉求人的网页评价链接"),
        description=_(
            "请原样交给诉求人本人，不要改用短网址。页面只有三个问题，不显示诉求内容。"
            "再次请求，在有效期内得到同一个链接。"
        ),
        request=None,
        responses={201: RatingLinkSerializer},
    )
    def post(self, request: Request, number: str) -> Response:
        link = give_link(number=number, actor=self.actor, at=timezone.now())
        site = settings.SITE_URL or request.build_absolute_uri("/").rstrip("/")
        shown = {"url": address_of(link, site), "expires_at": instant(link.expires_at)}
        return Response(shown, status=201)


# --- what was answered -----------------------------------------------------------------------


class AnswerSerializer(serializers.Serializer[Any]):
    """One attempt to learn the outcome, and the answers where there are any. It never says which
    of several requesters answered."""

    result = serializers.IntegerField(help_text=_("申诉时用它指明是哪一次"))
    unit = NamedSerializer(help_text=_("评价的是哪个单位的办理"))
    round = serializers.IntegerField(help_text=_("第几轮办理"))
    channel = choices_of(CallbackChannel)
    outcome = choices_of(CallOutcome)
    is_valid = serializers.BooleanField(  # type: ignore[assignment]
        help_text=_("接通且三个问题都已回答")
    )
    is_first = serializers.BooleanField(help_text=_("对该单位的首次有效回答"))
    is_withheld = serializers.BooleanField(help_text=_("诉求人要求不向承办单位显示，内容为空"))
    contacted = serializers.BooleanField(allow_null=True)
    resolved = serializers.BooleanField(allow_null=True)
    satisfaction = serializers.ChoiceField(choices=Satisfaction.choices, allow_blank=True)
    opinion = serializers.CharField(allow_blank=True, help_text=_("保密件对承办单位不提供"))
    called_at = serializers.DateTimeField()


class AnswersSerializer(serializers.Serializer[Any]):
    results = AnswerSerializer(many=True)


class AnswerList(ApiView):
    """The answers go back to those who handled the matter (R-087)."""

    scopes = {"GET": (Scope.HANDLE,)}

    @extend_schema(
        operation_id="ticket_answers",
        tags=["ratings"],
        summary=_("回访与评价的结果，先发生的在前"),
        description=_("渠道不提供：同一工单可能有几位诉求人。"),
        responses=AnswersSerializer,
    )
    def get(self, request: Request, number: str) -> Response:
        ticket = readable_ticket(number, self.actor)
        if self.actor.channel_id is not None and not self.actor.unit_ids:
            raise NotPermitted
        found = ticket.callback_results.order_by("pk")
        if not Ticket.objects.visible_to(self.actor).filter(pk=ticket.pk).exists():
            own = self.actor.unit_ids
            found = found.filter(pk__in=list(answers_counted(ticket, own, timezone.now())))
        results = as_read_by(self.actor, found)
        return Response({"results": [_answer(r, ticket, self.actor) for r in results]})


def _answer(result: CallbackResult, ticket: Ticket, actor: Actor) -> dict[str, Any]:
    is_hidden = ticket.is_confidential and not actor.sees_all
    return {
        "result": result.pk,
        "unit": named(units()[result.unit_id]),
        "round": result.round,
        "channel": result.channel,
        "outcome": result.outcome,
        "is_valid": result.is_valid,
        "is_first": result.is_first,
        "is_withheld": result.is_withheld,
        "contacted": result.contacted,
        "resolved": result.resolved,
        "satisfaction": result.satisfaction,
        "opinion": "" if is_hidden else result.opinion,
        "called_at": instant(result.called_at),
    }


def routes() -> list[URLPattern]:
    one = r"^tickets/(?P<number>\d{16})"
    return [
        re_path(f"{one}/rating$", RatingView.as_view(), name="api-rating"),
        re_path(f"{one}/rating-link$", RatingLinkView.as_view(), name="api-rating-link"),
        re_path(f"{one}/answers$", AnswerList.as_view(), name="api-answers"),
    ]
