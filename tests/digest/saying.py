"""What a printed text says of a number: its size within its own rounding, and its direction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from budget_watch.digest.numerals import numbers
from budget_watch.digest.printed import Passage
from budget_watch.digest.read_back import read
from tests.digest.oracle import Oracle

SCALES = {"亿元": 10**10, "万元": 10**6, "元": 100}
UP = ("增长", "快于", "拉动", "增加", "高于", "+")
DOWN = ("下降", "慢于", "下拉", "减少", "低于", "-")
_NUMBER = re.compile(r"[\d,]+(?:\.(\d+))?")


def faults(path: Path, oracle: Oracle) -> tuple[list[str], int]:
    """Every machine figure of a report against the oracle: what is wrong, how many were asked."""
    found, asked, unit = [], 0, ""
    copy = read(path.read_bytes())
    figures = copy.figures
    for each in copy.passages:
        unit = _unit(each, unit)
        for part in each.parts:
            if not part.key:
                continue
            asked += 1
            exact = oracle.value(part.key)
            kind = figures[part.key]["unit"]
            wrong = "没有值" if exact is None else said(part.text, kind, exact, unit)
            if wrong:
                found.append(f"{each.place}｜{part.key}｜{part.text}｜{exact}｜{wrong}")
    return found, asked


def said(text: str, kind: str, exact: Fraction, unit: str) -> str:
    """What is wrong with a text about a value; empty where it says what is so."""
    if "基本持平" in text:
        return "" if exact and abs(exact) < Fraction(1, 2000) else "不是基本持平"
    if "持平" in text:
        return "" if exact == 0 else "不是持平"
    if any(word in text for word in UP) and exact <= 0:
        return "没有上升"
    if any(word in text for word in DOWN) and exact >= 0:
        return "没有下降"
    number = _NUMBER.search(text)
    if number is None:
        return "没有数"
    scale = _scale(text, kind, unit)
    step = Fraction(1, 10 ** len(number[1] or "")) * scale
    told = Fraction(number[0].replace(",", "")) * scale
    # A word or a sign says the direction; without one the number is not below zero.
    near = abs(exact) if any(word in text for word in (*UP, *DOWN)) else exact
    return "" if abs(told - near) <= step / 2 else "数不对"


def _scale(text: str, kind: str, unit: str) -> Fraction:
    if kind in ("share", "change", "points"):
        return Fraction(1) if text.endswith("倍") else Fraction(1, 100)
    if kind != "fen":
        return Fraction(1)
    own = text if any(name in text for name in SCALES) else unit
    return Fraction(next(n for name, n in SCALES.items() if name in own))


def _unit(each: Passage, before: str) -> str:
    """The unit that a table states above itself, until the next table."""
    if each.text.startswith("单位："):
        return each.text
    return before if each.cell or not re.match(r"[表图]", each.text.strip()) else ""


def unexplained(path: Path) -> Iterator[tuple[str, str]]:
    """(chapter, number) of numbers outside machine figures, before the appendix."""
    for each in read(path.read_bytes()).passages:
        if each.chapter.startswith(("附录", "首页", "例外情形登记")):
            continue
        for number in numbers(each.words):
            if not number.names:
                yield each.chapter, number.text
