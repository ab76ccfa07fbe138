"""The 月度简报: at most two pages, whatever it is given, with its figures in the file."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest

from budget_watch.access import Grant
from budget_watch.digest import DigestRefusedError, html, pdf, word
from budget_watch.digest.build import compose
from budget_watch.digest.document import Document, Gap, Paragraph
from budget_watch.digest.ledger import as_json
from budget_watch.digest.period import parse
from budget_watch.digest.template import template_of
from budget_watch.lake import Home
from tests.digest import reading


@pytest.fixture(scope="module")
def brief(city: Home) -> Document:
    return compose(city, Grant.operator("test"), parse("2026-09"), template_of(city, "brief"))


def read(document: Document) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf.write(document)))


def test_it_has_two_pages_at_most_and_its_figures_in_the_file(brief: Document) -> None:
    made = read(brief)
    assert 1 <= len(made.pages) <= 2
    assert json.loads(made.attachments["figures.json"][0]) == json.loads(as_json(brief))
    assert json.loads(as_json(brief))["report"] == "brief"
    assert (brief.masthead.title, brief.masthead.issue) == ("示范市预算执行监督简报", "2026年第9期")
    assert brief.sections == ()


def test_type_gets_smaller_before_a_third_page_is_made(brief: Document) -> None:
    long = tuple(Gap(f"缺FIN-{n:02} 某某报表：2026年", ("要点",)) for n in range(30))
    more = replace(brief, gaps=long, summary=brief.summary * 2)
    assert len(read(more).pages) == 2
    with pytest.raises(DigestRefusedError, match="内容超过2页，PDF 没有写出。请在模板里删减"):
        pdf.write(replace(more, summary=brief.summary * 8))


def test_word_and_html_print_no_contents_and_word_no_appendix(
    brief: Document, tmp_path: Path
) -> None:
    path = tmp_path / "brief.docx"
    path.write_bytes(word.write(brief))
    texts = [text for _, text in reading.paragraphs(path)]
    said = [block.text for block in brief.summary if isinstance(block, Paragraph)]
    assert [text for text in texts if text in said] == said
    assert not {"目　录", "附录　数据出处", "口径说明"} & set(texts)
    page = html.write(brief).decode()
    assert "<h2>目录</h2>" not in page
    assert "附录　数据出处" in page


def test_a_committees_own_template_stands_before_ours(city: Home, tmp_path: Path) -> None:
    from tests.views import small_city

    home = small_city.make(tmp_path)
    ours = template_of(home, "brief")
    folder = home.root / "templates"
    folder.mkdir()
    text = (Path(pdf.__file__).parent / "templates" / "brief.yaml").read_text(encoding="utf-8")
    (folder / "brief.yaml").write_text(
        text.replace("title: 预算执行监督简报", "title: 预算执行情况（一页纸）"), encoding="utf-8"
    )
    assert ours.title == "预算执行监督简报"
    made = compose(home, Grant.operator("test"), parse("2026-09"), template_of(home, "brief"))
    assert made.masthead.title == "示范市预算执行情况（一页纸）"
