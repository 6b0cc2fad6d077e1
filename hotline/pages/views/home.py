"""The first page after signing in: the place where this person's day begins."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from hotline.pages.doors import StaffRequest, staff_page
from hotline.pages.workplaces import home_of


@require_GET
@staff_page()
def home(request: StaffRequest) -> HttpResponse:
    """To the reader's own place of work; who has none is told so."""
    place = home_of(request.actor)
    return redirect(place.url) if place else render(request, "pages/no_workplace.html")
