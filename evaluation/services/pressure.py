"""Pressure on a requester: told to the hotline, and to nobody who could be the one who pressed."""

from __future__ import annotations

from django.utils.translation import gettext as _

from evaluation.models import PressureReport
from hotline.core.models import AuditEntry
from hotline.core.privacy.redact import extract_references
from intake.acts import Act
from intake.models import TicketRequester
from intake.services.registration import tidy

WORDS_LIMIT = 500


def write_pressure(
    a: Act, party: TicketRequester, kind: str, words: str, channel: str
) -> PressureReport:
    """Keep the clue, inside the act that writes the answers. No event and no notice tells of it:
    no unit and no district may learn that it exists (design §7)."""
    words = extract_references(tidy(words, WORDS_LIMIT, _("具体情况"), "pressure_words"))[0]
    report = PressureReport(
        ticket=a.ticket,
        requester_id=party.requester_id,
        kind=kind,
        words=words,
        channel=channel,
        told_at=a.at,
        written_by=a.actor.reference,
    )
    report.save(force_insert=True)
    AuditEntry.objects.create(
        at=a.at,
        action="pressure_reported",
        actor=a.actor.reference,
        number=a.ticket.number,
        data={"report": report.pk},
    )
    return report
