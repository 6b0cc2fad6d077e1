"""通报: a closed month is published, and published again when something in it was corrected."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import PurePath

from django.db import IntegrityError, transaction

from dispatch.spreadsheets import XLSX_TYPE
from evaluation import digests
from evaluation import months as reading
from evaluation.models import Erratum, UnitScore
from evaluation.months import Month
from governance import composing, open_data, paper_docx, wording, workbook
from governance.content import BulletinContent
from governance.models import Bulletin, BulletinFile, BulletinKind, FileKind
from hotline.core.actors import Actor
from hotline.core.models import AuditEntry, Notice, Role
from hotline.core.violations import IllegalMove, NotPermitted, RuleViolation


def content_of(month: str, *, at: dt.datetime) -> BulletinContent:
    """What the month's bulletin says, or would say. Raises IllegalMove while it is not closed."""
    return composing.compose(_closed(month, at), at=at)


def next_number(month: str) -> str:
    """The number that the month's next edition bears."""
    return wording.number_of(month, Bulletin.objects.of_month(month).count() + 1)


def digest_of(content: BulletinContent) -> str:
    return digests.of(content.as_json())


def publish(*, month: str, expected: str = "", actor: Actor, at: dt.datetime) -> Bulletin:
    """Publish a closed month (R-109) as an edition of its own, with its files, and tell every unit
    that stands in it, once. `expected` is the digest of what the publisher has checked.

    Raises NotPermitted for all but the city's supervisors, IllegalMove while the month is not
    closed, when nothing has changed since the last edition, and when something has since the
    publisher looked, be it by another who publishes at the same moment.
    """
    if not actor.has(Role.CITY_SUPERVISOR):
        raise NotPermitted
    stands = _closed(month, at)
    known = Erratum.objects.filter(month=month).count()
    content = composing.compose(stands, at=at)
    digest = digest_of(content)
    edition = _next_edition(month, digest)
    if expected and expected != digest:
        raise IllegalMove("bulletin_moved_on", month=month)
    bulletin = Bulletin(
        kind=BulletinKind.MONTHLY,
        month=month,
        edition=edition,
        title=content.title,
        number=wording.number_of(month, edition),
        issuer=content.issuer,
        is_specimen=content.is_specimen,
        is_simulated=content.is_simulated,
        errata_known=known,
        data=content.as_json(),
        digest=digest,
        published_at=at,
        published_by=actor.reference,
    )
    files = _files(bulletin, content)  # takes seconds: before the transaction, not in it
    with transaction.atomic():
        _keep(bulletin)
        BulletinFile.objects.bulk_create(files)
        _tell_units(bulletin)
        data = {"month": month, "edition": edition, "digest": digest}
        AuditEntry.objects.create(
            at=at, action="bulletin_published", actor=actor.reference, data=data
        )
    return bulletin


def _next_edition(month: str, digest: str) -> int:
    last = Bulletin.objects.of_month(month).last()
    if last is not None and last.digest == digest:
        raise IllegalMove("bulletin_unchanged", month=month, edition=last.edition)
    return last.edition + 1 if last else 1


def _keep(bulletin: Bulletin) -> None:
    """Two at once make the same edition; the database takes one, the other is told."""
    try:
        with transaction.atomic():
            bulletin.save(force_insert=True)
    except IntegrityError as error:
        _next_edition(bulletin.month, bulletin.digest)
        raise IllegalMove("bulletin_moved_on", month=bulletin.month) from error


def _closed(month: str, at: dt.datetime) -> Month:
    try:
        stands = reading.month(month, at=at)
    except ValueError as error:
        raise RuleViolation("month_unknown", field="month", month=month) from error
    if not stands.is_closed:
        raise IllegalMove("bulletin_month_open", month=month, state=stands.state_label)
    return stands


def _files(bulletin: Bulletin, content: BulletinContent) -> list[BulletinFile]:
    """The paper, the workbook and the open data; the name of each tells month and edition."""
    paper = wording.paper(content, number=bulletin.number, published_at=bulletin.published_at)
    docx = paper_docx.docx_of(paper, made_at=bulletin.published_at)
    sheets = workbook.ranking_workbook(content)
    name = f"bulletin-{bulletin.month}"
    made = [
        (FileKind.DOCX.value, f"{name}.docx", paper_docx.CONTENT_TYPE, docx),
        (FileKind.XLSX.value, f"{name}.xlsx", XLSX_TYPE, sheets),
        *open_data.files(content),
    ]
    return [
        BulletinFile(
            bulletin=bulletin,
            kind=kind,
            name=f"{PurePath(name).stem}-{bulletin.edition}{PurePath(name).suffix}",
            content_type=content_type,
            body=body,
            digest=hashlib.sha256(body).hexdigest(),
        )
        for kind, name, content_type, body in made
    ]


def _tell_units(bulletin: Bulletin) -> None:
    """The units that have a line in a published group."""
    told = UnitScore.objects.filter(month=bulletin.month, is_published=True)
    data = {"month": bulletin.month, "bulletin": bulletin.pk}
    Notice.objects.bulk_create(
        Notice(
            unit_id=unit_id,
            type="bulletin_published",
            number="",
            data=data,
            created_at=bulletin.published_at,
        )
        for unit_id in told.order_by("unit_id").values_list("unit_id", flat=True)
    )
