"""The evidence of a finding: its rows, their sum beside the measure, the difference as a row."""

from __future__ import annotations

from typing import Any

from budget_watch.engine.explain import Explanation
from budget_watch.lake import UnknownTableError
from budget_watch.views import formats as fmt
from dashboard import elements as html
from dashboard.context import Context
from dashboard.pages.place_text import source
from dashboard.pages.rule_words import table_title
from dashboard.parts import (
    Node,
    block,
    empty,
    link,
    missing,
)
from dashboard.table import Column, Line, table

SHOWN = 40


_COLUMNS: dict[str, tuple[str, ...]] = {
    "payment": (
        "pay_date",
        "pay_cert_no",
        "agency_code",
        "payee_acct_name",
        "use_des",
        "dep_bgt_eco_code",
        "pay_amt",
    ),
    "payment_voucher": (
        "pay_date",
        "pay_cert_no",
        "agency_code",
        "payee_acct_name",
        "use_des",
        "dep_bgt_eco_code",
        "pay_amt",
    ),
}


_LETTERS = {
    "mof_div_code": "z",
    "dept_code": "d",
    "agency_code": "u",
    "pro_code": "p",
    "bgt_id": "i",
    "exp_func_code": "c",
    "dep_bgt_eco_code": "e",
    "gov_bgt_eco_code": "g",
    "fund_type_code": "f",
}


def evidence(context: Context, said: Explanation) -> html.Section:
    """The block with the evidence rows, their sum and the difference to the measure."""
    found = said.evidence
    if found is not None and found.count == 0 and found.outside:
        return block("证据", empty(_outside(found)), flush=True, source=source(context, "疑点库"))
    if found is None or found.count == 0:
        return block(
            "证据",
            empty("这条规则没有可列出的明细行。"),
            flush=True,
            source=source(context, "疑点库"),
        )
    contract = _contract(context, found.source)
    names = [
        n
        for n in _wanted(found.source, found.path, found.rows.columns, contract)
        if n in found.rows.columns
    ]
    # a column that is empty in every row does not apply to them
    names = [n for n in names if found.rows[n].null_count() < found.rows.height] or names[:1]
    if "agency_code" in names and len(names) > 5 and found.rows["agency_code"].n_unique() == 1:
        names.remove("agency_code")  # the same unit in every row: it stands in the heading
    columns = [_column(contract, name) for name in names]
    blank = fmt.NOT_APPLICABLE
    rows = found.rows.head(SHOWN)
    lines: list[Line] = []
    if found.amount and found.amount not in names and found.amount in found.rows.columns:
        names.append(found.amount)
        columns.append(_column(contract, found.amount))
    amount = found.amount or next(
        (n for n in reversed(names) if _type(contract, n) == "money"), None
    )

    def summed(label: str, fen: int | None, kind: str) -> Line:
        cells: list[Node] = [label] + [blank] * (len(names) - 1)
        if amount is not None:
            cells[names.index(amount)] = fmt.yuan(fen)
        return Line(cells, kind)

    total = found.total
    if total is None and amount is not None and found.rows.height == found.count:
        total = int(found.rows[amount].sum() or 0)
    if total is not None and amount is not None:
        lines.append(summed(f"合计（{fmt.count(found.count)}行）", total, "total"))
    lines += [
        Line([_cell(context, contract, name, row) for name in names])
        for row in rows.iter_rows(named=True)
    ]
    if found.count > rows.height:
        rest = None
        if amount is not None and total is not None:
            rest = total - int(rows[amount].sum() or 0)
        lines.append(summed(f"其余{fmt.count(found.count - rows.height)}行", rest, "rest"))
    if found.outside:
        lines.append(summed(_outside(found, False), found.outside_sum, "rest"))
    if found.difference is not None and amount is not None:
        lines.append(summed("差额（计量 − 证据合计）", found.difference, "gap"))
    return block(
        "证据",
        table("证据", columns, lines),
        flush=True,
        unit="单位：元",
        sub=_evidence_words(found),
        source=source(context, table_title(found.source)),
    )


def _outside(found: Any, with_sum: bool = True) -> str:
    """“其余 n 笔不在您的范围”; its sum only where the reader may know it."""
    words = f"{'其余' if found.count else '共'}{fmt.count(found.outside)}笔不在您的范围"
    if with_sum and found.outside_sum is not None:
        words += f"，合计{fmt.yuan(found.outside_sum)}元"
    return words


def _evidence_words(found: Any) -> str:
    words = f"{fmt.count(found.count)}行"
    if found.total is None:
        return words
    if found.difference == 0:
        return f"{words}，合计与计量一致 ✓{_of(found)}"
    if found.difference is None:
        return words
    return f"{words}，与计量不一致{_of(found)}，差额列在末行"


def _of(found: Any) -> str:
    return f"（计量：{found.title}）" if found.title and found.title != found.measure else ""


def _contract(context: Context, name: str) -> Any:
    try:
        return context.reader.contract(name)
    except UnknownTableError:
        return None


def _type(contract: Any, name: str) -> str:
    if contract is None or name not in contract.names:
        return "str"
    return str(contract.column(name).type)


def _wanted(source_name: str, path: Any, present: list[str], contract: Any) -> list[str]:
    if source_name in _COLUMNS:
        return list(_COLUMNS[source_name])
    keys = [*path] or (list(contract.key) if contract else present[:4])
    money = [n for n in present if _type(contract, n) == "money"]
    dates = [n for n in present if _type(contract, n) == "date" and n != "biz_date"][:1]
    return list(dict.fromkeys([*keys[:5], *dates, *money[:3]]))


def _column(contract: Any, name: str) -> Column:
    title = contract.column(name).title if contract and name in contract.names else name
    title = title.removesuffix("代码").removesuffix("编码").removesuffix("主键")
    return Column(
        title,
        number=_type(contract, name) in ("money", "int", "number", "ratio")
        and name not in ("fiscal_year", "month"),
    )


def _cell(context: Context, contract: Any, name: str, row: dict[str, Any]) -> Node:  # noqa: PLR0911
    value = row[name]
    if value is None:
        return missing("该行没有填写")
    if name in ("pay_cert_no", "pay_cert_id") and row.get("pay_cert_id"):
        year = row.get("fiscal_year") or row["pay_date"].year
        return link(
            str(value),
            context.address.at("voucher", str(year), row["pay_cert_id"], keep=("asof", "snap")),
            className="s",
        )
    kind = _type(contract, name)
    if kind == "money":
        return fmt.yuan(value)
    if kind == "ratio":
        return fmt.rate(value)
    if kind == "date":
        return fmt.day(value)
    if kind == "bool":
        return "是" if value else "否"
    if name in _LETTERS:
        return context.names.of(_LETTERS[name], str(value))
    return html.Span(str(value), className="clip")
