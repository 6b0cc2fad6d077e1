"""What people type or paste, made fit to keep: one spelling, nothing invisible, a known length.

Removed without a word, because they come along unseen when text is pasted from a chat, a web page
or an address book, mean nothing, and no person could find them to delete them:

* marks and overrides of writing direction (they can make a number or a name read backwards);
* zero-width spaces, joiners and byte-order marks (they split words for every search); a joiner
  inside an emoji stays, or 👨‍👩‍👧 would fall into three people;
* tag characters and all but the first of a pile of variation selectors (a hiding place for text);
* spaces and line breaks at both ends. Every kind of line break becomes a plain new line.

Refused, because they say that the bytes were never this text (a wrong encoding, a binary file, a
broken client) and dropping them would keep a mutilated matter without anybody knowing:

* control characters other than tab and line breaks, halves of surrogate pairs, non-characters;
* more than 30 combining marks on one letter (no script needs them; normalising them costs the
  square of their number);
* text that is empty, or only looks like something, or is longer than the field takes.

Everything here takes time in proportion to the text, also for a hostile megabyte.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.core.violations import RuleViolation, register_sentences

MOST_MARKS_ON_ONE_LETTER = 30  # Unicode's own bound for text that can be handled as a stream

_LINE_BREAKS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_NOT_TEXT = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_EMOJI = "\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\u3030\u303d\U0001f000-\U0001faff"
_STRAY_JOINER = re.compile(f"(?<![{_EMOJI}])(?<![{_EMOJI}]\ufe0f)\u200d|\u200d(?![{_EMOJI}])")
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_PILED_SELECTORS = re.compile(f"([{_SELECTORS}])[{_SELECTORS}]+")
# Wide ranges that hold every combining mark; Chinese text has none of them, so the slow look at
# single characters is for others only.
_MANY_POSSIBLE_MARKS = re.compile(
    "[\u0300-\u1fff\u20d0-\u20ff\u2cef-\u2dff\u302a-\u302f\u3099\u309a\ua66f-\uabff\ufb1e"
    f"\ufe20-\ufe2f\U000101fd-\U0001f000]{{{MOST_MARKS_ON_ONE_LETTER + 1},}}"
)
_VISIBLE = re.compile(f"[^\\s\u115f\u1160\u2800\u3164\uffa0\u200d{_SELECTORS}]")

register_sentences(
    {
        "text_not_text": _(
            "%(field)s第%(position)s个字符是不可见的控制字符（%(code_point)s），请删除后再提交。"
        ),
        "text_piled_marks": _("%(field)s第%(position)s个字符处叠加的符号过多，请删除后再提交。"),
    }
)


class InputRefused(RuleViolation, ValueError):
    """Something typed that cannot be kept, with the code and the facts its sentence needs.

    `field` is the input's name for the machine, `label` what the reader calls it.
    """

    def __init__(
        self, code: str, *, field: str, label: str | Promise | None = None, **parameters: Any
    ) -> None:
        super().__init__(code, field=field, **parameters)
        self.parameters["field"] = label or field


def clean(text: str, max_length: int, field: str, *, label: str | Promise | None = None) -> str:
    """The text as it is kept: visible, in one spelling (NFC), at most `max_length` characters.

    Raises InputRefused `text_required`, `text_too_long` (with `length` and `limit`),
    `text_not_text` or `text_piled_marks` (both with the `position`, counted from 1).
    """
    broken = _NOT_TEXT.search(text)
    if broken:
        raise InputRefused(
            "text_not_text",
            field=field,
            label=label,
            position=broken.start() + 1,
            code_point=f"U+{ord(broken.group()):04X}",
        )
    kept = without_invisible_marks(_LINE_BREAKS.sub("\n", text))
    piled = _pile_of_marks(kept)
    if piled is not None:
        raise InputRefused("text_piled_marks", field=field, label=label, position=piled + 1)
    kept = unicodedata.normalize("NFC", kept).strip()
    if not _VISIBLE.search(kept):
        raise InputRefused("text_required", field=field, label=label)
    if len(kept) > max_length:
        raise InputRefused(
            "text_too_long", field=field, label=label, length=len(kept), limit=max_length
        )
    return kept


def without_invisible_marks(text: str) -> str:
    """The text without direction marks, zero-width characters and hidden tags; emoji stay whole."""
    text = _INVISIBLE.sub("", text)
    text = _STRAY_JOINER.sub("", text)
    return _PILED_SELECTORS.sub(r"\1", text)


def _pile_of_marks(text: str) -> int | None:
    """Where more combining marks stand on one letter than any script needs."""
    for stretch in _MANY_POSSIBLE_MARKS.finditer(text):
        marks = 0
        for position in range(stretch.start(), stretch.end()):
            marks = marks + 1 if unicodedata.combining(text[position]) else 0
            if marks > MOST_MARKS_ON_ONE_LETTER:
                return position
    return None
