"""The archive of bulletins, each as it was published, and how one gets there."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from governance.models import Bulletin
from hotline.core.models import AuditEntry, Deployment, Notice, Role
from hotline.core.reference import forget_all
from tests import factories as make
from tests.governance import publishing
from tests.governance.publishing import LAST, MONTH, PUBLISHED, correct, publish

SignIn = Callable[..., Client]
PREVIEW = f"/bulletins/preview/{MONTH}/"
READERS = [
    (Role.DISPATCHER, "hotline"), (Role.CALLBACK_AGENT, "hotline"), (Role.AUDITOR, "hotline"),
    (Role.DISTRICT_SUPERVISOR, "990101"), (Role.MANAGER, LAST), (Role.HANDLER, LAST),
]  # fmt: skip


@pytest.fixture
def closed(clock: time_machine.Coordinates) -> None:
    publishing.close_april()
    clock.move_to(PUBLISHED + make.hours(3))


@pytest.fixture
def published(closed: None) -> Bulletin:
    return publish()


def read(browser: Client, address: str) -> str:
    return html.unescape(browser.get(address).content.decode())


def press(browser: Client, **sent: str) -> tuple[int, str]:
    """Publish what the preview shows."""
    found = re.search(r'name="expected" value="(\w+)"', read(browser, PREVIEW))
    form = {"expected": found[1] if found else "", "is_checked": "on"} | sent
    answer = browser.post(f"{PREVIEW}publish/", form)
    return answer.status_code, answer.headers.get("Location") or answer.content.decode()


# === Publishing =============================================================================


@pytest.mark.usefixtures("closed")
def test_a_supervisor_reads_what_will_be_published_and_publishes_it(sign_in: SignIn) -> None:
    browser = sign_in(Role.CITY_SUPERVISOR)

    shown = read(browser, PREVIEW)
    status, where = press(browser)

    assert "示例市2026年4月“接诉即办”考评情况通报" in shown
    assert "（未发布）" in shown
    bulletin = Bulletin.objects.get()
    assert (status, where) == (302, f"/bulletins/{bulletin.pk}/")
    assert "通报已发布" in read(browser, where)
    assert Notice.objects.filter(type="bulletin_published", unit=make.unit(LAST)).count() == 1


@pytest.mark.usefixtures("closed")
def test_nothing_is_published_unchecked(sign_in: SignIn) -> None:
    status, page = press(sign_in(Role.CITY_SUPERVISOR), is_checked="")

    assert status == 422
    assert "没有提交成功" in page
    assert not Bulletin.objects.exists()


@pytest.mark.usefixtures("closed")
def test_what_changed_since_it_was_checked_is_shown_again(sign_in: SignIn) -> None:
    status, page = press(sign_in(Role.CITY_SUPERVISOR), expected="0" * 64)

    assert status == 409
    assert "请重新核对再发布" in page
    assert not Bulletin.objects.exists()


def test_an_open_month_has_no_preview_and_says_why(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    answer = sign_in(Role.CITY_SUPERVISOR).get(PREVIEW)

    assert answer.status_code == 409
    assert "封账之后才能发布通报" in answer.content.decode()


def test_what_was_published_is_not_offered_again(published: Bulletin, sign_in: SignIn) -> None:
    page = read(sign_in(Role.CITY_SUPERVISOR), PREVIEW)

    assert "没有变化，无须再发" in page
    assert "发布通报</button>" not in page


@pytest.mark.parametrize(("role", "unit"), READERS)
def test_others_neither_preview_nor_publish(
    closed: None, sign_in: SignIn, role: Role, unit: str
) -> None:
    browser = sign_in(role, make.unit(unit))

    assert browser.get(PREVIEW).status_code == 403
    assert browser.post(f"{PREVIEW}publish/").status_code == 403
    assert "预览并发布" not in read(browser, "/bulletins/")


# === Reading ================================================================================


@pytest.mark.parametrize(("role", "unit"), READERS)
def test_everybody_who_reads_results_reads_what_was_published(
    published: Bulletin, sign_in: SignIn, role: Role, unit: str
) -> None:
    browser = sign_in(role, make.unit(unit))

    assert "2026年第4期" in read(browser, "/bulletins/")
    page = read(browser, f"/bulletins/{published.pk}/")
    for name in (make.unit(LAST).name, make.unit(publishing.FIRST).name):
        assert name in page


def test_the_page_is_made_from_what_was_kept(
    published: Bulletin, sign_in: SignIn, settings: Settings
) -> None:
    name = make.unit(LAST).name
    type(make.unit(LAST)).objects.filter(code=LAST).update(name="改了名的街道")
    settings.BULLETIN_ISSUER = "后来的机关"
    forget_all()

    page = read(sign_in(Role.AUDITOR), f"/bulletins/{published.pk}/")

    assert name in page
    assert "改了名的街道" not in page
    assert "（发布机关待定）" in page
    assert "后来的机关" not in page


def test_a_page_of_a_specimen_of_invented_data_says_both(closed: None, sign_in: SignIn) -> None:
    Deployment.objects.update_or_create(id=1, defaults={"is_simulated": True})
    forget_all()
    bulletin = publish()

    page = read(sign_in(Role.AUDITOR), f"/bulletins/{bulletin.pk}/")

    marks = re.search(r'<p class="paper-marks".*?</p>', page)
    assert marks
    assert re.findall(r"<span>(.+?)</span>", marks[0]) == ["样张", "模拟数据"]
    assert '<div class="paper-watermark" aria-hidden="true">样张　模拟数据</div>' in page


@pytest.mark.parametrize("kind", ["docx", "xlsx", "csv", "json"])
def test_a_file_is_handed_out_as_it_was_published(
    published: Bulletin, sign_in: SignIn, kind: str
) -> None:
    kept = published.files.get(kind=kind)

    answer = sign_in(Role.MANAGER, make.unit(LAST)).get(f"/bulletins/{published.pk}/files/{kind}/")

    assert answer.content == bytes(kept.body)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{kept.name}"'
    told = AuditEntry.objects.get(action="bulletin_exported").data
    assert told == {"month": MONTH, "edition": 1, "kind": kind}


def test_a_file_that_was_not_published_is_not_found(published: Bulletin, sign_in: SignIn) -> None:
    browser = sign_in(Role.AUDITOR)

    assert browser.get(f"/bulletins/{published.pk}/files/pdf/").status_code == 404
    assert browser.get(f"/bulletins/{published.pk + 1}/").status_code == 404


# === The archive ============================================================================


def test_the_archive_says_by_role_and_not_by_name_who_published(sign_in: SignIn) -> None:
    publishing.close_april()
    staff = make.make_staff(Role.CITY_SUPERVISOR)
    publish()

    page = read(sign_in(Role.AUDITOR), "/bulletins/")

    assert "市督导" in page
    assert staff.display_name not in page
    assert Bulletin.objects.get().digest[:12] in page


def test_a_later_erratum_stands_beside_and_calls_for_another_edition(
    published: Bulletin, sign_in: SignIn
) -> None:
    browser = sign_in(Role.CITY_SUPERVISOR)
    before = read(browser, "/bulletins/")
    correct(PUBLISHED + make.hours(1))

    archive = read(browser, "/bulletins/")
    page = read(browser, f"/bulletins/{published.pk}/")

    assert "预览并发布" not in before
    assert "勘误 1 条" in archive
    assert f'href="{PREVIEW}"' in archive
    assert "另有勘误 1 条" in page
    assert "承办量 1 件" not in page


def test_after_another_edition_both_are_kept(published: Bulletin, sign_in: SignIn) -> None:
    correct(PUBLISHED + make.hours(1))
    browser = sign_in(Role.CITY_SUPERVISOR)

    status, where = press(browser)

    assert status == 302
    assert "更正为“承办量 1 件”" in read(browser, where)
    archive = read(browser, f"/bulletins/?month={MONTH}")
    assert "2026年第4期（第2版）" in archive
    assert "另有新版" in archive
    assert 'href="/bulletins/preview/' not in archive


@pytest.mark.usefixtures("closed")
def test_a_closed_month_leads_to_its_bulletins(sign_in: SignIn) -> None:
    browser = sign_in(Role.MANAGER, make.unit(LAST))

    assert f'href="/bulletins/?month={MONTH}"' in read(browser, f"/months/{MONTH}/")
    assert f"{MONTH} 还没有发布通报" in read(browser, f"/bulletins/?month={MONTH}")
