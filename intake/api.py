"""Tickets over HTTP: register, list, read, act."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, ClassVar

from django import forms
from django.db.models import Q, QuerySet
from django.urls import URLPattern, path, re_path
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from hotline.core.actors import Actor
from hotline.core.api.idempotency import key_of
from hotline.core.api.pagination import PageForm, decode, page
from hotline.core.api.parsing import CsvChoiceField, read_body, read_query
from hotline.core.api.problems import BadRequest
from hotline.core.api.schema import (
    ETAG,
    IF_MATCH,
    idempotency_key,
    page_of,
    parameters_of,
    serializer_from,
)
from hotline.core.api.views import ApiView
from hotline.core.models import Area, AreaKind, Unit
from hotline.core.models.clients import Scope
from hotline.core.places import unit_by_code
from hotline.core.violations import IllegalMove, NotPermitted, NotVisible
from intake import serializers, verbs
from intake.acts import whole
from intake.fields import AreaField, CategoryField, UnitField
from intake.forms import ChannelTicketForm
from intake.models import Level, RequestType, State, Ticket, TicketEvent
from intake.models.tickets import TicketQuerySet
from intake.own_affairs import events_known_to, known_since, lost_at, readable_by
from intake.rendering import actor_names
from intake.services import accept, reveal_requester
from intake.services.registration import next_number
from knowledge.models import categories

READING = (Scope.READ, Scope.HANDLE)
_VERSION = re.compile(r'(?:W/)?"(\d{1,9})"', re.ASCII)
REPLAYED = OpenApiParameter(
    "Idempotent-Replayed",
    str,
    OpenApiParameter.HEADER,
    description=_("true：这是重发的请求，什么都没有再做"),
    response=[200, 201],
)


# --- the collection --------------------------------------------------------------------------


class KnownUnitField(UnitField):
    """A unit of today or of the past, to look for."""

    unknown = _("没有“%(value)s”这个单位。")

    def find(self, code: str) -> Unit | None:
        return unit_by_code(code)


class TicketListForm(PageForm):
    """What a list of tickets may be narrowed by."""

    state = CsvChoiceField(label=_("状态，可多个"), choices=State.choices)
    level = CsvChoiceField(label=_("响应等级，可多个"), choices=Level.choices)
    request_type = CsvChoiceField(label=_("诉求类型，可多个"), choices=RequestType.choices)
    category = CategoryField(label=_("分类代码，含下级"), required=False)
    area = AreaField(label=_("地点代码，含下级"), required=False)
    lead_unit = KnownUnitField(label=_("主办单位代码"), required=False)
    accepted_from = forms.DateTimeField(label=_("受理时间不早于"), required=False)
    accepted_to = forms.DateTimeField(label=_("受理时间早于"), required=False)
    is_overdue = forms.NullBooleanField(label=_("承诺时间已过，尚未答复"), required=False)


_CREATE_EXAMPLE = OpenApiExample(
    "路灯损坏",
    request_only=True,
    value={
        "matter": "小区东门外的路灯坏了三天，晚上出门看不清路，请尽快派人修好。",
        "called_at": "2026-11-22T10:30:00+08:00",
        "request_type": "help",
        "phone": "138 0013 8000",
        "name": "王芳",
        "area": "990101001",
        "category": "0702",
    },
)


class TicketCollection(ApiView):
    """The tickets a caller may know of."""

    scopes = {"GET": READING, "POST": (Scope.CREATE,)}

    @extend_schema(
        operation_id="ticket_list",
        tags=["tickets"],
        summary=_("查询工单，新的在前"),
        description=_("渠道只看到自己登记的，承办单位只看到派给自己的。"),
        parameters=parameters_of(TicketListForm),
        responses=page_of(serializers.TicketRowSerializer),
    )
    def get(self, request: Request) -> Response:
        asked = read_query(TicketListForm, request.query_params)
        at, limit = timezone.now(), asked["limit"]
        tickets = narrowed(Ticket.objects.all(), asked, at)
        if asked["cursor"]:
            tickets = tickets.filter(id__lt=decode(asked["cursor"], int)[0])
        newest = tickets.newest_visible_to(self.actor, limit + 1)
        found = list(newest.values("id", *serializers.ROW_COLUMNS))
        return page(request, found, limit, lambda v: serializers.row(v, at), lambda v: [v["id"]])

    @extend_schema(
        operation_id="ticket_create",
        tags=["tickets"],
        summary=_("登记一件诉求"),
        description=_(
            "由渠道登记；须有时间、诉求内容，以及联系电话或明确的匿名。"
            "内容中的电话和证件号码在保存前替换为引用。"
        ),
        parameters=[idempotency_key(is_required=True), ETAG, REPLAYED],
        request=serializer_from(ChannelTicketForm),
        responses={201: serializers.TicketRowSerializer},
        examples=[_CREATE_EXAMPLE],
    )
    def post(self, request: Request) -> Response:
        actor, at = self.actor, timezone.now()
        channel = serializers.channel_by_id(actor.channel_id)
        if channel is None:  # staff register on their own page; a unit's system does not
            raise NotPermitted
        key = key_of(request, request.data, is_required=True)
        cleaned = read_body(ChannelTicketForm, request.data)
        with whole():
            number = next_number(at)
            earlier = key.claim(number=number, status=201, at=at) if key else None
            if earlier is None:
                ticket = accept(actor=actor, at=at, channel=channel, number=number, **cleaned)
        if earlier is not None:
            ticket = visible_ticket(earlier.number, actor)
        response = Response(serializers.row_of(ticket, at), status=201)
        response.headers["Location"] = f"{request.path}/{ticket.number}"
        return tagged(response, ticket, is_replayed=earlier is not None)


def narrowed(tickets: TicketQuerySet, asked: dict[str, Any], at: dt.datetime) -> TicketQuerySet:
    """Only what was asked for."""
    for column in ("state", "level", "request_type"):
        if asked[column]:
            tickets = tickets.filter(**{f"{column}__in": asked[column]})
    if asked["category"]:
        code = asked["category"].code
        below = [c.pk for c in categories().values() if c.code.startswith(code)]
        tickets = tickets.filter(category_id__in=below)
    if asked["area"]:
        tickets = _inside(tickets, asked["area"])
    if asked["lead_unit"]:
        tickets = tickets.filter(lead_unit_id=asked["lead_unit"].pk)
    if asked["accepted_from"]:
        tickets = tickets.filter(accepted_at__gte=asked["accepted_from"])
    if asked["accepted_to"]:
        tickets = tickets.filter(accepted_at__lt=asked["accepted_to"])
    if asked["is_overdue"] is not None:
        in_time = Q(state=State.CLOSED) | Q(replied_at__isnull=False) | Q(promised_at__gt=at)
        tickets = tickets.overdue(at) if asked["is_overdue"] else tickets.filter(in_time)
    return tickets


def _inside(tickets: TicketQuerySet, area: Area) -> TicketQuerySet:
    if area.kind == AreaKind.DISTRICT:
        return tickets.filter(district_id=area.pk)
    # A street has some dozens of places below it; named, the planner can weigh them.
    inside = Area.objects.filter(path__startswith=area.path)
    return tickets.filter(area_id__in=list(inside.values_list("pk", flat=True)))


# --- one ticket ------------------------------------------------------------------------------


def visible_ticket(number: str, actor: Actor) -> Ticket:
    """The ticket with its words and place, without what is encrypted in them.

    Raises NotVisible.
    """
    tickets = Ticket.objects.visible_to(actor).select_related("text", "area")
    try:
        return tickets.defer("text__door", "text__references").get(number=number)
    except Ticket.DoesNotExist:
        raise NotVisible from None


def readable_ticket(number: str, actor: Actor) -> Ticket:
    """The same, also for a unit that has lost it and in whose result it counts.

    Raises NotVisible.
    """
    tickets = readable_by(actor).select_related("text", "area")
    try:
        return tickets.defer("text__door", "text__references").get(number=number)
    except Ticket.DoesNotExist:
        raise NotVisible from None


def tagged(response: Response, ticket: Ticket, *, is_replayed: bool = False) -> Response:
    """With the version to act on."""
    response.headers["ETag"] = f'"{ticket.version}"'
    if is_replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


class TicketView(ApiView):
    scopes = {"GET": READING}

    @extend_schema(
        operation_id="ticket_read",
        tags=["tickets"],
        summary=_("查看一件工单"),
        description=_("姓名、电话打码；需要原文请用 reveal。"),
        parameters=[ETAG],
        responses=serializers.TicketDetailSerializer,
    )
    def get(self, request: Request, number: str) -> Response:
        ticket = visible_ticket(number, self.actor)
        return tagged(Response(serializers.detail(ticket, self.actor, timezone.now())), ticket)


class EventList(ApiView):
    scopes = {"GET": READING}

    @extend_schema(
        operation_id="ticket_events",
        tags=["tickets"],
        summary=_("工单的经过，先发生的在前"),
        parameters=parameters_of(PageForm),
        responses=page_of(serializers.EventSerializer),
    )
    def get(self, request: Request, number: str) -> Response:
        asked = read_query(PageForm, request.query_params)
        limit = asked["limit"]
        events = events_known_to(_events_of(number, self.actor), self.actor)
        if asked["cursor"]:
            events = events.filter(seq__gt=decode(asked["cursor"], int)[0])
        found = list(events.order_by("seq")[: limit + 1])
        knows_names = self.actor.channel_id is None
        names = actor_names([e.actor for e in found]) if knows_names else {}
        return page(request, found, limit, lambda e: serializers.event(e, names), lambda e: [e.seq])


def _events_of(number: str, actor: Actor) -> QuerySet[TicketEvent]:
    """A ticket's events: all of them, or those that a unit knows of which has lost it."""
    seen = Ticket.objects.visible_to(actor).filter(number=number).only("accepted_at").first()
    ticket = seen or readable_ticket(number, actor)
    # Nothing was recorded before acceptance: older months need not be looked at.
    events = TicketEvent.objects.filter(ticket_id=ticket.pk, recorded_at__gte=ticket.accepted_at)
    return events if seen else events.filter(known_since(actor, lost_at(ticket, actor)))


class RevealForm(forms.Form):
    reason = forms.CharField(label=_("查看理由"), required=False, max_length=200)


class RevealView(ApiView):
    scopes = {"POST": (Scope.IDENTITY,)}

    @extend_schema(
        operation_id="ticket_reveal",
        tags=["tickets"],
        summary=_("查看诉求人的姓名和电话"),
        description=_(
            "每次查看都记录是谁、何时、为何。主办单位查看普通件可不写理由；"
            "保密件对承办单位一律不提供。"
        ),
        request=serializer_from(RevealForm),
        responses=serializers.RevealedSerializer,
    )
    def post(self, request: Request, number: str) -> Response:
        asked = read_body(RevealForm, request.data)
        shown = reveal_requester(
            number=number, actor=self.actor, at=timezone.now(), reason=asked["reason"]
        )
        return Response(
            {
                "people": [
                    {"role": p.role, "name": p.name, "phone": p.phone} for p in shown.people
                ],
                "door": shown.door,
                "references": [
                    {"token": token, "kind": kind, "value": value}
                    for kind, value, token in shown.references
                ],
            }
        )


# --- actions ---------------------------------------------------------------------------------


class ActionView(ApiView):
    """One verb of the registry; a class of its own for each is made below."""

    scopes = {"POST": (Scope.HANDLE, Scope.CREATE)}
    verb: ClassVar[verbs.Verb]

    def act(self, request: Request, number: str) -> Response:
        actor, at, name = self.actor, timezone.now(), self.verb.name
        key = key_of(request, request.data)
        version = _version_of(request)
        cleaned = read_body(self.verb.form, request.data)
        earlier = None
        try:
            with whole():
                earlier = key.claim(number=number, status=200, at=at) if key else None
                if earlier is None:
                    ticket = verbs.run(
                        name, number=number, actor=actor, at=at, version=version, **cleaned
                    )
        except IllegalMove:
            self.problem_members["allowed_actions"] = serializers.allowed_actions(
                readable_ticket(number, actor), actor
            )
            raise
        if earlier is not None:
            ticket = readable_ticket(earlier.number, actor)
        response = Response(serializers.acted(ticket, actor, at))
        return tagged(response, ticket, is_replayed=earlier is not None)


def _version_of(request: Request) -> int | None:
    """The version the caller has seen, if it says so."""
    value = request.headers.get("If-Match", "").strip()
    if value in ("", "*"):
        return None
    found = _VERSION.fullmatch(value)
    if found is None:
        raise BadRequest("if_match_invalid")
    return int(found[1])


def _action_view(verb: verbs.Verb) -> type[ActionView]:
    """The view of one verb, documented from its form and its states."""
    states = "、".join(str(label) for state, label in State.choices if state in verb.states)

    @extend_schema(
        operation_id=f"ticket_{verb.name}",
        tags=["actions"],
        summary=verb.label,
        description=_now("工单状态须为：%(states)s。") % {"states": states},
        parameters=[IF_MATCH, idempotency_key(is_required=False), ETAG, REPLAYED],
        request=serializer_from(verb.form),
        responses=serializers.ActedTicketSerializer,
    )
    def post(self: ActionView, request: Request, number: str) -> Response:
        return self.act(request, number)

    return type(f"{verb.name.title()}Action", (ActionView,), {"verb": verb, "post": post})


class UnknownAction(ApiView):
    """A verb that does not exist, or is not for the API."""

    schema = None

    def post(self, request: Request, number: str, name: str) -> Response:
        raise NotFound


def routes() -> list[URLPattern]:
    """The addresses of tickets, one for every verb in the registry; called when all apps are
    ready."""
    one = r"^tickets/(?P<number>\d{16})"
    return [
        path("tickets", TicketCollection.as_view(), name="api-tickets"),
        re_path(f"{one}$", TicketView.as_view(), name="api-ticket"),
        re_path(f"{one}/events$", EventList.as_view(), name="api-ticket-events"),
        re_path(f"{one}/reveal$", RevealView.as_view(), name="api-ticket-reveal"),
        *(
            re_path(f"{one}/actions/{verb.name}$", _action_view(verb).as_view())
            for verb in verbs.all_verbs()
        ),
        re_path(rf"{one}/actions/(?P<name>\w+)$", UnknownAction.as_view()),
    ]
