"""What a `kind = "http"` section of budget_watch.toml says (docs/sources/http.md: each key)."""

from __future__ import annotations

import ipaddress
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from budget_watch.tables import Contract, contract
from ingest.settings import SourceSettings

Take = Literal["increment", "day", "month", "year", "all"]
_HOLDERS = frozenset({"start", "end", "after", "year", "month", "day"})
HOLDER = re.compile(r"\{(\w+)\}")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Token(_Part):
    """The bearer token 令牌: fixed (`env` or `file`), or asked for at `url` and renewed."""

    env: str | None = None
    file: Path | None = None
    url: str | None = None
    client_id: str = ""
    client_secret_env: str | None = None
    client_secret_file: Path | None = None
    body: Literal["json", "form"] = "json"
    field: str = "access_token"
    expires: str = "expires_in"
    header: str = "Authorization"
    prefix: str = "Bearer "

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(one is not None for one in (self.env, self.file, self.url)) != 1:
            raise ValueError("token 应写 env、file、url 之中的一个")
        if self.url and not (self.client_secret_env or self.client_secret_file):
            raise ValueError("token.url 要同时写 client_id 和 client_secret_env（或 …_file）")
        return self


class Signing(_Part):
    """How requests are signed 验签: an HMAC over method, path, query, body, time and nonce."""

    key_id: str
    secret_env: str | None = None
    secret_file: Path | None = None
    method: Literal["HMAC-SHA256", "HMAC-SM3"] = "HMAC-SHA256"
    key_header: str = "X-App-Key"
    time_header: str = "X-Timestamp"
    nonce_header: str = "X-Nonce"
    sign_header: str = "X-Signature"


class Paging(_Part):
    """How a listing is cut into pages, and where things stand in an answer (dotted paths)."""

    kind: Literal["page", "cursor", "link"] = "page"
    page: str = "page"
    first: int = 1
    size: str = "size"
    cursor: str = "cursor"
    rows: str = "data.rows"
    total: str = "data.total"
    next: str = "data.next"
    snapshot: str = ""
    steady: bool = False


class Envelope(_Part):
    """How an answer of status 200 says that it is an error: `code` is none of `ok`."""

    code: str = ""
    ok: tuple[str, ...] = ("0", "200")
    expired: tuple[str, ...] = ("401",)
    message: str = "message"


class Resource(_Part):
    """One list of the interface, and the table that it fills.

    Attributes:
        table: contract code.
        path: below base_url.
        take: `increment` asks what changed, by update time; the others ask for all rows of each
            day, month, year, or for everything.
        name: tells two resources of one table apart.
        params: sent with each request; {start} {end} {after} {year} {month} {day} are the slot's
            (`after` is the day after its end).
        fields: their name → ours, where they differ in more than upper and lower case.
        absent: columns of the contract that the interface does not have.
        nulls: whether empty fields are sent as null or left out.
        updated: their field of the update time.
        reread: how many closed days (months, years) are asked for again each time.
        follow: also asks what changed, and asks again for the older days (months, years) of it.
    """

    table: str
    path: str
    take: Take = "increment"
    name: str = ""
    params: dict[str, str] = Field(default_factory=dict)
    fields: dict[str, str] = Field(default_factory=dict)
    absent: tuple[str, ...] = ()
    nulls: Literal["sent", "omitted"] = "sent"
    updated: str = "update_time"
    since: str = "updated_since"
    until: str = "updated_until"
    time_format: str = "%Y-%m-%d %H:%M:%S"
    overlap_minutes: Annotated[int, Field(ge=1, le=7 * 24 * 60)] = 60
    reread: Annotated[int, Field(ge=0, le=400)] = 3
    follow: bool = False
    paging: Paging | None = None

    @property
    def contract(self) -> Contract:
        """The table's contract."""
        return contract(self.table)

    @property
    def title(self) -> str:
        """Table and name, as people and folders know it."""
        return f"{self.table}-{self.name}" if self.name else self.table

    @property
    def columns(self) -> tuple[str, ...]:
        """The delivered columns that every row has, in the contract's order."""
        delivered = (column.delivered_as or column.name for column in self.contract.columns)
        return tuple(name for name in delivered if name not in self.absent)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        try:
            described = contract(self.table)
        except Exception as error:  # the book's own words say what there is
            raise ValueError(str(error)) from error
        if self.table != described.code:
            raise ValueError(f"table 请写报表编号 {described.code}")
        known = {column.delivered_as or column.name for column in described.columns}
        unknown = [one for one in (*self.absent, *self.fields.values()) if one not in known]
        if unknown:
            raise ValueError(f"{self.table} 没有列 {unknown[0]}（写在 absent 或 fields 里）")
        for column in described.columns:
            if column.required and (column.delivered_as or column.name) in self.absent:
                raise ValueError(
                    f"{self.table} 的 {column.name}（{column.title}）是必填列，不能 absent"
                )
        if self.follow and (self.take in ("increment", "all") or not described.date_column):
            raise ValueError("follow 只用于按 day、month、year 取、且有业务日期列的报表")
        if self.name and not re.fullmatch(r"[\w-]{1,20}", self.name):
            raise ValueError("resource.name 只能用汉字、字母、数字、- 和 _，不超过 20 字")
        for text in self.params.values():
            wrong = [name for name in HOLDER.findall(text) if name not in _HOLDERS]
            if wrong:
                raise ValueError(
                    f"params 里没有 {{{wrong[0]}}}；可用的有 {'、'.join(sorted(_HOLDERS))}"
                )
        return self


class HttpSettings(SourceSettings):
    """A `[[source]]` of kind http.

    Attributes:
        start: first day whose data is wanted; before it nothing is asked.
        regions: codes for which the interface speaks; a slot without rows then counts as delivered
            for them.
        plain_http: says that the interface has no TLS and the network between is trusted.
        proxy: used only if written here; the environment's is passed over.
        ca_file, cert_file, key_file: PEM files of a private authority and of the client.
    """

    kind: Literal["http"]
    base_url: str
    start: date
    regions: tuple[str, ...] = ()
    plain_http: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    proxy: str | None = None
    page_size: Annotated[int, Field(ge=1, le=100_000)] = 1000
    connect_seconds: Annotated[float, Field(gt=0, le=600)] = 10
    read_seconds: Annotated[float, Field(gt=0, le=3600)] = 60
    answer_seconds: Annotated[float, Field(gt=0, le=3600)] = 300
    answer_mb: Annotated[int, Field(gt=0, le=1024)] = 64
    tries: Annotated[int, Field(ge=1, le=20)] = 6
    wait_seconds: Annotated[float, Field(gt=0, le=60)] = 1
    longest_wait_seconds: Annotated[float, Field(gt=0, le=3600)] = 120
    passes: Annotated[int, Field(ge=2, le=20)] = 5
    token: Token | None = None
    signing: Signing | None = None
    paging: Paging = Paging()
    envelope: Envelope = Envelope()
    resource: tuple[Resource, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _safe(self) -> Self:
        for url in (self.base_url, self.token.url if self.token and self.token.url else None):
            if url is not None and "://" in url:
                self._check(url)
        if "://" not in self.base_url:
            raise ValueError("base_url 应写全，如 https://10.1.2.3:8443/api/")
        titles = [one.title for one in self.resource]
        twice = [title for title in titles if titles.count(title) > 1]
        if twice:
            raise ValueError(f"{twice[0]} 有两个 [[source.resource]]；请用 name 区别")
        return self

    def _check(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.username or parts.password:
            raise ValueError("地址里不要写用户名和密码")
        if parts.scheme == "https" or (parts.scheme == "http" and self.plain_http):
            return
        if parts.scheme == "http" and _this_machine(parts.hostname or ""):
            return
        raise ValueError("地址应以 https:// 开头；确无 TLS 而网络可信时写 plain_http = true")


def _this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
