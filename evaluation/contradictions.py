"""Where the three facts about an outcome contradict each other.

The unit's own report, the answers to a call-back and the requester's own rating stay three facts;
none corrects another. A ticket is contradictory when one of them says solved and another not
solved, or when its unit wrote down a contact and the requester says afterwards that nobody was in
touch. What counts is the unit's last reply to the requester and the valid answers given since; of
a matter without a reply, the answers alone. 部分解决 contradicts nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from dispatch.models import AssignmentRole, Contact, Reply, ReplyKind, Solved
from evaluation.models import CallbackChannel, CallbackResult
from evaluation.reading import as_read_by, open_to
from hotline.core.actors import Actor
from intake.models import Ticket
from intake.models.tickets import TicketQuerySet


class Contradiction(models.TextChoices):
    """Who says otherwise than whom."""

    CLAIMED = "claimed", _("单位报已解决，诉求人说未解决")
    MODEST = "modest", _("单位报未解决，诉求人说已解决")
    ANSWERS = "answers", _("回访与自评不一致")
    CONTACT = "contact", _("单位报已联系，诉求人说没人联系")


def contradictory(tickets: TicketQuerySet, actor: Actor, kind: str = "") -> QuerySet[Ticket]:
    """Those of these tickets on which the facts contradict each other, as far as the actor may
    read the answers; of one kind or of any."""
    last = _last_replies(Reply.objects.filter(assignment__ticket=OuterRef("pk")))
    found = tickets.annotate(
        reported=Subquery(last.values("solved")[:1]),
        reported_at=Subquery(last.values("replied_at")[:1]),
    )
    answers = open_to(actor, CallbackResult.objects.filter(is_valid=True)).filter(
        ticket=OuterRef("pk"),
        called_at__gte=Coalesce(OuterRef("reported_at"), OuterRef("accepted_at")),
    )

    def said(*, resolved: bool, **more: object) -> Exists:
        return Exists(answers.filter(resolved=resolved, **more))

    # The contacts that the unit asked about had written down before the requester answered.
    contacts = Contact.objects.filter(
        assignment__ticket=OuterRef("ticket"),
        assignment__unit=OuterRef("unit"),
        assignment__role=AssignmentRole.LEAD,
        recorded_at__lte=OuterRef("called_at"),
    )
    own = {"channel": CallbackChannel.OWN}
    called = {"channel__in": [c for c in CallbackChannel if c != CallbackChannel.OWN]}
    conditions = {
        Contradiction.CLAIMED: Q(said(resolved=False), reported=Solved.YES),
        Contradiction.MODEST: Q(said(resolved=True), reported=Solved.NO),
        Contradiction.ANSWERS: Q(said(resolved=True, **own), said(resolved=False, **called))
        | Q(said(resolved=False, **own), said(resolved=True, **called)),
        Contradiction.CONTACT: Q(Exists(answers.filter(Exists(contacts), contacted=False))),
    }
    if kind:
        return found.filter(conditions[Contradiction(kind)])
    return found.filter(reduce(or_, conditions.values()))


@dataclass
class ThreeFacts:
    """What each of the three says of one ticket: the unit's last reply and the last contact that
    it wrote down, and the answers, oldest first."""

    ticket: Ticket
    report: Reply | None = None
    contact: Contact | None = None
    called: list[CallbackResult] = field(default_factory=list)
    rated: list[CallbackResult] = field(default_factory=list)


def three_facts(tickets: Iterable[Ticket], actor: Actor) -> list[ThreeFacts]:
    """The facts beside each other, in three statements however many tickets there are."""
    facts = {ticket.pk: ThreeFacts(ticket) for ticket in tickets}
    replies = _last_replies(Reply.objects.filter(assignment__ticket__in=facts))
    for reply in replies.select_related("assignment__unit").order_by("pk"):
        facts[reply.assignment.ticket_id].report = reply
    contacts = Contact.objects.filter(
        assignment__ticket__in=facts, assignment__role=AssignmentRole.LEAD
    )
    for contact in contacts.select_related("assignment").order_by("contacted_at", "pk"):
        facts[contact.assignment.ticket_id].contact = contact
    answers = CallbackResult.objects.filter(ticket__in=facts, is_valid=True).order_by("pk")
    for answer in as_read_by(actor, answers):
        of = facts[answer.ticket_id]
        if of.report is None or answer.called_at >= of.report.replied_at:
            is_own = answer.channel == CallbackChannel.OWN
            (of.rated if is_own else of.called).append(answer)
    return list(facts.values())


def _last_replies(replies: QuerySet[Reply]) -> QuerySet[Reply]:
    """What leads told the requester in the end, the last first."""
    finals = replies.filter(assignment__role=AssignmentRole.LEAD, kind=ReplyKind.FINAL)
    return finals.order_by("-pk")
