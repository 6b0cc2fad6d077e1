"""A unit's work over HTTP: its inbox, and its order on the ticket's page."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.db.models import Q
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dispatch.models import (
    Assignment,
    AssignmentQuerySet,
    AssignmentRole,
    AssignmentState,
    Reply,
    ReplyKind,
    Solved,
)
from hotline.core.actors import Actor
from hotline.core.api.pagination import PageForm, decode, page
from hotline.core.api.parsing import read_query
from hotline.core.api.problems import BadRequest
from hotline.core.api.schema import choices_of, page_of, parameters_of
from hotline.core.api.views import ApiView
from hotline.core.models.clients import Scope
from hotline.core.places import units
from hotline.core.violations import NotPermitted
from intake.models import Ticket
from intake.serializers import (
    ROW_COLUMNS,
    NamedSerializer,
    TicketRowSerializer,
    instant,
    named,
    register_section,
    row,
)

# --- the order on a ticket -------------------------------------------------------------------


class OrderSerializer(serializers.Serializer[Any]):
    """What a unit has been asked to do about a ticket."""

    unit = NamedSerializer()
    role = choices_of(AssignmentRole)
    state = choices_of(AssignmentState)
    round = serializers.IntegerField(help_text=_("第几轮办理"))
    basis = serializers.CharField(allow_blank=True, help_text=_("派单依据"))
    dispatched_at = serializers.DateTimeField()
    signed_at = serializers.DateTimeField(allow_null=True)
    contacted_at = serializers.DateTimeField(allow_null=True)
    replied_at = serializers.DateTimeField(allow_null=True)
    next_due_at = serializers.DateTimeField(allow_null=True, help_text=_("最近的时限"))


class ReplySerializer(serializers.Serializer[Any]):
    """What the unit fed back."""

    kind = choices_of(ReplyKind)
    round = serializers.IntegerField()
    text = serializers.CharField()
    solved = serializers.ChoiceField(choices=Solved.choices, allow_blank=True)
    told_at = serializers.DateTimeField(allow_null=True, help_text=_("告知诉求人的时间"))
    replied_at = serializers.DateTimeField()


def current_order(ticket: Ticket, actor: Actor) -> dict[str, Any] | None:
    """The unit's own latest order; for the hotline and the district the lead's. Channels see
    none."""
    orders = Assignment.objects.visible_to(actor).filter(ticket=ticket)
    orders = (
        orders.filter(unit_id__in=list(actor.unit_ids))
        if actor.unit_ids
        else orders.filter(role=AssignmentRole.LEAD)
    )
    order = orders.order_by("-is_open", "-id").first()
    return None if order is None else _order(order)


def _order(order: Assignment) -> dict[str, Any]:
    return {
        "unit": named(units()[order.unit_id]),
        "role": order.role,
        "state": order.state,
        "round": order.round,
        "basis": order.basis,
        "dispatched_at": instant(order.dispatched_at),
        "signed_at": instant(order.signed_at),
        "contacted_at": instant(order.contacted_at),
        "replied_at": instant(order.replied_at),
        "next_due_at": instant(order.next_due_at),
    }


TO_REQUESTER = (ReplyKind.SITUATION, ReplyKind.PLAN, ReplyKind.FINAL)


def replies(ticket: Ticket, actor: Actor) -> list[dict[str, Any]]:
    """What the lead fed back, oldest first; everybody who sees the ticket may read it. What
    assisting units told the lead is shown in the tree, to those who see them."""
    if ticket.replied_at is None:
        return []
    fed_back = Reply.objects.filter(assignment__ticket=ticket, kind__in=TO_REQUESTER)
    return [
        {
            "kind": reply.kind,
            "round": reply.round,
            "text": reply.text,
            "solved": reply.solved,
            "told_at": instant(reply.told_at),
            "replied_at": instant(reply.replied_at),
        }
        for reply in fed_back.order_by("id")
    ]


register_section("order", OrderSerializer(allow_null=True), current_order)
register_section("replies", ReplySerializer(many=True), replies)


# --- the inbox -------------------------------------------------------------------------------


class InboxForm(PageForm):
    is_overdue = forms.NullBooleanField(label=_("最近的时限已过"), required=False)


class InboxRowSerializer(serializers.Serializer[Any]):
    """An order that waits for the unit."""

    role = choices_of(AssignmentRole)
    state = choices_of(AssignmentState)
    round = serializers.IntegerField()
    dispatched_at = serializers.DateTimeField()
    next_due_at = serializers.DateTimeField(allow_null=True)
    is_overdue = serializers.BooleanField(help_text=_("最近的时限已过"))
    ticket = TicketRowSerializer()


_TICKET = {f"ticket__{column}": column for column in ROW_COLUMNS}
_ORDER = ("id", "role", "state", "round", "dispatched_at", "next_due_at")


class Inbox(ApiView):
    """What waits for the caller's unit."""

    scopes = {"GET": (Scope.HANDLE,)}

    @extend_schema(
        operation_id="inbox_list",
        tags=["inbox"],
        summary=_("本单位待办，剩余时间少的在前"),
        parameters=parameters_of(InboxForm),
        responses=page_of(InboxRowSerializer),
    )
    def get(self, request: Request) -> Response:
        asked = read_query(InboxForm, request.query_params)
        if not self.actor.unit_ids:
            raise NotPermitted
        at, limit = timezone.now(), asked["limit"]
        orders = Assignment.objects.visible_to(self.actor).inbox()
        orders = orders.filter(unit_id__in=list(self.actor.unit_ids))
        if asked["is_overdue"] is not None:
            orders = (
                orders.overdue(at)
                if asked["is_overdue"]
                else orders.filter(Q(next_due_at__gt=at) | Q(next_due_at__isnull=True))
            )
        if asked["cursor"]:
            orders = _behind(orders, asked["cursor"])
        found = list(orders.values(*_ORDER, *_TICKET)[: limit + 1])
        return page(request, found, limit, lambda v: _inbox_row(v, at), _place)


def _inbox_row(v: dict[str, Any], at: dt.datetime) -> dict[str, Any]:
    due = v["next_due_at"]
    return {
        "role": v["role"],
        "state": v["state"],
        "round": v["round"],
        "dispatched_at": instant(v["dispatched_at"]),
        "next_due_at": instant(due),
        "is_overdue": due is not None and due <= at,
        "ticket": row({column: v[name] for name, column in _TICKET.items()}, at),
    }


def _place(v: dict[str, Any]) -> list[Any]:
    due = v["next_due_at"]
    return [due.isoformat() if due else "", v["id"]]


def _behind(orders: AssignmentQuerySet, cursor: str) -> AssignmentQuerySet:
    """The rows behind a place; those without a due time come last."""
    due, last = decode(cursor, str, int)
    if not due:
        return orders.filter(next_due_at__isnull=True, id__gt=last)
    try:
        at = parse_datetime(due)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise BadRequest("cursor_invalid")
    return orders.filter(
        Q(next_due_at__gt=at) | Q(next_due_at=at, id__gt=last) | Q(next_due_at__isnull=True)
    )


def routes() -> list[URLPattern]:
    return [path("inbox", Inbox.as_view(), name="api-inbox")]
