"""The sources of an installation, as `[[source]]` sections of budget_watch.toml say.

    [[source]]
    name = "财政一体化"            # unique; letters, digits, Chinese, - and _
    kind = "http"                  # folder, sftp, database, http, demo's own kinds
    timeout_minutes = 30           # after that the run goes on without it
    …                              # what its kind needs, see docs/sources/

A secret is never written in the file: `password_env = "NAME"` names an environment variable,
`password_file = "path"` a file that only the service's account can read.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from budget_watch.lake.home import CONFIGURATION, Home
from budget_watch.refusals import refusals
from ingest.errors import IngestError

T = TypeVar("T", bound="SourceSettings")
NAME = re.compile(r"[\w一-鿿-]{1,40}")


class SettingError(IngestError):
    """A section of the settings is wrong. Says which, what, and what to write."""


class SourceSettings(BaseModel):
    """What all kinds share. A kind's own model extends it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    kind: str
    timeout_minutes: Annotated[float, Field(gt=0, le=24 * 60)] = 60.0
    enabled: bool = True

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not NAME.fullmatch(self.name):
            raise ValueError("name 只能用汉字、字母、数字、- 和 _，不超过 40 字")
        return self


def sections(home: Home) -> list[dict[str, Any]]:
    """The `[[source]]` sections as they stand, in order.

    Raises:
        SettingError: not TOML, no list of tables, a name missing or used twice.
    """
    path = home.root / CONFIGURATION
    if not path.exists():
        return []
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8")).get("source", [])
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"设置文件 {path} 不能读取：{error}。请改正后重新运行。") from error
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise SettingError(f"{path} 的 source 应写成 [[source]] 段，每个数据源一段。")
    names = [str(one.get("name", "")) for one in found]
    for at, name in enumerate(names):
        if not name or name in names[:at]:
            what = f"名称“{name}”重复" if name else "缺少 name"
            raise SettingError(f"{path} 的第 {at + 1} 个 [[source]] {what}；请改正。")
    return found


def read_as(model: type[T], section: Mapping[str, Any]) -> T:
    """A section as its kind's model.

    Raises:
        SettingError: names the source, the key and what is wrong.
    """
    try:
        return model.model_validate(section)
    except ValidationError as error:
        name = section.get("name", "?")
        raise SettingError(
            f"{CONFIGURATION} 中数据源“{name}”写错了：{refusals(error)}。"
        ) from error


def secret(section: str, value: str | None, env: str | None, file: Path | None) -> str | None:
    """A secret by environment variable or file. None where none is configured.

    Raises:
        SettingError: it stands in the settings file itself, or cannot be found.
    """
    if value is not None:
        raise SettingError(f"数据源“{section}”的密码不要写在设置文件里；请用 …_env 或 …_file。")
    if env is not None:
        found = os.environ.get(env)
        if not found:
            raise SettingError(
                f"数据源“{section}”要用的环境变量 {env} 没有设置；请设置后重新运行。"
            )
        return found
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingError(
                f"数据源“{section}”的密钥文件 {file} 读不出：{error.strerror}。"
            ) from error
    return None
