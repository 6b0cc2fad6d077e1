"""The bulletin as a document: every figure of it, and that programs open it."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import translation
from docx import Document
from docx.document import Document as Docx
from docx.oxml.ns import qn
from docx.table import Table
from pytest_django import Settings

from evaluation.models import UnitScore
from governance import paper_docx, wording
from governance.content import BulletinContent
from governance.models import Bulletin
from governance.wording import Paper
from hotline.core.models import Deployment
from hotline.core.reference import forget_all
from tests import factories as make
from tests.governance import contents, publishing
from tests.governance.publishing import FIRST, LAST, MONTH, PUBLISHED, correct, publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def published() -> Bulletin:
    """Of invented data, without an authority, with an erratum."""
    make.seed_reference()
    Deployment.objects.update_or_create(id=1, defaults={"is_simulated": True})
    forget_all()
    publishing.close_april()
    correct(PUBLISHED)
    return publish(PUBLISHED + make.hours(1))


def docx_of(bulletin: Bulletin) -> Docx:
    return Document(io.BytesIO(bytes(bulletin.files.get(kind="docx").body)))


def paper_of(bulletin: Bulletin) -> Paper:
    return wording.paper(
        bulletin.content, number=bulletin.number, published_at=bulletin.published_at
    )


def tables_of(document: Docx) -> dict[str, Table]:
    """By their captions, which stand right above them."""
    captions = [p.text for p in document.paragraphs if p.style.name == "Table Caption"]
    return dict(zip(captions, document.tables, strict=True))


def rows_of(table: Table) -> Iterator[dict[str, str]]:
    head, *rows = ([cell.text for cell in row.cells] for row in table.rows)
    return (dict(zip(head, row, strict=True)) for row in rows)


def shown(value: Decimal | None, places: int) -> str:
    return "—" if value is None else f"{value:.{places}f}"


# === What it says ===========================================================================


def test_every_figure_of_the_ranking_is_that_of_the_closed_month(published: Bulletin) -> None:
    tables = tables_of(docx_of(published))
    ranking = {row["单位"]: row for row in rows_of(tables["街道乡镇排名（率为%）"])}

    for code in (FIRST, publishing.SECOND, LAST):
        score = UnitScore.objects.select_related("unit").get(month=MONTH, code=code)
        assert ranking[score.unit.name] == {
            "名次": str(score.rank),
            "单位": score.unit.name,
            "承办量": str(score.volume),
            "有效回访": str(score.valid),
            "响应率": shown(score.response, 2),
            "解决率": shown(score.resolution, 2),
            "满意率": shown(score.satisfaction, 2),
            "加分": shown(score.bonus, 1),
            "得分": shown(score.score, 1),
            "较上月": "—",
        }
    assert len(ranking) == 3


def test_who_is_not_ranked_is_shown_without_rates_and_with_the_reason(
    published: Bulletin,
) -> None:
    tables = tables_of(docx_of(published))

    rows = [*rows_of(tables["区不参加排名的单位"])]
    assert rows == [
        {
            "单位": make.unit("990101").name,
            "承办量": "1",
            "有效回访": "1",
            "不参加排名的原因": "样本不足",
        }
    ]


def test_the_last_are_summoned_and_the_erratum_is_told(published: Bulletin) -> None:
    document = docx_of(published)
    text = "\n".join(p.text for p in document.paragraphs)

    summoned = [row["单位"] for row in rows_of(tables_of(document)["约谈单位名单"])]
    assert summoned == [make.unit(LAST).name]
    assert "原文“承办量 2 件”，更正为“承办量 1 件”。原因：一件重复登记。" in text
    assert f"整改类（1个）：{make.unit(LAST).name}。" in text


def test_no_line_says_whom_it_is_about_but_units(published: Bulletin) -> None:
    text = str(published.data) + "".join(block.text for block in paper_of(published).blocks)

    assert make.PHONE not in text
    assert "王芳" not in text


def test_it_is_chinese_whoever_publishes(published: Bulletin) -> None:
    with translation.override("en"):
        english = paper_of(published)
    with translation.override("zh-hans"):
        chinese = paper_of(published)

    assert english == chinese


def test_volume_bands_are_ranked_apart() -> None:
    lines = [contents.line(n, band=n % 2, rank=1) for n in (1, 2)]
    content = contents.bulletin([contents.group(lines)], volume_bands=(100,))

    captions = [b.text for b in wording.paper(content, number="1").blocks if b.kind == "table"]

    assert any("承办量100件及以下" in caption for caption in captions)
    assert any("承办量101件及以上" in caption for caption in captions)


# === The sheet ==============================================================================


def test_every_page_says_that_it_is_a_specimen_of_invented_data(published: Bulletin) -> None:
    document = docx_of(published)

    for section in document.sections:
        header = "".join(paragraph.text for paragraph in section.header.paragraphs)
        assert "样张" in header
        assert "模拟数据" in header
        assert not section.different_first_page_header_footer
    assert document.paragraphs[0].text == "接诉即办工作通报"
    assert "（发布机关待定）" in document.paragraphs[2].text


def test_a_named_authority_makes_it_no_specimen_and_real_data_need_no_mark(
    settings: Settings,
) -> None:
    settings.BULLETIN_ISSUER = "示例市政务服务局"
    make.seed_reference()
    Deployment.objects.update(is_simulated=False)
    forget_all()
    publishing.close_april()

    document = docx_of(publish())

    assert "".join(p.text for p in document.sections[0].header.paragraphs) == ""
    assert "示例市政务服务局" in document.paragraphs[2].text
    assert not any("样张" in p.text for p in document.paragraphs)


def test_pages_are_numbered_by_a_whole_field(published: Bulletin) -> None:
    footer = docx_of(published).sections[0].footer._element
    marks = [mark.get(qn("w:fldCharType")) for mark in footer.iter(qn("w:fldChar"))]
    instructions = [text.text for text in footer.iter(qn("w:instrText"))]

    assert marks == ["begin", "separate", "end"]
    assert instructions == [" PAGE "]


def test_chinese_is_set_in_the_fonts_of_official_papers(published: Bulletin) -> None:
    styles = docx_of(published).styles
    fonts = {
        name: styles[name].element.rPr.rFonts.get(qn("w:eastAsia"))
        for name in ("Normal", "Red Head", "Heading 2", "Heading 3")
    }

    assert fonts == {
        "Normal": "仿宋", "Red Head": "方正小标宋简体", "Heading 2": "黑体", "Heading 3": "楷体",
    }  # fmt: skip
    assert styles["Normal"].font.size.pt == 16


def test_a_long_table_repeats_its_head_and_tears_no_row(published: Bulletin) -> None:
    for table in docx_of(published).tables:
        assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
        assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in table.rows)


# === In a program ===========================================================================


def test_libreoffice_opens_it_and_every_page_bears_the_marks(
    published: Bulletin, tmp_path: Path
) -> None:
    soffice = shutil.which("soffice")
    if soffice is None:
        pytest.skip("LibreOffice is not on this machine: soffice is not found")
    (tmp_path / "bulletin.docx").write_bytes(bytes(published.files.get(kind="docx").body))

    convert(soffice, tmp_path, "bulletin.docx", "pdf")
    convert(soffice, tmp_path, "bulletin.docx", "fodt")

    assert (tmp_path / "bulletin.pdf").read_bytes().startswith(b"%PDF")
    read = (tmp_path / "bulletin.fodt").read_text(encoding="utf-8")
    assert "<text:page-number" in read
    assert "样张　模拟数据" in read
    assert "Error: Reference source not found" not in read


def convert(soffice: str, folder: Path, name: str, kind: str) -> None:
    subprocess.run(
        [soffice, "--headless", f"-env:UserInstallation=file://{folder}/profile",
         "--convert-to", kind, "--outdir", str(folder), name],
        cwd=folder, check=True, capture_output=True, timeout=120,
    )  # fmt: skip


def test_the_file_is_whole(published: Bulletin) -> None:
    with zipfile.ZipFile(io.BytesIO(bytes(published.files.get(kind="docx").body))) as packed:
        assert packed.testzip() is None
        assert "word/document.xml" in packed.namelist()


def test_a_paper_before_it_is_published_is_not_dated() -> None:
    content: BulletinContent = contents.bulletin([contents.group([contents.line()])])
    paper = wording.paper(content, number="2026年第4期")

    body = paper_docx.docx_of(paper, made_at=PUBLISHED)

    assert paper.dated == ""
    assert Document(io.BytesIO(body)).paragraphs[1].text == "2026年第4期"
