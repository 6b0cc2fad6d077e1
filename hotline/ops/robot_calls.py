"""A telephone robot and the people who pick up, played against a running site.

It speaks to the REST API as any supplier's robot would: fetches the script and the calls, lets an
invented person press keys, sends what was heard. No telephone is involved.
"""

from __future__ import annotations

import json
import random
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

TIMEOUT_SECONDS = 10
# How people behave toward a machine, in percent; invented, to show every ending.
_MANNERS = {
    "answers": 60,
    "asks for a person": 10,
    "does not understand": 6,
    "declines": 4,
    "hangs up": 10,
    "does not pick up": 10,
}


class SiteRefused(Exception):
    """The site answered with a refusal; its own sentence."""


@dataclass(frozen=True)
class Played:
    """One call that was played: what was heard and how the site judged it."""

    number: str
    heard: list[str]
    ending: str
    is_for_a_person: bool


def play(site: str, key: str, *, calls: int, rng: random.Random) -> Iterator[Played]:
    """Call everybody on the list, at most so many; each call once. Raises SiteRefused."""
    listed = _ask(f"{site}/api/v1/callbacks?limit={calls}", key)
    for call in listed["calls"]:
        heard = pick_up(listed["script"], asks_pressure=call["asks_pressure"], rng=rng)
        told = _ask(
            f"{site}/api/v1/callbacks/{call['number']}/robot",
            key,
            {"party": call["party"], "heard": ",".join(heard)},
        )
        yield Played(call["number"], heard, told["ending"], told["is_for_a_person"])


def pick_up(script: dict[str, Any], *, asks_pressure: bool, rng: random.Random) -> list[str]:
    """What the robot hears from somebody in one call."""
    questions = [*script["questions"], *([script["pressure"]] if asks_pressure else [])]
    keys = [rng.choice(question["keys"])["key"] for question in questions]
    stopped = rng.randrange(len(script["questions"]))
    match rng.choices(list(_MANNERS), list(_MANNERS.values()))[0]:
        case "does not pick up":
            return ["no_answer"]
        case "declines":
            return [script["decline_key"]]
        case "asks for a person":
            return [*keys[:stopped], script["person_key"]]
        case "hangs up":
            return [*keys[:stopped], "hang_up"]
        case "does not understand":
            return [*keys[:stopped], "silence", "#"]
    # Now and then a question has to be said twice.
    return [*(["silence"] if rng.random() < 0.2 else []), *keys]


def _ask(address: str, key: str, body: dict[str, Any] | None = None) -> Any:
    headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        headers |= {"Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex}
    request = urllib.request.Request(address, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        said = json.load(error) if error.headers.get_content_subtype().endswith("json") else {}
        raise SiteRefused(said.get("detail", f"HTTP {error.code}")) from error
    except OSError as error:
        raise SiteRefused(str(error)) from error
