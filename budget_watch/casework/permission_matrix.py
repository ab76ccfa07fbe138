"""The permission matrix: what each role reads of every table, mart and rule, by the very code that
lets rows through. For an administrator to check, and to hand to whoever inspects the system."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Sheet:
    """One sheet: its name, its columns by key, its lines."""

    title: str
    columns: Mapping[str, str]
    records: Sequence[Mapping[str, Any]]


_SHOWN = {"全部": "全部疑点", "初核成立后": "初核成立后", "转交后": "转交后，答复后见级别"}
_ROWS = {
    "regions": "指定区划",
    "departments": "指定部门",
    "units": "指定单位",
    "matter": "指定事项",
    "until": "限期",
}


def matrix(root: Path, book: Book, only: str | None = None) -> Iterator[dict[str, Any]]:
    """One record a role and table, mart or rule: `TITLES` says what is in it.

    Args:
        only: the code of one role; all where it is left out.
    """
    marks = rule_marks(book)
    for code, role in roles(root).items():
        if only not in (None, code):
            continue
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


def written(
    records: Sequence[Mapping[str, Any]], actions: Sheet, ending: str, mark: str = ""
) -> bytes:
    """The matrix as a file: `.csv` (UTF-8 with mark, opens in Excel) or `.xlsx`.

    Args:
        actions: who may take which step; a second sheet of the workbook.
        mark: who takes it, when and what for; at the foot of every printed page.

    Raises:
        ValueError: another ending.
    """
    if ending == ".csv":
        text = io.StringIO(newline="")
        lines = csv.DictWriter(text, list(TITLES))
        lines.writerow(TITLES)
        lines.writerows(records)
        return text.getvalue().encode("utf-8-sig")
    if ending == ".xlsx":
        return _workbook((Sheet("权限矩阵", TITLES, records), actions), mark)
    raise ValueError(f"{ending or '没有后缀'}：只写 .csv 或 .xlsx。")


def _workbook(sheets: Sequence[Sheet], mark: str) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        bold = book.add_format({"bold": True})
        for each in sheets:
            sheet = book.add_worksheet(each.title)
            sheet.write_row(0, 0, list(each.columns.values()), bold)
            for at, record in enumerate(each.records, start=1):
                sheet.write_row(at, 0, [record[name] for name in each.columns])
            sheet.freeze_panes(1, 0)
            sheet.autofilter(0, 0, len(each.records), len(each.columns) - 1)
            sheet.set_column(0, len(each.columns) - 1, 16)
            sheet.set_footer(f"&L{mark.replace('&', '&&')}&R第&P/&N页")
    return out.getvalue()


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
