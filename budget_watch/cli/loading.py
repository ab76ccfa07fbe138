"""Commands that bring data in and say what there is: init, load, ingest, status."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from budget_watch.cli.context import (
    CONFIGURATION,
    TEMPLATE,
    AsOption,
    Context,
    JsonOption,
    parse_day,
)
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
        str | None,
        typer.Option("--date", help="业务日期，缺省为昨天；按清单入库时为最近一个已送达日"),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="只从这一个数据源取数，缺省为设置文件里的全部")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="以前退回的送达件也重新入库一次")] = False,
    deliveries: Annotated[
        Path | None, typer.Option(help="不用数据源，按这份送达清单 deliveries.json 入库")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """一个业务日（T+1）：从各数据源取数、校验入库、发布、运行规则。"""
    from ingest.settings import sections

    here: Context = context.obj
    if deliveries is None and (source is not None or again or sections(here.home)):
        return _from_sources(here, day, source, again, as_json)
    from budget_watch.casework.checking import book_hashes
    from ingest.day import run_deliveries

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


def _from_sources(
    here: Context, text: str | None, source: str | None, again: bool, as_json: bool
) -> int:
    """The whole day as the schedule runs it; a part of it is written down as what it is."""
    from datetime import datetime, timedelta

    from budget_watch.cli.scheduling import run_day_here
    from budget_watch.lake.day_runs import PART
    from budget_watch.lake.snapshot import CHINA
    from ingest.registry import open_sources
    from ingest.schedule.plan import BY_HAND
    from ingest.schedule.work import part

    day = parse_day(text) or datetime.now(CHINA).date() - timedelta(days=1)
    if source is None and not again:
        return run_day_here(here, day, BY_HAND, as_json)
    open_sources(here.home, only=source)  # one that does not exist is said before a run begins
    return run_day_here(here, day, PART, as_json, part(source, again))


def status(
    context: typer.Context,
    date_: Annotated[
        str | None,
        typer.Option("--date", help="问的是哪一天，缺省为今天（没有每日运行的为业务日）"),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="列出全部报表，缺省只列迟到的和有隔离行的")
    ] = False,
    as_: AsOption = None,
    as_json: JsonOption = False,
) -> int:
    """应到、已到、未到期、迟到，为什么；隔离行数。--json 给出全部报表。"""
    from budget_watch.access.errors import ForbiddenError
    from budget_watch.lake import Snapshot
    from budget_watch.lake.status import table_status
    from budget_watch.views.due_board import asked_on, due_board

    here: Context = context.obj
    columns = {
        "table": "报表",
        "title": "名称",
        "department": "送数部门",
        "last_biz_date": "最近业务日",
        "arrival": "到达",
        "late_workdays": "迟到工作日",
        "rows": "行数",
        "quarantined": "隔离",
    }
    grant = here.grant(as_, "status")
    if not grant.whole:
        raise ForbiddenError("报送情况按全部报送统计，您的范围只是其中一部分，不能查看。")
    printer = Printer(as_json, columns)
    snapshot = Snapshot.latest(here.home)
    today = parse_day(date_) or (asked_on(here.home, snapshot, now()) if snapshot else None)
    board = due_board(here.home, snapshot, today) if snapshot else None
    why = {row.owing.contract.code: row.why for row in board.rows if row.why} if board else {}
    records = []
    for record in table_status(here.home, grant, snapshot, today):
        told = {**record, "why": why.get(record["table"], "")}
        if record["table"].startswith("REF"):
            told["reference"] = True
        records.append(told)
        if everything or as_json or record["missing"] or record["quarantined"]:
            printer.record(told)
    tables = [record for record in records if not record.get("reference")]
    beside = len(records) - len(tables)
    arrived = sum(1 for record in tables if record["last_biz_date"])
    quarantined = sum(record["quarantined"] for record in tables)
    late = sum(bool(record["missing"]) for record in tables)
    sentence = (
        f"{len(tables)} 张报表，已有数据 {arrived} 张，隔离 {quarantined:,} 行；"
        f"另有 {beside} 张参照表。"
        + ("" if everything else "全部报表：budget-watch status --all。")
    )
    for row in board.of("late", "today", "waiting", "never") if board else ():
        if row.why or row.missing:
            printer.note(row.sentence)
    if board is not None:
        sentence = f"{board.today}：{board.sentence}{board.run_sentence}\n{sentence}"
    printer.close(
        {
            "tables": len(tables),
            "references": beside,
            "arrived": arrived,
            "late": late,
            "periods": board.counts if board else {},
            "today": board.today if board else None,
            "run": board.run.id if board and board.run else None,
            "quarantined": quarantined,
        },
        sentence,
    )
    return LOOK if quarantined or late else DONE


def now() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)
