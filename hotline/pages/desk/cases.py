"""Rows of what the desk decides: objections, extensions, the ledger, hard cases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from dispatch.models import (
    Assignment,
    Coordination,
    CoordinationKind,
    Decision,
    Extension,
    LedgerHold,
    Objection,
)
from hotline.core.actors import Actor
from hotline.core.models import ClockKind, Unit
from hotline.core.places import units
from hotline.core.working_time import TimeUnit
from hotline.pages.desk.lists import EXTENSIONS, HARD, LEDGER, OBJECTIONS
from hotline.pages.desk.waiting import proposed
from hotline.pages.templatetags.clocks import moment
from intake import verbs
from intake.models import Clock, Ticket
from intake.rendering import actor_names
from intake.verbs import Verb
from knowledge.models import Category, categories

RULING = ("return_to_desk", "designate", "reject_objection")
EXTENDING = ("grant_extension", "refuse_extension")
HOLDING = ("approve_hold", "refuse_hold")
REVIEWING = ("review_hold", "clear_hold")
CONSULTING = ("conclude_consultation",)
ANSWERING = ("answer_escalation",)
DISPATCHING = ("dispatch", "consult")
# What can be done from the desk without leaving it.
DESK_VERBS = frozenset(
    (*RULING, *EXTENDING, *HOLDING, *REVIEWING, *CONSULTING, *ANSWERING, *DISPATCHING)
)


@dataclass
class CaseRow:
    """One thing to decide: what is asked, by whom, on what grounds. `blocked` says why this
    reader cannot decide it; `facts` are label and words, in the order they are read."""

    ticket: Ticket
    clock: Clock
    is_late: bool
    subject: str | Promise = ""
    unit: Unit | None = None
    facts: list[tuple[str, str]] = field(default_factory=list)
    asked_at: dt.datetime | None = None
    blocked: str = ""
    moves: list[Verb] = field(default_factory=list)

    @property
    def category(self) -> Category | None:
        return categories().get(self.ticket.category_id or 0)

    def say(self, label: str, words: object) -> None:
        """Add a fact, unless there is nothing to say."""
        if words:
            self.facts.append((label, str(words)))


@dataclass(frozen=True)
class Reading:
    """What the rows of one page share."""

    actor: Actor
    at: dt.datetime
    ids: list[int]


def case_rows(key: str, clocks: Iterable[Clock], actor: Actor, at: dt.datetime) -> list[CaseRow]:
    """Rows of a tab in the order of its clocks; the statements do not grow with the rows."""
    clocks = list(clocks)
    ids = [clock.ticket_id for clock in clocks]
    tickets = Ticket.objects.visible_to(actor).for_list().in_bulk(ids)
    rows = [
        CaseRow(tickets[clock.ticket_id], clock, is_late=clock.is_late(at))
        for clock in clocks
        if clock.ticket_id in tickets
    ]
    if rows:
        _TELL[key](rows, Reading(actor, at, ids))
    return rows


def _offer(row: CaseRow, names: Iterable[str], actor: Actor) -> None:
    """The buttons of the row: the verbs that this reader may use on it now."""
    for name in names:
        verb = verbs.get(name)
        if verb is not None and verb.allowed(row.ticket, actor):
            row.moves.append(verb)


# --- objections -----------------------------------------------------------------------------


def _objections(rows: list[CaseRow], page: Reading) -> None:
    pending = Objection.objects.filter(assignment__ticket_id__in=page.ids, outcome="")
    by_ticket = {o.assignment.ticket_id: o for o in pending.select_related("assignment")}
    names = actor_names([o.assignment.dispatched_by for o in by_ticket.values()])
    for row in rows:
        objection = by_ticket.get(row.ticket.pk)
        if objection is None:
            continue
        order = objection.assignment
        row.subject, row.asked_at = objection.get_ground_display(), objection.raised_at
        row.unit = units()[order.unit_id]
        row.say(_("理由"), objection.reason)
        row.say(_("依据"), objection.basis)
        row.say(_("建议派给"), _name(objection.proposed_unit_id))
        row.say(_("派单人"), _dispatched_by(order, names))
        row.say(_("派单依据"), order.basis)
        if page.actor.reference == order.dispatched_by:
            row.blocked = _("这一单是您本人派出的，须由其他人裁定。")
        else:
            _offer(row, RULING, page.actor)


def _dispatched_by(order: Assignment, names: dict[str, str]) -> str:
    return _("%(name)s，%(at)s") % {
        "name": names.get(order.dispatched_by, ""),
        "at": moment(order.dispatched_at),
    }


def _name(unit_id: int | None) -> str:
    unit = units().get(unit_id or 0)
    return unit.name if unit else ""


# --- more time ------------------------------------------------------------------------------


def _extensions(rows: list[CaseRow], page: Reading) -> None:
    pending = Extension.objects.filter(assignment__ticket_id__in=page.ids, outcome="")
    by_ticket = {e.assignment.ticket_id: e for e in pending.select_related("assignment")}
    for row in rows:
        extension = by_ticket.get(row.ticket.pk)
        if extension is None:
            continue
        row.subject, row.asked_at = extension.get_ground_display(), extension.asked_at
        row.unit = units()[extension.assignment.unit_id]
        unit = TimeUnit(extension.unit).label
        row.say(_("申请延长"), f"{extension.amount} {unit}")
        row.say(_("理由"), extension.reason)
        row.say(_("告知诉求人"), _told(extension))
        _offer(row, EXTENDING, page.actor)


def _told(asked: Extension | LedgerHold) -> str:
    if not asked.told_by:
        return ""
    return f"{asked.get_told_by_display()} {moment(asked.told_at)}"


def _ledger(rows: list[CaseRow], page: Reading) -> None:
    is_open = Q(outcome="") | Q(outcome=Decision.GRANTED, cleared_at=None)
    holds = LedgerHold.objects.filter(is_open, ticket_id__in=page.ids).select_related("assignment")
    by_ticket = {hold.ticket_id: hold for hold in holds}
    for row in rows:
        hold = by_ticket.get(row.ticket.pk)
        if hold is None:
            continue
        is_review = row.clock.kind == ClockKind.LEDGER_REVIEW
        kind = hold.get_kind_display()
        row.subject = (_("复核：%(kind)s") if is_review else _("申请挂账：%(kind)s")) % {
            "kind": kind
        }
        row.asked_at, row.unit = hold.asked_at, units()[hold.assignment.unit_id]
        row.say(_("计划"), hold.plan)
        row.say(_("下次复核"), moment(hold.review_at))
        row.say(_("告知诉求人"), _told(hold))
        _offer(row, REVIEWING if is_review else HOLDING, page.actor)
        if not row.moves:
            row.blocked = _("由市督导或本区督导审核。")


# --- hard cases -----------------------------------------------------------------------------


def _hard(rows: list[CaseRow], page: Reading) -> None:
    is_open = Coordination.objects.filter(ticket_id__in=page.ids, concluded_at=None)
    by_ticket = {each.ticket_id: each for each in is_open.prefetch_related("members")}
    for row in rows:
        asked = by_ticket.get(row.ticket.pk)
        if asked is not None:
            _coordination(row, asked, page.actor)
            continue
        row.subject = _("已退回 %(n)s 次，仍待派单") % {"n": row.ticket.return_count}
        proposal = proposed(row.ticket, page.at)
        row.say(_("现在的建议"), proposal.unit.name if proposal else "")
        row.say(_("依据"), proposal.basis if proposal else "")
        _offer(row, DISPATCHING, page.actor)


def _coordination(row: CaseRow, asked: Coordination, actor: Actor) -> None:
    row.subject, row.asked_at = asked.get_kind_display(), asked.asked_at
    row.unit = units().get(asked.asking_unit_id or 0)
    row.say(_("问题"), asked.question)
    row.say(_("参加单位"), _("、").join(unit.name for unit in asked.members.all()))
    row.say(_("请示"), _name(asked.authority_id))
    is_before_dispatch = asked.kind == CoordinationKind.CONSULTATION
    _offer(row, CONSULTING if is_before_dispatch else ANSWERING, actor)
    if not row.moves and not is_before_dispatch:
        row.blocked = _("由被请示的单位答复。")


_TELL: dict[str, Callable[[list[CaseRow], Reading], None]] = {
    OBJECTIONS: _objections,
    EXTENSIONS: _extensions,
    LEDGER: _ledger,
    HARD: _hard,
}
