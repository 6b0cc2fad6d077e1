"""Saying yes to what is proposed, one ticket or many, and taking it back within seconds."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from dispatch.models import Assignment, AssignmentRole, AssignmentState
from hotline.core.actors import Actor
from hotline.core.api.idempotency import Key
from hotline.core.models import Unit
from hotline.core.places import unit_by_code, units
from hotline.core.violations import NotPermitted, NotVisible, RuleViolation
from hotline.pages.desk.lists import SELECTED_AT_ONCE
from hotline.pages.desk.waiting import proposed
from hotline.pages.doors import visible_ticket
from intake import verbs
from intake.acts import whole
from intake.models import Ticket

# A choice sent again is the same choice.
_SAME = hashlib.sha256(b"desk").hexdigest()


@dataclass(frozen=True)
class Choice:
    """What somebody said yes to: a ticket as it was seen, and the unit that stood beside it."""

    number: str
    version: int
    unit_code: str

    @classmethod
    def read(cls, text: str) -> Choice | None:
        """None for what no row of the desk has written."""
        number, _bar, rest = text.partition("|")
        version, _bar, unit_code = rest.partition("|")
        # What fits into the columns it is looked up in.
        is_whole = number.isdecimal() and len(number) == 16 and version.isdecimal()
        return cls(number, int(version), unit_code) if is_whole and len(version) < 9 else None


@dataclass(frozen=True)
class Result:
    """What became of one choice: the unit it went to, or why it did not go."""

    number: str
    unit: Unit | None
    problem: str = ""
    until: dt.datetime | None = None  # may be taken back so long

    @property
    def is_done(self) -> bool:
        return self.unit is not None


def undo_until(dispatched_at: dt.datetime) -> dt.datetime:
    return dispatched_at + dt.timedelta(seconds=settings.UNDO_SECONDS)


def accept(choice: Choice, *, token: str, actor: Actor, at: dt.datetime) -> Result:
    """Dispatch a ticket as it is proposed. A press sent twice dispatches once: the second waits
    for the first and finds it done.

    Raises NotPermitted, NotVisible; every other refusal is the result's `problem`.
    """
    try:
        with whole():
            key = Key(actor, f"{token}:{choice.number}:{choice.version}", _SAME)
            if key.claim(number=choice.number, status=200, at=at) is None:
                ticket = _dispatch(choice, actor, at)
            else:
                ticket = visible_ticket(choice.number, actor)
    except (NotPermitted, NotVisible):
        raise
    except RuleViolation as refusal:
        return Result(choice.number, None, problem=refusal.sentence())
    except ProposalChanged:
        return Result(choice.number, None, problem=_("建议的单位已变化，请重新核对后再派。"))
    unit = units().get(ticket.lead_unit_id or 0)
    if unit is None or ticket.dispatched_at is None:  # dispatched, and taken back since
        return Result(choice.number, None, problem=_("这一单派出后已被撤回，请刷新后重派。"))
    return Result(choice.number, unit, until=undo_until(ticket.dispatched_at))


class ProposalChanged(Exception):
    """The unit proposed now is not the one that was seen; nobody said yes to it."""


def _dispatch(choice: Choice, actor: Actor, at: dt.datetime) -> Ticket:
    seen = visible_ticket(choice.number, actor)
    proposal = proposed(seen, at)
    # A ticket that has moved on is refused for that, below.
    if seen.version == choice.version and (
        proposal is None or proposal.unit != unit_by_code(choice.unit_code)
    ):
        raise ProposalChanged
    unit = proposal.unit if proposal else None
    return verbs.run(
        "dispatch",
        number=choice.number,
        actor=actor,
        at=at,
        version=choice.version,
        lead_unit=unit,
        basis=proposal.basis if proposal else "",
    )


def accept_all(texts: Iterable[str], *, token: str, actor: Actor, at: dt.datetime) -> list[Result]:
    """Many at once, each by itself: one that is refused keeps no other back."""
    choices = list(dict.fromkeys(c for c in map(Choice.read, texts) if c is not None))
    results = []
    for choice in choices[:SELECTED_AT_ONCE]:
        try:
            results.append(accept(choice, token=token, actor=actor, at=at))
        except NotVisible as refusal:
            results.append(Result(choice.number, None, problem=refusal.sentence()))
    too_many = _("一次最多派 %(n)s 件，这一件没有派出。") % {"n": SELECTED_AT_ONCE}
    rest = choices[SELECTED_AT_ONCE:]
    return results + [Result(choice.number, None, problem=too_many) for choice in rest]


# --- within seconds -------------------------------------------------------------------------


@dataclass(frozen=True)
class Recent:
    """A dispatch that whoever made it can still take back."""

    number: str
    unit: Unit
    until: dt.datetime


def just_dispatched(actor: Actor, at: dt.datetime) -> list[Recent]:
    """This person's own dispatches of the last seconds that nobody has signed, latest first."""
    since = at - dt.timedelta(seconds=settings.UNDO_SECONDS)
    orders = Assignment.objects.visible_to(actor).filter(
        role=AssignmentRole.LEAD,
        state=AssignmentState.PENDING,
        is_open=True,
        dispatched_by=actor.reference,
        dispatched_at__gt=since,
    )
    return [
        Recent(number, units()[unit_id], undo_until(dispatched_at))
        for number, unit_id, dispatched_at in orders.order_by("-dispatched_at", "-pk").values_list(
            "ticket__number", "unit_id", "dispatched_at"
        )
    ]


def undo(number: str, *, actor: Actor, at: dt.datetime) -> Ticket:
    """Take back a slip of the hand. Raises what `undo_dispatch` raises."""
    return verbs.run("undo_dispatch", number=number, actor=actor, at=at, version=None)
