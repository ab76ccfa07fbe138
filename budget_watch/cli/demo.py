"""``demo``: a made-up city from source files to the page.

Every step leaves the same result when it is run again, so a demo that was killed
goes on where it stopped.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from budget_watch.cli.context import CONFIGURATION, TEMPLATE, Context, JsonOption
from budget_watch.cli.output import DONE, LOOK, Printer, say

Report = Callable[[str, float], None]


class Scale(StrEnum):
    """How big the city is, in vouchers."""

    tiny = "tiny"
    small = "small"
    city = "city"
    province = "province"


class Variant(StrEnum):
    """What is wrong in the city."""

    planted = "planted"
    ordinary = "ordinary"
    clean = "clean"


def add_to(app: typer.Typer) -> None:
    """Register this module's command."""
    app.command()(demo)


def demo(
    context: typer.Context,
    scale: Annotated[Scale, typer.Option(help="规模")] = Scale.small,
    seed: Annotated[int, typer.Option(help="随机种子")] = 1,
    variant: Annotated[
        Variant, typer.Option(help="planted 埋设问题、ordinary 通常、clean 干净")
    ] = Variant.planted,
    vouchers: Annotated[int | None, typer.Option(help="凭证笔数，缺省由规模决定")] = None,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="做完即结束，不启动看板")] = False,
    port: Annotated[int, typer.Option(help="看板端口")] = 8050,
    as_json: JsonOption = False,
) -> int:
    """造一座示范市，入库、判断、出季刊，并启动看板。"""
    here: Context = context.obj
    started = time.monotonic()
    wanted = {
        "scale": scale.value,
        "seed": seed,
        "variant": variant.value,
        "vouchers": vouchers,
    }
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        console=say,
    ) as progress:
        listing = _step(progress, "① 生成示范市的 53 张报表", partial(_city, here.root, wanted))
        stops = _stops(listing)
        _settle(here.root, baseline=stops[0])
        summary: dict[str, Any] = {}
        for at, day in enumerate(stops, start=1):
            turn = f"{day:%Y-%m-%d}（{at}/{len(stops)}）"
            taking = partial(_ingest, here, listing, stops[0], day)
            judging = partial(_judge, here, day)
            _step(progress, f"② 入库校验，业务日 {turn}", taking)
            summary = _step(progress, f"③ 运行规则，截至 {turn}", judging)
        period = _last_quarter(stops[-1])
        files = _step(progress, f"④ 编写季刊 {period}", partial(_digest, here, period))
        people = _step(progress, "⑤ 示范账号", partial(_accounts, here))
    seconds = round(time.monotonic() - started, 1)
    printer = Printer(as_json, {"user": "示范账号", "role": "角色"})
    printer.records(people[1])
    if people[0]:
        printer.note(f"示范账号的密码都是 {people[0]} ，只显示这一次，只能在本机登录。")
    printer.close(
        {
            **wanted,
            **summary,
            "digest": [str(path) for path in files],
            "example_password": people[0],
            "seconds": seconds,
        },
        f"完成，用时 {seconds} 秒。数据在 {here.root}，季刊在 {here.root / 'digest'}。",
    )
    if not no_serve:
        from budget_watch.cli.reporting import open_port
        from dashboard.serve import serve

        open_port("127.0.0.1", port)
        say.print(
            f"看板：http://127.0.0.1:{port}/   不用登录，以本机操作员查看；"
            f"换一个角色看：http://127.0.0.1:{port}/login   按 Ctrl+C 停止。"
        )
        serve(here.home, "127.0.0.1", port)
    return LOOK if summary.get("error") or summary.get("not_loaded") else DONE


def _step(progress: Progress, title: str, work: Callable[[Report], Any]) -> Any:
    task = progress.add_task(title, total=1.0)

    def tell(words: str, share: float) -> None:
        progress.update(task, description=f"{title}：{words}", completed=min(share, 1.0))

    result = work(tell)
    progress.update(task, description=title, completed=1.0)
    return result


def _city(root: Path, wanted: dict[str, Any], tell: Report) -> Path:
    """Make the source files once; a half-made folder is thrown away, another city refused."""
    from fixtures.city import generate

    source = root / "source"
    made = source / "made.json"
    if made.exists():
        if json.loads(made.read_text(encoding="utf-8")) != wanted:
            raise ValueError(
                f"{root} 里已有另一座示范市（规模、种子或类型不同）。"
                "请换一个 --home，或先删除该目录。"
            )
        return source / "deliveries.json"
    if source.exists():
        raise ValueError(f"{source} 已存在，但不是本命令生成的。请换一个 --home。")
    root.mkdir(parents=True, exist_ok=True)
    half = root / "source.half"
    shutil.rmtree(half, ignore_errors=True)
    tell(f"规模 {wanted['scale']}，种子 {wanted['seed']}", 0.05)
    generate(half, **wanted)
    shutil.copyfile(half / "answer_key.json", root / "answer_key.json")
    (half / "made.json").write_text(json.dumps(wanted), encoding="utf-8")
    os.replace(half, source)
    return source / "deliveries.json"


def _stops(listing: Path) -> list[date]:
    """The business days the demo runs: the history at once, then the last two days one by one."""
    days = sorted({item["biz_date"] for item in json.loads(listing.read_text(encoding="utf-8"))})
    chosen = days[-3:] if len(days) >= 3 else days
    return [date.fromisoformat(day) for day in chosen]


def _settle(root: Path, baseline: date) -> None:
    path = root / CONFIGURATION
    if not path.exists():
        path.write_text(
            TEMPLATE.replace("# baseline = 2026-10-31", f"baseline = {baseline:%Y-%m-%d}"),
            encoding="utf-8",
        )


def _ingest(here: Context, listing: Path, history: date, day: date, tell: Report) -> None:
    """The history at once from its files; each later day from the sources it comes from."""
    from budget_watch.casework.checking import book_hashes
    from budget_watch.lake import Snapshot
    from ingest.day import run_deliveries

    def arrived(done: int, total: int, words: str) -> None:
        tell(words, done / total if total else 1.0)

    if any(of == day for _, of, _ in Snapshot.all(here.home)):
        return  # published by a run of the demo before
    if day > history:
        _morning(here, listing, history, day, arrived)
        return
    run_deliveries(here.home, listing, upto=day, progress=arrived, hashes=book_hashes(here.root))


def _morning(
    here: Context, listing: Path, history: date, day: date, step: Callable[[int, int, str], None]
) -> None:
    """A day as the schedule runs it, but for the rules, which the demo shows by themselves."""
    from budget_watch.cli.demo_sources import sources
    from ingest.day import run_day

    with sources(here.home, listing, history, day) as both:
        report = run_day(here.home, day, both, watch=_Steps(step), rules=False)
    if report.faults:
        raise RuntimeError("；".join(report.faults.values()))


@dataclass
class _Steps:
    """Shows how a day goes on the demo's line."""

    step: Callable[[int, int, str], None]

    def phase(self, name: str) -> None:
        self.step(0, 0, name)

    def source(self, report: Any) -> None:
        self.step(0, 0, f"{report.name} {report.parcels} 件")

    def go_on(self) -> None:
        """The demo is ended by ending the process."""


def _judge(here: Context, day: date, tell: Report) -> dict[str, Any]:
    from budget_watch.casework.checking import check
    from budget_watch.lake import Snapshot

    published = [name for name, of, _ in Snapshot.all(here.home) if of <= day]
    result = check(here.root, as_of=day, snapshot=published[-1], baseline=here.baseline)
    tell(result.sentence, 1.0)
    return result.summary


def _digest(here: Context, period: str, _tell: Report) -> list[Path]:
    from budget_watch.access import Grant
    from budget_watch.casework.cases import actor_of
    from budget_watch.digest.issuing import build_now

    actor = actor_of(here.home, Grant.operator("demo"))
    return build_now(here.home, actor, period, ("docx", "pdf", "html"), here.root / "digest")[1]


def _accounts(here: Context, _tell: Report) -> tuple[str | None, list[dict[str, Any]]]:
    from budget_watch.cli.demo_accounts import example_accounts

    return example_accounts(here.home)


def _last_quarter(day: date) -> str:
    """The last whole quarter that was over on a day: 2026-11-20 → 2026Q3."""
    quarter = (day.month - 1) // 3
    return f"{day.year}Q{quarter}" if quarter else f"{day.year - 1}Q4"
