"""Commands that judge and show: check, findings, explain, score."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from budget_watch.cli.context import AsOption, Context, JsonOption, one_of, parse_day
from budget_watch.cli.output import DONE, LOOK, Printer

LEVEL_WORDS = {"red": "红", "orange": "橙", "yellow": "黄", "blue": "蓝"}
LEVEL_SIGNS = {"red": "◆红", "orange": "▲橙", "yellow": "■黄", "blue": "●蓝"}
OUTCOMES = ("hit", "cleared", "not_applicable", "insufficient_data", "error", "all")


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.command()(check)
    app.command()(findings)
    app.command()(explain)
    app.command()(score)


def check(
    context: typer.Context,
    as_of: Annotated[str | None, typer.Option(help="判断到哪一天（规则眼中的今天）")] = None,
    known: Annotated[str | None, typer.Option(help="只用到这一天为止已发布的数据快照")] = None,
    snapshot: Annotated[str | None, typer.Option(help="指定数据快照")] = None,
    rule: Annotated[list[str] | None, typer.Option(help="只运行这些规则，可重复")] = None,
    listed: Annotated[
        str | None,
        typer.Option(
            "--list",
            help="另列出这种结果：hit、not_applicable（例外情形登记）、insufficient_data、error",
        ),
    ] = None,
    exemptions_of: Annotated[
        str | None,
        typer.Option(help="用这次运行当时的例外情形登记（账号登记的），而不是现在的"),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """运行规则，记录疑点。"""
    from budget_watch.casework.checking import check as run

    here: Context = context.obj
    here.existing()
    result = run(
        here.root,
        as_of=parse_day(as_of),
        known=parse_day(known),
        snapshot=snapshot,
        rules=rule,
        baseline=here.baseline,
        exemptions_of=exemptions_of,
    )
    printer = Printer(
        as_json,
        {
            "rule": "规则",
            "judged": "判断",
            "hit": "命中",
            "clear": "未触发",
            "not_applicable": "不适用",
            "exempted": "例外登记",
            "insufficient_data": "数据不足",
            "error": "出错",
            "seconds": "秒",
        },
    )
    printer.records(result.tallies)
    if as_json:
        printer.records(result.listed(listed) if listed else ())
    else:
        told = [each for each in result.tallies if each["message"]]
        for each in (*told, *(result.listed(listed) if listed else ())):
            sign = LEVEL_SIGNS.get(str(each.get("level")), "")
            printer.note(" ".join(filter(None, (sign, each["rule"], each["message"]))))
    printer.close(result.summary, result.sentence)
    return LOOK if result.summary["error"] or result.mistakes else DONE


def runs(context: typer.Context, as_json: JsonOption = False) -> int:
    """列出已记录的运行，包括回测。"""
    from budget_watch.casework.runs import runs as recorded
    from budget_watch.lake.snapshot import CHINA

    here: Context = context.obj
    found = recorded(here.existing())
    printer = Printer(
        as_json,
        {
            "run": "运行",
            "as_of": "业务日",
            "snapshot": "数据快照",
            "rules": "规则",
            "hit": "命中",
            "partial": "部分运行",
            "back_test": "回测",
            "recorded_at": "记录时间",
        },
    )
    for each in found:
        at = each["recorded_at"]
        shown = (
            at if as_json else f"{datetime.fromisoformat(at).astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
        )
        printer.record({**each, "as_of": each["as_of"].isoformat(), "recorded_at": shown})
    tests = sum(each["back_test"] for each in found)
    printer.close(
        {"runs": len(found) - tests, "back_tests": tests},
        f"已记录运行 {len(found) - tests} 次，回测 {tests} 次。",
    )
    return DONE


def findings(
    context: typer.Context,
    rule: Annotated[str | None, typer.Option(help="规则编号")] = None,
    level: Annotated[str | None, typer.Option(help="red 红、orange 橙、yellow 黄、blue 蓝")] = None,
    klass: Annotated[str | None, typer.Option("--class", help="法 规 理 险 数")] = None,
    outcome: Annotated[
        str,
        typer.Option(
            help="hit、cleared、not_applicable（例外情形登记）、insufficient_data、error、all"
        ),
    ] = "hit",
    dept: Annotated[str | None, typer.Option("--dept", help="部门代码")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="单位代码")] = None,
    state: Annotated[str | None, typer.Option("--state", help="办理状态，如 初核成立")] = None,
    limit: Annotated[int, typer.Option("--limit", help="只列前几条，0 为全部", min=0)] = 0,
    as_: AsOption = None,
    as_json: JsonOption = False,
) -> int:
    """列出疑点。"""
    level = one_of("--level", level, LEVEL_WORDS)
    klass = one_of("--class", klass, dict.fromkeys("法规理险数", ""))
    outcome = one_of("--outcome", outcome, dict.fromkeys(OUTCOMES, "")) or "hit"
    from budget_watch.casework.findings import list_findings
    from budget_watch.casework.gaps import STATES, gaps

    here: Context = context.obj
    here.existing()
    grant = here.grant(as_, "findings")
    printer = Printer(as_json, {})
    words = Console(highlight=False, soft_wrap=True)
    counts: dict[str, int] = {}
    trial = 0
    if outcome in STATES:
        if dept or unit or state:
            raise typer.BadParameter(
                "--dept、--unit、--state 只用于疑点，不能与这个 --outcome 同用。"
            )
        records = (
            record
            for record in gaps(here.home, grant, here.book(), outcome)
            if (rule is None or record["rule"] == rule)
            and (klass is None or record["class"] == klass)
        )
    else:
        chosen = None if outcome == "all" else outcome
        found = list_findings(
            here.home, grant, rule=rule, level=level, klass=klass, outcome=chosen, dept=dept
        )
        records = (
            item.record()
            for item in found
            if unit in (None, item.agency_code) and state in (None, item.work_state)
        )
    shown = 0
    for record in records:
        if record.get("trial"):
            trial += 1
        else:
            counts[str(record["level"])] = counts.get(str(record["level"]), 0) + 1
        shown += 1
        if limit and shown > limit:
            continue
        if as_json:
            printer.record(record)
        else:
            words.print(_short(record), markup=False)
    total = sum(counts.values())
    if limit and shown > limit and not as_json:
        words.print(f"（只列前 {limit} 条，共 {shown} 条）", markup=False)
    printer.close(
        {"findings": total, "levels": counts, "on_trial": trial},
        _counted(here, total, trial, grant.whole),
    )
    return DONE


def _short(record: dict[str, Any]) -> str:
    """A finding as two lines."""
    level = LEVEL_SIGNS.get(str(record["level"]), "—")
    states = (("数据", record["data_state"]), ("办理", record["work_state"]))
    said = [f"{name}：{word}" for name, word in states if word]
    state = "，".join(["试运行规则", *said] if record.get("trial") else said)
    first = f"{level} {record['class'] or '—'} {record['rule']} {record['title']}"
    seen = f"首见 {record['first_seen']}" if record["first_seen"] else ""
    return f"{first}  {record['finding'][:12]}  {state} {seen}\n    {record['message']}"


def _counted(here: Context, number: int, trial: int, whole: bool) -> str:
    """How many are listed, and how many were judged: none listed is not “no problem”.

    Args:
        whole: whether the reader sees everything; what was judged elsewhere is not theirs to know.
    """
    from budget_watch.casework.runs import latest_run

    last = latest_run(here.home)
    total = f"共 {number} 条" + (f"，另有试运行规则的 {trial} 条。" if trial else "。")
    if last is None:
        return f"{total}还没有运行过规则：请先运行 budget-watch check。"
    if not whole:
        return f"{total}最近一次运行截至 {last.as_of}；只列您范围内的，没有列出不等于没有问题。"
    beside = f"{last.beside}。" if last.beside else ""
    return (
        f"{total}最近一次运行截至 {last.as_of}：{last.counted}，"
        f"数据不足 {last.total('insufficient_data'):,}，出错 {last.total('error')}。{beside}"
    )


def explain(
    context: typer.Context,
    finding: Annotated[str, typer.Argument(help="疑点编号，可只写开头 8 位以上")],
    as_: AsOption = None,
    as_json: JsonOption = False,
) -> int:
    """一条疑点的全部依据：法条、参数、计量、SQL、快照、证据。"""
    from budget_watch.casework.exemptions import exempting
    from budget_watch.casework.explaining import explained
    from budget_watch.casework.findings import get_finding

    here: Context = context.obj
    here.existing()
    grant = here.grant(as_, "explain")
    about = get_finding(here.home, grant, finding)
    explanation = explained(here.home, grant, here.book(), about)
    record: dict[str, Any] = {
        **about.record(),
        **explanation.record(),
        "exempted": exempting(here.home, here.book(), about.observation),
    }
    if not as_json:
        from budget_watch.cli.explanation import lines

        Console(highlight=False, soft_wrap=True).print("\n".join(lines(record)), markup=False)
        return DONE
    printer = Printer(as_json, {})
    printer.record(record)
    printer.close({"finding": record["finding"]}, record["message"])
    return DONE


def score(context: typer.Context, as_json: JsonOption = False) -> int:
    """把疑点与答案 answer_key.json 对照：查全率和查准率。"""
    from budget_watch.cli.scoring import score as scored

    here: Context = context.obj
    rows, summary = scored(here.root)
    printer = Printer(
        as_json,
        {
            "rule": "规则",
            "recall": "查全率",
            "precision": "查准率",
            "planted": "埋设",
            "found": "找到",
            "false": "误报",
            "near_misses_fired": "临界误报",
        },
    )
    printer.records(rows)
    printer.close(
        summary,
        f"查全率 {summary['recall']:.3f}，查准率 {summary['precision']:.3f}；"
        f"临界例误报 {summary['near_misses_fired']} 条。",
    )
    return DONE if summary["target_met"] else LOOK
