"""The command that shows what was found: serve."""

from __future__ import annotations

from typing import Annotated

import typer

from budget_watch.cli.context import Context
from budget_watch.cli.output import DONE, say


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.command()(serve)


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="监听地址，缺省只供本机访问")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="端口")] = 8050,
    with_schedule: Annotated[
        bool, typer.Option("--with-schedule", help="同时每天 02:00 运行业务日（见 schedule）")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, max=64, help="几个进程一起服务")] = 1,
    worker_memory: Annotated[
        int, typer.Option(min=0, help="多个进程时，一个进程超过多少 MB 内存就换新的；0 为不换")
    ] = 0,
    log_json: Annotated[
        bool, typer.Option("--log-json", help="每个请求在标准错误输出写一行 JSON")
    ] = False,
) -> int:
    """启动看板。"""
    from dashboard.serve import serve as run

    here: Context = context.obj
    if not here.root.is_dir():
        here.existing()
    open_port(host, port)
    from budget_watch.casework.accounts import has_accounts

    who = _WITH_ACCOUNTS if has_accounts(here.home) else _WITHOUT
    if not log_json:  # then each line there is for a machine
        say.print(f"看板：http://{host}:{port}/")
        say.print(f"{who}按 Ctrl+C 停止。")
    if not with_schedule:
        run(here.home, host, port, workers, worker_memory, log_json)
        return DONE
    from budget_watch.cli.scheduling import beside

    with beside(here):
        run(here.home, host, port, workers, worker_memory, log_json)
    return DONE


_WITH_ACCOUNTS = "已有正式账号：打开后须登录。"
_WITHOUT = (
    "还没有开立正式账号，所以只有这台机器上的浏览器能打开，不用登录，能看全部数据；"
    "用 budget-watch users add 开立第一个账号后，任何人都须登录（docs/users.md）。"
)


def open_port(host: str, port: int) -> None:
    """Make sure that nobody listens there yet.

    Raises:
        OSError: somebody does, or the address is not this machine's.
    """
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise OSError(
                f"不能在 {host}:{port} 上启动看板：端口已被占用，或地址不是本机的。"
                f"请换一个端口，如 --port {port + 1}。"
            ) from error
