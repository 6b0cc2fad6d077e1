"""What units are told about months: these notices speak of a month, not of a ticket."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from intake.rendering import register_events

register_events(
    {
        "month_drafted": _("月度成绩公示"),
        "month_closed": _("月度成绩封账"),
        "erratum_published": _("月度成绩勘误"),
        "score_appeal_ruled": _("月度成绩申诉裁定"),
        "talk_due": _("月度排名末位，将被约谈"),
        "talk_recorded": _("约谈登记"),
    }
)
