"""Notices by e-mail: one digest per person and half hour, and every first-level notice alone.

The bell is where notices live; an e-mail only says that there is something in it. It leaves the
house, so it carries ticket numbers, what happened and due times, never a person or a word of the
matter. Without a mail server (`EMAIL_HOST`) nothing here runs.

Making and sending are two steps. A mail that was made is sent at least once, with a `Message-ID`
that stays the same, by which the receiving side tells a repetition.
"""

from __future__ import annotations

import datetime as dt
import logging
import smtplib
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from hotline.core.deployment import deployment
from hotline.core.models import Membership, Notice, NoticeDigest, NoticeMail, Role, Staff

logger = logging.getLogger("hotline.mail")

# Who is written to about a unit's notices: those who act for a unit or answer for one, and at the
# hotline those who dispatch and supervise. People on the telephone have no time for mail.
READERS = (
    Role.HANDLER,
    Role.MANAGER,
    Role.DISTRICT_SUPERVISOR,
    Role.DISPATCHER,
    Role.CITY_SUPERVISOR,
)
# A delivery writes its notices with the time at which it began, and ends within two minutes
# (CELERY_TASK_TIME_LIMIT): what is older than this is complete.
SETTLED_AFTER = dt.timedelta(minutes=3)
# An alarm of yesterday alarms nobody: after an interruption older ones stay in the bell.
ALARM_AGE = dt.timedelta(days=1)
# A digest names this many notices and says how many more there are.
LISTED = 200
# Growing pauses between attempts. The first is longer than a conversation with a slow server, so
# that nobody else takes up a mail that is just being sent.
FIRST_PAUSE = dt.timedelta(minutes=2)
LONGEST_PAUSE = dt.timedelta(hours=6)
GIVEN_UP_AFTER = dt.timedelta(days=3)
FORGOTTEN_AFTER = dt.timedelta(days=30)
# One tick sends no longer than this; the next minute goes on.
SENDING_SECONDS = 45
# What is wrong with one mail; any other failure is the server's and stops the tick.
_REFUSED = (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)


@dataclass(frozen=True)
class Told:
    """A notice in words that may leave the house."""

    what: str
    due_at: dt.datetime | None


Wording = Callable[[Sequence[Notice]], list[Told]]
_WORDINGS: list[Wording] = []


def register_wording(wording: Wording) -> None:
    """Called from an app's `ready()`: the app that writes the notices knows what they say."""
    _WORDINGS[:] = [wording]


def is_mailing() -> bool:
    return bool(settings.EMAIL_HOST)


# --- making ----------------------------------------------------------------------------------


def make_mails(*, at: dt.datetime) -> int:
    """Write down which mails are due now; returns how many. Any number of ticks may run at once."""
    return _make_alarms(at) + _make_digests(at)


def _make_alarms(at: dt.datetime) -> int:
    """Every urgent notice goes alone and at once to everybody it is for."""
    fresh = Notice.objects.filter(
        is_urgent=True, read_at=None, created_at__gt=at - ALARM_AGE, mails=None
    )
    notices = list(fresh.order_by("id"))
    readers = _readers(((n.unit_id, n.staff_id) for n in notices), at)
    mails = [
        NoticeMail(staff_id=person, notice=notice, created_at=at, next_attempt_at=at)
        for notice in notices
        for person in sorted(readers[(notice.unit_id, notice.staff_id)])
    ]
    NoticeMail.objects.bulk_create(mails, ignore_conflicts=True)
    return len(mails)


def _make_digests(at: dt.datetime) -> int:
    """Gather what came since the last digests, on the half hour."""
    interval = dt.timedelta(minutes=settings.DIGEST_MINUTES)
    through = _last_mark(at - SETTLED_AFTER, interval)
    with transaction.atomic():
        last = NoticeDigest.objects.order_by("-through").first()
        if last is not None and last.through >= through:
            return 0
        since = last.through if last else through - interval
        digest, is_new = NoticeDigest.objects.get_or_create(
            through=through, defaults={"since": since, "made_at": at}
        )
        if not is_new:  # another tick was faster
            return 0
        told = set(_gathered(digest).values_list("unit_id", "staff_id").distinct())
        people = set().union(*_readers(told, at).values())
        NoticeMail.objects.bulk_create(
            NoticeMail(staff_id=person, digest=digest, created_at=at, next_attempt_at=at)
            for person in sorted(people)
        )
    return len(people)


def _last_mark(at: dt.datetime, interval: dt.timedelta) -> dt.datetime:
    """The last full half hour (or whatever the interval is) before `at`."""
    seconds = int(interval.total_seconds())
    return dt.datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, tz=dt.UTC)


def _gathered(digest: NoticeDigest) -> QuerySet[Notice]:
    """What a digest is about, as far as it is unread; urgent notices have gone out alone."""
    return Notice.objects.filter(
        is_urgent=False,
        read_at=None,
        created_at__gt=digest.since,
        created_at__lte=digest.through,
    )


Addressed = tuple[int | None, int | None]  # a unit, or a person


def _readers(addressed: Iterable[Addressed], at: dt.datetime) -> dict[Addressed, set[int]]:
    """Who is written to about notices to these units and persons, in two statements. Who has no
    e-mail address is told by the bell alone."""
    addressed = set(addressed)
    members: dict[int, set[int]] = defaultdict(set)
    held = _memberships(at).filter(unit_id__in={unit for unit, _staff in addressed if unit})
    for unit_id, staff_id in held.exclude(staff__email="").values_list("unit_id", "staff_id"):
        members[unit_id].add(staff_id)
    named = Staff.objects.filter(pk__in={staff for _unit, staff in addressed if staff})
    reachable = set(named.filter(is_active=True).exclude(email="").values_list("pk", flat=True))
    return {
        (unit, staff): members[unit] if unit else {staff} & reachable if staff else set()
        for unit, staff in addressed
    }


def _memberships(at: dt.datetime) -> QuerySet[Membership]:
    """Whose notices of a unit are theirs to read by mail."""
    return Membership.objects.in_force(timezone.localdate(at)).filter(
        role__in=READERS, staff__is_active=True
    )


# --- sending ---------------------------------------------------------------------------------


def send_mails(*, at: dt.datetime) -> int:
    """Send what is due, alarms first; returns how many were sent. A mail that fails is tried again
    with growing pauses for days; a server that fails is left alone until the next minute."""
    sent, connection, begun = 0, get_connection(), time.monotonic()
    try:
        for mail in _due(at):
            if time.monotonic() - begun > SENDING_SECONDS:
                break
            if not _claim(mail, at):
                continue
            try:
                sent += _send(mail, connection, at)
            except _REFUSED as error:
                _note_failure(mail, error)
            except OSError as error:
                _note_failure(mail, error)
                break
            except Exception as error:
                _note_failure(mail, error)
                logger.exception("notice mail %s could not be written", mail.pk)
    finally:
        connection.close()
    return sent


def _due(at: dt.datetime) -> Iterator[NoticeMail]:
    """What is due; whoever takes one claims it, so the next look finds others."""
    due = NoticeMail.objects.filter(next_attempt_at__lte=at).select_related("staff", "digest")
    while mails := list(due.order_by(F("notice_id").asc(nulls_last=True), "id")[:100]):
        yield from mails


def _claim(mail: NoticeMail, at: dt.datetime) -> bool:
    """Take this mail for oneself: whoever comes second finds its next attempt in the future. If the
    process dies over it, that attempt is made."""
    is_last = at - mail.created_at >= GIVEN_UP_AFTER
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(mail.attempts, 10))
    claimed = NoticeMail.objects.filter(pk=mail.pk, next_attempt_at=mail.next_attempt_at).update(
        attempts=F("attempts") + 1, next_attempt_at=None if is_last else at + pause
    )
    return bool(claimed)


def _send(mail: NoticeMail, connection: Any, at: dt.datetime) -> bool:
    """Put the mail into words and hand it to the server; False where nothing is left to tell."""
    notices = _unread(mail, at) if mail.staff.is_active and mail.staff.email else []
    ours = NoticeMail.objects.filter(pk=mail.pk)
    if not notices:
        ours.update(next_attempt_at=None)
        return False
    with translation.override(settings.LANGUAGE_CODE):
        message = write(mail, notices)
    message.connection = connection
    message.send()
    ours.update(next_attempt_at=None, sent_at=at, last_error="")
    return True


def _note_failure(mail: NoticeMail, error: Exception) -> None:
    """The class only: a server's answer quotes the address."""
    NoticeMail.objects.filter(pk=mail.pk).update(last_error=type(error).__name__)
    logger.warning("notice mail %s failed: %s", mail.pk, type(error).__name__)


def _unread(mail: NoticeMail, at: dt.datetime) -> list[Notice]:
    """What the mail is about and nobody has read meanwhile, the oldest first."""
    if mail.digest is None:
        return list(Notice.objects.filter(mails=mail, read_at=None))
    own_units = _memberships(at).filter(staff=mail.staff).values("unit_id")
    told = Q(staff=mail.staff) | Q(unit_id__in=own_units)
    return list(_gathered(mail.digest).filter(told).order_by("id"))


def write(mail: NoticeMail, notices: list[Notice]) -> EmailMessage:
    """The message: numbers, what happened, due times. Plain text, no pictures, nothing to click but
    the site's own address."""
    # A criticism reaches a manager twice, in person and with the unit; one line says it.
    lines = list({_said_once(n): n for n in notices}.values())
    told = [each for wording in _WORDINGS for each in wording(lines[:LISTED])]
    words = [_line(n, t) for n, t in zip(lines[:LISTED], told, strict=True)]
    if len(lines) > LISTED:
        words.append(_("另有 %(n)s 条，请登录查看。") % {"n": len(lines) - LISTED})
    if mail.digest_id is None:
        subject = _("【一级】%(what)s，工单 %(number)s") % {
            "what": told[0].what, "number": lines[0].number,
        }  # fmt: skip
    else:
        subject = _("12345 热线：%(n)s 条未读通知") % {"n": len(lines)}
    if deployment().is_simulated:
        subject = _("［模拟数据］%(subject)s") % {"subject": subject}
    where = [f"{settings.SITE_URL}/notices/"] if settings.SITE_URL else []
    footer = _("本邮件由系统自动发出，请勿回复。")
    return EmailMessage(
        subject=subject,
        body="\n".join([*words, "", *where, footer, ""]),
        to=[mail.staff.email],
        headers={"Message-ID": message_id(mail), "Auto-Submitted": "auto-generated"},
    )


def message_id(mail: NoticeMail) -> str:
    """The same for every attempt at the same mail."""
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ")
    return f"<notice-{mail.pk}.{int(mail.created_at.timestamp())}@{domain}>"


def _said_once(notice: Notice) -> tuple[Any, ...]:
    """What a notice says; of a month, which has no ticket number, the month."""
    return (notice.number, notice.type, notice.data.get("seq"), notice.data.get("month"))


def _line(notice: Notice, told: Told) -> str:
    line = f"{notice.number}　{told.what}" if notice.number else told.what
    if told.due_at is None:
        return line
    due = f"{timezone.localtime(told.due_at):%m-%d %H:%M}"
    return _("%(line)s（应于 %(due)s 前完成）") % {"line": line, "due": due}


def forget_old(*, at: dt.datetime) -> int:
    """Mails of a month ago go; the notices themselves stay in the bell."""
    return NoticeMail.objects.filter(created_at__lt=at - FORGOTTEN_AFTER).delete()[0]
