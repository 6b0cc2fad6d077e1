"""One number whatever its writing; nonsense refused; nothing shown that should be hidden."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.privacy.phones import mask_identity, mask_name, mask_phone, normalise_phone
from hotline.core.text import InputRefused

MOBILE = "+8613812345678"
LANDLINE = "+861062345678"
wide = str.maketrans("0123456789", "０１２３４５６７８９")

mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
separators = st.sampled_from(["", " ", "-", ".", "/", "－", "　", "\u00a0", "—", " - "])
prefixes = st.sampled_from(["", "+86", "0086", "86", "＋86 ", "+86-", "(+86)", "0", "17951 "])


@given(mobiles, prefixes, separators, separators, st.booleans())
def test_a_mobile_number_is_one_whatever_its_writing(number, prefix, first, second, is_wide):
    written = f"{prefix}{number[:3]}{first}{number[3:7]}{second}{number[7:]}"
    if is_wide:
        written = written.translate(wide)

    assert normalise_phone(written) == f"+86{number}"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("13812345678", MOBILE),
        ("1381-234-5678", MOBILE),
        ("\u202d138 1234 5678\u202c", MOBILE),
        ("13812345678转8", f"{MOBILE};ext=8"),
        ("01062345678", LANDLINE),
        ("010-62345678", LANDLINE),
        ("（010）6234－5678", LANDLINE),
        ("010/62345678", LANDLINE),
        ("+86 (0)10 6234 5678", LANDLINE),
        ("0086-10-62345678", LANDLINE),
        ("6234 5678", LANDLINE),
        ("010-62345678转123", f"{LANDLINE};ext=123"),
        ("010-62345678 分机：123", f"{LANDLINE};ext=123"),
        ("010-62345678-123", f"{LANDLINE};ext=123"),
        ("(010)62345678 ext. 123", f"{LANDLINE};ext=123"),
        ("0738-3238156", "+867383238156"),
        ("400-610-1360", "+864006101360"),
        ("800 810 1234", "+868008101234"),
        ("+852 9123 4567", "+85291234567"),
        ("00852-91234567", "+85291234567"),
        ("+1 (202) 555-0123", "+12025550123"),
    ],
)
def test_usual_writings(written, number):
    assert normalise_phone(written) == number


def test_a_local_number_belongs_to_the_city():
    assert normalise_phone("28123456", area_code="22") == "+862228123456"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("", "text_required"),
        (" \u200b", "text_required"),
        ("138****5678", "masked_value"),
        ("138＊＊＊＊5678", "masked_value"),
        ("张三", "phone_not_a_number"),
        ("微信同号", "phone_not_a_number"),
        ("+", "phone_not_a_number"),
        ("()", "phone_not_a_number"),
        ("1e10", "phone_not_a_number"),
        ("138+12345678", "phone_not_a_number"),
        ("13812345678@163.com", "phone_not_a_number"),
        ("12a45678901", "phone_not_a_number"),
        ("1234", "phone_too_short"),
        ("０", "phone_too_short"),
        ("13812345678 13987654321", "phone_too_long"),
        ("13812345678/13987654321", "phone_too_long"),
        ("1234513812345678", "phone_too_long"),
        ("9" * 100_000, "phone_too_long"),
        ("110", "phone_service_number"),
        ("120", "phone_service_number"),
        ("10086", "phone_service_number"),
        ("12345", "phone_service_number"),
        ("010-12345", "phone_service_number"),
        ("95598", "phone_service_number"),
        ("1010 5678", "phone_service_number"),
        ("00000000", "phone_invalid"),
        ("0000-00000000", "phone_invalid"),
        ("11111111111", "phone_invalid"),
        ("13812345", "phone_invalid"),
        ("138123456789", "phone_invalid"),
        ("020-1", "phone_too_short"),
        ("+999 1234 5678", "phone_invalid"),
    ],
)
def test_nonsense_is_refused_with_its_reason(written, code):
    with pytest.raises(InputRefused) as refused:
        normalise_phone(written, label="联系电话")

    assert refused.value.code == code
    assert refused.value.parameters["field"] == "联系电话"


@given(st.text() | st.text("0123456789+-() /.转#x"))
def test_whatever_is_written_is_a_number_or_refused(written):
    try:
        number = normalise_phone(written)
    except InputRefused:
        return

    line = number.partition(";ext=")[0]
    assert line[0] == "+"
    assert line[1:].isascii()
    assert line[1:].isdigit()
    assert 8 <= len(line) <= 16
    assert normalise_phone(number.replace(";ext=", "转")) == number


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (MOBILE, "138****5678"),
        (LANDLINE, "010****5678"),
        (f"{LANDLINE};ext=123", "010****5678"),
        ("+867383238156", "0738****156"),
        ("+864006101360", "400****360"),
        ("+85291234567", "+85****567"),
        ("+12025550123", "+12****123"),
        ("", ""),
    ],
)
def test_what_a_list_shows_of_a_number(number, shown):
    assert mask_phone(number) == shown


@given(mobiles)
def test_a_mask_hides_four_digits_and_cannot_be_written_back(number):
    shown = mask_phone(f"+86{number}")

    assert shown == f"{number[:3]}****{number[-4:]}"
    with pytest.raises(InputRefused):
        normalise_phone(shown)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张三", "张*"),
        ("张三丰", "张**"),
        ("欧阳修之", "欧**"),
        ("阿卜杜热西提·买买提", "阿**"),
        ("张", "张*"),
        ("John Smith", "J**"),
        (" 李四 ", "李*"),
        ("", ""),
    ],
)
def test_what_a_list_shows_of_a_name(name, shown):
    assert mask_name(name) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("110101199003071233", "110***********1233"),
        ("110101900307123", "110********7123"),
        ("E12345678", "E1****78"),
        ("12", "****"),
        ("", ""),
    ],
)
def test_what_is_shown_of_an_identity_number(number, shown):
    assert mask_identity(number) == shown


@pytest.mark.parametrize("written", ["", "138****5678", "张三", "1234", "9" * 20, "10086", "0" * 8])
def test_every_refusal_has_a_sentence_that_names_the_field(written):
    with pytest.raises(InputRefused) as refused:
        normalise_phone(written, label="联系电话")

    assert "联系电话" in refused.value.sentence()
