"""Rows of the pleas: everything that somebody needs to decide one, without leaving the list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from dispatch.models import Assignment, AssignmentRole, Reply
from evaluation import pleas as asked
from evaluation.models import Appeal, CallbackResult, Exclusion, PleaOutcome
from hotline.core.models import Unit
from hotline.core.places import units
from hotline.pages.pleas.lists import Pleas
from hotline.pages.pleas.ruling import Ruling
from hotline.pages.templatetags.clocks import moment
from hotline.pages.ticket.pleas import (
    Plea,
    answer_words,
    plea_state,
    plea_title,
    plea_words,
    ruling_words,
)
from hotline.pages.ticket.questions import Words
from intake import verbs
from intake.models import Clock, Ticket
from intake.own_affairs import readable_by
from intake.rendering import actor_names
from knowledge.models import Category, categories


@dataclass
class PleaRow:
    """Everything that somebody needs to decide one plea. `ticket` is None where the reader no
    longer sees it; `problem` and `ruling` are what came of a refused decision, and its words."""

    plea: Plea
    title: str
    state: str
    unit: Unit
    ticket: Ticket | None
    clock: Clock | None
    month: str
    is_late: bool
    facts: list[Words] = field(default_factory=list)
    ruled: list[Words] = field(default_factory=list)
    grant_label: str | Promise = ""
    refuse_label: str | Promise = ""
    can_decide: bool = False
    blocked: str = ""
    problem: str = ""
    ruling: str = ""
    next_pk: int | None = None

    @property
    def tone(self) -> str:
        return "ok" if self.plea.outcome == PleaOutcome.GRANTED else "late"

    @property
    def rule_url(self) -> str:
        is_exclusion = isinstance(self.plea, Exclusion)
        return reverse("rule_exclusion" if is_exclusion else "rule_appeal", args=[self.plea.pk])

    def refuse(self, refused: Ruling) -> None:
        """The decision was refused; its words are kept."""
        self.problem, self.ruling = refused.problem, refused.words

    @property
    def category(self) -> Category | None:
        return categories().get(self.ticket.category_id or 0) if self.ticket else None


def plea_rows(pleas: Sequence[Any], listed: Pleas) -> list[PleaRow]:
    """Rows in the order of the pleas; the statements do not grow with the rows."""
    reading = _Reading(pleas, listed)
    rows = [reading.row(plea) for plea in pleas]
    for row, after in pairwise(rows):
        row.next_pk = after.plea.pk
    return rows


class _Reading:
    """What the rows of one page share: tickets, orders, replies, answers, names."""

    def __init__(self, pleas: Sequence[Any], listed: Pleas) -> None:
        self.listed, self.actor, self.at = listed, listed.actor, listed.at
        ids = {plea.ticket_id for plea in pleas}
        self.tickets = readable_by(self.actor).for_list().in_bulk(ids)
        seen = list(self.tickets)
        self.orders = _by_plea(
            Assignment.objects.visible_to(self.actor)
            .filter(ticket_id__in=seen)
            .exclude(role=AssignmentRole.SUPERVISE)
            .order_by("pk")
        )
        self.replies = _by_plea(
            Reply.objects.filter(assignment__ticket_id__in=seen)
            .select_related("assignment")
            .order_by("pk"),
            of=lambda reply: reply.assignment,
        )
        said = CallbackResult.objects.filter(ticket_id__in=seen, is_valid=True).order_by("pk")
        self.answers = _by_plea(said)
        self.answer = {answer.pk: answer for answer in said}
        self.clocks = {
            clock.subject_id: clock
            for clock in Clock.objects.filter(
                ticket_id__in=ids, kind=asked.RULING_CLOCK[listed.tab.model]
            )
        }
        self.earlier = _by_plea(
            p
            for model in (Exclusion, Appeal)
            for p in asked.visible(model, self.actor)
            .filter(ticket_id__in=ids)
            .exclude(outcome="")
            .order_by("pk")
        )
        self.labels = [verb.label for name in listed.tab.verbs if (verb := verbs.get(name))]
        ruled = {p.ruled_by for p in pleas if p.ruled_by}
        self.names = actor_names(sorted({p.raised_by for p in pleas} | ruled))

    def row(self, plea: Any) -> PleaRow:
        clock = self.clocks.get(plea.pk)
        row = PleaRow(
            plea=plea,
            title=plea_title(plea),
            state=plea_state(plea),
            unit=units()[plea.unit_id],
            ticket=self.tickets.get(plea.ticket_id),
            clock=clock,
            month=plea.month,
            is_late=clock is not None and clock.is_running and clock.is_late(self.at),
            facts=[*plea_words(plea, self.names), *self._what_happened(plea)],
            ruled=ruling_words(plea, self.names),
            grant_label=self.labels[0],
            refuse_label=self.labels[1],
        )
        if not plea.outcome and self.listed.may_decide:
            row.can_decide = plea.raised_by != self.actor.reference
            row.blocked = "" if row.can_decide else _("这是您本人提出的，须由其他人审核。")
        return row

    def _what_happened(self, plea: Any) -> list[Words]:
        """What the unit did with the ticket, what the requester said of it, and what was decided
        about it before."""
        ticket = self.tickets.get(plea.ticket_id)
        if ticket is None:
            return []
        key = (plea.ticket_id, plea.unit_id)
        found: list[Words] = []
        for order in self.orders.get(key, [])[-1:]:
            found.append((_("办理"), _order_words(order)))
        for reply in self.replies.get(key, [])[-1:]:
            found.append((_("单位答复"), _reply_words(reply)))
        if isinstance(plea, Appeal):  # maybe about the lead that the unit helped
            answers = [self.answer[plea.result_id]]
        else:
            answers = self.answers.get(key, [])
        said = [answer_words(answer, ticket, self.actor) for answer in answers]
        found.append((_("诉求人回答"), "\n".join(said) or _("还没有有效回访")))
        for other in self.earlier.get(key, []):
            if (type(other), other.pk) != (type(plea), plea.pk):
                found.append((_("此前"), _earlier_words(other)))
        return found


def _by_plea(rows: Iterable[Any], of: Any = lambda row: row) -> dict[tuple[int, int], list[Any]]:
    """Rows by the ticket and the unit that they are about."""
    found: dict[tuple[int, int], list[Any]] = {}
    for row in rows:
        about = of(row)
        found.setdefault((about.ticket_id, about.unit_id), []).append(row)
    return found


def _order_words(order: Assignment) -> str:
    """In which part the unit held it, and when it spoke to the requester and reported."""
    contacted = moment(order.contacted_at) or _("无记录")
    replied = moment(order.replied_at) or _("未答复")
    words = {"role": order.get_role_display(), "contacted": contacted, "replied": replied}
    if order.role != AssignmentRole.LEAD:
        return _("%(role)s；反馈 %(replied)s") % words
    return _("%(role)s；联系 %(contacted)s；答复 %(replied)s") % words


def _reply_words(reply: Reply) -> str:
    if not reply.solved:
        return reply.text
    return _("%(text)s（%(solved)s）") % {
        "text": reply.text,
        "solved": reply.get_solved_display(),
    }


def _earlier_words(plea: Plea) -> str:
    words = {"at": moment(plea.ruled_at), "what": plea_title(plea), "state": plea_state(plea)}
    said = _("%(at)s %(what)s：%(state)s") % words
    if not plea.ruling:
        return said
    return _("%(said)s。%(ruling)s") % {"said": said, "ruling": plea.ruling}
