"""A month is shown to the units before it is closed."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils import timezone

from evaluation import months as reading
from evaluation import outcomes
from evaluation.models import MonthDraft, Outcome
from evaluation.months import Month
from evaluation.services.months.parts import audit, require, tell_units
from hotline.core import outbox
from hotline.core.actors import SYSTEM, Actor
from hotline.core.models import Role
from hotline.core.violations import RuleViolation
from hotline.core.working_time import ONE_DAY
from intake.models import Ticket

# An order's limit, a ledger entry and a reopening all lie within a year: older tickets that have
# long been closed cannot have a row in a month.
LONGEST_LIFE = dt.timedelta(days=366)


def open_draft(*, month: str, actor: Actor, at: dt.datetime) -> MonthDraft:
    """Show a month to the units, who may appeal for the scheme's days: from when its facts are
    complete, once, after the months before it are closed. Its consumers have run by then.

    Raises RuleViolation; opening one that is open already returns it.
    """
    require(actor, Role.CITY_SUPERVISOR)
    stands = reading.month(month, at=at)
    if stands.draft is not None:
        return stands.draft
    if stands.scheme is None:
        raise RuleViolation("month_without_scheme", month=month)
    if at < stands.facts_until:
        when = timezone.localtime(stands.facts_until)
        raise RuleViolation("month_facts_incomplete", month=month, when=f"{when:%Y-%m-%d %H:%M}")
    earlier = MonthDraft.objects.filter(month__lt=month, close=None).order_by("month").first()
    if earlier is not None:
        raise RuleViolation("earlier_month_open", month=earlier.month)
    settle(stands, at=at)
    try:
        with transaction.atomic():
            draft = MonthDraft.objects.create(
                month=month,
                scheme=stands.scheme,
                facts_until=stands.facts_until,
                appeals_until=_end_of_appeals(at, stands.rules.appeal_days),
                opened_at=at,
                opened_by=actor.reference,
            )
            audit("month_drafted", actor, at, month=month, scheme=stands.scheme.version)
            tell_units(month, "month_drafted", at)
    except IntegrityError:  # two ticks at once: the other one has opened it
        return MonthDraft.objects.get(month=month)
    return draft


def open_due_drafts(*, at: dt.datetime) -> list[str]:
    """Open the draft of every month whose facts are complete, oldest first; a month waits for the
    one before it to be closed. Returns their names."""
    opened = []
    for label in _months_with_rows():
        stands = reading.month(label, at=at)
        if stands.draft is None and stands.scheme is not None and at >= stands.facts_until:
            try:
                open_draft(month=label, actor=SYSTEM, at=at)
            except RuleViolation:
                break
            opened.append(label)
    return opened


def settle(of: Month, *, at: dt.datetime) -> int:
    """Bring the rows of a month to what the facts say now: every consumer runs first, then its
    tickets are folded anew, because time alone changes rows. Returns how many tickets."""
    outbox.deliver_all(at=at)
    return outcomes.rebuild(candidates(of), at=at)


def candidates(of: Month) -> list[int]:
    """The tickets that can have a row in the month."""
    dispatched = Ticket.objects.filter(
        accepted_at__lt=of.facts_until, accepted_at__gte=of.period.start - LONGEST_LIFE
    )
    found = dispatched.exclude(assignments=None).values_list("pk", flat=True)
    known = Outcome.objects.filter(month=of.label).values_list("ticket_id", flat=True)
    return sorted({*found, *known})


def _end_of_appeals(at: dt.datetime, days: int) -> dt.datetime:
    """Midnight after so many whole days, so that nobody loses the rest of a day."""
    first = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    return first + (days + 1) * ONE_DAY


def _months_with_rows() -> list[str]:
    found = Outcome.objects.order_by("month").values_list("month", flat=True).distinct()
    return list(found)
