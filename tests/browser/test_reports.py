"""A report in the browser: asked for, watched while it is made, fetched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from hotline.core.models import Role
from hotline.pages import report_runs
from tests import factories as make

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]


def test_a_report_is_watched_until_it_is_there(
    open_page: OpenPage, small_city: None, tmp_path: Path
) -> None:
    for _ in range(3):
        make.accepted_ticket()
    make.handled_ticket()
    page = open_page(make.make_staff(Role.CITY_SUPERVISOR), "/tickets/?state=open")

    page.get_by_role("link", name="做成报告").click()
    page.get_by_label("报告名称").fill("各单位未办结")
    page.get_by_label("统计：按项目计数").check()
    page.get_by_label("统计的列").select_option(label="状态")
    page.get_by_role("button", name="保存并生成").click()
    page.get_by_text("等后台接手").wait_for()
    while report_runs.carry_on(at=timezone.now()):
        pass

    page.get_by_role("link", name="下载 CSV").wait_for()  # without another press
    with page.expect_download() as fetched:
        page.get_by_role("link", name="下载 CSV").click()
    fetched.value.save_as(tmp_path / "report.csv")
    assert (tmp_path / "report.csv").read_text("utf-8-sig").rstrip().endswith(",4")
    page.get_by_role("link", name="甲一街道办事处 · 办理中 1").click()
    assert page.get_by_role("row").count() == 2
