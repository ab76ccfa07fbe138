"""The four lists (四张清单: 工作、问题、建议、成果) as live views over what the house keeps.

工作 is what is being done: cases, opinions and inspections under way. 问题 is what was verified:
findings that held, and drawn items with an answer “否”. 建议 is what deputies and members said.
成果 is what came of it: cases, opinions and inspections that ended. Nothing is stored; each is read
under the reader's own Actor, so a list holds what they could see anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from budget_watch.casework.book import book_now
from budget_watch.casework.cases import (
    FINANCE,
    HERE,
    Act,
    Actor,
    Case,
    Desk,
    list_cases,
    record,
)
from budget_watch.casework.findings import VERIFIED, Finding, list_findings
from budget_watch.casework.given import LEVEL_WORDS
from budget_watch.casework.inspection import Draw, Result, draws, results
from budget_watch.engine.names import Names as CodeNames
from budget_watch.lake import Home, Reader, Snapshot
from budget_watch.opinions.about import KINDS
from budget_watch.opinions.opinion import Opinion, OpinionDesk
from budget_watch.opinions.seeing import about, answer_of, inside, list_opinions, mine
from budget_watch.opinions.seeing import record as opinion_record
from budget_watch.views.judgement import worded
from budget_watch.views.names import Names
from budget_watch.views.page_words import page_words

LISTS = ("工作", "问题", "建议", "成果")
_ENDED = "办结"  # of a finding's work state: it held, was worked on and came to an end
_INSPECTORS = "经办"


@dataclass(frozen=True)
class Row:
    """One line: its cells by column title, and the page that it leads to, if there is one."""

    cells: Mapping[str, str]
    page: str = ""
    part: str = ""


@dataclass(frozen=True)
class FourList:
    """One of the lists: its name, its columns in order, its rows."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


COLUMNS: Mapping[str, tuple[str, ...]] = {
    "工作": ("编号", "事项", "种类", "承办", "状态", "期限", "提醒"),
    "问题": (
        "编号",
        "问题",
        "部门",
        "级别",
        "类别",
        "事实",
        "办理",
        "办理状态",
        "数据状态",
        "结论",
    ),
    "建议": ("编号", "标题", "种类", "提出", "针对", "承办", "状态", "期限", "议题"),
    "成果": ("编号", "事项", "种类", "承办", "结论", "说明", "满意度", "办结日期"),
}


@dataclass(frozen=True)
class _Seen:
    """What the reader sees of everything, read once."""

    home: Home
    actor: Actor
    desk: Desk
    opinion_desk: OpinionDesk
    today: date
    names: Names
    cases: Sequence[Case]
    opinions: Sequence[Opinion]
    findings: Sequence[Finding]
    draws: Sequence[tuple[Draw, Sequence[Result]]]

    def place(self, code: str | None) -> str:
        """An addressee with its code."""
        if code is None:
            return ""
        if code == FINANCE:
            return "财政部门（归口）"
        name = self.names.of("u", code)
        return code if name == code else f"{name}（{code}）"


def four_lists(
    home: Home, actor: Actor, today: date, year: int | None = None
) -> tuple[FourList, ...]:
    """The lists as they stand.

    Args:
        today: the day in Shanghai, for periods.
        year: only what was opened, first seen or drawn in this year; everything where it is None.
    """
    seen = _read(home, actor, today, year)
    made = (_work(seen), _problems(seen), _advice(seen), _outcomes(seen))
    return tuple(
        FourList(name, COLUMNS[name], tuple(rows)) for name, rows in zip(LISTS, made, strict=True)
    )


def _read(home: Home, actor: Actor, today: date, year: int | None) -> _Seen:
    desk = Desk.of(home)
    if not actor.grant.business:
        empty = Names()
        return _Seen(home, actor, desk, OpinionDesk.of(home), today, empty, (), (), (), ())
    drawn = _draws(home, desk, actor)
    found = list_findings(home, actor.grant, outcome=None, trial=False)
    return _Seen(
        home,
        actor,
        desk,
        OpinionDesk.of(home),
        today,
        _names(home, actor),
        [each for each in list_cases(home, actor) if _in(year, each.opened_at)],
        [each for each in list_opinions(home, actor) if _in(year, each.opened_at)],
        [each for each in found if year in (None, each.first_seen.year)],
        [each for each in drawn if _in(year, each[0].at)],
    )


def _in(year: int | None, at: str) -> bool:
    return year is None or day_of(at).year == year


def day_of(at: str) -> date:
    """The day here of a stored time."""
    return datetime.fromisoformat(at).astimezone(HERE).date()


def _names(home: Home, actor: Actor) -> Names:
    """Names of departments and units alone, as the reader may know them."""
    if not Snapshot.all(home):
        return Names()
    units = Reader(home, actor.grant).scan("unit").sort("agency_code", "valid_from").collect()
    known = dict(units.select("dept_code", "dept_name").drop_nulls().iter_rows())
    return Names(units={**known, **dict(units.select("agency_code", "agency_name").iter_rows())})


def _draws(home: Home, desk: Desk, actor: Actor) -> list[tuple[Draw, Sequence[Result]]]:
    """Inspections, for those who inspect; the local operator is one of them."""
    inspector = replace(actor, role=_INSPECTORS) if actor.grant.role is None else actor
    if desk.flow.party.get(inspector.role) != "committee":
        return []
    return [(one, results(home, inspector, one.id)) for one in draws(home, inspector)]


def _checked(one: Draw, found: Sequence[Result]) -> int:
    return len({each.item for each in found} & set(one.items))


def _due(clocks: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """The nearest period that runs, and its mark."""
    running = [each for each in clocks if each["stopped"] is None]
    first = min(running, key=lambda each: str(each["due"]), default=None)
    if first is None:
        return "", ""
    left = first["left"]
    if left is None:
        return f"{first['title']} {first['due']}", str(first["mark"])
    mark = f"逾期{-left}个工作日" if left < 0 else f"还有{left}个工作日"
    return f"{first['title']} {first['due']}", mark


def _work(seen: _Seen) -> list[Row]:
    rows = []
    for case in seen.cases:
        state = seen.desk.state(case)
        if state.final:
            continue
        due, mark = _due(record(seen.desk, seen.actor, case, seen.today)["clocks"])
        cells = [case.id, case.title, "疑点办理", seen.place(case.addressee), state.title]
        rows.append(_row("工作", [*cells, due, mark], "case", case.id))
    for one in seen.opinions:
        state_ = seen.opinion_desk.state(one)
        whole = inside(seen.opinion_desk, seen.actor, one) or mine(seen.actor, one)
        if state_.final or not state_.registered or not whole:
            continue
        due, mark = _due(_told(seen, one)["clocks"])
        cells = [one.id, one.title, one.kind, seen.place(one.addressee), state_.title]
        rows.append(_row("工作", [*cells, due, mark], "opinion", one.id))
    for drawn, found in seen.draws:
        done = _checked(drawn, found)
        if done == len(drawn.items):
            continue
        state_text = f"已查{done}件，共{len(drawn.items)}件"
        cells = [drawn.id, drawn.reason, "随机抽查", seen.place(drawn.department), state_text]
        rows.append(_row("工作", [*cells, "", ""]))
    return rows


def _told(seen: _Seen, one: Opinion) -> dict[str, Any]:
    return opinion_record(seen.opinion_desk, seen.actor, one, seen.today)


def _reason(case: Case, close: Act) -> str:
    """Why a case was closed: the reason of the one who drafted it, where another confirmed it."""
    drafts = [
        each
        for each in case.acts
        if each.transition == close.transition
        and each.given.get("proposed")
        and each.version < close.version
    ]
    return str((drafts[-1] if drafts else close).given.get("reason", ""))


def _sentences(seen: _Seen) -> Callable[[Finding], str]:
    """A finding's sentence as its work state allows: once upheld, “疑似”."""
    book = book_now(seen.home.root)
    known: dict[date, CodeNames] = {}

    def sentence(f: Finding) -> str:
        if f.last_seen not in known:
            known[f.last_seen] = CodeNames(Reader(seen.home, seen.actor.grant), f.last_seen)
        return worded(book, f, known[f.last_seen])

    return sentence


def _problems(seen: _Seen) -> list[Row]:
    sentences = _sentences(seen)
    own = {finding: case for case in seen.cases for finding in case.findings}
    rows = []
    for f in seen.findings:
        if f.work_state not in VERIFIED and f.work_state != _ENDED:
            continue
        case = own.get(f.finding)
        ended = case is not None and seen.desk.state(case).final
        cells = [
            *(f.finding[:16], f"{f.rule} {f.title}", seen.place(f.dept_code)),
            *(LEVEL_WORDS.get(f.level or "", ""), f.klass or "", sentences(f)),
            *(case.id if case else "", f.work_state, f.data_state),
            (case.result or "") if case and ended else "",
        ]
        rows.append(_row("问题", cells, "finding", f.finding[:16]))
    for drawn, found in seen.draws:
        for each in found:
            wrong = "、".join(what for what, said in each.answers.items() if said == "否")
            if wrong:
                cells = [f"{drawn.id} {each.item}", f"抽查未通过：{wrong}"]
                cells += [seen.place(drawn.department), "", "", each.remark, "", "已查", "", ""]
                rows.append(_row("问题", cells))
    return rows


def _advice(seen: _Seen) -> list[Row]:
    rows = []
    for one in seen.opinions:
        state = seen.opinion_desk.state(one)
        if not state.registered:
            continue
        told = _told(seen, one)
        due, mark = _due(told.get("clocks", ()))
        thing = about(seen.home, seen.actor, one)
        title = thing["title"]
        if one.about == "figure":
            title = page_words(seen.names, one.about_id)
        what = KINDS[one.about] + (f" {title}" if title else "")
        place = seen.place(told.get("addressee"))
        period = f"{due}（{mark}）" if mark else due
        cells = [one.id, one.title, one.kind, one.author_name, what, place, state.title, period]
        rows.append(_row("建议", [*cells, told.get("topic") or ""], "opinion", one.id))
    return rows


def _outcomes(seen: _Seen) -> list[Row]:
    rows = []
    for case in seen.cases:
        if case.state != _ENDED:
            continue
        act = case.acts[-1]
        close = next((each for each in reversed(case.acts) if each.to_state == _ENDED), act)
        share = record(seen.desk, seen.actor, case, seen.today)["satisfaction"]
        cells = [case.id, case.title, "疑点办理", seen.place(case.addressee), case.result or ""]
        cells += [_reason(case, close), _share(share), f"{day_of(close.at)}"]
        rows.append(_row("成果", cells, "case", case.id))
    for one in seen.opinions:
        state = seen.opinion_desk.state(one)
        if not (state.final and state.registered):
            continue
        told = _told(seen, one)
        answer = answer_of(seen.opinion_desk, one) if told["answer"] else None
        said = str(answer["text"]) if answer else ""
        word = "已答复" + ("，已通报或公布" if one.published else "")
        place = seen.place(told.get("addressee"))
        cells = [one.id, one.title, one.kind, place, word, said]
        cells += [_share(told.get("satisfaction")), f"{day_of(one.changed_at)}"]
        rows.append(_row("成果", cells, "opinion", one.id))
    for drawn, found in seen.draws:
        if not found or _checked(drawn, found) < len(drawn.items):
            continue
        wrong = len({each.item for each in found if "否" in each.answers.values()})
        said = f"抽{len(drawn.items)}件（总体{drawn.population}件），{wrong}件有未通过的项目"
        cells = [drawn.id, drawn.reason, "随机抽查", seen.place(drawn.department), "已查完", said]
        rows.append(_row("成果", [*cells, "", f"{day_of(found[-1].at)}"]))
    return rows


def _share(told: Mapping[str, int] | None) -> str:
    return f"{told['satisfied']}/{told['rated']}" if told else ""


def _row(name: str, cells: Sequence[str], page: str = "", part: str = "") -> Row:
    return Row(dict(zip(COLUMNS[name], cells, strict=True)), page, part)
