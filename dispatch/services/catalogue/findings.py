"""What is wrong with a table of clauses, line by line, and with an edition as a whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dispatch import catalogue, routing
from dispatch.models import AssignmentRole, CatalogueEntry, CatalogueVersion, Stance
from dispatch.routing import Clause, Directory, Place, Reason
from dispatch.services.duties import duty_of
from hotline.core.models import ASSISTING_KINDS, Area, AreaKind, UnitKind
from hotline.core.working_time import TimeUnit
from intake.models import Level, Urgency
from knowledge.models import categories

from .rows import Row

# A clause of a day: 24 h are one day, and no law gives more than a year.
_LONGEST_NUMBER = 9  # digits
_LONGEST_DAYS = 366
_PER_DAY = {"minutes": 1440, "hours": 24, "calendar_days": 1, "working_days": 1}


@dataclass(frozen=True)
class Finding:
    """Something to mend (an error: the table cannot be taken) or to know (a warning). The
    parameters are codes; `dispatch.rendering.catalogue.finding_words` makes a sentence of them.
    `row` is 0 where no line is at fault."""

    code: str
    is_error: bool
    row: int = 0
    parameters: Mapping[str, str] = field(default_factory=dict)


def check_rows(rows: Sequence[Row], *, on: dt.date) -> list[Finding]:
    """Everything that is wrong with a table as it would hold on a day, in the order of its lines.

    Errors: an unknown class or area, a target that means nothing, two lines of one class and
    area, no basis, a level, limit or length that cannot be kept, a lead that its duty list
    forbids (R-038). Warnings: a target that names nobody, or two units, in a part of the city; a
    clause that some finer class or a co-operating unit's duty list forbids.
    """
    units, areas = catalogue.directory(), _areas()
    findings = [finding for row in rows for finding in _spelling(row, units, areas)]
    findings += _twice(rows)
    broken = {finding.row for finding in findings if finding.is_error}
    sound = [row for row in rows if row.number not in broken]
    found = _judge([_clause(row) for row in sound], units, areas, on)
    return sorted([*findings, *found], key=lambda f: (f.row, not f.is_error))


def gaps_and_conflicts(version: CatalogueVersion, *, on: dt.date) -> list[Finding]:
    """What an edition leaves open: classes without a clause, targets that name nobody or two units
    in a part of the city, clauses that the duty lists forbid. `row` is the entry's id."""
    rows = version.entries.select_related("category", "area").order_by("category__code", "id")
    clauses = [catalogue.entry_clause(entry) for entry in rows]
    return [*_uncovered(clauses), *_judge(clauses, catalogue.directory(), _areas(), on)]


# --- a line by itself -----------------------------------------------------------------------


def _spelling(row: Row, units: Directory, areas: Mapping[str, Area]) -> Iterator[Finding]:
    """What cannot be kept, whatever the rest of the table says."""

    def error(code: str, **parameters: str) -> Finding:
        return Finding(code, True, row.number, parameters)

    if row.category not in {c.code for c in categories().values() if c.is_active}:
        yield error("unknown_class", value=row.category)
    if row.area and row.area not in areas:
        yield error("unknown_area", value=row.area)
    if not routing.is_lead_target(row.lead) or not _is_known(row.lead, units, can_lead=True):
        yield error("bad_lead", value=row.lead)
    for target in row.cooperators:
        if not routing.is_cooperating_target(target) or not _is_known(target, units):
            yield error("bad_cooperator", value=target)
    if not row.basis:
        yield error("no_basis")
    if row.level and row.level not in Level.values:
        yield error("bad_level", value=row.level)
    if row.urgency and (row.urgency not in Urgency.values or row.level not in ("", Level.L3)):
        yield error("bad_urgency", value=row.urgency)
    if not _is_limit(row):
        yield error("bad_limit", value=f"{row.limit_amount} {row.limit_unit}".strip())
    cells = [("lead", row.lead), ("basis", row.basis), ("remark", row.remark)]
    for name, value in (*cells, *(("lead", target) for target in row.cooperators)):
        most = getattr(CatalogueEntry._meta.get_field(name), "max_length", None) or 0
        if len(value) > most:
            yield error("too_long", column=name, most=str(most))


def _is_known(target: str, units: Directory, *, can_lead: bool = False) -> bool:
    """Whether a target's line or unit is one that the city has."""
    kind, _colon, name = target.partition(":")
    if kind == "unit":
        unit = units.by_code.get(name)
        never = (UnitKind.HOTLINE, *ASSISTING_KINDS) if can_lead else (UnitKind.HOTLINE,)
        return unit is not None and unit.kind not in never
    return True


def _is_limit(row: Row) -> bool:
    if not row.limit_amount and not row.limit_unit:
        return True
    if row.limit_unit not in TimeUnit.values or not row.limit_amount.isdecimal():
        return False
    if len(row.limit_amount) > _LONGEST_NUMBER:
        return False
    return 0 < int(row.limit_amount) <= _LONGEST_DAYS * _PER_DAY[row.limit_unit]


def _twice(rows: Iterable[Row]) -> Iterator[Finding]:
    first: dict[tuple[str, str], int] = {}
    for row in rows:
        earlier = first.setdefault(row.key, row.number)
        if earlier != row.number:
            yield Finding("twice", True, row.number, {"row": str(earlier)})


def _clause(row: Row) -> Clause:
    return Clause(
        id=row.number,
        category=row.category,
        area=row.area,
        lead=row.lead,
        cooperators=row.cooperators,
    )


# --- the table as a whole -------------------------------------------------------------------


def _judge(
    clauses: Sequence[Clause], units: Directory, areas: Mapping[str, Area], on: dt.date
) -> list[Finding]:
    """Warnings and errors that need the units and the duty lists."""
    places = _places(areas)
    found = list(_unresolvable(clauses, units, places, on))
    found += _forbidden(clauses, units, places, on)
    return found


def _uncovered(clauses: Sequence[Clause]) -> Iterator[Finding]:
    """Classes for which, somewhere in the city, no clause speaks: each finest one by itself."""
    everywhere = {clause.category for clause in clauses if not clause.area}
    for category in sorted(categories().values(), key=lambda c: c.code):
        if category.is_active and not everywhere & set(routing.class_path(category.code)):
            yield Finding("no_clause", False, 0, {"category": category.code})


def _unresolvable(
    clauses: Sequence[Clause], units: Directory, places: Sequence[Place], on: dt.date
) -> Iterator[Finding]:
    """Leads, and co-operating lines of duty, that name nobody or two units somewhere."""
    known: dict[tuple[str, str], dict[Reason, list[str]]] = {}
    for clause in clauses:
        for target, role in _parts(clause):
            is_lead = role == AssignmentRole.LEAD
            if not is_lead and target.partition(":")[0] not in routing.LINE_TARGETS:
                continue  # the community or street of a place may well not be known
            key = (target, clause.area)
            if key not in known:
                known[key] = _problems(target, clause.area, units, places, on)
            for reason, where in known[key].items():
                code = f"{'lead' if is_lead else 'cooperator'}_{reason}"
                parameters = {"target": target, "areas": " ".join(where)}
                yield Finding(code, False, clause.id, parameters)


def _problems(
    target: str, area: str, units: Directory, places: Sequence[Place], on: dt.date
) -> dict[Reason, list[str]]:
    """The districts (for a street's target: the streets) in which a target fails, by reason."""
    found: dict[Reason, list[str]] = {}
    for place in places:
        if area and area not in place.path:
            continue
        problem = routing.resolve(target, place, units, on).problem
        if problem is not None:
            code = place.street if target == "street" else place.district
            where = found.setdefault(problem, [])
            if code not in where:
                where.append(code)
    return found


def _forbidden(
    clauses: Sequence[Clause], units: Directory, places: Sequence[Place], on: dt.date
) -> Iterator[Finding]:
    """Clauses that a duty list forbids. Lists bind kinds and lines, not single units, so one place
    stands for all. A lead is looked at for every class that the clause decides."""
    if not places:
        return
    by_code = catalogue.by_class(clauses)
    told: set[tuple[int, str, str]] = set()
    for category in sorted(categories().values(), key=lambda c: c.code):
        for clause in _deciding(by_code, category.code):
            place = next((p for p in places if not clause.area or clause.area in p.path), places[0])
            for target, role in _parts(clause):
                unit = routing.resolve(target, place, units, on).unit
                duty = duty_of(unit, category.pk, on) if unit else None
                if duty is None or duty.allows(role):
                    continue
                is_lead = role == AssignmentRole.LEAD
                item = duty.item.code if duty.item else ""
                if (clause.id, target, item) in told:
                    continue
                told.add((clause.id, target, item))
                yield Finding(
                    _forbidding(role, duty.item is not None, duty.stance),
                    is_lead and category.code == clause.category,
                    clause.id,
                    {
                        "target": target,
                        "category": category.code,
                        "item": item,
                        "text": duty.item.text if duty.item else "",
                        "list": duty.duty_list.name,
                    },
                )


def _forbidding(role: str, has_item: bool, stance: str) -> str:
    part = "lead" if role == AssignmentRole.LEAD else "cooperator"
    if not has_item:
        return f"{part}_outside_list"
    return f"{part}_only_assists" if stance == Stance.ASSISTS else f"{part}_not_its_duty"


def _deciding(by_code: Mapping[str, tuple[Clause, ...]], code: str) -> Iterator[Clause]:
    """The clauses that decide matters of the class: its own in every area, the nearest above it
    where it has none for the whole city."""
    for above in reversed(routing.class_path(code)):
        clauses = by_code.get(above, ())
        yield from clauses
        if any(not clause.area for clause in clauses):
            return


def _parts(clause: Clause) -> Iterator[tuple[str, AssignmentRole]]:
    yield clause.lead, AssignmentRole.LEAD
    for target in clause.cooperators:
        yield target, AssignmentRole.COOPERATE


def _areas() -> dict[str, Area]:
    """What a clause may name as its area: everything down to the community."""
    kinds = (AreaKind.CITY, AreaKind.DISTRICT, AreaKind.STREET, AreaKind.ZONE, AreaKind.COMMUNITY)
    return {area.code: area for area in Area.objects.filter(kind__in=kinds)}


def _places(areas: Mapping[str, Area]) -> list[Place]:
    """Every street, as a place with one of its communities."""
    communities: dict[str, Place] = {}
    for area in areas.values():
        if area.kind == AreaKind.COMMUNITY:
            place = Place.of(area.path)
            communities.setdefault(place.street, place)
    streets = (area for area in areas.values() if area.kind == AreaKind.STREET)
    return [communities.get(area.code) or Place.of(area.path) for area in streets]
