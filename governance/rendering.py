"""What units are told about bulletins: these notices speak of a month, not of a ticket."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from intake.rendering import register_events

register_events({"bulletin_published": _("月度通报发布")})
