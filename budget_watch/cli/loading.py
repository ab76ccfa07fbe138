"""Commands that bring data in and say what there is: init, load, ingest, status."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from budget_watch.cli.context import CONFIGURATION, TEMPLATE, Context, JsonOption, parse_day
from budget_watch.cli.output import DONE, LOOK, Printer


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.command()(init)
    app.command()(load)
    app.command()(ingest)
    app.command()(status)


def init(context: typer.Context, as_json: JsonOption = False) -> int:
    """建立数据目录和设置文件。"""
    here: Context = context.obj
    path = here.root / CONFIGURATION
    here.root.mkdir(parents=True, exist_ok=True)
    created = not path.exists()
    if created:
        path.write_text(TEMPLATE, encoding="utf-8")
    printer = Printer(as_json, {})
    word = "已建立" if created else "已有设置文件，未改动："
    printer.close({"home": str(here.root), "created": created}, f"{word} {path}")
    return DONE


def load(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="文件或文件夹")],
    table: Annotated[str | None, typer.Option(help="报表代码，如 FIN-15；缺省按表头识别")] = None,
    date_: Annotated[
        str | None, typer.Option("--date", help="业务日期，缺省取数据中的期末")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """手工载入文件：CSV、Excel、Parquet、zip，以及公开表样。"""
    from ingest.load import load_paths

    here: Context = context.obj
    printer = Printer(
        as_json,
        {
            "path": "文件",
            "sheet": "工作表",
            "table": "报表",
            "rows": "行数",
            "stored": "入库",
            "quarantined": "隔离",
            "refused": "退回",
            "reason": "说明",
        },
    )
    total = {"rows": 0, "stored": 0, "quarantined": 0, "refused": 0}
    must_look = False
    for found in load_paths(here.home, paths, table=table, date=parse_day(date_)):
        record = found.record()
        printer.record(record)
        for key in total:
            total[key] += int(record.get(key) or 0)
        must_look |= found.must_look
    printer.close(
        {"files": len(paths), **total},
        f"共 {total['rows']:,} 行：入库 {total['stored']:,}，隔离 {total['quarantined']:,}，"
        f"退回 {total['refused']:,}。",
    )
    return LOOK if must_look else DONE


def ingest(
    context: typer.Context,
    day: Annotated[
        str | None, typer.Option("--date", help="业务日期，缺省到最近一个已送达日")
    ] = None,
    deliveries: Annotated[
        Path | None, typer.Option(help="送达清单 deliveries.json，缺省用数据目录里的 source/")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """按业务日期入库送达的批次（T+1）。"""
    from budget_watch.casework.checking import book_hashes
    from ingest.day import run_deliveries

    here: Context = context.obj
    listing = deliveries or here.root / "source" / "deliveries.json"
    result = run_deliveries(here.home, listing, upto=parse_day(day), hashes=book_hashes(here.root))
    printer = Printer(as_json, {})
    record = result.record()
    printer.close(
        record,
        f"入库到 {record['biz_date']}：{record['batches']} 个批次，入库 {record['stored']:,} 行，"
        f"隔离 {record['quarantined']:,} 行。",
    )
    return LOOK if record["quarantined"] or record["refused"] else DONE


def status(context: typer.Context, as_json: JsonOption = False) -> int:
    """各报表的最近业务日、迟到、行数、隔离数。"""
    from budget_watch.access import Grant
    from budget_watch.lake.status import table_status

    here: Context = context.obj
    printer = Printer(
        as_json,
        {
            "table": "报表",
            "title": "名称",
            "department": "送数部门",
            "last_biz_date": "最近业务日",
            "late_workdays": "迟到工作日",
            "rows": "行数",
            "quarantined": "隔离",
        },
    )
    everything = [
        {**record, "reference": True} if record["table"].startswith("REF") else record
        for record in table_status(here.home, Grant.operator("status"))
    ]
    printer.records(everything)
    records = [record for record in everything if not record.get("reference")]
    beside = len(everything) - len(records)
    arrived = sum(1 for record in records if record["last_biz_date"])
    quarantined = sum(record["quarantined"] for record in records)
    summary = {"tables": len(records), "references": beside}
    printer.close(
        {**summary, "arrived": arrived, "quarantined": quarantined},
        f"{len(records)} 张报表，已有数据 {arrived} 张，隔离 {quarantined:,} 行；"
        f"另有 {beside} 张参照表。",
    )
    return LOOK if quarantined else DONE
