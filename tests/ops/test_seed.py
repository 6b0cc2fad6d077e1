"""Reference data: complete, repeatable, and never two cities in one database."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth.hashers import check_password
from django.core.management import CommandError, call_command
from django.db.models import Count
from django.utils import timezone

from hotline.core.limits import limit_for
from hotline.core.models import (
    Area,
    AreaAlias,
    AreaKind,
    AreaPopulation,
    CalendarDay,
    Channel,
    ClockKind,
    Deployment,
    Membership,
    Role,
    Staff,
    TimeLimit,
    Unit,
    UnitKind,
)
from hotline.core.reference import forget_all
from hotline.core.reference_data import loading
from hotline.core.violations import RuleViolation
from hotline.ops import demo
from hotline.ops.management.commands.seed import seed
from intake.models import Level, Urgency
from knowledge.models import Category
from knowledge.reference_data.loading import FOLDER as CATEGORIES

pytestmark = pytest.mark.django_db
AT = dt.datetime(2026, 4, 14, 10, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def forgetful() -> None:
    forget_all()


def test_a_second_seed_changes_nothing() -> None:
    assert seed() > 0

    assert seed() == 0


def test_a_row_whose_line_changed_is_brought_up_to_date_and_own_rows_stay() -> None:
    seed()
    Unit.objects.filter(code="ent-heat").update(name="旧名")
    Channel.objects.create(code="robot", name="机器人")

    assert seed() == 1
    assert Unit.objects.get(code="ent-heat").name == "市热力集团"
    assert Channel.objects.filter(code="robot").exists()


def test_a_limit_that_the_operator_replaced_stays_replaced() -> None:
    seed()
    old = TimeLimit.objects.get(kind=ClockKind.CALLBACK)
    old.valid_to = dt.date(2026, 1, 1)
    old.save()
    TimeLimit.objects.create(
        kind=ClockKind.CALLBACK, amount=5, unit="calendar_days",
        valid_from=dt.date(2026, 1, 1), basis="本市规定",
    )  # fmt: skip

    seed()

    assert limit_for(ClockKind.CALLBACK, level="L3", at=AT).amount == 5


# An assisting unit's time is a share of what is left of the order above it; a meeting on site has
# the time it was called for, and its decision follows it.
SHARED = {ClockKind.COOPERATION, ClockKind.DELEGATION, ClockKind.ONSITE, ClockKind.ONSITE_RULING}
# What a level never has: an emergency is not put off, and nothing of the first two stands still.
NEVER = {
    (ClockKind.EXTENSION, Level.L1),
    (ClockKind.PENDING_PAUSE, Level.L1),
    (ClockKind.PENDING_PAUSE, Level.L2),
}


@pytest.mark.parametrize("kind", sorted(set(ClockKind.values) - SHARED))
@pytest.mark.parametrize("level", Level.values)
def test_every_promise_has_a_length_with_its_basis_for_every_level(kind: str, level: str) -> None:
    if (kind, level) in NEVER:
        with pytest.raises(RuleViolation, match="时限"):
            limit_for(kind, level=level, at=AT)
        return
    loading.load_limits()
    urgencies = Urgency.values if level == Level.L3 else [Urgency.ORDINARY]

    for urgency in urgencies:
        assert limit_for(kind, level=level, urgency=urgency, at=AT).basis


def test_the_published_limits_are_the_published_ones() -> None:
    loading.load_limits()

    def length(kind: str, level: str, urgency: str = "ordinary") -> tuple[int, str]:
        limit = limit_for(kind, level=level, urgency=urgency, at=AT)
        return limit.amount, limit.unit

    assert length("feedback", "L1") == (2, "hours")
    assert length("feedback", "L2") == (24, "hours")
    assert length("feedback", "L3") == (7, "calendar_days")
    assert length("feedback", "L3", "urgent") == (1, "calendar_days")
    assert length("feedback", "L4") == (15, "calendar_days")
    assert [length("dispatch", level) for level in ("L1", "L2", "L3")] == [
        (1, "hours"), (2, "hours"), (24, "hours"),
    ]  # fmt: skip


def test_the_taxonomy_has_its_24_classes_with_level_line_and_dimension() -> None:
    seed()
    first = Category.objects.filter(depth=1)

    assert [c.code for c in first] == [f"{n:02}" for n in range(1, 25)]
    assert all(c.name_en and c.default_level and c.lead_hint and c.dimensions for c in first)
    assert not Category.objects.filter(default_level="L3", default_urgency="").exists()
    assert not Category.objects.filter(pinyin="").exists()
    assert not first.annotate(n=Count("children")).filter(n=0).exists()


def test_every_class_says_whether_it_has_a_published_basis() -> None:
    bases = {row["basis"] for row in loading.rows(CATEGORIES / "categories.csv")}

    assert len(bases) == 2
    assert "无公布依据（推断）" in bases


def test_the_fictitious_city_is_whole() -> None:
    seed()
    deployment = Deployment.objects.get()

    assert (deployment.city_name, deployment.reference) == ("示例市", "city")
    assert deployment.is_simulated
    assert 6 <= Area.objects.filter(kind=AreaKind.DISTRICT).count() <= 8
    streets = Area.objects.filter(kind=AreaKind.STREET).annotate(n=Count("children"))
    assert all(3 <= street.n <= 5 for street in streets)
    assert all(area.source == "虚构（示例市）" for area in Area.objects.all())
    assert not AreaPopulation.objects.exclude(source="虚构（示例市）").exists()
    assert CalendarDay.objects.filter(day__year=timezone.localdate().year).count() >= 365


def test_every_place_has_its_unit_and_every_utility_works_round_the_clock() -> None:
    seed()

    for kind in (AreaKind.DISTRICT, AreaKind.STREET, AreaKind.COMMUNITY):
        assert not Area.objects.filter(kind=kind, units=None).exists()
    enterprises = Unit.objects.filter(kind=UnitKind.ENTERPRISE)
    assert enterprises.count() >= 6
    assert all(unit.is_round_the_clock for unit in enterprises)
    assert not Unit.objects.filter(pinyin="").exists()


def test_a_path_leads_from_the_city_down_to_the_area() -> None:
    seed()

    for area in Area.objects.filter(kind=AreaKind.COMMUNITY).select_related("parent__parent"):
        street = area.parent
        assert street
        assert street.parent
        assert area.path == f"990000/{street.parent.code}/{street.code}/{area.code}/"


def test_no_street_of_the_fictitious_city_has_a_real_name() -> None:
    def stems(city: str) -> set[str]:
        named = loading.rows(loading.FOLDER / city / "areas.csv")
        streets = [row["name"] for row in named if row["kind"] in ("street", "zone")]
        return {name.removesuffix("街道").removesuffix("地区").rstrip("镇乡") for name in streets}

    assert not stems("city") & stems("beijing")


def test_demo_staff_stand_in_every_role_but_the_editor_and_can_sign_in() -> None:
    seed()
    usernames = {username for username, _password, _role in demo.logins()}
    roles = set(Membership.objects.values_list("role", flat=True))

    assert roles == set(Role.values) - {Role.KNOWLEDGE_EDITOR}
    assert usernames == set(Staff.objects.values_list("username", flat=True))
    assert all(check_password(demo.PASSWORD, person.password) for person in Staff.objects.all())


def test_beijing_comes_with_its_real_names_and_without_demo_staff() -> None:
    call_command("seed", "beijing", verbosity=0)
    deployment = Deployment.objects.get()

    assert (deployment.city_name, deployment.is_simulated) == ("北京市", False)
    assert Area.objects.filter(kind=AreaKind.DISTRICT).count() == 16
    assert Area.objects.filter(kind=AreaKind.STREET).count() == 343
    assert Area.objects.filter(kind=AreaKind.ZONE).count() == 6
    assert Area.objects.filter(kind=AreaKind.COMMUNITY).count() == 7535
    assert Unit.objects.filter(kind=UnitKind.STREET).count() == 343
    assert AreaAlias.objects.get(name="来广营乡").area.name == "来广营地区"
    assert not Staff.objects.exists()
    assert seed() == 0


def test_estimated_populations_are_marked_as_such() -> None:
    call_command("seed", "beijing", verbosity=0)
    of_2020 = AreaPopulation.objects.filter(year=2020)

    census = of_2020.filter(area__kind=AreaKind.DISTRICT, is_estimate=False)
    assert sum(p.residents for p in census) == 21_893_095
    assert of_2020.filter(area__kind=AreaKind.STREET, is_estimate=False).count() == 17
    assert of_2020.filter(is_estimate=True).exists()


@pytest.mark.parametrize(("here", "wanted"), [("city", "beijing"), ("beijing", "city")])
def test_a_second_city_is_refused_in_one_sentence(here: str, wanted: str) -> None:
    seed(here)

    with pytest.raises(CommandError, match="一个部署只服务一个城市"):
        seed(wanted)
    assert Deployment.objects.get().reference == here


def test_without_a_name_the_city_already_here_is_kept() -> None:
    seed("beijing")

    seed()

    assert Deployment.objects.get().reference == "beijing"
