"""Every order ever given on a ticket as one tree, and who held the ticket for how long."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.urls import URLPattern, re_path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dispatch.journey import (
    TURNS,
    Holder,
    Stretch,
    elapsed,
    held,
    stretches,
    with_below,
)
from dispatch.models import (
    Assignment,
    AssignmentRole,
    AssignmentState,
    EndReason,
    Reply,
    ReplyKind,
    Solved,
)
from hotline.core.actors import Actor
from hotline.core.api.schema import choices_of
from hotline.core.api.views import ApiView
from hotline.core.places import units
from intake.api import READING, visible_ticket
from intake.models import Ticket, TicketEvent
from intake.serializers import NamedSerializer, instant, named

_DAY = dt.timedelta(days=1)


class PartReplySerializer(serializers.Serializer[Any]):
    """What was fed back on an order: to the requester and the hotline, or to who asked."""

    kind = choices_of(ReplyKind)
    round = serializers.IntegerField()
    text = serializers.CharField()
    solved = serializers.ChoiceField(choices=Solved.choices, allow_blank=True)
    late_reason = serializers.CharField(allow_blank=True, help_text=_("逾期原因"))
    told_at = serializers.DateTimeField(allow_null=True, help_text=_("告知诉求人的时间"))
    replied_at = serializers.DateTimeField()


class OrderNodeSerializer(serializers.Serializer[Any]):
    """An order, with those given below it."""

    unit = NamedSerializer()
    role = choices_of(AssignmentRole)
    state = choices_of(AssignmentState)
    round = serializers.IntegerField(help_text=_("第几轮办理"))
    is_open = serializers.BooleanField()
    is_designated = serializers.BooleanField(help_text=_("指定承办，不得退回"))
    basis = serializers.CharField(allow_blank=True, help_text=_("派单依据"))
    task = serializers.CharField(allow_blank=True, help_text=_("请其协办的事项"))
    dispatched_at = serializers.DateTimeField()
    signed_at = serializers.DateTimeField(allow_null=True)
    contacted_at = serializers.DateTimeField(allow_null=True)
    replied_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True, help_text=_("协办、转交的时限"))
    next_due_at = serializers.DateTimeField(allow_null=True, help_text=_("最近的时限"))
    end_reason = serializers.ChoiceField(choices=EndReason.choices, allow_blank=True)
    replies = PartReplySerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        return super().get_fields() | {"children": OrderNodeSerializer(many=True)}


class StretchSerializer(serializers.Serializer[Any]):
    """A stretch of time with one holder."""

    holder = choices_of(Holder)
    unit = NamedSerializer(allow_null=True)
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()


class HeldSerializer(serializers.Serializer[Any]):
    """How long one holder had it in all."""

    holder = choices_of(Holder)
    unit = NamedSerializer(allow_null=True)
    seconds = serializers.IntegerField()
    days = serializers.FloatField()


class JourneySerializer(serializers.Serializer[Any]):
    """From acceptance to the close, or to now: the seconds held add up to the total."""

    stretches = StretchSerializer(many=True)
    held = HeldSerializer(many=True)
    total_seconds = serializers.IntegerField()
    total_days = serializers.FloatField()


class TreeSerializer(serializers.Serializer[Any]):
    """One root number and everything below it."""

    number = serializers.CharField()
    orders = OrderNodeSerializer(many=True)
    journey = JourneySerializer(allow_null=True, help_text=_("渠道为 null"))


class TicketTree(ApiView):
    """一单到底: the whole life of a ticket among the units."""

    scopes = {"GET": READING}

    @extend_schema(
        operation_id="ticket_tree",
        tags=["tickets"],
        summary=_("一单到底：派过的每一单，和工单在谁手里多久"),
        description=_("单位看到自己的任务和由其交办的任务；热线和所在区看到全部。渠道不显示。"),
        responses=TreeSerializer,
    )
    def get(self, request: Request, number: str) -> Response:
        ticket, at = visible_ticket(number, self.actor), timezone.now()
        orders = list(Assignment.objects.filter(ticket=ticket).order_by("id"))
        seen = Assignment.objects.visible_to(self.actor).filter(ticket=ticket)
        shown = with_below(orders, set(seen.values_list("pk", flat=True)))
        return Response(
            {
                "number": ticket.number,
                "orders": tree(shown, replies_of(shown)),
                "journey": _journey(ticket, self.actor, orders, at),
            }
        )


# --- the tree --------------------------------------------------------------------------------


def replies_of(orders: Iterable[Assignment]) -> dict[int, list[Reply]]:
    """What was fed back on each order, oldest first; one query."""
    found: dict[int, list[Reply]] = {}
    for reply in Reply.objects.filter(assignment__in=list(orders)).order_by("id"):
        found.setdefault(reply.assignment_id, []).append(reply)
    return found


def tree(orders: list[Assignment], replies: dict[int, list[Reply]]) -> list[dict[str, Any]]:
    """The orders as nodes, the oldest first; one whose parent is not shown stands at the top."""
    nodes = {order.pk: _node(order, replies.get(order.pk, [])) for order in orders}
    top: list[dict[str, Any]] = []
    for order in orders:
        above = nodes.get(order.parent_id or 0)
        (above["children"] if above else top).append(nodes[order.pk])
    return top


def _node(order: Assignment, replies: list[Reply]) -> dict[str, Any]:
    return {
        "unit": named(units()[order.unit_id]),
        "role": order.role,
        "state": order.state,
        "round": order.round,
        "is_open": order.is_open,
        "is_designated": order.is_designated,
        "basis": order.basis,
        "task": order.task,
        "dispatched_at": instant(order.dispatched_at),
        "signed_at": instant(order.signed_at),
        "contacted_at": instant(order.contacted_at),
        "replied_at": instant(order.replied_at),
        "ended_at": instant(order.ended_at),
        "due_at": instant(order.due_at),
        "next_due_at": instant(order.next_due_at),
        "end_reason": order.end_reason,
        "replies": [_reply(reply) for reply in replies],
        "children": [],
    }


def _reply(reply: Reply) -> dict[str, Any]:
    return {
        "kind": reply.kind,
        "round": reply.round,
        "text": reply.text,
        "solved": reply.solved,
        "late_reason": reply.late_reason,
        "told_at": instant(reply.told_at),
        "replied_at": instant(reply.replied_at),
    }


# --- the journey -----------------------------------------------------------------------------


def _journey(
    ticket: Ticket, actor: Actor, orders: list[Assignment], at: dt.datetime
) -> dict[str, Any] | None:
    """How the city divides its time is its own: a channel is not told."""
    if not (actor.sees_all or actor.watched_unit_ids):
        return None
    # Nothing was recorded before acceptance: older months need not be looked at.
    events = TicketEvent.objects.filter(
        ticket_id=ticket.pk, recorded_at__gte=ticket.accepted_at, type__in=TURNS
    )
    found = stretches(events.order_by("seq"), orders, at)
    total = elapsed(found)
    return {
        "stretches": [_stretch(stretch) for stretch in found],
        "held": [_held(*key, length) for key, length in held(found).items()],
        "total_seconds": _seconds(total),
        "total_days": _days(total),
    }


def _stretch(stretch: Stretch) -> dict[str, Any]:
    return {
        "holder": stretch.holder,
        "unit": named(units().get(stretch.unit_id or 0)),
        "since": instant(stretch.since),
        "until": instant(stretch.until),
    }


def _held(holder: Holder, unit_id: int | None, length: dt.timedelta) -> dict[str, Any]:
    return {
        "holder": holder,
        "unit": named(units().get(unit_id or 0)),
        "seconds": _seconds(length),
        "days": _days(length),
    }


def _seconds(length: dt.timedelta) -> int:
    return length // dt.timedelta(seconds=1)


def _days(length: dt.timedelta) -> float:
    return round(length / _DAY, 2)


def routes() -> list[URLPattern]:
    one = r"^tickets/(?P<number>\d{16})"
    return [re_path(f"{one}/tree$", TicketTree.as_view(), name="api-ticket-tree")]
