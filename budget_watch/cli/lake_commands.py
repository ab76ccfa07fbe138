"""``lake``: the snapshots that are there, and letting go what retention does not keep."""

from __future__ import annotations

import getpass
from typing import Annotated, Any

import typer

from budget_watch.cli.context import Context, JsonOption
from budget_watch.cli.output import DONE, Printer, say

lake_app = typer.Typer(no_args_is_help=True)


@lake_app.command("list")
def listed(context: typer.Context, as_json: JsonOption = False) -> int:
    """列出数据快照：编号、业务日、发布时间。"""
    from budget_watch.lake import Snapshot

    here: Context = context.obj
    printer = Printer(
        as_json, {"snapshot": "快照", "biz_date": "业务日", "published_at": "发布时间"}
    )
    found = Snapshot.all(here.existing())
    for name, day, at in found:
        shown: Any = at if as_json else f"{at:%Y-%m-%d %H:%M}"
        printer.record({"snapshot": name, "biz_date": day, "published_at": shown})
    printer.close({"snapshots": len(found)}, f"共 {len(found)} 个数据快照。")
    return DONE


@lake_app.command()
def prune(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说会清理什么，不动文件")] = False,
    compact: Annotated[
        bool, typer.Option("--compact/--no-compact", help="先合并已过月份的小文件")
    ] = True,
    as_json: JsonOption = False,
) -> int:
    """合并小文件，清理保留设置以外的数据快照；有规则运行、办理、审计、季刊用到的都留。"""
    from datetime import UTC, datetime

    from budget_watch.cli.keeping import in_bytes
    from budget_watch.lake.pruning import prune as prune_lake
    from budget_watch.lake.retention import plan, read_retention

    here: Context = context.obj
    home = here.existing()
    retention = read_retention(home)
    columns = {"snapshot": "快照", "biz_date": "业务日", "files": "文件", "bytes": "字节"}
    printer = Printer(as_json, columns, "会清理的快照" if dry_run else "已标记清理的快照")

    def tell(text: str) -> None:
        if not as_json:
            say.print(f"{text}……", markup=False)

    done = None
    if dry_run:
        found = plan(home, retention, datetime.now(UTC))
    else:
        done = prune_lake(home, retention, getpass.getuser(), compact, progress=tell)
        found = done.plan
    for one in found.going:
        printer.record(
            {
                "snapshot": one.id,
                "biz_date": one.biz_date,
                "files": one.files,
                "bytes": one.size,
            }
        )
    kept = "，".join(f"{why} {count}" for why, count in found.kept.items())
    printer.note(f"留下的快照：{kept or '无'}。")
    summary = {
        "dry_run": dry_run,
        "going": len(found.going),
        "going_bytes": found.size,
        "kept": found.kept,
        "due_files": found.due_files,
        "due_bytes": found.due,
        "waiting_bytes": found.waiting,
        "grace_hours": retention.grace_hours,
    }
    said = (
        f"{'会标记' if dry_run else '标记了'} {len(found.going)} 个快照，"
        f"{retention.grace_hours:g} 小时后可腾出 {in_bytes(found.size)}；"
    )
    if done is None:
        printer.close(
            summary,
            f"{said}以前标记的现在可腾出 {in_bytes(found.due)}，"
            f"还在等候的 {in_bytes(found.waiting)}。没有动任何文件。",
        )
        return DONE
    summary |= {
        "joined": done.joined,
        "into": done.into,
        "snapshot": done.snapshot,
        "freed_files": done.freed_files,
        "freed_bytes": done.freed,
    }
    if done.joined:
        printer.note(f"{done.joined} 个小文件合并成 {done.into} 个，记为数据快照 {done.snapshot}。")
    printer.close(
        summary,
        f"{said}这次删去 {done.freed_files:,} 个文件，腾出 {in_bytes(done.freed)}。",
    )
    return DONE
