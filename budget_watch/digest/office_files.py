"""The permission matrix and the audit log as files that an administrator takes away.

Whoever takes one says why, and it is written down before the file is handed out.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from budget_watch.access.granting import require
from budget_watch.audit import Note
from budget_watch.casework.accounts import store_of
from budget_watch.casework.auditing import entries, may_audit, noted
from budget_watch.casework.cases import HERE, Actor
from budget_watch.casework.permission_matrix import matrix, written
from budget_watch.digest.errors import DigestError
from budget_watch.digest.reason import reason_of
from budget_watch.engine import Book
from budget_watch.lake import Home
from budget_watch.views.action_matrix import action_sheet


def matrix_file(
    home: Home, actor: Actor, book: Book, reason: str, ending: str, now: datetime | None = None
) -> bytes:
    """The permission matrix as `.xlsx` or `.csv`, as `users matrix --out` writes it.

    Raises:
        ForbiddenError: the reader's role does not look after permissions.
        DigestError: no reason, or another ending.
    """
    require(store_of(home), actor.grant.role, "matrix")
    why, at = reason_of(reason), now or datetime.now(UTC)
    if ending not in (".xlsx", ".csv"):
        raise DigestError("权限矩阵只导出为 Excel 或 CSV。")
    records = list(matrix(home.root, book))
    details: dict[str, Any] = {"reason": why, "lines": len(records), "ending": ending}
    noted(home, Note(actor.who, "matrix.export", "matrix", "权限矩阵", details, at))
    mark = f"{actor.user} {at.astimezone(HERE):%Y-%m-%d %H:%M} 导出，用途：{why}"
    return written(records, action_sheet(home), ending, mark)


def audit_file(
    home: Home, actor: Actor, reason: str, since: str | None, until: str | None
) -> bytes:
    """Entries of the audit log, a JSON object a line with its code, as `audit export` writes them.

    Args:
        since, until: ISO times, UTC; the first included, the second not.

    Raises:
        ForbiddenError: the reader's role does not look after the audit log.
        DigestError: no reason.
    """
    may_audit(home, actor.grant)
    details = {"reason": reason_of(reason), "since": since, "until": until}
    noted(home, Note(actor.who, "audit.export", "audit", "log", details))
    found = entries(home, actor.grant, since=since, until=until)
    lines = [json.dumps(entry.__dict__, ensure_ascii=False) for entry in found]
    return "".join(f"{line}\n" for line in lines).encode()
