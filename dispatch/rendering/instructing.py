"""How leaders' instructions read in the timeline; their words stand on the ticket page alone."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from intake.rendering import register_events

register_events(
    {
        "instructed": gettext_lazy("领导批示"),
        "instruction_answered": gettext_lazy("答复批示"),
        "instruction_accepted": gettext_lazy("批示答复阅毕"),
        "instruction_sent_back": gettext_lazy("退回批示答复"),
    }
)
