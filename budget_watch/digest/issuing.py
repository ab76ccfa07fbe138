"""Building an issue, cancelling it, publishing it and taking that back: each an act with its entry.

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
from budget_watch.access.roles import roles
from budget_watch.audit import Note, append, key_of
from budget_watch.casework.accounts import store_of
from budget_watch.casework.auditing import anchor_log, noted
from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError
from budget_watch.casework.stored import as_json, iso, next_seq
from budget_watch.digest import issues as kept
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
from budget_watch.digest.telling import PUBLISHERS, Tell, of_published, of_waiting
from budget_watch.digest.template import template_of
from budget_watch.lake import Home, Reader, UnknownTableError
from budget_watch.lake.layout import layout
from budget_watch.lake.letting import SUMS
from budget_watch.lake.state import writing
from budget_watch.views import Desk, home_place

_BASIS = "要写明依据或原因"
READERS = "人大"  # the group of roles to whom an issue can be published


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
    now: datetime | None = None,
) -> tuple[Issue, bool]:
    """Register a build that is about to run; what can be refused at once is refused here.

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
        note = Note(actor.who, "digest.build", "digest", str(number), said, at)
        (entry,) = append(connection, key_of(home.root), note)
        connection.execute(
            t.insert().values(
                seq=number,
                **said,
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
        document = compose(home, grant, parse(issue.period), template_of(home, issue.report), told)
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
) -> tuple[Issue, list[Path]]:
    """Build an issue, wait for it, and put copies of its files into a folder.

    Raises:
        As `begin`; DigestRefusedError: it came to nothing.
    """
    check_formats(formats)
    issue, _ = begin(home, actor, period, report)
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
    _acted(home, actor, number, "cancel", {}, now, state=STOPPED, stage="已取消生成。")


def publish(
    home: Home,
    actor: Actor,
    number: int,
    titles: Sequence[str],
    reason: str,
    now: datetime | None = None,
) -> None:
    """Open an issue to roles of the people's congress within the government it is about.

    Args:
        titles: of roles.
        reason: on what decision; goes into the audit log with the sensitive tables it opens.

    Raises:
        UnknownIssueError; ActError: not theirs to do, not built, nobody named, or no reason.
    """
    issue = _theirs(home, actor, number, now)
    if issue.report.startswith(kept.DEPUTY):
        raise ActError("代表履职材料只给本人和预算工委看，不发布。")
    able = readers(home)
    wanted = [title for title in able if title in titles]
    if set(titles) - set(able) or not wanted:
        raise ActError(f"请选择发布给谁，可选：{'、'.join(able)}。")
    if actor.grant.role is not None and actor.user == issue.user:
        raise ActError("生成的人不能自己发布；请由另一人签发。")
    at = now or datetime.now(UTC)
    said = {"roles": wanted, "reason": reason_of(reason, _BASIS)}
    told = as_json({**said, "user": actor.user, "at": iso(at)})
    opened = {"sensitive": list(issue.made.sensitive) if issue.made else []}
    region = issue.made.region if issue.made else ""
    tell = of_published(home, number, region, wanted, at, actor.user)
    _acted(home, actor, number, "publish", {**said, **opened}, at, tell, published=told)


def withdraw(
    home: Home, actor: Actor, number: int, reason: str, now: datetime | None = None
) -> None:
    """Close an issue again to whom it was published; it stays in the list.

    Raises:
        As `publish`.
    """
    issue = _theirs(home, actor, number, now)
    if issue.published is None:
        raise ActError(f"第{number}号没有发布。")
    _acted(
        home, actor, number, "withdraw", {"reason": reason_of(reason, _BASIS)}, now, published=""
    )


def readers(home: Home) -> tuple[str, ...]:
    """Titles of the roles to whom an issue can be published."""
    return tuple(role.title for role in roles(home.root).values() if role.group == READERS)


def may_take(home: Home, grant: Grant) -> bool:
    """Whether a reader's role takes issues away as files, beyond reading them."""
    store = store_of(home)
    return may(store, grant.role, "export") or may(store, grant.role, "digest")


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


def _theirs(home: Home, actor: Actor, number: int, now: datetime | None) -> Issue:
    issue = get_issue(home, actor.grant, number, now)
    if actor.role not in PUBLISHERS:
        said = actor.role or "（无）"
        raise ActError(f"季刊由{'、'.join(PUBLISHERS)}发布，您的角色是{said}。")
    if issue.made is None:
        raise ActError(f"第{number}号没有生成，不能发布。")
    return issue


def _acted(
    home: Home,
    actor: Actor,
    number: int,
    act: str,
    said: Mapping[str, Any],
    now: datetime | None,
    tell: Tell | None = None,
    **values: Any,
) -> None:
    at = now or datetime.now(UTC)
    anchor_log(home, once_a_day=True)
    t = kept.table
    with writing(home) as connection:
        note = Note(actor.who, f"digest.{act}", "digest", str(number), dict(said), at)
        append(connection, key_of(home.root), note)
        connection.execute(sa.update(t).where(t.c.seq == number).values(**values))
        if tell is not None:
            tell(connection)
