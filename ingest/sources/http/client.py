"""Asks the interface, one answer at a time: signed, with token, again where it may help."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_after_attempt,
    wait_exponential_jitter,
)

from ingest.settings import secret
from ingest.source import Errand, SourceFault
from ingest.sources.http.answer import at, parsed
from ingest.sources.http.faults import Denied, Passing, WrongAnswer
from ingest.sources.http.settings import HttpSettings
from ingest.sources.http.signing import Signer, query_text
from ingest.sources.http.token import TokenKeeper, keeper
from ingest.sources.http.wire import connection, origin, unverified

T = TypeVar("T")
_REDIRECTS = 3
_LONGEST_ASKED = 600.0  # seconds that Retry-After may ask for
_AGAIN = frozenset({408, 425, 429})
_TYPES = {"json": "application/json", "form": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Answer:
    """What came back: the content with exact figures, the headers, and from where."""

    content: Any
    headers: httpx.Headers
    url: httpx.URL


@dataclass
class Client:
    """One source's way to its interface, for one errand. Used by one thread."""

    settings: HttpSettings
    errand: Errand
    http: httpx.Client = field(init=False)
    base: httpx.URL = field(init=False)
    token: TokenKeeper | None = field(init=False)
    signer: Signer | None = field(init=False)

    def __post_init__(self) -> None:
        told = self.settings
        self.http = connection(told)
        self.base = httpx.URL(told.base_url.rstrip("/") + "/")
        self.token = keeper(told, self._ask_token)
        self.signer = None
        if told.signing:
            key = secret(told.name, None, told.signing.secret_env, told.signing.secret_file)
            self.signer = Signer(told.signing, (key or "").encode())

    def close(self) -> None:
        """Give the connections back."""
        self.http.close()

    def url(self, path: str) -> httpx.URL:
        """The address of a path below base_url, or of a link the interface gave.

        Raises:
            SourceFault: it leads to another host than the configured one.
        """
        found = self.base.join(path)
        if origin(found) != origin(self.base):
            raise self._elsewhere(found)
        return found

    def get(self, path: str, params: Iterable[tuple[str, str]], read: Callable[[Answer], T]) -> T:
        """Ask, read the answer, and ask again while it is worth it.

        Args:
            path: below base_url, or a link of the interface (whose own query stays).
            read: makes something of the answer; raises WrongAnswer where it cannot be right.

        Raises:
            SourceFault: refused, or still failing after the last try. Stopped: see Errand.
        """
        url = self.url(path)
        pairs = (*parse_qsl(url.query.decode(), keep_blank_values=True), *params)
        url = url.copy_with(query=query_text(pairs).encode() or None)

        def once() -> T:
            self.errand.go_on()
            return read(self._answer(url))

        return self._tries()(once)

    def _tries(self) -> Retrying:
        return Retrying(
            stop=stop_after_attempt(self.settings.tries),
            wait=self._pause,
            retry=retry_if_exception_type(Passing),
            sleep=sleep_using_event(self.errand.stop),
            before_sleep=self._tell,
            retry_error_callback=self._given_up,
        )

    def _pause(self, state: RetryCallState) -> float:
        """Seconds to wait: what the interface asks for, or longer and longer with some chance."""
        told = self.settings
        error = state.outcome.exception() if state.outcome else None
        after = error.after if isinstance(error, Passing) else None
        if after is not None:
            return min(max(after, 0.0), _LONGEST_ASKED)
        growing = wait_exponential_jitter(
            told.wait_seconds, told.longest_wait_seconds, jitter=told.wait_seconds
        )
        return growing(state)

    def _tell(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        wait = state.next_action.sleep if state.next_action else 0
        self.errand.tell(f"{error}；{wait:.0f} 秒后第 {state.attempt_number + 1} 次取")

    def _given_up(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        raise SourceFault(
            f"数据源“{self.settings.name}”连续 {state.attempt_number} 次没有取到：{error}。"
            "已取的页保留，下次运行从停下的地方继续；请联系接口的维护人员。"
        ) from error

    def _answer(self, url: httpx.URL) -> Answer:
        """One request; a token that is no longer valid is renewed once."""
        for last in (False, True):
            try:
                return self._checked(url)
            except Denied as error:
                if error.status != 401 or last or not (self.token and self.token.renew()):
                    raise
        raise AssertionError("the second denial is raised")

    def _checked(self, url: httpx.URL) -> Answer:
        answer = self._followed("GET", url)
        told = self.settings.envelope
        if told.code:
            code = str(at(answer.content, told.code))
            words = " ".join(str(at(answer.content, told.message) or "").split())[:120]
            if code in told.expired:
                raise Denied(self._words(url, f"令牌无效（{code} {words}）"), 401)
            if code not in told.ok:
                raise Passing(f"{url.path} 答复错误 {code} {words}".strip())
        return answer

    def _followed(self, method: str, url: httpx.URL, body: bytes = b"", kind: str = "") -> Answer:
        for _ in range(_REDIRECTS + 1):
            found = self._sent(method, url, body, kind)
            if isinstance(found, Answer):
                return found
            url = found
        raise SourceFault(self._words(url, "重定向次数过多"))

    def _sent(self, method: str, url: httpx.URL, body: bytes, kind: str) -> Answer | httpx.URL:
        """One exchange: the answer, or where it was redirected to."""
        headers = {"Content-Type": _TYPES[kind]} if kind else {}
        if not kind and self.token:
            headers |= self.token.headers()
        if self.signer and origin(url) == origin(self.base):
            raw = url.raw_path.decode().partition("?")
            headers |= self.signer.headers(method, raw[0], raw[2], body)
        try:
            with self.http.stream(method, url, content=body or None, headers=headers) as response:
                return self._received(url, response)
        except httpx.TimeoutException as error:
            raise Passing(f"{url.path} 超时没有答复") from error
        except httpx.DecodingError as error:
            raise WrongAnswer(f"{url.path} 的压缩内容不完整") from error
        except httpx.TransportError as error:
            if unverified(error):
                raise SourceFault(
                    self._words(url, "对方证书核验不通过（不是可信机构签发、过期或名称不符）")
                ) from error
            raise Passing(f"{url.path} 连接中断或连不上（{str(error)[:80]}）") from error

    def _received(self, url: httpx.URL, response: httpx.Response) -> Answer | httpx.URL:
        status = response.status_code
        if response.is_redirect:
            target = url.join(response.headers["location"])
            if origin(target) != origin(url):
                raise self._elsewhere(target)
            return target
        if status in _AGAIN or status >= 500:
            raise Passing(f"{url.path} 答复 {status}", _after(response.headers))
        body = self._body(url, response)
        if status >= 400:
            words = self._said(body)
            why = {401: self._unknown(), 403: "没有权限或验签不通过"}.get(status, "请求被拒绝")
            raise Denied(self._words(url, f"{why}（{status} {words}）"), status)
        if status != 200:
            raise WrongAnswer(f"{url.path} 答复 {status}，没有内容")
        return Answer(parsed(body), response.headers, url)

    def _unknown(self) -> str:
        """What a 401 may mean: only what was sent can be wrong."""
        if self.signer is None:
            return "令牌无效或已过期"
        if self.token is None:
            return "验签不通过，请核对签名的密钥和写法"
        return "令牌无效或已过期，或者验签不通过"

    def _body(self, url: httpx.URL, response: httpx.Response) -> bytes:
        """The body, bounded in time and size."""
        told = self.settings
        until = time.monotonic() + told.answer_seconds
        got = bytearray()
        for block in response.iter_bytes(1 << 16):
            got += block
            if len(got) > told.answer_mb << 20:
                raise SourceFault(
                    self._words(url, f"一页超过 {told.answer_mb} MB；请改小 page_size")
                )
            if time.monotonic() > until:
                raise Passing(f"{url.path} 的答复 {told.answer_seconds:.0f} 秒还没有收完")
            self.errand.go_on()
        return bytes(got)

    def _said(self, body: bytes) -> str:
        """The interface's own words in an error: its message, or the beginning of the body."""
        text: object = body.decode("utf-8", "replace")
        with suppress(WrongAnswer):  # as an error page for people is
            text = at(parsed(body), self.settings.envelope.message) or text
        return " ".join(str(text).split())[:120]

    def _ask_token(self, path: str, given: dict[str, str], kind: str) -> object:
        """Post to the token endpoint. Its address is configured, so it may be another host."""
        url = self.base.join(path)
        body = json.dumps(given) if kind == "json" else urlencode(given)
        try:
            return self._followed("POST", url, body.encode(), kind).content
        except Denied as error:  # no 401 of the list: the password is wrong, not the token
            raise SourceFault(f"{error}这是取令牌的请求，请核对 client_id 和密钥。") from error

    def _elsewhere(self, url: httpx.URL) -> SourceFault:
        return SourceFault(
            f"数据源“{self.settings.name}”要转到另一地址 {url.scheme}://{url.host}，已拒绝："
            "本系统只连接设置里写明的地址；确应如此时请改 base_url。"
        )

    def _words(self, url: httpx.URL, what: str) -> str:
        return f"数据源“{self.settings.name}”{url.path} {what}；请核对设置后重新运行。"


def _after(headers: httpx.Headers) -> float | None:
    """Seconds that Retry-After asks for (a number or a date); None where it says nothing."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isdigit():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
