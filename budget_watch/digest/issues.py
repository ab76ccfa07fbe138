"""Issues: every report that was built, kept with its files, figures, gaps and who may read it.

A row says who built which period from which snapshot; the files lie below `<home>/digest/issues`
under the issue's number and are known by their SHA-256 in the row. An issue is written from
everything, so only readers of everything see it until it is published. To whom it is published it
is shown whole, like a letter to its addressee: publishing is the recorded approval, and never
reaches readers cut to departments, units, one matter or a window of time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from budget_watch.access import Grant
from budget_watch.casework.errors import CaseworkError
from budget_watch.casework.telling.of_digests import open_to
from budget_watch.digest.errors import DigestError
from budget_watch.digest.signature import UNSIGNED, Signature
from budget_watch.lake import Home
from budget_watch.lake.state import engine

RUNNING, DONE, REFUSED, STOPPED, FAILED = "生成中", "已生成", "未生成", "已取消", "中断"
FOLDER = "digest/issues"
DEPUTY = "deputy:"  # begins the report that is made for one deputy
FIGURES = "figures.json"
FRAME = "frame"  # what the PDF is set from: kept where a signature is to be filled in
MACHINE = Grant.system("").user
SILENT = timedelta(minutes=10)  # a build that said nothing for so long has died

table = sa.Table(
    "digest_issue",
    sa.MetaData(),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("report", sa.String(64), nullable=False),
    sa.Column("period", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("started_at", sa.String(32), nullable=False),
    sa.Column("changed_at", sa.String(32), nullable=False),
    sa.Column("user", sa.Text, nullable=False),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("made", sa.Text, nullable=False),
    sa.Column("published", sa.Text, nullable=False),
    sa.Column("request", sa.Text, unique=True),
    sa.Column("audit_seq", sa.BigInteger, nullable=False),
    sa.Column("signer", sa.Text, nullable=False),
    sa.Column("reach", sa.Text, nullable=False),
    sa.Column("editions", sa.Text, nullable=False),
)


class UnknownIssueError(CaseworkError):
    """No issue with this number, or not for this reader (the two look alike on purpose)."""

    def __init__(self, number: int) -> None:
        super().__init__(f"没有找到第{number}号季刊，或您没有查看权限。")


@dataclass(frozen=True)
class Made:
    """What a finished build holds.

    Attributes:
        title, subtitle: of the masthead: 示范市预算执行监督季刊, 2026年第三季度.
        biz_date: of the snapshot, ISO.
        region: code of the government it is about.
        gaps: printed on page one: what is missing, and the chapters it was for.
        figures: how many figures are printed.
        sensitive: titles of sensitive tables it was read from.
        files: format → (name, SHA-256, bytes).
    """

    title: str
    subtitle: str
    snapshot: str
    biz_date: str
    region: str
    gaps: tuple[tuple[str, tuple[str, ...]], ...]
    figures: int
    sensitive: tuple[str, ...]
    files: Mapping[str, tuple[str, str, int]]


@dataclass(frozen=True)
class Published:
    """For whom an issue is published: titles of roles, by whom, when (ISO, UTC), why."""

    roles: tuple[str, ...]
    user: str
    at: str
    reason: str


@dataclass(frozen=True)
class Edition:
    """The files as somebody signed them: the draft's, with 签发人 and 报送范围 filled in.

    Attributes:
        at: ISO, UTC. files: as of `Made`.
    """

    signature: Signature
    at: str
    files: Mapping[str, tuple[str, str, int]]


@dataclass(frozen=True)
class Issue:
    """One build of a report.

    Attributes:
        number: counts up over all builds of this home.
        state: 生成中, 已生成, 未生成 (refused), 已取消 or 中断.
        stage: what the build is at, or why it came to nothing.
        started_at, changed_at: ISO, UTC.
        made: None where nothing was built.
        published: None where it is not, or no longer.
        signature: 签发人 and 报送范围 that the draft was built with.
        editions: one for each time it was published, the last one last.
    """

    number: int
    report: str
    period: str
    state: str
    stage: str
    started_at: str
    changed_at: str
    user: str
    role: str
    made: Made | None = None
    published: Published | None = None
    signature: Signature = UNSIGNED
    editions: tuple[Edition, ...] = ()

    @property
    def shown(self) -> Mapping[str, tuple[str, str, int]]:
        """The files that are given: signed while it is published, else the draft's."""
        drafts = self.made.files if self.made else {}
        signed = self.editions[-1].files if self.published and self.editions else {}
        return {**drafts, **signed}

    @property
    def signed(self) -> Signature | None:
        """What page one of the files prints; None where the report is not one that is signed."""
        if self.published and self.editions:
            return self.editions[-1].signature
        return self.signature if self.made and FRAME in self.made.files else None

    def sums(self, format: str) -> frozenset[str]:
        """SHA-256 of every file of a format that ever was this issue."""
        kept = [self.made.files if self.made else {}, *(each.files for each in self.editions)]
        return frozenset(files[format][1] for files in kept if format in files)

    @property
    def scheduled(self) -> bool:
        """Whether nobody asked for it: built because its period was over."""
        return self.user == MACHINE

    @property
    def waits(self) -> bool:
        """Whether it was built by schedule and waits to be published."""
        return self.scheduled and self.made is not None and self.published is None


def list_issues(home: Home, grant: Grant, now: datetime | None = None) -> list[Issue]:
    """Issues that the reader may see, the newest first."""
    with engine(home).connect() as connection:
        rows = connection.execute(sa.select(table).order_by(table.c.seq.desc())).mappings()
        found = [_issue(row, now or datetime.now(UTC)) for row in rows]
    return [issue for issue in found if may_see(home, grant, issue)]


def get_issue(home: Home, grant: Grant, number: int, now: datetime | None = None) -> Issue:
    """One issue.

    Raises:
        UnknownIssueError: there is none, or the reader may not see it.
    """
    with engine(home).connect() as connection:
        row = connection.execute(sa.select(table).where(table.c.seq == number)).mappings()
        found = row.first()
    issue = None if found is None else _issue(found, now or datetime.now(UTC))
    if issue is None or not may_see(home, grant, issue):
        raise UnknownIssueError(number)
    return issue


def may_see(home: Home, grant: Grant, issue: Issue) -> bool:
    """Whether an issue is open: to readers of everything, and to whom it is published."""
    if grant.whole or _own(grant, issue):
        return True
    if issue.report.startswith(DEPUTY) or grant.role is None:
        return False
    if issue.made is None or issue.published is None:
        return False
    title = role_title(home, grant.role)
    return open_to(grant, title, issue.made.region, issue.published.roles)


def attempt(home: Home, request: str) -> str | None:
    """The state of the issue that was registered for a request; None where none was."""
    with engine(home).connect() as connection:
        query = sa.select(table.c.state).where(table.c.request == request)
        return connection.execute(query).scalar()


def _own(grant: Grant, issue: Issue) -> bool:
    """Whether it is the material made for this deputy, of what they may see."""
    mine = issue.report == f"{DEPUTY}{grant.user}"
    return mine and grant.business and grant.role is not None and issue.made is not None


def role_title(home: Home, code: str) -> str:
    """A role's Chinese title; the code where the home has no such role any more."""
    from budget_watch.access.roles import roles

    found = roles(home.root).get(code)
    return found.title if found else code


def folder_of(home: Home, number: int) -> Path:
    """Where an issue's files lie."""
    return home.root / FOLDER / f"{number:06}"


def content(home: Home, issue: Issue, format: str) -> tuple[str, bytes]:
    """Name and bytes of one of an issue's files, as they were built or signed.

    Raises:
        DigestError: it was never built, is gone, or is not what was built.
    """
    known = issue.shown.get(format)
    if known is None:
        raise DigestError(f"第{issue.number}号没有 {format} 文件。")
    name, sha256, _ = known
    path = folder_of(home, issue.number) / name
    if not path.is_file():
        raise DigestError(f"第{issue.number}号的文件 {name} 不在了；请从备份恢复，或重新生成。")
    told = path.read_bytes()
    if sha256_of(told) != sha256:
        raise DigestError(f"第{issue.number}号的文件 {name} 与生成时的校验码不符，没有给出。")
    return path.name, told


def sha256_of(content: bytes) -> str:
    """The sum by which a file is known."""
    return hashlib.sha256(content).hexdigest()


def ledger_of(home: Home, issue: Issue) -> dict[str, Any]:
    """An issue's whole ledger, as it stands in its files.

    Raises:
        DigestError: as `content`.
    """
    _, told = content(home, issue, "figures")
    return dict(json.loads(told))


def figures_of(home: Home, issue: Issue) -> dict[str, Any]:
    """The figures an issue prints: key → label, unit, value, over, formula, scope, queries.

    Raises:
        DigestError: as `content`.
    """
    return dict(ledger_of(home, issue)["figures"])


def newest(issues: Sequence[Issue], report: str, period: str) -> Issue | None:
    """The last finished build of a period."""
    return next(
        (i for i in issues if i.made and (i.report, i.period) == (report, period)),
        None,
    )


def _issue(row: Mapping[Any, Any], now: datetime) -> Issue:
    state, stage = str(row["state"]), str(row["stage"])
    if state == RUNNING and now - datetime.fromisoformat(row["changed_at"]) > SILENT:
        state, stage = FAILED, f"生成在“{stage}”时中断，请重新生成。"
    plain = ("report", "period", "started_at", "changed_at", "user", "role")
    return Issue(
        number=int(row["seq"]),
        **{name: str(row[name]) for name in plain},
        state=state,
        stage=stage,
        made=_made(json.loads(row["made"])) if row["made"] else None,
        published=_published(json.loads(row["published"])) if row["published"] else None,
        signature=Signature(row["signer"], row["reach"]),
        editions=tuple(_edition(told) for told in json.loads(row["editions"] or "[]")),
    )


def _made(told: dict[str, Any]) -> Made:
    gaps = tuple((text, tuple(chapters)) for text, chapters in told.pop("gaps"))
    files = _files(told.pop("files"))
    return Made(gaps=gaps, files=files, sensitive=tuple(told.pop("sensitive")), **told)


def _published(told: dict[str, Any]) -> Published:
    return Published(roles=tuple(told.pop("roles")), **told)


def _edition(told: dict[str, Any]) -> Edition:
    return Edition(Signature(told["signer"], told["reach"]), told["at"], _files(told["files"]))


def _files(told: dict[str, Any]) -> dict[str, tuple[str, str, int]]:
    return {name: (str(a), str(b), int(c)) for name, (a, b, c) in told.items()}
