"""What a contract's terms are called where people read them: dictionary pages and templates."""

from __future__ import annotations

from budget_watch.codes import SYSTEMS
from budget_watch.tables.contract import Column, Contract

KINDS = {"event": "事件表", "period": "期间表", "snapshot": "时点表", "reference": "参照表"}
TYPES = {
    "str": "文本",
    "int": "整数",
    "money": "金额",
    "date": "日期",
    "bool": "是/否",
    "ratio": "比率",
    "number": "数值",
}
PERSONAL = {
    "name": "个人姓名（显示时遮蔽）",
    "account": "账号（显示时遮蔽）",
    "id": "证件号（只存摘要）",
}
CHECKS = {
    "holds": "逐行条件",
    "balance": "逐行平衡",
    "rows": "行间合计",
    "parents": "上下级合计",
    "chain": "前后期衔接",
    "scopes": "范围合计",
    "cross": "表间核对",
}
CODE_TITLES = {**SYSTEMS, "uscc": "统一社会信用代码（校验码）"}


def type_words(column: Column) -> str:
    """Return a column's type with its unit: `金额（元）`, `数值（平方米，2 位小数）`."""
    details = [column.unit] if column.unit else []
    if column.scale:
        details.append(f"{column.scale} 位小数")
    return TYPES[column.type] + (f"（{'，'.join(details)}）" if details else "")


def allowed_words(column: Column) -> str:
    """Return what may stand in a column: code tables, closed or usual values; empty if anything."""
    if column.codes:
        return "代码表：" + "、".join(CODE_TITLES[system] for system in column.codes)
    if column.values:
        return "只能是：" + "、".join(column.values)
    return "常见：" + "、".join(column.usual) if column.usual else ""


def protection_words(column: Column) -> str:
    """Return how a column is protected; empty if it is not."""
    words = [PERSONAL[column.personal]] if column.personal else []
    if column.delivered_as:
        words.append(f"送数时列名为 {column.delivered_as}")
    if column.secret:
        words.append("涉密")
    if column.sensitivity:
        words.append(column.sensitivity)
    return "；".join(words)


def money_units(contract: Contract) -> str:
    """Return the unit of the table's money columns, empty without any: `万元`, `万元、元`."""
    return "、".join(dict.fromkeys(str(column.unit) for column in contract.money_columns))
