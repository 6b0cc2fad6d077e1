"""What stands beside a verb's form: the rule and the like cases a person should read first."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from dispatch.rendering.catalogue import clause_words, weighed_words
from dispatch.services import propose_unit
from dispatch.services.duties import Duty
from dispatch.services.precedents import decided_unit, objection_help, ruling_left
from hotline.core import limits
from hotline.core.models import ClockKind
from hotline.core.working_time import TimeUnit
from hotline.pages.templatetags.clocks import moment
from intake.models import Ticket
from knowledge.models import category_path


@dataclass(frozen=True)
class Advice:
    """A heading with sentences under it."""

    title: str
    lines: list[str] = field(default_factory=list)


def advice(verb: str, ticket: Ticket, at: dt.datetime) -> list[Advice]:
    """What to read before doing this; nothing for most verbs."""
    match verb:
        case "dispatch":
            found = _dispatch(ticket, at)
        case "object":
            found = _object(ticket)
        case "make_precedent":
            found = _make_precedent(ticket)
        case "ask_extension":
            found = _extension(ticket, at)
        case _:
            found = []
    return [each for each in found if each.lines]


def _dispatch(ticket: Ticket, at: dt.datetime) -> list[Advice]:
    """Why this unit is proposed and what else was weighed."""
    proposal = propose_unit(
        ticket.area,
        at=at,
        category=ticket.category,
        request_type=ticket.request_type,
        target=ticket.text.target,
    )
    if proposal is None:
        return []
    words = [weighed_words(each) for each in proposal.weighed]
    return [Advice(_("为什么建议派给%(unit)s") % {"unit": proposal.unit.name}, words)]


def _object(ticket: Ticket) -> list[Advice]:
    """The clause by which the order came, the unit's own duty item, and like rulings (R-046)."""
    if ticket.lead_unit is None:
        return []
    known = objection_help(ticket, ticket.lead_unit)
    clause, duty, found = known.clause, known.duty, []
    if clause is not None:
        found.append(Advice(_("派单目录的条款"), [clause_words(clause)]))
    if duty is not None:
        found.append(Advice(_("本单位履职清单"), [duty_words(duty)]))
    rulings = [
        _("%(at)s %(area)s，%(unit)s 提出（%(ground)s）：%(outcome)s %(decided)s %(ruling)s")
        % {
            "at": moment(each.ruled_at),
            "area": each.area,
            "unit": each.unit,
            "ground": each.ground,
            "outcome": each.outcome.label,
            "decided": each.decided,
            "ruling": each.ruling,
        }
        for each in known.rulings
    ]
    return [*found, Advice(_("同类诉求的裁定"), rulings)]


def _make_precedent(ticket: Ticket) -> list[Advice]:
    """What the precedent will say: which matters go to whom."""
    ruling = ruling_left(ticket)
    unit = decided_unit(ruling) if ruling else None
    if unit is None or ticket.category_id is None:
        return []
    words = {"category": category_path(ticket.category_id), "unit": unit.name}
    return [Advice(_("从今天起的同类派单"), [_("%(category)s：派给%(unit)s") % words])]


def duty_words(duty: Duty) -> str:
    """What a list says about such matters, in a line."""
    if duty.item is None:
        return _("《%(list)s》没有这一类事项") % {"list": duty.duty_list.name}
    return _("《%(list)s》%(item)s（%(text)s）：%(stance)s") % {
        "list": duty.duty_list.name,
        "item": duty.item.code,
        "text": duty.item.text,
        "stance": duty.item.get_stance_display(),
    }


def _extension(ticket: Ticket, at: dt.datetime) -> list[Advice]:
    """How much and how often this level may be extended (R-062)."""
    limit = limits.limit_for(ClockKind.EXTENSION, level=ticket.level, urgency=ticket.urgency, at=at)
    words = {"amount": limit.amount, "unit": TimeUnit(limit.unit).label, "times": limit.times}
    line = _("一次最多延长 %(amount)s %(unit)s，本轮办理最多 %(times)s 次") % words
    return [Advice(_("延期的限度"), [line, limit.basis])]
