"""Commands for published forms: forms list|try."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from budget_watch.cli.context import Context, JsonOption
from budget_watch.cli.output import DONE, LOOK, Printer

forms_app = typer.Typer(no_args_is_help=True)


@forms_app.command("list")
def forms_list(context: typer.Context, as_json: JsonOption = False) -> int:
    """全部公开表样：本系统的，和数据目录 forms/ 里的；写错的指出文件、行、怎么改。"""
    from ingest.bind.form_files import FOLDER, form_book

    here: Context = context.obj
    own = here.root / "forms"
    book = form_book(own)
    columns = {"form": "表样", "title": "名称", "table": "报表", "shape": "形状", "file": "文件"}
    printer = Printer(as_json, columns)
    for form in sorted(book.forms, key=lambda one: one.id):
        path = book.origins[form.id]
        printer.record(
            {
                "form": form.id,
                "title": form.title,
                "table": form.table or "、".join(form.targets) or None,
                "shape": form.shape,
                "priority": form.priority,
                "file": path.name if path.parent == FOLDER else str(path),
                "own": path.parent != FOLDER,
            }
        )
    for text in book.mistakes:
        printer.note(text)
    mine = sum(path.parent != FOLDER for path in book.origins.values())
    sentence = f"共 {len(book.forms)} 种表样，其中数据目录自己的 {mine} 种（{own}）。"
    if book.mistakes:
        sentence += f"有 {len(book.mistakes)} 处写错，没有使用。"
    printer.close(
        {"forms": len(book.forms), "own": mine, "mistakes": list(book.mistakes)}, sentence
    )
    return LOOK if book.mistakes else DONE


@forms_app.command("try")
def forms_try(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="工作簿（.xlsx、.xls）")],
    form: Annotated[str | None, typer.Option("--form", help="只用这一种表样去试")] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", help="只看这张工作表")] = None,
    as_json: JsonOption = False,
) -> int:
    """不入库，看表样把一个工作簿读成什么：表头路径、各列的去处、前几行、没有取的行和原因。"""
    from ingest.bind.form_files import form_book
    from ingest.bind.owners import NOBODY, Units
    from ingest.bind.trying import try_workbook

    here: Context = context.obj
    if not file.exists():
        raise FileNotFoundError(f"找不到“{file}”；请核对路径。")
    book = form_book(here.root / "forms")
    units = Units.of(here.home) if here.home.exists else NOBODY
    printer = Printer(as_json, {})
    counts = {"tables": 0, "taken": 0, "rows": 0, "wrong": 0}
    try:
        found = list(try_workbook(file, book.forms, units, form))
    except KeyError as error:
        raise typer.BadParameter(
            f"没有表样 {form}；用 budget-watch forms list 可列出全部。"
            + "".join(f"（{text}）" for text in book.mistakes)
        ) from error
    for tried in found:
        if sheet not in (None, tried.sheet):
            continue
        counts["tables"] += tried.block > 0
        counts["taken"] += tried.rows > 0
        counts["rows"] += tried.rows
        counts["wrong"] += len(tried.wrong)
        if as_json:
            printer.record(tried.record())
        else:
            for text in _told(tried.record()):
                printer.note(text)
    for text in book.mistakes:
        printer.note(text)
    printer.close(
        {**counts, "mistakes": list(book.mistakes)},
        f"{counts['tables']} 张表，{counts['taken']} 张能载入，共 {counts['rows']} 行，"
        f"其中 {counts['wrong']} 行有错。没有入库。",
    )
    return DONE if counts["taken"] and not (counts["wrong"] or book.mistakes) else LOOK


def _told(record: dict[str, Any]) -> list[str]:
    """One table as lines for people."""
    head = f"■ 工作表“{record['sheet']}”"
    if not record["block"]:
        return [f"{head}：{record['reason']}"]
    said = [f"{head}第 {record['block']} 张表　标题：{record['title'] or '（没有）'}"]
    said.append(
        f"  单位：{record['unit'] or '（没有写）'}　表样：{record['form'] or '（没有相符的）'}"
    )
    if record["about"]:
        about = "　".join(f"{name}={value}" for name, value in record["about"].items())
        said.append(f"  {about}")
    if record["reason"]:
        said.append(f"  ✕ {record['reason']}")
    said.append("  表头路径 → 去处：")
    for column in record["columns"]:
        where = column["bound"] or f"（{column['why'] or '没有相符的表样'}）"
        said.append(f"    {column['path']} → {where}")
    said += [f"  例 {_row(row)}" for row in record["first"]]
    if record["rows"]:
        said.append(f"  共 {record['rows']} 行")
    said += [
        f"  没有取 第{row['row']}行“{row['text']}”：{row['why']}" for row in record["left_out"]
    ]
    said += [f"  有错 第{row['row']}行：{row['why']}" for row in record["wrong"]]
    for check in record["checks"]:
        result = f"{check['failed']} 组不符" if check["failed"] else "全部相符"
        said.append(f"  核对 {check['title']}：{check['groups']} 组，{result}")
    return said


def _row(row: dict[str, Any]) -> str:
    """One record for people: amounts in yuan."""
    from budget_watch.views import formats as fmt

    shown = {
        name: f"{fmt.yuan(value)}元" if _is_money(name, value) else value
        for name, value in row.items()
    }
    return "　".join(f"{name}={value}" for name, value in shown.items())


def _is_money(name: str, value: object) -> bool:
    from budget_watch.tables import contracts

    return isinstance(value, int) and any(
        column.name == name for each in contracts().values() for column in each.money_columns
    )
