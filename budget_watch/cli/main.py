"""``budget-watch``: puts the commands together and turns errors into sentences and exit codes."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from budget_watch.cli import (
    accounts,
    agenda,
    auditing,
    books,
    casework,
    congress,
    demo,
    digesting,
    exempting,
    form_commands,
    inspecting,
    judging,
    keeping,
    lake_commands,
    listing,
    livelihood,
    loading,
    notifying,
    quarantining,
    reconciling,
    reporting,
    resolutions,
    scheduling,
    supervision_calendar,
    topics,
)
from budget_watch.cli.context import Context
from budget_watch.cli.output import FAILED, USAGE, say

app = typer.Typer(
    name="budget-watch",
    help="人大预算国资联网监督：入库、规则判断、疑点、报告与看板。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


_root = [Path()]  # the home of the command that runs, for what a disk has to say


@app.callback()
def _home(
    context: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option("--home", help="数据目录，缺省 $BUDGET_WATCH_HOME 或 ./.budget_watch"),
    ] = None,
) -> None:
    chosen = home or Path(os.environ.get("BUDGET_WATCH_HOME") or ".budget_watch")
    context.obj = Context(chosen.expanduser().resolve())
    _root.append(context.obj.root)


OURS = {"budget_watch", "ingest", "dashboard", "fixtures"}
EXPECTED = (FileNotFoundError, OSError, ValueError)

for room in (demo, loading, judging, reporting, scheduling, keeping):
    room.add_to(app)
for name, sub, words in (
    ("rules", books.rules_app, "规则库：列出、检查、测试、文档。"),
    ("tables", books.tables_app, "53 张报表的契约：列出、查看、字典、模板。"),
    ("laws", books.laws_app, "法规文本：载入、列出、查看。"),
    ("forms", form_commands.forms_app, "公开表样：列出、试读一个工作簿。"),
    ("reconcile", reconciling.reconcile_app, "调节表：月报与凭证的差额，填列、签认、撤回、导出。"),
    ("quarantine", quarantining.quarantine_app, "隔离区：列出、查看、导出、放行、作废。"),
    ("cases", casework.cases_app, "办理：列出、查看、办一步、合并、延期、评价、流程。"),
    (
        "calendar",
        supervision_calendar.calendar_app,
        "监督日历：一年的节点和状态；检查节点文件。",
    ),
    ("exemptions", exempting.exemptions_app, "例外情形登记：列出、登记、批准、终止。"),
    ("notices", notifying.notices_app, "通知：一个人的消息、关注、发送、地址、试发。"),
    ("opinions", topics.opinions_app, "意见：六类、步骤、列出、起草、办一步、关注；议题。"),
    (
        "livelihood",
        livelihood.livelihood_app,
        "民生实事：登记、季度进展、资金、评价、验收。",
    ),
    ("digest", digesting.digest_app, "季刊等报告：按期间生成；核对一个文件。"),
    ("agenda", agenda.agenda_app, "会议议题：列出、查看、登记、挂材料、登记审议结果。"),
    (
        "resolution",
        resolutions.resolution_app,
        "决议事项：登记、交办、报告、评价，带进下一年；列出、查看、办一步。",
    ),
    (
        "session",
        congress.session_app,
        "人代会会次：开会次、授角色、收意见、并题、转财政解答组、解答、汇总。",
    ),
    ("lists", listing.lists_app, "四张清单：工作、问题、建议、成果；导出 Excel。"),
    ("lake", lake_commands.lake_app, "数据湖：列出快照，合并小文件，按保留设置清理。"),
    ("inspect", inspecting.inspect_app, "随机抽查：按种子抽取、列出、记结果、复算。"),
    ("audit", auditing.audit_app, "审计日志：列出、导出、核对、锚定、送日志服务器。"),
    ("users", accounts.users_app, "账号、角色、范围、批准、会话、权限矩阵。"),
    ("runs", scheduling.runs_app, "业务日的运行：列出、查看、取消、继续；规则判断的记录。"),
):
    app.add_typer(sub, name=name, help=words)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; the console script's entry.

    Exits with 0, 1, 2 or 3 (see :mod:`budget_watch.cli.output`).
    """
    try:
        status = app(args=arguments, standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        say.print("已中断。已完成的步骤都已保存，重新运行同一命令即可继续。")
        sys.exit(FAILED)
    except TyperException as error:
        sys.stderr.write(
            f"用法不对：{_in_chinese(str(error))}\n用 budget-watch --help 查看命令和选项。\n"
        )
        sys.exit(USAGE)
    except Exception as error:
        if os.environ.get("BUDGET_WATCH_DEBUG"):
            raise
        _say_why(error)
        sys.exit(FAILED)
    sys.exit(status if isinstance(status, int) else 0)


def _say_why(error: Exception) -> None:
    """Our own errors speak for themselves; of others we know what a disk has to say."""
    ours = type(error).__module__.split(".")[0] in OURS
    said = None
    if not ours:
        from budget_watch.lake import faults

        said = faults.told(error, _root[-1])
    if isinstance(error, FileExistsError) and error.filename:
        said = f"{error.filename} 已经有了，没有覆盖；请换个名字，或先移走它。"
    words = said or str(error) or type(error).__name__
    say.print(f"未能完成：{words}", markup=False, soft_wrap=True)
    if not (ours or said or isinstance(error, EXPECTED)):
        say.print("（设 BUDGET_WATCH_DEBUG=1 再运行，可看到出错位置。）")


USAGE_WORDS = (
    (r"Missing (?:parameter|argument|option):? '?([^'.]+)'?\.?", "缺少 {0}。"),
    (r"Missing command\.", "没有写命令。"),
    (r"No such command '([^']+)'\..*", "没有命令 {0}。"),
    (r"No such option:? '?(-[\w-]+)'?\.?.*", "没有选项 {0}。"),
    (r"Option '([^']+)' requires (?:an argument|\d+ arguments)\.", "选项 {0} 后面要写值。"),
    (r"Option '([^']+)' does not take a value\.", "选项 {0} 后面不写值。"),
    (r"Got unexpected extra argument(?:s|\(s\))? \((.+)\)", "多写了 {0}。"),
    (r"Input should be a valid integer.*", "要写整数的选项写了别的；请写 8050 这样的数。"),
    (r"Invalid value(?: for [^:]+)?: (.*)", "{0}"),
)


def _in_chinese(words: str) -> str:
    """What the command line library says of a wrong call."""
    for pattern, said in USAGE_WORDS:
        found = re.fullmatch(pattern, words, re.S)
        if found:
            return said.format(*found.groups())
    return words


if __name__ == "__main__":
    main()
