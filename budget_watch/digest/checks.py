"""Verifying a kept issue as a job: asked for on its page, carried out in a process of its own.

The last check of an issue is one file, `<home>/digest/checks/<number>.json`: what it is at, or what
came of it. Every check also stands in the audit log (`digest.verify`), which nobody can change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from budget_watch.access.granting import require
from budget_watch.casework.accounts import store_of
from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError
from budget_watch.digest.build import FORMATS, put
from budget_watch.digest.errors import DigestError
from budget_watch.digest.issues import SILENT, content, get_issue
from budget_watch.digest.verifying import NEWEST, verify
from budget_watch.lake import Home, LakeError

FOLDER = "digest/checks"
RUNNING, SOUND, LOOK, FAILED = "running", "sound", "look", "failed"
MOST = 200  # things that are kept of a check; the rest is counted


@dataclass(frozen=True)
class Check:
    """The last check of an issue.

    Attributes:
        state: running, sound (all as built), look (something is not), failed (could not).
        said: what it is at, or a sentence of what came of it.
        against: the snapshot the figures were held against, or “latest” while it runs.
        told: what was found, as `Told.record`, each thing once for all formats.
        at: ISO, UTC. user: who asked.
    """

    state: str
    said: str
    against: str
    told: tuple[dict[str, Any], ...]
    at: str
    user: str


def last_check(home: Home, number: int, now: datetime | None = None) -> Check | None:
    """The last check of an issue; one whose process died is told as failed."""
    path = _path(home, number)
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    made = Check(**{**found, "told": tuple(found["told"])})
    silent = (now or datetime.now(UTC)) - datetime.fromisoformat(made.at) > SILENT
    if made.state == RUNNING and silent:
        return Check(FAILED, "核对中断，请重新核对。", made.against, (), made.at, made.user)
    return made


def ask(home: Home, actor: Actor, number: int, newest: bool, now: datetime | None = None) -> None:
    """Register a check that is about to run.

    Args:
        newest: against the newest snapshot instead of the issue's own.

    Raises:
        UnknownIssueError, ForbiddenError; ActError: nothing was built, or one runs already.
    """
    require(store_of(home), actor.grant.role, "digest")
    issue = get_issue(home, actor.grant, number, now)
    if issue.made is None or not actor.grant.whole:
        raise ActError(f"第{number}号没有生成，或您看不到全部数据，不能核对。")
    last = last_check(home, number, now)
    if last is not None and last.state == RUNNING:
        raise ActError(f"第{number}号正在核对，请等它完成。")
    at = (now or datetime.now(UTC)).isoformat()
    against = NEWEST if newest else issue.made.snapshot
    _keep(home, number, Check(RUNNING, "正在核对", against, (), at, actor.user))


def start(home: Home, actor: Actor, number: int) -> None:
    """Carry a registered check out in a process of its own, and do not wait for it."""
    process = get_context("spawn").Process(
        target=_work, args=(str(home.root), actor, number), name=f"check-{number}", daemon=True
    )
    process.start()


def carry_out(home: Home, actor: Actor, number: int) -> Check:
    """Verify every file of an issue, and keep what came of it."""
    begun = last_check(home, number)
    asked = NEWEST if begun is not None and begun.against == NEWEST else None
    try:
        made = _checked(home, actor, number, asked)
    except (DigestError, LakeError, OSError) as error:
        made = _ended(actor, FAILED, f"没有核对：{error}", "")
    _keep(home, number, made)
    return made


def _checked(home: Home, actor: Actor, number: int, asked: str | None) -> Check:
    issue = get_issue(home, actor.grant, number)
    told: dict[tuple[str, ...], dict[str, Any]] = {}
    sound, said, against = True, [], ""
    for format, name, given in _files(home, actor, number):
        made = verify(home, actor, name, given, against=asked)
        sound, against = sound and made.sound, made.against
        said.append(f"{format}：{made.sentence}")
        for each in made.told:
            told.setdefault((each.kind, each.key, each.message), each.record())
    if not said:
        raise DigestError(f"第{issue.number}号没有可核对的文件。")
    kept = tuple(told.values())[:MOST]
    return _ended(actor, SOUND if sound else LOOK, "\n".join(said), against, kept)


def _files(home: Home, actor: Actor, number: int) -> Iterator[tuple[str, str, bytes]]:
    issue = get_issue(home, actor.grant, number)
    for format in sorted(FORMATS) if issue.made else ():
        yield format, *content(home, issue, format)


def _ended(
    actor: Actor, state: str, said: str, against: str, told: tuple[dict[str, Any], ...] = ()
) -> Check:
    return Check(state, said, against, told, datetime.now(UTC).isoformat(), actor.user)


def _work(root: str, actor: Actor, number: int) -> None:
    carry_out(Home(Path(root)), actor, number)


def _keep(home: Home, number: int, check: Check) -> None:
    text = json.dumps(asdict(check), ensure_ascii=False)
    put(_path(home, number), text.encode())


def _path(home: Home, number: int) -> Path:
    return home.root / FOLDER / f"{number:06}.json"
