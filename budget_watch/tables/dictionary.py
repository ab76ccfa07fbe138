"""The data dictionary: a Markdown page for each contract and an index. Generated, never edited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from budget_watch.tables.contract import Check, Column, Contract
from budget_watch.tables.reading import contracts
from budget_watch.tables.wording import (
    CHECKS,
    KINDS,
    allowed_words,
    money_units,
    protection_words,
    type_words,
)

_NOTE = "<!-- 由 budget-watch tables doc 从报表约定生成，请改 budget_watch/tables/{code}.yaml -->"


def write_all(folder: Path) -> list[Path]:
    """Write index.md and one page for each contract; remove pages of tables that are gone.

    Returns the files written, the index first.
    """
    return rewritten(folder, pages_by_name())


def rewritten(folder: Path, pages: Mapping[str, str]) -> list[Path]:
    """Write these pages to a folder and remove its others. Returns the files written."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in pages]


def pages_by_name() -> dict[str, str]:
    """Return file name → text of all dictionary pages, the index first."""
    known = list(contracts().values())
    pages = {f"{contract.code}.md": page(contract) for contract in known}
    return {"index.md": index(known), **pages}


def index(known: Iterable[Contract]) -> str:
    """Return the index page."""
    rows = [
        (
            f"[{contract.code}]({contract.code}.md)",
            contract.title,
            f"`{contract.name}`",
            contract.delivering_dept,
            contract.frequency,
            "、".join(contract.due),
            contract.sensitivity,
        )
        for contract in known
    ]
    return joined(
        _NOTE.format(code="*"),
        "# 数据字典",
        "每张报表一页，另有参照表（REF）。金额一律以分存储；页中的单位是送数时的单位。",
        "由报表生成、供规则和页面使用的主题表（payment、budget_line 等），"
        "各列见 [主题表](marts/index.md)。",
        table(("编号", "报表", "英文名", "送数部门", "频率", "时限", "敏感级别"), rows),
    )


def page(contract: Contract) -> str:
    """Return the dictionary page of one table."""
    return joined(
        _NOTE.format(code=contract.code),
        f"# {contract.code} {contract.title}",
        contract.note or "",
        table(("项目", "内容"), _facts(contract)),
        "## 列",
        column_table(contract),
        "## 校验" if contract.checks else "",
        table(("校验", "类别", "表达"), [_check(check) for check in contract.checks]),
    )


def column_table(contract: Contract) -> str:
    """The columns of a table or mart: name, type and unit, what may stand there, protection."""
    return table(
        ("列名", "名称", "类型（单位）", "必填", "取值", "保护", "说明"),
        [_column(contract, column) for column in contract.columns],
    )


def _facts(contract: Contract) -> list[tuple[str, str]]:
    date_column = contract.date_column
    return [
        ("英文名", f"`{contract.name}`"),
        ("送数部门", contract.delivering_dept),
        ("数据权属", contract.owner),
        ("频率", contract.frequency),
        ("类别", KINDS[contract.kind]),
        ("粒度", contract.grain),
        ("主键", "、".join(f"`{name}`" for name in contract.key)),
        ("业务日期", f"`{date_column}`" if date_column else "随送数批次"),
        ("报送时限", "、".join(contract.due)),
        ("金额单位", money_units(contract) or "无金额列"),
        ("敏感级别", contract.sensitivity),
        ("列的来历", contract.origin),
    ]


def _column(contract: Contract, column: Column) -> tuple[str, ...]:
    key = "主键" if column.name in contract.key else ""
    return (
        f"`{column.name}`",
        column.title,
        type_words(column),
        key or ("是" if column.required else ""),
        allowed_words(column),
        protection_words(column),
        column.note or "",
    )


def _check(check: Check) -> tuple[str, str, str]:
    relation = {
        "holds": f"`{check.holds}`",
        "balance": f"`{check.left} = {check.right}`",
        "rows": f"`{check.value}`：`{check.left}` 之和 = `{check.right}` 之和",
        "parents": f"按 `{check.column}` 汇总：{_names(check.sums)}",
        "chain": f"`{check.left}` = 上一期 `{check.right}`",
        "scopes": f"全市 = 本级 + 县区 + 开发区 − 抵销：{_names(check.sums)}",
        "cross": "涉及 " + "、".join(check.tables),
    }[check.kind]
    return check.title, CHECKS[check.kind], relation


def _names(columns: Iterable[str]) -> str:
    return "、".join(f"`{name}`" for name in columns)


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table; empty without rows."""
    lines = [_line(row) for row in rows]
    return "\n".join([_line(head), _line(("---",) * len(head)), *lines]) if lines else ""


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def joined(*parts: str) -> str:
    """A page of these parts, without the empty ones."""
    return "\n\n".join(part for part in parts if part) + "\n"
