"""What callers say: invented texts, or the rows of a file.

An invented message is an opening, one of a situation's accounts and a wish, with invented names of
estates, roads and shops; a few carry a telephone number written the way people write it.
"""

from __future__ import annotations

import csv
import datetime as dt
import random
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from hotline.ops.simulation.arrivals import is_heating_season
from hotline.ops.simulation.balance import Balanced

FOLDER = Path(__file__).resolve().parent
# Of all messages, consultations; the rest by kind (published for 2019–2021; kinds inferred).
CONSULT_SHARE = 0.585
TITLE_LIMIT = 120
PHONE_IN_TEXT_SHARE = 0.04
# 154 has never been given to a network, so no invented number can reach anybody.
PHONE_PREFIX = "154"

ESTATES = (
    "和悦家园", "晨曦苑", "云锦里", "翠湖花园", "丰禾小区", "知春苑", "银杏里", "听雨轩",
    "南岸公寓", "清和园", "望景台", "松涛里", "锦程家园", "青禾佳苑", "临江雅居", "梧桐湾",
    "向阳里", "安居苑",
)  # fmt: skip
ROADS = (
    "松涛路", "映月街", "长汀路", "望云大街", "春晖路", "石桥北路", "枫林西街", "锦书路", "听泉街",
    "鹤鸣路", "柏舟街", "沐晨路", "采薇路", "白鹭大街", "双清路", "碧梧东路",
)  # fmt: skip
SHOPS = (
    "好邻居", "福满堂", "七里香", "大拇指", "优客", "康乐源", "小城故事", "飞燕", "金麦穗", "心悦",
    "老街坊", "百灵鸟",
)  # fmt: skip
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
_SINCE = ("三天前", "上周", "前天晚上", "大概半个月前", "从上个月", "昨天", "十多天前", "这礼拜一")
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


@dataclass(frozen=True)
class Message:
    """What came in, as an agent would type it. `category` is the code of its class; `answer` what
    an agent can read out for a consultation."""

    title: str
    matter: str
    category: str
    request_type: str
    address: str
    phone: str
    name: str
    answer: str


class Source(Protocol):
    """Where messages come from, one after the other; None when there are no more. Invented ones
    are never refused, and a neighbour may raise the very same matter."""

    is_invented: bool

    def next(self, day: dt.date) -> Message | None: ...


class Invented:
    """Endless messages of our own."""

    is_invented = True

    def __init__(self, rng: random.Random, names: Mapping[str, str] | None = None) -> None:
        """`names` are what the classes are called, for the titles."""
        self._rng = rng
        self._names = names or {}
        with (FOLDER / "situations.toml").open("rb") as file:
            data = tomllib.load(file)
        self._phrases: dict[str, list[str]] = data["phrases"]
        self._situations: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for kind in ("request", "consult"):
            by_class: dict[str, list[dict[str, Any]]] = {}
            for situation in data[kind]:
                by_class.setdefault(situation["class"][:2], []).append(situation)
            self._situations[kind] = by_class
        shares: dict[str, float] = data["shares"]
        self._winter = Balanced(shares, rng)
        self._summer = Balanced({c: s for c, s in shares.items() if c != "01"}, rng)
        self._kinds = Balanced({"consult": CONSULT_SHARE, "request": 1 - CONSULT_SHARE}, rng)

    def next(self, day: dt.date) -> Message:
        rng, kind = self._rng, self._kinds.draw()
        first = (self._winter if is_heating_season(day) else self._summer).draw()
        situation = rng.choice(self._situations[kind][first])
        surname = rng.choice(SURNAMES)
        slots = {
            "estate": rng.choice(ESTATES),
            "road": rng.choice(ROADS),
            "shop": rng.choice(SHOPS),
            "since": rng.choice(_SINCE),
            "surname": surname,
            "n": rng.randint(2, 9),
            "n_low": rng.randint(13, 17),
            "floor": rng.randint(4, 18),
            "money": rng.choice((380, 600, 1200, 1980, 2600, 3999, 5800, 8600)),
        }
        prefix = "consult_" if kind == "consult" else ""
        account = rng.choice(situation["accounts"]).format_map(slots)
        opening = rng.choice(self._phrases[prefix + "openings"]).format_map(slots)
        matter = opening + account + rng.choice(self._phrases[prefix + "wishes"])
        phone = invented_phone(rng)
        if rng.random() < PHONE_IN_TEXT_SHARE:
            matter += odd_writing(phone, rng)
        return Message(
            title=self._title(kind, situation["class"], str(slots["estate"])),
            matter=matter,
            category=situation["class"],
            request_type=situation.get("type", "consult"),
            address=f"{slots['estate']}{slots['n']}号楼",
            phone=phone,
            name=surname + rng.choice(("先生", "女士")),
            answer=situation.get("answer", ""),
        )

    def _title(self, kind: str, code: str, estate: str) -> str:
        """What an agent would write over it: where and what."""
        what = self._names.get(code)
        if what is None:
            return ""
        return f"咨询{what}" if kind == "consult" else f"{estate}{what}"


# The seven classes of the file, roughly, as classes of ours: a word in the text decides, else
# the first line.
FILE_CLASSES: dict[str, tuple[tuple[str, str], ...]] = {
    "城乡建设": (
        ("", "130101"), ("物业", "050101"), ("停车", "100201"), ("违建", "090101"),
        ("违章建筑", "090101"), ("拆迁", "130202"), ("房产证", "060101"), ("停电", "030101"),
        ("停水", "020101"), ("燃气", "040401"), ("路灯", "080301"), ("垃圾", "070101"),
    ),
    "环境保护": (
        ("", "120501"), ("噪", "120101"), ("扰民", "120202"), ("油烟", "120301"),
        ("扬尘", "120401"), ("灰尘", "120401"), ("污水", "120601"), ("河", "220301"),
    ),
    "交通运输": (
        ("", "110601"), ("公交", "110101"), ("地铁", "110201"), ("出租车", "110302"),
        ("的士", "110302"), ("滴滴", "110301"), ("快递", "230501"), ("红绿灯", "110502"),
    ),
    "教育文体": (
        ("", "170101"), ("补课", "170301"), ("收费", "170301"), ("幼儿园", "170501"),
        ("培训", "170201"), ("安全", "170402"), ("健身", "230301"),
    ),
    "劳动和社会保障": (
        ("", "150201"), ("工资", "150102"), ("农民工", "150101"), ("退休", "150202"),
        ("合同", "150301"), ("低保", "180401"), ("残疾", "180502"), ("医保", "160402"),
    ),
    "商贸旅游": (
        ("", "140601"), ("传销", "140501"), ("食品", "140301"), ("价", "140401"),
        ("网", "140101"), ("旅游", "230201"), ("电梯", "050401"),
    ),
    "卫生计生": (
        ("", "160201"), ("医生", "160301"), ("医保", "160402"), ("疫苗", "160501"),
        ("挂号", "160101"), ("急救", "160601"),
    ),
}  # fmt: skip
COLUMNS = ("number", "user", "title", "sent_at", "body", "category")
_KINDS = (
    ("举报", "report"), ("投诉", "complaint"), ("建议", "suggestion"), ("咨询", "consult"),
    ("请问", "consult"), ("何时", "consult"), ("能否", "consult"), ("吗？", "consult"),
)  # fmt: skip


class FileProblem(Exception):
    """The messages file cannot be used; the text says why and quotes none of it."""


class FromFile:
    """The rows of a CSV file in their order, once. Nothing of them is ever shown or logged."""

    is_invented = False

    def __init__(self, file: Path, rng: random.Random) -> None:
        self._rng = rng
        try:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                reader = csv.DictReader(lines)
                missing = [c for c in COLUMNS if c not in (reader.fieldnames or ())]
                if missing:
                    raise FileProblem(f"{file} 缺少这些列：{'、'.join(missing)}。")
                self._rows = list(reader)
        except OSError as error:
            raise FileProblem(f"读不了 {file}（{error.strerror}）。") from error
        except (UnicodeDecodeError, csv.Error) as error:
            raise FileProblem(f"{file} 不是 UTF-8 的 CSV 文件。") from error
        unknown = sorted({r["category"] for r in self._rows} - set(FILE_CLASSES))
        if unknown:
            raise FileProblem(f"{file} 里有不认识的分类 {len(unknown)} 种。")
        self._left = self._messages()

    def __len__(self) -> int:
        return len(self._rows)

    def next(self, day: dt.date) -> Message | None:
        return next(self._left, None)

    def _messages(self) -> Iterator[Message]:
        rng = self._rng
        for row in self._rows:
            title, body = row["title"].strip(), row["body"].strip()
            yield Message(
                title=title[:TITLE_LIMIT],
                matter=body or title,
                category=class_of(row["category"], title),
                request_type=kind_of(title),
                address="",
                # The file names its writers by a code; every writer gets one invented number.
                phone=invented_phone(random.Random(row["user"])),
                name=rng.choice(SURNAMES) + rng.choice(("先生", "女士")),
                answer="您反映的问题已为您查询相关规定并作了说明，具体以主管部门公布的办事指南为准。",
            )


def class_of(label: str, title: str) -> str:
    """Our class for one of the file's seven."""
    (_, otherwise), *words = FILE_CLASSES[label]
    return next((code for word, code in words if word in title), otherwise)


def kind_of(title: str) -> str:
    """What the writer wants, from the words of the title."""
    return next((kind for word, kind in _KINDS if word in title), "help")


def invented_phone(rng: random.Random) -> str:
    return f"{PHONE_PREFIX}{rng.randrange(10**8):08}"


def odd_writing(phone: str, rng: random.Random) -> str:
    """A telephone number the way people put it into a message."""
    head, middle, tail = phone[:3], phone[3:7], phone[7:]
    return rng.choice(
        (
            f"我的电话是{phone.translate(_FULL_WIDTH)}。",
            f"有事打{head}-{middle}-{tail}。",
            f"联系电话：{head} {middle} {tail}，白天都在。",
            f"手机 +86 {phone} 微信同号。",
        )
    )
