"""Final accounts of a year: what the law asks of them, and the four books by side and 科目."""

from __future__ import annotations

from budget_watch.digest.gatherer import Asked, Gatherer
from budget_watch.digest.material_review import put_review
from budget_watch.digest.proven import told
from budget_watch.digest.writing import Row
from budget_watch.views import Figure, Query
from budget_watch.views.books import KEYS, SIDE_KEYS
from budget_watch.views.figure import Origin, change, difference, share
from budget_watch.views.final_accounts import Account, SideAccount, accounts
from budget_watch.views.review_questions import FINAL

FINAL_STAGES = ("决算批准", "决算草案")
_AMOUNTS = {
    "initial": ("年初预算", "budget_amt"),
    "adjusted": ("调整预算", "adj_amt"),
    "final": ("决算数", "ytd_amt"),
}


def put_final(made: Gatherer, asked: Asked) -> None:
    """Questions of 预算法 articles 75, 79, 80 and 监督法 article 19; amounts by side and 科目."""
    put_review(made, asked, "final.", FINAL, "final")
    rows: list[Row] = []
    stages: dict[str, None] = {}
    for side in accounts(asked.desk, asked.own, asked.period.span.fiscal_year):
        key = f"final.{KEYS[side.book]}.{SIDE_KEYS[side.side]}"
        whole = _amounts(asked, side, side.total, key, side.book + side.side)
        rows.append(made.row("", side.book + side.side, **whole))
        stages[_stage(side)] = None
        made.lists[f"{key}.items"] = [
            made.row("", part.name, **_amounts(asked, side, part, f"{key}.{part.code}", part.name))
            for part in side.parts
        ]
    known = [f.known for row in rows for f in row.values() if isinstance(f, Figure)]
    made.lists["final.books"] = rows if any(known) else []
    made.words["final.stage"] = "、".join(filter(None, stages)) or "没有送达"
    year = asked.period.span.fiscal_year
    for stage in filter(None, stages):
        if stage not in FINAL_STAGES:
            made.gap(f"缺{year}年决算和决算草案：“决算数”为{stage}的累计数", "决算概况")


def _stage(side: SideAccount) -> str:
    if side.stage in ("", *FINAL_STAGES):
        return side.stage
    return f"{side.stage}1—{side.month}月" if side.month != 1 else f"{side.stage}1月"


def _amounts(
    asked: Asked, side: SideAccount, one: Account, key: str, name: str
) -> dict[str, Figure]:
    year = asked.period.span.fiscal_year
    origin = Origin(
        asked.own.region, "本级", _stage(side) or "未送达", f"{year}年", asked.desk.snapshot
    )
    found = {}
    for short, (label, column) in _AMOUNTS.items():
        own = (
            *asked.own.terms,
            ("fiscal_year", "=", year),
            ("book", "=", side.book),
            ("side", "=", side.side),
        )
        codes = (one.code,) if one.code else tuple(part.code for part in side.parts)
        by = "fund_kind" if side.book == "社会保险基金" else "code"
        listed = (*own, ("stage", "=", side.stage), ("month", "=", side.month), (by, "in", codes))
        queries: tuple[Query, ...] = (Query("execution_month", column, listed),)
        if not one.code:
            stated = (*own, ("stage", "=", "批准" if short == "initial" else side.stage))
            queries += (Query("balance", "amt", (*stated, ("code", "=", "S"))),)
        part = f"（{name}）" if one.code else ""
        found[short] = told(
            asked.desk,
            f"{key}.{short}",
            f"{name}{label}",
            getattr(one, short),
            origin,
            queries,
            formula="最外层科目之和；有空格的取平衡表所列合计",
            why=f"缺{year}年{side.book}{side.side}{part}的{label}：市本级",
        )
    found["step"] = difference(
        f"{key}.step", f"{name}决算与年初预算之差", found["final"], found["initial"]
    )
    found["rate"] = change(f"{key}.rate", f"{name}决算比年初预算", found["final"], found["initial"])
    found["done"] = share(
        f"{key}.done", f"{name}完成年初预算", found["final"], found["initial"], "年初预算"
    )
    return found
