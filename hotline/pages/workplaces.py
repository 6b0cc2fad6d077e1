"""Where each role works: the navigation, the doors and the home page read this one table."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.core.actors import Actor
from hotline.core.models import Role
from hotline.pages.doors import TICKET_ROLES
from hotline.pages.leader.kinds import LEADERS

REGISTRARS = frozenset({Role.AGENT, Role.CONTRACTOR, Role.DISPATCHER})
INBOX_ROLES = frozenset({Role.HANDLER, Role.MANAGER, Role.DISTRICT_SUPERVISOR})
CALLERS = frozenset({Role.CALLBACK_AGENT, Role.CITY_SUPERVISOR})
# Call-takers dispatch what they and the channels have registered; the authority rules as well.
DESK_PEOPLE = frozenset({Role.AGENT, Role.DISPATCHER, Role.CITY_SUPERVISOR})
# The tables are for those who answer for results; a call taker has no use for them.
TABLE_ROLES = TICKET_ROLES - {Role.AGENT, Role.CONTRACTOR}
# What stands beside the monthly table, by its tabs.
ASSESSMENT_PAGES = frozenset(
    {"schemes", "scheme", "scheme_new", "scheme_edit", "scheme_consult", "scheme_what_if"}
) | {"pleas", "contradictions", "pressure", "months", "month", "years", "year", "course"} | {
    "unit_history", "unit_why", "indicators", "indicator_trend", "indicator_dimensions",
    "bulletins", "bulletin", "bulletin_preview", "bulletin_publish",
}  # fmt: skip


@dataclass(frozen=True)
class Workplace:
    """A page somebody works at. `home_of` are the roles that begin their day there, `roles`
    those who may enter, `key` is the shortcut; `pages` are further addresses (by name) that belong
    to it."""

    name: str
    label: str | Promise
    url_name: str
    roles: frozenset[Role]
    home_of: frozenset[Role] = frozenset()
    query: str = ""
    key: str = ""
    pages: frozenset[str] = frozenset()

    @property
    def url(self) -> str:
        return reverse(self.url_name) + self.query


# In the order of the navigation; a person with several roles begins at the first that is a home.
WORKPLACES = (
    Workplace(
        "registration", _("登记"), "registration", REGISTRARS,
        home_of=frozenset({Role.AGENT, Role.CONTRACTOR}), key="n",
    ),
    Workplace(
        "desk", _("派单台"), "desk", DESK_PEOPLE,
        home_of=frozenset({Role.DISPATCHER}), key="g d",
    ),
    Workplace(
        "inbox", _("待办"), "inbox", INBOX_ROLES,
        home_of=frozenset({Role.HANDLER, Role.MANAGER}), key="g i",
    ),
    Workplace(
        "callbacks", _("回访"), "callbacks", CALLERS,
        home_of=frozenset({Role.CALLBACK_AGENT}), key="g c",
        pages=frozenset({"callback"}),
    ),
    Workplace(
        "tickets", _("工单"), "tickets", TICKET_ROLES, key="g t",
        pages=frozenset({"reports", "report_new", "report", "report_schedule", "report_run"}),
    ),
    Workplace("leader", _("领导台"), "leader", LEADERS, key="g b"),
    # Before the tables, whose page it is for everybody else.
    Workplace(
        "pleas", _("剔除与申诉"), "pleas", frozenset({Role.CITY_SUPERVISOR}), key="g p",
        pages=frozenset({"pleas"}),
    ),
    Workplace(
        "dashboard", _("看板"), "dashboard", TABLE_ROLES, key="g o", pages=frozenset({"wall"})
    ),
    Workplace(
        "monthly", _("考评"), "monthly", TABLE_ROLES, key="g m",
        home_of=frozenset({Role.DISTRICT_SUPERVISOR, Role.CITY_SUPERVISOR, Role.AUDITOR}),
        pages=ASSESSMENT_PAGES,
    ),
    Workplace(
        "catalogue", _("派单目录"), "catalogue", frozenset(Role), key="g l",
        home_of=frozenset({Role.ADMINISTRATOR}), pages=frozenset({"duties"}),
    ),
    Workplace(
        "guide", _("分类指引"), "guide", frozenset(Role), key="g k",
        home_of=frozenset({Role.KNOWLEDGE_EDITOR}),
    ),
)  # fmt: skip


def workplaces_of(actor: Actor) -> list[Workplace]:
    """The pages this person may enter, in the order of the navigation."""
    return [place for place in WORKPLACES if actor.has(*place.roles)]


def home_of(actor: Actor) -> Workplace | None:
    """Where this person's day begins; None for somebody without a place of work."""
    own = workplaces_of(actor)
    return next((place for place in own if actor.has(*place.home_of)), own[0] if own else None)
