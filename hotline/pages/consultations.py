"""Whom a draft scheme was put before, as pages show it and write it down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from evaluation.forms.schemes import ConsultationForm
from evaluation.models import Consultation, Scheme
from evaluation.services.schemes import record_consultation
from hotline.core.actors import Actor
from hotline.core.violations import RuleViolation


@dataclass(frozen=True)
class ShownRecord:
    """Whom a scheme was put before, who wrote it down, and whether its rules were changed since."""

    consultation: Consultation
    writer: str
    is_outdated: bool


def awaited(records: Iterable[Consultation], today: dt.date) -> dict[str, Any]:
    """Who was asked until a day that is over and whose answer nobody has written down yet; empty
    when there is none."""
    spans = {(one.party, one.began_on, one.ended_on): "" for one in records}
    for one in records:
        spans[one.party, one.began_on, one.ended_on] += one.summary
    over = [span for span, said in spans.items() if not said and span[2] < today]
    return dict(zip(("party", "began_on", "ended_on"), min(over, default=()), strict=False))


def store_consultation(
    form: ConsultationForm, scheme: Scheme, *, actor: Actor, at: dt.datetime
) -> bool:
    """Write down whom was asked; False where it cannot be, which the form then says."""
    if not form.is_valid():
        return False
    try:
        record_consultation(scheme=scheme, actor=actor, at=at, **form.cleaned_data)
    except RuleViolation as refusal:
        if refusal.status in (403, 404):
            raise
        field = refusal.field if refusal.field in form.fields else None
        form.add_error(field, refusal.sentence())
        return False
    return True
