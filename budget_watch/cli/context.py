"""What every command is given: where the installation is, and its settings."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from budget_watch.access import Grant
    from budget_watch.engine import Book
    from budget_watch.lake import Home

CONFIGURATION = "budget_watch.toml"
TEMPLATE = """# budget_watch 的设置。改后重新运行命令即生效。

[committee]
name = "示范市人大常委会预算工作委员会"
region = "990100000"        # 本级区划代码，9 位

[digest]
schedule = ["quarter"]      # 季度结束、月报到齐后自动编写，等待签发；还有 "month" "half" "year"
# signer = "王五"            # 首页的签发人、报送范围；不写印“待签发”，在系统里签发发布时填签发的人
# reach = "市人大常委会组成人员、财政经济委员会"

[findings]
# 在这一天或以前首次发现的疑点算存量：列出，但不发通知、不计期限。
# baseline = 2026-10-31
"""

AsOption = Annotated[
    str | None,
    typer.Option("--as", help="以谁的权限查看，账号或 账号:角色[#批准号]；缺省为本机操作员"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="每行一个 JSON 对象")]


@dataclass(frozen=True)
class Context:
    """The installation a command works on.

    Attributes:
        root: the home folder.
    """

    root: Path

    def existing(self) -> Home:
        """The home, which must be there already: a mistyped folder is not made by reading it.

        Raises:
            FileNotFoundError: there is no such home.
        """
        if not self.home.exists:
            raise FileNotFoundError(
                f"{self.root} 里没有数据。请核对 --home，或先运行 budget-watch init、load 或 demo。"
            )
        return self.home

    @property
    def home(self) -> Home:
        """The lake's home at this folder."""
        from budget_watch.lake import Home

        return Home(self.root)

    def grant(self, user: str | None, purpose: str) -> Grant:
        """Whose eyes a reading command has: `--as`, or the local operator's.

        Raises:
            AccessError: no such account, or no role of it in force.
        """
        from budget_watch.casework.accounts import grant_as

        return grant_as(self.home, user, purpose)

    @property
    def settings(self) -> dict[str, Any]:
        """The parsed configuration, empty where there is none.

        Raises:
            ValueError: the file is not valid TOML; says where.
        """
        path = self.root / CONFIGURATION
        if not path.exists():
            return {}
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"设置文件 {path} 不能读取：{error}。请改正后重新运行。") from error

    @property
    def baseline(self) -> date | None:
        """The day up to which first-seen findings are 存量.

        Raises:
            ValueError: the setting is no day.
        """
        from budget_watch.casework.baseline import baseline_of

        return baseline_of(self.root)

    def book(self) -> Book:
        """The rule book with the home's overlay."""
        from budget_watch.casework.checking import rule_book

        return rule_book(self.root)


def one_of(option: str, value: str | None, words: Mapping[str, str]) -> str | None:
    """An option's value out of a closed list; its Chinese word will do as well.

    Raises:
        typer.BadParameter: none of them.
    """
    if value is None:
        return None
    for name, word in words.items():
        if value in (name, word):
            return name
    known = "、".join(f"{name}（{word}）" if word else name for name, word in words.items())
    raise typer.BadParameter(f"{option} 没有“{value}”，可用 {known}。")


def parse_day(text: str | None) -> date | None:
    """An option's ``YYYY-MM-DD``.

    Raises:
        typer.BadParameter: not a day.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"日期 {text} 不对，请写成 2026-11-20 这样。") from None
