"""How a promise reads on a page: words, a sign and a colour, never colour alone.

`static/js/countdown.js` keeps the words moving between two loads with the same rules.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()

MINUTE, HOUR, DAY = 60, 3600, 86400
# The office calls an order severely overdue once three times its limit has passed.
SEVERE_FACTOR = 3


class ClockLike(Protocol):
    """What a chip needs; further facts of a clock are used where it has them."""

    due_at: dt.datetime
    warn_at: dt.datetime | None


@dataclass(frozen=True)
class Reading:
    """A clock as of one instant. `tone` names the chip's style, `is_ticking` whether the words
    change while the page stays open."""

    tone: str
    words: str
    is_ticking: bool = False


def span_words(seconds: float) -> str:
    """A length of time in its two largest units: 1 天 2 时, 3 时 12 分, 12 分."""
    whole = int(abs(seconds))
    days, hours, minutes = whole // DAY, whole % DAY // HOUR, whole % HOUR // MINUTE
    parts = []
    if days:
        parts.append(_("%(n)s 天") % {"n": days})
    if hours:
        parts.append(_("%(n)s 时") % {"n": hours})
    if minutes and not days:
        parts.append(_("%(n)s 分") % {"n": minutes})
    return " ".join(parts) or _("不到 1 分")


def read_clock(clock: ClockLike, at: dt.datetime) -> Reading:
    """What the promise looks like at `at`, whether or not a sweep has noticed anything."""
    stopped_at = getattr(clock, "stopped_at", None)
    opens_at = getattr(clock, "opens_at", None)
    if getattr(clock, "is_cancelled", False):
        return Reading("done", _("已取消"))
    if stopped_at is not None:
        late = (stopped_at - clock.due_at).total_seconds()
        if late >= 0:
            return Reading("missed", _("超时完成，超 %(span)s") % {"span": span_words(late)})
        return Reading("kept", _("按时完成"))
    left = (clock.due_at - at).total_seconds()
    pause_ends_at = getattr(clock, "pause_ends_at", None)
    if pause_ends_at is not None and at < pause_ends_at:
        return Reading("paused", _("停计，剩 %(span)s") % {"span": span_words(_kept_back(clock))})
    if opens_at is not None and at < opens_at:
        wait = (opens_at - at).total_seconds()
        return Reading("waiting", _("%(span)s后开始") % {"span": span_words(wait)})
    if left > 0:
        is_near = clock.warn_at is not None and at >= clock.warn_at
        words = _("剩 %(span)s") % {"span": span_words(left)}
        return Reading("warn" if is_near else "ok", words, is_ticking=True)
    if left > -MINUTE:
        return Reading("late", _("刚超时"), is_ticking=True)
    words = _("超 %(span)s") % {"span": span_words(left)}
    if opens_at is not None and at - opens_at >= SEVERE_FACTOR * (clock.due_at - opens_at):
        return Reading("severe", words, is_ticking=True)
    return Reading("late", words, is_ticking=True)


def _kept_back(clock: Any) -> float:
    """What was left of a promise when it began to stand still, in seconds: the due time counts the
    pause to its bound already (R-048)."""
    length: dt.timedelta = clock.base_due_at - clock.paused_at
    return max(length.total_seconds(), 0)


@register.filter
def moment(at: dt.datetime | None) -> str:
    """An instant in the office's time, without the year while it is the present one."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    same_year = local.year == timezone.localtime().year
    return local.strftime("%m-%d %H:%M" if same_year else "%Y-%m-%d %H:%M")


@register.filter
def moment_exact(at: dt.datetime | None) -> str:
    """An instant to the second, with its year: for tooltips and the audit."""
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S") if at else ""


@register.filter
def ago(at: dt.datetime | None, now: dt.datetime | None = None) -> str:
    """How long ago, as of `now` (a page's `as_of`; without one, the present)."""
    if at is None:
        return ""
    seconds = ((now or timezone.now()) - at).total_seconds()
    return _("刚刚") if seconds < MINUTE else _("%(span)s前") % {"span": span_words(seconds)}


@register.filter
def span(length: dt.timedelta | float | None) -> str:
    """A length of time in words."""
    if length is None:
        return ""
    return span_words(length.total_seconds() if isinstance(length, dt.timedelta) else length)


def clock_line(clock: ClockLike, reading: Reading) -> str:
    """One clock in one line of a tooltip: what, until when, how it stands."""
    label = getattr(clock, "get_kind_display", lambda: _("时限"))()
    provisional = _("（暂定）") if getattr(clock, "is_provisional", False) else ""
    line = f"{label}{provisional} · {moment(clock.due_at)} · {reading.words}"
    if getattr(clock, "is_extended", False):
        line += _("，已延期")
    if reading.tone == "paused":
        until = moment(clock.pause_ends_at)  # type: ignore[attr-defined]
        line += _("，最迟 %(until)s 恢复计时") % {"until": until}
    return line


@register.simple_tag(takes_context=True)
def countdown(
    context: Context,
    clock: ClockLike | None,
    clocks: Iterable[ClockLike] | None = None,
    size: str = "",
) -> SafeString | str:
    """The chip of one clock; its tooltip lists `clocks` (default: this one).

    The page's `as_of` is the instant it is read at, so that two chips on a page never disagree.
    """
    if not clock:
        return ""
    at = context.get("as_of") or timezone.now()
    reading = read_clock(clock, at)
    lines = [clock_line(each, read_clock(each, at)) for each in clocks or ()]
    ticks: SafeString | str = ""
    if reading.is_ticking:
        warn_at = clock.warn_at or clock.due_at
        opens_at = getattr(clock, "opens_at", None)
        severe_at = opens_at + SEVERE_FACTOR * (clock.due_at - opens_at) if opens_at else None
        ticks = format_html(
            ' data-due="{}" data-warn="{}" data-severe="{}"',
            int(clock.due_at.timestamp()),
            int(warn_at.timestamp()),
            int(severe_at.timestamp()) if severe_at else "",
        )
    extended: SafeString | str = ""
    if getattr(clock, "is_extended", False):
        extended = format_html('<span class="clock-extended">{}</span>', _("延"))
    return format_html(
        '<span class="clock clock-{}{}" title="{}"{}><span class="clock-words">{}</span>{}</span>',
        reading.tone,
        f" clock-{size}" if size else "",
        "\n".join(lines) or clock_line(clock, reading),
        ticks,
        reading.words,
        extended,
    )
