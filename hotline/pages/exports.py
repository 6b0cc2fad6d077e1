"""A list as a file: exactly its tickets, without personal data."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from hotline.core.actors import Actor
from hotline.core.deployment import deployment
from hotline.core.models import AuditEntry
from hotline.pages.filters import TicketFilter
from intake.models import Level, RequestType, State, Ticket
from intake.models.tickets import CloseCode
from knowledge.models import category_path

CHUNK = 1_000
# A cell that begins so is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Line:
    """What csv writes to: hands the line back instead of keeping it."""

    def write(self, text: str) -> str:
        return text


def csv_lines(listed: TicketFilter, at: dt.datetime) -> Iterator[str]:
    """The list as CSV for spreadsheets, newest first: the mark of invented data where it is due,
    the head, then a line per ticket. Read in pieces, so that no length exceeds the time of one
    statement."""
    writer = csv.writer(_Line())
    yield "\ufeff"
    if deployment().is_simulated:
        yield writer.writerow([_("模拟数据：人员、单位、诉求均为虚构")])
    yield writer.writerow(head())
    for ticket in _in_pieces(listed):
        yield writer.writerow([safe(value) for value in cells(ticket, at)])


def record_export(listed: TicketFilter, actor: Actor, at: dt.datetime) -> None:
    """Who took which list away."""
    AuditEntry.objects.create(
        at=at,
        action="tickets_exported",
        actor=actor.reference,
        data={"conditions": sorted(name for name, value in (listed.wanted or {}).items() if value)},
    )


def _in_pieces(listed: TicketFilter) -> Iterator[Ticket]:
    tickets = listed.tickets().for_list().order_by("-pk")
    last = None
    while True:
        piece = list((tickets if last is None else tickets.filter(pk__lt=last))[:CHUNK])
        yield from piece
        if len(piece) < CHUNK:
            return
        last = piece[-1].pk


def head() -> list[str]:
    """What the columns are called."""
    return [
        _("编号"), _("类型"), _("等级"), _("状态"), _("标题"), _("分类"), _("区"), _("地点"),
        _("主办单位"), _("渠道"), _("受理时间"), _("承诺时间"), _("派单时间"), _("首次反馈时间"),
        _("办结时间"), _("办结依据"), _("对诉求人超时"), _("重新办理次数"),
    ]  # fmt: skip


def cells(ticket: Ticket, at: dt.datetime) -> list[Any]:
    """A ticket's line, in the order of the head."""
    return [
        ticket.number,
        RequestType(ticket.request_type).label,
        Level(ticket.level).label,
        State(ticket.state).label,
        _("（保密件，标题不导出）") if ticket.is_confidential else ticket.text.title,
        category_path(ticket.category_id),
        ticket.district.name if ticket.district else "",
        ticket.area.name if ticket.area else "",
        ticket.lead_unit.name if ticket.lead_unit else "",
        ticket.channel.name,
        *(_instant(moment) for moment in (
            ticket.accepted_at, ticket.promised_at, ticket.dispatched_at, ticket.replied_at,
            ticket.closed_at,
        )),
        CloseCode(ticket.close_code).label if ticket.close_code else "",
        _("是") if ticket.is_overdue(at) else _("否"),
        ticket.rehandle_count,
    ]  # fmt: skip


def _instant(at: dt.datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else ""


def safe(value: Any) -> Any:
    """Nothing in a file is run by the program that opens it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
