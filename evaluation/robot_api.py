"""The voice robot over HTTP: its script, whom to call, and what was heard."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path, re_path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from evaluation import robot
from evaluation.forms.robot import RobotCallForm, RobotListForm
from evaluation.robot import Ending
from evaluation.services.robot import (
    Call,
    calls_for_robot,
    check_robot,
    judged,
    record_robot_call,
)
from hotline.core.api.idempotency import key_of
from hotline.core.api.parsing import read_body, read_query
from hotline.core.api.schema import (
    choices_of,
    idempotency_key,
    parameters_of,
    serializer_from,
)
from hotline.core.api.views import ApiView
from hotline.core.deployment import deployment
from hotline.core.models.clients import Scope
from intake.acts import whole
from intake.api import REPLAYED


class RobotKeySerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    answer = serializers.CharField()


class RobotQuestionSerializer(serializers.Serializer[Any]):
    """One question: the words to say, and which keys answer it."""

    name = serializers.CharField()
    words = serializers.CharField(help_text=_("照读，已含按键说明"))
    keys = RobotKeySerializer(many=True)


class RobotScriptSerializer(serializers.Serializer[Any]):
    """What the robot says. A question without an answer is said once more, then a person calls."""

    opening = serializers.CharField()
    person_key = serializers.CharField(help_text=_("任何时候按它都转人工"))
    decline_key = serializers.CharField(help_text=_("不愿接受回访"))
    questions = RobotQuestionSerializer(many=True)
    pressure = RobotQuestionSerializer(help_text=_("只问 asks_pressure 为 true 的人"))
    farewells = serializers.DictField(child=serializers.CharField())


class RobotCallSerializer(serializers.Serializer[Any]):
    """A requester to call."""

    number = serializers.CharField()
    party = serializers.IntegerField()
    phone = serializers.CharField(allow_blank=True, help_text=_("模拟数据中为空：号码是编造的"))
    asks_pressure = serializers.BooleanField()


class RobotListSerializer(serializers.Serializer[Any]):
    script = RobotScriptSerializer()
    calls = RobotCallSerializer(many=True)


class RobotResultSerializer(serializers.Serializer[Any]):
    """What a call came to, and the last words."""

    number = serializers.CharField()
    ending = choices_of(Ending)
    is_for_a_person = serializers.BooleanField(help_text=_("由工作人员再打"))
    farewell = serializers.CharField(allow_blank=True)


class RobotCalls(ApiView):
    """Whom the robot may call now."""

    scopes = {"GET": (Scope.ROBOT,)}

    @extend_schema(
        operation_id="robot_calls",
        tags=["robot"],
        summary=_("机器人的对话脚本和现在该打的电话"),
        description=_(
            "回访时间以外名单为空。保密件、本半天已拨过的、要求人工的不在其中。"
            "每给出一个号码都留痕；同一时间只用一台机器人取名单。"
        ),
        parameters=parameters_of(RobotListForm),
        responses=RobotListSerializer,
    )
    def get(self, request: Request) -> Response:
        asked = read_query(RobotListForm, request.query_params)
        calls = calls_for_robot(actor=self.actor, at=timezone.now(), limit=asked["limit"])
        return Response({"script": _script(), "calls": [_call(call) for call in calls]})


class RobotResult(ApiView):
    """What the robot heard in one call."""

    scopes = {"POST": (Scope.ROBOT,)}

    @extend_schema(
        operation_id="robot_called",
        tags=["robot"],
        summary=_("登记机器人的一次通话"),
        description=_(
            "按听到的重放同一段对话，由它判断结果：三个问题都答了才是有效回访；"
            "按 0 或两次听不懂的留给人工；中途挂断按未接通登记。"
        ),
        parameters=[idempotency_key(is_required=True), REPLAYED],
        request=serializer_from(RobotCallForm),
        responses={201: RobotResultSerializer},
    )
    def post(self, request: Request, number: str) -> Response:
        actor, at = self.actor, timezone.now()
        check_robot(actor)
        key = key_of(request, request.data, is_required=True)
        sent = read_body(RobotCallForm, request.data)
        with whole():
            earlier = key.claim(number=number, status=201, at=at) if key else None
            if earlier is None:
                call = record_robot_call(number=number, actor=actor, at=at, **sent)
            else:
                call = judged(number=number, heard=sent["heard"], at=at)
        response = Response(_result(number, call), status=201)
        if earlier is not None:
            response.headers["Idempotent-Replayed"] = "true"
        return response


def _script() -> dict[str, Any]:
    return {
        "opening": robot.opening(deployment().city_name),
        "person_key": robot.PERSON_KEY,
        "decline_key": robot.DECLINE_KEY,
        "questions": [_question(question) for question in robot.SCORED],
        "pressure": _question(robot.PRESSURE),
        "farewells": {ending.value: robot.farewell(ending) for ending in Ending},
    }


def _question(question: robot.Question) -> dict[str, Any]:
    keys = [{"key": key, "answer": str(label)} for key, (_v, label) in question.keys.items()]
    return {"name": question.name, "words": robot.asked(question), "keys": keys}


def _call(call: Call) -> dict[str, Any]:
    return {
        "number": call.ticket.number,
        "party": call.party.pk,
        "phone": call.phone,
        "asks_pressure": call.asks_pressure,
    }


def _result(number: str, call: robot.Conversation) -> dict[str, Any]:
    assert call.ending is not None
    return {
        "number": number,
        "ending": call.ending,
        "is_for_a_person": call.ending in robot.FOR_A_PERSON,
        "farewell": robot.farewell(call.ending),
    }


def routes() -> list[URLPattern]:
    return [
        path("callbacks", RobotCalls.as_view(), name="api-robot-calls"),
        re_path(
            r"^callbacks/(?P<number>\d{16})/robot$", RobotResult.as_view(), name="api-robot-result"
        ),
    ]
