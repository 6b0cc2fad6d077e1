"""The parts of the simulator that need no database."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from hotline.core.privacy.redact import extract_references
from hotline.core.reference_data import loading
from hotline.ops.simulation import messages
from hotline.ops.simulation.arrivals import (
    Later,
    arrivals,
    arrivals_with_a_turn,
    is_heating_season,
    midnight,
)
from hotline.ops.simulation.balance import Balanced
from hotline.ops.simulation.messages import FileProblem, FromFile, Invented
from knowledge.reference_data.loading import FOLDER as CATEGORIES

WINTER = dt.date(2026, 1, 12)
SUMMER = dt.date(2026, 7, 13)
HEADER = "number,user,title,sent_at,body,category\n"


# === Draws ================================================================================


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("draws", [50, 200, 1000])
def test_balanced_draws_keep_their_share_at_any_length(seed: int, draws: int) -> None:
    balanced = Balanced({True: 77.9, False: 22.1}, random.Random(seed))

    solved = sum(balanced.draw() for _ in range(draws))

    assert abs(solved - draws * 0.779) <= 4


def test_balanced_draws_are_irregular() -> None:
    balanced = Balanced({True: 1, False: 1}, random.Random(1))

    drawn = [balanced.draw() for _ in range(200)]

    assert any(a == b for a, b in pairwise(drawn))


def test_what_circumstances_force_is_made_up_for() -> None:
    balanced = Balanced({True: 80, False: 20}, random.Random(3))

    forced = [balanced.force(False) for _ in range(30)]
    drawn = [balanced.draw() for _ in range(170)]

    assert abs((forced + drawn).count(True) - 160) <= 4


# === Arrivals =============================================================================


def test_a_week_has_the_measured_shape() -> None:
    start = midnight(dt.date(2026, 3, 2))
    end = start + dt.timedelta(days=70)
    times = list(arrivals(start, end, 300, random.Random(1)))

    per_day = Counter(t.date() for t in times)
    hours = Counter(t.hour for t in times)
    weekend = [n for day, n in per_day.items() if day.weekday() >= 5]
    weekday = [n for day, n in per_day.items() if day.weekday() < 5]
    assert times == sorted(times)
    assert abs(len(times) / 70 - 300) < 10
    assert abs((sum(weekend) / 20) / (sum(weekday) / 50) - 0.82) < 0.04
    assert {hour for hour, _ in hours.most_common(4)} == {9, 10, 14, 15}
    assert hours[3] < hours[10] / 8


def test_from_a_day_on_another_number_comes_in() -> None:
    start, turn, end = (midnight(day) for day in (WINTER, SUMMER, SUMMER + dt.timedelta(days=70)))
    times = list(arrivals_with_a_turn(start, end, 40, Later(turn, 20), random.Random(1)))

    before = [at for at in times if at < turn]
    assert times == sorted(times)
    assert abs(len(before) / (turn - start).days - 40) < 2
    assert abs((len(times) - len(before)) / 70 - 20) < 2


def test_nothing_arrives_after_the_end() -> None:
    start = midnight(dt.date(2026, 3, 2))
    end = start + dt.timedelta(hours=30)

    assert all(start <= t < end for t in arrivals(start, end, 500, random.Random(1)))


@pytest.mark.parametrize(
    ("day", "is_cold"), [(WINTER, True), (SUMMER, False), (dt.date(2026, 11, 7), True)]
)
def test_heating_has_its_season(day: dt.date, is_cold: bool) -> None:
    assert is_heating_season(day) is is_cold


# === Messages =============================================================================


def test_invented_messages_fill_every_class_in_winter_and_no_heating_in_summer() -> None:
    source = Invented(random.Random(1))

    winter = Counter(source.next(WINTER).category[:2] for _ in range(2000))
    summer = Counter(source.next(SUMMER).category[:2] for _ in range(500))

    assert len(winter) == 24
    assert abs(winter["14"] / 2000 - 0.20) < 0.01
    assert abs(winter["01"] / 2000 - 0.10) < 0.01
    assert summer["01"] == 0


def test_invented_messages_read_like_speech_of_ordinary_length() -> None:
    source = Invented(random.Random(2))
    drawn = [source.next(WINTER) for _ in range(2000)]
    requests = [m.matter for m in drawn if m.request_type != "consult"]

    assert all(30 <= len(m.matter) <= 300 for m in drawn)
    assert not any("{" in m.matter for m in drawn)
    assert len(set(requests)) > 0.9 * len(requests)


def test_three_fifths_are_consultations_and_each_has_its_answer() -> None:
    source = Invented(random.Random(3))
    drawn = [source.next(WINTER) for _ in range(1000)]

    consultations = [m for m in drawn if m.request_type == "consult"]
    assert abs(len(consultations) / 1000 - messages.CONSULT_SHARE) < 0.01
    assert all(m.answer for m in consultations)


def test_every_class_that_a_message_can_have_is_in_the_taxonomy() -> None:
    known = {row["code"] for row in loading.rows(CATEGORIES / "categories.csv")}
    used = {code for words in messages.FILE_CLASSES.values() for _word, code in words}

    assert used <= known


def test_numbers_written_oddly_are_recognised_as_telephones() -> None:
    rng = random.Random(1)

    for _ in range(50):
        phone = messages.invented_phone(rng)
        text = messages.odd_writing(phone, rng)
        clear, references = extract_references(text)
        assert len(references) == 1, text
        assert phone[-4:] not in clear


# === A file of messages ===================================================================


def _file(tmp_path: Path, text: str, encoding: str = "utf-8") -> FromFile:
    file = tmp_path / "messages.csv"
    file.write_text(text, encoding=encoding)
    return FromFile(file, random.Random(1))


def test_rows_come_in_order_and_once(tmp_path: Path) -> None:
    source = _file(
        tmp_path,
        HEADER
        + "1,U1,请问公交何时增加班次？,2026-01-01 08:00:00,早晚高峰等车太久,交通运输\n"
        + "2,U2,投诉工地夜间施工,2026-01-02 08:00:00,,环境保护\n",
    )

    first, second, third = (source.next(WINTER) for _ in range(3))

    assert len(source) == 2
    assert third is None
    assert first is not None
    assert second is not None
    assert (first.title, first.matter) == ("请问公交何时增加班次？", "早晚高峰等车太久")
    assert (first.request_type, first.category) == ("consult", "110101")
    assert (second.request_type, second.matter) == ("complaint", "投诉工地夜间施工")
    assert first.phone != second.phone


@pytest.mark.parametrize(
    ("text", "encoding", "said"),
    [
        ("number,title\n1,x\n", "utf-8", "缺少这些列"),
        (HEADER + "1,U1,标题,2026-01-01,正文,未知\n", "utf-8", "不认识的分类 1 种"),
        (HEADER + "1,U1,标题,2026-01-01,正文,交通运输\n", "gb18030", "不是 UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_without_quoting_it(
    tmp_path: Path, text: str, encoding: str, said: str
) -> None:
    with pytest.raises(FileProblem, match=said) as problem:
        _file(tmp_path, text, encoding)

    assert "标题" not in str(problem.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="读不了"):
        FromFile(tmp_path / "none.csv", random.Random(1))
