"""The home's baseline day: findings first seen up to it are 存量, without notice or clock."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from pathlib import Path

from budget_watch.lake.home import CONFIGURATION


def baseline_of(root: Path) -> date | None:
    """The day that `[findings] baseline` of the home's settings says; None where it says none.

    Raises:
        ValueError: the file is not TOML, or the setting is no day.
    """
    path = root / CONFIGURATION
    if not path.exists():
        return None
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"设置文件 {path} 不能读取：{error}。请改正后重新运行。") from error
    value = settings.get("findings", {}).get("baseline")
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    raise ValueError(
        f"{path} 的 [findings] baseline 不是日期：{value!r}。"
        "请写成 baseline = 2026-10-31（不加引号）。"
    )
