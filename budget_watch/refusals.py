"""What pydantic refuses, in Chinese words that say what to write instead.

For every file that people write: settings, rules, lists, roles, templates.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError


def refusals(error: ValidationError) -> str:
    """Every refused key and why: `每页.size：应是整数；…`."""
    return "；".join(f"{place(one)}：{refused(one)}" for one in error.errors())


def refusal(error: ValidationError) -> str:
    """The first refused key and why."""
    first = error.errors()[0]
    return f"{place(first)}：{refused(first)}"


def place(error: Any) -> str:
    """The key that an item of `errors()` is about."""
    return ".".join(map(str, error["loc"])) or "全文"


def refused(error: Any) -> str:
    """What is wrong with one value and what to write instead (an item of `errors()`)."""
    context = error.get("ctx") or {}
    kind, given = error["type"], error.get("input")
    said = _KINDS.get(kind)
    if said is not None:
        words = {key: str(value) for key, value in context.items()}
        if "expected" in words:
            words["expected"] = "、".join(re.findall(r"'([^']*)'", words["expected"]))
        return said.format(**{"given": given, "min_length": "1", "pattern": "", **words})
    told = str(error["msg"])
    return told.removeprefix("Value error, ") if "Value error" in told else f"不合要求：{told}"


_KINDS = {
    "missing": "缺少这一项；请补写",
    "extra_forbidden": "没有这一项；请核对拼写或删去",
    "literal_error": "应为 {expected} 之一，这里是“{given}”",
    "date_parsing": "“{given}”不是日期；请写 2026-03-31",
    "date_from_datetime_parsing": "“{given}”不是日期；请写 2026-03-31",
    "date_type": "“{given}”不是日期；请写 2026-03-31",
    "date_from_datetime_inexact": "“{given}”不是日期；请写 2026-03-31",
    "string_type": '应是文字；是代码或数字就加引号，如 "101"',
    "string_too_short": "不能是空的",
    "string_pattern_mismatch": "“{given}”写法不对（应合 {pattern}）",
    "int_parsing": "“{given}”不是整数",
    "int_type": "应是整数",
    "float_parsing": "“{given}”不是数",
    "float_type": "应是数",
    "bool_parsing": "“{given}”应写 true 或 false",
    "bool_type": "应写 true 或 false",
    "too_short": "至少要写 {min_length} 项",
    "greater_than": "应大于 {gt}",
    "less_than": "应小于 {lt}",
    "too_long": "最多写 {max_length} 项",
    "string_too_long": "最多 {max_length} 个字",
    "int_from_float": "“{given}”不是整数",
    "int_parsing_size": "“{given}”太大",
    "time_parsing": "“{given}”不是时刻；请写 02:00",
    "time_type": "“{given}”不是时刻；请写 02:00",
    "path_type": "应是路径，写在引号里",
    "set_type": "应是一张列表：[…]",
    "frozen_set_type": "应是一张列表：[…]",
    "enum": "应为 {expected} 之一，这里是“{given}”",
    "union_tag_invalid": "应为 {expected_tags} 之一，这里是“{tag}”",
    "greater_than_equal": "应不小于 {ge}",
    "less_than_equal": "应不大于 {le}",
    "list_type": "应是一张列表：[…] 或各行以“- ”开头",
    "tuple_type": "应是一张列表：[…] 或各行以“- ”开头",
    "dict_type": "应是“键: 值”的映射",
    "model_type": "应是“键: 值”的映射",
    "model_attributes_type": "应是“键: 值”的映射",
}
