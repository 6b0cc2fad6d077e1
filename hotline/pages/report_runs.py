"""Making a report: asked for here, made piece by piece by a worker, kept for some days.

A piece is read first and written in a short transaction of its own, which also says where the next
one begins. A worker that dies loses the piece in its hands; the next tick goes on behind the last
one written. Two workers at one piece: the run's row lock and its count of pieces let one through.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import F
from django.http import QueryDict
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hotline.core.actors import Actor, actor_for_staff
from hotline.core.deployment import deployment
from hotline.core.models import (
    AuditEntry,
    Notice,
    Report,
    ReportChunk,
    ReportRun,
    RunState,
    Staff,
)
from hotline.core.violations import NotVisible, RuleViolation
from hotline.pages import exports
from hotline.pages.doors import TICKET_ROLES
from hotline.pages.filters import TicketFilter
from hotline.pages.report_counts import CountTable, tally
from hotline.pages.report_files import MOST_ROWS, XLSX, ends, piece
from hotline.pages.reports import COLUMNS, COUNTS

logger = logging.getLogger("hotline.reports")

AT_WORK = 12345_0801  # the lock of the one worker that makes reports
MOST_AT_ONCE = 2  # of one person
PIECE = 2_000
# A piece that was begun so often and never written kills whoever takes it up.
ATTEMPTS = 5
_HEAD_ROWS = 3  # the mark, who made it, the head

FAILURES = {
    "not_permitted": gettext_lazy("生成时您的账号已停用、已没有查看工单的身份，或身份中途有变。"),
    "filter_refused": gettext_lazy(
        "清单的条件现在读不出来：可能有单位或分类已停用，或不在您的查看范围内。"
    ),
    "too_many_for_xlsx": gettext_lazy(
        "件数超过一个 XLSX 表能放下的行数，没有开始生成。请改用 CSV。"
    ),
    "interrupted": gettext_lazy("多次中断，已停止。请再做一次；仍不行请联系管理员。"),
    "error": gettext_lazy("生成时出错，已记入日志。请再做一次；仍不行请联系管理员。"),
}


class _Fails(Exception):
    """The run cannot be made; `args[0]` is the code of the reason."""


# --- asked, cancelled, fetched ----------------------------------------------------------------


def ask(report: Report, *, actor: Actor, at: dt.datetime) -> ReportRun:
    """Have a report made now. Raises NotVisible for somebody else's, RuleViolation while two of
    the person's are being made."""
    if report.owner_id != actor.id:
        raise NotVisible
    with transaction.atomic():
        # The person's row: two presses at once count one after the other.
        Staff.objects.select_for_update().get(pk=report.owner_id)
        unfinished = ReportRun.objects.filter(report__owner=report.owner_id, finished_at=None)
        if unfinished.count() >= MOST_AT_ONCE:
            raise RuleViolation("too_many_reports", most=MOST_AT_ONCE)
        return ReportRun.objects.create(
            report=report, query=report.query, shape=report.shape, asked_at=at
        )


def cancel(run: ReportRun, *, at: dt.datetime) -> bool:
    """Stop a run that is not finished; what was written of it goes. False when it was faster."""
    return _end(run, RunState.CANCELLED, at)


def fetch(run: ReportRun, *, actor: Actor, at: dt.datetime) -> Iterator[bytes]:
    """The file, chunk by chunk; that it was taken is recorded.

    Raises NotVisible for somebody who no longer has every role by which it was made, RuleViolation
    for a run without a file.
    """
    if not still_granted(run, actor):
        raise NotVisible
    if run.state(at) != RunState.DONE:
        raise RuleViolation("report_gone")
    listed = TicketFilter(QueryDict(run.query), actor, at)
    AuditEntry.objects.create(
        at=at,
        action="tickets_exported",
        actor=actor.reference,
        data={
            "conditions": sorted(listed.query), "report": run.report_id, "run": run.pk,
            "rows": run.done, "digest": run.digest,
        },
    )  # fmt: skip
    return _chunks(run)


def _chunks(run: ReportRun) -> Iterator[bytes]:
    """One in memory at a time."""
    seqs = list(run.chunks.order_by("seq").values_list("seq", flat=True))
    for seq in seqs:
        yield bytes(run.chunks.values_list("body", flat=True).get(seq=seq))


def clear_expired(*, at: dt.datetime) -> int:
    """Files older than their time go; that they were made stays. Returns how many went."""
    expired = ReportRun.objects.filter(expires_at__lte=at)
    ReportChunk.objects.filter(run__in=expired).delete()
    return expired.filter(size__gt=0).update(size=0, counts=None)


# --- made -------------------------------------------------------------------------------------


def carry_on(*, at: dt.datetime) -> bool:
    """Bring the run that has waited longest one piece forward; False when there is none.

    Whoever calls this holds the lock `AT_WORK`.
    """
    run = _next_up()
    if run is None:
        return False
    if run.attempts >= ATTEMPTS:
        return _end(run, RunState.FAILED, at, "interrupted")
    ReportRun.objects.filter(pk=run.pk).update(worked_at=at, attempts=F("attempts") + 1)
    try:
        with translation.override(run.report.language):
            _advance(run, at)
    except _Fails as failure:
        _end(run, RunState.FAILED, at, failure.args[0])
    except OperationalError:  # the database's trouble, not the run's: the next tick tries again
        raise
    except Exception:
        logger.exception("report run %s failed", run.pk)
        _end(run, RunState.FAILED, at, "error")
    return True


def _next_up() -> ReportRun | None:
    """Everybody's first two take turns."""
    of_person: Counter[int] = Counter()
    turns = []
    unfinished = ReportRun.objects.filter(finished_at=None).select_related("report__owner")
    for run in unfinished.order_by("id"):
        of_person[run.report.owner_id] += 1
        if of_person[run.report.owner_id] <= MOST_AT_ONCE:
            turns.append(run)
    return min(turns, key=lambda run: (run.worked_at or run.asked_at, run.pk), default=None)


def _advance(run: ReportRun, at: dt.datetime) -> None:
    actor = actor_of(run.report.owner, at)
    if actor is None or not still_granted(run, actor):
        raise _Fails("not_permitted")
    listed = TicketFilter(QueryDict(run.query), actor, run.started_at or at)
    if listed.wanted is None:
        raise _Fails("filter_refused")
    if run.shape["kind"] == COUNTS:
        _count(run, listed, at)
    elif run.started_at is None:
        _begin(run, listed, at)
    elif not _write_lines(run, listed, run.started_at):
        _finish(run, at)


def actor_of(owner: Staff, at: dt.datetime) -> Actor | None:
    """Who the person is today; None for somebody who may read no ticket any more."""
    if not owner.is_active:
        return None
    actor = actor_for_staff(owner, on=timezone.localdate(at))
    return actor if actor.has(*TICKET_ROLES) else None


def still_granted(run: ReportRun, actor: Actor) -> bool:
    """Whether the person still has every role by which this run was begun."""
    return {(role, unit) for role, unit in run.grants} <= actor.grants


def _grants(actor: Actor) -> list[list[Any]]:
    return [list(grant) for grant in sorted(actor.grants)]


def _begin(run: ReportRun, listed: TicketFilter, at: dt.datetime) -> None:
    """Count, and write what stands above the lines."""
    total = listed.tickets().count()
    if run.shape["format"] == XLSX and total > MOST_ROWS - _HEAD_ROWS:
        raise _Fails("too_many_for_xlsx")
    named = dict(zip(COLUMNS, exports.head(), strict=True))
    rows = [*_above(listed.actor, at), [named[name] for name in run.shape["columns"]]]
    _write(run, rows, started_at=at, total=total, grants=_grants(listed.actor))


def _above(actor: Actor, at: dt.datetime) -> list[list[str]]:
    """The mark of invented data where it is due; who had it made, and when."""
    mark = [_("模拟数据：人员、单位、诉求均为虚构")] if deployment().is_simulated else []
    made = _("%(name)s 于 %(at)s 生成") % {
        "name": actor.name, "at": f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}",
    }  # fmt: skip
    return [*([line] for line in mark), [made]]


def _write_lines(run: ReportRun, listed: TicketFilter, at: dt.datetime) -> bool:
    """The next piece, newest tickets first; False when nothing is left."""
    last = run.resume.get("last")
    tickets = listed.tickets().for_list().order_by("-pk")
    found = list((tickets if last is None else tickets.filter(pk__lt=last))[:PIECE])
    if not found:
        return False
    places = [COLUMNS.index(name) for name in run.shape["columns"]]
    lines = (exports.cells(ticket, at) for ticket in found)
    rows = [[line[place] for place in places] for line in lines]
    run.resume["last"] = found[-1].pk
    _write(run, rows, done=run.done + len(found))
    return True


def _count(run: ReportRun, listed: TicketFilter, at: dt.datetime) -> None:
    """A table of numbers is counted and written at once."""
    counts = tally(listed, run.shape["rows"], run.shape["across"])
    total = sum(n for _row, _column, n in counts)
    rows = [*_above(listed.actor, at), *CountTable(counts, run.shape, listed).as_rows()]
    about = {"started_at": at, "total": total, "done": total, "grants": _grants(listed.actor)}
    if _write(run, rows, counts=counts, **about):
        _finish(run, at)


def _write(run: ReportRun, rows: list[list[Any]], **changes: Any) -> bool:
    """One piece; False where somebody has cancelled the run or written this piece meanwhile."""
    body = piece(run.shape["format"], rows, run.resume)
    with transaction.atomic():
        if not _held(run):
            return False
        run.pieces += 1
        ReportChunk.objects.create(run=run, seq=run.pieces, body=body)
        _save(run, pieces=run.pieces, resume=run.resume, attempts=0, **changes)
    return True


def _finish(run: ReportRun, at: dt.datetime) -> None:
    """Write the two ends of the file and say that it is there, until when."""
    first, last = ends(run.shape["format"], run.resume)
    digest = hashlib.sha256(first)
    size = len(first) + len(last)
    for body in _chunks(run):
        digest.update(body)
        size += len(body)
    digest.update(last)
    with transaction.atomic():
        if not _held(run):
            return
        ReportChunk.objects.bulk_create(
            ReportChunk(run=run, seq=seq, body=body)
            for seq, body in ((0, first), (run.pieces + 1, last))
        )
        expires_at = at + dt.timedelta(days=settings.REPORT_DAYS)
        _save(
            run, outcome=RunState.DONE, finished_at=at, expires_at=expires_at, size=size,
            digest=digest.hexdigest(),
        )  # fmt: skip
        _tell(run, at)


def _end(run: ReportRun, outcome: RunState, at: dt.datetime, failure: str = "") -> bool:
    """The run ends without a file; False where it had ended before."""
    with transaction.atomic():
        if not _locked(pk=run.pk, finished_at=None):
            return False
        run.chunks.all().delete()
        _save(run, outcome=outcome, finished_at=at, failure=failure)
        _tell(run, at)
    return True


def _held(run: ReportRun) -> bool:
    """Lock the run, if it still stands where it stood when this piece was read."""
    return _locked(pk=run.pk, finished_at=None, pieces=run.pieces)


def _locked(**stands: Any) -> bool:
    found = ReportRun.objects.select_for_update().filter(**stands).values_list("pk", flat=True)
    return bool(list(found))


def _save(run: ReportRun, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(run, name, value)
    run.save(update_fields=list(changes))


def _tell(run: ReportRun, at: dt.datetime) -> None:
    """The owner hears of what was made by the schedule; who asked looks on, who lost the role may
    not know."""
    if run.due_at is None or run.failure == "not_permitted" or run.outcome == RunState.CANCELLED:
        return
    Notice.objects.create(
        staff_id=run.report.owner_id,
        type="report_ready" if run.outcome == RunState.DONE else "report_failed",
        number="",
        data={"run": run.pk},
        created_at=at,
    )
