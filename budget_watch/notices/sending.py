"""One round of sending: what waits becomes messages, each is tried once if its time has come.

Killed at any instant, the next round goes on. A message counts as sent once the server has taken
it; killed between the server's word and ours, it is sent again with the same id.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime

from budget_watch.lake import Home
from budget_watch.notices.gathering import (
    FAILED,
    SENT,
    WAITING,
    Fault,
    Outgoing,
    claim,
    finish,
    gather,
)
from budget_watch.notices.mail import Post
from budget_watch.notices.message import PRODUCT
from budget_watch.notices.settings import (
    MAIL,
    NoticeError,
    Settings,
    address,
    notice_settings,
)
from budget_watch.notices.webhook import Gateway

Clock = Callable[[], datetime]


@dataclass
class Round:
    """What a round did: messages by how they ended."""

    made: int = 0
    sent: list[Outgoing] = field(default_factory=list)
    put_off: list[tuple[Outgoing, str]] = field(default_factory=list)
    failed: list[tuple[Outgoing, str]] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """For people."""
        said = f"发出 {len(self.sent)} 封"
        if self.put_off:
            said += f"，{len(self.put_off)} 封稍后再试（{self.put_off[-1][1]}）"
        if self.failed:
            said += f"，{len(self.failed)} 封未能发出（{self.failed[-1][1]}）"
        return said + "。"


def send(home: Home, clock: Clock = lambda: datetime.now(UTC)) -> Round:
    """Send what is due.

    Raises:
        NoticeError: the settings are wrong.
    """
    settings, done = notice_settings(home), Round()
    if not settings.channels or not home.exists:
        return done
    with ExitStack() as opened:
        ways: dict[str, Post | Gateway] = {}
        for channel in settings.channels:
            ways[channel] = way(home, settings, channel, clock)
            opened.push(ways[channel].__exit__)
        done.made = gather(home, settings, clock())
        while (out := claim(home, settings, ways, clock())) is not None:
            fault = ways[out.channel].send(out)
            state = finish(home, out, settings, fault, clock())
            _count(done, out, state, fault)
            if fault is not None and fault.away:
                del ways[out.channel]  # the others wait for the next round
    return done


def way(home: Home, settings: Settings, channel: str, clock: Clock) -> Post | Gateway:
    """What a channel's messages are given to.

    Raises:
        NoticeError: it is not configured, or a secret is missing.
    """
    if channel == MAIL and settings.smtp is not None:
        return Post(home, settings.smtp)
    if channel != MAIL and settings.webhook is not None:
        return Gateway(home, settings.webhook, clock)
    raise NoticeError(f"没有设置{'邮件' if channel == MAIL else '网关'}：见 docs/notices.md。")


def try_out(home: Home, channel: str, to: str) -> Fault | None:
    """Give a message of no consequence to a channel; None once it has been taken.

    Raises:
        NoticeError: the channel is not configured, or that is no address.
    """
    settings, now = notice_settings(home), datetime.now(UTC)
    try:
        checked = address(to) if channel == MAIL else to
    except ValueError as error:
        raise NoticeError(f"{error}。") from error
    text = "这是一封试验消息：邮件或网关的设置可用。\n"
    out = Outgoing(
        seq=0,
        id=uuid.uuid4().hex,
        channel=channel,
        user="",
        address=checked,
        title=f"{PRODUCT}：试验消息",
        body=text,
        made_at=now.isoformat(),
        state=WAITING,
        attempts=1,
        next_at="",
        error="",
        done_at=None,
        claimed_by=None,
    )
    with way(home, settings, channel, lambda: now) as opened:
        return opened.send(out)


def _count(done: Round, out: Outgoing, state: str, fault: Fault | None) -> None:
    said = fault.said if fault else ""
    if state == SENT:
        done.sent.append(out)
    elif state == WAITING:
        done.put_off.append((out, said))
    elif state == FAILED:
        done.failed.append((out, said))
