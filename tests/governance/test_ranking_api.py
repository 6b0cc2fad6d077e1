"""The rankings over HTTP: who reads which lines, and what leaves the office when."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from evaluation.models import MonthClose, UnitScore
from governance.models import Bulletin, BulletinFile
from hotline.core.models import AssessmentGroup, Deployment, Role, UnitKind
from hotline.core.models.clients import Scope
from hotline.core.reference import forget_all
from tests.factories import days, make_client, make_staff, make_unit, seed_reference, unit
from tests.governance.publishing import (
    FIRST,
    LAST,
    MONTH,
    PUBLISHED,
    SECOND,
    close_april,
    correct,
    publish,
)

pytestmark = pytest.mark.django_db

LIST, ONE = "/api/v1/rankings", f"/api/v1/rankings/{MONTH}"
DATASETS = (
    "open-data.csv", "open-data.json", "requests-by-class-and-area.csv",
    "requests-by-class-and-area.json",
)  # fmt: skip


@pytest.fixture(autouse=True)
def city() -> None:
    seed_reference()
    make_unit(
        code="property", kind=UnitKind.SECOND_RECEIVER, group=AssessmentGroup.SECOND_RECEIVER,
        parent=unit(LAST),
    )  # fmt: skip
    forget_all()
    close_april()


def person(role: str, code: str = "hotline") -> Client:
    browser = Client()
    browser.force_login(make_staff(role, unit(code)))
    return browser


def supervisor() -> Client:
    return person(Role.CITY_SUPERVISOR)


def system(code: str = "", *scopes: str) -> Client:
    key = f"key-of-{code}-{'-'.join(scopes)}"
    make_client(unit=unit(code) if code else None, scopes=[*scopes] or None, key=key)
    return Client(headers={"authorization": f"Bearer {key}"})


def codes(answer: HttpResponse) -> set[str]:
    return {line["unit_code"] for group in answer.json()["groups"] for line in group["lines"]}


def line_of(answer: HttpResponse, code: str) -> dict[str, Any]:
    lines = [line for group in answer.json()["groups"] for line in group["lines"]]
    return next(line for line in lines if line["unit_code"] == code)


# === The lines ===============================================================================


def test_a_line_is_the_published_one() -> None:
    answer = supervisor().get(ONE)

    for score in UnitScore.objects.filter(month=MONTH, is_published=True):
        line = line_of(answer, score.code)
        for name in ("volume", "due", "valid", "contacted", "resolved", "satisfied", "basically",
                     "rank", "previous_rank", "rank_band", "mark", "score", "response",
                     "resolution", "satisfaction", "coverage", "base_score"):  # fmt: skip
            assert line[name] == getattr(score, name), (score.code, name)


def test_the_month_says_how_it_was_made_and_what_was_corrected() -> None:
    correct(PUBLISHED)
    close = MonthClose.objects.get()

    told = supervisor().get(ONE).json()

    assert (told["month"], told["digest"]) == (MONTH, close.digest)
    assert told["scheme_version"] == close.draft.scheme.version
    assert dt.datetime.fromisoformat(told["closed_at"]) == close.closed_at
    assert told["period_start"].startswith("2026-03-19T00:00:00")
    assert [(one["number"], one["right"]) for one in told["errata"]] == [(1, "承办量 1 件")]
    assert told["is_simulated"] is False


def test_the_ranked_are_first_and_best_first() -> None:
    groups = {one["group"]: one["lines"] for one in supervisor().get(ONE).json()["groups"]}

    assert [line["unit_code"] for line in groups["street_town"]] == [FIRST, SECOND, LAST]


def test_a_unit_reads_its_own_line_and_no_other() -> None:
    assert codes(person(Role.MANAGER, LAST).get(ONE)) == {LAST}
    assert codes(person(Role.HANDLER, SECOND).get(ONE)) == {SECOND}
    assert codes(system(FIRST).get(ONE)) == {FIRST}


def test_a_district_reads_its_own_streets() -> None:
    found = codes(person(Role.DISTRICT_SUPERVISOR, "990101").get(ONE))

    assert found >= {FIRST, LAST}
    assert SECOND not in found


def test_second_receivers_are_not_told_to_anybody() -> None:
    assert UnitScore.objects.filter(month=MONTH, is_published=False).exists()
    for reader in (supervisor(), person(Role.MANAGER, "property")):
        assert "property" not in codes(reader.get(ONE))


def test_who_only_takes_calls_and_who_administers_read_no_ranking() -> None:
    publish()
    for role in (Role.AGENT, Role.CONTRACTOR, Role.KNOWLEDGE_EDITOR, Role.ADMINISTRATOR):
        reader = person(role)
        for address in (LIST, ONE, f"{ONE}/open-data.csv"):
            assert reader.get(address).status_code == 403, (role, address)


def test_a_month_that_is_not_closed_or_is_none_is_not_found() -> None:
    for label in ("2026-05", "2026-13", "2026-00"):
        answer = supervisor().get(f"{LIST}/{label}")

        assert answer.status_code == 404, label
        assert answer.json()["code"] == "ranking_not_found"


# === What an outside system reads ============================================================


def test_an_outside_system_learns_nothing_before_the_bulletin() -> None:
    channel = system()

    assert channel.get(LIST).json()["results"] == []
    for dataset in DATASETS:
        assert channel.get(f"{ONE}/{dataset}").status_code == 404
        assert supervisor().get(f"{ONE}/{dataset}").status_code == 404


@pytest.mark.parametrize("code", ["", LAST])
def test_after_it_an_outside_system_reads_the_open_data_and_still_no_lines(code: str) -> None:
    publish()
    outside = system(code, Scope.READ)

    assert [one["month"] for one in outside.get(LIST).json()["results"]] == [MONTH]
    for dataset in DATASETS:
        assert outside.get(f"{ONE}/{dataset}").status_code == 200
    assert outside.get(ONE).status_code == 403


def test_a_key_that_may_only_register_reads_nothing() -> None:
    publish()
    outside = system("", Scope.CREATE)

    for address in (LIST, ONE, f"{ONE}/open-data.json"):
        assert outside.get(address).status_code == 403


@pytest.mark.parametrize(
    ("dataset", "kind"), [*zip(DATASETS, ("csv", "json", "req_csv", "req_json"), strict=True)]
)
def test_open_data_are_the_published_file_to_the_byte(dataset: str, kind: str) -> None:
    publish()
    file = BulletinFile.objects.get(kind=kind)

    answer = system().get(f"{ONE}/{dataset}", headers={"accept": "text/csv"})

    assert answer.content == bytes(file.body)
    assert answer.headers["ETag"] == f'"{file.digest}"'
    assert answer.headers["Content-Type"] == file.content_type


def test_the_newest_edition_is_given() -> None:
    publish()
    correct(PUBLISHED + days(1))
    publish(PUBLISHED + days(2))

    told = supervisor().get(f"{ONE}/open-data.json").json()

    assert Bulletin.objects.count() == 2
    assert told["provenance"]["errata"] == [1]
    assert supervisor().get(LIST).json()["results"][0]["editions"] == 2


def test_invented_data_say_so_in_every_answer() -> None:
    Deployment.objects.update(is_simulated=True)
    forget_all()
    publish()
    reader = supervisor()

    assert reader.get(LIST).json()["results"][0]["is_simulated"] is True
    assert reader.get(ONE).json()["is_simulated"] is True
    answer = reader.get(f"{ONE}/open-data.json")
    assert answer.json()["is_simulated"] is True
    assert answer.headers["X-Simulated-Data"] == "true"


def test_the_list_comes_in_pages() -> None:
    reader = supervisor()

    assert reader.get(f"{LIST}?limit=1").json()["next"] is None
    assert reader.get(f"{LIST}?cursor=xyz").status_code == 400
    assert reader.get(f"{LIST}?month=1").status_code == 400
