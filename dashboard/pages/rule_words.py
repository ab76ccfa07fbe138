"""A rule's own expressions in words people read: column titles for names, values for parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from budget_watch.lake import LakeError
from budget_watch.lake.layout import layout

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PARAM = re.compile(r"param\(\s*'([^']+)'\s*\)")
_LIST = re.compile(r"'([a-z][a-z0-9_]*)'")
_CALL = re.compile(r"[^\s（）()【】×÷−]+(?=\()")
_WORDS = {
    "and": "且",
    "or": "或",
    "not": "非",
    "is": "为",
    "null": "空",
    "between": "介于",
    "in": "属于",
    "true": "是",
    "false": "否",
    "as_of": "规则的今天",
    "period_end": "期末",
    "rounding": "舍入单位",
    "coalesce": "取首个非空",
    "abs": "绝对值",
    "least": "取小",
    "greatest": "取大",
    "days_between": "相隔天数",
    "workdays_between": "相隔工作日",
    "year_of": "年份",
    "month_of": "月份",
    "day_of": "日",
    "make_date": "日期",
    "n": "笔数",
    "total": "合计",
    "largest": "最大一笔",
    "gap": "相隔天数",
    "sign": "相同之处",
    "recovered": "已收回",
    "has_words": "含词",
    "in_group": "属于代码组",
    "length": "长度",
    "substr": "截取",
    "starts_with": "开头为",
    "when": "若",
    "then": "则",
    "else": "否则",
    "like": "形如",
    "date_in": "某年的月日",
    "contains": "含有文字",
    "mod": "余数",
    "date": "日期",
    "count": "计数",
    "sum": "合计",
    "month": "月份",
    "fiscal_year": "预算年度",
}


def table_title(name: str) -> str:
    """The Chinese title of a table or mart; its name where there is none."""
    try:
        return str(layout(name).contract.title)
    except (LakeError, KeyError):
        return name


def titles_of(rule: Any) -> dict[str, str]:
    """Names a rule's expressions may use → what they mean in words."""
    found: dict[str, str] = {}
    for source in _sources(rule):
        try:
            contract = layout(source).contract
        except (LakeError, KeyError):
            continue
        for column in contract.columns:
            found.setdefault(column.name, column.title)
    for name, join in rule.join.items():
        found[f"{name}_found"] = f"有{table_title(join.source)}"
        if isinstance(join.take, Mapping):
            for alias, column in join.take.items():
                title = found.get(column, column)
                found[alias] = f"{table_title(join.source)}的{title}"
    for name, measure in rule.measures.items():
        found[name] = measure_title(name, measure)
    return {**found, **rule.titles}


def measure_title(name: str, measure: Any) -> str:
    """A measure's own title, or the table and the column it sums."""
    if measure.title:
        return str(measure.title)
    return _summed_title(name, measure) + _when(measure.shift)


def _when(shift: Mapping[str, int]) -> str:
    """Which other span a measure looks at, in words."""
    years = {-1: "上年同期", -2: "前年同期", -3: "三年前同期"}
    return "".join(
        f"（{years.get(by, f'{by}年')}）" for key, by in shift.items() if key == "fiscal_year"
    )


def _summed_title(name: str, measure: Any) -> str:
    inside = re.search(r"\(([a-z_]+)\)", measure.value)
    try:
        contract = layout(measure.source).contract
    except (LakeError, KeyError):
        return name
    if inside and inside.group(1) in contract.names:
        return f"{contract.title}：{contract.column(inside.group(1)).title}"
    return f"{contract.title}：行数" if "count" in measure.value else str(contract.title)


def _sources(rule: Any) -> list[str]:
    named = [
        rule.each,
        rule.universe.source if rule.universe else None,
        rule.within.source if rule.within else None,
    ]
    named += [measure.source for measure in rule.measures.values()]
    named += [join.source for join in rule.join.values()]
    return [name for name in named if name]


def in_words(text: str, rule: Any, book: Any) -> str:
    """An expression with names, values and joints in Chinese; `let` names are written out.

    Word lists and code groups stand by their titles.
    """
    params = book.params
    for _ in range(4):  # lists and parameters first: their ids may be the name of a `let`
        text = _LIST.sub(lambda m: _listed(m[1], book.named) or m[0], text)
        text = _PARAM.sub(lambda m: _param(m[1], params), text)
        text = _NAME.sub(lambda m: f"（{rule.let[m[0]]}）" if m[0] in rule.let else m[0], text)
    titles = titles_of(rule)
    text = re.sub(r"\bis\s+not\s+null\b", "有值", text, flags=re.IGNORECASE)
    text = re.sub(r"\bis\s+null\b", "缺值", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(case|end)\b\s*", "", text, flags=re.IGNORECASE)
    text = _PARAM.sub(lambda m: _param(m[1], params), text)
    text = _LIST.sub(lambda m: _listed(m[1], book.named) or m[0], text)
    text = _NAME.sub(lambda m: titles.get(m[0], _WORDS.get(m[0].lower(), m[0])), text)
    text = re.sub(r"(?<![<>=!])\s*\*\s*", " × ", text)
    for sign, word in (
        ("<>", "≠"),
        ("!=", "≠"),
        (">=", "≥"),
        ("<=", "≤"),
        (" / ", " ÷ "),
        (" - ", " − "),
    ):
        text = text.replace(sign, word)
    return single_brackets(text.replace("@", ""))


def _listed(name: str, named: Any) -> str:
    """The title of a word list or code group; empty where the text is neither."""
    for kind, lists in (("词表", named.words), ("代码组", named.groups)):
        if name in lists:
            return f"{kind}“{lists[name].title}”"
    return ""


def single_brackets(text: str) -> str:
    """The text without brackets that hold nothing but another pair, or a call alone, or it all."""
    pairs, opened = [], []
    for at, sign in enumerate(text):
        if sign in "（(":
            opened.append(at)
        elif sign in "）)" and opened:
            pairs.append((opened.pop(), at))
    ends = dict(pairs)
    dropped = set()
    for start, end in pairs:
        inside = text[start + 1 : end]
        call = _CALL.match(inside)
        alone = call is not None and ends.get(start + 1 + call.end()) == end - 1
        nested = ends.get(start + 1) == end - 1
        if text[start] == "（" and (alone or nested or (start, end) == (0, len(text) - 1)):
            dropped |= {start, end}
    return "".join(sign for at, sign in enumerate(text) if at not in dropped)


def _param(name: str, params: Mapping[str, Any]) -> str:
    found = params.get(name)
    return f"【{found.param.title}】" if found is not None else f"【{name}】"
