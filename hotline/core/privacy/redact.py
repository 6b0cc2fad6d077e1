"""Phone and identity numbers inside the matter become references: 〔电话1〕, 〔证件1〕.

The matter is read by many people and by search; the numbers in it belong to the requester or a
neighbour and are kept with the other personal data. What was written is kept letter by letter, so
that whoever may see it gets back the very words (`restored`).

Replaced: mobile numbers; landlines with an area code; numbers with a foreign country code; any
seven or eight digits that the text itself calls a phone; identity numbers with a right check
digit, and wrong or old ones that the text calls one; passports and permits that are named.

Left alone: order, contract and case numbers (the text calls them so, or letters lead straight into
them), amounts, dates, house numbers, and the public lines 400, 800, 12345 and the like, which
belong to nobody and which the unit needs to read.

Doubt falls on the side of replacing: a number replaced in error costs a click, one left in clear
cannot be taken back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from enum import StrEnum
from itertools import count
from typing import NamedTuple

from hotline.core.privacy.identity import is_valid_identity, is_valid_old_identity, plain_identity
from hotline.core.privacy.phones import normalise_phone
from hotline.core.text import InputRefused


class ReferenceKind(StrEnum):
    """What a reference stands for; the value is stored, the label is part of the text."""

    PHONE = "phone"
    IDENTITY = "identity"

    @property
    def word(self) -> str:
        """The word inside the token. Part of the kept text, so it is never translated."""
        return {"phone": "电话", "identity": "证件"}[self.value]


class Reference(NamedTuple):
    """One number taken out of a text: what it is, what was written, and the token in its place."""

    kind: ReferenceKind
    value: str
    token: str


class _Span(NamedTuple):
    start: int
    end: int
    kind: ReferenceKind


_D = "[0-9０-９]"
_S = r"[ \t\u00a0\u3000\-－‐‑‒–—―.．·・]"  # one separator between groups of digits
_ONE, _ZERO, _EIGHT_SIX = "[1１]", "[0０]", "[8８][6６]"
_START, _END = f"(?<!{_D})", f"(?!{_D})"
_COUNTRY_CODE = f"(?:[+＋]|{_ZERO}{_ZERO})?{_EIGHT_SIX}"
_COUNTRY = f"(?:[(（]{_COUNTRY_CODE}[)）]{_S}?|{_COUNTRY_CODE}{_S}?)?"
_AREA = f"{_ZERO}(?:{_ONE}{_ZERO}|[2２]{_D}|[3-9３-９]{_D}{{2}})"

# 13812345678 in the groupings people use: 3-4-4, 3-8, 7-4, 3-3-5, 4-3-4, and digit by digit.
_MOBILE = re.compile(
    f"{_START}{_COUNTRY}(?:"
    f"{_ONE}[3-9３-９]{_D}{_S}?{_D}{{4}}{_S}?{_D}{{4}}"
    f"|{_ONE}[3-9３-９]{_D}{_S}{_D}{{3}}{_S}{_D}{{5}}"
    f"|{_ONE}[3-9３-９]{_D}{{2}}{_S}{_D}{{3}}{_S}{_D}{{4}}"
    f"|{_ONE}{_S}[3-9３-９](?:{_S}{_D}){{9}}"
    f"){_END}"
)
_EXTENSION = f"(?:(?:转|转接|分机|分机号|-|－|—|#|＃){_S}?{_D}{{1,6}})?"
_LANDLINE = re.compile(
    f"{_START}{_COUNTRY}(?:[(（]{_AREA}[)）]|{_AREA}){_S}{{0,3}}"
    f"[2-8２-８]{_D}{{2,3}}{_S}?{_D}{{4}}{_EXTENSION}{_END}"
)
_FOREIGN = re.compile(rf"{_START}[+＋]{_D}{{1,3}}(?:[ \-(]?[)]?{_D}){{6,12}}{_END}")
# Seven or eight digits are a phone only where the text says so.
_CALLED_A_PHONE = re.compile(
    r"(?:电话|座机|固话|手机|热线|联系方式|致电|拨打|来电|[Tt][Ee][Ll])"
    rf"(?:号码|号)?[是为:：\s]{{0,3}}"
    rf"(?P<number>[2-8２-８]{_D}{{2,3}}{_S}?{_D}{{4}}{_EXTENSION}){_END}"
)
# …or where they follow a phone: 电话62345678、62345679.
_ANOTHER_PHONE = re.compile(
    rf"\s?(?:[、，,;；/和及]|或者?)\s?(?P<number>[2-8２-８]{_D}{{2,3}}{_S}?{_D}{{4}}){_END}"
)
_IDENTITY = re.compile(
    f"{_START}[1-9１-９]{_D}{{5}}{_S}?(?:1[89]|20|１[８９]|２０){_D}{{6}}{_S}?{_D}{{3}}[0-9０-９XxＸｘ]"
    f"{_END}"
)
_CALLED_AN_IDENTITY = re.compile(
    r"(?:身份证|身份证明|证件|居住证)(?:号码|编号|号)?[是为:：\s]{0,3}"
    rf"(?P<number>{_D}{{6}}{_S}?{_D}{{8}}{_S}?{_D}{{3}}[0-9０-９XxＸｘ]|{_D}{{15}}){_END}"
)
_NAMED_DOCUMENT = re.compile(
    r"(?:护照|通行证|回乡证|台胞证|居留证|军官证|证件)(?:号码|编号|号)?[是为:：\s]{0,3}"
    rf"(?P<number>[A-Za-z]{{1,2}}{_D}{{7,9}}){_END}"
)

# What stands before or after a number that is no phone.
_CALLED_SOMETHING_ELSE = re.compile(
    r"(?:订单|单号|工单|编号|流水|合同|案号|运单|快递|序列|车架|账号|帐号|卡号|户号|发票|批号)"
    r"(?:号码|编号|号)?[是为:：\s№#＃]{0,3}$"
)
_LETTERS = re.compile(r"[A-Za-z]+$")
_LETTERS_OF_A_CONTACT = re.compile(
    r"tel|telephone|phone|mobile|mob|cell|call|contact|wechat|weixin|wx|vx|v|qq|t|p|m",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"(?:\.[0-9]{1,2}(?![0-9]))?\s?(?:元(?![旦宵月])|[万亿]元|美元|块钱|人民币|%|％)"
)
_DAY = re.compile("20[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_LONGEST_LABEL = 16
_TYPED_TOKEN = re.compile("〔(?:电话|证件)[0-9]+〕")
# Most messages hold no number this long; they pay for one search only.
_SEVEN_DIGITS = re.compile(f"{_D}(?:{_S}?{_D}){{6}}")


def extract_references(text: str, known: Sequence[Reference] = ()) -> tuple[str, list[Reference]]:
    """The text with tokens in place of personal numbers, and what the tokens stand for.

    The same writing twice has one token. Numbers count up per kind; a number whose token the
    writer happened to type already is passed over. `known` are the references of another text of
    the same ticket (its title, its matter): they are used again, counted on from, and come first
    in the answer.
    """
    references = {(reference.kind, reference.value): reference for reference in known}
    if not _SEVEN_DIGITS.search(text):
        return text, list(references.values())
    taken = {reference.token for reference in known} | set(_TYPED_TOKEN.findall(text))
    free = {kind: _free_tokens(kind, taken) for kind in ReferenceKind}
    pieces: list[str] = []
    done = 0
    for span in _apart(_found(text)):
        value = text[span.start : span.end]
        reference = references.get((span.kind, value))
        if reference is None:
            reference = Reference(span.kind, value, next(free[span.kind]))
            references[span.kind, value] = reference
        pieces += text[done : span.start], reference.token
        done = span.end
    return "".join([*pieces, text[done:]]), list(references.values())


def restored(clean_text: str, references: Iterable[Reference]) -> str:
    """The text as it was written, for someone who may read the numbers."""
    written = {reference.token: reference.value for reference in references}
    if not written:
        return clean_text
    tokens = re.compile("|".join(map(re.escape, written)))
    return tokens.sub(lambda found: written[found.group()], clean_text)


def _free_tokens(kind: ReferenceKind, taken: Set[str]) -> Iterator[str]:
    tokens = (f"〔{kind.word}{number}〕" for number in count(1))
    return (token for token in tokens if token not in taken)


def _found(text: str) -> Iterator[_Span]:
    for called in (_CALLED_AN_IDENTITY, _NAMED_DOCUMENT):
        for match in called.finditer(text):
            if _is_document(match["number"]):
                yield _Span(*match.span("number"), ReferenceKind.IDENTITY)
    for match in _IDENTITY.finditer(text):
        if is_valid_identity(plain_identity(match.group())):
            yield _Span(*match.span(), ReferenceKind.IDENTITY)
    for start, end in _phones(text):
        yield _Span(start, end, ReferenceKind.PHONE)
        while another := _ANOTHER_PHONE.match(text, end):
            start, end = another.span("number")
            if _is_something_else(text, start, end):
                break
            yield _Span(start, end, ReferenceKind.PHONE)


def _phones(text: str) -> Iterator[tuple[int, int]]:
    for match in _CALLED_A_PHONE.finditer(text):
        if not _is_something_else(text, *match.span("number")):
            yield match.span("number")
    for pattern in (_MOBILE, _LANDLINE):
        for match in pattern.finditer(text):
            if not _is_something_else(text, *match.span()):
                yield match.span()
    for match in _FOREIGN.finditer(text):
        if _is_phone(match.group()):
            yield match.span()


def _apart(spans: Iterable[_Span]) -> Sequence[_Span]:
    """The spans in order without overlap; where two overlap, they are one reference, so that no
    part of a number stays behind."""
    kept: list[_Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if kept and span.start < kept[-1].end:
            kept[-1] = kept[-1]._replace(end=max(kept[-1].end, span.end))
        else:
            kept.append(span)
    return kept


def _is_document(number: str) -> bool:
    """A number that the text calls a document: old numbers need a birthday in them, others only
    their form, for a slip of the pen still shows a person."""
    plain = plain_identity(number)
    return len(plain) != 15 or is_valid_old_identity(plain)


def _is_phone(written: str) -> bool:
    try:
        normalise_phone(written)
    except InputRefused:
        return False
    return True


def _is_something_else(text: str, start: int, end: int) -> bool:
    """Whether a number is a day, or the words around it say that it is an order number or an
    amount."""
    if _DAY.fullmatch(text, start, end):
        return True
    before = text[max(0, start - _LONGEST_LABEL) : start]
    letters = _LETTERS.search(before)
    if letters and not _LETTERS_OF_A_CONTACT.fullmatch(letters.group()):
        return True
    return bool(_CALLED_SOMETHING_ELSE.search(before) or _AMOUNT.match(text, end))
