"""Commands of the four lists (四张清单): lists show|export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from budget_watch.cli.casework import ByOption, RoleOption, actor_for
from budget_watch.cli.context import Context, JsonOption
from budget_watch.cli.output import DONE, Printer

lists_app = typer.Typer(no_args_is_help=True)
YearOption = Annotated[
    int | None, typer.Option("--year", min=2000, max=2100, help="只列这一年登记、发现的，缺省全部")
]


@lists_app.command("show")
def lists_show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="工作、问题、建议 或 成果")],
    year: YearOption = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """四张清单之一：工作、问题、建议、成果，随办理实时变化。"""
    from budget_watch.casework.cases import today_of
    from budget_watch.views.four_lists import LISTS, four_lists

    here: Context = context.obj
    wanted = name.removesuffix("清单")
    if wanted not in LISTS:
        raise typer.BadParameter(f"没有“{name}”清单，可用 {'、'.join(LISTS)}。")
    made = four_lists(here.existing(), actor_for(here, user, role), today_of(), year)
    found = next(each for each in made if each.name == wanted)
    printer = Printer(as_json, {each: each for each in found.columns}, f"{wanted}清单")
    printer.records(dict(row.cells) for row in found.rows)
    counts = {each.name: len(each.rows) for each in made}
    told = "，".join(f"{key}{value}" for key, value in counts.items())
    printer.close(
        {"list": wanted, "rows": counts}, f"{wanted}清单 {len(found.rows)} 项（{told}）。"
    )
    return DONE


@lists_app.command("export")
def lists_export(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="写到这个 Excel 文件；已有的不覆盖")],
    reason: Annotated[str, typer.Option("--reason", help="用途，记入审计日志和每一页")],
    year: YearOption = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """把四张清单导出为 Excel，一张一页。"""
    from budget_watch.digest.lists_sheet import lists_sheet

    here: Context = context.obj
    content = lists_sheet(here.existing(), actor_for(here, user, role), reason, year)
    with out.open("xb") as file:
        file.write(content)
    Printer(as_json, {}).close({"file": str(out), "bytes": len(content)}, f"已写入 {out}")
    return DONE
