"""The bell: what a person and the person's units have been told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from hotline.core.actors import Actor
from hotline.core.models import Notice, ReportRun
from hotline.core.places import units
from intake.models import Ticket, TicketEvent
from intake.own_affairs import readable_by
from intake.rendering import event_detail, event_label

# Beyond this the bell shows "99+": the exact number helps nobody and costs a scan.
COUNTED = 99


def notices_of(actor: Actor) -> QuerySet[Notice]:
    """Notices to the person and to the units in which the person has a role."""
    told = Q(staff_id=actor.id)
    if unit_ids := {unit for _role, unit in actor.grants}:
        told |= Q(unit_id__in=unit_ids)
    return Notice.objects.filter(told)


def unread_count(actor: Actor) -> str:
    """How many are unread, as the bell shows it; empty for none."""
    if actor.kind != "staff":
        return ""
    count = notices_of(actor).filter(read_at=None).order_by()[: COUNTED + 1].count()
    return f"{COUNTED}+" if count > COUNTED else str(count or "")


def mark_read(actor: Actor, at: dt.datetime, *, pk: int | None = None) -> int:
    """Mark one notice or all as read; a notice of a unit is read for the whole unit. Returns how
    many were."""
    unread = notices_of(actor).filter(read_at=None)
    if pk is not None:
        unread = unread.filter(pk=pk)
    return unread.update(read_at=at, read_by_id=actor.id)


@dataclass(frozen=True)
class Line:
    """A notice in words; `at` is when the thing happened. It speaks of a ticket or of an
    assessment month: `code` is its number or the month, `title` and `url` are empty where the
    reader no longer sees it."""

    notice: Notice
    label: str
    detail: str
    code: str
    title: str
    url: str
    unit: str
    at: dt.datetime

    @property
    def is_late(self) -> bool:
        return self.notice.type in ("breached", "warned", "urged", "ordered", "criticised")


def lines(notices: Iterable[Notice], actor: Actor) -> list[Line]:
    """Notices as sentences, in two queries however many there are."""
    notices = list(notices)
    numbers = {notice.number for notice in notices if notice.number}
    seen = readable_by(actor).filter(number__in=numbers).select_related("text")
    tickets = {ticket.number: ticket for ticket in seen}
    events = {
        (event.number, event.seq): event
        for event in TicketEvent.objects.filter(
            ticket_id__in=[ticket.pk for ticket in tickets.values()],
            seq__in={notice.data.get("seq") for notice in notices},
        )
    }
    reports = _reports(notices)
    return [
        _line(n, tickets.get(n.number), events.get((n.number, n.data.get("seq"))), reports)
        for n in notices
    ]


def _reports(notices: list[Notice]) -> dict[int, str]:
    """What the reports are called whose runs the notices speak of."""
    runs = [notice.data["run"] for notice in notices if "run" in notice.data]
    named = ReportRun.objects.filter(pk__in=runs).values_list("pk", "report__name")
    return dict(named) if runs else {}


def _line(
    notice: Notice, ticket: Ticket | None, event: TicketEvent | None, reports: dict[int, str]
) -> Line:
    unit = units().get(notice.unit_id) if notice.unit_id else None
    title, url = _subject(notice, ticket, reports)
    return Line(
        notice=notice,
        label=event_label(notice.type),
        detail=event_detail(event) if event else "",
        code=notice.number or notice.data.get("month", ""),
        title=title,
        url=url,
        unit=unit.name if unit else "",
        at=event.occurred_at if event else notice.created_at,
    )


def _subject(notice: Notice, ticket: Ticket | None, reports: dict[int, str]) -> tuple[str, str]:
    """What the notice is about and where it is to be read, as far as the reader sees it."""
    if ticket is not None:
        return ticket.text.title, reverse("ticket", args=[ticket.number])
    month = "" if notice.number else notice.data.get("month", "")
    if month:
        return _("%(month)s 考评月") % {"month": month}, reverse("month", args=[month])
    if version := notice.data.get("scheme"):
        return _("考评方案第 %(n)s 版") % {"n": version}, reverse("scheme", args=[version])
    if (run := notice.data.get("run")) in reports:
        return reports[run], reverse("report_run", args=[run])
    return "", ""
