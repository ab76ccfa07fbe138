"""Texts of reports that a session debates (政府预算报告 …): Word files, kept with who gave them.

The newest of each name counts; nothing is deleted. All who take part read them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from zipfile import BadZipFile

import docx
import sqlalchemy as sa
from docx.opc.exceptions import OpcError

from budget_watch.audit import Note
from budget_watch.casework.auditing import noted
from budget_watch.casework.cases import Actor, today_of
from budget_watch.casework.errors import ActError, CaseworkError
from budget_watch.casework.file_check import FileRefusedError, checked_file
from budget_watch.casework.file_store import Attachment, bytes_of, keep
from budget_watch.congress.errors import UnknownCongressError
from budget_watch.congress.session import Congress, CongressDesk, acts_of, get_congress
from budget_watch.congress.steps import CongressDone, kept_congress, take_step
from budget_watch.lake import Home
from budget_watch.lake.state import engine

REPORT = "report"
MOST_PARAGRAPHS = 5000


def add_report(
    home: Home,
    actor: Actor,
    number: str,
    name: str,
    content: bytes,
    *,
    request: str | None = None,
    now: datetime | None = None,
) -> CongressDone:
    """Add the text of a report, a Word file.

    Raises:
        UnknownCongressError: no such session, or not theirs.
        ActError, FileRefusedError: not a keeper, no Word file, or nothing in it.
    """
    desk, at = CongressDesk.of(home), now or datetime.now(UTC)
    with engine(home).connect() as connection:  # nobody else's file is opened
        kept_congress(connection, desk, actor, number, today_of(at))
    plain, kind = checked_file(name, content)
    if not plain.lower().endswith(".docx"):
        raise FileRefusedError(f"“{plain}”不是 docx；报告文本请存为 Word 文档（docx）再传。")
    if not paragraphs(content):
        raise FileRefusedError(f"“{plain}”里没有文字；扫描件请先转成文字。")
    said = {"name": plain, "media": kind.media, "size": len(content)}

    def work(_: sa.Connection, one: Congress) -> tuple[dict[str, Any], None]:
        if one.closed_at is not None:
            raise ActError(f"会次 {one.id} 已经闭会。")
        return {**said, "hash": keep(home, content)}, None

    return take_step(home, desk, actor, number, REPORT, kept_congress, work, request, at)


def reports_of(home: Home, number: str) -> list[Attachment]:
    """The texts of a session, the newest first, of one name only the newest; callers cut them."""
    found: dict[str, Attachment] = {}
    for act in acts_of(home, number):
        if act["step"] == REPORT:
            given: Any = act["given"]
            who = {key: str(act[key]) for key in ("user", "role", "at")}
            found.pop(given["name"], None)
            found[given["name"]] = Attachment(**{**given, **who})
    return list(found.values())[::-1]


def read_report(home: Home, actor: Actor, number: str, digest: str) -> tuple[Attachment, bytes]:
    """The file of a report of a session that the reader sees; that it was read is written down.

    Raises:
        UnknownCongressError: no such session or report, or not theirs to see.
        FileLostError: it is not what it was.
    """
    one = get_congress(home, actor, number, today_of())
    found = next((each for each in reports_of(home, one.id) if each.hash == digest), None)
    if found is None:
        raise UnknownCongressError(number)
    content = bytes_of(home, found)
    noted(home, Note(actor.who, "attachment.read", "attachment", digest, {"congress": one.id}))
    return found, content


def paragraphs(content: bytes) -> tuple[str, ...]:
    """The paragraphs of a Word file in order, blank ones left out; what stands in tables is not.

    Raises:
        CaseworkError: it cannot be read.
    """
    try:
        found = docx.Document(BytesIO(content)).paragraphs
    except (BadZipFile, OpcError, KeyError, ValueError, SyntaxError) as error:
        raise CaseworkError("文件读不出来；请用 Word 打开后另存为 docx。") from error
    texts = (each.text.strip() for each in found)
    return tuple(each for each in texts if each)[:MOST_PARAGRAPHS]
