"""The first assessment scheme: the defaults, adopted by the system so that months can be scored.

Safe to repeat: once any scheme has been adopted the shipped file is never read again.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from evaluation.models import Scheme
from evaluation.rules import Rules
from hotline.core.actors import SYSTEM
from hotline.core.models import AuditEntry

FILE = Path(__file__).resolve().parent / "scheme.json"


def load_scheme(at: dt.datetime) -> int:
    """Adopt the shipped scheme where no scheme has been adopted; how many that were."""
    if Scheme.objects.adopted().exists():
        return 0
    shipped = json.loads(FILE.read_text(encoding="utf-8"))
    newest = Scheme.objects.order_by("-version").first()
    scheme = Scheme.objects.create(
        version=newest.version + 1 if newest else 1,
        name=shipped["name"],
        rules=Rules.from_json(shipped["rules"]).as_json(),
        valid_from=shipped["valid_from"],
        drafted_at=at,
        drafted_by=SYSTEM.reference,
        adopted_at=at,
        adopted_by=SYSTEM.reference,
    )
    AuditEntry.objects.create(
        at=at,
        action="scheme_adopted",
        actor=SYSTEM.reference,
        data={"scheme": scheme.version, "valid_from": scheme.valid_from, "shipped": True},
    )
    return 1
