"""The tickets behind a number, over HTTP: any address of the ticket list, page by page."""

from __future__ import annotations

from django.http import QueryDict
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from hotline.core.api.pagination import PageForm, decode, page
from hotline.core.api.parsing import parameter_fault, read_query
from hotline.core.api.problems import InvalidInput
from hotline.core.api.schema import page_of, parameters_of
from hotline.core.api.views import ApiView
from hotline.core.violations import NotPermitted
from hotline.pages.filter_form import TicketFilterForm
from hotline.pages.filters import TicketFilter
from intake import serializers

_PAGING = frozenset(PageForm.base_fields)
# Newest first, whatever the page sorts by: a cursor stays where it is.
_NOT_ASKED = frozenset({"sort"})


class ListedTickets(ApiView):
    """What a list on a page holds: exactly the tickets that a number counts."""

    @extend_schema(
        operation_id="ticket_list_of_a_number",
        tags=["tickets"],
        summary=_("一个数字背后的工单，新的在前"),
        description=_(
            "看板、排名和指标上的数字都链接到工单列表；把那个地址的参数原样用在这里，得到同样的工单。"
            "只限工作人员登录后使用。"
        ),
        parameters=[
            *(one for one in parameters_of(TicketFilterForm) if one.name not in _NOT_ASKED),
            *parameters_of(PageForm),
        ],
        responses=page_of(serializers.TicketRowSerializer),
    )
    def get(self, request: Request) -> Response:
        if self.actor.kind != "staff":
            raise NotPermitted
        conditions, paging = _parted(request.query_params)
        asked, at = read_query(PageForm, paging), timezone.now()
        listed = TicketFilter(conditions, self.actor, at)
        _refuse_what_cannot_be_read(listed)
        tickets = listed.tickets()
        if asked["cursor"]:
            tickets = tickets.filter(id__lt=decode(asked["cursor"], int)[0])
        rows = tickets.order_by("-id").values("id", *serializers.ROW_COLUMNS)
        found = list(rows[: asked["limit"] + 1])
        return page(
            request, found, asked["limit"], lambda v: serializers.row(v, at), lambda v: [v["id"]]
        )


def _parted(query: QueryDict) -> tuple[QueryDict, QueryDict]:
    """What narrows the list, and what pages it."""
    conditions, paging = QueryDict(mutable=True), QueryDict(mutable=True)
    for name, values in query.lists():
        (paging if name in _PAGING else conditions).setlist(name, values)
    return conditions, paging


def _refuse_what_cannot_be_read(listed: TicketFilter) -> None:
    known = TicketFilterForm.base_fields.keys()
    faults = [
        parameter_fault(name, "unknown_parameter", str(_("没有这个参数。")))
        for name in listed.query
        if name not in known
    ]
    if listed.wanted is None:
        faults += [
            parameter_fault(name.strip("_"), error["code"] or "invalid", error["message"])
            for name, errors in listed.form.errors.get_json_data().items()
            for error in errors
        ]
    if faults:
        raise InvalidInput(faults, code="invalid_parameter")


def routes() -> list[URLPattern]:
    return [path("listed-tickets", ListedTickets.as_view(), name="api-listed-tickets")]
