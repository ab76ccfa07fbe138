"""Commands of reports: digest --period, digest verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from budget_watch.cli.context import AsOption, Context, JsonOption
from budget_watch.cli.output import DONE, LOOK, Printer

digest_app = typer.Typer()
_ALL = "docx,pdf,html"


@digest_app.callback(invoke_without_command=True)
def digest(
    context: typer.Context,
    period: Annotated[str | None, typer.Option(help="2026Q3、2026-09、2026H1 或 2026")] = None,
    report: Annotated[
        str,
        typer.Option(
            help="quarterly、brief、draft、final、debt、assets、audit、department、deputy、opinions、result"
        ),
    ] = "quarterly",
    unit: Annotated[str | None, typer.Option(help="部门编码，用于 department")] = None,
    deputy: Annotated[str | None, typer.Option(help="代表的账号，用于 deputy")] = None,
    session: Annotated[str | None, typer.Option(help="会次编号，用于 opinions、result")] = None,
    signer: Annotated[
        str, typer.Option(help="签发人，印在首页；不写用设置里的，都没有印“待签发”")
    ] = "",
    reach: Annotated[str, typer.Option(help="报送范围，同上")] = "",
    formats: Annotated[str, typer.Option("--format", help="docx、pdf、html，用逗号分开")] = _ALL,
    out: Annotated[Path | None, typer.Option(help="输出文件夹，缺省 <数据目录>/digest")] = None,
    as_: AsOption = None,
    as_json: JsonOption = False,
) -> int:
    """生成季刊等报告；digest verify 核对一个文件。"""
    if context.invoked_subcommand is not None:
        if period is not None:
            raise typer.BadParameter("--period 用于生成，不和子命令一起用。")
        return DONE
    if period is None:
        raise typer.BadParameter("请写明期间，如 --period 2026Q3；核对文件用 digest verify。")
    subjects = [each for each in (unit, deputy, session) if each]
    if len(subjects) > 1:
        raise typer.BadParameter("--unit、--deputy、--session 只写一个。")
    subject = subjects[0] if subjects else ""
    wanted = f"{report}:{subject}" if subject else report
    return _build(context.obj, period, wanted, (signer, reach), formats, out, as_, as_json)


def _build(
    here: Context,
    period: str,
    report: str,
    signed: tuple[str, str],
    formats: str,
    out: Path | None,
    as_: str | None,
    as_json: bool,
) -> int:
    from budget_watch.casework.cases import actor_of
    from budget_watch.digest.errors import DigestError, DigestRefusedError
    from budget_watch.digest.issuing import build_now
    from budget_watch.digest.signature import signature

    printer = Printer(as_json, {"file": "文件", "bytes": "字节"})
    actor = actor_of(here.home, here.grant(as_, "digest"))
    wanted = tuple(part.strip() for part in formats.split(","))
    try:
        issue, files = build_now(
            here.home,
            actor,
            period,
            wanted,
            out or here.root / "digest",
            report,
            signature(*signed),
        )
    except DigestRefusedError as refused:
        printer.close({"refused": True, "reason": str(refused)}, str(refused))
        return LOOK
    except DigestError as wrong:  # a period, report or format that is not one
        raise typer.BadParameter(str(wrong)) from None
    printer.records({"file": str(path), "bytes": path.stat().st_size} for path in files)
    told = f"已生成 {len(files)} 个文件，存为第{issue.number}号。"
    printer.close({"refused": False, "files": len(files), "issue": issue.number}, told)
    return DONE


@digest_app.command("verify")
def digest_verify(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(help="Word、PDF 或网页文件"),
    ],
    against: Annotated[
        str | None,
        typer.Option(
            "--against", help="按另一个快照重算：编号，或 latest（最近的）；缺省为编写时的快照"
        ),
    ] = None,
    as_: AsOption = None,
    as_json: JsonOption = False,
) -> int:
    """核对报告文件：每个数字从数据重算，指出被改、被删和人工添加的数字。"""
    from budget_watch.casework.cases import actor_of
    from budget_watch.digest.verifying import verify

    here: Context = context.obj
    if not file.is_file():
        raise typer.BadParameter(f"没有文件 {file}。")
    home = here.existing()
    actor = actor_of(home, here.grant(as_, "核对季刊"))
    made = verify(home, actor, file.name, file.read_bytes(), against=against)
    columns = {"title": "情形", "message": "说明", "place": "位置"}
    printer = Printer(as_json, columns)
    for told in made.told:
        printer.record(
            told.record() if as_json else {**told.record(), "place": _place(told.places)}
        )
    printer.close({"file": str(file), **made.record()}, made.sentence)
    return DONE if made.sound else LOOK


def _place(places: tuple[str, ...]) -> str:
    """The first of many places."""
    return "；".join(places[:3]) + (f"等{len(places)}处" if len(places) > 3 else "")
