"""问询清单: what one unit is asked in one month, as one list instead of a letter per voucher.

`listed` gives the rows; `answered` takes a filled-in list and does with each row what the unit
said: an answer, an objection, or “not ours”. Each row stands by itself, and the same file taken
twice does nothing twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from openpyxl import load_workbook

from budget_watch.casework.acting import act
from budget_watch.casework.cases import HERE, Actor, Case, Desk, get_case, letter, list_cases
from budget_watch.casework.errors import CaseworkError
from budget_watch.casework.file_check import checked_file
from budget_watch.casework.workflow import Workflow
from budget_watch.lake import Home

SHEET = "问询清单"
HEAD = (
    "办理编号",
    "文号",
    "事项",
    "提请说明",
    "期限",
    "现在",
    "以往答复",
    "答复",
    "异议",
    "非本单位",
    "步数",
)
HEAD_ROW = 4  # the fourth line of the sheet
YES = "是"
_MOST_ROWS = 5000


@dataclass(frozen=True)
class Row:
    """One case on the list. `earlier` is the unit's last answer to the same question."""

    case: Case
    asked: str
    due: str
    state: str
    earlier: str


@dataclass(frozen=True)
class Filled:
    """What a unit wrote on a row: `line` of the sheet, and what it says."""

    line: int
    case: str
    version: int
    answer: str
    objection: str
    not_ours: bool


@dataclass(frozen=True)
class Outcome:
    """What became of a row."""

    line: int
    case: str
    done: bool
    said: str


def listed(home: Home, actor: Actor, unit: str, month: str) -> list[Row]:
    """Cases transferred to a unit in a month (`2026-11`, Shanghai), in their order.

    Only those that the reader may see; the answers given earlier are the unit's own.
    """
    desk = Desk.of(home)
    everything = list_cases(home, actor, addressee=unit)
    found = [case for case in everything if month in months_of(desk.flow, case)]
    return [
        Row(
            case=case,
            asked=letter(desk.flow, case) or "",
            due=min((f"{one.due}" for one in case.clocks if one.open), default=""),
            state=desk.state(case).title,
            earlier=_earlier(desk, everything, case),
        )
        for case in sorted(found, key=lambda each: each.id)
    ]


def months_of(flow: Workflow, case: Case) -> set[str]:
    """The months (`2026-11`, Shanghai) in which a case was sent to its addressee under a number."""
    numbered = {each.id for each in flow.transitions if "number" in each.needs}
    times = (each.at for each in case.acts if each.transition in numbered)
    return {f"{datetime.fromisoformat(at).astimezone(HERE):%Y-%m}" for at in times}


def _earlier(desk: Desk, everything: Sequence[Case], case: Case) -> str:
    """The last answer to the same rule in another case."""
    answers = {
        each.id
        for each in desk.flow.transitions
        if "text" in each.needs and "document" not in each.needs
    }
    said = [
        (done.at, str(done.given["text"]))
        for other in everything
        if other.title == case.title and other.id != case.id
        for done in other.acts
        if done.transition in answers
    ]
    return max(said, default=("", ""))[1]


def answered(home: Home, actor: Actor, name: str, content: bytes) -> list[Outcome]:
    """Take a filled-in list: each row is answered, objected to, or declined; empty ones are left.

    Raises:
        FileRefusedError: it is no sound workbook.
        CaseworkError: it is not a list of this program.
    """
    checked_file(name, content)
    stamp = hashlib.sha256(content).hexdigest()[:16]
    told = []
    for row in filled(content):
        if isinstance(row, Outcome):
            told.append(row)
            continue
        try:
            said = _take(home, actor, row, f"list-{stamp}")
            told.append(Outcome(row.line, row.case, True, said))
        except CaseworkError as error:
            told.append(Outcome(row.line, row.case, False, str(error)))
    return told


def filled(content: bytes) -> list[Filled | Outcome]:
    """The rows on which something was written; what cannot be read says why.

    Raises:
        CaseworkError: there is no such sheet, or its head is another.
    """
    book = load_workbook(BytesIO(content), read_only=True)
    try:
        if SHEET not in book.sheetnames:
            raise CaseworkError(f"文件里没有“{SHEET}”这一页；请用系统给出的清单填写。")
        lines = list(book[SHEET].iter_rows(max_row=HEAD_ROW + _MOST_ROWS, values_only=True))
    finally:
        book.close()
    head = tuple(lines[HEAD_ROW - 1][: len(HEAD)]) if len(lines) >= HEAD_ROW else ()
    if head != HEAD:
        raise CaseworkError(f"清单第 {HEAD_ROW} 行的表头被改过；请用系统给出的清单填写。")
    found: list[Filled | Outcome] = []
    seen: set[str] = set()
    for line, values in enumerate(lines[HEAD_ROW:], HEAD_ROW + 1):
        row = _row(line, values)
        if row is None:
            continue
        if row.case in seen:
            found.append(Outcome(line, row.case, False, "同一办理编号写了两行；只办了前一行。"))
            continue
        seen.add(row.case)
        found.append(row)
    return found


def _row(line: int, values: Sequence[Any]) -> Filled | Outcome | None:
    cells = dict(zip(HEAD, values, strict=False))
    case = str(cells.get("办理编号") or "").strip()
    texts = {name: str(cells.get(name) or "").strip() for name in ("答复", "异议", "非本单位")}
    if not case or not any(texts.values()):
        return None
    if any(text.startswith("=") for text in texts.values()):
        return Outcome(line, case, False, "填的是公式；请填文字。")
    if texts["非本单位"] not in ("", YES):
        return Outcome(line, case, False, f"“非本单位”一栏只填“{YES}”，或空着。")
    version = cells.get("步数")
    if not isinstance(version, int):
        return Outcome(line, case, False, "“步数”一栏被改过；请重新取清单。")
    return Filled(line, case, version, texts["答复"], texts["异议"], texts["非本单位"] == YES)


def _take(home: Home, actor: Actor, row: Filled, stamp: str) -> str:
    """The steps that a row comes to, from wherever the case stands."""
    desk = Desk.of(home)
    given: Mapping[str, str]
    if row.not_ours:
        aim, given = "decline", {"reason": row.answer or "非本单位事项"}
    elif row.objection:
        aim, given = "object", {"reason": row.answer, "objection": row.objection}
    else:
        answers = ("draft_answer", "answer")
        aim = next((each for each in answers if actor.role in desk.flow.transition[each].who), "")
        given = {"text": row.answer}
        if not aim:
            raise CaseworkError(f"{actor.role or '（无角色）'}不能拟答复。")
    version, told = row.version, ""
    start = get_case(home, actor, row.case)
    for step in (*_before(desk, start, row.version, aim), aim):
        filled_in = given if step == aim else {}
        done = act(
            home,
            actor,
            row.case,
            step,
            filled_in,
            version=version,
            request=f"{stamp}-{step}-{row.case}",
        )
        version = done.version
        told = f"{desk.flow.transition[step].title}{'（此前已办）' if done.repeated else ''}"
    return told


def _before(desk: Desk, case: Case, version: int, aim: str) -> list[str]:
    """Signing for it and starting, where the case the unit saw had not come so far."""
    seen = next((each.to_state for each in case.acts if each.version == version), case.state)
    way: list[str] = []
    for step in ("receive", "start"):
        if seen in desk.flow.transition[aim].sources:
            break
        if seen in desk.flow.transition[step].sources:
            way.append(step)
            seen = desk.flow.transition[step].to or seen
    return way
