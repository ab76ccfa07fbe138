"""Amounts in the text of a report, held against the tables of the draft: equal or not, never close.

An amount is the same as a table's when the table's, rounded half up to the place the text is
written to (53.48亿元: to 百万元), gives it. It is linked only where the sentence also names what it
is of; equal amounts without the name are shown as such, and all others are named as not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from budget_watch.views import draft_budget as budgets
from budget_watch.views.books import BOOKS
from budget_watch.views.draft_budget import Row
from budget_watch.views.draft_departments import divided, plan
from budget_watch.views.query import Desk
from budget_watch.views.span import Place
from budget_watch.views.spending import unit_names

LINKED, EQUAL, ABSENT = "相符", "数值相同，句中没有写名称", "报表里没有这个数"
_AMOUNT = re.compile(
    r"(?<![\d.,，])(\d{1,3}(?:[,，]\d{3})+|\d+)(?:\.(\d+))?\s*(亿元|万元|元)(?![/／])"
)
_FEN = {"亿元": 10_000_000_000, "万元": 1_000_000, "元": 100}
_SENTENCE = re.compile(r"[^。；！？\n]*[。；！？]?")
_COLUMNS = {"before": "上年预算", "done": "上年执行", "now": "本年预算", "change": "增减额"}
_SIDES = ("收入", "支出")


@dataclass(frozen=True)
class Known:
    """One amount of a table.

    Attributes:
        label: 一般公共预算支出 教育支出 本年预算. fen: without its sign.
        names: each must stand in the sentence; `book` somewhere before it in the text, if any.
        path: the page that shows it, with its query.
        moved: it is what was added or taken away: 增 or 减 stands between the name and it.
    """

    label: str
    fen: int
    names: tuple[str, ...]
    book: str
    path: str
    moved: bool = False


@dataclass(frozen=True)
class Spot:
    """An amount in a text.

    Attributes:
        at: number of the paragraph. start, end: where in it. sentence: around it.
        lines: the tables' amounts that it is the same as.
    """

    at: int
    start: int
    end: int
    text: str
    sentence: str
    state: str
    lines: tuple[Known, ...]


def known_amounts(desk: Desk, place: Place, year: int, departments: bool = True) -> list[Known]:
    """Every amount of a year's draft that its pages show: the four books by 科目, departments.

    Args:
        departments: False where the reader does not see them.
    """
    found: list[Known] = []
    for tab, book in zip(("", "fund", "capital", "social"), BOOKS, strict=True):
        path = f"/draft?fy={year}" + (f"&tab={tab}" if tab else "")
        for sheet in budgets.sheets(desk, place, year, book):
            whole = f"{book}{sheet.side}"
            found += _of(sheet.total, whole, (sheet.side,), book, path)
            for part in sheet.parts:
                found += _of(part, f"{whole} {part.name}", (part.name,), "", path)
    shown = plan(desk, place, year)
    if departments and shown.version:
        names = unit_names(desk)
        for row in divided(desk, place, shown, "d"):
            name = names.get(row.code, row.name)
            path = f"/draft/d{row.code}?fy={year}"
            found += _of(row, f"部门预算 {name}", (name.removeprefix(place.name),), "", path)
    return found


def _of(row: Row, label: str, names: tuple[str, ...], book: str, path: str) -> list[Known]:
    values = {name: getattr(row, name) for name in _COLUMNS}
    return [
        Known(f"{label} {_COLUMNS[name]}", abs(value), names, book, path, name == "change")
        for name, value in values.items()
        if value and name not in row.unlisted
    ]


def spots(paragraphs: Sequence[str], known: Iterable[Known]) -> list[Spot]:
    """The amounts of a text in order, each with what it is the same as."""
    listed, found = list(known), []
    before = ""
    for at, text in enumerate(paragraphs):
        for sentence in _SENTENCE.finditer(text):
            for amount in _AMOUNT.finditer(text, sentence.start(), sentence.end()):
                same = [each for each in listed if _same(amount, each.fen)]
                said = text[sentence.start() : amount.end()]
                heard = before + text[: amount.end()]
                lines = _named(same, said, heard)
                state = LINKED if lines else EQUAL if same else ABSENT
                start, end = amount.span()
                whole = sentence.group().strip()
                found.append(
                    Spot(at, start, end, amount.group(), whole, state, tuple(lines or same))
                )
        before = (before + text)[-400:]
    return found


def _same(amount: re.Match[str], fen: int) -> bool:
    """Whether a table's amount, rounded half up to the written place, is what is written."""
    whole, places, unit = amount.groups()
    digits = places or ""
    written = int(re.sub("[,，]", "", whole) + digits)
    # fen · 10^digits ÷ unit, rounded half up, in whole numbers
    scaled, by = fen * 10 ** len(digits), _FEN[unit]
    return written > 0 and (2 * scaled + by) // (2 * by) == written


def _named(same: Sequence[Known], said: str, heard: str) -> list[Known]:
    """Those whose names stand before the amount; of several, those whose name stands nearest."""
    placed = []
    for each in same:
        at = [said.rfind(name) for name in each.names]
        if min(at) < 0 or (each.book and not _last_book(each.book, heard)):
            continue
        if each.moved and not re.search("[增减]", said[max(at) :]):
            continue
        placed.append((max(at), each))
    nearest = max((at for at, _ in placed), default=-1)
    return [each for at, each in placed if at == nearest]


def _last_book(book: str, heard: str) -> bool:
    """Whether a book is the last one that was spoken of."""
    last = max(BOOKS, key=heard.rfind)
    return heard.rfind(book) >= 0 and last == book
