"""Personal numbers leave the matter, everything else stays. All numbers are invented."""

from __future__ import annotations

import csv
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.privacy.identity import check_character
from hotline.core.privacy.redact import Reference, ReferenceKind, extract_references, restored
from tests import realdata

ID = "110101199003071233"
wide = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


MANY_PHONES = "，".join(f"138{n:08}" for n in range(80_000))


def taken(text: str) -> list[str]:
    return [reference.value for reference in extract_references(text)[1]]


def test_numbers_become_tokens_that_count_up_per_kind():
    clean_text, references = extract_references(
        f"我叫某某，身份证{ID}，电话13812345678，邻居的是010-62345678，仍打13812345678。"
    )

    assert (
        clean_text == "我叫某某，身份证〔证件1〕，电话〔电话1〕，邻居的是〔电话2〕，仍打〔电话1〕。"
    )
    assert references == [
        Reference(ReferenceKind.IDENTITY, ID, "〔证件1〕"),
        Reference(ReferenceKind.PHONE, "13812345678", "〔电话1〕"),
        Reference(ReferenceKind.PHONE, "010-62345678", "〔电话2〕"),
    ]


@pytest.mark.parametrize(
    "number",
    [
        "13812345678",
        "138 1234 5678",
        "138-1234-5678",
        "138—1234—5678",
        "138.1234.5678",
        "1381-234-5678",
        "138 123 45678",
        "1 3 8 1 2 3 4 5 6 7 8",
        "1-3-8-1-2-3-4-5-6-7-8",
        "１３８１２３４５６７８",
        "１３８　１２３４　５６７８",
        "+86 138 1234 5678",
        "8613812345678",
        "(+86)13812345678",
        "010-62345678",
        "01062345678",
        "（010）6234-5678",
        "(010)62345678转123",
        "0738-3238156",
        "0746--2213405",
        "０１０－６２３４５６７８",
        "+852 9123 4567",
        ID,
        "11010519491231002X",
        "11010519491231002x",
        "110101 19900307 1233",
        "110101-19900307-1233",
        ID.translate(wide),
    ],
)
@pytest.mark.parametrize(
    "sentence", ["{}", "请联系{}谢谢", "联系方式：{}，急", "（{}）", "tel{}或微信"]
)
def test_personal_numbers_in_any_usual_writing_are_taken(number, sentence):
    text = sentence.format(number)

    assert taken(text) == [number]
    assert restored(*extract_references(text)) == text


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("电话62345678", ["62345678"]),
        ("座机是：6234 5678、62345679", ["6234 5678", "62345679"]),
        ("拨打7710052或者7179008", ["7710052", "7179008"]),
        ("13812345678/13987654321", ["13812345678", "13987654321"]),
        ("010-62345678-13812345678", ["010-62345678", "13812345678"]),
        ("身份证号码：110101199003071234", ["110101199003071234"]),
        ("身份证 110101900307123", ["110101900307123"]),
        ("护照E12345678", ["E12345678"]),
        ("港澳通行证号：C1234567", ["C1234567"]),
        ("13812345678元旦前都在", ["13812345678"]),
    ],
)
def test_what_the_text_itself_calls_a_personal_number_is_taken(text, numbers):
    assert taken(text) == numbers


@pytest.mark.parametrize(
    "text",
    [
        "订单号13812345678",
        "订单编号：138 1234 5678",
        "快递SF13812345678",
        "合同编号 15912345678",
        "工单2026112213812345",
        "案号（2019）京0105民初13812号",
        "1381234567890",
        "413812345678",
        "交了13812345678元",
        "共计13812345678.50元",
        "15000000000亿元",
        "2018-12-13 10:20:30",
        "20181213",
        "来电20190511反映",
        "62345678",
        "3-1-601/15-2-1301",
        "110101199003071234",
        "4101011990",
        "400-610-1360",
        "拨打12345或12315",
        "10086",
        "39.915119, 116.403963",
        "",
    ],
)
def test_what_is_no_personal_number_stays(text):
    assert extract_references(text) == (text, [])


def test_a_token_that_the_writer_typed_is_not_used_again():
    text = "上次的〔电话1〕不通，打13812345678"

    clean_text, references = extract_references(text)

    assert clean_text == "上次的〔电话1〕不通，打〔电话2〕"
    assert restored(clean_text, references) == text


def test_the_title_goes_on_counting_from_the_matter():
    matter, of_matter = extract_references("噪音扰民，电话13812345678")
    title, of_both = extract_references("请回电13912345678或13812345678", of_matter)

    assert (matter, title) == ("噪音扰民，电话〔电话1〕", "请回电〔电话2〕或〔电话1〕")
    assert [reference.value for reference in of_both] == ["13812345678", "13912345678"]
    assert extract_references("没有号码的标题", of_both) == ("没有号码的标题", of_both)


@given(
    st.lists(
        st.text("电话：, 0123456789-０ +X元〔1〕号a.", max_size=12)
        | st.sampled_from(["13812345678", "010-62345678", ID, "〔电话1〕", "订单号", "身份证"]),
        max_size=8,
    ).map("".join)
)
def test_whatever_is_taken_can_be_put_back_letter_by_letter(text):
    clean_text, references = extract_references(text)

    assert restored(clean_text, references) == text
    assert len({reference.token for reference in references}) == len(references)


@given(
    st.text("路灯坏了，请处理。\n ", max_size=20),
    st.from_regex("1[3-9][0-9]{9}", fullmatch=True),
    st.integers(0, 999),
    st.text("谢谢，急！\n", max_size=20),
)
def test_no_part_of_a_phone_or_identity_number_stays_behind(before, phone, serial, after):
    identity = f"11010119900307{serial:03}"
    identity += check_character(identity)

    clean_text, references = extract_references(f"{before}{phone}，{identity}{after}")

    assert {reference.value for reference in references} == {phone, identity}
    assert phone not in clean_text
    assert identity[:6] not in clean_text


@pytest.mark.parametrize(
    "megabyte",
    ["1" * 10**6, MANY_PHONES, "电话" * 500_000, "+1 2 3 " * 140_000, "1 " * 500_000],
    ids=lambda text: text[:6],
)
def test_a_hostile_megabyte_is_settled_in_a_moment(megabyte):
    began = time.process_time()
    extract_references(megabyte)

    assert time.process_time() - began < 3


@pytest.mark.realdata
def test_real_messages_come_back_whole_and_lose_only_phones():
    file = realdata.required("messages/labelled_full.csv")
    with file.open(encoding="utf-8", newline="") as rows:
        texts = [row["title"] + row["body"] for row in csv.DictReader(rows)]

    for text in texts:
        clean_text, references = extract_references(text)
        assert restored(clean_text, references) == text
        # The numbers of this collection are masked with zeros: almost nothing is left to take.
        assert len(references) <= 2
