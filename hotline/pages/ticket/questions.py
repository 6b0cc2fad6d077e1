"""What somebody has asked about a ticket and who decides it; and the record of hard cases."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from dispatch.models import (
    ContactMethod,
    Coordination,
    CoordinationKind,
    ExtensionReason,
    HoldKind,
    LedgerHold,
    ObjectionReason,
)
from hotline.core.models import ClockKind
from hotline.core.places import units
from hotline.core.working_time import TimeUnit
from hotline.pages.templatetags.clocks import moment, span
from hotline.pages.ticket.facts import Facts
from intake.models import Clock

Words = tuple[str, str]


@dataclass(frozen=True)
class Question:
    """Something that waits for somebody's word: what was asked (`words`: label and text), since
    when, who decides, by when, and what holds meanwhile."""

    title: str
    asked_at: dt.datetime
    decider: str
    clock: Clock | None
    words: list[Words] = field(default_factory=list)
    meanwhile: str = ""


def open_questions(facts: Facts) -> list[Question]:
    """Everything that is being waited for, as the reader may know it."""
    found = (
        _objection(facts),
        _extension(facts),
        _wanted_facts(facts),
        _asked_hold(facts),
        _ledger(facts),
        _hard_case(facts),
    )
    return [question for question in found if question is not None]


def _clock(facts: Facts, kind: str) -> Clock | None:
    return next(iter(facts.running(kind)), None)


def _said(*words: Words) -> list[Words]:
    """Only what has been filled in."""
    return [(label, text) for label, text in words if text]


def _told(told_by: str, told_at: dt.datetime | None) -> str:
    if not told_by:
        return ""
    return f"{ContactMethod(told_by).label} {moment(told_at)}".strip()


def _standing_still(facts: Facts) -> str:
    """Until when the unit's promises stand still at most; or that they run on (R-048)."""
    paused = [c for c in facts.owed_on(facts.lead) if c.is_paused(facts.at)]
    if not paused:
        return _("单位的时限照常计算。")
    until = moment(max(c.pause_ends_at for c in paused if c.pause_ends_at))
    return _("单位的时限停计，最迟 %(until)s 恢复。") % {"until": until}


def _objection(facts: Facts) -> Question | None:
    asked = facts.pending_objection
    if asked is None:
        return None
    unit = facts.ticket.lead_unit.name if facts.ticket.lead_unit else ""
    return Question(
        title=_("派单异议"),
        asked_at=asked.raised_at,
        decider=_("派单员（不是派出本单的人）或市督导"),
        clock=_clock(facts, ClockKind.RULING),
        words=_said(
            (_("异议类型"), str(ObjectionReason(asked.ground).label)),
            (_("理由"), asked.reason),
            (_("依据"), asked.basis),
            (_("建议单位"), asked.proposed_unit.name if asked.proposed_unit else ""),
        ),
        meanwhile=_("裁定前仍由%(unit)s负责。") % {"unit": unit} + _standing_still(facts),
    )


def _extension(facts: Facts) -> Question | None:
    asked = facts.pending_extension
    if asked is None:
        return None
    return Question(
        title=_("申请延期"),
        asked_at=asked.asked_at,
        decider=_("派单员或市督导（不是申请人本人）"),
        clock=_clock(facts, ClockKind.EXTENSION_RULING),
        words=_said(
            (_("延长"), f"{asked.amount} {TimeUnit(asked.unit).label}"),
            (_("事由"), str(ExtensionReason(asked.ground).label)),
            (_("理由"), asked.reason),
            (_("已告知诉求人"), _told(asked.told_by, asked.told_at)),
        ),
        meanwhile=_standing_still(facts),
    )


def _wanted_facts(facts: Facts) -> Question | None:
    asked = facts.open_question
    if asked is None:
        return None
    is_over = facts.at >= asked.until
    return Question(
        title=_("请诉求人补充情况"),
        asked_at=asked.asked_at,
        decider=_("诉求人；由热线或承办单位登记"),
        clock=_clock(facts, ClockKind.FACTS),
        words=[(_("要补充的情况"), asked.question)],
        meanwhile=_("等待已到期限，单位按已有情况办理；补充的情况仍可登记。")
        if is_over
        else _standing_still(facts),
    )


def _hold_words(hold: LedgerHold) -> list[Words]:
    return _said(
        (_("挂账类型"), str(HoldKind(hold.kind).label)),
        (_("推进计划"), hold.plan),
        (_("下次复核"), moment(hold.review_at)),
        (_("已告知诉求人"), _told(hold.told_by, hold.told_at)),
    )


def _asked_hold(facts: Facts) -> Question | None:
    asked = facts.pending_hold
    if asked is None:
        return None
    return Question(
        title=_("申请挂账"),
        asked_at=asked.asked_at,
        decider=_("市督导或本区督导（不是申请人本人）"),
        clock=_clock(facts, ClockKind.LEDGER_RULING),
        words=_hold_words(asked),
        meanwhile=_("同意前单位的时限照常计算。"),
    )


def _ledger(facts: Facts) -> Question | None:
    hold = facts.hold
    if hold is None:
        return None
    reviews = [
        (_("%(at)s 复核") % {"at": moment(review.reviewed_at)}, review.finding)
        for review in hold.reviews.all()
    ]
    left = _("解除后单位还剩 %(span)s（至少 1 天）。") % {"span": span(hold.left)}
    return Question(
        title=_("挂账"),
        asked_at=hold.decided_at or hold.asked_at,
        decider=_("市督导或本区督导每月复核；条件具备时由督导或承办单位解除"),
        clock=_clock(facts, ClockKind.LEDGER_REVIEW),
        words=[*_hold_words(hold), *_said((_("审核意见"), hold.decision)), *reviews],
        meanwhile=_("挂账期间不回访，不计入三率。") + (left if hold.left else ""),
    )


def _hard_case(facts: Facts) -> Question | None:
    case = facts.open_coordination
    if case is None:
        return None
    is_consultation = case.kind == CoordinationKind.CONSULTATION
    kind = ClockKind.CONSULTATION if is_consultation else ClockKind.COORDINATION
    decider = _("派单员作结论") if is_consultation else _authority(case)
    return Question(
        title=str(CoordinationKind(case.kind).label),
        asked_at=case.asked_at,
        decider=decider,
        clock=_clock(facts, kind),
        words=_said(
            (_("参加单位"), _members(case)),
            (_("提请单位"), case.asking_unit.name if case.asking_unit else ""),
            (_("问题"), case.question if may_read(case, facts) else ""),
        ),
        meanwhile=_("派单时限照常计算。") if is_consultation else _("单位的时限照常计算。"),
    )


# --- hard cases that are over ----------------------------------------------------------------


@dataclass(frozen=True)
class Record:
    """A consultation or a question to an authority that was answered."""

    title: str
    at: dt.datetime
    words: list[Words]


def hard_cases(facts: Facts) -> list[Record]:
    """What was asked and answered, oldest first."""
    return [_record(case, facts) for case in facts.coordinations if case.concluded_at is not None]


def may_read(case: Coordination, facts: Facts) -> bool:
    """What was said in a consultation is for the hotline and the units that sat in it; an
    authority's answer is for everybody who works on the matter."""
    if case.kind == CoordinationKind.UPWARD or facts.actor.sees_all:
        return True
    return any(unit.pk in facts.actor.watched_unit_ids for unit in case.members.all())


def _record(case: Coordination, facts: Facts) -> Record:
    readable = may_read(case, facts)
    decided = case.decided_unit.name if case.decided_unit else ""
    is_upward = case.kind == CoordinationKind.UPWARD
    return Record(
        title=str(CoordinationKind(case.kind).label),
        at=case.concluded_at or case.asked_at,
        words=_said(
            (_("参加单位"), _members(case)),
            (_("提请单位"), case.asking_unit.name if case.asking_unit else ""),
            (_("答复单位"), _authority(case) if is_upward else ""),
            (_("问题"), case.question if readable else ""),
            (_("意见"), case.opinion if readable else ""),
            (_("措施"), case.measure if readable else ""),
            (_("提级办理") if is_upward else _("确定承办"), decided),
        ),
    )


def _authority(case: Coordination) -> str:
    unit = units().get(case.authority_id or 0)
    return unit.name if unit else ""


def _members(case: Coordination) -> str:
    return _("、").join(unit.name for unit in case.members.all())
