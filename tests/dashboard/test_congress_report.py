"""报告文本 of a session: amounts of a Word file linked to the draft, or not found."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any

import docx
import pytest

from budget_watch.access import Scope
from budget_watch.casework.cases import today_of
from budget_watch.casework.errors import ActError, CaseworkError
from budget_watch.congress.acting import open_congress
from budget_watch.congress.reports import add_report, reports_of
from budget_watch.congress.session import get_congress
from dashboard.app import answer
from dashboard.offline import rendered, texts_of
from tests.congress.made_congress import EAST, ROLL
from tests.dashboard.reading import kinds, links, words
from tests.dashboard.test_congress_page import session  # noqa: F401
from tests.dashboard.test_opinions import OURS, made  # noqa: F401
from tests.opinions.made_opinions import LI, MEMBER
from tests.views import review_city
from tests.views.small_city import CITY

NAME = "关于2026年预算草案的报告.docx"
TEXT = (
    "一般公共预算",
    "2026年，支出安排1,710万元，其中教育支出0.11亿元，国防支出5万元。",
    "教育局620万元，水利局430万元。",
)


def word(*paragraphs: str) -> bytes:
    paper = docx.Document()
    for text in paragraphs:
        paper.add_paragraph(text)
    out = BytesIO()
    paper.save(out)
    return out.getvalue()


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, str]:
    home = review_city.make(tmp_path_factory.mktemp("report"))
    today = today_of()
    days = (today - timedelta(1), today + timedelta(3))
    number = open_congress(home, LI, "第十六届人大第一次会议", *days, ROLL, region=CITY).congress
    add_report(home, LI, number, NAME, word(*TEXT))
    return home, number


def shown(held: tuple[Any, str], grant: Any) -> Any:
    home, number = held
    return answer(home, grant, f"/congress/{number}", "?tab=report")


def test_amounts_lead_to_their_page_and_what_is_not_found_is_named(held: Any) -> None:
    page = shown(held, EAST.grant)
    said = words(kinds(page, "Main"))
    assert "正文里有金额5处：报表里没有这个数1处，相符4处。" in said
    assert "国防支出5万元 未对上" in said and "支出安排1,710万元，" in said
    ways = links(page)
    assert "/draft?fy=2026" in ways and "/draft/d101?fy=2026" in ways
    assert "部门预算 示范市教育局 本年预算" in said


def test_what_a_reader_may_not_see_is_not_matched_for_them(held: Any) -> None:
    narrow = Scope(regions=frozenset({CITY}), departments=frozenset({"102"}))
    page = shown(held, replace(EAST.grant, scope=narrow))
    said = words(kinds(page, "Main"))
    assert "部门预算 示范市教育局" not in said and "/draft/d101?fy=2026" not in links(page)
    assert "部门预算 示范市水利局 本年预算" in said


def test_only_keepers_add_one_and_only_word_files_with_words(held: Any) -> None:
    home, number = held
    for actor in (EAST, MEMBER):
        with pytest.raises(ActError):
            add_report(home, actor, number, NAME, word("第二份"))
    for name, content, why in (
        ("报告.txt", b"a", "不是 docx"),
        ("报告.docx", b"PK", "不能收"),
        ("报告.docx", word(), "没有文字"),
    ):
        with pytest.raises(CaseworkError, match=why):
            add_report(home, LI, number, name, content)
    again = add_report(home, LI, number, NAME, word("新的一稿。"), request="r")
    assert add_report(home, LI, number, NAME, word("新的一稿。"), request="r").repeated
    assert again.repeated is False
    (newest,) = reports_of(home, number)
    add_report(home, LI, number, NAME, word(*TEXT))
    (last,) = reports_of(home, number)
    assert newest.hash != last.hash and last.name == NAME


def test_the_offline_package_carries_the_text(held: Any) -> None:
    home, number = held
    one = get_congress(home, LI, number, today_of())
    (name, said), *more = texts_of(home, one)
    assert (name, tuple(said), more) == (NAME, TEXT, [])
    assert f"<h2>{NAME}</h2><p>一般公共预算</p>" in rendered([], "", texts_of(home, one))


def test_it_is_uploaded_and_taken_down_by_requests(
    made: Any,  # noqa: F811
    session: str,  # noqa: F811
) -> None:
    place, body = f"/file/{session}", word(*TEXT)
    sent = made.signed("li").post(f"{place}?name={NAME}", data=body, headers=OURS)
    assert (sent.status_code, sent.json["said"]) == (200, f"已附上“{NAME}”。")
    (given,) = reports_of(made.home, session)
    for name in ("dai", "finance", "member"):
        assert made.signed(name).get(f"{place}/{given.hash}").data == body, name
        assert NAME in made.signed(name).said(f"/congress/{session}", "?tab=report"), name
    for name in ("dai", "finance", "member"):
        refused = made.signed(name).post(f"{place}?name=b.docx", data=body, headers=OURS)
        assert refused.status_code == 422, name
    for name in ("kuai", "other", "wu"):
        assert made.signed(name).get(f"{place}/{given.hash}").status_code == 404, name
        for sent_body in (body, b"no file of this kind"):
            refused = made.signed(name).post(f"{place}?name=b.docx", data=sent_body, headers=OURS)
            assert refused.status_code == 404, name
