"""How a due time came to be, in one sentence: what anybody who owes it, or waits for it, may ask.

Every word comes from the clock's own row and its adjustments, so the sentence can be read again
years later and says the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hotline.core.limits import limits_by_id
from hotline.core.models import ClockKind
from hotline.core.working_time import TimeUnit
from intake.models import AdjustmentKind, Clock, ClockAdjustment
from intake.rendering import event_label

# What a promise of a kind begins with.
_BEGINNINGS: dict[str, str | Promise] = {
    ClockKind.PROMISE: gettext_lazy("受理"),
    ClockKind.DISPATCH: gettext_lazy("待派"),
    ClockKind.SIGN: gettext_lazy("交办"),
    ClockKind.ONSITE: gettext_lazy("要求到场"),
    ClockKind.ONSITE_RULING: gettext_lazy("到场时间"),
    ClockKind.FIRST_CONTACT: gettext_lazy("交办"),
    ClockKind.FEEDBACK: gettext_lazy("交办"),
    ClockKind.FINAL_REPLY: gettext_lazy("情况反馈"),
    ClockKind.MEASURE: gettext_lazy("措施反馈"),
    ClockKind.RULING: gettext_lazy("提出异议"),
    ClockKind.COOPERATION: gettext_lazy("交办"),
    ClockKind.DELEGATION: gettext_lazy("交办"),
    ClockKind.EXTENSION_RULING: gettext_lazy("申请延期"),
    ClockKind.FACTS: gettext_lazy("请诉求人补充"),
    ClockKind.LEDGER_RULING: gettext_lazy("申请挂账"),
    ClockKind.LEDGER_REVIEW: gettext_lazy("挂账或上次复核"),
    ClockKind.CONSULTATION: gettext_lazy("发起会商"),
    ClockKind.COORDINATION: gettext_lazy("报请协调"),
    ClockKind.RISE_TO_ORDER: gettext_lazy("超时"),
    ClockKind.RISE_TO_CRITICISM: gettext_lazy("超时"),
    ClockKind.CALLBACK: gettext_lazy("可以回访"),
    ClockKind.SUPERVISION: gettext_lazy("督办单下达"),
    ClockKind.CLOSING: gettext_lazy("待办结"),
    ClockKind.EXCLUSION_RULING: gettext_lazy("申请剔除"),
    ClockKind.APPEAL_RULING: gettext_lazy("考评申诉"),
}
# What set the date where no length did; a date that somebody named, unless said here. A feedback
# without a length is one that the ledger gave back.
_DATES: dict[str, str | Promise] = {
    ClockKind.FEEDBACK: gettext_lazy("按挂账时剩余的时间"),
    ClockKind.COOPERATION: gettext_lazy("按主办单位剩余时间的一部分，或约定的日期"),
    ClockKind.DELEGATION: gettext_lazy("按主办单位剩余时间的一部分，或约定的日期"),
    ClockKind.EXTENSION_RULING: gettext_lazy("不晚于反馈时限"),
    ClockKind.CONSULTATION: gettext_lazy("不晚于派单时限"),
}


def stories(clocks: Sequence[Clock]) -> dict[int, str]:
    """The sentence of each of these clocks by its id, in one query for all of them."""
    steps: dict[int, list[ClockAdjustment]] = {}
    for step in ClockAdjustment.objects.filter(clock__in=clocks).order_by("id"):
        steps.setdefault(step.clock_id, []).append(step)
    return {clock.pk: story(clock, steps.get(clock.pk, ())) for clock in clocks}


def story(clock: Clock, adjustments: Iterable[ClockAdjustment]) -> str:
    """From when, by which limit or date, what moved it, until when. `adjustments` are the clock's
    own, oldest first."""
    begun = clock.opens_at
    parts = [_beginning(clock), *_moves(adjustments, begun), _end(clock, begun)]
    return _("%(sentence)s。") % {"sentence": _("；").join(parts)}


def _beginning(clock: Clock) -> str:
    words = {"at": _moment(clock.opens_at), "event": _BEGINNINGS[clock.kind]}
    if clock.length is None:
        if clock.kind == ClockKind.FEEDBACK:
            words["event"] = _("挂账解除")
        words["by"] = _DATES.get(clock.kind, _("按约定的日期"))
        return _("自 %(at)s %(event)s起，%(by)s") % words
    amount, unit = clock.length
    words |= {"length": _counted(amount, unit), "basis": _basis(clock)}
    return _("自 %(at)s %(event)s起 %(length)s，依据“%(basis)s”") % words


def _basis(clock: Clock) -> str:
    """Where the number comes from; kept text, in the city's language."""
    limit = limits_by_id().get(clock.limit_id or 0)
    if clock.own_amount is not None or limit is None:
        return _("法律法规或行业标准另有规定")
    return limit.basis


def _moves(adjustments: Iterable[ClockAdjustment], begun: dt.datetime) -> Iterable[str]:
    paused: ClockAdjustment | None = None
    for step in adjustments:
        match step.kind:
            case AdjustmentKind.PAUSED:
                paused = step
            case AdjustmentKind.RESUMED if paused is not None:
                yield _pause(paused, step.adjusted_at, begun)
                paused = None
            case AdjustmentKind.EXTENDED:
                yield _extension(step, begun)
            case AdjustmentKind.BROUGHT_FORWARD | AdjustmentKind.FIRMED:
                yield _new_date(step, begun)
    if paused is not None:
        yield _pause(paused, None, begun)


def _pause(paused: ClockAdjustment, ended: dt.datetime | None, begun: dt.datetime) -> str:
    """A pause that nobody ended is over at its bound."""
    bound = paused.until
    assert bound is not None
    words = {"cause": event_label(paused.cause), "from": _moment(paused.adjusted_at, begun)}
    if ended is None:
        words["to"] = _moment(bound, begun)
        return _("因“%(cause)s”自 %(from)s 停计，最多到 %(to)s") % words
    until = min(bound, ended)
    words |= {"length": _span(until - paused.adjusted_at), "to": _moment(until, begun)}
    return _("因“%(cause)s”停计 %(length)s（%(from)s 至 %(to)s）") % words


def _extension(step: ClockAdjustment, begun: dt.datetime) -> str:
    assert step.amount is not None
    return _("延期 %(length)s，由 %(was)s 延至 %(due)s") % {
        "length": _counted(step.amount, TimeUnit(step.unit)),
        "was": _moment(step.was_due_at, begun),
        "due": _moment(step.due_at, begun),
    }


def _new_date(step: ClockAdjustment, begun: dt.datetime) -> str:
    return _("因“%(cause)s”由 %(was)s 改为 %(due)s") % {
        "cause": event_label(step.cause),
        "was": _moment(step.was_due_at, begun),
        "due": _moment(step.due_at, begun),
    }


def _end(clock: Clock, begun: dt.datetime) -> str:
    words = {"due": _moment(clock.due_at, begun)}
    sentence = _("应于 %(due)s 前完成") % words
    if clock.is_provisional:
        sentence = _("暂定应于 %(due)s 前完成，所在年份的工作日历公布后重算") % words
    if clock.breached_at is None:
        return sentence
    return _("%(sentence)s，到时未完成，已记超时") % {"sentence": sentence}


def _counted(amount: int, unit: TimeUnit) -> str:
    return f"{amount} {unit.label}"


def _span(length: dt.timedelta) -> str:
    """A length of time to the minute: 3 小时 12 分."""
    whole = int(length.total_seconds()) // 60
    days, hours, minutes = whole // 1440, whole % 1440 // 60, whole % 60
    parts = []
    if days:
        parts.append(_("%(n)s 天") % {"n": days})
    if hours:
        parts.append(_("%(n)s 小时") % {"n": hours})
    if minutes:
        parts.append(_("%(n)s 分") % {"n": minutes})
    return " ".join(parts) or _("不到 1 分")


def _moment(at: dt.datetime, begun: dt.datetime | None = None) -> str:
    """An instant on the office's wall clock; the year is said at the beginning and where it
    changes."""
    local = timezone.localtime(at)
    words = {"year": local.year, "month": local.month, "day": local.day, "time": f"{local:%H:%M}"}
    if begun is not None and timezone.localtime(begun).year == local.year:
        return _("%(month)s月%(day)s日 %(time)s") % words
    return _("%(year)s年%(month)s月%(day)s日 %(time)s") % words
