"""Requesters who do not wait to be called: they answer behind a link, or rate where they filed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from evaluation import addresses
from evaluation import services as evaluation
from hotline.core.actors import Actor
from hotline.ops.simulation.callers import answer_of, conclude, said
from hotline.ops.simulation.world import Life, World

_CITIZEN = Actor(kind="citizen")


def plan_own_answer(world: World, life: Life, at: dt.datetime) -> None:
    """The unit has replied: who came through a channel of their own may answer there before anybody
    calls, most of them within hours."""
    if life.client is None:
        return
    course = world.odds.own_answer.draw()
    if course == "none":
        return
    within = dt.timedelta(hours=min(40.0, world.rng.expovariate(1 / 3.0)))
    world.plan(course, at + world.minutes(5, 30) + within, life, series=life.series)


def open_link(world: World, life: Life, at: dt.datetime, series: int) -> None:
    """The channel gives its user a link; a minute later the answers are in, or never."""
    if not _is_awaited(life, series):
        return
    assert life.client is not None
    link = evaluation.give_link(number=life.number, actor=life.client, at=at)
    token = addresses.token_of(link)
    if token is not None and world.odds.link_used.draw():
        world.plan("answer_link", at + world.minutes(1, 6), life, series=series, token=token)


def answer_link(world: World, life: Life, at: dt.datetime, series: int, token: str) -> None:
    """The three questions on the page behind the link."""
    if _is_awaited(life, series):
        _answer(world, life, at, evaluation.answer_link, token=token, actor=_CITIZEN)


def rate(world: World, life: Life, at: dt.datetime, series: int) -> None:
    """一事一评, where the matter was brought in (R-089)."""
    if _is_awaited(life, series):
        _answer(world, life, at, evaluation.rate, number=life.number, actor=life.client)


def _answer(world: World, life: Life, at: dt.datetime, service: Any, **whose: Any) -> None:
    answer = answer_of(world, life, at)
    service(at=at, **whose, **said(world, life, at, answer))
    conclude(world, life, at, answer)


def _is_awaited(life: Life, series: int) -> bool:
    """Still to be asked about the last reply; where others joined, the office asks everybody."""
    return life.state == "callback" and series == life.series and not life.has_echoes
