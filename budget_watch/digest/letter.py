"""转办函, 问询函, 督办单: the letter of a case as Word, in the manner of an official document.

It can be printed from the draft on; until it has a number it says so on its face. The second page
is the 发文稿纸: who drafted, reviewed, signed and numbered it, and when. Law is named only where it
binds; the periods say that they are local practice. The same case gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml.ns import qn

from budget_watch.access import Grant
from budget_watch.casework.accounts import people
from budget_watch.casework.cases import FINANCE, HERE, Act, Actor, Case, Desk, get_case
from budget_watch.casework.checking import rule_book
from budget_watch.casework.findings import Finding, get_finding
from budget_watch.digest.errors import DigestError
from budget_watch.digest.repack import repack
from budget_watch.digest.word_page import set_up
from budget_watch.digest.word_xml import border
from budget_watch.engine import Book
from budget_watch.engine.laws import article_name
from budget_watch.engine.names import Names
from budget_watch.engine.wording import render
from budget_watch.lake import Home, Reader

STEPS = {"draft": "拟稿", "review": "审核", "sign": "签发", "transfer": "编号"}
_ASKS = {
    "转办函": "现将有关事项转请研究处理。",
    "问询函": "现就有关事项问询如下，请予说明。",
    "督办单": "下列事项尚未办结，请抓紧办理。",
}


@dataclass(frozen=True)
class Letter:
    """What a letter says, before it is laid out.

    Attributes:
        issuer: the committee's office. to, copy_to: names.
        sentences: one of each finding, as the first verification allows.
        periods: each with its last day.
        basis: the law that it rests on, where it binds.
        signs: step → (person, role, time) of the draft that counts.
    """

    issuer: str
    kind: str
    number: str | None
    title: str
    to: str
    copy_to: str | None
    text: str
    sentences: tuple[str, ...]
    periods: tuple[str, ...]
    basis: str | None
    day: date
    signs: Mapping[str, tuple[str, str, str]]


def letter_of(home: Home, actor: Actor, case_id: str, issuer: str) -> Letter:
    """The letter of a case as it stands.

    Raises:
        UnknownCaseError: no such case, or not the reader's.
        DigestError: nothing was drafted yet.
    """
    desk = Desk.of(home)
    case = get_case(home, actor, case_id)
    signs = _signs(case)
    if "draft" not in signs or case.document is None or case.addressee is None:
        raise DigestError(f"办理 {case.id or case_id} 还没有拟转交文书，没有可打印的。")
    book = rule_book(home.root)
    names, sentences = told(home, actor, case, book)
    called = people(home)
    last = signs.get("transfer") or signs.get("sign") or signs["draft"]
    return Letter(
        issuer=issuer,
        kind=case.document,
        number=case.number,
        title=f"关于{_matter(case)}的{case.document}",
        to=place_name(names, case.addressee),
        copy_to=None if case.copy_to is None else place_name(names, case.copy_to),
        text=str(signs["draft"].given.get("text", "")),
        sentences=sentences,
        periods=_periods(desk, case),
        basis=_basis(desk, book, case),
        day=datetime.fromisoformat(last.at).astimezone(HERE).date(),
        signs={
            step: (called.get(act.user, act.user), act.role, _minute(act.at))
            for step, act in signs.items()
        },
    )


def _signs(case: Case) -> dict[str, Act]:
    """The acts of the draft that counts: the last one and what was done on it."""
    found: dict[str, Act] = {}
    for act in case.acts:
        if act.transition == "draft":
            found = {}
        if act.transition in STEPS:
            found[act.transition] = act
    return found


def _matter(case: Case) -> str:
    return f"“{case.title.partition(' ')[2] or case.title}”事项"


def told(home: Home, actor: Actor, case: Case, book: Book) -> tuple[Names, tuple[str, ...]]:
    """Names for codes, and a sentence of each finding as the first verification allows.

    Whoever may see the case may read what it says, also of findings that lie outside their own
    scope: it is written to them. Persons stay hidden.
    """
    grant = Grant(user=actor.user, purpose="函件")
    findings = [get_finding(home, grant, each) for each in case.findings]
    names = Names(Reader(home, grant), findings[0].last_seen)
    return names, tuple(_sentence(book, each, names) for each in findings)


def _sentence(book: Book, finding: Finding, names: Names) -> str:
    if finding.rule not in book.rules:
        return finding.message
    seen = {**finding.observation, "values": finding.values}
    return render(book, seen, names, "初核成立")


def place_name(names: Names, code: str) -> str:
    """An addressee's name; the code where it has none."""
    if code == FINANCE:
        return "财政部门"
    for column in ("agency_code", "dept_code"):
        name = names.get(column, {}).get(code)
        if name:
            return str(name)
    return code


def _periods(desk: Desk, case: Case) -> tuple[str, ...]:
    """Periods that run, or that will once it is signed for."""
    told = [
        f"{desk.flow.clock[one.clock].title}：{one.due:%Y年%-m月%-d日}前"
        for one in case.clocks
        if one.open
    ]
    answer = desk.flow.clock["answer"]
    if not any(one.clock == "answer" and one.open for one in case.clocks):
        busy = "（年底年初的部门繁忙期不计）" if answer.quiet and desk.flow.quiet_weeks else ""
        told.append(f"{answer.title}：签收后{answer.workdays}个工作日内{busy}")
    return tuple(told)


def _basis(desk: Desk, book: Book, case: Case) -> str | None:
    basis = desk.flow.transition["transfer"].basis
    if basis.kind != "law" or not basis.binds(case.mof_div_code):
        return None
    law = book.laws.get(basis.law)
    return f"《{law.name}》{article_name(basis.article)}" if law is not None else None


def _minute(at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone(HERE):%Y-%m-%d %H:%M}"


def write_letter(letter: Letter) -> bytes:
    """The .docx file."""
    word: Any = docx.Document()
    for child in list(word.element.body):
        if child.tag != qn("w:sectPr"):
            word.element.body.remove(child)
    set_up(word)
    word.add_paragraph(letter.issuer, style="Masthead")
    number = letter.number or "（拟稿，未签发编号，不作发文）"
    line = word.add_paragraph(number, style="Issue")
    border(line, "bottom", "C00000", 16)
    title = word.add_paragraph(letter.title, style="Issue")
    title.runs[0].bold = True
    word.add_paragraph(f"{letter.to}：", style="Normal")
    for text in _body(letter):
        word.add_paragraph(text, style="Body")
    for text in (letter.issuer, f"{letter.day:%Y年%-m月%-d日}"):
        signed = word.add_paragraph(text, style="Normal")
        signed.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    if letter.copy_to:
        copied = word.add_paragraph(f"抄送：{letter.copy_to}", style="Normal")
        border(copied, "top", "000000", 6)
    _sheet(word, letter)
    _properties(word, letter)
    out = BytesIO()
    word.save(out)
    return repack(out.getvalue())


def _body(letter: Letter) -> list[str]:
    opening = f"根据{letter.basis}，" if letter.basis else ""
    many = len(letter.sentences) > 1
    lines = [f"{opening}经初步核实，{_ASKS.get(letter.kind, _ASKS['转办函'])}"]
    lines += [
        f"{at}．{sentence}" if many else sentence for at, sentence in enumerate(letter.sentences, 1)
    ]
    lines += letter.text.splitlines()
    lines.append(
        f"请通过人大预算国资联网监督系统签收、反馈。{'；'.join(letter.periods)}（本地约定的期限）。"
    )
    lines.append(
        "对口径、数据有异议的，可在系统内提出，由财政部门说明，期间停计期限；"
        "非本单位事项可退回改派。"
    )
    return lines


def _sheet(word: Any, letter: Letter) -> None:
    """发文稿纸 on a page of its own."""
    word.add_paragraph(style="Normal").add_run().add_break(WD_BREAK.PAGE)
    word.add_paragraph("发文稿纸", style="Contents")
    table = word.add_table(rows=0, cols=2)
    table.style = "Table Grid"
    rows = [("文种", letter.kind), ("文号", letter.number or "（未编号）"), ("标题", letter.title)]
    rows += [("主送", letter.to), ("抄送", letter.copy_to or "（无）")]
    for step, name in STEPS.items():
        done = letter.signs.get(step)
        rows.append((name, f"{done[0]}（{done[1]}）{done[2]}" if done else "（待办）"))
    for name, value in rows:
        cells = table.add_row().cells
        cells[0].text, cells[1].text = name, value
        for cell in cells:
            cell.paragraphs[0].style = word.styles["Cell"]


def _properties(word: Any, letter: Letter) -> None:
    frozen = datetime(letter.day.year, letter.day.month, letter.day.day)
    properties = word.core_properties
    properties.title, properties.author = letter.title, letter.issuer
    properties.created = properties.modified = frozen
    properties.last_modified_by, properties.revision = letter.issuer, 1
