"""A closed month is published, edition after edition, and nothing published ever changes."""

from __future__ import annotations

import hashlib
import threading
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, connections, transaction
from pytest_django import Settings

from evaluation.models import UnitScore
from governance.content import BulletinContent, LineContent
from governance.models import Bulletin, BulletinFile
from governance.services import bulletins
from hotline.core.deployment import deployment
from hotline.core.models import AssessmentGroup, AuditEntry, Deployment, Notice, Role, UnitKind
from hotline.core.reference import forget_all
from hotline.core.violations import IllegalMove, NotPermitted, RuleViolation
from tests import factories as make
from tests.governance import publishing
from tests.governance.publishing import FIRST, LAST, MONTH, PUBLISHED, correct, publish
from tests.pages import closing

pytestmark = pytest.mark.django_db
COUNTS = (
    "volume", "due", "valid", "contacted", "resolved", "satisfied", "basically", "excluded",
    "not_counted", "set_aside", "on_ledger", "repeats",
)  # fmt: skip
FIGURES = (
    "response", "resolution", "satisfaction", "coverage", "base_score", "bonus", "score",
)  # fmt: skip
PLACES = ("rank", "previous_rank", "rank_band", "band", "mark", "unit_class", "is_tail")


@pytest.fixture
def city() -> None:
    make.seed_reference()


@pytest.fixture
def closed(city: None) -> None:
    publishing.close_april()


def lines_of(content: BulletinContent) -> dict[str, LineContent]:
    return {line.unit_code: line for group in content.groups for line in group.lines}


# === What it says ===========================================================================


@pytest.mark.usefixtures("closed")
def test_every_figure_is_that_of_the_closed_month() -> None:
    content = bulletins.content_of(MONTH, at=PUBLISHED)

    lines = lines_of(content)
    scores = {one.code: one for one in UnitScore.objects.filter(month=MONTH)}
    assert {FIRST, LAST, "990101"} <= set(lines)
    for code, line in lines.items():
        for name in (*COUNTS, *FIGURES, *PLACES):
            assert getattr(line, name) == getattr(scores[code], name), (code, name)
    assert content.groups[0].ranked[0].unit_code == FIRST
    assert [line.unit_code for line in content.groups[0].last] == [LAST]


@pytest.mark.usefixtures("city")
def test_small_samples_and_units_without_anything_stand_apart() -> None:
    quiet = make.make_unit()
    forget_all()
    publishing.close_april()

    streets, districts, *_others = bulletins.content_of(MONTH, at=PUBLISHED).groups

    assert [(line.unit_code, line.mark) for line in districts.unranked] == [("990101", "small")]
    assert districts.ranked == ()
    assert streets.idle == (quiet.name,)
    assert quiet.code not in {line.unit_code for line in streets.lines}


@pytest.mark.usefixtures("closed")
def test_the_two_averages_are_both_told_and_differ_in_what_they_count() -> None:
    streets = bulletins.content_of(MONTH, at=PUBLISHED).groups[0]

    assert streets.macro.resolution == Decimal("50.00")
    assert streets.micro.resolution == Decimal("50.00")
    assert streets.macro.base_score is not None


@pytest.mark.usefixtures("city")
def test_second_receivers_are_in_no_bulletin_and_neither_are_their_errata() -> None:
    receiver = make.make_unit(kind=UnitKind.SECOND_RECEIVER, group=AssessmentGroup.SECOND_RECEIVER)
    forget_all()
    publishing.close_april()
    correct(PUBLISHED, unit=receiver.code)

    content = bulletins.content_of(MONTH, at=PUBLISHED)

    assert UnitScore.objects.filter(month=MONTH, unit=receiver).exists()
    assert receiver.code not in lines_of(content)
    assert receiver.name not in str(content.as_json())
    assert content.errata == ()


@pytest.mark.usefixtures("closed")
def test_the_content_is_the_same_after_it_was_kept() -> None:
    content = bulletins.content_of(MONTH, at=PUBLISHED)

    assert BulletinContent.from_json(content.as_json()) == content
    assert publish().content == content


@pytest.mark.usefixtures("closed")
def test_observation_indicators_stand_apart_and_no_score_knows_them() -> None:
    content = bulletins.content_of(MONTH, at=PUBLISHED)

    told = {(one.code, one.group_label) for one in content.indicators}
    assert ("direct_answer", "") in told
    assert ("citizen_on_time", "") in told
    assert {code for code, group in told if group} <= {"to_base", "per_10k"}


# === Whose it is ============================================================================


@pytest.mark.usefixtures("closed")
def test_without_an_authority_it_is_a_specimen(settings: Settings) -> None:
    settings.BULLETIN_ISSUER = ""

    content = bulletins.content_of(MONTH, at=PUBLISHED)

    assert content.is_specimen
    assert content.issuer == "（发布机关待定）"
    assert content.marks == ("样张",)


@pytest.mark.usefixtures("closed")
def test_invented_data_say_so_also_when_an_authority_is_named(settings: Settings) -> None:
    settings.BULLETIN_ISSUER = "示例市政务服务局"
    Deployment.objects.update_or_create(id=1, defaults={"is_simulated": True})
    forget_all()
    assert deployment().is_simulated

    bulletin = publish()

    assert (bulletin.issuer, bulletin.is_specimen) == ("示例市政务服务局", False)
    assert bulletin.is_simulated
    assert bulletin.content.marks == ("模拟数据",)


# === Publishing =============================================================================


@pytest.mark.usefixtures("closed")
def test_published_it_is_kept_with_its_files_and_on_record() -> None:
    bulletin = publish()

    assert (bulletin.edition, bulletin.number) == (1, "2026年第4期")
    assert bulletin.title == "示例市2026年4月“接诉即办”考评情况通报"
    files = {file.kind: file for file in BulletinFile.objects.filter(bulletin=bulletin)}
    assert {"docx", "xlsx", "csv", "json"} <= set(files)
    assert files["docx"].name == "bulletin-2026-04-1.docx"
    assert all(f.digest == hashlib.sha256(bytes(f.body)).hexdigest() for f in files.values())
    entry = AuditEntry.objects.get(action="bulletin_published")
    assert entry.data == {"month": MONTH, "edition": 1, "digest": bulletin.digest}


@pytest.mark.usefixtures("closed")
def test_every_published_unit_is_told_once_per_edition() -> None:
    publish()

    told = Notice.objects.filter(type="bulletin_published")
    units = UnitScore.objects.filter(month=MONTH, is_published=True)
    assert sorted(told.values_list("unit_id", flat=True)) == sorted(
        units.values_list("unit_id", flat=True)
    )


@pytest.mark.parametrize("role", [r for r in Role if r != Role.CITY_SUPERVISOR])
@pytest.mark.usefixtures("closed")
def test_only_the_citys_supervisors_publish(role: Role) -> None:
    with pytest.raises(NotPermitted):
        bulletins.publish(month=MONTH, actor=make.actor(role), at=PUBLISHED)

    assert not Bulletin.objects.exists()


@pytest.mark.usefixtures("city")
def test_a_month_waits_until_it_is_closed() -> None:
    closing.adopt()
    closing.answered(FIRST, good=2, bad=0)
    closing.open_draft()

    with pytest.raises(IllegalMove, match="封账之后才能发布") as refusal:
        publish()

    assert refusal.value.status == 409
    assert not Bulletin.objects.exists()


@pytest.mark.usefixtures("closed")
def test_what_is_no_month_is_refused() -> None:
    with pytest.raises(RuleViolation, match="不是考评月份"):
        bulletins.content_of("2026-13", at=PUBLISHED)


@pytest.mark.usefixtures("closed")
def test_nothing_is_published_twice() -> None:
    publish()

    with pytest.raises(IllegalMove, match="第 1 版通报已经发布"):
        publish(PUBLISHED + make.hours(1))

    assert Bulletin.objects.count() == 1
    assert Notice.objects.filter(type="bulletin_published", unit=make.unit(LAST)).count() == 1


@pytest.mark.usefixtures("closed")
def test_an_erratum_makes_another_edition_and_leaves_the_first_as_it_was() -> None:
    first = publish()
    kept = {file.kind: bytes(file.body) for file in first.files.all()}
    correct(PUBLISHED + make.hours(1))

    second = publish(PUBLISHED + make.hours(2))

    assert (second.edition, second.number) == (2, "2026年第4期（第2版）")
    assert [one.wrong for one in second.content.errata] == ["承办量 2 件"]
    first.refresh_from_db()
    assert first.content.errata == ()
    assert {file.kind: bytes(file.body) for file in first.files.all()} == kept
    assert (first.errata_known, second.errata_known) == (0, 1)


@pytest.mark.usefixtures("closed")
def test_nobody_publishes_what_they_have_not_read() -> None:
    seen = bulletins.digest_of(bulletins.content_of(MONTH, at=PUBLISHED))
    correct(PUBLISHED)

    with pytest.raises(IllegalMove, match="重新核对"):
        publish(PUBLISHED + make.hours(1), expected=seen)

    assert not Bulletin.objects.exists()


# === What stays =============================================================================


@pytest.mark.parametrize("table", ["governance_bulletin", "governance_bulletinfile"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
@pytest.mark.usefixtures("closed")
def test_the_database_refuses_to_change_what_was_published(table: str, statement: str) -> None:
    publish()

    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
        connection.cursor().execute(statement.format(table))


@pytest.mark.django_db(transaction=True)
def test_two_at_once_publish_one_edition() -> None:
    make.seed_reference()
    publishing.close_april()
    actor = make.actor(Role.CITY_SUPERVISOR)
    began, ended = threading.Barrier(2), []

    def press() -> None:
        began.wait()
        try:
            ended.append(bulletins.publish(month=MONTH, actor=actor, at=PUBLISHED).edition)
        except IllegalMove as refusal:
            ended.append(refusal.code)
        finally:
            connections.close_all()

    presses = [threading.Thread(target=press) for _ in range(2)]
    for one in presses:
        one.start()
    for one in presses:
        one.join()

    assert sorted(map(str, ended)) == ["1", "bulletin_unchanged"]
    assert Bulletin.objects.count() == 1
