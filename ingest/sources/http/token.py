"""Keeps the bearer token 令牌: fixed by environment or file, or asked for and renewed in time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ingest.settings import SettingError, secret
from ingest.sources.http.answer import at
from ingest.sources.http.faults import WrongAnswer
from ingest.sources.http.settings import HttpSettings, Token

_EARLY = 30.0  # seconds before its end at which a token is no longer used

Ask = Callable[[str, dict[str, str], str], object]  # url, fields, json or form → content


@dataclass
class TokenKeeper:
    """The token of one source. `ask` posts to the token endpoint and returns the answer."""

    source: str
    settings: Token
    ask: Ask
    clock: Callable[[], float] = time.monotonic
    _value: str | None = field(default=None, repr=False)
    _until: float = float("inf")

    def headers(self) -> dict[str, str]:
        """The header that carries the token; asks for one where none is valid."""
        if self._value is None or self.clock() >= self._until:
            self._value = self._fetched() if self.settings.url else self._fixed()
        return {self.settings.header: f"{self.settings.prefix}{self._value}"}

    def renew(self) -> bool:
        """After a 401: whether there is another token to try."""
        before, self._value = self._value, None
        if self.settings.url:
            return True
        self._value = self._fixed()
        return self._value != before

    def _fixed(self) -> str:
        value = secret(self.source, None, self.settings.env, self.settings.file)
        if not value:
            raise SettingError(f"数据源“{self.source}”的令牌是空的；请写入后重新运行。")
        return value

    def _fetched(self) -> str:
        told = self.settings
        password = secret(self.source, None, told.client_secret_env, told.client_secret_file)
        given = {
            "grant_type": "client_credentials",
            "client_id": told.client_id,
            "client_secret": password or "",
        }
        content = self.ask(str(told.url), given, told.body)
        value = at(content, told.field)
        if not isinstance(value, str) or not value:
            raise WrongAnswer(f"取令牌的答复里没有 {told.field}")
        self._until = self._end(at(content, told.expires))
        return value

    def _end(self, seconds: object) -> float:
        try:
            lasts = float(str(seconds))
        except ValueError:
            return float("inf")
        return self.clock() + max(lasts - _EARLY, lasts / 2)


def keeper(settings: HttpSettings, ask: Ask) -> TokenKeeper | None:
    """The keeper of a source's token; None where it has none."""
    return TokenKeeper(settings.name, settings.token, ask) if settings.token else None
