"""The gateway of 浙政钉, 粤政易 and the like: POST of JSON, signed as Standard Webhooks says.

`webhook-id` is the message's own id, the same however often it is tried, so that the gateway can
know a repeat; `webhook-signature` is `v1,` and base64 of HMAC-SHA256 over id.timestamp.body
(https://www.standardwebhooks.com). No redirect is followed, no proxy of the environment used.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx

from budget_watch.lake import Home
from budget_watch.notices.gathering import Fault, Outgoing
from budget_watch.notices.settings import NoticeError, Webhook, secret, tls

_OURS = (401, 403, 404)  # settings of ours, or of the gateway: nothing to do with one message
_AGAIN = (408, 409, 425, 429)  # refusals that may end by themselves


class Gateway:
    """A gateway to which messages are given; use as a context manager."""

    def __init__(
        self,
        home: Home,
        settings: Webhook,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings, self._clock = settings, clock
        said = secret(home, "网关", settings.secret_env, settings.secret_file)
        if said is None:
            raise NoticeError("[notices.webhook] 要写 secret_env 或 secret_file：消息须签名。")
        self._key = key_of(said)
        self._client = httpx.Client(
            verify=tls(home, settings.ca_file),
            trust_env=False,
            follow_redirects=False,
            timeout=settings.seconds,
            headers={"User-Agent": "budget-watch", "Accept": "application/json"},
        )

    def __enter__(self) -> Gateway:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def send(self, out: Outgoing) -> Fault | None:
        """Give one message to the gateway; None once it has said 2xx."""
        at = str(int(self._clock().timestamp()))
        data = {"to": out.address, "title": out.title, "text": out.body}
        told = {"type": "notice", "timestamp": out.made_at, "data": data}
        body = json.dumps(told, ensure_ascii=False, sort_keys=True).encode()
        headers = {"Content-Type": "application/json", "webhook-id": out.id}
        headers |= {
            "webhook-timestamp": at,
            "webhook-signature": signed(self._key, out.id, at, body),
        }
        try:
            with self._client.stream(
                "POST", self._settings.url, content=body, headers=headers
            ) as answer:
                return _fault(answer)
        except httpx.HTTPError as error:
            why = str(error) or type(error).__name__
            return Fault(f"网关 {self._settings.url} 连不上或中断：{why}", away=True)


def signed(key: bytes, number: str, at: str, body: bytes) -> str:
    """The signature of a message."""
    made = hmac.new(key, f"{number}.{at}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(made.digest()).decode()}"


def key_of(secret: str) -> bytes:
    """The key that a secret stands for: `whsec_` and base64, or the text itself."""
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise NoticeError("网关的密钥以 whsec_ 开头，其后应是 base64。") from error


def _fault(answer: httpx.Response) -> Fault | None:
    if answer.is_success:
        return None
    code = answer.status_code
    for_good = 300 <= code < 500 and code not in (*_AGAIN, *_OURS)
    asked = answer.headers.get("Retry-After", "")
    wait = timedelta(seconds=min(int(asked), 86400)) if asked.isdigit() else None
    away = code >= 500 or code == 429 or code in _OURS
    return Fault(f"网关答复 {code} {answer.reason_phrase}", for_good, wait, away)
