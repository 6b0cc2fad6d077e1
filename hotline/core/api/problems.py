"""Refusals as RFC 9457 problem details, with sentences a person can read."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.signals import got_request_exception
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest
from django.http.request import UnreadablePostError
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response

from hotline.core.violations import Busy, RuleViolation, register_sentences

logger = logging.getLogger("hotline.api")

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 1
_REQUEST_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)
_LOCK_TIMEOUT, _STATEMENT_TIMEOUT = "55P03", "57014"

TITLES = {
    400: _("请求有误"),
    401: _("需要身份验证"),
    403: _("没有权限"),
    404: _("没有找到"),
    405: _("不支持这个方法"),
    406: _("不支持这种返回格式"),
    409: _("现在不能这样做"),
    412: _("内容已被改动"),
    413: _("内容过大"),
    415: _("不支持这种内容格式"),
    422: _("内容不合要求"),
    429: _("调用过于频繁"),
    500: _("系统出错"),
    503: _("暂时无法服务"),
}

register_sentences(
    {
        "invalid_input": _("提交的内容有 %(count)s 处不合要求，见 errors。"),
        "invalid_parameter": _("地址中的参数有 %(count)s 处不合要求，见 errors。"),
        "request_in_flight": _("同一个 Idempotency-Key 的请求还在处理，请稍后重试。"),
        "idempotency_key_required": _("请在请求头 Idempotency-Key 中给出本次登记的唯一标识。"),
        "idempotency_key_invalid": _("Idempotency-Key 须为 1 至 128 个可见的 ASCII 字符。"),
        "idempotency_key_reused": _("这个 Idempotency-Key 已用于另一个内容不同的请求。"),
        "if_match_invalid": _('If-Match 须为工单版本，例如 "3"。'),
        "cursor_invalid": _("cursor 无效，请使用上一页返回的 next。"),
        "too_large": _("请求内容过大，请删减后再提交。"),
        "unreadable": _("请求没有完整送达，请重新提交。"),
        "unavailable": _("系统繁忙或正在恢复，请稍后重试。"),
        "internal_error": _("系统出错，已记录（%(request_id)s）。请稍后重试，或把编号告诉管理员。"),
    }
)
_NOT_FOUND = _("没有这个地址。")
_NOT_PERMITTED = _("您的身份不能做这一步。")


class BadRequest(RuleViolation):
    """The request itself is malformed, whatever it is about."""

    status = 400


class TooLarge(RuleViolation):
    status = 413

    def __init__(self) -> None:
        super().__init__("too_large")


class Unavailable(RuleViolation):
    """The database is away or overloaded; the same request may be sent again."""

    status = 503

    def __init__(self) -> None:
        super().__init__("unavailable")


class InvalidInput(RuleViolation):
    """Several things are wrong with a body (422) or with the parameters of an address (400)."""

    def __init__(self, errors: list[dict[str, str]], *, code: str = "invalid_input") -> None:
        super().__init__(code, count=len(errors))
        self.errors = errors
        if code == "invalid_parameter":
            self.status = 400


def problem_response(error: Exception, context: dict[str, Any]) -> Response:
    """What a client is told about an error; DRF calls this for everything a view raises."""
    view, request = context["view"], context["request"]._request
    refusal = _as_refusal(error)
    if refusal is not None:
        body = problem(request, refusal.status, refusal.code, refusal.sentence(), _places(refusal))
        response = Response(body, status=refusal.status)
        if isinstance(refusal, Busy | Unavailable) or refusal.code == "request_in_flight":
            response.headers["Retry-After"] = str(RETRY_SECONDS)
    elif isinstance(error, exceptions.APIException):
        response = _of_framework(error, request)
    else:
        response = _unexpected(error, request)
    response.data.update(getattr(view, "problem_members", {}))
    response.content_type = MEDIA_TYPE
    response.headers["X-Request-ID"] = response.data["request_id"]
    return response


def problem(
    request: HttpRequest,
    status: int,
    code: str,
    detail: str,
    errors: Iterable[dict[str, str]] = (),
) -> dict[str, Any]:
    """The body. `code` is for machines and never translated, `detail` is for people."""
    body: dict[str, Any] = {
        "type": f"urn:hotline:problem:{code}",
        "title": str(TITLES.get(status, TITLES[400])),
        "status": status,
        "detail": detail,
        "instance": request.path,
        "code": code,
        "request_id": request_id(request),
    }
    if errors := list(errors):
        body["errors"] = errors
    return body


def request_id(request: HttpRequest) -> str:
    """The caller's own id for this request if it is a plain one, else a new one."""
    given = request.headers.get("X-Request-ID", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _as_refusal(error: Exception) -> RuleViolation | None:
    match error:
        case RuleViolation():
            return error
        case RequestDataTooBig():
            return TooLarge()
        case UnreadablePostError():
            return BadRequest("unreadable")
        case OperationalError() | InterfaceError():
            return _of_database(error)
        case _:
            return None


def _of_database(error: DatabaseError | InterfaceError) -> RuleViolation:
    code = getattr(error.__cause__, "pgcode", None)
    if code == _LOCK_TIMEOUT:
        return Busy()
    if code != _STATEMENT_TIMEOUT:
        logger.error("database away: %s", error)
    return Unavailable()


def _places(refusal: RuleViolation) -> list[dict[str, str]]:
    """Where in the body (a JSON pointer) or the address (a parameter's name) the fault lies."""
    if isinstance(refusal, InvalidInput):
        return refusal.errors
    if refusal.field:
        return [
            {
                "pointer": f"#/{refusal.field}",
                "code": refusal.code,
                "detail": refusal.sentence(),
            }
        ]
    return []


def _of_framework(error: exceptions.APIException, request: HttpRequest) -> Response:
    code = str(error.default_code)
    detail = error.detail if isinstance(error.detail, str) else str(error.default_detail)
    if isinstance(error, exceptions.NotFound):
        code, detail = "not_found", str(_NOT_FOUND)
    headers: dict[str, str] = {}
    if asked := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = asked
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    body = problem(request, error.status_code, code, detail)
    return Response(body, status=error.status_code, headers=headers)


def _unexpected(error: Exception, request: HttpRequest) -> Response:
    if isinstance(error, Http404):
        return _of_framework(exceptions.NotFound(), request)
    if isinstance(error, PermissionDenied):
        return _of_framework(exceptions.PermissionDenied(_NOT_PERMITTED), request)
    # Tools that watch for errors, and the test client, listen to this signal.
    got_request_exception.send(sender=None, request=request)
    identifier = request_id(request)
    logger.exception("request %s failed: %s %s", identifier, request.method, request.path)
    broken = RuleViolation("internal_error", request_id=identifier)
    body = problem(request, 500, broken.code, broken.sentence())
    body["request_id"] = identifier
    return Response(body, status=500)
