"""Commands of random inspection (随机抽查): inspect draw|list|show|note|again."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from budget_watch.cli.casework import ByOption, RoleOption, actor_for
from budget_watch.cli.context import Context, JsonOption, one_of, parse_day
from budget_watch.cli.output import DONE, LOOK, Printer

inspect_app = typer.Typer(no_args_is_help=True)
KINDS = {"voucher": "凭证", "case": "办理"}
DrawArgument = Annotated[str, typer.Argument(help="抽查编号，如 CC2026-001")]


@inspect_app.command("draw")
def inspect_draw(
    context: typer.Context,
    kind: Annotated[str, typer.Option("--kind", help="voucher（凭证）或 case（办理）")],
    since: Annotated[str, typer.Option("--since", help="从哪一天")],
    until: Annotated[str, typer.Option("--until", help="到哪一天（含）")],
    reason: Annotated[str, typer.Option("--reason", help="事由")],
    dept: Annotated[str | None, typer.Option("--dept", help="部门编码，缺省全部")] = None,
    share: Annotated[int | None, typer.Option("--share", help="份额（%），缺省 10")] = None,
    seed: Annotated[str | None, typer.Option("--seed", help="种子，缺省随机；记入抽查")] = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """按部门、期间、份额和种子抽取；清单、种子和总体的摘要都留存，可以复算。"""
    from budget_watch.casework.inspection import draw

    here: Context = context.obj
    what = one_of("--kind", kind, KINDS)
    first, last = parse_day(since), parse_day(until)
    if first is None or last is None or first > last:
        raise typer.BadParameter("--since 应不晚于 --until。")
    actor = actor_for(here, user, role)
    made = draw(
        here.existing(),
        actor,
        "voucher" if what == "voucher" else "case",
        first,
        last,
        reason,
        department=dept,
        share=share,
        seed=seed,
    )
    printer = Printer(as_json, {"item": "编号"}, f"抽查 {made.id}")
    printer.records({"item": each} for each in made.items)
    printer.close(
        {**_told(made), "items": len(made.items)},
        f"抽查 {made.id}：从 {made.population} 件中抽 {len(made.items)} 件（{made.share}%），"
        f"种子 {made.seed}。",
    )
    return DONE


def _told(made: Any) -> dict[str, Any]:
    names = ("id", "kind", "department", "since", "until", "share", "seed", "snapshot")
    more = ("population", "population_hash", "reason", "user", "role", "at")
    return {name: getattr(made, name) for name in (*names, *more)}


@inspect_app.command("list")
def inspect_list(
    context: typer.Context,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """列出各次抽查。"""
    from budget_watch.casework.inspection import draws, results

    here: Context = context.obj
    home, actor = here.existing(), actor_for(here, user, role)
    columns = {"id": "编号", "kind": "种类", "department": "部门", "since": "从", "until": "到"}
    columns |= {"share": "份额%", "population": "总体", "drawn": "抽取", "checked": "已查"}
    printer = Printer(as_json, columns, "随机抽查")
    found = draws(home, actor)
    for one in found:
        checked = {each.item for each in results(home, actor, one.id)}
        told = {**_told(one), "drawn": len(one.items), "checked": len(checked)}
        printer.record(told if as_json else {**told, "kind": KINDS[one.kind]})
    printer.close({"draws": len(found)}, f"共 {len(found)} 次。")
    return DONE


@inspect_app.command("show")
def inspect_show(
    context: typer.Context,
    draw: DrawArgument,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """一次抽查的清单：每一件查了没有、逐项怎样。"""
    from budget_watch.casework.inspection import get_draw, results

    here: Context = context.obj
    home, actor = here.existing(), actor_for(here, user, role)
    one = get_draw(home, actor, draw)
    found: dict[str, list[Any]] = {}
    for each in results(home, actor, draw):
        found.setdefault(each.item, []).append(each)
    printer = Printer(
        as_json, {"item": "编号", "answers": "清单", "remark": "情况", "user": "检查人"}
    )
    for item in one.items:
        for each in found.get(item, [None]):
            record = {"item": item, "answers": None, "remark": None, "user": None, "at": None}
            printer.record(record if each is None else {**record, **each.__dict__})
    for check in one.checklist:
        printer.note(f"检查项：{check}")
    printer.close(
        {**_told(one), "items": len(one.items), "checked": len(found)},
        f"抽查 {one.id}：{len(one.items)} 件，已查 {len(found)} 件。",
    )
    return DONE if len(found) == len(one.items) else LOOK


@inspect_app.command("note")
def inspect_note(
    context: typer.Context,
    draw: DrawArgument,
    item: Annotated[str, typer.Argument(help="抽到的编号")],
    answer: Annotated[list[str], typer.Option("--answer", help="按清单次序逐项：是、否、不适用")],
    remark: Annotated[str, typer.Option("--remark", help="情况；有“否”时必填")] = "",
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """记下一件的检查结果。"""
    from budget_watch.casework.inspection import get_draw, record_result

    here: Context = context.obj
    home, actor = here.existing(), actor_for(here, user, role)
    checklist = get_draw(home, actor, draw).checklist
    if len(answer) != len(checklist):
        raise typer.BadParameter(f"清单有 {len(checklist)} 项，--answer 写了 {len(answer)} 次。")
    answers = dict(zip(checklist, answer, strict=True))
    record_result(home, actor, draw, item, answers, remark)
    Printer(as_json, {}).close({"draw": draw, "item": item}, f"{item} 的检查结果已记下。")
    return DONE


@inspect_app.command("again")
def inspect_again(
    context: typer.Context,
    draw: DrawArgument,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """用留存的种子再抽一次，看清单是不是同样的。"""
    from budget_watch.casework.inspection import again

    here: Context = context.obj
    same = again(here.existing(), actor_for(here, user, role), draw)
    told = "再抽一次，总体和清单都相同。" if same else "再抽一次，总体或清单与留存的不同。"
    Printer(as_json, {}).close({"draw": draw, "same": same}, told)
    return DONE if same else LOOK
