"""What is removed from a text, what is refused, and that neither takes long."""

from __future__ import annotations

import contextlib
import sys
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core import text as text_module
from hotline.core.text import InputRefused, clean

FAMILY = "👨\u200d👩\u200d👧"
invisible = st.sampled_from("\u200b\u200e\u200f\u202e\u2066\u2069\ufeff\u2060\u00ad\u061c")


def refusal(text: str, max_length: int = 100) -> InputRefused:
    with pytest.raises(InputRefused) as refused:
        clean(text, max_length, "matter", label="诉求内容")
    return refused.value


def test_a_plain_matter_is_kept_as_it_is():
    assert (
        clean("小区门口路灯坏了3天，晚上很黑。", 100, "matter") == "小区门口路灯坏了3天，晚上很黑。"
    )


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("一\r\n二\r三\u2028四\x0b五\x0c六\x85七", "一\n二\n三\n四\n五\n六\n七"),
        ("  \n 路灯坏了 \t\n", "路灯坏了"),
        ("列\t二", "列\t二"),
        ("cafe\u0301", "café"),
        ("abc\u202edef\u202c", "abcdef"),
        ("\ufeff路\u200b灯", "路灯"),
        ("文\U000e0041\U000e0042字", "文字"),
        ("字\U000e0100\U000e0101\U000e0102", "字\U000e0100"),
        (f"一家人{FAMILY}很急", f"一家人{FAMILY}很急"),
        ("❤️\u200d🔥", "❤️\u200d🔥"),
        ("👩🏽\u200d🚒", "👩🏽\u200d🚒"),
        ("张\u200d三", "张三"),
        ("👨\u200d三", "👨三"),
        ("生僻字\ue123也留着", "生僻字\ue123也留着"),
    ],
)
def test_invisible_marks_go_and_meaning_stays(written, kept):
    assert clean(written, 100, "matter") == kept


@pytest.mark.parametrize(
    ("written", "position", "code_point"),
    [
        ("路\x00灯", 2, "U+0000"),
        ("\x1b[31m红", 1, "U+001B"),
        ("路灯\x7f", 3, "U+007F"),
        ("\x9d", 1, "U+009D"),
        ("路灯坏\ud83d", 4, "U+D83D"),
        ("\uffff", 1, "U+FFFF"),
    ],
)
def test_what_was_never_text_is_refused_with_its_place(written, position, code_point):
    refused = refusal(written)

    assert refused.code == "text_not_text"
    assert refused.parameters["position"] == position
    assert refused.parameters["code_point"] == code_point


@pytest.mark.parametrize(
    "blank", ["", "  \n\t", "\u200b\u202e\ufeff", "\u3000\u3164\u2800", "\ufe0f"]
)
def test_what_shows_nothing_is_refused_as_empty(blank):
    assert refusal(blank).code == "text_required"


def test_a_text_that_is_too_long_is_refused_with_both_numbers():
    refused = refusal("水" * 101)

    assert refused.code == "text_too_long"
    assert (refused.parameters["length"], refused.parameters["limit"]) == (101, 100)
    assert (refused.field, refused.parameters["field"]) == ("matter", "诉求内容")
    assert clean("水" * 100, 100, "matter") == "水" * 100
    assert clean("\u200b" * 500 + "水" * 100, 100, "matter") == "水" * 100


def test_a_refusal_is_a_value_error_so_that_forms_catch_it():
    assert isinstance(refusal(""), ValueError)


def test_marks_piled_on_one_letter_are_refused():
    refused = refusal("好" + "\u0300\u0315" * 20)

    assert refused.code == "text_piled_marks"
    assert refused.parameters["position"] == 32
    assert clean("กิ่น" * 20, 100, "matter") == "กิ่น" * 20


def test_no_combining_mark_escapes_the_look_for_piles():
    combining = [c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.combining(c)]

    assert [c for c in combining if not text_module._MANY_POSSIBLE_MARKS.match(c * 31)] == []


@given(st.text(st.characters(codec="utf-8") | invisible))
def test_cleaning_twice_changes_nothing_more(written):
    try:
        once = clean(written, 10_000, "matter")
    except InputRefused:
        return

    assert clean(once, 10_000, "matter") == once
    assert unicodedata.is_normalized("NFC", once)


@given(
    st.text("路灯坏了 3天\n👩🏽🔥", min_size=1).filter(str.strip), st.lists(invisible), st.randoms()
)
def test_invisible_marks_anywhere_leave_no_trace(written, marks, random):
    littered = list(written)
    for mark in marks:
        littered.insert(random.randint(0, len(littered)), mark)

    assert clean("".join(littered), 1000, "matter") == clean(written, 1000, "matter")


@pytest.mark.parametrize(
    "megabyte",
    [
        "水" * 10**6,
        "a" + "\u0315\u0300" * (10**6 // 2),
        ("a" + "\u0315\u0300" * 15) * (10**6 // 31),
        "😀\u200d" * (10**6 // 2),
        "\u200d" * 10**6,
        "\ufe0f" * 10**6,
        " " * 10**6 + "x",
        "\r" * 10**6 + "x",
        "ก" * 10**6,
        "\u202e" * 10**6,
    ],
    ids=lambda text: repr(text[:3]),
)
def test_a_hostile_megabyte_is_settled_in_a_moment(megabyte):
    began = time.process_time()
    with contextlib.suppress(InputRefused):
        clean(megabyte, 2 * 10**6, "matter")

    assert time.process_time() - began < 2


def test_every_refusal_has_a_sentence_that_names_the_field():
    for written in ("", "水" * 101, "路\x00灯", "好" + "\u0300" * 40):
        assert "诉求内容" in refusal(written).sentence()
