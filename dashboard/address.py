"""The address: every state of a page, read from and written to its URL (pages.md §4).

Path = where, query = how. Reading refuses what it does not know with a sentence;
writing puts keys in one order and leaves defaults out, so that equal states have
equal addresses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from urllib.parse import parse_qsl, quote, unquote, urlencode

from dashboard.errors import AddressError

LETTERS = {
    "f": "资金分类",
    "z": "区划",
    "d": "部门",
    "u": "单位",
    "p": "项目",
    "i": "指标",
    "s": "支付申请",
    "c": "功能科目",
    "e": "部门经济科目",
    "o": "资金来源",
    "y": "收款人",
    "m": "月份",
}
_WORDS = re.compile(r"[0-9A-Za-z_\-一-鿿（）()、，,.〔〕:]{1,200}")


def _choice(*values: str) -> Callable[[str], bool]:
    return lambda text: text in values


def _pattern(expression: str) -> Callable[[str], bool]:
    compiled = re.compile(expression)
    return lambda text: compiled.fullmatch(text) is not None


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _month(text: str) -> bool:
    return text.isdigit() and 1 <= int(text) <= 12 and str(int(text)) == text


def _months(text: str) -> bool:
    """`10`, or `7-9` from an earlier month to a later one."""
    first, dash, last = text.partition("-")
    return _month(first) and (not dash or (_month(last) and int(first) < int(last)))


def _words(text: str) -> bool:
    return _WORDS.fullmatch(text) is not None


@dataclass(frozen=True)
class Key:
    """One key of the query: what it means, what it may hold, what it is when left out."""

    title: str
    accepts: Callable[[str], bool]
    expects: str


KEYS: dict[str, Key] = {
    "fy": Key("预算年度", _pattern(r"20\d\d"), "四位年份，如 2026"),
    "to": Key("截至月份", _month, "1至12"),
    "asof": Key("所知日期", _is_day, "日期，如 2026-11-20"),
    "snap": Key("数据快照", _pattern(r"[0-9A-Za-z_\-.]{1,80}"), "快照编号"),
    "scope": Key("范围口径", _choice("local", "all", "county"), "local、all 或 county"),
    "by": Key("划分方式", _pattern(r"[a-z]{1,8}"), "路径字母，如 d"),
    "open": Key("展开的行", _words, "编码，逗号分隔"),
    "tab": Key("页签", _pattern(r"[a-z]{1,12}"), "页签名"),
    "cols": Key("显示的列", _pattern(r"[a-z_,]{1,120}"), "列名，逗号分隔"),
    "lv": Key(
        "级别",
        _pattern(r"(red|orange|yellow|blue)(,(red|orange|yellow|blue))*"),
        "red、orange、yellow、blue，逗号分隔",
    ),
    "cl": Key("类别", _pattern(r"[法规理险数](,[法规理险数])*"), "法、规、理、险、数，逗号分隔"),
    "st": Key("办理状态", _words, "状态名"),
    "area": Key("领域", _pattern(r"[a-z_]{1,40}"), "领域名"),
    "ds": Key("数据状态", _words, "数据状态名"),
    "new": Key("只看新增", _choice("1"), "1"),
    "trial": Key("试运行规则的疑点", _choice("1"), "1"),
    "dept": Key("部门", _pattern(r"[0-9A-Za-z]{1,20}"), "部门编码"),
    "unitcode": Key("单位", _pattern(r"[0-9A-Za-z]{1,20}"), "单位编码"),
    "region": Key("区划", _pattern(r"\d{6,12}"), "区划编码"),
    "pro": Key("项目", _words, "项目编码"),
    "rule": Key("规则", _pattern(r"[A-Z]{2}\d{2,3}"), "规则编号，如 ZX06"),
    "stage": Key("阶段", _choice("初步方案", "草案", "批复"), "初步方案、草案或批复"),
    "min": Key("最小金额", _pattern(r"-?\d{1,17}"), "以分为单位的整数"),
    "max": Key("最大金额", _pattern(r"-?\d{1,17}"), "以分为单位的整数"),
    "method": Key("结算方式", _words, "结算方式名"),
    "sort": Key("排序", _pattern(r"-?[a-z_]{1,20}"), "列名，前加 - 为从大到小"),
    "after": Key("翻页位置", _pattern(r"[0-9A-Za-z_\-.:]{1,120}"), "上一页给出的位置"),
    "unit": Key("金额单位", _choice("yuan", "wan", "yi"), "yuan、wan 或 yi"),
    "q": Key("检索词", lambda text: 0 < len(text) <= 60 and text.isprintable(), "60字以内的文字"),
    "on": Key(
        "针对的页面",
        _pattern(r"/[a-z_]+(?:/[^\s/?#<>\"']{1,200})*(?:\?[^\s#<>\"']{0,400})?"),
        "本系统的页面地址",
    ),
    "role": Key("角色", _pattern(r"[a-z_]{1,40}"), "角色代码"),
    "person": Key("账号", _pattern(r"[a-z0-9._-]{1,32}"), "账号名"),
    "act": Key(
        "动作", _pattern(r"[a-z_]{1,40}(\.[a-z_]{0,40})?"), "动作代码，如 user.add 或 case."
    ),
    "item": Key("对象", lambda text: 0 < len(text) <= 200 and text.isprintable(), "一行文字"),
    "since": Key("从哪天", _is_day, "日期，如 2026-11-20"),
    "until": Key("到哪天", _is_day, "日期，如 2026-11-20"),
    "year": Key("日历年度", _pattern(r"20\d\d"), "四位年份，如 2027"),
    "mon": Key("日历的月份", _month, "1至12"),
    "no": Key("季刊编号", _pattern(r"[1-9]\d{0,8}"), "编号，如 3"),
    "cmp": Key(
        "比较",
        _pattern(
            r"ly|peers|20\d\d-(1[0-2]|[1-9])|[1-9]\d{0,8}"
            r"|[zdupifce][0-9A-Za-z_\-]{1,60}(,[zdupifce][0-9A-Za-z_\-]{1,60}){0,7}"
        ),
        "ly（上年同期）、peers（同类）、期间（如 2025-9）、地址里的一段（如 d102）或季刊编号",
    ),
    "print": Key("打印版式", _choice("1"), "1"),
}
COMMON = ("fy", "to", "asof", "snap", "scope", "unit", "print")


@dataclass(frozen=True)
class PageShape:
    """Which path parts and query keys a page takes beyond the common ones.

    ``parts`` is ``None`` for letter parts (/exec/f11/d101), else how many plain
    parts may follow.
    """

    title: str
    keys: tuple[str, ...] = ()
    parts: range | None = field(default_factory=lambda: range(0, 1))
    letters: str = ""


PAGES: dict[str, PageShape] = {
    "overview": PageShape("总览"),
    "exec": PageShape(
        "预算执行",
        ("by", "open", "tab", "cmp", "cols", "min", "max", "method", "sort", "after"),
        None,
        "fzdupisceoym",
    ),
    "voucher": PageShape("支付凭证", ("tab",), range(2, 3)),
    "alerts": PageShape(
        "预警中心",
        (
            "lv",
            "cl",
            "st",
            "area",
            "ds",
            "new",
            "trial",
            "dept",
            "unitcode",
            "region",
            "pro",
            "rule",
            "by",
            "sort",
            "after",
        ),
    ),
    "finding": PageShape("疑点", (), range(1, 2)),
    "todo": PageShape("我的待办", ("tab",), range(0, 1)),
    "inbox": PageShape("我的消息", ("tab",), range(0, 1)),
    "case": PageShape("办理", (), range(1, 2)),
    "inquiries": PageShape("问询清单", (), range(0, 1)),
    "inspections": PageShape("随机抽查", (), range(0, 2)),
    "opinions": PageShape("审议意见", ("tab", "st", "on")),
    "opinion": PageShape("意见", (), range(1, 2)),
    "topic": PageShape("议题", (), range(1, 2)),
    "lists": PageShape("四张清单", ("tab",)),
    "livelihood": PageShape("民生实事", ("tab",), range(0, 2)),
    "agenda": PageShape("会议与议题", ("st", "year"), range(0, 2)),
    "events": PageShape("大事记", ("tab", "year")),
    "resolution": PageShape("决议事项台账", ("st", "year"), range(0, 2)),
    "congress": PageShape("人代会", ("tab",), range(0, 2)),
    "debt": PageShape("政府债务", ("sort",), None, "z"),
    "audit": PageShape("审计整改", ("tab", "open"), None, "d"),
    "draft": PageShape("预算草案审查", ("tab", "open", "by", "rule", "stage"), None, "d"),
    "final": PageShape("决算与公开", ("tab", "open", "rule"), None, "du"),
    "performance": PageShape("绩效", ("tab", "open", "rule", "sort"), None, "dp"),
    "transfer": PageShape("转移支付", ("tab", "open"), None, "z"),
    "social": PageShape("社保基金", (), range(0, 3, 2)),
    "assets": PageShape("国有资产", ("tab", "open"), range(0, 2)),
    "sangong": PageShape("三公经费", ("sort", "open"), None, "du"),
    "data": PageShape("数据质量", ("tab",), range(0, 3)),
    "search": PageShape("搜索", ("q",)),
    "exemptions": PageShape("例外情形登记", ("tab",)),
    "admin": PageShape(
        "系统管理",
        ("tab", "role", "st", "q", "person", "act", "item", "since", "until", "after"),
        range(0, 3),
    ),
    "laws": PageShape("政策法规", ("tab", "open", "q"), range(0, 3)),
    "calendar": PageShape("监督日历", ("tab", "open", "year", "mon")),
    "digest": PageShape("季刊与报告", ("open", "no", "cmp"), range(0, 2)),
    "params": PageShape("参数", ("tab", "area"), range(0, 2)),
    "rules": PageShape("规则与参数", ("area",), range(0, 2)),
}


@dataclass(frozen=True)
class Address:
    """A page with its place and its settings.

    Attributes:
        page: first path part, ``overview`` for ``/``.
        parts: plain path parts, or (letter, code) pairs joined as letter + code.
        query: settings that are not at their default, in canonical order.
    """

    page: str
    parts: tuple[str, ...] = ()
    query: tuple[tuple[str, str], ...] = ()

    @property
    def place(self) -> tuple[tuple[str, str], ...]:
        """Letter parts as (letter, code) pairs."""
        return tuple((part[0], part[1:]) for part in self.parts)

    def get(self, key: str, default: str = "") -> str:
        """A setting, or its default."""
        return dict(self.query).get(key, default)

    def with_query(self, **changes: str | None) -> Address:
        """The same place with other settings; None or "" takes one away."""
        return replace(self, query=canonical({**dict(self.query), **changes}))

    def at(self, page: str, *parts: str, keep: tuple[str, ...] = COMMON, **more: str) -> Address:
        """Another place, keeping only the settings that mean the same there."""
        kept = {key: value for key, value in self.query if key in keep}
        return Address(page, parts, canonical({**kept, **more}))

    @property
    def href(self) -> str:
        """The address as it stands in the browser."""
        path = "/" + "/".join([self.page, *(quote(part, safe="") for part in self.parts)])
        return f"{path}?{urlencode(self.query, safe=',:')}" if self.query else path


def canonical(settings: Mapping[str, str | None]) -> tuple[tuple[str, str], ...]:
    """Settings in the order of ``KEYS``, without the empty ones."""
    return tuple((key, value) for key in KEYS if (value := settings.get(key)))


def parse(pathname: str | None, search: str | None) -> Address:
    """Read an address.

    Raises:
        AddressError: an unknown page, part or key, or a value that cannot be.
    """
    page, *parts = [unquote(part) for part in (pathname or "/").strip("/").split("/")]
    page = page or "overview"
    shape = PAGES.get(page)
    if shape is None:
        raise AddressError(f"没有“{page}”这个页面。请从左侧栏目进入。")
    _check_parts(shape, parts)
    return Address(page, tuple(parts), canonical(_settings(page, shape, search or "")))


def _check_parts(shape: PageShape, parts: list[str]) -> None:
    if shape.parts is not None:
        if len(parts) not in shape.parts:
            raise AddressError(
                f"“{shape.title}”的地址不完整或多了一段：{'/'.join(parts) or '（空）'}。"
            )
        if any(not _words(part) for part in parts):
            raise AddressError(f"“{shape.title}”的地址里有不能识别的字符。")
        return
    seen: set[str] = set()
    for part in parts:
        letter, code = part[:1], part[1:]
        if letter not in shape.letters or not code or not _words(code):
            raise AddressError(f"地址里的“{part}”不能识别：每一段以字母开头，如 d101 表示部门101。")
        if letter == "m" and not _months(code):
            raise AddressError(f"地址里的“{part}”不能识别：月份写成 m10，几个月写成 m7-9。")
        if letter in seen:
            raise AddressError(f"地址里“{LETTERS[letter]}”出现了两次。")
        seen.add(letter)


def _settings(page: str, shape: PageShape, search: str) -> dict[str, str]:
    settings: dict[str, str] = {}
    for key, value in parse_qsl(search.lstrip("?"), keep_blank_values=True):
        if key not in KEYS or key not in (*COMMON, *shape.keys):
            raise AddressError(
                f"地址里的“{key}”不能识别，{shape.title}页没有这个设置。请删去后重试。"
            )
        if key in settings:
            raise AddressError(f"地址里“{key}”（{KEYS[key].title}）出现了两次。")
        if not KEYS[key].accepts(value):
            raise AddressError(
                f"地址里“{key}={value}”（{KEYS[key].title}）不能识别，应为{KEYS[key].expects}。"
            )
        settings[key] = value
    return settings
