"""The audit log of a home: reading it under a Grant, checking it, anchoring it day by day.

Writing is `audit.append` inside the act's own transaction; `noted` does both for an act that has
nothing else to write.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from budget_watch.access import Grant
from budget_watch.access.granting import require
from budget_watch.audit import (
    Anchor,
    AuditError,
    Entry,
    Note,
    Verdict,
    Who,
    append,
    key_of,
    make_anchor,
    read,
    read_anchors,
    verify,
    write_anchor,
)
from budget_watch.audit.anchor import anchors_folder, own_anchors
from budget_watch.audit.syslog import configured, send
from budget_watch.casework.accounts import store_of
from budget_watch.lake import Home
from budget_watch.lake.state import engine, writing

_HERE = ZoneInfo("Asia/Shanghai")
_SENT = "forwarded.json"


def entries(home: Home, grant: Grant, **wanted: Any) -> Iterator[Entry]:
    """Entries as `audit.read` selects them. That they were looked at is itself written down.

    Raises:
        ForbiddenError: the reader's role does not look after the audit log.
    """
    may_audit(home, grant)
    noted(home, Note(_who(grant), "audit.read", "audit", "log", wanted))
    return _entries(home, wanted)


def _entries(home: Home, wanted: dict[str, Any]) -> Iterator[Entry]:
    with engine(home).connect() as connection:
        yield from read(connection, **wanted)


def may_audit(home: Home, grant: Grant) -> None:
    """See that a reader's role looks after the audit log (审计管理员, or this machine's operator).

    Raises:
        ForbiddenError: it does not.
    """
    require(store_of(home), grant.role, "audit")


def noted(home: Home, *notes: Note) -> list[Entry]:
    """Write notes down in a transaction of their own; the day's first anchors what was before."""
    anchor_log(home, once_a_day=True)
    with writing(home) as connection:
        return append(connection, key_of(home.root), *notes)


def verify_log(home: Home, grant: Grant, elsewhere: Sequence[Path] = ()) -> Verdict:
    """Check the whole log against its key and anchors; the check itself is written down if sound.

    Args:
        elsewhere: anchors kept outside this machine: files, or folders of them.

    Raises:
        AuditError: no key, or no such anchor file.
        ForbiddenError: the reader's role does not look after the audit log.
    """
    may_audit(home, grant)
    anchors = own_anchors(home.root)
    anchors += [found for place in elsewhere for found in read_anchors(place)]
    with engine(home).connect() as connection:
        verdict = verify(connection, key_of(home.root), anchors)
    if verdict.sound and verdict.entries:
        details = {"entries": verdict.entries, "complete_to": verdict.complete_to}
        noted(home, Note(_who(grant), "audit.verify", "audit", "log", details))
    return verdict


def verdict_text(verdict: Verdict) -> str:
    """What a check came to, in a sentence."""
    entries, complete_to = verdict.entries, verdict.complete_to
    if verdict.damages:
        return f"共 {entries} 条，发现 {len(verdict.damages)} 处损坏。请保留现状，报告审计管理员。"
    if not entries:
        return "日志还没有记录。"
    return sound_text(entries, complete_to)


def sound_text(entries: int, complete_to: int) -> str:
    """What a sound log is said to be: whole only as far as an anchor proves it."""
    after = entries - complete_to
    if not complete_to:
        return f"共 {entries} 条，逐条完好。还没有锚，不能断言末尾未被截去（audit anchor）。"
    tail = f"；其后 {after} 条完好，但还没有锚证明末尾未被截去" if after else ""
    return f"共 {entries} 条，逐条完好；到第 {complete_to} 条为止有锚证明没有缺漏{tail}。"


def last_check(home: Home, grant: Grant) -> Entry | None:
    """The entry of the last check that found the log sound; None where none was made.

    Raises:
        ForbiddenError: the reader's role does not look after the audit log.
    """
    may_audit(home, grant)
    return next(_entries(home, {"act": "audit.verify", "limit": 1, "newest": True}), None)


def anchor_log(home: Home, *, once_a_day: bool = False, now: datetime | None = None) -> Path | None:
    """Write an anchor of the log as it stands; None where there is nothing to anchor.

    Args:
        once_a_day: only if today (Asia/Shanghai) has none yet.
    """
    at = now or datetime.now(UTC)
    folder = anchors_folder(home.root)
    name = f"{at.astimezone(_HERE):%Y-%m-%d}"
    if once_a_day and (folder / f"{name}.json").exists():
        return None
    with engine(home).connect() as connection:
        anchor = make_anchor(connection, key_of(home.root), at)
    if anchor is None:
        return None
    return write_anchor(folder, anchor, name if once_a_day else f"{name}-{anchor.seq}")


def latest_anchor(home: Home) -> Anchor | None:
    """The anchor that reaches farthest, to be printed in the digest."""
    found = [anchor for _, anchor in own_anchors(home.root) if anchor]
    return max(found, key=lambda anchor: anchor.seq, default=None)


def forward(home: Home) -> int:
    """Send what is new to the configured log server; returns how many entries.

    The place reached is kept in `<home>/audit/forwarded.json` after sending, so nothing is left
    out; after a break some may be sent twice.

    Raises:
        AuditError: no server is configured, or it does not take them.
    """
    address = configured(home.root)
    if address is None:
        raise AuditError('没有设置日志服务器：在 budget_watch.toml 写 [audit] syslog = "tcp://…"。')
    path = home.root / "audit" / _SENT
    after = json.loads(path.read_text(encoding="utf-8"))["seq"] if path.exists() else 0
    with engine(home).connect() as connection:
        fresh = list(read(connection, after=after))
    sent = send(address, fresh)
    if fresh:
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps({"seq": fresh[-1].seq, "mac": fresh[-1].mac}) + "\n")
        draft.replace(path)
    return sent


def _who(grant: Grant) -> Who:
    return Who(user=grant.user, role=grant.role or "", purpose=grant.purpose)
