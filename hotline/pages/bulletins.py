"""The archive of bulletins, and one of them as a page shows it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import QueryDict

from evaluation import periods
from evaluation.models import Erratum, MonthClose, UnitScore
from evaluation.months import Month
from governance import wording
from governance.forms.bulletins import PublishForm
from governance.models import Bulletin, BulletinFile
from governance.services import bulletins as services
from governance.wording import Paper
from hotline.core.actors import Actor
from hotline.core.models import Role
from hotline.core.violations import RuleViolation
from hotline.pages.paging import NEWEST_FIRST, Page, page_of


@dataclass(frozen=True)
class ArchiveLine:
    """An edition as it was published; `later_errata` were found after it, `is_last` tells that no
    newer edition stands."""

    bulletin: Bulletin
    later_errata: int
    is_last: bool


@dataclass(frozen=True)
class Waiting:
    """A closed month of which nothing was published, or whose last edition lacks errata."""

    month: str
    errata: int
    edition: int


def editions(month: str = "") -> QuerySet[Bulletin]:
    """Without what makes them large."""
    files = BulletinFile.objects.defer("body").order_by("pk")
    found = Bulletin.objects.defer("data").prefetch_related(Prefetch("files", files))
    return found.filter(month=month) if month else found


def archive(query: QueryDict) -> tuple[Page[Bulletin], list[ArchiveLine]]:
    """A page of the archive, the newest first; of one month where the address names it."""
    page = page_of(editions(month_of(query)), NEWEST_FIRST, query)
    months = {bulletin.month for bulletin in page.rows}
    errata = _errata_of(months)
    newest: dict[str, int] = {}
    for month, edition in Bulletin.objects.filter(month__in=months).values_list("month", "edition"):
        newest[month] = max(edition, newest.get(month, 0))
    return page, [
        ArchiveLine(
            bulletin,
            later_errata=sum(number > bulletin.errata_known for number in errata[bulletin.month]),
            is_last=bulletin.edition == newest[bulletin.month],
        )
        for bulletin in page.rows
    ]


def waiting(actor: Actor) -> list[Waiting]:
    """What a supervisor of the city may publish, the latest month first; nothing for others."""
    if not actor.has(Role.CITY_SUPERVISOR):
        return []
    last = {
        month: (edition, known)
        for month, edition, known in Bulletin.objects.order_by("edition").values_list(
            "month", "edition", "errata_known"
        )
    }
    closed = list(MonthClose.objects.order_by("-month").values_list("month", flat=True))
    errata = _errata_of(closed)
    found = []
    for month in closed:
        edition, known = last.get(month, (0, 0))
        lacking = sum(number > known for number in errata[month])
        if not edition or lacking:
            found.append(Waiting(month, lacking, edition + 1))
    return found


def later_errata(bulletin: Bulletin) -> int:
    found = _errata_of([bulletin.month])[bulletin.month]
    return sum(number > bulletin.errata_known for number in found)


def paper_of(bulletin: Bulletin) -> Paper:
    """The paper as it was published, made from what was kept then."""
    return wording.paper(
        bulletin.content, number=bulletin.number, published_at=bulletin.published_at
    )


def preview(month: Month, at: dt.datetime, form: PublishForm | None = None) -> dict[str, Any]:
    """The month's next edition as it would be published now, and the form that does it; `problem`
    instead where it cannot be."""
    try:
        content = services.content_of(month.label, at=at)
    except RuleViolation as refusal:
        return {"problem": refusal.sentence(), "status": refusal.status}
    digest = services.digest_of(content)
    if form is None or "expected" in form.errors:
        form = PublishForm(initial={"expected": digest})
    return {
        "paper": wording.paper(content, number=services.next_number(month.label)),
        "form": form,
        "last": editions(month.label).order_by("edition").last(),
        "digest": digest,
    }


def month_of(query: QueryDict) -> str:
    """The month that the address names; empty for what is none."""
    try:
        return periods.month_named(query.get("month", "")).label
    except ValueError:
        return ""


def _errata_of(months: Collection[str]) -> dict[str, list[int]]:
    """The numbers of the errata that bulletins of these months tell: not those about units that
    are not published."""
    unpublished = set(
        UnitScore.objects.filter(month__in=months, is_published=False).values_list(
            "month", "unit_id"
        )
    )
    found: dict[str, list[int]] = defaultdict(list)
    errata = Erratum.objects.filter(month__in=months)
    for month, unit_id, number in errata.values_list("month", "unit_id", "number"):
        if (month, unit_id) not in unpublished:
            found[month].append(number)
    return found
