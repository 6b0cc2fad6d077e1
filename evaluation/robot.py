"""The voice robot's conversation: what it says, and what a pressed key means.

Pure: no database and no telephone. A telephone system plays the words and tells what it heard; the
same function that it can try beforehand decides what that comes to. The robot says that it is a
machine, one key leads to a person at any time, it repeats a question once, and it never guesses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evaluation.models import CallOutcome, PressureKind, Satisfaction

PERSON_KEY, DECLINE_KEY = "0", "9"
# What a telephone system may have heard besides keys.
SILENCE, HANG_UP, NO_ANSWER, WRONG_NUMBER = "silence", "hang_up", "no_answer", "wrong_number"
_KEY = re.compile(r"[0-9*#]", re.ASCII)


class Ending(TextChoices):
    """How a conversation ended."""

    ANSWERED = "answered", gettext_lazy("三个问题都已回答")
    PERSON = "person", gettext_lazy("要求人工")
    NOT_UNDERSTOOD = "not_understood", gettext_lazy("没有听懂，转人工")
    DECLINED = "declined", gettext_lazy("不愿接受回访")
    HUNG_UP = "hung_up", gettext_lazy("中途挂断")
    NO_ANSWER = "no_answer", gettext_lazy("无人接听")
    WRONG_NUMBER = "wrong_number", gettext_lazy("号码错误")


# These leave the call to a person and are no attempt of the office.
FOR_A_PERSON = (Ending.PERSON, Ending.NOT_UNDERSTOOD)
# Who hangs up on a machine has refused nothing: somebody tries again on another half-day.
OUTCOMES = {
    Ending.ANSWERED: CallOutcome.CONNECTED,
    Ending.DECLINED: CallOutcome.DECLINED,
    Ending.HUNG_UP: CallOutcome.NO_ANSWER,
    Ending.NO_ANSWER: CallOutcome.NO_ANSWER,
    Ending.WRONG_NUMBER: CallOutcome.WRONG_NUMBER,
}


@dataclass(frozen=True)
class Question:
    """One question: its words without the keys, and the answer behind each key."""

    name: str
    words: str | Promise
    keys: Mapping[str, tuple[Any, str | Promise]]


_YES_NO = {"1": (True, gettext_lazy("是")), "2": (False, gettext_lazy("否"))}
# In this order; the fourth is asked of some and is no part of the score.
SCORED = (
    Question("contacted", gettext_lazy("承办单位是否联系过您？"), _YES_NO),
    Question("resolved", gettext_lazy("您反映的问题是否解决？"), _YES_NO),
    Question(
        "satisfaction",
        gettext_lazy("您对办理结果是否满意？"),
        {str(n): (one.value, one.label) for n, one in enumerate(Satisfaction, start=1)},
    ),
)
PRESSURE = Question(
    "pressure",
    gettext_lazy("是否有人要求您改变评价、撤回诉求或者不要再说？"),
    {
        "1": ("", gettext_lazy("没有")),
        **{str(n): (one.value, one.label) for n, one in enumerate(PressureKind, start=2)},
    },
)


@dataclass(frozen=True)
class Conversation:
    """A conversation so far. `place` is the question being asked; `ending` is None while it goes
    on."""

    questions: tuple[Question, ...]
    place: int = 0
    answers: Mapping[str, Any] = field(default_factory=dict)
    is_repeating: bool = False
    ending: Ending | None = None

    @property
    def question(self) -> Question:
        return self.questions[self.place]

    @property
    def is_complete(self) -> bool:
        """Whether everything that is scored has been answered (R-084)."""
        return all(question.name in self.answers for question in SCORED)

    def hear(self, sound: str) -> Conversation:
        """What follows from one key, a silence, or the end of the call. Raises ValueError for what
        cannot be heard, and when the conversation was over before."""
        if self.ending is not None:
            raise ValueError("the conversation is over")
        is_first = self == begin(asks_pressure=PRESSURE in self.questions)
        match sound:
            case "no_answer" | "wrong_number" if is_first:
                return replace(self, ending=Ending(sound))
            case "hang_up":
                # The scored answers are all there: what follows them is a favour.
                done = self.is_complete
                return replace(self, ending=Ending.ANSWERED if done else Ending.HUNG_UP)
            case "0":
                return replace(self, ending=Ending.PERSON)
            case "9":
                return replace(self, ending=Ending.DECLINED)
            case "silence":
                return self._misunderstand()
        if not _KEY.fullmatch(sound):
            raise ValueError(f"not a key: {sound[:20]}")
        if sound not in self.question.keys:
            return self._misunderstand()
        value, _label = self.question.keys[sound]
        answers = {**self.answers, self.question.name: value}
        if self.place + 1 == len(self.questions):
            return replace(self, answers=answers, is_repeating=False, ending=Ending.ANSWERED)
        return replace(self, place=self.place + 1, answers=answers, is_repeating=False)

    def _misunderstand(self) -> Conversation:
        """Once more the same question; then a person. Somebody who has answered what is scored is
        not kept for the rest."""
        if not self.is_repeating:
            return replace(self, is_repeating=True)
        done = self.is_complete
        return replace(self, ending=Ending.ANSWERED if done else Ending.NOT_UNDERSTOOD)


def begin(*, asks_pressure: bool) -> Conversation:
    """The telephone rings."""
    return Conversation((*SCORED, PRESSURE) if asks_pressure else SCORED)


def replay(heard: Iterable[str], *, asks_pressure: bool) -> Conversation:
    """What a whole call came to. Raises ValueError."""
    conversation = begin(asks_pressure=asks_pressure)
    for sound in heard:
        conversation = conversation.hear(sound)
    return conversation


# --- what it says ----------------------------------------------------------------------------


def opening(city: str) -> str:
    """Who calls, that it is a machine, and how to get away from it."""
    return _(
        "您好，这里是%(city)s12345热线的语音机器人，不是真人。想请您评价一件诉求的办理情况，"
        "只有三个问题。转人工请按%(person)s，不愿接受回访请按%(decline)s。"
    ) % {"city": city, "person": PERSON_KEY, "decline": DECLINE_KEY}


def asked(question: Question) -> str:
    """A question with its keys, as it is said."""
    keys = _("，").join(
        _("%(answer)s请按%(key)s") % {"answer": label, "key": key}
        for key, (_value, label) in question.keys.items()
    )
    return f"{question.words}{keys}{_('。')}"


def farewell(ending: Ending) -> str:
    """The last words; none where nobody listens."""
    if ending in FOR_A_PERSON:
        return _("好的，我们会安排工作人员给您打电话。再见。")
    if ending == Ending.DECLINED:
        return _("好的，不再打扰。再见。")
    if ending == Ending.ANSWERED:
        return _("谢谢您的评价。再见。")
    return ""
