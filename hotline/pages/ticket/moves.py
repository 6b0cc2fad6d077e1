"""The buttons of the ticket page: what the registry allows, less what the facts rule out."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.pages.ticket.chances import is_open
from hotline.pages.ticket.facts import Facts
from intake import verbs
from intake.verbs import Verb

# A single letter per common move (beside the buttons' own words).
_KEYS = {
    "sign": "s", "sign_part": "s", "reply": "e", "hand_in": "e", "dispatch": "d", "note": "i",
    "contact": "c", "callback": "v", "return_to_desk": "b", "facts_received": "f",
}  # fmt: skip
_DANGEROUS = ("withdraw", "recall", "object", "release")
# Behind “更多”, under the part of the work they belong to; every other move stands in the bar.
_HANDLING, _TOGETHER, _TIME, _OBJECTION = _("办理"), _("协同"), _("时限"), _("异议")
_ASSESSMENT = _("考评")
_MORE: dict[str, str | Promise] = {
    **dict.fromkeys(("amend", "merge_into", "withdraw", "recall", "instruct"), _HANDLING),
    **dict.fromkeys(("consult", "order_onsite", "pass_to_liaison"), _TOGETHER),
    **dict.fromkeys(("ask_cooperation", "delegate", "release", "escalate"), _TOGETHER),
    **dict.fromkeys(("ask_extension", "ask_facts", "hold", "clear_hold"), _TIME),
    **dict.fromkeys(("object", "make_precedent"), _OBJECTION),
    **dict.fromkeys(("ask_exclusion", "appeal"), _ASSESSMENT),
    **dict.fromkeys(("grant_exclusion", "refuse_exclusion"), _ASSESSMENT),
    **dict.fromkeys(("uphold_appeal", "reject_appeal"), _ASSESSMENT),
}
_GROUPS = (_HANDLING, _TOGETHER, _TIME, _OBJECTION, _ASSESSMENT)
# So few need no second place to look in.
FEW = 4


@dataclass(frozen=True)
class Move:
    """A button: `is_press` when it needs nothing but the press."""

    name: str
    label: str | Promise
    url: str
    is_press: bool
    is_main: bool
    is_dangerous: bool
    key: str


@dataclass(frozen=True)
class MoveGroup:
    """The moves of one part of the work."""

    label: str | Promise
    moves: list[Move]


@dataclass(frozen=True)
class MoveBar:
    """The moves that can succeed now: those at hand, the main one first, and the rest by group."""

    at_hand: list[Move]
    more: list[MoveGroup]

    def __bool__(self) -> bool:
        return bool(self.at_hand or self.more)


def moves(facts: Facts) -> MoveBar:
    """The moves that can succeed now."""
    allowed = verbs.allowed_for(facts.ticket, facts.actor)
    number = facts.ticket.number
    found = [verb for verb in allowed if is_open(verb.name, facts)]
    # Signing first of all: a unit asked for help has nothing else to do before it.
    found.sort(key=lambda verb: (verb.name != "sign_part", verb.name in _MORE))
    at_hand = found if len(found) <= FEW else [verb for verb in found if verb.name not in _MORE]
    behind = [verb for verb in found if verb not in at_hand]
    groups = [
        MoveGroup(
            label, [_move(v, number, is_main=False) for v in behind if _MORE[v.name] is label]
        )
        for label in _GROUPS
    ]
    return MoveBar(
        at_hand=[_move(verb, number, is_main=n == 0) for n, verb in enumerate(at_hand)],
        more=[group for group in groups if group.moves],
    )


def _move(verb: Verb, number: str, *, is_main: bool) -> Move:
    is_callback = verb.name == "callback"
    url = reverse("callback", args=[number]) if is_callback else verb_url(verb, number)
    return Move(
        name=verb.name,
        label=verb.label,
        url=url,
        is_press=not verb.form.base_fields and not is_callback,
        is_main=is_main and verb.name != "note" and verb.name not in _MORE,
        is_dangerous=verb.name in _DANGEROUS,
        key=_KEYS.get(verb.name, ""),
    )


def verb_url(verb: Verb, number: str) -> str:
    return reverse("ticket_verb", args=[number, verb.name])
