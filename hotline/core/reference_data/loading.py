"""From the shipped CSV files to rows: safe to repeat, and quick when nothing has changed.

Rows are recognised by their code. A row whose file line changed is brought up to date; a row that
an administrator added stays; nothing is ever deleted, since tickets point at it.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from django.db import models

from hotline.core.models import (
    Area,
    AreaAlias,
    AreaPopulation,
    Channel,
    TimeLimit,
    Unit,
)

FOLDER = Path(__file__).resolve().parent
BATCH = 2_000
Row = dict[str, str]
M = TypeVar("M", bound=models.Model)


def rows(file: Path) -> list[Row]:
    """The lines of a CSV file under its header."""
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def load_limits() -> int:
    """Every promise's length with its basis. A limit that the operator has superseded (a later
    row of the same kind, level and urgency) is left as it is."""
    known = set(TimeLimit.objects.values_list("kind", "level", "urgency"))
    fresh = [
        TimeLimit(
            kind=row["kind"],
            level=row["level"],
            urgency=row["urgency"],
            amount=int(row["amount"]),
            unit=row["unit"],
            times=int(row["times"]) if row["times"] else None,
            valid_from=dt.date.fromisoformat(row["valid_from"]),
            basis=row["basis"],
        )
        for row in rows(FOLDER / "limits.csv")
        if (row["kind"], row["level"], row["urgency"]) not in known
    ]
    return len(TimeLimit.objects.bulk_create(fresh))


def load_channels() -> int:
    """The ways in (R-011)."""
    wanted = [
        {"code": row["code"], "name": row["name"], "is_voice": row["is_voice"] == "1"}
        for row in rows(FOLDER / "channels.csv")
    ]
    return bring_up_to_date(Channel, wanted)


def load_areas(city: str) -> int:
    """The territory of `city` (a folder here), parents before children, with the names people
    use beside the official ones and the populations known."""
    folder = FOLDER / city
    areas = rows(folder / "areas.csv")
    paths: dict[str, str] = {}
    changed = 0
    # A parent is in the table before its children ask for its id.
    for generation in _generations(areas):
        ids = dict(Area.objects.values_list("code", "id"))
        wanted = []
        for row in generation:
            code = row["code"]
            paths[code] = f"{paths.get(row['parent'], '')}{code}/"
            wanted.append(
                {
                    "code": code,
                    "name": row["name"],
                    "kind": row["kind"],
                    "parent_id": ids.get(row["parent"]),
                    "path": paths[code],
                    "pinyin": row["pinyin"],
                    "source": row["source"],
                }
            )
        changed += bring_up_to_date(Area, wanted)
    ids = dict(Area.objects.values_list("code", "id"))
    return changed + _load_aliases(folder, ids) + _load_populations(folder, ids)


def load_units(city: str) -> int:
    """The units of `city`, parents before children."""
    areas = dict(Area.objects.values_list("code", "id"))
    changed = 0
    for generation in _generations(rows(FOLDER / city / "units.csv")):
        ids = dict(Unit.objects.values_list("code", "id"))
        wanted = [
            {
                "code": row["code"],
                "name": row["name"],
                "name_en": row["name_en"],
                "kind": row["kind"],
                "group": row["group"],
                "parent_id": ids.get(row["parent"]),
                "area_id": areas.get(row["area"]),
                "line": row.get("line", ""),
                "is_round_the_clock": row["is_round_the_clock"] == "1",
                "pinyin": row["pinyin"],
                "valid_from": dt.date.fromisoformat(row["valid_from"]),
            }
            for row in generation
        ]
        changed += bring_up_to_date(Unit, wanted)
    return changed


def bring_up_to_date(model: type[M], wanted: list[dict[str, Any]], key: str = "code") -> int:
    """Add the rows that are missing and rewrite those that differ; how many that were."""
    if not wanted:
        return 0
    columns = list(wanted[0])
    known = {
        values[columns.index(key) + 1]: values
        for values in model._default_manager.values_list("pk", *columns)
    }
    fresh, stale = [], []
    for row in wanted:
        values = known.get(row[key])
        if values is None:
            fresh.append(model(**row))
        elif values[1:] != tuple(row.values()):
            stale.append(model(pk=values[0], **row))
    model._default_manager.bulk_create(fresh, BATCH)
    if stale:
        changeable = [name.removesuffix("_id") for name in columns if name != key]
        model._default_manager.bulk_update(stale, changeable, BATCH)
    return len(fresh) + len(stale)


def _load_aliases(folder: Path, areas: dict[str, int]) -> int:
    known = set(AreaAlias.objects.values_list("area_id", "name"))
    fresh = [
        AreaAlias(area_id=areas[row["area"]], name=row["alias"])
        for row in rows(folder / "aliases.csv")
        if (areas[row["area"]], row["alias"]) not in known
    ]
    return len(AreaAlias.objects.bulk_create(fresh, BATCH))


def _load_populations(folder: Path, areas: dict[str, int]) -> int:
    known = set(AreaPopulation.objects.values_list("area_id", "year"))
    fresh = [
        AreaPopulation(
            area_id=areas[row["area"]],
            year=int(row["year"]),
            residents=int(row["residents"]),
            is_estimate=row["is_estimate"] == "1",
            source=row["source"],
        )
        for row in rows(folder / "populations.csv")
        if (areas[row["area"]], int(row["year"])) not in known
    ]
    return len(AreaPopulation.objects.bulk_create(fresh, BATCH))


def _generations(lines: Iterable[Row]) -> list[list[Row]]:
    """The lines by depth in their tree, the roots first. Raises ValueError for a line whose
    parent is not in the file."""
    by_depth: list[list[Row]] = []
    depths: dict[str, int] = {"": -1}
    for row in lines:
        if row["parent"] not in depths:
            raise ValueError(f"{row['code']} comes before its parent {row['parent']}")
        depth = depths[row["code"]] = depths[row["parent"]] + 1
        if depth == len(by_depth):
            by_depth.append([])
        by_depth[depth].append(row)
    return by_depth
