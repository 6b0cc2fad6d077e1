"""Every promise on a ticket, by who made it: the citizen's and the units' are never mixed up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.core.models import RISING_KINDS, ClockKind
from hotline.core.places import units
from hotline.pages.ticket.facts import Facts
from intake.clock_story import story
from intake.models import Clock

CITIZEN, LEAD, PARTS, ABOVE, ONSITE, REQUESTER, DESK, NEXT = (
    "citizen", "lead", "parts", "above", "onsite", "requester", "desk", "next",
)  # fmt: skip
_LABELS: dict[str, str | Promise] = {
    CITIZEN: _("对诉求人的承诺"),
    LEAD: _("承办单位的时限"),
    PARTS: _("协办和转交单位的时限"),
    ABOVE: _("上级协调的时限"),
    ONSITE: _("到场的时限"),
    REQUESTER: _("等待诉求人"),
    DESK: _("热线的时限"),
    NEXT: _("仍不办理时"),
}
# Promises of several units stand together there.
_NAMED = (PARTS, ABOVE, ONSITE)


@dataclass(frozen=True)
class Line:
    """One promise: who made it (empty: said by its heading), and how its due time came to be."""

    clock: Clock
    unit: str
    story: str


@dataclass(frozen=True)
class PromiseGroup:
    """The running promises of one party, the nearest first."""

    key: str
    label: str | Promise
    lines: list[Line]


def running_promises(facts: Facts) -> list[PromiseGroup]:
    """What is owed now: first to the citizen, then by the units, then by the hotline."""
    lines: dict[str, list[Line]] = {}
    for clock in facts.running_clocks:
        key = _party(clock, facts)
        lines.setdefault(key, []).append(_line(clock, facts, names_unit=key in _NAMED))
    return [PromiseGroup(key, _LABELS[key], lines[key]) for key in _LABELS if key in lines]


def ended_promises(facts: Facts) -> list[Line]:
    """What was kept, missed or cancelled, the latest first."""
    return list(_ended(facts))


def _ended(facts: Facts) -> Iterator[Line]:
    for clock in facts.ended_clocks:
        if clock.kind not in RISING_KINDS:  # followed from a promise that is told itself
            yield _line(clock, facts, names_unit=True)


def _line(clock: Clock, facts: Facts, *, names_unit: bool) -> Line:
    unit = units().get(clock.unit_id or 0) if names_unit else None
    words = story(clock, facts.adjustments.get(clock.pk, ()))
    return Line(clock, unit.name if unit else "", words)


def _party(clock: Clock, facts: Facts) -> str:
    """Whose promise it is."""
    if clock.kind == ClockKind.PROMISE:
        return CITIZEN
    if clock.kind in RISING_KINDS:
        return NEXT
    if clock.kind == ClockKind.FACTS:
        return REQUESTER
    if clock.kind == ClockKind.COORDINATION:
        return ABOVE
    if clock.kind == ClockKind.ONSITE:
        return ONSITE
    if clock.unit_id is None:
        return DESK
    lead = facts.lead
    is_leads = lead is not None and clock.unit_id == lead.unit_id
    return LEAD if is_leads else PARTS
