"""Reads the words of published tables: years, units, scopes, stages, figures, totals, numbering.

All functions take text that `grid.squeeze` has normalised (no blanks, half-width forms).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

FigureKind = Literal["budget", "adjusted", "exec", "final", "limit", "balance"]
Scope = Literal["本级", "全市", "县区", "开发区"]

FEN = {"元": 100, "千元": 100_000, "万元": 1_000_000, "百万元": 100_000_000, "亿元": 10_000_000_000}

_UNIT_LABEL = re.compile(
    r"单位[:：]?(?:人民币)?(亿元|百万元|万元|千元|元)|[((](亿元|百万元|万元|千元|元)[))]"
)
_UNIT_TAIL = re.compile(r"[((](?:单位[:：])?(?:亿元|百万元|万元|千元|元)[))]")
_YEAR = re.compile(r"(?<!\d)(20\d\d)(?!\d)")
_RATIO = re.compile(
    r"增长|增减|比上年|比去年|比年初|比20\d\d|同比|%|占.{0,12}比|完成.{0,8}的|为.{0,14}的$|为预算|比率|比例|比重|比较$|进度|差额|±|增幅"
)
_FIGURES: tuple[tuple[FigureKind, re.Pattern[str]], ...] = (
    ("limit", re.compile(r"限额")),
    ("balance", re.compile(r"余额")),
    ("adjusted", re.compile(r"调整预算|预算调整|调整后|变动预算|调整数")),
    ("final", re.compile(r"决算")),
    ("exec", re.compile(r"执行数|完成数|快报|预计|实际|累计|执行$|完成$|实绩")),
    ("budget", re.compile(r"预算|计划数|安排数|下达数|年初数|金额|合计$")),
)
_NUMBERING = re.compile(
    r"^(?:其中[:：]?|[一二三四五六七八九十百]+[、.．,]|[((][一二三四五六七八九十\d]+[))]|\d{1,3}[、.．](?!\d)|[①-⑳]|[★*▲]+)"
)
_GRAND = re.compile(
    r"(?:各项)?(?:收入|支出|收支)?(?:总计|总收入|总支出)$|^各项(?:收入|支出)合计$|^(?:收|支)入?出?总计$"
)
_SUBTOTAL = re.compile(
    r"合计|小计|总计$|^(?:全市|全省|全区|全县|市本级|省本级|区本级|县本级|本级|本年)"
)
_NOTE = re.compile(r"^(?:注|备注|说明|编制说明|填表说明|资料来源|数据来源|附注)[:：\d1一]?")


@dataclass(frozen=True)
class Figure:
    """What a column of a published table shows: which figure, of which year (None: the table's)."""

    kind: FigureKind
    year: int | None
    relative: int = 0  # years from the table's year when `year` is None (上年 = -1)

    def of(self, table_year: int) -> int:
        """Return the fiscal year of the figure in a table of `table_year`."""
        return self.year if self.year is not None else table_year + self.relative


def unit_in(text: str) -> str | None:
    """Return the unit that a label names: “单位:万元”, “金额(元)”; None if there is none."""
    found = _UNIT_LABEL.search(text)
    return (found.group(1) or found.group(2)) if found else None


def years_in(text: str) -> list[int]:
    """Return the years from 2000 that the text names, in order."""
    return [int(year) for year in _YEAR.findall(text)]


def is_ratio(path: str) -> bool:
    """Tell whether a header names a rate or a difference, which is never loaded."""
    return bool(_RATIO.search(path))


def figure_in(path: str) -> Figure | None:
    """Return the figure that a header path (levels joined by “/”) names, or None."""
    path = _UNIT_TAIL.sub("", path)
    leaf = path.rsplit("/", 1)[-1]
    if is_ratio(leaf) or (is_ratio(path) and not _plain(leaf)):
        return None
    for part in (leaf, path):
        for kind, pattern in _FIGURES:
            if pattern.search(part):
                return Figure(kind, *_when(path))
    return None


def _plain(leaf: str) -> bool:
    return any(pattern.search(leaf) for _, pattern in _FIGURES)


def _when(path: str) -> tuple[int | None, int]:
    years = years_in(path)
    if years:
        return years[-1], 0
    if re.search(r"上年|去年|上一年", path):
        return None, -1
    if re.search(r"下年|下一年|明年", path):
        return None, 1
    return None, 0


def scope_in(text: str) -> Scope | None:
    """Return the scope kind that a title or column names; the narrower one wins."""
    if re.search(r"本级|级一般公共|市级|省级(?!及)|县级|区级", text) and not re.search(
        r"县级以上|各级", text
    ):
        return "本级"
    if re.search(r"全市|全省|全区|全县|全自治区|本地区|全州|全盟|总决算|汇总", text):
        return "全市"
    return None


def item_name(text: str) -> str:
    """Return an item's name without numbering (“一、”, “(二)”, “其中:”)."""
    previous = None
    while previous != text:
        previous = text
        text = _NUMBERING.sub("", text)
    return text


def is_grand_total(name: str) -> bool:
    """Tell whether the item is the total of everything on its side (收入总计, 各项支出合计)."""
    return bool(_GRAND.search(name))


def is_subtotal(name: str) -> bool:
    """Tell whether the item sums others up (合计, 小计, 全市…收入) and is no account of its own."""
    return bool(_SUBTOTAL.search(name))


def is_note(text: str, long: bool = True) -> bool:
    """Tell whether the row is a footnote; with `long` also any text longer than an item's name."""
    return bool(_NOTE.match(text)) or (long and len(text) > 90)
