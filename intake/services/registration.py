"""Accepting a matter: from what the requester says to a ticket with its clocks running."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from hotline.core.actors import Actor
from hotline.core.fields import exact_hash, exact_hashes
from hotline.core.models import Area, Channel, ClockKind, Role
from hotline.core.models.clients import Scope
from hotline.core.places import districts
from hotline.core.privacy.phones import normalise_phone
from hotline.core.privacy.redact import Reference, extract_references
from hotline.core.text import InputRefused, clean
from hotline.core.violations import NotPermitted, RuleViolation
from intake import numbering
from intake.acts import one_act
from intake.clocks import new_clock
from intake.models import (
    Clock,
    Level,
    Requester,
    RequestType,
    Ticket,
    TicketEvent,
    TicketRequester,
    TicketText,
    Urgency,
)
from intake.rows import write_events
from knowledge.models import Category

MATTER_LIMIT = 20_000  # the longest real message seen has 12,220 characters
TITLE_LIMIT = 120
ADDRESS_LIMIT = 200
NAME_LIMIT = 60
# 喂，12345吗 and 尊敬的领导：您好 are no longer than this.
GREETING = 9
# A channel's clock may run a little ahead of ours.
CLOCK_SKEW = dt.timedelta(minutes=5)
REGISTRARS = (Role.AGENT, Role.DISPATCHER, Role.CONTRACTOR)


def may_register(actor: Actor) -> bool:
    """Agents, dispatchers, contracted agents and channels with the scope register matters."""
    return (
        actor.kind == "system"
        or actor.has(*REGISTRARS)
        or (actor.kind == "client" and Scope.CREATE in actor.scopes and not actor.is_of_unit)
    )


def accept(
    *,
    actor: Actor,
    at: dt.datetime,
    channel: Channel | None,
    matter: str,
    called_at: dt.datetime | None,
    request_type: str = RequestType.HELP,
    title: str = "",
    phone: str = "",
    name: str = "",
    is_anonymous: bool = False,
    is_confidential: bool = False,
    wants_callback: bool = True,
    category: Category | None = None,
    level: str = "",
    urgency: str = "",
    area: Area | None = None,
    address: str = "",
    door: str = "",
    target: str = "",
    number: str = "",
) -> Ticket:
    """Accept a matter (R-015, R-016): time, matter, and a contact *or* explicit anonymity.

    The ticket starts `accepted` with two clocks: the hotline must dispatch it (R-034), and the
    promise to the citizen runs from now and is never restarted. Phone and identity numbers in the
    matter are replaced by references before anything is stored. Level and urgency default to the
    category's, else the ordinary third level. `number` is one taken with `next_number` before.

    Raises NotPermitted, or RuleViolation naming the field at fault. Nothing is stored then.
    """
    if not may_register(actor):
        raise NotPermitted
    if channel is None:
        raise RuleViolation("channel_required", field="channel")
    if called_at is None:
        raise RuleViolation("called_at_required", field="called_at")
    if called_at > at + CLOCK_SKEW:
        raise RuleViolation("called_in_future", field="called_at")
    matter = tidy(matter, MATTER_LIMIT, _("诉求内容"), "matter", required="matter_required")
    phone = readable_phone(phone)
    name = unmasked(name, NAME_LIMIT, _("姓名"), "name")
    if not phone and not is_anonymous:
        raise RuleViolation("contact_required", field="phone")
    if is_anonymous and (phone or name):
        raise RuleViolation("contact_and_anonymous", field="is_anonymous")

    ticket = Ticket(
        number=number or next_number(at),
        level=level or (category and category.default_level) or Level.L3,
        urgency=urgency or (category and category.default_urgency) or Urgency.ORDINARY,
        request_type=request_type,
        category=category,
        area=area,
        district_id=district_of(area),
        channel=channel,
        client_id=actor.id if actor.kind == "client" else None,
        is_anonymous=is_anonymous,
        is_confidential=is_confidential,
        called_at=called_at,
        accepted_at=at,
        version=1,
        event_seq=1,
    )
    started = [
        new_clock(ticket, ClockKind.DISPATCH, at=at),
        new_clock(ticket, ClockKind.PROMISE, at=at),
    ]
    ticket.promised_at = started[1].due_at
    text = words(ticket, actor, at, matter, title, address, door, target)
    with one_act():
        ticket.save(force_insert=True)
        text.ticket = ticket
        text.save(force_insert=True)
        if phone:
            requester = find_or_add_requester(phone, name, at)
            TicketRequester.objects.create(
                ticket=ticket, requester=requester, wants_callback=wants_callback, joined_at=at
            )
        Clock.objects.bulk_create(started)
        write_events(
            [
                TicketEvent(
                    ticket_id=ticket.pk,
                    number=ticket.number,
                    seq=1,
                    type="accepted",
                    occurred_at=at,
                    recorded_at=at,
                    actor=actor.reference,
                    data={
                        "channel": channel.code,
                        "request_type": ticket.request_type,
                        "level": ticket.level,
                        "urgency": ticket.urgency,
                        "category": category.code if category else None,
                        "area": area.code if area else None,
                        "is_anonymous": is_anonymous,
                        "is_confidential": is_confidential,
                    },
                )
            ]
        )
    return ticket


def next_number(at: dt.datetime) -> str:
    """The next ticket number: business day, cycling sequence, check digit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('intake_ticket_number')")
        return numbering.make(timezone.localdate(at), cursor.fetchone()[0])


def words(
    ticket: Ticket,
    actor: Actor,
    at: dt.datetime,
    matter: str,
    title: str,
    address: str,
    door: str,
    target: str,
    known: Sequence[Reference] = (),
) -> TicketText:
    """The ticket's text with numbers of persons taken out of it and kept encrypted. `known` are
    the references of an earlier wording: what the new one still mentions stays readable."""
    clear, references = extract_references(matter, known)
    title = tidy(title, TITLE_LIMIT, _("标题"), "title") or headline(clear)
    title, references = extract_references(title, references)
    kept = [[r.kind, r.value, r.token] for r in references if r.token in clear or r.token in title]
    return TicketText(
        ticket=ticket,
        title=_cut(title, TITLE_LIMIT),
        matter=clear,
        address=tidy(address, ADDRESS_LIMIT, _("地址"), "address"),
        door=unmasked(door, ADDRESS_LIMIT, _("门牌"), "door") or None,
        references=json.dumps(kept, ensure_ascii=False) if kept else None,
        target=tidy(target, TITLE_LIMIT, _("被反映单位"), "target"),
        written_at=at,
        written_by=actor.reference,
    )


def headline(matter: str) -> str:
    """The first sentence of the matter that says something (a greeting does not), at most forty
    characters."""
    sentences = [part.strip() for part in re.split(r"[。！？!?\n；;]", matter) if part.strip()]
    telling = (sentence for sentence in sentences if len(sentence) > GREETING)
    first = next(telling, sentences[0] if sentences else matter.strip())
    return first if len(first) <= 40 else _cut(first, 39) + "…"


def _cut(text: str, limit: int) -> str:
    """At most `limit` characters, never ending inside a reference such as 〔电话1〕."""
    cut = text[:limit]
    return cut[: cut.rindex("〔")] if cut.rfind("〔") > cut.rfind("〕") else cut


def tidy(text: str | None, limit: int, label: str, field: str, required: str = "") -> str:
    """Text as it is kept. Raises InputRefused for what cannot be kept (too long, not text) and,
    when `required` names a refusal, RuleViolation for nothing."""
    if not text or not text.strip():
        if required:
            raise RuleViolation(required, field=field)
        return ""
    return clean(text, limit, field, label=label)


def unmasked(text: str | None, limit: int, label: str, field: str) -> str:
    """A name or a door written in full. What a list shows of one (王**) is refused, so that it
    is never saved over the real value (design §7)."""
    if text and ("*" in text or "＊" in text):
        raise InputRefused("masked_value", field=field, label=label)
    return tidy(text, limit, label, field)


def readable_phone(text: str) -> str:
    """The number in E.164, empty for none. A masked number is never written back (design §7)."""
    return normalise_phone(text, label=_("联系电话")) if text and text.strip() else ""


def find_or_add_requester(phone: str, name: str, at: dt.datetime) -> Requester:
    """The requester with this number and name. Two registrations of a new number at once meet on
    the unique constraint and share the row."""
    phone_hash, name_hash = exact_hash(phone), exact_hash(name)
    known = Requester.objects.filter(
        phone_hash__in=exact_hashes(phone), name_hash__in=exact_hashes(name)
    )
    if (found := known.first()) is not None:
        return found
    columns: Any = Requester._meta.get_field
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO intake_requester (phone, phone_hash, name, name_hash, created_at)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
            [
                columns("phone").get_db_prep_value(phone, connection),
                phone_hash,
                columns("name").get_db_prep_value(name or None, connection),
                name_hash,
                at,
            ],
        )
        row = cursor.fetchone()
    return Requester(pk=row[0]) if row else known.get()


def district_of(area: Area | None) -> int | None:
    """The district an area lies in."""
    code = area.code_at(1) if area else None
    return districts().get(code) if code else None
