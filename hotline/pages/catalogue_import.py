"""A new edition of the catalogue from a table: upload, look at what changes, publish."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import TextChoices
from django.http import QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch import spreadsheets
from dispatch.models import CatalogueVersion
from dispatch.rendering.catalogue import finding_words
from dispatch.services.catalogue import (
    Finding,
    Row,
    check_rows,
    gaps_and_conflicts,
    last_published,
    make_draft,
    preview,
    read_rows,
    refill_draft,
)
from hotline.core.actors import Actor
from hotline.core.violations import RuleViolation
from hotline.core.working_time import TimeUnit
from hotline.pages.catalogue import COLUMNS, named, names_a_document
from intake.models import Level, Urgency
from knowledge.models import Category, category_by_code


@dataclass(frozen=True)
class ToldFinding:
    """Something to mend or to know, in words, with the line of the file or the class."""

    finding: Finding
    words: str
    category: Category | None = None

    @property
    def row(self) -> int:
        return self.finding.row


class UploadForm(forms.Form):
    """A table in a file."""

    file = forms.FileField(
        label=gettext_lazy("表格文件"),
        widget=forms.FileInput({"accept": ".xlsx,.csv"}),
        help_text=gettext_lazy(
            ".xlsx 或 .csv。先导出现行目录，在表格里改好再导入；写着“说明”和“名称”的列只供阅读。"
        ),
    )
    note = forms.CharField(
        label=gettext_lazy("改动说明"),
        required=False,
        max_length=200,
        widget=forms.TextInput({"autocomplete": "off"}),
    )


class Upload:
    """A file on its way to a draft. Nothing is stored while it has errors."""

    def __init__(
        self,
        data: QueryDict | None = None,
        files: MultiValueDict[str, Any] | None = None,
        draft: CatalogueVersion | None = None,
    ) -> None:
        self.form = UploadForm(data, files)
        self.draft = draft
        self.findings: list[ToldFinding] = []
        self.row_count = 0

    @property
    def errors(self) -> list[ToldFinding]:
        return [told for told in self.findings if told.finding.is_error]

    @property
    def warnings(self) -> list[ToldFinding]:
        return [told for told in self.findings if not told.finding.is_error]

    def store(self, *, actor: Actor, at: dt.datetime) -> CatalogueVersion | None:
        """The draft with the table's rows: a new one, or the one being worked on; None when the
        table has errors, which are then told."""
        if not self.form.is_valid():
            return None
        file = self.form.cleaned_data["file"]
        try:
            table = spreadsheets.read(file, file.name, COLUMNS)
            rows = read_rows([_mended(line) for line in table.rows], first=table.first)
            self._look_at(rows, timezone.localdate(at))
            if self.errors or not rows:
                return None
            if self.draft is not None:
                return refill_draft(draft=self.draft, rows=rows, actor=actor, at=at)
            return make_draft(actor=actor, at=at, note=self.form.cleaned_data["note"], rows=rows)
        except RuleViolation as refusal:
            if refusal.status in (403, 404):
                raise
            field = refusal.field if refusal.field in self.form.fields else None
            self.form.add_error(field, refusal.sentence())
            return None

    def _look_at(self, rows: Sequence[Row], on: dt.date) -> None:
        self.row_count = len(rows)
        if not rows:
            self.form.add_error("file", _("表头下面没有内容。"))
        classes = {row.number: category_by_code(row.category) for row in rows}
        self.findings = [
            ToldFinding(finding, finding_words(finding), classes.get(finding.row))
            for finding in check_rows(rows, on=on)
        ]


def _mended(line: dict[str, str]) -> dict[str, str]:
    """A class's code has an even number of digits: where one is missing, a spreadsheet program took
    the code for a number and dropped its leading zero."""
    code = line["category"]
    is_cut = code.isdecimal() and len(code) % 2
    return {**line, "category": f"0{code}"} if is_cut else line


class PublishForm(forms.Form):
    """From which day a draft is to hold."""

    valid_from = forms.DateField(
        label=gettext_lazy("施行日期"),
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )


def drafts() -> list[CatalogueVersion]:
    """What is being prepared, the newest first."""
    return list(CatalogueVersion.objects.filter(published_at=None).order_by("-number"))


def draft_numbered(number: str) -> CatalogueVersion:
    """The draft with this number. Raises Http404 when there is none, or it is one no more."""
    wanted = int(number) if number.isdecimal() and len(number) < 10 else -1
    return get_object_or_404(CatalogueVersion, number=wanted, published_at=None)


def earliest_first_day(today: dt.date) -> dt.date:
    """The first day that the next edition may have: an edition holds for a day at least."""
    before = last_published()
    if before is None or before.valid_from is None:
        return today
    return max(today, before.valid_from + dt.timedelta(days=1))


# --- what a draft would change --------------------------------------------------------------

# Beside some codes, what they mean stands in a column of its own; others have a label.
_SHOWN_AS = {"lead": "lead_name", "cooperators": "cooperator_names"}
_LABELLED: dict[str, type[TextChoices]] = {
    "level": Level, "urgency": Urgency, "limit_unit": TimeUnit,
}  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """One column of a line, before and after."""

    column: str
    before: str
    after: str


@dataclass(frozen=True)
class ShownLine:
    """A line of the preview: which class and area, and what it says or says otherwise."""

    line: dict[str, str]
    differences: tuple[Difference, ...] = ()

    @property
    def is_founded(self) -> bool:
        return names_a_document(self.line["basis"])


@dataclass(frozen=True)
class ShownPreview:
    against: CatalogueVersion | None
    added: list[ShownLine]
    changed: list[ShownLine]
    removed: list[ShownLine]

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.changed or self.removed)


def shown_preview(draft: CatalogueVersion) -> ShownPreview:
    """What publishing the draft would change, in words."""
    found = preview(draft)
    return ShownPreview(
        found.against,
        added=[ShownLine(_in_words(line)) for line in found.added],
        changed=[
            ShownLine(
                _in_words(change.after),
                tuple(
                    Difference(
                        str(COLUMNS[name]), _cell(change.before, name), _cell(change.after, name)
                    )
                    for name in change.columns
                ),
            )
            for change in found.changed
        ],
        removed=[ShownLine(_in_words(line)) for line in found.removed],
    )


def _in_words(line: dict[str, str]) -> dict[str, str]:
    return {**line, **named(line)}


def _cell(line: dict[str, str], column: str) -> str:
    value = line[column]
    if value and column in _LABELLED:
        return str(_LABELLED[column](value).label)
    return _in_words(line)[_SHOWN_AS.get(column, column)]


def told_gaps(version: CatalogueVersion, on: dt.date) -> list[ToldFinding]:
    """What an edition leaves open or has in conflict, with the class each is about."""
    entries = dict(version.entries.values_list("id", "category__code"))
    return [
        ToldFinding(
            finding,
            finding_words(finding),
            category_by_code(finding.parameters.get("category") or entries.get(finding.row, "")),
        )
        for finding in gaps_and_conflicts(version, on=on)
    ]
