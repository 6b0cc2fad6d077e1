"""From the shipped taxonomy to rows: safe to repeat."""

from __future__ import annotations

from pathlib import Path

from hotline.core.reference_data.loading import Row, bring_up_to_date, rows
from knowledge.models import Category, ClassGuide

FOLDER = Path(__file__).resolve().parent
LEVEL_DIGITS = 2
PHRASE_END = "；"


def load_categories() -> int:
    """The three levels, each after the one its classes hang on; returns how many changed."""
    lines = rows(FOLDER / "categories.csv")
    changed = 0
    for depth in (1, 2, 3):
        ids = dict(Category.objects.values_list("code", "id"))
        wanted = [
            {
                "code": row["code"],
                "name": row["name"],
                "name_en": row["name_en"],
                "parent_id": ids.get(row["code"][:-LEVEL_DIGITS]),
                "depth": depth,
                "default_level": row["default_level"],
                "default_urgency": row["default_urgency"],
                "lead_hint": row["lead_hint"],
                "dimensions": row["dimensions"].split(),
                "pinyin": row["pinyin"],
            }
            for row in lines
            if depth_of(row) == depth
        ]
        changed += bring_up_to_date(Category, wanted)
    return changed


def load_guide() -> int:
    """What belongs to each class; the classes must be there already."""
    ids = dict(Category.objects.values_list("code", "id"))
    wanted = [
        {
            "category_id": ids[row["category"]],
            "definition": row["definition"],
            "includes": _phrases(row["includes"]),
            "excludes": _phrases(row["excludes"]),
            "confusable": row["confusable"].split(),
            "questions": _phrases(row["questions"]),
        }
        for row in rows(FOLDER / "guide.csv")
    ]
    return bring_up_to_date(ClassGuide, wanted, key="category_id")


def _phrases(text: str) -> list[str]:
    return [phrase.strip() for phrase in text.split(PHRASE_END) if phrase.strip()]


def depth_of(row: Row) -> int:
    """Codes grow by two digits a level."""
    return len(row["code"]) // LEVEL_DIGITS
