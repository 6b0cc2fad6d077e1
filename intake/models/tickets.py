"""The ticket: a narrow row with the state machine on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from hotline.core.actors import Actor
from hotline.core.models import ApiClient, Area, Channel, Unit
from intake.models.access import Access, AccessRole
from knowledge.models import Category

if TYPE_CHECKING:
    from intake.models.texts import TicketText


class State(models.TextChoices):
    ACCEPTED = "accepted", _("已受理")
    DISPATCHED = "dispatched", _("已派单")
    HANDLING = "handling", _("办理中")
    CALLBACK = "callback", _("待回访")
    CLOSED = "closed", _("已办结")


class Level(models.TextChoices):
    """Four-level response (R-055)."""

    L1 = "L1", _("一级·2小时")
    L2 = "L2", _("二级·24小时")
    L3 = "L3", _("三级·7天")
    L4 = "L4", _("四级·15天")


class Urgency(models.TextChoices):
    """Inside the third level: one, three or seven days."""

    URGENT = "urgent", _("紧急（1天）")
    PROMPT = "prompt", _("较急（3天）")
    ORDINARY = "ordinary", _("一般（7天）")


class RequestType(models.TextChoices):
    """The five statutory types, and praise, which never enters the three rates (R-003)."""

    CONSULT = "consult", _("咨询")
    HELP = "help", _("求助")
    COMPLAINT = "complaint", _("投诉")
    REPORT = "report", _("举报")
    SUGGESTION = "suggestion", _("建议")
    PRAISE = "praise", _("表扬")


class CloseCode(models.TextChoices):
    """Why a ticket is closed; the D-codes are the regulation's article 11."""

    ANSWERED = "answered", _("当场答复")
    EMERGENCY = "d1_emergency", _("即时转接紧急热线")
    LEGAL_CHANNEL = "d2_legal_channel", _("告知法定渠道")
    IN_PROGRESS = "d3_in_progress", _("告知同一事项进展或结果")
    SECRET = "d4_secret", _("涉密或隐私，作出解释")
    OTHER_CHANNEL = "d5_other_channel", _("告知市场或社会渠道")
    DISSUADED = "d6_dissuaded", _("劝导教育")
    OUTSIDE_AREA = "outside_area", _("不在本市，告知去处")
    MERGED = "merged", _("并入同一事项")
    WITHDRAWN = "withdrawn", _("诉求人撤回")
    CALLED_BACK = "called_back", _("回访办结")
    ANONYMOUS = "anonymous", _("匿名，不回访")
    NOT_SAMPLED = "not_sampled", _("未抽中回访")
    DECLINED = "declined", _("诉求人不愿回访")
    UNREACHABLE = "unreachable", _("多次回访未接通")


# The reasons an agent tells when no order is made, in the order they are checked.
INFORM_CODES = (
    CloseCode.EMERGENCY,
    CloseCode.LEGAL_CHANNEL,
    CloseCode.IN_PROGRESS,
    CloseCode.SECRET,
    CloseCode.OTHER_CHANNEL,
    CloseCode.DISSUADED,
    CloseCode.OUTSIDE_AREA,
)
# Closing without an answer of the requester needs one of these.
NO_CALLBACK_CODES = (
    CloseCode.ANONYMOUS,
    CloseCode.NOT_SAMPLED,
    CloseCode.DECLINED,
    CloseCode.UNREACHABLE,
)


class TicketQuerySet(models.QuerySet["Ticket"]):
    def visible_to(self, actor: Actor) -> TicketQuerySet:
        """The tickets this actor may know of (design §7): reads only `lead_unit`, `district`,
        `Access`, and for a channel the key it came in by."""
        if actor.sees_all:
            return self
        seen: Any = Q()
        if actor.unit_ids:
            seen |= Q(lead_unit_id__in=list(actor.unit_ids))
        if actor.watched_unit_ids:
            granted = Access.objects.filter(
                ticket=OuterRef("pk"), unit_id__in=list(actor.watched_unit_ids), until__isnull=True
            )
            seen |= Exists(granted)
        if actor.district_ids:
            seen |= Q(district_id__in=list(actor.district_ids))
        if actor.kind == "client" and actor.channel_id:
            seen |= Q(client_id=actor.id)
        return self.filter(seen) if seen else self.none()

    def newest_visible_to(self, actor: Actor, count: int) -> TicketQuerySet:
        """The newest `count` of these that the actor may know of: `visible_to`, newest first.

        Each way of seeing is read along its own index and cut short there. One condition with OR
        would read the whole table for a unit that has few tickets or old ones.
        """
        if actor.sees_all:
            return self.order_by("-id")[:count]
        ways = []
        if actor.unit_ids:
            units = list(actor.unit_ids)
            granted = self.filter(accesses__unit_id__in=units, accesses__until__isnull=True)
            # A unit may have access in two roles; a ticket counts once.
            ways += [self.filter(lead_unit_id__in=units), granted.distinct()]
        if actor.district_ids:
            ways.append(self.filter(district_id__in=list(actor.district_ids)))
        if actor.kind == "client" and actor.channel_id:
            ways.append(self.filter(client_id=actor.id))
        if len(ways) < 2:
            return (ways[0] if ways else self.none()).order_by("-id")[:count]
        ids = [way.order_by("-id").values("pk")[:count] for way in ways]
        return Ticket.objects.filter(pk__in=ids[0].union(*ids[1:])).order_by("-id")[:count]

    def open(self) -> TicketQuerySet:
        return self.exclude(state=State.CLOSED)

    def public(self) -> TicketQuerySet:
        """What anything that leaves the office may be made of: published figures, maps, similar
        cases, training. Never a matter of central or military bodies (R-043), and never one whose
        requester is kept confidential (R-018)."""
        return self.filter(is_liaison=False, is_confidential=False)

    def overdue(self, at: dt.datetime) -> TicketQuerySet:
        """Open, past the promise to the citizen and nothing fed back yet, whether or not a sweep
        has run."""
        return self.open().filter(promised_at__lte=at, replied_at__isnull=True)

    def for_list(self) -> TicketQuerySet:
        """What a row of a list shows, in one query."""
        return self.select_related("text", "area", "district", "lead_unit", "channel")


class Ticket(models.Model):
    """One matter from acceptance to close.

    Narrow on purpose: it is the row that every act updates. The words are in `TicketText`, the
    people in `TicketRequester`, everything that happened in `TicketEvent`. `version` counts
    acts (two people at once), `event_seq` the events; both change only under the row's lock.
    Transition methods check this row alone, and services alone call them.
    """

    number = models.CharField(max_length=16, unique=True)
    state = FSMField(choices=State.choices, default=State.ACCEPTED, protected=True)
    level = models.CharField(max_length=8, choices=Level.choices)
    urgency = models.CharField(max_length=8, choices=Urgency.choices, default=Urgency.ORDINARY)
    request_type = models.CharField(max_length=12, choices=RequestType.choices)
    category = models.ForeignKey(Category, models.PROTECT, null=True, db_index=False)
    area = models.ForeignKey(Area, models.PROTECT, null=True, db_index=False, related_name="+")
    district = models.ForeignKey(Area, models.PROTECT, null=True, db_index=False, related_name="+")
    lead_unit = models.ForeignKey(
        Unit, models.PROTECT, null=True, db_index=False, related_name="led_tickets"
    )
    channel = models.ForeignKey(Channel, models.PROTECT, db_index=False)
    client = models.ForeignKey(ApiClient, models.PROTECT, null=True, db_index=False)
    is_anonymous = models.BooleanField(default=False)
    is_confidential = models.BooleanField(default=False)
    is_liaison = models.BooleanField(
        default=False, help_text="passed to the liaison office (R-043)"
    )
    called_at = models.DateTimeField(help_text="when the requester raised it (R-015)")
    accepted_at = models.DateTimeField()
    promised_at = models.DateTimeField(help_text="the promise to the citizen, from acceptance")
    dispatched_at = models.DateTimeField(null=True)
    replied_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    close_code = models.CharField(max_length=20, choices=CloseCode.choices, blank=True)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, db_index=False, related_name="merged"
    )
    return_count = models.PositiveSmallIntegerField(default=0, help_text="upheld objections")
    rehandle_count = models.PositiveSmallIntegerField(default=0)
    reopen_count = models.PositiveSmallIntegerField(default=0)
    onsite_count = models.PositiveSmallIntegerField(
        default=0, help_text="how often units were called"
    )
    version = models.PositiveIntegerField(default=0)
    event_seq = models.PositiveIntegerField(default=0)

    objects = TicketQuerySet.as_manager()
    _assisting: frozenset[int] | None = None

    if TYPE_CHECKING:
        text: TicketText

    class Meta:
        constraints = [
            # QuerySet.update() goes around the machine; the database knows the five states.
            models.CheckConstraint(condition=Q(state__in=State.values), name="state_is_known"),
            models.CheckConstraint(condition=Q(level__in=Level.values), name="level_is_known"),
            models.CheckConstraint(
                condition=Q(state__in=["accepted", "closed"]) | Q(lead_unit__isnull=False),
                name="dispatched_ticket_has_lead",
            ),
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False)
                | (~Q(state="closed") & Q(closed_at__isnull=True)),
                name="closed_ticket_has_its_time",
            ),
        ]
        # With the primary key and the number: eight, and eight are the limit (design §3).
        indexes = [
            # Reader: a unit's list of everything it leads or led.
            models.Index(fields=["lead_unit", "-id"], name="ticket_of_unit"),
            # Reader: the district supervisor's list.
            models.Index(fields=["district", "-id"], name="ticket_of_district"),
            # Reader: a channel asking for what it sent in.
            models.Index(
                fields=["client", "-id"],
                name="ticket_of_client",
                condition=Q(client__isnull=False),
            ),
            # Reader: the lists by state, least time left first; with the lead, because a unit asks
            # for its own among all that wait for a call-back.
            models.Index(
                fields=["state", "promised_at"],
                include=["lead_unit"],
                name="ticket_open_by_promise",
                condition=~Q(state="closed"),
            ),
            # Reader: the desk's list of hard cases, the few that came back more than once.
            models.Index(
                fields=["id"],
                name="ticket_returned_often",
                condition=Q(return_count__gte=2) & ~Q(state="closed"),
            ),
            # Reader: monthly tables and lists over a period.
            models.Index(fields=["accepted_at", "lead_unit"], name="ticket_by_acceptance"),
        ]

    def __str__(self) -> str:
        return self.number

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        # django-fsm forbids assignment to a protected field, which cleaning does.
        super().clean_fields(exclude={*(exclude or ()), "state"})

    def get_request_type_display(self) -> str:  # type: ignore[no-redef]
        # Django's own translates every type to find one; lists show it in every row.
        return str(RequestType(self.request_type).label)

    @property
    def is_open(self) -> bool:
        return self.state != State.CLOSED

    def assisting_units(self) -> frozenset[int]:
        """The units asked for help that still see the ticket; one query, remembered in the row."""
        if self._assisting is None:
            roles = (AccessRole.COOPERATE, AccessRole.DELEGATE)
            rows = self.accesses.filter(role__in=roles, until=None)
            self._assisting = frozenset(rows.values_list("unit_id", flat=True))
        return self._assisting

    def is_overdue(self, at: dt.datetime) -> bool:
        """Late toward the citizen: nothing was fed back, and it was not closed, in time."""
        return (self.replied_at or self.closed_at or at) >= self.promised_at

    # --- the machine (design §4) ---------------------------------------------------------

    @transition(field=state, source=State.ACCEPTED, target=State.CLOSED)
    def mark_answered(self) -> None:
        """D7: a consultation answered on the spot."""

    @transition(field=state, source=State.ACCEPTED, target=State.CLOSED)
    def mark_informed(self) -> None:
        """D1–D6: the requester was told where to turn and why."""

    @transition(
        field=state, source=[State.ACCEPTED, State.DISPATCHED, State.HANDLING], target=State.CLOSED
    )
    def mark_merged(self) -> None:
        """The same matter goes on in another ticket."""

    @transition(
        field=state,
        source=[State.ACCEPTED, State.DISPATCHED, State.HANDLING, State.CALLBACK],
        target=State.CLOSED,
    )
    def mark_withdrawn(self) -> None:
        """The requester takes it back; a unit never can."""

    @transition(field=state, source=State.ACCEPTED, target=State.DISPATCHED)
    def mark_dispatched(self) -> None:
        """One lead unit and a deadline (R-035)."""

    @transition(field=state, source=State.DISPATCHED, target=State.HANDLING)
    def mark_signed(self) -> None:
        """签收: the lead unit has it."""

    @transition(field=state, source=[State.DISPATCHED, State.HANDLING], target=State.ACCEPTED)
    def mark_recalled(self) -> None:
        """The desk's own error."""

    @transition(field=state, source=[State.DISPATCHED, State.HANDLING], target=State.ACCEPTED)
    def mark_returned(self) -> None:
        """An upheld objection (R-045…R-050)."""

    @transition(field=state, source=State.HANDLING, target=State.CALLBACK)
    def mark_replied(self) -> None:
        """Feedback to both the requester and the hotline (R-064)."""

    @transition(field=state, source=State.CALLBACK, target=State.HANDLING)
    def mark_rehandled(self) -> None:
        """Unsolved or unsatisfied: the same unit once more (R-086)."""

    @transition(field=state, source=State.CALLBACK, target=State.CLOSED)
    def mark_closed(self) -> None:
        """Called back, or a coded reason for no call-back."""

    @transition(field=state, source=State.CLOSED, target=State.ACCEPTED)
    def mark_reopened(self) -> None:
        """New facts within the window."""
