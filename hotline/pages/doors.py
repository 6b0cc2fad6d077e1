"""Who may enter a page, and how a refusal of a service becomes one."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from hotline.core.actors import READ_ALL_ROLES, UNIT_ROLES, Actor
from hotline.core.models import Role, Staff
from hotline.core.violations import NotPermitted, NotVisible
from intake.models import Ticket
from intake.own_affairs import readable_by

# Everybody who reads tickets at all; an administrator and a knowledge editor see no content.
TICKET_ROLES = READ_ALL_ROLES | UNIT_ROLES | {Role.DISTRICT_SUPERVISOR}


class StaffRequest(HttpRequest):
    """A request of a signed-in person, as the middleware completes it."""

    actor: Actor
    user: Staff
    htmx: HtmxDetails


View = Callable[..., HttpResponseBase]


def staff_page(*roles: str) -> Callable[[View], View]:
    """A page for people in one of these roles (any signed-in person when none is named).

    Answers 403 to others, 404 where a service says that the thing is not visible.
    """

    def wrap(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if roles and not request.actor.has(*roles):
                raise PermissionDenied
            try:
                return view(request, *args, **kwargs)
            except NotVisible as refusal:
                raise Http404 from refusal
            except NotPermitted as refusal:
                raise PermissionDenied from refusal

        return guarded

    return wrap


def visible_ticket(number: str, actor: Actor) -> Ticket:
    """The ticket with what a page shows of it. Raises NotVisible."""
    try:
        return Ticket.objects.visible_to(actor).for_list().get(number=number)
    except Ticket.DoesNotExist:
        raise NotVisible from None


def readable_ticket(number: str, actor: Actor) -> Ticket:
    """The same, also for a unit that has lost it and in whose result it counts.

    Raises NotVisible.
    """
    try:
        return readable_by(actor).for_list().get(number=number)
    except Ticket.DoesNotExist:
        raise NotVisible from None


def next_url(request: HttpRequest, default: str, *args: str) -> str:
    """Where to go after an act: where the form says it came from, never off the site."""
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return wanted
    return resolve_url(default, *args)
