"""What axe-core and the keyboard find wrong in a page that stands in Chromium."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A development package: the set-up installs it, no page is served with it.
SOURCE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
# Every rule of WCAG 2.1 A and AA; the whole document with all that is folded away unfolded.
RULES = """async () => {
    const found = await axe.run(document, {
        runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
        resultTypes: ["violations"], preload: false,
    });
    return found.violations.flatMap((rule) => rule.nodes.map(
        (node) => `${rule.id}: ${node.target.join(" ")} ${node.any.map((why) => why.message)}`,
    ));
}"""
UNFOLD = "document.querySelectorAll('details').forEach((each) => (each.open = true))"
WIDTH = "document.documentElement.scrollWidth"
# What can be stopped at and shows nothing when it is: an outline of its own or of the box beside
# it, which stands for a radio button.
UNSEEN = """() => {
    const outlined = (element) => {
        const style = element && getComputedStyle(element);
        return style && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
    };
    const stops = 'a[href], button, input:not([type="hidden"]), select, textarea, summary,'
        + '[tabindex="0"]';
    return [...document.querySelectorAll(stops)].filter((element) => {
        if (element.disabled || !element.getClientRects().length) return false;
        element.focus();
        return document.activeElement === element
            && !outlined(element) && !outlined(element.nextElementSibling);
    }).map((element) => "focus is not seen: " + element.outerHTML.slice(0, 120));
}"""
FIRST_STOP = """() => {
    const stops = 'a[href], button, input:not([type="hidden"]), [tabindex="0"]';
    const first = document.querySelector(stops);
    const main = document.querySelector("main");
    if (!first || main.compareDocumentPosition(first) & Node.DOCUMENT_POSITION_FOLLOWING) return [];
    const leads = first.matches("a.skip-link") && document.querySelector(first.hash) === main;
    return leads ? [] : ["the first stop is no way past the head of the page"];
}"""


@cache
def source() -> str:
    if not SOURCE.exists():
        pytest.fail("axe-core is not installed: make setup-dev installs it with npm")
    return SOURCE.read_text()


def violations(page: Any) -> list[str]:
    """What the rules find in the page as it stands; it is put there past the page's policy."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(source())
    page.evaluate(UNFOLD)
    return list(page.evaluate(RULES))


def too_wide(page: Any, *widths: int) -> list[str]:
    """Where the page itself has to be scrolled sideways."""
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        if (needed := page.evaluate(WIDTH)) > width:
            found.append(f"reflow: needs {needed} of {width} pixels")
    return found


def in_dialogs(page: Any) -> list[str]:
    """The rules with each of the page's dialogs open and each of its tabs in front."""
    found = []
    for dialog in page.query_selector_all("dialog:not([open])"):
        dialog.evaluate("each => each.showModal()")
        found += violations(page)
        dialog.evaluate("each => each.close()")
    for tab in page.query_selector_all('[role="tab"][aria-selected="false"]'):
        tab.click()
        found += violations(page)
    return found


def at_the_keyboard(page: Any) -> list[str]:
    """The first stop leads past the head of the page, if one must be passed; every stop is seen."""
    page.keyboard.press("Shift")  # the reader has no mouse
    return [*page.evaluate(FIRST_STOP), *page.evaluate(UNSEEN)]
