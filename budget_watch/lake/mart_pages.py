"""The dictionary of the marts: a Markdown page for each and an index. Generated, never edited."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from budget_watch.lake.marts import MARTS, Mart
from budget_watch.tables import contract, contracts
from budget_watch.tables.dictionary import column_table, joined, rewritten, table
from budget_watch.tables.wording import KINDS

_NOTE = (
    "<!-- 由 budget-watch tables doc 从主题表约定生成，请改 budget_watch/lake/marts/{name}.py -->"
)


def write_all(folder: Path) -> list[Path]:
    """Write index.md and one page for each mart; remove pages of marts that are gone."""
    return rewritten(folder, pages_by_name())


def pages_by_name() -> dict[str, str]:
    """File name → text of all pages, the index first."""
    marts = dict(sorted(MARTS.items()))
    return {"index.md": index(marts.values()), **{f"{n}.md": page(m) for n, m in marts.items()}}


def index(marts: Iterable[Mart]) -> str:
    """The index page."""
    rows = [
        (
            f"[`{mart.name}`]({mart.name}.md)",
            mart.contract.title,
            mart.contract.grain,
            "、".join(_link(name) for name in mart.inputs),
        )
        for mart in marts
    ]
    return joined(
        _NOTE.format(name="*"),
        "# 主题表",
        "由报表生成、供规则和页面使用的表；规则里 `from:` 写英文名。金额一律以分存储。"
        "怎样生成、何时更新见 [lake.md](../../lake.md#marts)，"
        "送来的报表见 [数据字典](../index.md)。",
        table(("英文名", "名称", "一行是什么", "由什么生成"), rows),
    )


def page(mart: Mart) -> str:
    """The page of one mart."""
    about = mart.contract
    facts = [
        ("英文名", f"`{about.name}`"),
        ("类别", KINDS[about.kind]),
        ("粒度", about.grain),
        ("主键", "、".join(f"`{name}`" for name in about.key)),
        ("业务日期", f"`{about.date_column}`" if about.date_column else "无"),
        ("由什么生成", "、".join(_link(name) for name in mart.inputs)),
        ("送齐这些才算完整", "、".join(_link(name) for name in mart.covers) or "有什么用什么"),
        ("敏感级别", about.sensitivity),
    ]
    return joined(
        _NOTE.format(name=mart.name),
        f"# {about.name} {about.title}",
        about.note or "",
        table(("项目", "内容"), facts),
        "## 列",
        column_table(about),
    )


def _link(name: str) -> str:
    if name in MARTS:
        return f"[{name}]({name}.md)"
    if name in contracts():
        known = contract(name)
        return f"[{known.code} {known.title}](../{known.code}.md)"
    return f"`{name}`"
