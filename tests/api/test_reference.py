"""The lists of codes, and the addresses for those who watch over the site."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client, override_settings
from openapi_spec_validator import validate

from hotline.core.models import Area, AreaKind, Deployment
from intake import verbs
from intake.tasks import LAST_SWEEP
from tests import factories
from tests.api.conftest import Caller

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.yaml"


@pytest.mark.django_db
def test_codes_are_listed_whole_in_pages(web: Caller) -> None:
    parent = factories.area("990101")
    Area.objects.bulk_create(
        Area(code=f"8{n:04}", name=f"新{n}街", kind=AreaKind.STREET, parent=parent, path=f"8{n}/")
        for n in range(430)
    )
    found: list[str] = []
    page = web.get("areas", limit=200).json()
    while True:
        found += [row["code"] for row in page["results"]]
        if page["next"] is None:
            break
        page = web.http.get(page["next"], headers=web.headers).json()

    assert found == sorted(Area.objects.values_list("code", flat=True))


@pytest.mark.django_db
def test_codes_are_found_by_name_and_parent(web: Caller) -> None:
    def codes(path: str, **query: str) -> list[str]:
        return [row["code"] for row in web.get(path, **query).json()["results"]]

    assert codes("areas", parent="990101") == ["990101001", "990101002"]
    assert codes("areas", q="乙一") == ["990102001"]
    assert codes("units", q="热力") == ["ent-heat"]
    assert codes("categories", parent="01") == ["0101", "0102"]
    assert codes("categories", q="停暖") == ["0102"]
    assert "web" in codes("channels")
    assert codes("areas", q="%") == []


@pytest.mark.django_db
def test_an_unchanged_list_is_not_sent_again(web: Caller) -> None:
    first = web.get("channels")

    again = web.get("channels", {"If-None-Match": first.headers["ETag"]})

    assert first.headers["Cache-Control"] == "private, max-age=60"
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.django_db
def test_invented_data_says_so(web: Caller) -> None:
    assert "X-Simulated-Data" not in web.get("channels").headers

    Deployment.objects.get().delete()
    Deployment.objects.create(is_simulated=True)

    assert web.get("channels").headers["X-Simulated-Data"] == "true"
    assert web.get("nothing").headers["X-Simulated-Data"] == "true"


@pytest.mark.django_db
def test_the_process_says_that_it_lives() -> None:
    assert Client().get("/livez").json() == {"status": "ok"}


@pytest.mark.django_db
def test_the_site_is_ready_while_clocks_are_swept() -> None:
    cache.set(LAST_SWEEP, time.time() - 60, timeout=None)

    response = Client().get("/readyz")

    assert response.status_code == 200, response.content.decode()
    assert set(response.json()["checks"].values()) == {"ok"}


@pytest.mark.django_db
def test_a_sweep_older_than_three_intervals_makes_the_site_unready() -> None:
    cache.set(LAST_SWEEP, time.time() - 91, timeout=None)

    response = Client().get("/readyz")

    assert response.status_code == 503
    assert "时限巡检在 91 秒前" in response.json()["checks"]["sweep"]
    assert response.json()["checks"]["database"] == "ok"


@pytest.mark.django_db
def test_a_broker_that_is_away_makes_the_site_unready() -> None:
    cache.set(LAST_SWEEP, time.time(), timeout=None)

    with override_settings(CELERY_BROKER_URL="redis://127.0.0.1:1/0"):
        response = Client().get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["broker"] != "ok"


# --- the document ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> str:
    made = tmp_path_factory.mktemp("openapi") / "openapi.yaml"
    call_command("spectacular", file=str(made), validate=True, fail_on_warn=True)
    return made.read_text()


def test_the_document_in_the_repository_is_up_to_date(document: str) -> None:
    assert DOCUMENT.read_text() == document, (
        "run: python manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml"
    )


def test_the_document_is_valid_openapi_31(document: str) -> None:
    parsed = yaml.safe_load(document)

    validate(parsed)

    assert parsed["openapi"] == "3.1.0"


def test_every_operation_names_itself_and_its_refusals(document: str) -> None:
    operations = [
        operation
        for path in yaml.safe_load(document)["paths"].values()
        for method, operation in path.items()
        if method in ("get", "post")
    ]
    names = {operation["operationId"] for operation in operations}

    assert {f"ticket_{verb.name}" for verb in verbs.all_verbs()} < names
    for operation in operations:
        for status in ("401", "403", "429"):
            content = operation["responses"][status]["content"]
            assert list(content) == ["application/problem+json"]
        assert operation["summary"]


@pytest.mark.django_db
def test_document_and_documentation_come_from_this_server() -> None:
    http = Client()

    page = http.get("/api/v1/docs/").content.decode()
    script = http.get("/api/v1/docs/?script=").content.decode()
    schema = http.get("/api/v1/schema", headers={"Accept": "application/vnd.oai.openapi+json"})

    assert "http://" not in page
    assert "https://" not in page
    assert page.count("<script>") == 0
    assert "/api/v1/schema" in script
    assert schema.json()["openapi"] == "3.1.0"
