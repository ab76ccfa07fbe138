"""Finds administrative divisions by name: “2025年丽江市…”, “海珠区” under 广州市, “玉龙县”.

Two lists are joined: the house's own (as valid now, with development zones) and python-stdnum's
(GB/T 2260 with years of validity, for older tables). Codes have nine digits (预算管理一体化).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from budget_watch.codes import names, years

_LINE = re.compile(r'^(\s*)(\d+) (?:province|county)="([^"]+)"')
_NAMED = re.compile(r"(?:\[(\d*)-(\d*)\])?([^,\[]+)")
_STILL = 9999
_KIND = re.compile(
    r"(?:自治区|自治州|自治县|自治旗|特别行政区|林区|新区|地区|省|市|区|县|盟|州|旗)$"
)
_PEOPLES = (
    "壮 满 回 苗 维吾尔 土家 彝 蒙古 藏 布依 侗 瑶 朝鲜 白 哈尼 哈萨克 黎 傣 畲 傈僳 仡佬 东乡 "
    "拉祜 水 佤 纳西 羌 土 仫佬 锡伯 柯尔克孜 达斡尔 景颇 毛南 撒拉 塔吉克 阿昌 普米 鄂温克 怒 "
    "京 基诺 德昂 保安 裕固 独龙 鄂伦春 门巴 珞巴 布朗 各"
)
_PEOPLE = re.compile(rf"(?:(?:{'|'.join(sorted(_PEOPLES.split(), key=len, reverse=True))})族?)+$")
_NOT_PLACES = frozenset(
    {"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划", "市", "新区"}
)


@dataclass(frozen=True)
class Place:
    """A division: six-digit code, full name, years between which the code was valid."""

    code6: str
    name: str
    since: int
    until: int

    @property
    def code(self) -> str:
        """Return the nine-digit code (mof_div_code)."""
        return self.code6 + "000"

    @property
    def level(self) -> str:
        """Return 省, 市 or 县."""
        if self.code6.endswith("0000"):
            return "省"
        return "市" if self.code6.endswith("00") else "县"

    @property
    def stem(self) -> str:
        """Return the name without its kind (丽江市 → 丽江, 玉龙纳西族自治县 → 玉龙)."""
        return stem_of(self.name)


_LAST = frozenset("省市区县州盟旗")
_LONGEST = 15
NOWHERE = Place("000000", "", 0, _STILL)


def stem_of(name: str) -> str:
    """Return a division's name without 市, 县, 自治县 and peoples' names."""
    short = _KIND.sub("", name)
    if short != name and "自治" in name:
        short = _PEOPLE.sub("", short) or short
    return short if len(short) >= 2 else name


@cache
def places() -> tuple[Place, ...]:
    """Return all divisions: the house's own list, and GB/T 2260 with the abolished ones."""
    found: dict[tuple[str, str], Place] = {}
    last = years("region")[-1]
    for code, name in names("region", last).items():
        if name not in _NOT_PLACES:
            found[code[:6], name] = Place(code[:6], name, 0, _STILL)
    text = files("stdnum.cn").joinpath("loc.dat").read_text(encoding="utf-8")
    province = ""
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        indent, digits, listed = match.groups()
        if not indent:
            province = digits
            continue
        for since, until, name in _NAMED.findall(listed):
            place = Place(province + digits, name, int(since or 0), int(until or _STILL))
            if name not in _NOT_PLACES:
                found.setdefault((place.code6, name), place)
    return tuple(found.values())


@cache
def _by_name() -> dict[str, tuple[Place, ...]]:
    index: dict[str, list[Place]] = {}
    for place in places():
        for name in {place.name, place.stem, place.stem + place.name[-1]}:
            index.setdefault(name, []).append(place)
    return {name: tuple(found) for name, found in index.items()}


@cache
def by_code(code6: str) -> Place | None:
    """Return the division with this six-digit code, the one valid last if there were several."""
    found = [place for place in places() if place.code6 == code6]
    return max(found, key=lambda place: place.until) if found else None


def find(name: str, within: str = "", year: int | None = None) -> Place | None:
    """Return the one division called `name` (full or short) whose code starts with `within`.

    Of several, the valid one in `year` is taken, then the higher one; None when it stays unclear.
    """
    bare = re.sub(r"(?:本级|合计|小计|全[省市州盟区县])$", "", name) or name
    for key in dict.fromkeys((name, bare, stem_of(bare))):
        candidates = [place for place in _by_name().get(key, ()) if place.code6.startswith(within)]
        chosen = _choose(candidates, key, year)
        if chosen is not None:
            return chosen
    return None


def _choose(candidates: list[Place], name: str, year: int | None) -> Place | None:
    if not candidates:
        return None
    exact = [place for place in candidates if place.name == name]
    pool = exact or candidates
    when = year or 2100
    valid = [place for place in pool if place.since <= when < place.until] or pool
    latest = max(place.until for place in valid)
    valid = [place for place in valid if place.until == latest]
    codes = {place.code6 for place in valid}
    if len(codes) == 1:
        return valid[0]
    for level in ("省", "市"):
        higher = [place for place in valid if place.level == level]
        if len(higher) == 1:
            return higher[0]
    return None


def in_title(text: str, year: int | None = None) -> Place | None:
    """Return the division that a title names (“2025年丽江市…”, “44广东省2021年…”), or None.

    Of a chain (“湖北省襄阳市樊城区”) the last is meant.
    """
    chosen: Place | None = None
    at = 0
    for end in range(2, len(text) + 1):
        if text[end - 1] not in _LAST:
            continue
        place = _ending_at(text, max(at, end - _LONGEST), end, chosen, year)
        if place is None:
            continue
        if chosen is not None and not place.code6.startswith(chosen.code6.rstrip("0")):
            break
        chosen, at = place, end
    return chosen


def _ending_at(
    text: str, first: int, end: int, above: Place | None, year: int | None
) -> Place | None:
    """Return the division whose name ends there; within one named before only next to it."""
    starts = range(first, end - 1) if above is None else [first]
    for start in starts:
        written = text[start:end]
        if written not in _by_name():
            continue
        within = above.code6.rstrip("0") if above is not None else ""
        place = find(written, within, year)
        if place is not None and _same_kind(place.name, written):
            return place
    return None


def _same_kind(name: str, written: str) -> bool:
    """“大理州” is 大理白族自治州; “吉林市” is not 吉林省."""
    return name == written or (written[-1] in "州盟旗县" and name.endswith(written[-1]))


def most_named(texts: Iterable[str], year: int | None = None) -> Place | None:
    """Return the division that most of the texts name first: the one a workbook is about."""
    counts: dict[str, int] = {}
    for text in texts:
        place = in_title(text, year)
        if place is not None:
            counts[place.code6] = counts.get(place.code6, 0) + 1
    if not counts:
        return None
    return by_code(max(counts, key=lambda code: (counts[code], code.endswith("00"))))
