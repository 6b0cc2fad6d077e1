"""Refusals that a person can read.

A service refuses with a code and parameters; the sentence is made where it is shown, in the
reader's language. Every app adds its own codes from its `violations.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, str | Promise] = {
    "not_found": _("没有这件工单，或者您无权查看。"),
    "not_permitted": _("您的身份不能做这一步。"),
    "stale_version": _(
        "这件工单刚被%(who)s改动（%(what)s），请看过最新内容再提交。您填写的内容还在页面上。"
    ),
    "busy": _("这件工单正由别人处理，请稍等几秒再试。"),
    "no_time_limit": _("没有配置“%(kind)s”的时限（%(level)s），请联系管理员。"),
    "text_required": _("请填写%(field)s。"),
    "text_too_long": _("%(field)s共%(length)s字，最多%(limit)s字，请删减后再提交。"),
    "masked_value": _("%(field)s里有打码内容（*），不能写回，请填写完整内容。"),
    "unit_not_in_force": _("“%(unit)s”已撤并或尚未启用，请另选单位。"),
    "identity_reason_required": _("查看诉求人信息须说明理由。"),
}


def register_sentences(sentences: Mapping[str, str | Promise]) -> None:
    """Add an app's refusals; a code belongs to one app."""
    for code, sentence in sentences.items():
        if SENTENCES.setdefault(code, sentence) is not sentence:
            raise ValueError(f"the refusal {code} is registered twice")


class RuleViolation(Exception):
    """An office rule forbids the act. Nothing has been changed.

    `code` names the rule, `field` the input at fault (if one is), `parameters` fill the sentence.
    """

    status = 422

    def __init__(self, code: str, *, field: str | None = None, **parameters: Any) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.parameters = parameters

    def sentence(self) -> str:
        return str(SENTENCES[self.code]) % {"field": self.field, **self.parameters}

    def __str__(self) -> str:
        return self.sentence()


class NotVisible(RuleViolation):
    """The thing does not exist for this actor."""

    status = 404

    def __init__(self) -> None:
        super().__init__("not_found")


class NotPermitted(RuleViolation):
    """The actor's role may not do this at all."""

    status = 403

    def __init__(self, code: str = "not_permitted", **parameters: Any) -> None:
        super().__init__(code, **parameters)


class IllegalMove(RuleViolation):
    """The ticket's state or a facet does not allow the act now. `number` names the ticket, so
    that the answer can list what is allowed."""

    status = 409

    def __init__(self, code: str, *, number: str = "", **parameters: Any) -> None:
        super().__init__(code, **parameters)
        self.number = number


class StaleVersion(RuleViolation):
    """Somebody changed the ticket since the actor looked at it."""

    status = 412

    def __init__(self, *, who: str, what: str) -> None:
        super().__init__("stale_version", who=who, what=what)


class Busy(RuleViolation):
    """Somebody holds the ticket's lock; try again in a moment."""

    status = 409

    def __init__(self) -> None:
        super().__init__("busy")
