"""Refusals of governance, as sentences."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, str | Promise] = {
    "bulletin_month_open": _("%(month)s 现在是“%(state)s”，封账之后才能发布通报。"),
    "bulletin_unchanged": _(
        "%(month)s 第 %(edition)s 版通报已经发布，之后没有变化，不能重复发布。"
    ),
    "bulletin_moved_on": _("您核对之后，%(month)s 的通报内容有变化，请重新核对再发布。"),
    "ranking_not_found": _("没有 %(month)s 的排名：还没有封账，或者还没有发布。"),
}
