"""What can wait for a leader: one query for each kind, scoped by who asks.

The number of a kind, its rows and its place among the first lines come from that query, so they
cannot disagree.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dispatch.models import Coordination, CoordinationKind, OrderReason, SupervisionOrder
from evaluation import pleas
from evaluation.models import Appeal, CallbackResult, Exclusion, PressureReport, ScoreAppeal
from evaluation.reading import open_to
from hotline.core.actors import Actor
from hotline.core.models import ClockKind, Role, UnitKind
from hotline.core.places import units
from hotline.pages.paging import Order
from intake.models import Clock, Level, State, Ticket

CITY, DISTRICT, MANAGER = Role.CITY_SUPERVISOR, Role.DISTRICT_SUPERVISOR, Role.MANAGER
LEADERS = frozenset({CITY, DISTRICT, MANAGER})
SUPERVISORS = frozenset({CITY, DISTRICT})
UNSOLVED_OFTEN = 2
# A clue of pressure has no decision that could be recorded: it is shown while it is fresh.
PRESSURE_SHOWN = dt.timedelta(days=7)
_LEAST_TIME_FIRST = Order("due_at")

Rows = Callable[[Actor, dt.datetime], QuerySet[Any]]


@dataclass(frozen=True)
class Kind:
    """One kind of matter; `decision` says what the leader is asked, `order` sorts by the instant
    that decides the place among all kinds, `since` names the column from which it waits. What is
    dangerous stands before everything else."""

    key: str
    label: str | Promise
    decision: str | Promise
    roles: frozenset[Role]
    rows: Rows
    order: Order
    since: str
    is_danger: bool = False


def _emergencies(actor: Actor, at: dt.datetime) -> QuerySet[Any]:
    return Ticket.objects.visible_to(actor).open().filter(level=Level.L1)


def _unsolved(actor: Actor, at: dt.datetime) -> QuerySet[Any]:
    """Open tickets whose requesters said at least twice that nothing was solved."""
    said = CallbackResult.objects.filter(ticket=OuterRef("pk"), is_valid=True, resolved=False)
    times = open_to(actor, said).order_by().values("ticket").annotate(n=Count("pk")).values("n")
    again = Ticket.objects.visible_to(actor).open().filter(rehandle_count__gt=0)
    return again.annotate(unsolved=Subquery(times)).filter(unsolved__gte=UNSOLVED_OFTEN)


def _ruling(kind: ClockKind) -> Rows:
    """What the authority has promised to decide."""

    def rows(actor: Actor, at: dt.datetime) -> QuerySet[Any]:
        return Clock.objects.running().filter(kind=kind)

    return rows


def _ledger(actor: Actor, at: dt.datetime) -> QuerySet[Any]:
    """To decide; and to review, once that is about to fall due."""
    running = Clock.objects.running()
    found = running.filter(kind=ClockKind.LEDGER_RULING)
    found |= running.filter(kind=ClockKind.LEDGER_REVIEW, warn_at__lte=at)
    return _of_district(found, actor)


def _of_district(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    if actor.has(CITY):
        return rows
    return rows.filter(ticket__district_id__in=list(actor.district_ids))


def _pleas(model: type[Exclusion] | type[Appeal]) -> Rows:
    """Not those that the reader has asked for."""

    def rows(actor: Actor, at: dt.datetime) -> QuerySet[Any]:
        waiting = pleas.visible(model, actor).filter(outcome="")
        return pleas.with_due(waiting.exclude(raised_by=actor.reference))

    return rows


def _score_appeals(actor: Actor, at: dt.datetime) -> QuerySet[Any]:
    return ScoreAppeal.objects.filter(outcome="").select_related("draft")


def _order_answers(actor: Actor, at: dt.datetime) -> QuerySet[Any]:
    """Answers to orders after two unsolved call-backs: nothing closes before they are accepted."""
    answered = SupervisionOrder.objects.filter(
        reason=OrderReason.UNSOLVED_TWICE,
        answered_at__isnull=False,
        accepted_at=None,
        ticket__state=State.CALLBACK,
    )
    return _of_district(answered, actor)


def _asked_upward(actor: Actor, at: dt.datetime) -> QuerySet[Any]:
    """Hard cases that were raised to the reader's own level."""
    asked = set(actor.watched_unit_ids)
    if actor.has(CITY):
        asked |= {unit.pk for unit in units().values() if unit.kind == UnitKind.HOTLINE}
    due = Clock.objects.running().filter(
        ticket_id=OuterRef("ticket_id"), kind=ClockKind.COORDINATION
    )
    return Coordination.objects.filter(
        kind=CoordinationKind.UPWARD, concluded_at=None, authority_id__in=asked
    ).annotate(due_at=Subquery(due.values("due_at")[:1]))


def _pressure(actor: Actor, at: dt.datetime) -> QuerySet[Any]:
    return PressureReport.objects.filter(told_at__gt=at - PRESSURE_SHOWN)


def _to_read(actor: Actor, at: dt.datetime) -> QuerySet[Any]:
    found = SupervisionOrder.objects.to_read().filter(issued_by=actor.reference)
    return found.annotate(back_at=Coalesce("answered_at", "lapsed_at"))


def _with_due(orders: QuerySet[SupervisionOrder]) -> QuerySet[Any]:
    clock = Clock.objects.filter(pk=OuterRef("clock_id"))
    return orders.annotate(due_at=Subquery(clock.values("due_at")))


def _not_answered(actor: Actor, at: dt.datetime) -> QuerySet[Any]:
    given = SupervisionOrder.objects.to_answer().filter(issued_by=actor.reference)
    return _with_due(given).filter(due_at__lte=at)


def _to_answer(actor: Actor, at: dt.datetime) -> QuerySet[Any]:
    own = SupervisionOrder.objects.to_answer().filter(unit_id__in=list(actor.unit_ids))
    return _with_due(own)


KINDS = (
    Kind(
        "emergency", _("一级未办结"), _("核实处置情况，是否现场处置或作出批示"), LEADERS,
        _emergencies, Order("promised_at"), "accepted_at", is_danger=True,
    ),
    Kind(
        "to_answer", _("待答复的批示"), _("答复领导批示"), frozenset({MANAGER}),
        _to_answer, _LEAST_TIME_FIRST, "issued_at",
    ),
    Kind(
        "to_read", _("批示答复待阅"), _("阅毕，或退回再办"), SUPERVISORS,
        _to_read, Order("back_at"), "back_at",
    ),
    Kind(
        "not_answered", _("批示超时未答复"), _("单位逾期未答复，是否另行督促"), SUPERVISORS,
        _not_answered, _LEAST_TIME_FIRST, "issued_at",
    ),
    Kind(
        "objections", _("派单异议"), _("裁定派单异议是否成立"), frozenset({CITY}),
        _ruling(ClockKind.RULING), _LEAST_TIME_FIRST, "started_at",
    ),
    Kind(
        "extensions", _("延期"), _("是否同意延期"), frozenset({CITY}),
        _ruling(ClockKind.EXTENSION_RULING), _LEAST_TIME_FIRST, "started_at",
    ),
    Kind(
        "ledger", _("挂账"), _("是否同意挂账，或复核挂账"), SUPERVISORS,
        _ledger, _LEAST_TIME_FIRST, "started_at",
    ),
    Kind(
        "order_answers", _("督办答复"), _("是否认可督办答复，认可后才能办结"), SUPERVISORS,
        _order_answers, Order("answered_at"), "answered_at",
    ),
    Kind(
        "exclusions", _("剔除"), _("是否同意剔除或不计入"), frozenset({CITY}),
        _pleas(Exclusion), _LEAST_TIME_FIRST, "raised_at",
    ),
    Kind(
        "appeals", _("回访结果申诉"), _("申诉是否成立"), frozenset({CITY}),
        _pleas(Appeal), _LEAST_TIME_FIRST, "raised_at",
    ),
    Kind(
        "score_appeals", _("月度成绩申诉"), _("成绩申诉是否成立"), frozenset({CITY}),
        _score_appeals, _LEAST_TIME_FIRST, "raised_at",
    ),
    Kind(
        "hard", _("疑难协调"), _("答复下级提请的协调，必要时提级办理"), LEADERS,
        _asked_upward, _LEAST_TIME_FIRST, "asked_at",
    ),
    Kind(
        "unsolved", _("两次未解决"), _("诉求人两次表示未解决，是否批示或提级"), LEADERS,
        _unsolved, Order("promised_at"), "accepted_at",
    ),
    Kind(
        "pressure", _("压力线索"), _("诉求人说有人施压，决定如何核查"), frozenset({CITY}),
        _pressure, Order("told_at"), "told_at",
    ),
)  # fmt: skip


def kinds_of(actor: Actor) -> list[Kind]:
    """What may wait for this reader."""
    return [kind for kind in KINDS if actor.has(*kind.roles)]


def instructions_of(actor: Actor) -> QuerySet[SupervisionOrder]:
    """A leader's own instructions that are still in hand; a manager's are those to the unit."""
    in_hand = SupervisionOrder.objects.in_hand()
    if actor.has(*SUPERVISORS):
        return in_hand.filter(issued_by=actor.reference)
    return in_hand.filter(unit_id__in=list(actor.unit_ids))
