"""What no log may keep: the token of a rating link, which is all that opens it."""

from __future__ import annotations

import logging
import re

_TOKEN = re.compile(r"(/rating(?:/|%2f)+)[^\s\"'<>]+", re.IGNORECASE)


def without_tokens(text: str) -> str:
    """The text with what follows `/rating/` cut off."""
    return _TOKEN.sub(r"\1…", text)


class WithoutTokens(logging.Filter):
    """Cuts the tokens out of every record before it is written anywhere."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        cut = without_tokens(said)
        if cut != said:
            record.msg, record.args = cut, ()
        return True
