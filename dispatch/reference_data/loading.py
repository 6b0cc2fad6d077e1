"""From the shipped duty lists and catalogue to editions: safe to repeat.

What an order names never changes, so a file that has changed makes a new edition from today on.
A catalogue that somebody of the office has published since is theirs, and is left alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from dispatch.models import CatalogueVersion, DutyItem, DutyList
from dispatch.services.catalogue import Row as CatalogueRow
from dispatch.services.catalogue import last_published, read_rows, rows_of
from dispatch.services.catalogue.editions import store_rows
from hotline.core.actors import SYSTEM
from hotline.core.models import Area
from hotline.core.reference_data.loading import Row, rows

FOLDER = Path(__file__).resolve().parent
# The first editions hold for every ticket that was ever taken, as the units do.
FIRST_DAY = dt.date(2019, 1, 1)
Items = dict[str, tuple[str, tuple[str, ...], str, str]]


# --- duty lists -----------------------------------------------------------------------------


def load_duties(*, today: dt.date) -> int:
    """Every list whose file has changed, as a new edition from today; how many items that were."""
    lists: dict[str, list[Row]] = {}
    for row in rows(FOLDER / "duties.csv"):
        lists.setdefault(row["list"], []).append(row)
    known = {listed.code: listed for listed in DutyList.objects.order_by("edition")}
    kept: dict[int, Items] = {}
    for item in DutyItem.objects.filter(duty_list__in=known.values()):
        kept.setdefault(item.duty_list_id, {})[item.code] = (
            item.text, tuple(item.categories), item.stance, item.basis,
        )  # fmt: skip
    changed = 0
    for code, lines in lists.items():
        wanted, before = _items(lines), known.get(code)
        if before is None or kept.get(before.pk) != wanted:
            changed += _new_edition(lines[0], wanted, before, today)
    return changed


def _items(lines: list[Row]) -> Items:
    return {
        row["item"]: (row["text"], tuple(row["category"].split()), row["stance"], row["basis"])
        for row in lines
    }


def _new_edition(head: Row, items: Items, before: DutyList | None, today: dt.date) -> int:
    if before is not None and before.valid_from >= today:
        listed = before  # changed twice in a day: nothing was dispatched by it yesterday
        listed.items.all().delete()
    else:
        if before is not None:
            before.valid_to = today
            before.save(update_fields=["valid_to"])
        listed = DutyList.objects.create(
            code=head["list"],
            edition=before.edition + 1 if before else 1,
            name=head["list_name"],
            unit_kind=head["unit_kind"],
            line=head["line"],
            valid_from=today if before else FIRST_DAY,
        )
    made = [
        DutyItem(
            duty_list=listed, code=code, text=text, categories=list(codes), stance=stance,
            basis=basis,
        )
        for code, (text, codes, stance, basis) in items.items()
    ]  # fmt: skip
    return len(DutyItem.objects.bulk_create(made))


# --- the catalogue --------------------------------------------------------------------------


def load_catalogue(
    *, at: dt.datetime, today: dt.date, file: Path = FOLDER / "catalogue.csv"
) -> int:
    """The shipped catalogue as the first edition; a changed one as the next, unless the office has
    published its own. Lines about another city's areas are left out. How many lines that were."""
    wanted = _of_this_city(read_rows(rows(file)))
    before = last_published()
    if before is not None and (
        before.published_by != SYSTEM.reference or _same(before, wanted)
    ):  # fmt: skip
        return 0
    first = FIRST_DAY
    if before is not None and before.valid_from is not None:
        first = max(today, before.valid_from + dt.timedelta(days=1))
        before.valid_to = first
        before.save(update_fields=["valid_to"])
    newest = CatalogueVersion.objects.order_by("-number").first()
    version = CatalogueVersion.objects.create(
        number=newest.number + 1 if newest else 1,
        made_at=at,
        made_by=SYSTEM.reference,
        published_at=at,
        published_by=SYSTEM.reference,
        valid_from=first,
    )
    store_rows(version, wanted)
    return len(wanted)


def _of_this_city(found: list[CatalogueRow]) -> list[CatalogueRow]:
    named = {row.area for row in found if row.area}
    here = set(Area.objects.filter(code__in=named).values_list("code", flat=True))
    return [row for row in found if not row.area or row.area in here]


def _same(version: CatalogueVersion, wanted: list[CatalogueRow]) -> bool:
    def by_key(lines: list[dict[str, str]]) -> Mapping[tuple[str, str], dict[str, str]]:
        return {(line["category"], line["area"]): line for line in lines}

    return by_key(rows_of(version)) == by_key([row.as_dict() for row in wanted])
