"""Building an issue, cancelling it and taking it away: each an act with its entry.

A build runs in a process of its own (spawned: polars must not be forked), tells its stage into the
issue's row and asks there whether it was cancelled. What is refused stays in the list with its
sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from budget_watch.access import Grant, Sensitivity
from budget_watch.access.granting import may, require
from budget_watch.audit import Note, append, key_of
from budget_watch.casework.accounts import store_of
from budget_watch.casework.auditing import anchor_log, noted
from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError
from budget_watch.casework.stored import as_json, iso, next_seq
from budget_watch.digest import issues as kept
from budget_watch.digest import pdf
from budget_watch.digest.build import (
    FORMATS,
    check_formats,
    compose,
    file_name,
    open_to,
    own_region,
    put,
)
from budget_watch.digest.document import Document
from budget_watch.digest.errors import DigestError, DigestRefusedError
from budget_watch.digest.issues import (
    DONE,
    FAILED,
    FIGURES,
    REFUSED,
    RUNNING,
    STOPPED,
    Issue,
    content,
    folder_of,
    get_issue,
    list_issues,
)
from budget_watch.digest.ledger import as_json as figures_json
from budget_watch.digest.period import parse
from budget_watch.digest.reason import reason_of
from budget_watch.digest.settings import read_settings
from budget_watch.digest.signature import Signature
from budget_watch.digest.telling import Tell, of_waiting
from budget_watch.digest.template import template_of
from budget_watch.lake import Home, Reader, UnknownTableError
from budget_watch.lake.layout import layout
from budget_watch.lake.letting import SUMS
from budget_watch.lake.state import writing
from budget_watch.views import Desk, home_place


class CancelledError(DigestError):
    """Somebody cancelled the build."""

    def __init__(self) -> None:
        super().__init__("已取消生成。")


def begin(
    home: Home,
    actor: Actor,
    period: str,
    report: str = "quarterly",
    *,
    request: str | None = None,
    signed: Signature | None = None,
    now: datetime | None = None,
) -> tuple[Issue, bool]:
    """Register a build that is about to run; what can be refused at once is refused here.

    Args:
        signed: who signs it and whom it goes to; its blanks are filled from the settings.

    Returns:
        The issue, and whether it is new: a request sent twice begins one build.

    Raises:
        ForbiddenError: the reader's role does not build reports.
        DigestError: not a period or a report; DigestRefusedError: not over, or not open to them.
        ActError: the same report is being built already.
    """
    require(store_of(home), actor.grant.role, "digest")
    when, at = parse(period), now or datetime.now(UTC)
    template = template_of(home, report)
    open_to(actor.grant, Reader(home, actor.grant).snapshot, when, template.ended)
    wanted = (signed or Signature()).or_else(read_settings(home).signature)
    anchor_log(home, once_a_day=True)
    t = kept.table
    with writing(home) as connection:
        if request is not None:
            same = sa.select(t.c.seq).where(t.c.request == request, t.c.user == actor.user)
            before = connection.execute(same).scalar()
            if before is not None:
                return get_issue(home, actor.grant, int(before), at), False
        _refuse_second(home, actor.grant, report, period, at)
        number = next_seq(connection, t)
        said = {"report": report, "period": period}
        paper = {"signer": wanted.signer, "reach": wanted.reach}
        told = {**said, **{name: text for name, text in paper.items() if text}}
        note = Note(actor.who, "digest.build", "digest", str(number), told, at)
        (entry,) = append(connection, key_of(home.root), note)
        connection.execute(
            t.insert().values(
                seq=number,
                **said,
                **paper,
                editions="",
                state=RUNNING,
                stage="等待开始",
                started_at=iso(at),
                changed_at=iso(at),
                user=actor.user,
                role=actor.role,
                made="",
                published="",
                request=request,
                audit_seq=entry.seq,
            )
        )
    return get_issue(home, actor.grant, number, at), True


def _refuse_second(home: Home, grant: Grant, report: str, period: str, at: datetime) -> None:
    for issue in list_issues(home, grant, at):
        if issue.state == RUNNING and (issue.report, issue.period) == (report, period):
            raise ActError(f"{parse(period).title}正在生成（第{issue.number}号），请等它完成。")


def carry_out(
    home: Home, grant: Grant, number: int, waits: bool = False, now: datetime | None = None
) -> Issue:
    """Build a registered issue and store it; a refusal or a cancelling ends it with its sentence.

    Args:
        waits: those who may publish are told that it waits for them.

    Raises:
        Exception: what nobody foresaw; the issue then says 中断.
    """
    issue = get_issue(home, grant, number)

    def told(stage: str) -> None:
        _tell(home, number, stage)

    try:
        document = compose(
            home,
            grant,
            parse(issue.period),
            template_of(home, issue.report),
            told,
            signed=issue.signature,
        )
        made = _stored(home, grant, issue, document, told)
    except (DigestRefusedError, CancelledError) as refused:
        state = STOPPED if isinstance(refused, CancelledError) else REFUSED
        _end(home, number, state, str(refused), "")
    except Exception:
        _end(home, number, FAILED, "生成中出错，没有完成；请系统管理员查看服务日志。", "")
        raise
    else:
        tell = of_waiting(home, number, now or datetime.now(UTC)) if waits else None
        _end(home, number, DONE, "", as_json(made), tell)
    return get_issue(home, grant, number)


def _stored(
    home: Home, grant: Grant, issue: Issue, document: Document, told: Any
) -> dict[str, Any]:
    """Write the files; what the row keeps of them and of the document."""
    folder, name = folder_of(home, issue.number), file_name(issue.report, issue.period)
    contents = {"figures": (FIGURES, figures_json(document).encode())}
    if document.masthead.signature is not None:
        contents[kept.FRAME] = (f"{kept.FRAME}.json", pdf.frame(document).encode())
    for format, write in FORMATS.items():
        told(f"排版 {format}")
        contents[format] = (f"{name}.{format}", write(document))
    told("存档")
    files = {}
    for format, (file, written) in contents.items():
        put(folder / file, written)
        files[format] = (file, kept.sha256_of(written), len(written))
    own = home_place(Desk(Reader(home, grant)), "本级", own_region(home))
    return {
        "title": document.masthead.title,
        "subtitle": document.masthead.subtitle,
        "snapshot": document.snapshot,
        "biz_date": document.frozen[:10],
        "region": own.region if own else "",
        "gaps": [(gap.text, list(gap.chapters)) for gap in document.gaps],
        "figures": len(document.figures),
        "sensitive": _sensitive(document),
        "files": files,
    }


def _sensitive(document: Document) -> list[str]:
    """What of the printed figures was read from sensitive tables or columns, by title.

    Documents that have sums of their own count as what their sums are.
    """
    asked = {(q.table, q.column) for f in document.figures.values() for q in f.queries}
    found = {_sensitive_part(table, column) for table, column in asked}
    return sorted(found - {None}, key=str)  # type: ignore[arg-type]


def _sensitive_part(table: str, column: str) -> str | None:
    try:
        contract = layout(table).contract
    except UnknownTableError:  # findings and the like: no table of the lake
        return None
    of = SUMS[table].sensitivity if table in SUMS else Sensitivity.of(contract.sensitivity)
    if of is Sensitivity.SENSITIVE:
        return contract.title
    for each in contract.columns:
        if each.name == column and each.sensitivity is not None:
            closed = Sensitivity.of(each.sensitivity) is Sensitivity.SENSITIVE
            return f"{contract.title}的{each.title}" if closed else None
    return None


def _tell(home: Home, number: int, stage: str) -> None:
    t = kept.table
    with writing(home) as connection:
        going = (t.c.seq == number) & (t.c.state == RUNNING)
        row = sa.update(t).where(going).values(stage=stage, changed_at=iso(datetime.now(UTC)))
        if not connection.execute(row).rowcount:
            raise CancelledError


def _end(
    home: Home, number: int, state: str, stage: str, made: str, tell: Tell | None = None
) -> None:
    t = kept.table
    with writing(home) as connection:
        going = (t.c.seq == number) & (t.c.state == RUNNING)
        values = {"state": state, "stage": stage, "made": made}
        at = iso(datetime.now(UTC))
        ended = connection.execute(sa.update(t).where(going).values(**values, changed_at=at))
        if tell is not None and ended.rowcount:
            tell(connection)


def build_now(
    home: Home,
    actor: Actor,
    period: str,
    formats: Sequence[str],
    out: Path,
    report: str = "quarterly",
    signed: Signature | None = None,
) -> tuple[Issue, list[Path]]:
    """Build an issue, wait for it, and put copies of its files into a folder.

    Raises:
        As `begin`; DigestRefusedError: it came to nothing.
    """
    check_formats(formats)
    issue, _ = begin(home, actor, period, report, signed=signed)
    issue = carry_out(home, actor.grant, issue.number)
    if issue.made is None:
        raise DigestRefusedError(issue.stage)
    found = [content(home, issue, format) for format in formats]
    return issue, [put(out / name, told) for name, told in found]


def start(home: Home, grant: Grant, number: int) -> None:
    """Carry a registered build out in a process of its own, and do not wait for it."""
    process = get_context("spawn").Process(
        target=_work, args=(str(home.root), grant, number), name=f"digest-{number}", daemon=True
    )
    process.start()


def _work(root: str, grant: Grant, number: int) -> None:
    carry_out(Home(Path(root)), grant, number)


def cancel(home: Home, actor: Actor, number: int, now: datetime | None = None) -> None:
    """Stop a build that runs.

    Raises:
        UnknownIssueError, ForbiddenError; ActError: it runs no more.
    """
    require(store_of(home), actor.grant.role, "digest")
    issue = get_issue(home, actor.grant, number, now)
    if issue.state != RUNNING:
        raise ActError(f"第{number}号没有在生成，不用取消。")
    acted(home, actor, number, "cancel", {}, now, state=STOPPED, stage="已取消生成。")


def may_take(home: Home, grant: Grant) -> bool:
    """Whether a reader's role takes issues away as files, beyond reading them."""
    store = store_of(home)
    return any(may(store, grant.role, act) for act in ("export", "digest", "papers"))


def exported(home: Home, actor: Actor, number: int, format: str, reason: str) -> tuple[str, bytes]:
    """Name and bytes of an issue's file to take away; written down before it is handed out.

    Raises:
        UnknownIssueError; ForbiddenError: their role takes nothing away.
        DigestError: no reason, another format, or the file is not as built.
    """
    issue = get_issue(home, actor.grant, number)
    if not may_take(home, actor.grant):
        require(store_of(home), actor.grant.role, "export")
    why = reason_of(reason)
    if format not in FORMATS:
        raise DigestError("季刊只导出 Word（docx）、PDF（pdf）和网页（html）。")
    name, told = content(home, issue, format)
    said = {"reason": why, "file": name, "bytes": len(told), "sha256": kept.sha256_of(told)}
    noted(home, Note(actor.who, "digest.export", "digest", str(number), said))
    return f"{issue.made.title if issue.made else ''}{issue.period}-{number}.{format}", told


def acted(
    home: Home,
    actor: Actor,
    number: int,
    act: str,
    said: Mapping[str, Any],
    now: datetime | None,
    tell: Tell | None = None,
    **values: Any,
) -> None:
    """Write an act into the audit log, and what it changes into the issue's row, in one step."""
    at = now or datetime.now(UTC)
    anchor_log(home, once_a_day=True)
    t = kept.table
    with writing(home) as connection:
        note = Note(actor.who, f"digest.{act}", "digest", str(number), dict(said), at)
        append(connection, key_of(home.root), note)
        connection.execute(sa.update(t).where(t.c.seq == number).values(**values))
        if tell is not None:
            tell(connection)
