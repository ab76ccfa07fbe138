"""Commands of 监督日历: calendar list|check."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from budget_watch.cli.context import AsOption, Context, JsonOption
from budget_watch.cli.output import DONE, LOOK, Printer

calendar_app = typer.Typer(no_args_is_help=True)


@calendar_app.command("list")
def calendar_list(
    context: typer.Context,
    year: Annotated[int | None, typer.Option("--year", help="哪一年，缺省数据业务日的年份")] = None,
    state: Annotated[str | None, typer.Option("--state", help="只列这种状态，如 逾期")] = None,
    as_: AsOption = None,
    as_json: JsonOption = False,
) -> int:
    """列出一年的节点、日期和状态；有逾期的，退出码为 1。"""
    from budget_watch.casework.book import book_folders
    from budget_watch.digest.build import own_region
    from budget_watch.engine.workdays import calendar_of
    from budget_watch.engine.year_nodes import load_nodes
    from budget_watch.lake import Reader
    from budget_watch.views import Desk, home_place
    from budget_watch.views.supervision_year import LATE, STATES, supervision_year

    here: Context = context.obj
    if state is not None and state not in STATES:
        raise typer.BadParameter(f"没有状态“{state}”。可用：{'、'.join(STATES)}")
    if year is not None and not 2000 <= year <= 2035:
        raise typer.BadParameter("--year 应在 2000 至 2035 之间。")
    reader = Reader(here.existing(), here.grant(as_, "监督日历"))
    desk, book = Desk(reader), here.book()
    place = home_place(desk, "本级", own_region(here.home)) if reader.snapshot else None
    columns = {"node": "节点", "title": "名称", "part": "期", "certainty": "性质", "due": "日期"}
    columns |= {
        "state": "状态",
        "left": "还有几天",
        "done": "已办",
        "entries": "登记",
        "why": "说明",
    }
    printer = Printer(as_json, columns, "监督日历")
    if reader.snapshot is None or place is None:
        printer.close({"nodes": 0}, "还没有送达的数据，不知道是哪一级政府。")
        return LOOK
    today = reader.snapshot.biz_date
    nodes = load_nodes(book_folders(here.root), book).of(place.region)
    made = supervision_year(
        desk,
        nodes,
        book.params,
        calendar_of(reader),
        place.region,
        year or today.year,
        today,
    )
    printer.records(_record(each, today) for each in made if state in (None, each.state))
    counts = Counter(each.state for each in made)
    told = "，".join(f"{name}{counts[name]}" for name in STATES if counts[name])
    summary = {"nodes": len(made), "as_of": today.isoformat(), "states": dict(counts)}
    printer.close(summary, f"截至 {today}，共 {len(made)} 个节点：{told}。")
    return LOOK if counts[LATE] else DONE


def _record(each: Any, today: Any) -> dict[str, Any]:
    node, due = each.node, each.due
    return {
        "node": node.id,
        "title": node.title,
        "part": each.part,
        "certainty": node.certainty,
        "since": each.since.isoformat() if each.since else None,
        "due": due.day.isoformat() if due else None,
        "announced": due.announced if due else None,
        "state": each.state,
        "left": each.left(today),
        "done": each.done,
        "late": each.behind,
        "entries": len(each.entries),
        "why": each.why,
    }


@calendar_app.command("act")
def calendar_act(context: typer.Context, as_json: JsonOption = False) -> int:
    """节点现在就自动办：提醒、改期、记下规则结果和缺的材料、生成报告（定时运行每十分钟做同样的事）。"""
    from budget_watch.digest import issuing
    from budget_watch.digest.year_reports import build_due
    from budget_watch.meetings.node_sweep import sweep

    here: Context = context.obj
    home = here.existing()
    told = sweep(home)
    issue = build_due(home, carry=issuing.carry_out)
    made = f"生成了 {issue.report} {issue.period}（第{issue.number}号）。" if issue else ""
    summary = {"notices": told, "issue": issue.number if issue else None}
    Printer(as_json, {}).close(summary, f"新的通知 {told} 条。{made or '没有要生成的报告。'}")
    return DONE


@calendar_app.command("acts")
def calendar_acts(
    context: typer.Context,
    year: Annotated[int | None, typer.Option("--year", help="哪一年的节点，缺省各年")] = None,
    as_json: JsonOption = False,
) -> int:
    """列出节点自动办了什么：时间、节点、办了什么、说明。"""
    from budget_watch.meetings.node_acts import WORDS, node_acts

    here: Context = context.obj
    columns = {"at": "时间", "node": "节点", "title": "名称", "did": "办了什么", "due": "期限"}
    printer = Printer(as_json, columns, "节点自动办了什么")
    found = node_acts(here.existing(), year)
    for each in found:
        row = {"at": each.at, "year": each.year, "node": each.node, "part": each.part}
        row |= {"act": each.act, "did": WORDS[each.act], "due": each.due and each.due.isoformat()}
        printer.record(row | {"title": each.said["title"], "said": dict(each.said)})
    printer.close({"acts": len(found)}, f"共 {len(found)} 条。")
    return DONE


@calendar_app.command("check")
def calendar_check(
    context: typer.Context,
    laws: Annotated[
        Path | None, typer.Option("--laws", help="法规原文的文件夹，缺省 <数据目录>/laws")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """检查节点文件：写法、依据、引文、参数、规则；有问题的，退出码为 1。"""
    from budget_watch.casework.book import book_folders
    from budget_watch.engine.laws import load_dir
    from budget_watch.engine.year_nodes import load_nodes

    here: Context = context.obj
    book = here.book()
    folder = laws or here.root / "laws"
    texts = load_dir(folder, book.laws) if folder.is_dir() else {}
    found = load_nodes(book_folders(here.root), book, texts=texts)
    printer = Printer(as_json, {"where": "在哪里", "message": "问题"}, "节点文件")
    printer.records({"where": each.where, "message": each.message} for each in found.mistakes)
    by = Counter(node.certainty for node in found.nodes)
    told = "，".join(f"{name}{count}" for name, count in by.items())
    words = f"共 {len(found.nodes)} 个节点（{told}）；"
    words += f"{len(found.mistakes)} 处有问题。" if found.mistakes else "没有发现问题。"
    if not texts:
        words += "没有载入法规原文，引文没有核对（laws load）。"
    summary = {"nodes": len(found.nodes), "mistakes": len(found.mistakes), "off": dict(found.off)}
    printer.close({**summary, "texts": len(texts)}, words)
    return LOOK if found.mistakes else DONE
