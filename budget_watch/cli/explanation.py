"""An explanation as lines of Chinese for a terminal; ``--json`` has the same and the raw values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from budget_watch.engine.authority import standard
from budget_watch.lake.layout import layout
from budget_watch.money import Unit, format_amount
from budget_watch.tables import TECHNICAL_TITLES

SHOWN = 10


def lines(record: Mapping[str, Any]) -> Iterator[str]:
    """The lines of one explanation: what, why, law, parameters, measures, evidence, provenance."""
    yield f"{record['rule']} {record['title']}    编号 {record['finding'][:12]}"
    yield str(record["message"])
    if record["trial"]:
        yield "规则在试运行：另计，不发通知、不计期限。"
    yield from _exempted(record["exempted"])
    yield f"为什么要看：{record['why']}"
    if record["value"] or record["limit"]:
        limit = record["limit"]
        whose = f"（{standard(record['limit_authority'])}）" if limit else ""
        told = f"    {record['difference']}" if record["difference"] else ""
        yield f"数值 {record['value'] or '—'}    限值 {limit or '—'}{whose}{told}"
    for note in record["notes"]:
        yield f"注意：{note}"
    yield "\n依据"
    if not record["laws"]:
        yield f"  {record['standard']}"
    for law in record["laws"]:
        yield f"  {law['cited']}（{law['version'] or '版本未登记'}）"
        yield f"    {law['text'] or '原文未载入；载入：budget-watch laws load 文件夹'}"
    yield "\n参数"
    for each in record["parameters"]:
        source = standard(each["authority"])
        basis = "、".join(each["basis"]) or each["note"]
        basis = f"，{basis}" if basis else ""
        yield f"  {each['title']} {each['value']}，自 {each['since']} 起，{source}{basis}"
    yield "\n计量"
    for each in record["measures"]:
        yield f"  {each['title']}：{each['text']}"
        yield f"    {each['sql']}"
    yield from _evidence(record["evidence"])
    yield "\n复算"
    yield f"  截至 {record['as_of']}，快照 {record['snapshot']}，运行 {record['run']}"
    yield f"  规则库 {record['book']}"


def _exempted(entry: Mapping[str, Any] | None) -> Iterator[str]:
    """By whom and why a hit was taken out, until when, and the level it would have had."""
    if entry is None:
        return
    yield f"例外情形登记 {entry['exemption']}"
    if not entry["known"]:
        yield "  登记已不在规则库中。"
    else:
        yield f"  事由 {entry['reason']}"
        yield f"  文件 {entry['basis']}"
        yield f"  登记人 {entry['registered_by']}，批准人 {entry['approved_by']}"
        yield f"  有效期 {entry['from']} 至 {entry['to']}"
    level = {"red": "◆红", "orange": "▲橙", "yellow": "■黄", "blue": "●蓝"}
    yield f"  没有登记时的级别 {level.get(str(entry['level']), '—')}（{entry['class'] or '—'}）"


def _evidence(found: Mapping[str, Any] | None) -> Iterator[str]:
    yield "\n证据"
    if found is None:
        yield "  本规则没有明细行可列。"
        return
    contract = layout(found["source"]).contract
    yield f"  来源 {contract.title}（{found['source']}），共 {found['count']:,} 行" + (
        f"，先列 {SHOWN} 行" if found["count"] > SHOWN else ""
    )
    money = {column.name for column in contract.money_columns}
    titles = TECHNICAL_TITLES | {column.name: column.title for column in contract.columns}
    for row in found["rows"][:SHOWN]:
        told = (
            f"{titles.get(name, name)} {_cell(value, name in money)}"
            for name, value in row.items()
            if value is not None and not name.startswith("__")
        )
        yield "  · " + "，".join(told)
    if found["sum"] is not None:
        amount = found["measure"] is not None
        yield f"  合计 {_cell(found['sum'], amount)}"
        if found["value"] is not None:
            yield f"  计量 {_cell(found['value'], amount)}"
    if found.get("outside"):
        known = found["outside_sum"]
        summed = "" if known is None else f"，合计 {_cell(known, found['measure'] is not None)}"
        yield f"  其余 {found['outside']:,} 笔不在您的范围{summed}"
    if found.get("difference") is not None:
        yield f"  差额 {_cell(found['difference'], found['measure'] is not None)}"


def _cell(value: Any, money: bool) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if money and isinstance(value, int):
        return f"{format_amount(value, Unit.YUAN)}元"
    return str(value)
