"""The audit log for a log server, as RFC 5424 lines over UDP, TCP (RFC 6587 counted) or a socket.

Nothing is sent unless the settings name the server: `[audit] syslog = "tcp://10.1.2.3:514"`
(or `udp://…`, `unix:///dev/log`). Each line carries the entry's number and code, so that the
server's copy is an anchor as well.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from budget_watch.audit.entry import Entry
from budget_watch.audit.errors import AuditError
from budget_watch.audit.key import settings

_AUDIT, _NOTICE = 13, 5  # facility "log audit", severity "notice"
_ENTERPRISE = "bw@32473"  # 32473 is the number that RFC 5612 keeps for examples and private use
_SECONDS = 10


def line(entry: Entry, host: str) -> bytes:
    """One entry as a line of RFC 5424: structured data, then the details as its message."""
    names = ("seq", "mac", "user", "role", "session", "purpose", "kind", "subject")
    data = " ".join(f'{name}="{_escaped(str(getattr(entry, name)))}"' for name in names)
    message_id = entry.act[:32] if entry.act.isascii() and entry.act.isprintable() else "-"
    head = f"<{_AUDIT * 8 + _NOTICE}>1 {entry.at} {host} budget-watch - {message_id}"
    return f"{head} [{_ENTERPRISE} {data}] \ufeff{entry.details}".encode()


def configured(root: Path) -> str | None:
    """The server that the settings name, if any.

    Raises:
        AuditError: it is not written as an address.
    """
    named = settings(root).get("syslog")
    if named is None:
        return None
    if not isinstance(named, str) or urlsplit(named).scheme not in ("udp", "tcp", "unix"):
        raise AuditError(
            '设置 [audit] syslog 应写成 "tcp://主机:514"、"udp://主机:514" 或 "unix:///dev/log"。'
        )
    return named


def send(address: str, entries: Iterable[Entry], host: str | None = None) -> int:
    """Send entries to the server; returns how many were handed over.

    UDP and TCP syslog give no receipt: handed over is all that can be known here.

    Raises:
        AuditError: the server does not take them.
    """
    name = host or socket.gethostname() or "-"
    sent = 0
    try:
        with _open(address) as (channel, counted):
            for entry in entries:
                data = line(entry, name)
                channel.sendall(b"%d %b" % (len(data), data) if counted else data)
                sent += 1
    except OSError as error:
        raise AuditError(
            f"审计日志没有送到 {address}：{error}（已送出 {sent} 条）。"
            "请核对 [audit] syslog 和日志服务器，然后重新运行；送过的不会漏，可能重复。"
        ) from error
    return sent


class _open:
    """A connected socket, and whether its lines are counted (streams have no borders)."""

    def __init__(self, address: str) -> None:
        self._parts = urlsplit(address)

    def __enter__(self) -> tuple[socket.socket, bool]:
        parts = self._parts
        if parts.scheme == "unix":
            self._channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._channel.connect(parts.path)
            return self._channel, False
        place = (parts.hostname or "", parts.port or 514)
        if parts.scheme == "tcp":
            self._channel = socket.create_connection(place, timeout=_SECONDS)
            return self._channel, True
        family, kind, proto, _, target = socket.getaddrinfo(*place, type=socket.SOCK_DGRAM)[0]
        self._channel = socket.socket(family, kind, proto)
        self._channel.connect(target)
        return self._channel, False

    def __exit__(self, *_: object) -> None:
        self._channel.close()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")
