"""Drafts of the catalogue and their publication: one edition follows the other without a gap."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dispatch.models import CatalogueEntry, CatalogueVersion
from hotline.core.actors import Actor
from hotline.core.models import Area, AuditEntry, Deployment, Role
from hotline.core.reference import forget_all
from hotline.core.violations import NotPermitted, RuleViolation
from intake.services.registration import tidy
from knowledge.models import Category

from .findings import check_rows
from .rows import Row, read_rows, rows_of

NOTE_LIMIT = 200
# Who may change what the catalogue, and the precedents beside it, say.
EDITORS = (Role.CITY_SUPERVISOR, Role.ADMINISTRATOR)


def last_published() -> CatalogueVersion | None:
    """The edition that a new one follows: the one in force, or one whose first day is to come."""
    return CatalogueVersion.objects.filter(valid_from__isnull=False).order_by("-valid_from").first()


@transaction.atomic
def make_draft(
    *, actor: Actor, at: dt.datetime, note: str = "", rows: Sequence[Row] | None = None
) -> CatalogueVersion:
    """A draft with these rows, or without any a copy of the last published edition.

    Raises NotPermitted, or RuleViolation `catalogue_has_errors` for rows that cannot be taken.
    """
    require_editor(actor)
    if rows is not None:
        _refuse_errors(rows, timezone.localdate(at))
    _one_at_a_time()
    base = last_published()
    if rows is None:
        rows = read_rows(rows_of(base)) if base else ()
    newest = CatalogueVersion.objects.order_by("-number").first()
    draft = CatalogueVersion.objects.create(
        number=newest.number + 1 if newest else 1,
        note=tidy(note, NOTE_LIMIT, _("说明"), "note"),
        made_at=at,
        made_by=actor.reference,
    )
    store_rows(draft, rows)
    _audit("catalogue_drafted", draft, actor, at)
    return draft


@transaction.atomic
def refill_draft(
    *, draft: CatalogueVersion, rows: Sequence[Row], actor: Actor, at: dt.datetime
) -> CatalogueVersion:
    """Put other rows into a draft. Raises what `make_draft` raises, and RuleViolation
    `catalogue_published` when it is a draft no more."""
    require_editor(actor)
    _refuse_errors(rows, timezone.localdate(at))
    draft = _locked_draft(draft)
    CatalogueEntry.objects.filter(version=draft).delete()
    store_rows(draft, rows)
    _audit("catalogue_refilled", draft, actor, at)
    return draft


@transaction.atomic
def discard_draft(*, draft: CatalogueVersion, actor: Actor, at: dt.datetime) -> None:
    """Throw a draft away. Raises NotPermitted or RuleViolation `catalogue_published`."""
    require_editor(actor)
    draft = _locked_draft(draft)
    _audit("catalogue_discarded", draft, actor, at)
    draft.delete()


@transaction.atomic
def publish(
    *, draft: CatalogueVersion, valid_from: dt.date, actor: Actor, at: dt.datetime
) -> CatalogueVersion:
    """Let a draft be the catalogue from a day on; the edition before it ends that day. Orders keep
    the edition they were given by (R-039).

    Two people at once: one wins. Raises NotPermitted; RuleViolation `catalogue_published` when it
    is a draft no more, `catalogue_moved_on` when another edition came out after the draft was
    made (publishing would undo it), `catalogue_first_day` for a day that is past or not after the
    first day of the edition before, `catalogue_has_errors`, `catalogue_empty`.
    """
    require_editor(actor)
    _one_at_a_time()
    draft = _locked_draft(draft)
    before, today = last_published(), timezone.localdate(at)
    if before is not None and before.published_at and before.published_at > draft.made_at:
        raise RuleViolation("catalogue_moved_on", number=before.number)
    earliest = today
    if before is not None and before.valid_from is not None:
        earliest = max(today, before.valid_from + dt.timedelta(days=1))
    if valid_from < earliest:
        raise RuleViolation(
            "catalogue_first_day", field="valid_from", earliest=earliest.isoformat()
        )
    rows = read_rows(rows_of(draft))
    if not rows:
        raise RuleViolation("catalogue_empty")
    _refuse_errors(rows, valid_from)
    if before is not None:  # ends first: at no time are two in force
        before.valid_to = valid_from
        before.save(update_fields=["valid_to"])
    draft.valid_from = valid_from
    draft.published_at, draft.published_by = at, actor.reference
    draft.save(update_fields=["valid_from", "published_at", "published_by"])
    _audit("catalogue_published", draft, actor, at, valid_from=valid_from.isoformat())
    return draft


def require_editor(actor: Actor) -> None:
    """Raises NotPermitted for everybody who may not change what decides."""
    if actor.kind != "system" and not actor.has(*EDITORS):
        raise NotPermitted


def store_rows(version: CatalogueVersion, rows: Sequence[Row]) -> None:
    """The rows as entries of an edition; they have been checked."""
    classes = dict(Category.objects.values_list("code", "id"))
    named = {row.area for row in rows if row.area}
    areas = dict(Area.objects.filter(code__in=named).values_list("code", "id"))
    CatalogueEntry.objects.bulk_create(
        CatalogueEntry(
            version=version,
            category_id=classes[row.category],
            area_id=areas[row.area] if row.area else None,
            lead=row.lead,
            cooperators=list(dict.fromkeys(row.cooperators)),
            level=row.level,
            urgency=row.urgency,
            limit_amount=int(row.limit_amount) if row.limit_amount else None,
            limit_unit=row.limit_unit,
            basis=row.basis,
            remark=row.remark,
        )
        for row in rows
    )
    forget_all()  # rows stored in bulk are not noticed one by one


def _refuse_errors(rows: Sequence[Row], on: dt.date) -> None:
    errors = [finding for finding in check_rows(rows, on=on) if finding.is_error]
    if errors:
        lines = sorted({finding.row for finding in errors})
        raise RuleViolation(
            "catalogue_has_errors", count=len(errors), rows=", ".join(map(str, lines))
        )


def _one_at_a_time() -> None:
    """Editions are numbered, and follow each other, one after the other."""
    Deployment.objects.select_for_update().get(pk=1)


def _locked_draft(draft: CatalogueVersion) -> CatalogueVersion:
    """The row as it is now, nobody else's until the end of the transaction."""
    locked = CatalogueVersion.objects.select_for_update().filter(pk=draft.pk).first()
    if locked is None or locked.published_at is not None:
        raise RuleViolation("catalogue_published", number=draft.number)
    return locked


def _audit(
    action: str, version: CatalogueVersion, actor: Actor, at: dt.datetime, **data: str
) -> None:
    AuditEntry.objects.create(
        at=at, action=action, actor=actor.reference, data={"version": version.number, **data}
    )
