"""What an agent has typed survives a crash, a closed tab and a lost network."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from hotline.core.actors import Actor
from hotline.core.violations import NotPermitted
from intake.models import Draft

FORM_LIMIT = 40


def _staff(actor: Actor) -> int:
    """Only a person at a keyboard has drafts."""
    if actor.kind != "staff" or actor.id is None:
        raise NotPermitted
    return actor.id


def save_draft(*, actor: Actor, at: dt.datetime, form: str, content: dict[str, Any]) -> Draft:
    """Keep the form's fields; the last writer wins, as one person types into one form."""
    draft, _created = Draft.objects.update_or_create(
        staff_id=_staff(actor),
        form=form[:FORM_LIMIT],
        defaults={"content": json.dumps(content, ensure_ascii=False), "saved_at": at},
    )
    return draft


def load_draft(*, actor: Actor, form: str) -> tuple[dict[str, Any], dt.datetime] | None:
    draft = Draft.objects.filter(staff_id=_staff(actor), form=form).first()
    return (json.loads(draft.content), draft.saved_at) if draft else None


def discard_draft(*, actor: Actor, form: str) -> None:
    Draft.objects.filter(staff_id=_staff(actor), form=form).delete()
