"""Why each order went to its unit, and until when the unit could object."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from dispatch.models import Assignment, AssignmentRole, EndReason, Objection, ObjectionOutcome
from dispatch.rendering.catalogue import target_words
from hotline.pages.templatetags.clocks import moment
from hotline.pages.ticket.facts import Facts
from hotline.pages.ticket.questions import Words
from knowledge.models import category_path


@dataclass(frozen=True)
class OrderLine:
    """An order of a lead or a district's copy; `why` are labels and texts, empty where the order's
    own basis says it all; `window` says whether it is accepted."""

    order: Assignment
    why: list[Words]
    window: str


def order_lines(facts: Facts) -> list[OrderLine]:
    """The orders of every lead and its district's copies, oldest first."""
    shown = (AssignmentRole.LEAD, AssignmentRole.SUPERVISE)
    return [_line(order, facts) for order in facts.orders if order.role in shown]


def _line(order: Assignment, facts: Facts) -> OrderLine:
    if order.role != AssignmentRole.LEAD:
        return OrderLine(order, [], "")
    objection = next((o for o in facts.objections if o.assignment_id == order.pk), None)
    return OrderLine(order, _why(order, objection), _window(order, objection, facts))


def _why(order: Assignment, objection: Objection | None) -> list[Words]:
    """The edition and the clause that named the unit, or that it was somebody's choice; and what
    a ruling on it has become for like cases."""
    found: list[Words] = []
    if order.catalogue_version is not None:
        edition = _("第 %(n)s 版") % {"n": order.catalogue_version.number}
        found.append((_("派单目录"), edition))
    if order.entry is not None:
        area = order.entry.area.name if order.entry.area else _("全市")
        named = {
            "category": category_path(order.entry.category_id),
            "area": area,
            "lead": target_words(order.entry.lead),
        }
        found.append((_("条款"), _("%(category)s，%(area)s：%(lead)s") % named))
        found.append((_("条款依据"), order.entry.basis))
    if order.is_designated:
        found.append((_("方式"), _("指定承办")))
    elif order.is_as_proposed is False:
        found.append((_("方式"), _("派单员另选，目录建议的是其他单位")))
    elif order.is_as_proposed is None:
        found.append((_("方式"), _("派单员选定，目录没有建议")))
    precedent = getattr(objection, "precedent", None)
    if precedent is not None:
        found.append((_("裁定成为先例"), precedent.clause))
    return found


def _window(order: Assignment, objection: Objection | None, facts: Facts) -> str:
    """Objected to, still open to objection, or deemed accepted (R-047)."""
    if order.end_reason == EndReason.UNDONE:
        return ""
    if order.is_designated:
        return _("指定承办，不得退回。")
    if objection is not None:
        return _objected(objection)
    if order.objection_until is None:
        return ""
    until = {"until": moment(order.objection_until)}
    if facts.at >= order.objection_until:
        return _("异议期于 %(until)s 届满，没有提出异议，视为接收。") % until
    return _("异议期到 %(until)s，届时没有提出异议视为接收。") % until if order.is_open else ""


def _objected(objection: Objection) -> str:
    if not objection.outcome:
        return _("%(at)s 提出异议，正在审核。") % {"at": moment(objection.raised_at)}
    return _("%(at)s 提出异议：%(outcome)s。") % {
        "at": moment(objection.raised_at),
        "outcome": ObjectionOutcome(objection.outcome).label,
    }
