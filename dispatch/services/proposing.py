"""Which unit should lead, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.utils import timezone

from dispatch import catalogue, routing
from dispatch.catalogue import Edition
from dispatch.models import AssignmentRole, Stance
from dispatch.routing import Clause, Directory, Place, Reason, StandIn, Weighed
from dispatch.services.duties import duty_of
from hotline.core.models import Area, Unit, UnitKind
from intake.models import RequestType
from knowledge.models import Category, categories

# Accusations are never handed to the accused.
ACCUSING = (RequestType.COMPLAINT, RequestType.REPORT)


def accuses(target: str, unit: Unit, known: Mapping[int, Unit]) -> bool:
    """Whether who is complained of is the unit itself or one that it answers to (R-020)."""
    above: Unit | None = unit
    while target and above is not None:
        if above.name in target:
            return True
        above = known.get(above.parent_id) if above.parent_id else None
    return False


_BASIS_LIMIT = 200  # what an order keeps


@dataclass(frozen=True)
class Proposal:
    """Which unit should lead, why, which units co-operate, and which district gets the
    supervising copy; what the catalogue recommends and which edition and clause said so.

    `entry_id` is the clause whose level, limit and co-operators hold; a precedent decides on the
    lead alone. `weighed` is everything that was considered, what decided first;
    `dispatch.rendering.catalogue.weighed_words` makes a sentence of each.
    """

    unit: Unit
    basis: str
    copy: Unit | None
    cooperators: tuple[Unit, ...] = ()
    level: str = ""
    urgency: str = ""
    length: tuple[int, str] | None = None
    version_id: int | None = None
    entry_id: int | None = None
    precedent_id: int | None = None
    weighed: tuple[Weighed, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """The proposal, None where nobody can be named, and what was considered either way."""

    proposal: Proposal | None
    weighed: tuple[Weighed, ...]


def propose_unit(
    area: Area | None,
    *,
    at: dt.datetime,
    category: Category | None = None,
    request_type: str = "",
    target: str = "",
) -> Proposal | None:
    """The unit that the catalogue names for the matter at its place (R-030, R-033); where it names
    nobody, the district of the place (R-032). `target` is who is complained of: never the unit
    itself leads, but the one above it (R-020). What a duty list forbids is not proposed (R-038).

    None where neither class nor place names a unit. The basis is kept with the order, so it is in
    the city's language whatever language the agent reads.
    """
    return explain(
        area, at=at, category=category, request_type=request_type, target=target
    ).proposal


def explain(
    area: Area | None,
    *,
    at: dt.datetime,
    category: Category | None = None,
    request_type: str = "",
    target: str = "",
) -> Explanation:
    """The proposal with all that was considered, also where nobody is proposed. It runs on every
    dispatch: no query while what it reads is remembered."""
    on = timezone.localdate(at)
    edition = catalogue.edition_in_force(on)
    accused = target if request_type in ACCUSING else ""
    matter = _Matter(area, category, accused, catalogue.directory(), on)
    clauses = catalogue.clauses_of(edition, matter.classes, on)
    ordered = routing.choose(clauses, matter.classes, matter.place.path)

    lead: _Lead | None = None
    weighed: list[Weighed] = []
    for candidate in ordered:
        clause = candidate.clause
        assert clause is not None
        if lead is None:
            lead, candidate = matter.judge(clause.lead, clause)
        elif lead.clause is not None:
            candidate = replace(candidate, reason=routing.outranked(clause, lead.clause))
        weighed.append(candidate)
    if lead is None and not matter.accuses_the_city():
        lead, rest = matter.by_place(has_clauses=bool(ordered))
        weighed += rest
    if lead is None:
        return Explanation(None, tuple(weighed))
    # What decided comes first, before the better clauses that named nobody.
    weighed.sort(key=lambda w: w.reason not in _DECIDING)
    entries = [w.clause for w in weighed if w.clause and not w.clause.is_precedent]
    proposal = _proposal(matter, lead, edition, entries, tuple(weighed))
    return Explanation(proposal, proposal.weighed)


_DECIDING = (Reason.CHOSEN, Reason.BY_STREET, Reason.BY_DISTRICT)


@dataclass(frozen=True)
class _Lead:
    """Who is to lead by which clause (None: by the place), and for whom it stands in."""

    unit: Unit
    clause: Clause | None
    stand_in: StandIn


class _Matter:
    """What is to be dispatched, as far as it decides who may take it."""

    def __init__(
        self,
        area: Area | None,
        category: Category | None,
        accused: str,
        units: Directory,
        on: dt.date,
    ) -> None:
        self.category, self.accused, self.units, self.on = category, accused, units, on
        self.place = Place.of(area.path) if area else Place()
        self.classes = routing.class_path(category.code) if category else ()

    def judge(
        self, target: str, clause: Clause | None, reason: Reason = Reason.CHOSEN
    ) -> tuple[_Lead | None, Weighed]:
        """Whether the unit that a target means can lead, and the reason."""
        found = routing.resolve(target, self.place, self.units, self.on)
        named: dict[str, str] = {}
        while found.unit is not None and self._is_accused(found.unit):
            named = {"accused": found.unit.code}
            found = routing.superior(found.unit, self.units, self.on)
        if found.unit is None:
            assert found.problem is not None
            return None, Weighed(found.problem, clause, {**named, "target": target})
        named |= {"unit": found.unit.code, "stand_in": found.stand_in}
        refusal = self._refusal(found.unit, AssignmentRole.LEAD)
        if refusal is not None:
            return None, Weighed(refusal[0], clause, {**named, **refusal[1]})
        if clause is None and found.unit.kind == UnitKind.DISTRICT:
            reason = Reason.BY_DISTRICT
        return _Lead(found.unit, clause, found.stand_in), Weighed(reason, clause, named)

    def by_place(self, *, has_clauses: bool) -> tuple[_Lead | None, list[Weighed]]:
        """No clause names anybody: the district of the place (R-032); where the catalogue says
        nothing at all, first the street (R-030)."""
        tried: list[Weighed] = []
        for target, reason in (("street", Reason.BY_STREET), ("district", Reason.BY_DISTRICT)):
            if target == "street" and has_clauses:
                continue
            lead, judged = self.judge(target, None, reason)
            tried.append(judged)
            if lead is not None or judged.reason == Reason.NO_PLACE:
                return lead, tried
        return None, tried

    def cooperators(self, targets: tuple[str, ...], lead: Unit) -> tuple[Unit, ...]:
        """Those of them that exist here and may assist; the lead does not assist itself."""
        found = [routing.resolve(t, self.place, self.units, self.on).unit for t in targets]
        may = [
            unit
            for unit in found
            if unit is not None
            and unit.pk != lead.pk
            and not self._is_accused(unit)
            and self._refusal(unit, AssignmentRole.COOPERATE) is None
        ]
        return tuple(dict.fromkeys(may))

    def accuses_the_city(self) -> bool:
        """Whether a department of the city is complained of: no district is above it."""
        kind = UnitKind.CITY_DEPARTMENT
        every = self.units.by_id.values()
        return bool(self.accused) and any(u.kind == kind and self._is_accused(u) for u in every)

    def class_name(self, code: str) -> str:
        """What the class with this code, one of the matter's own, is called."""
        known, category = categories(), self.category
        while category is not None and category.code != code:
            category = known.get(category.parent_id or 0)
        return category.name if category else ""

    def _is_accused(self, unit: Unit) -> bool:
        return accuses(self.accused, unit, self.units.by_id)

    def _refusal(self, unit: Unit, role: AssignmentRole) -> tuple[Reason, dict[str, str]] | None:
        """What the unit's duty list has against this part in the matter."""
        duty = duty_of(unit, self.category.pk if self.category else None, self.on)
        if duty is None or duty.allows(role):
            return None
        if duty.item is None:
            return Reason.OUTSIDE_LIST, {"list": duty.duty_list.name}
        only_assists = duty.stance == Stance.ASSISTS
        reason = Reason.ONLY_ASSISTS if only_assists else Reason.NOT_ITS_DUTY
        return reason, {"item": duty.item.code, "text": duty.item.text}


def _proposal(
    matter: _Matter,
    lead: _Lead,
    edition: Edition | None,
    entries: list[Clause],
    weighed: tuple[Weighed, ...],
) -> Proposal:
    """The lead with what the catalogue recommends. A precedent names the unit and nothing else, so
    the best entry's level, limit (R-058) and co-operators hold beside it."""
    clause = lead.clause
    entry = next(iter(entries), None) if clause and clause.is_precedent else clause
    area = lead.unit.area
    is_street = lead.unit.kind == UnitKind.STREET and area is not None
    return Proposal(
        unit=lead.unit,
        basis=_basis(matter, lead, edition)[:_BASIS_LIMIT],
        copy=_district(matter, area) if is_street and area is not None else None,
        cooperators=matter.cooperators(entry.cooperators, lead.unit) if entry else (),
        level=entry.level if entry else "",
        urgency=entry.urgency if entry else "",
        length=entry.length if entry else None,
        version_id=edition.id if edition else None,
        entry_id=entry.id if entry else None,
        precedent_id=clause.id if clause and clause.is_precedent else None,
        weighed=weighed,
    )


def _district(matter: _Matter, street: Area) -> Unit | None:
    """The district that gets the supervising copy of its street's order (R-031)."""
    place = Place.of(street.path)
    return routing.resolve("district", place, matter.units, matter.on).unit


def _basis(matter: _Matter, lead: _Lead, edition: Edition | None) -> str:
    """Why this unit, as the order keeps it."""
    aside = {
        StandIn.CITY_FOR_BUREAU: "（区里没有对应部门，由市级部门承办）",
        StandIn.DISTRICT_FOR_STREET: "（没有查到街道，由区兜底）",
        StandIn.SUPERIOR: "（被反映的单位回避，由上级承办）",
    }.get(lead.stand_in, "")
    clause = lead.clause
    if clause is None:
        name = lead.unit.area.name if lead.unit.area else lead.unit.name
        return f"按事发地（{name}）{aside if lead.stand_in == StandIn.SUPERIOR else ''}"
    what = f"{clause.category}{matter.class_name(clause.category)}"
    if clause.is_precedent or edition is None:
        return f"先例 {what}{aside}：{clause.basis}"
    return f"派单目录第{edition.number}版 {what}{aside}：{clause.basis}"
