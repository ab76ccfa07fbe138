"""Commands of the reconciliation (调节表): reconcile list|show|fill|sign|withdraw."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from budget_watch.cli.context import AsOption, Context, JsonOption
from budget_watch.cli.output import DONE, LOOK, Printer

if TYPE_CHECKING:
    from budget_watch.access import Grant
    from budget_watch.lake import Home, Reader

reconcile_app = typer.Typer(no_args_is_help=True)

PeriodArgument = Annotated[str, typer.Argument(help="月份，如 2026-09")]
ClassArgument = Annotated[str, typer.Argument(help="功能分类类级编码，如 205")]
RegionOption = Annotated[str | None, typer.Option("--region", help="区划代码，缺省为本级")]
ByOption = Annotated[
    str | None, typer.Option("--by", help="办理人姓名，记入调节表；有账号的写 --as")
]
RoleOption = Annotated[str, typer.Option("--role", help="写 --by 时以什么角色办理")]
_ROLE = "财政归口"


@reconcile_app.command("list")
def reconcile_list(
    context: typer.Context,
    period: Annotated[
        str | None, typer.Option("--period", help="月份，缺省为最近有月报的月")
    ] = None,
    region: Annotated[str | None, typer.Option("--region", help="只看一个区划")] = None,
    open_: Annotated[bool, typer.Option("--open", help="只列还没有说明清楚的")] = False,
    excel: Annotated[Path | None, typer.Option("--excel", help="另存为 Excel 文件")] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="导出人，印在 Excel 上；缺省为 --as 的账号")
    ] = None,
    as_: AsOption = None,
    as_json: JsonOption = False,
) -> int:
    """一个月的调节表：月报与凭证差在哪里，哪些已经说明。"""
    from budget_watch.views import reconciliation

    here: Context = context.obj
    reader = _reader(here, as_, "调节表")
    year, month = _month(reader, period)
    every = [
        one
        for one in reconciliation.statements(reader, year, month)
        if region in (None, one.mof_div_code)
    ]
    found = [one for one in every if not open_ or one.state in reconciliation.NEEDS_WORK]
    columns = {
        "mof_div_code": "区划",
        "func_class": "类",
        "reported": "月报累计",
        "open": "表列差额",
        "signed": "已签认",
        "left": "未解释",
        "state": "情况",
    }
    printer = Printer(as_json, columns, f"{year}年{month}月调节表（累计数）")
    for one in found:
        record = one.record()
        printer.record(record if as_json else _shown(record))
    if excel is not None:
        _excel(reader, excel, found, (year, month), by or reader.grant.user)
        printer.note(f"已写入 {excel}")
    waiting = sum(one.state in reconciliation.NEEDS_WORK for one in every)
    printer.close(
        {"period": f"{year}-{month:02}", "statements": len(every), "open": waiting},
        f"{len(every)} 类中 {waiting} 类还有没说明的差额。",
    )
    return LOOK if waiting else DONE


@reconcile_app.command("show")
def reconcile_show(
    context: typer.Context,
    period: PeriodArgument,
    func_class: ClassArgument,
    region: RegionOption = None,
    as_: AsOption = None,
    as_json: JsonOption = False,
) -> int:
    """一类的调节表：从凭证到月报逐项列出，以及每一条填列、签认、撤回。"""
    from budget_watch.casework.reconciling import lines
    from budget_watch.views import reconciliation

    here: Context = context.obj
    reader = _reader(here, as_, "调节表")
    year, month = _month(reader, period)
    place = region or _own(here)
    found = next(
        (
            one
            for one in reconciliation.statements(reader, year, month)
            if (one.mof_div_code, one.func_class) == (place, func_class)
        ),
        None,
    )
    if found is None:
        raise ValueError(
            f"{period} 的月报里没有 {place} 的 {func_class} 类；"
            "用 budget-watch reconcile list 列出有的。"
        )
    written = [
        one
        for one in lines(here.home, reader.grant, year, month)
        if (one.slot.mof_div_code, one.slot.func_class) == (place, func_class)
    ]
    printer = Printer(as_json, {"item": "项目", "amt": "金额（元，累计）"})
    if as_json:
        printer.record(found.record())
        printer.records(one.record() for one in written)
    else:
        printer.records(_items(found))
        for one in written:
            printer.note(_told(one.record()))
    printer.close(
        {"state": found.state, "left": found.left, "lines": len(written)},
        f"{found.state}；快照 {reader.snapshot.id if reader.snapshot else ''}。",
    )
    return LOOK if found.state in reconciliation.NEEDS_WORK else DONE


@reconcile_app.command("fill")
def reconcile_fill(
    context: typer.Context,
    period: PeriodArgument,
    func_class: ClassArgument,
    kind: Annotated[str, typer.Option("--kind", help="在途、退库、结余、舍入、口径、漏送、其他")],
    amount: Annotated[
        str, typer.Option("--amount", help="截至本月累计的差额，如 12.34万元；月报比凭证多为正")
    ],
    why: Annotated[str, typer.Option("--why", help="说明：差额从何而来，依据什么")],
    by: ByOption = None,
    region: RegionOption = None,
    role: RoleOption = _ROLE,
    as_: AsOption = None,
    as_json: JsonOption = False,
) -> int:
    """财政填列一条调节；另一人签认后，从下一个数据快照起生效。"""
    from budget_watch.casework.reconciling import Slot, fill

    here: Context = context.obj
    home = here.existing()
    year, month = _parsed(period)
    slot = Slot(year, month, region or _own(here), func_class)
    grant, role = _acting(here, by, as_, role, "填列调节表")
    made = fill(home, grant, slot, kind, _fen(amount), why, role)
    printer = Printer(as_json, {})
    left = _left_after(home, grant, made)
    printer.note(_left_words(made, left))
    printer.close(
        {**made.record(), "left_after": left},
        f"已填列调节行 {made.id}，待另一人签认："
        f"budget-watch reconcile sign {made.id} --by 姓名（或 --as 账号）",
    )
    return DONE


@reconcile_app.command("sign")
def reconcile_sign(
    context: typer.Context,
    line: Annotated[int, typer.Argument(help="调节行编号")],
    by: ByOption = None,
    role: RoleOption = _ROLE,
    as_: AsOption = None,
    note: Annotated[str, typer.Option("--note", help="签认意见")] = "",
    as_json: JsonOption = False,
) -> int:
    """财政另一人签认一条调节，并发布带有它的数据快照。"""
    from budget_watch.casework.reconciling import sign

    here: Context = context.obj
    home = here.existing()
    grant, role = _acting(here, by, as_, role, "签认调节表")
    done = sign(home, grant, line, role, note)
    return _published(home, done.record(), "已签认", as_json)


@reconcile_app.command("withdraw")
def reconcile_withdraw(
    context: typer.Context,
    line: Annotated[int, typer.Argument(help="调节行编号")],
    why: Annotated[str, typer.Option("--why", help="为什么撤回")],
    by: ByOption = None,
    role: RoleOption = _ROLE,
    as_: AsOption = None,
    as_json: JsonOption = False,
) -> int:
    """撤回一条调节（写错了、情况变了）；记录留着，从下一个数据快照起不再计算。"""
    from budget_watch.casework.reconciling import withdraw

    here: Context = context.obj
    home = here.existing()
    grant, role = _acting(here, by, as_, role, "撤回调节")
    done = withdraw(home, grant, line, role, why)
    return _published(home, done.record(), "已撤回", as_json)


def _published(home: Home, record: dict[str, Any], word: str, as_json: bool) -> int:
    """Publish a snapshot that holds the change, unless somebody else is about to."""
    from budget_watch.lake import LeaseError, Snapshot, Writer

    before = Snapshot.latest(home)
    snapshot = None
    if before is not None:
        hashes = {name: one for name, one in before.hashes.items() if name != "calendar"}
        try:
            with Writer.open(home, "reconcile") as writer:
                snapshot = writer.publish(before.biz_date, hashes).id
        except LeaseError:
            snapshot = None
    sentence = f"调节行 {record['line']} {word}"
    sentence += (
        f"，数据快照 {snapshot} 起生效；用 budget-watch check 重新判断。"
        if snapshot
        else "；正在入库，随下一个数据快照生效。"
    )
    Printer(as_json, {}).close({**record, "snapshot": snapshot}, sentence)
    return DONE


def _left_after(home: Home, grant: Grant, made: Any) -> int | None:
    """What of the class will be left, in fen, once everything that was filled in is signed."""
    from budget_watch.casework.reconciling import FILLED, lines
    from budget_watch.lake import Reader
    from budget_watch.views import reconciliation

    reader, slot = Reader(home, grant), made.slot
    left = [
        one.left
        for one in reconciliation.statements(reader, slot.fiscal_year, slot.month)
        if (one.mof_div_code, one.func_class) == (slot.mof_div_code, slot.func_class)
    ]
    if not left or left[0] is None:
        return None
    written = lines(home, reader.grant, slot.fiscal_year, slot.month)
    return left[0] - sum(one.amt for one in written if one.slot == slot and one.state == FILLED)


def _left_words(made: Any, left: int | None) -> str:
    from budget_watch.views import formats as fmt

    if left is None:
        return "这一类的月报还没有入库，差额还不知道。"
    if left == 0:
        return "全部签认后，差额都已说明。"
    if left * made.amt < 0:
        return f"请核对：全部签认后，说明的比差额多 {fmt.yuan(abs(left))} 元；写错的撤回另填。"
    return f"全部签认后，这一类还有差额 {fmt.yuan(left)} 元没有说明。"


def _reader(here: Context, user: str | None, purpose: str) -> Reader:
    from budget_watch.lake import Reader

    home = here.existing()
    return Reader(home, here.grant(user, purpose))


def _acting(
    here: Context, by: str | None, user: str | None, role: str, purpose: str
) -> tuple[Grant, str]:
    """Who acts, and in which role: the account's own, or somebody named at this keyboard."""
    from budget_watch.access import Grant
    from budget_watch.casework.cases import actor_of

    if user is not None and by is not None:
        raise typer.BadParameter("--as 和 --by 只写一个。")
    if user is not None:
        actor = actor_of(here.home, here.grant(user, purpose))
        return actor.grant, actor.role
    if by is None or not by.strip():
        raise typer.BadParameter("请写 --as 账号，或 --by 办理人姓名。")
    return Grant(user=by.strip(), purpose=purpose), role


def _own(here: Context) -> str:
    from budget_watch.casework.committee import committee

    region = committee(here.home).region
    if not region:
        raise typer.BadParameter("设置里没有 [committee] region；请写 --region 区划代码。")
    return region


def _month(reader: Reader, period: str | None) -> tuple[int, int]:
    from budget_watch.views.reconciliation import months

    if period is not None:
        return _parsed(period)
    known = months(reader)
    if not known:
        raise ValueError("还没有支出月报（FIN-02），没有可对账的月份；请先入库。")
    return known[-1]


def _parsed(period: str) -> tuple[int, int]:
    found = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", period)
    if found is None:
        raise typer.BadParameter(f"月份 {period} 不对，请写成 2026-09 这样。")
    return int(found.group(1)), int(found.group(2))


def _fen(text: str) -> int:
    from budget_watch.money import MoneyError, parse_fen

    found = re.fullmatch(r"\s*([-+]?[\d,.]+)\s*(元|万元|亿元)\s*", text)
    if found is None:
        raise typer.BadParameter(f"金额“{text}”要带单位，如 12.34万元、-500元。")
    try:
        fen = parse_fen(found.group(1).removeprefix("+"), found.group(2))
    except MoneyError as error:
        raise typer.BadParameter(str(error)) from error
    return int(fen or 0)


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    from budget_watch.views import formats as fmt

    money = ("reported", "open", "signed", "left")
    return {**record, **{name: fmt.sentence_money(record[name]) for name in money}}


def _items(found: Any) -> list[dict[str, Any]]:
    from budget_watch.views import formats as fmt
    from budget_watch.views.reconciliation import PARTS

    rows = [(name, amount) for (_, name), amount in zip(PARTS, found.parts, strict=True)]
    rows += [("表列合计", found.told), ("加：财政签认的调节", found.signed),
             ("未解释差额", found.left), ("月报累计", found.reported)]  # fmt: skip
    return [{"item": name, "amt": fmt.yuan(amount)} for name, amount in rows]


def _told(record: dict[str, Any]) -> str:
    from budget_watch.views import formats as fmt

    words = f"调节行 {record['line']} {record['kind']} {fmt.yuan(record['amt'])}："
    words += f"{record['explanation']}（{record['filled_by']}填列，{record['state']}"
    if record["signed_by"]:
        words += f"，{record['signed_by']}签认"
    if record["taken_by"]:
        words += f"，{record['taken_by']}撤回：{record['taken_because']}"
    return words + "）"


def _excel(
    reader: Reader, path: Path, found: list[Any], month: tuple[int, int], asked_by: str
) -> None:
    from budget_watch.digest.reconciliation_sheet import called, write
    from budget_watch.views.reconciliation import signed_lines

    if reader.snapshot is None:
        raise ValueError("还没有数据快照，没有可导出的调节表。")
    signed = signed_lines(reader, *month)
    write(path, found, signed, reader.snapshot, asked_by, called(month[0]))
