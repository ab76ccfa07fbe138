"""The permission matrix: what each role reads of every table, mart and rule, by the very code that
lets rows through. For an administrator to check, and to hand to whoever inspects the system."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from budget_watch.access import Grant, Mask, Scope
from budget_watch.access.roles import Role, roles
from budget_watch.casework.rule_marks import rule_marks
from budget_watch.engine import Book
from budget_watch.lake.layout import layout
from budget_watch.lake.letting import letting
from budget_watch.lake.marts import MARTS
from budget_watch.tables import contracts

TITLES = {
    "role": "角色代码",
    "title": "角色",
    "kind": "对象",
    "name": "代码",
    "what": "名称",
    "sensitivity": "敏感级别",
    "reads": "可读",
    "depth": "深度",
    "rows": "行范围",
    "hidden": "隐去的列",
    "why": "说明",
}
_SHOWN = {"全部": "全部疑点", "初核成立后": "初核成立后", "转交后": "转交后，答复后见级别"}
_ROWS = {
    "regions": "指定区划",
    "departments": "指定部门",
    "units": "指定单位",
    "matter": "指定事项",
    "until": "限期",
}


def matrix(root: Path, book: Book) -> Iterator[dict[str, Any]]:
    """One record a role and table, mart or rule: `TITLES` says what is in it."""
    marks = rule_marks(book)
    for code, role in roles(root).items():
        grant = _bare(code, role)
        for name in (*contracts(), *MARTS):
            yield {**_about(code, role), **_table(grant, name)}
        for name, mark in marks.items():
            may = grant.may_rule(name, mark.sensitivity, mark.depth)
            yield {
                **_about(code, role),
                "kind": "规则",
                "name": name,
                "what": book.rules[name].title,
                "sensitivity": mark.sensitivity.word,
                "reads": _SHOWN[role.findings] if may else "不可读",
                "depth": mark.depth.word,
                "hidden": "",
                "why": "" if may else _why(grant, role),
            }


def write(root: Path, book: Book, path: Path) -> int:
    """Write it to `.csv` (UTF-8 with mark, opens in Excel) or `.xlsx`; returns the lines.

    Raises:
        ValueError: another ending.
    """
    records = list(matrix(root, book))
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            lines = csv.DictWriter(file, list(TITLES))
            lines.writerow(TITLES)
            lines.writerows(records)
    elif path.suffix == ".xlsx":
        _workbook(records, path)
    else:
        raise ValueError(f"{path.name}：只写 .csv 或 .xlsx。")
    return len(records)


def _workbook(records: list[dict[str, Any]], path: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("权限矩阵")
        sheet.write_row(0, 0, list(TITLES.values()), book.add_format({"bold": True}))
        for at, record in enumerate(records, start=1):
            sheet.write_row(at, 0, [record[name] for name in TITLES])
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(records), len(TITLES) - 1)
        sheet.set_column(0, len(TITLES) - 1, 16)


def _bare(code: str, role: Role) -> Grant:
    """A role's grant with rows of its kind, as empty sets: only what it may see at all counts."""
    own = {"departments", "units"} & set(role.rows)
    return Grant(
        user="",
        purpose="权限矩阵",
        scope=Scope(departments=frozenset() if own else None),
        mask=Mask.NONE if role.names else Mask.PERSONS,
        depth=role.reach,
        tables=role.of_tables,
        rules=role.of_rules,
        withheld=frozenset(role.withheld),
        findings=role.of_findings,
        role=code,
        business=not role.admin,
        sums=role.sums,
    )


def _about(code: str, role: Role) -> dict[str, str]:
    return {
        "role": code,
        "title": role.title,
        "rows": "、".join(_ROWS[each] for each in role.rows) or "授予时指定，缺省全部",
    }


def _table(grant: Grant, name: str) -> dict[str, str]:
    shape = layout(name)
    let, contract = letting(grant, shape), shape.contract
    shown = [c.name for c in contract.columns if c.name not in let.blank]
    hidden = [c.name for c in contract.columns if c.name in let.blank]
    masked = [c.name for c in contract.personal_columns if c.name in shown]
    open_as = "逐行" if let.summed is None else "合计"
    reads = "不可读" if let.closed is not None else open_as
    words = ["、".join(hidden)] if hidden and reads == "逐行" else []
    if masked and reads != "不可读" and grant.mask is Mask.PERSONS:
        words.append(f"自然人隐去：{'、'.join(masked)}")
    return {
        "kind": "主题表" if shape.kind == "mart" else "报表",
        "name": name if shape.kind == "mart" else contract.code,
        "what": contract.title,
        "sensitivity": contract.sensitivity,
        "reads": reads,
        "depth": grant.reach(name).word if reads != "不可读" else "",
        "hidden": "；".join(words),
        "why": let.closed or "",
    }


def _why(grant: Grant, role: Role) -> str:
    if not grant.business:
        return "三员不查看业务数据"
    return f"{role.title}可读{role.rules}规则，到{role.reach.word}"
