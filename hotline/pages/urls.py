"""Addresses of the staff's pages."""

from __future__ import annotations

from django.urls import path

from hotline.pages.views import (
    callbacks,
    home,
    inbox,
    monthly,
    notices,
    options,
    registration,
    ticket,
    tickets,
    verbs,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("intake/new/", registration.registration, name="registration"),
    path("intake/new/caller/", registration.caller, name="registration_caller"),
    path("intake/new/choices/", registration.choices, name="registration_choices"),
    path("intake/new/draft/", registration.draft, name="registration_draft"),
    path("intake/new/draft/discard/", registration.discard, name="registration_discard"),
    path("intake/emergency/", registration.emergency, name="registration_emergency"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/updates/", inbox.updates, name="inbox_updates"),
    path("inbox/<int:pk>/sign/", inbox.sign, name="inbox_sign"),
    path("tickets/", tickets.ticket_list, name="tickets"),
    path("tickets/updates/", tickets.updates, name="ticket_updates"),
    path("tickets/export/", tickets.export, name="ticket_export"),
    path("tickets/find/", tickets.find, name="ticket_find"),
    path("tickets/<str:number>/", ticket.ticket_page, name="ticket"),
    path("tickets/<str:number>/requester/", ticket.requester, name="ticket_requester"),
    path("tickets/<str:number>/callback/", callbacks.callback, name="callback"),
    path("tickets/<str:number>/do/<slug:verb>/", verbs.do, name="ticket_verb"),
    path("tickets/<str:number>/do/<slug:verb>/draft/", verbs.draft, name="ticket_verb_draft"),
    path("callbacks/", callbacks.callback_list, name="callbacks"),
    path("monthly/", monthly.monthly, name="monthly"),
    path("notices/", notices.notices, name="notices"),
    path("notices/read/", notices.read, name="notices_read"),
    path("options/areas/", options.areas, name="area_options"),
]
