"""``quarantine``: the rows that the gate kept out: list, show, export, release, discard."""

from __future__ import annotations

import getpass
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from budget_watch.cli.context import AsOption, Context, JsonOption, parse_day
from budget_watch.cli.output import DONE, LOOK, Printer

if TYPE_CHECKING:
    from budget_watch.lake import Home
    from budget_watch.lake.quarantine import Bundle
    from ingest.releasing import Handled

quarantine_app = typer.Typer(no_args_is_help=True)

Number = Annotated[str, typer.Argument(help="隔离编号，如 Q17")]
Why = Annotated[str, typer.Option("--why", help="理由，写入记录")]
By = Annotated[str | None, typer.Option("--by", help="经办人，缺省为登录系统的用户")]
Lines = Annotated[str | None, typer.Option("--rows", help="隔离行，如 1-20,35；缺省全部")]
TableOption = Annotated[str | None, typer.Option("--table", help="报表代码，如 FIN-15")]
SourceOption = Annotated[str | None, typer.Option("--source", help="数据源或文件名中的文字")]
DayOption = Annotated[str | None, typer.Option("--day", help="业务日期")]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="原因中的文字")]


@quarantine_app.command("list")
def listed(
    context: typer.Context,
    table: TableOption = None,
    source: SourceOption = None,
    day: DayOption = None,
    reason: ReasonOption = None,
    everything: Annotated[bool, typer.Option("--all", help="也列出已处理完的")] = False,
    as_json: JsonOption = False,
) -> int:
    """列出隔离的批次：来源、业务日、行数、原因、处理情况。"""
    here: Context = context.obj
    printer = Printer(
        as_json,
        {
            "quarantine": "编号",
            "table": "报表",
            "biz_date": "业务日",
            "source": "来源",
            "rows": "隔离",
            "open": "待处理",
            "released": "放行",
            "discarded": "作废",
            "superseded": "已取代",
            "reasons": "原因",
        },
    )
    found = _chosen(here.existing(), table, source, day, reason, everything)
    printer.records(_record(bundle) for bundle in found)
    waiting = sum(bundle.open for bundle in found)
    rows = sum(bundle.rows for bundle in found)
    printer.close(
        {"bundles": len(found), "rows": rows, "open": waiting},
        f"{len(found)} 个批次隔离 {rows:,} 行，待处理 {waiting:,} 行。",
    )
    return LOOK if waiting else DONE


@quarantine_app.command()
def show(
    context: typer.Context,
    number: Annotated[str | None, typer.Argument(help="隔离编号，如 Q17")] = None,
    table: TableOption = None,
    source: SourceOption = None,
    day: DayOption = None,
    reason: ReasonOption = None,
    limit: Annotated[int, typer.Option(help="最多列出多少行")] = 200,
    everything: Annotated[bool, typer.Option("--all", help="也列出已处理的行")] = False,
    as_: AsOption = None,
    as_json: JsonOption = False,
) -> int:
    """逐行列出：来源行、原因、内容（个人信息遮蔽）、处理记录。"""
    import polars as pl

    from budget_watch.lake import quarantine
    from budget_watch.lake.quarantined_rows import quarantined
    from ingest.releasing import bundle_of

    here: Context = context.obj
    home = here.existing()
    grant = here.grant(as_, "查看隔离区")
    chosen = (
        [bundle_of(home, number)]
        if number
        else _chosen(home, table, source, day, reason, everything)
    )
    titles = {"row": "隔离行", "source_row": "来源", "reason": "原因", "content": "内容"}
    printer = Printer(as_json, {**titles, "state": "状态"})
    shown = total = 0
    for bundle in chosen:
        rows = quarantined(home, grant, bundle)
        if not everything:
            rows = rows.filter(pl.col("fate") == "待处理")
        if reason:
            rows = rows.filter(pl.col("reason").str.contains(reason, literal=True))
        total += rows.height
        for row in rows.head(max(0, limit - shown)).iter_rows(named=True):
            printer.record(_row_record(bundle, row))
            shown += 1
        for act in quarantine.acts(home, bundle.number):
            printer.note(_act_line(bundle, act))
    printer.close(
        {"rows": total, "shown": shown},
        f"共 {total:,} 行{f'，只列出 {shown:,} 行（--limit）' if shown < total else ''}。",
    )
    return DONE


@quarantine_app.command()
def export(
    context: typer.Context,
    number: Number,
    out: Annotated[Path, typer.Option("--out", help="写到哪个 .csv 或 .xlsx")],
    why: Why = "更正",
    by: By = None,
    as_json: JsonOption = False,
) -> int:
    """导出待处理的行，更正后用 release --file 交回。"""
    from budget_watch.access import Grant
    from ingest.releasing import bundle_of
    from ingest.releasing import export as write

    here: Context = context.obj
    home = here.existing()
    grant = Grant.operator("导出隔离区")
    bundle = bundle_of(home, number)
    rows = write(home, grant, bundle, out, by or getpass.getuser(), why)
    Printer(as_json, {}).close(
        {"quarantine": bundle.name, "rows": rows, "file": str(out)},
        f"{bundle.name} 的 {rows:,} 行已写入 {out}。更正后："
        f"budget-watch quarantine release {bundle.name} --file {out} --why 理由。"
        "遮蔽的户名、账号不必填，原样交回即取原值。",
    )
    return DONE


@quarantine_app.command()
def release(
    context: typer.Context,
    number: Number,
    why: Why,
    file: Annotated[Path | None, typer.Option("--file", help="更正后的文件")] = None,
    rows: Lines = None,
    by: By = None,
    as_json: JsonOption = False,
) -> int:
    """放行：更正后的文件，或原样（只限代码不在代码表内这类可放行的原因）。"""
    from ingest.releasing import bundle_of, release_file
    from ingest.releasing import release as as_is

    here: Context = context.obj
    home, actor = here.existing(), by or getpass.getuser()
    bundle = bundle_of(home, number)
    if file is not None and rows is not None:
        raise typer.BadParameter("--file 与 --rows 只用一个：文件里有哪些行就放行哪些行。")
    if file is not None:
        handled = release_file(home, bundle, file, actor, _said(why))
    else:
        handled = as_is(home, bundle, _lines(rows), actor, _said(why))
    return _answer(handled, "放行", as_json)


@quarantine_app.command()
def discard(
    context: typer.Context,
    number: Number,
    why: Why,
    rows: Lines = None,
    by: By = None,
    as_json: JsonOption = False,
) -> int:
    """作废：不再处理，计入拒收；内容和理由仍可查。"""
    from ingest.releasing import bundle_of
    from ingest.releasing import discard as close

    here: Context = context.obj
    home = here.existing()
    bundle = bundle_of(home, number)
    handled = close(home, bundle, _lines(rows), by or getpass.getuser(), _said(why))
    return _answer(handled, "作废", as_json)


def _chosen(
    home: Home,
    table: str | None,
    source: str | None,
    day: str | None,
    reason: str | None,
    everything: bool,
) -> list[Bundle]:
    from budget_watch.lake import quarantine
    from budget_watch.tables import contract

    wanted_day = parse_day(day)
    found = quarantine.bundles(home, table=contract(table).name if table else None)
    return [
        bundle
        for bundle in found
        if (everything or bundle.open)
        and (source is None or source in bundle.source or source == bundle.origin)
        and (wanted_day is None or bundle.biz_date == wanted_day)
        and (reason is None or any(reason in one for one in bundle.reasons))
    ]


def _record(bundle: Bundle) -> dict[str, Any]:
    from budget_watch.tables import contract

    known = contract(bundle.table)
    return {
        "quarantine": bundle.name,
        "table": known.code,
        "title": known.title,
        "batch": bundle.batch_id,
        "origin": bundle.origin,
        "source": bundle.source,
        "biz_date": bundle.biz_date,
        "rows": bundle.rows,
        "open": bundle.open,
        "released": bundle.released,
        "discarded": bundle.discarded,
        "superseded": bundle.superseded,
        "releasable": bundle.soft,
        "reasons": dict(bundle.reasons),
        "kept_at": bundle.kept_at,
    }


def _row_record(bundle: Bundle, row: dict[str, Any]) -> dict[str, Any]:
    head = ("line", "src_row", "sheet", "reason", "soft", "fate", "fate_why")
    content = {name: value for name, value in row.items() if name not in head and value is not None}
    releasable = row["soft"] and row["fate"] == "待处理"
    place = [bundle.source, row["sheet"], f"第{row['src_row']}行" if row["src_row"] else None]
    return {
        "row": f"{bundle.name}:{row['line']}",
        "table": bundle.table,
        "source_row": " ".join(part for part in place if part),
        "file": bundle.source,
        "sheet": row["sheet"],
        "src_row": row["src_row"],
        "reason": row["reason"],
        "releasable": row["soft"],
        "state": f"{row['fate']}（可放行）" if releasable else row["fate"],
        "why": row["fate_why"] or None,
        "content": content,
    }


def _act_line(bundle: Bundle, act: Any) -> str:
    from budget_watch.lake.quarantine import ACTIONS, count
    from budget_watch.lake.snapshot import CHINA

    when = act.acted_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
    what = f"{ACTIONS[act.action]} {bundle.name} {count(act.lines):,} 行"
    return f"{when} {act.actor} {what}：{act.reason}"


def _answer(handled: Handled, word: str, as_json: bool) -> int:
    name = handled.bundle.name
    printer = Printer(as_json, {"row": "隔离行", "reason": "未能放行的原因"})
    for line, reason in handled.kept:
        printer.record({"row": f"{name}:{line}", "reason": reason})
    said = [f"{name}：{word} {handled.done:,} 行"]
    if handled.kept:
        said.append(f"{len(handled.kept):,} 行仍在隔离区")
    if handled.before:
        said.append(f"{handled.before:,} 行此前已处理")
    if handled.snapshot:
        said.append(f"已发布快照 {handled.snapshot}")
    printer.close(
        {
            "quarantine": name,
            "action": handled.action,
            "done": handled.done,
            "kept": len(handled.kept),
            "before": handled.before,
            "snapshot": handled.snapshot,
        },
        "，".join(said) + "。",
    )
    return LOOK if handled.kept else DONE


def _said(why: str) -> str:
    if not why.strip():
        raise typer.BadParameter("--why 要写明理由。")
    return why.strip()


def _lines(text: str | None) -> list[int] | None:
    """1-20,35 → the lines; None for all."""
    if text is None:
        return None
    found: list[int] = []
    for part in re.split(r"[,，]", text):
        match = re.fullmatch(r"\s*(\d+)(?:\s*-\s*(\d+))?\s*", part)
        if match is None:
            raise typer.BadParameter(f"--rows “{text}”不对，请写成 1-20,35 这样。")
        first = int(match[1])
        found += range(first, int(match[2] or first) + 1)
    return found
