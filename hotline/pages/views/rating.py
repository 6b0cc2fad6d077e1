"""The page behind a rating link: three questions, no sign-in, nothing of the matter."""

from __future__ import annotations

import time

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from evaluation.forms.ratings import RatingPageForm
from evaluation.sampling import is_asked_of_pressure
from evaluation.services import answer_link, open_link
from hotline.core.actors import Actor
from hotline.core.text import InputRefused
from hotline.core.violations import Busy, IllegalMove, NotPermitted, NotVisible

# A link has 160 random bits; nobody mistypes one so often.
GUESSES_PER_MINUTE = 30
WINDOW_SECONDS = 60


class PublicRequest(HttpRequest):
    """A request of anybody, as the middleware completes it."""

    actor: Actor


@require_http_methods(["GET", "HEAD", "POST"])
def rating(request: PublicRequest, token: str) -> HttpResponse:
    """The requester rates once. What cannot be rated says why; a wrong address says nothing, and
    whoever tries many is sent away."""
    try:
        if request.actor.kind != "citizen":
            raise NotPermitted("staff_do_not_rate")
        return _rate(request, token)
    except NotVisible:
        return _unknown(request)
    except (IllegalMove, NotPermitted, Busy) as refusal:
        is_thanked = refusal.code == "rating_used" and request.method != "POST"
        context: dict[str, object] = {"refusal": refusal, "is_thanked": is_thanked}
        return _page(request, context, status=200 if is_thanked else refusal.status)


def _rate(request: PublicRequest, token: str) -> HttpResponse:
    at = timezone.now()
    link, ticket = open_link(token=token, at=at)
    data = request.POST if request.method == "POST" else None
    form = RatingPageForm(data, asks_pressure=is_asked_of_pressure(ticket, at))
    if data is not None and form.is_valid():
        try:
            answer_link(token=token, actor=request.actor, at=at, **form.cleaned_data)
            return redirect("rating", token)
        except InputRefused as refusal:
            form.add_error(refusal.field, refusal.sentence())
        except Busy:
            form.add_error(None, _("没有提交成功，请稍等几秒再按一次；您的回答还在页面上。"))
            return _page(request, {"form": form, "link": link}, status=Busy.status)
    return _page(request, {"form": form, "link": link}, status=422 if form.errors else 200)


def _unknown(request: PublicRequest) -> HttpResponse:
    """No such address. Only wrong ones are counted: a right one opens, whoever else is guessing
    behind the same connection."""
    minute = int(time.time()) // WINDOW_SECONDS
    address = request.META.get("REMOTE_ADDR", "")
    tried = cache.count(f"rating:{address}:{minute}", 2 * WINDOW_SECONDS)  # type: ignore[attr-defined]
    if tried > GUESSES_PER_MINUTE:
        response = _page(request, {"is_guessing": True}, status=429)
        response.headers["Retry-After"] = str(WINDOW_SECONDS)
        return response
    return _page(request, {"is_unknown": True}, status=404)


def _page(request: PublicRequest, context: dict[str, object], *, status: int) -> HttpResponse:
    response = render(request, "pages/rating.html", context, status=status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    # The address is the secret: no other site learns it. Under `no-referrer` a browser would send
    # the form itself with `Origin: null`, which the protection against forged posts refuses.
    response.headers["Referrer-Policy"] = "same-origin"
    return response
