"""签发人 and 报送范围 stand on page one of every format; who publishes an issue has signed it."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import docx
import pypdf
import pytest

from budget_watch.access import Grant
from budget_watch.casework.accounts import grant_as
from budget_watch.casework.cases import Actor, actor_of
from budget_watch.digest import DigestError
from budget_watch.digest.build import FORMATS, compose
from budget_watch.digest.issues import content, get_issue
from budget_watch.digest.issuing import build_now
from budget_watch.digest.period import parse
from budget_watch.digest.publishing import publish, withdraw
from budget_watch.digest.read_back import read
from budget_watch.digest.signature import UNSIGNED, Signature, signature
from budget_watch.digest.template import template_of
from budget_watch.digest.verifying import verify
from budget_watch.lake import Home
from tests.digest.reading import W
from tests.notices.office import open_office

GRANT = Grant.operator("test")
CLERK, SIGNER = Actor(GRANT, "经办"), Actor(GRANT, "签发")
SAID = Signature("王五", "市人大常委会组成人员、财政经济委员会")
ALL = ("docx", "pdf", "html")


def in_word(told: bytes) -> str:
    return "\n".join(
        "".join(t.text or "" for t in p._p.iter(W + "t"))
        for p in docx.Document(BytesIO(told)).paragraphs[:5]
    )


def in_html(told: bytes) -> str:
    header = told.decode().partition("<header>")[2].partition("</header>")[0]
    return re.sub(r"<[^>]+>", "", header.replace("</p>", "\n"))


def in_pdf(told: bytes) -> str:
    return pypdf.PdfReader(BytesIO(told)).pages[0].extract_text()


READ: dict[str, Callable[[bytes], str]] = {"docx": in_word, "pdf": in_pdf, "html": in_html}


def printed(told: bytes, format: str) -> dict[str, str]:
    """What stands behind 签发人： and 报送范围：, blanks of typesetting left out."""
    text = re.sub(r"[ \t\u200b]", "", READ[format](told))
    found = {name: re.search(f"{name}：(.*)", text) for name in ("签发人", "报送范围")}
    return {name: match[1] for name, match in found.items() if match}


def shown(home: Home, number: int = 1) -> dict[str, dict[str, str]]:
    issue = get_issue(home, GRANT, number)
    return {format: printed(content(home, issue, format)[1], format) for format in ALL}


def everywhere(signer: str, reach: str) -> dict[str, dict[str, str]]:
    return {format: {"签发人": signer, "报送范围": reach} for format in ALL}


@pytest.mark.parametrize("report", ["quarterly", "brief"])
def test_what_is_said_is_printed_in_every_format_and_what_is_not_is_a_blank(
    city: Home, report: str
) -> None:
    template = template_of(city, report)
    for said, wanted in ((UNSIGNED, ("待签发", "待签发")), (SAID, (SAID.signer, SAID.reach))):
        made = compose(city, GRANT, parse("2026Q3"), template, signed=said)
        told = {format: printed(FORMATS[format](made), format) for format in ALL}
        assert told == everywhere(*wanted)


def test_the_blanks_of_the_word_file_are_typed_over_and_the_file_stays_sound(own: Home) -> None:
    issue, (path,) = build_now(own, CLERK, "2026Q3", ("docx",), own.root / "out")
    word: Any = docx.Document(str(path))
    blanks = {}
    for control in word.element.body.iter(W + "sdt"):
        tag = control.find(f"{W}sdtPr/{W}tag").get(W + "val")
        if tag in ("签发人", "报送范围"):
            assert control.find(f"{W}sdtPr/{W}lock") is None
            assert control.find(f"{W}sdtPr/{W}text") is not None
            (blanks[tag],) = control.iter(W + "t")
    assert {name: t.text for name, t in blanks.items()} == {
        "签发人": "待签发",
        "报送范围": "待签发",
    }
    blanks["签发人"].text = "王五"
    out = BytesIO()
    word.save(out)
    assert verify(own, CLERK, "typed.docx", out.getvalue()).told == ()
    assert issue.signed == UNSIGNED


def test_settings_say_it_and_the_command_says_otherwise(own: Home) -> None:
    settings = '[digest]\nsigner = "赵六"\nreach = "主任会议成员"\n'
    (own.root / "budget_watch.toml").write_text(settings, encoding="utf-8")
    build_now(own, CLERK, "2026Q3", ALL, own.root / "out")
    assert shown(own) == everywhere("赵六", "主任会议成员")
    said = signature(" 王五\n", "")
    build_now(own, CLERK, "2026Q3", ALL, own.root / "out", signed=said)
    assert shown(own, 2) == everywhere("王五", "主任会议成员")
    with pytest.raises(DigestError, match="签发人至多40个字，现在是41个"):
        signature("甲" * 41, "")


def test_who_publishes_has_signed_and_nothing_else_in_the_files_changes(own: Home) -> None:
    open_office(own)
    build_now(own, CLERK, "2026Q3", ALL, own.root / "out")
    drafts = {format: content(own, get_issue(own, GRANT, 1), format)[1] for format in ALL}
    assert shown(own) == everywhere("待签发", "待签发")
    zhao = actor_of(own, grant_as(own, "zhao", "test"))
    publish(own, zhao, 1, ["代表", "常委会领导"], "主任会议决定")
    assert shown(own) == everywhere("zhao某", "常委会领导、代表")
    issue = get_issue(own, GRANT, 1)
    signed = {format: content(own, issue, format)[1] for format in ALL}
    for format in ("docx", "html"):
        before, after = (read(files[format]).passages for files in (drafts, signed))
        different = [(a.text, b.text) for a, b in zip(before, after, strict=True) if a != b]
        assert [b.replace("zhao某", "待签发").replace("常委会领导、代表", "待签发")
                for _, b in different] == [a for a, _ in different]  # fmt: skip
        assert len(different) == 2
    for files in (drafts, signed):
        for format in ALL:
            assert verify(own, CLERK, f"a.{format}", files[format]).told == ()
    altered = signed["pdf"] + b"\n"
    assert [t.kind for t in verify(own, CLERK, "a.pdf", altered).told] == ["altered"]

    withdraw(own, zhao, 1, "数据更正后重编")
    assert {format: content(own, get_issue(own, GRANT, 1), format)[1] for format in ALL} == drafts
    publish(own, SIGNER, 1, ["代表"], "主任会议决定", signed=SAID)
    assert shown(own) == everywhere(SAID.signer, SAID.reach)
    assert [e.signature for e in get_issue(own, GRANT, 1).editions] == [
        Signature("zhao某", "常委会领导、代表"),
        SAID,
    ]
    again = content(own, get_issue(own, GRANT, 1), "pdf")[1]
    for given in (drafts["pdf"], signed["pdf"], again):
        assert verify(own, CLERK, "a.pdf", given).told == ()


def test_a_deputy_s_material_is_not_a_paper_that_is_signed(city: Home) -> None:
    assert not template_of(city, "deputy:dai").signed
