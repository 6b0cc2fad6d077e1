"""The dispatch catalogue as pages show it: an edition as a table, and a try of what it decides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.http import Http404, QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch.catalogue import version_in_force
from dispatch.models import CatalogueEntry, CatalogueVersion
from dispatch.rendering.catalogue import target_words, weighed_words
from dispatch.routing import Reason, Weighed
from dispatch.services.catalogue import EDITORS, rows_of
from dispatch.services.proposing import Explanation, Proposal
from hotline.core.actors import Actor
from hotline.core.places import area_by_code
from hotline.core.working_time import TimeUnit
from hotline.pages.pickers import area_picker, category_picker
from intake.fields import AreaField, CategoryField
from intake.models import RequestType
from knowledge.models import Category, ancestors, categories, category_by_code

# How the columns of the exported table are headed. Those without rules (the names) are there to
# be read by: the import leaves them out.
COLUMNS: dict[str, str | Promise] = {
    "category": gettext_lazy("分类代码"),
    "category_name": gettext_lazy("分类名称"),
    "area": gettext_lazy("区域代码"),
    "area_name": gettext_lazy("区域名称"),
    "lead": gettext_lazy("主办规则"),
    "lead_name": gettext_lazy("主办单位（说明）"),
    "cooperators": gettext_lazy("协办规则"),
    "cooperator_names": gettext_lazy("协办单位（说明）"),
    "level": gettext_lazy("等级"),
    "urgency": gettext_lazy("轻重缓急"),
    "limit_amount": gettext_lazy("专门时限"),
    "limit_unit": gettext_lazy("时限单位"),
    "basis": gettext_lazy("依据"),
    "remark": gettext_lazy("备注"),
}


def may_edit(actor: Actor) -> bool:
    """Who prepares and publishes editions; everybody of the staff may read them."""
    return actor.has(*EDITORS)


def names_a_document(basis: str) -> bool:
    """Whether a basis rests on something published: its title stands in 《》."""
    return "《" in basis


def length_words(amount: int, unit: str) -> str:
    return f"{amount} {TimeUnit(unit).label}"


# --- an edition as a table ----------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One clause as it is read."""

    entry: CatalogueEntry
    category: Category

    @property
    def depth(self) -> int:
        return self.category.depth

    @property
    def lead(self) -> str:
        return target_words(self.entry.lead)

    @property
    def cooperators(self) -> list[str]:
        return [target_words(target) for target in self.entry.cooperators]

    @property
    def level(self) -> str:
        """The clause's own recommendation, else that of its class."""
        return self.entry.level or self.category.default_level

    @property
    def urgency(self) -> str:
        return self.entry.urgency if self.entry.level else self.category.default_urgency

    @property
    def limit(self) -> str:
        """Another law's limit (R-058); without one the level's holds."""
        amount = self.entry.limit_amount
        return "" if amount is None else length_words(amount, self.entry.limit_unit)

    @property
    def is_founded(self) -> bool:
        return names_a_document(self.entry.basis)


@dataclass(frozen=True)
class Group:
    """The clauses of a first-level class."""

    category: Category
    lines: list[Line]


def grouped(lines: Iterable[Line]) -> list[Group]:
    """The lines under their first-level classes, in the order of the codes."""
    groups: dict[int, Group] = {}
    for line in lines:
        top = (ancestors(line.category) or [line.category])[0]
        groups.setdefault(top.pk, Group(top, [])).lines.append(line)
    return list(groups.values())


def version_numbered(number: str, on: dt.date, actor: Actor) -> CatalogueVersion | None:
    """The edition asked for (a draft only for those who edit), else the one in force today.

    Raises Http404 for one that does not exist.
    """
    if not number:
        return version_in_force(on)
    found = CatalogueVersion.objects.filter(
        number=int(number) if number.isdecimal() and len(number) < 10 else -1
    )
    version = found.first()
    if version is None or (version.published_at is None and not may_edit(actor)):
        raise Http404
    return version


class CatalogueFilterForm(forms.Form):
    """Everything the table can be narrowed by, as it stands in the address."""

    q = forms.CharField(required=False, max_length=60)
    category = CategoryField(label=gettext_lazy("分类"), required=False, widget=category_picker())
    lead = forms.CharField(required=False, max_length=40)
    unfounded = forms.BooleanField(required=False)


class CatalogueTable:
    """The clauses of an edition that the address asks for. An address that cannot be read shows
    nothing and says why."""

    def __init__(self, version: CatalogueVersion, query: QueryDict) -> None:
        self.version = version
        self.form = CatalogueFilterForm(query)
        self.wanted: dict[str, Any] | None = (
            self.form.cleaned_data if self.form.is_valid() else None
        )

    @cached_property
    def all_lines(self) -> list[Line]:
        entries = self.version.entries.select_related("area")
        known = categories()
        lines = [Line(entry, known[entry.category_id]) for entry in entries]
        return sorted(lines, key=lambda one: (one.category.code, one.entry.area_id or 0))

    @cached_property
    def lines(self) -> list[Line]:
        """Exactly the clauses meant, in the order of their classes."""
        if self.wanted is None:
            return []
        return [line for line in self.all_lines if self._is_meant(line, self.wanted)]

    @property
    def groups(self) -> list[Group]:
        return grouped(self.lines)

    @property
    def leads(self) -> list[tuple[str, str]]:
        """Every lead rule of the edition, in words."""
        rules = {line.entry.lead for line in self.all_lines}
        return sorted(((rule, target_words(rule)) for rule in rules), key=lambda pair: pair[0])

    @property
    def is_filtered(self) -> bool:
        return self.wanted is None or any(self.wanted.values())

    def _is_meant(self, line: Line, wanted: dict[str, Any]) -> bool:
        code = line.category.code
        chosen: Category | None = wanted["category"]
        # Of a class speak its own clauses, those below it, and where it has none those above.
        speaks = chosen is None or code.startswith(chosen.code) or chosen.code.startswith(code)
        return (
            speaks
            and wanted["lead"] in ("", line.entry.lead)
            and not (wanted["unfounded"] and line.is_founded)
            and all(word in _searched(line) for word in wanted["q"].lower().split())
        )


def _searched(line: Line) -> str:
    """Everything a clause is found by, in small letters."""
    entry, category = line.entry, line.category
    area = entry.area.name if entry.area else ""
    words = (category.code, category.name, category.pinyin, line.lead, entry.lead, area,
             *line.cooperators, entry.basis, entry.remark)  # fmt: skip
    return " ".join(words).lower()


def exported_rows(version: CatalogueVersion) -> list[dict[str, str]]:
    """An edition as its file has it: the rules, with names beside them."""
    return [{**row, **named(row)} for row in rows_of(version)]


def named(row: Mapping[str, str]) -> dict[str, str]:
    """A line's codes in words."""
    category = category_by_code(row["category"])
    area = area_by_code(row["area"]) if row["area"] else None
    helpers = [target_words(target) for target in row["cooperators"].split()]
    return {
        "category_name": category.name if category else "",
        "area_name": area.name if area else _("全市"),
        "lead_name": target_words(row["lead"]),
        "cooperator_names": _("、").join(helpers),
    }


# --- a try ---------------------------------------------------------------------------------


class TryForm(forms.Form):
    """A matter as far as it decides who leads."""

    category = CategoryField(label=gettext_lazy("分类"), widget=category_picker())
    area = AreaField(label=gettext_lazy("事发地点"), required=False, widget=area_picker())
    request_type = forms.ChoiceField(
        label=gettext_lazy("类型"),
        required=False,
        choices=[("", gettext_lazy("不限")), *RequestType.choices],
    )
    target = forms.CharField(
        label=gettext_lazy("被反映对象"),
        required=False,
        max_length=80,
        help_text=gettext_lazy("投诉、举报的是哪个单位或个人；不会派给被反映的单位自己"),
    )


@dataclass(frozen=True)
class ToldTry:
    """Who would lead and why; `considered` is everything that was weighed, what decided first."""

    proposal: Proposal | None
    considered: list[ToldClause]

    @property
    def length(self) -> str:
        """The limit of another law (R-058), where the clause has one."""
        if self.proposal is None or self.proposal.length is None:
            return ""
        return length_words(*self.proposal.length)


@dataclass(frozen=True)
class ToldClause:
    """A clause that was weighed, in a sentence; `category` is the class it speaks of."""

    weighed: Weighed
    words: str
    category: Category | None

    @property
    def tone(self) -> str:
        """What decided, what was refused, and what lost to something more exact."""
        if self.weighed.reason in _DECIDED:
            return "ok"
        return "" if self.weighed.reason in _OUTRANKED else "warn"


_DECIDED = (Reason.CHOSEN, Reason.BY_STREET, Reason.BY_DISTRICT)
_OUTRANKED = (Reason.WIDER_CLASS, Reason.WIDER_AREA, Reason.PRECEDENT_FIRST, Reason.EARLIER)


def told_try(explanation: Explanation) -> ToldTry:
    """What the catalogue says to a matter, in words."""
    return ToldTry(
        explanation.proposal,
        [
            ToldClause(
                weighed,
                weighed_words(weighed),
                category_by_code(weighed.clause.category) if weighed.clause else None,
            )
            for weighed in explanation.weighed
        ],
    )
