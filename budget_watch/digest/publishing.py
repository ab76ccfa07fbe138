"""Publishing an issue, which signs it, and taking that back: each an act with its entry.

Who publishes has approved it: their name is filled in as 签发人 in the very files that were built,
nothing else in them changes, and the draft is kept beside the signed files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from budget_watch.access.roles import roles
from budget_watch.casework.accounts import people
from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError
from budget_watch.casework.stored import as_json, iso
from budget_watch.digest import html, pdf, word
from budget_watch.digest import issues as kept
from budget_watch.digest.build import FORMATS, put
from budget_watch.digest.issues import FRAME, Issue, content, folder_of, get_issue, sha256_of
from budget_watch.digest.issuing import acted
from budget_watch.digest.reason import reason_of
from budget_watch.digest.signature import UNSIGNED, Signature
from budget_watch.digest.telling import PUBLISHERS, of_published
from budget_watch.lake import Home

_BASIS = "要写明依据或原因"
READERS = "人大"  # the group of roles to whom an issue can be published


def publish(
    home: Home,
    actor: Actor,
    number: int,
    titles: Sequence[str],
    reason: str,
    now: datetime | None = None,
    *,
    signed: Signature = UNSIGNED,
) -> None:
    """Sign an issue and open it to roles within the government it is about.

    Args:
        titles: of roles.
        reason: on what decision; goes into the audit log with the sensitive tables it opens.
        signed: 报送范围, and 签发人 where the local operator acts, who has no name of their own.

    Raises:
        UnknownIssueError; ActError: not theirs to do, not built, nobody named, or no reason.
        DigestError: the draft's files are not as built, or cannot be set again.
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
    opened: dict[str, Any] = {"sensitive": list(issue.made.sensitive) if issue.made else []}
    region = issue.made.region if issue.made else ""
    paper = Signature(_name(home, actor), signed.reach).or_else(signed).or_else(issue.signature)
    paper = paper.or_else(Signature(reach="、".join(wanted)))
    editions = _signed(home, issue, paper, at)
    tell = of_published(home, number, region, wanted, at, actor.user)
    opened.update(signer=paper.signer, reach=paper.reach)
    values = {"published": told, "editions": editions}
    acted(home, actor, number, "publish", {**said, **opened}, at, tell, **values)


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
    acted(home, actor, number, "withdraw", {"reason": reason_of(reason, _BASIS)}, now, published="")


def readers(home: Home) -> tuple[str, ...]:
    """Titles of the roles to whom an issue can be published."""
    return tuple(role.title for role in roles(home.root).values() if role.group == READERS)


def _name(home: Home, actor: Actor) -> str:
    """What whoever approves is called; empty for the local operator."""
    return "" if actor.grant.role is None else people(home).get(actor.user, actor.user)


def _signed(home: Home, issue: Issue, paper: Signature, at: datetime) -> str:
    """Fill a signature in; all editions of the issue then, for its row."""
    told = [
        {"signer": e.signature.signer, "reach": e.signature.reach, "at": e.at, "files": e.files}
        for e in issue.editions
    ]
    if issue.made is None or FRAME not in issue.made.files:
        return as_json(told)
    drafts = {name: content(home, _draft(issue), name) for name in (*FORMATS, FRAME)}
    made = {
        "docx": word.filled(drafts["docx"][1], paper),
        "html": html.filled(drafts["html"][1], paper),
        "pdf": pdf.set_frame(drafts[FRAME][1].decode(), paper),
    }
    files = {}
    for format, written in made.items():
        name = f"signed-{len(told) + 1}/{drafts[format][0]}"
        put(folder_of(home, issue.number) / name, written)
        files[format] = (name, sha256_of(written), len(written))
    told.append({"signer": paper.signer, "reach": paper.reach, "at": iso(at), "files": files})
    return as_json(told)


def _draft(issue: Issue) -> Issue:
    """The issue as it was before anybody signed it."""
    return replace(issue, published=None)


def _theirs(home: Home, actor: Actor, number: int, now: datetime | None) -> Issue:
    issue = get_issue(home, actor.grant, number, now)
    if actor.role not in PUBLISHERS:
        said = actor.role or "（无）"
        raise ActError(f"季刊由{'、'.join(PUBLISHERS)}发布，您的角色是{said}。")
    if issue.made is None:
        raise ActError(f"第{number}号没有生成，不能发布。")
    return issue
