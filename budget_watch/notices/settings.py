"""How notices go out, as `[notices]` of budget_watch.toml says; nothing does where it says nothing.

    [notices]
    url = "https://budget.example.gov.cn"   # what links begin with
    when = "gathered"                       # or "daily": one message a day, at `daily_at`
    gather_minutes = 10                     # what comes within them is one message
    quiet = "20:00-08:00"                   # nothing goes out then
    workdays_only = true
    details = false                         # true: titles of rules and numbers of cases in mail

    [notices.smtp]                          # see Smtp
    [notices.webhook]                       # see Webhook

A secret is never written in the file: `password_env` names an environment variable,
`password_file` a file.
"""

from __future__ import annotations

import os
import ssl
from datetime import datetime, time
from email.utils import parseaddr
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from budget_watch.calendar.days import standard_calendar
from budget_watch.casework.cases import HERE
from budget_watch.casework.errors import CaseworkError
from budget_watch.lake import Home
from budget_watch.lake.section import read_section

MAIL, WEBHOOK = "mail", "webhook"
CHANNELS = {MAIL: "邮件", WEBHOOK: "网关"}


class NoticeError(CaseworkError):
    """A notice cannot be sent, or the settings of notices are wrong. Says what to do."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Smtp(_Section):
    """`[notices.smtp]`: the mail server.

    Attributes:
        security: `tls` from the first byte (465), `starttls` (587), `none` inside a machine room.
        sender: what stands in From.
        ca_file: certificate of an authority of one's own, PEM.
    """

    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: str
    user: str | None = None
    password_env: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    seconds: float = Field(default=30, gt=0, le=60)

    @field_validator("sender")
    @classmethod
    def _address(cls, value: str) -> str:
        return address(value)


class Webhook(_Section):
    """`[notices.webhook]`: the gateway of 浙政钉, 粤政易 and the like."""

    url: str
    secret_env: str | None = None
    secret_file: Path | None = None
    ca_file: Path | None = None
    seconds: float = Field(default=30, gt=0, le=60)

    @field_validator("url")
    @classmethod
    def _http(cls, value: str) -> str:
        return web_address(value)


class Settings(_Section):
    """`[notices]`.

    Attributes:
        attempts: how often a message is tried before it is given up.
    """

    url: str | None = None
    details: bool = False
    when: Literal["gathered", "daily"] = "gathered"
    gather_minutes: float = Field(default=10, ge=0, le=1440)
    daily_at: time = time(8, 30)
    quiet: str | None = "20:00-08:00"
    workdays_only: bool = True
    attempts: int = Field(default=8, ge=1, le=50)
    smtp: Smtp | None = None
    webhook: Webhook | None = None

    @field_validator("daily_at", mode="before")
    @classmethod
    def _clock_time(cls, value: object) -> object:
        return clock_time(value) if isinstance(value, str) else value

    @field_validator("quiet")
    @classmethod
    def _span(cls, value: str | None) -> str | None:
        if value:
            _ends(value)
        return value

    @field_validator("url")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        return None if value is None else web_address(value).rstrip("/")

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that are configured."""
        configured = {MAIL: self.smtp, WEBHOOK: self.webhook}
        return tuple(name for name, found in configured.items() if found is not None)

    def quiet_at(self, home: Home, now: datetime) -> bool:
        """Whether nothing goes out at this moment: quiet hours, or no working day."""
        local = now.astimezone(HERE)
        if self.workdays_only and not standard_calendar(home.calendar_file).is_workday(
            local.date()
        ):
            return True
        if not self.quiet:
            return False
        since, until = _ends(self.quiet)
        at = local.time()
        return since <= at < until if since <= until else at >= since or at < until


def notice_settings(home: Home) -> Settings:
    """The section as it stands now; all defaults where there is none.

    Raises:
        NoticeError: says which key is wrong.
    """
    return read_section(home, "notices", Settings, NoticeError)


def secret(home: Home, what: str, env: str | None, file: Path | None) -> str | None:
    """A secret by environment variable or file (relative to the home). None where none is named.

    Raises:
        NoticeError: it cannot be found.
    """
    if env is not None:
        found = os.environ.get(env)
        if not found:
            raise NoticeError(f"{what}要用的环境变量 {env} 没有设置；请设置后重新运行。")
        return found
    if file is not None:
        try:
            return (home.root / file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise NoticeError(f"{what}的密钥文件 {file} 读不出：{error.strerror}。") from error
    return None


def tls(home: Home, ca_file: Path | None) -> ssl.SSLContext:
    """Certificates are always verified; an authority of one's own may be named.

    Raises:
        NoticeError: its file cannot be read.
    """
    try:
        made = ssl.create_default_context(cafile=ca_file and str(home.root / ca_file))
    except (OSError, ssl.SSLError) as error:
        told = f"[notices] 的 ca_file {ca_file} 读不出（{error}），应为 PEM。"
        raise NoticeError(told) from error
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made


def address(value: str) -> str:
    """A mail address, with or without a name before it. Raises ValueError."""
    _, plain = parseaddr(value)
    local, _, domain = plain.rpartition("@")
    if not local or not domain or not value.isprintable() or any(c.isspace() for c in plain):
        raise ValueError(f"“{value}”不是邮件地址；请写成 name@example.gov.cn")
    return value


def web_address(value: str) -> str:
    """An address that begins with http:// or https://. Raises ValueError."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"“{value}”不是网址；请写成 https://…")
    return value


def clock_time(value: str) -> time:
    """`08:30`. Raises ValueError."""
    try:
        return time.fromisoformat(value)
    except ValueError:
        raise ValueError(f"“{value}”不是时刻；请写成 08:30") from None


def _ends(span: str) -> tuple[time, time]:
    since, dash, until = span.partition("-")
    if not dash:
        raise ValueError(f"“{span}”不是一段时间；请写成 20:00-08:00")
    return clock_time(since.strip()), clock_time(until.strip())
