"""What POST /act does where its target is an issue of the digest, or one still to be built."""

from __future__ import annotations

from collections.abc import Mapping

from budget_watch.access.errors import ForbiddenError
from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError
from budget_watch.digest.checks import ask
from budget_watch.digest.checks import start as start_check
from budget_watch.digest.errors import DigestError
from budget_watch.digest.issuing import begin, cancel, start
from budget_watch.digest.publishing import publish, withdraw
from budget_watch.digest.signature import Signature, signature
from budget_watch.digest.verifying import NEWEST
from budget_watch.lake import Home
from dashboard.acting_on_opinions import Asked

NEW = "digest-new"
QUARTERLY = "quarterly"
PREFIX = "digest-"
KINDS = {"quarter": "季度", "month": "月", "half": "半年", "year": "年"}
_STRANGE = "请求读不懂；请刷新页面后再办。"


def digests_own(target: str) -> bool:
    """Whether a target is an issue, or one to be built."""
    return target.startswith(PREFIX)


def on_digest(home: Home, actor: Actor, asked: Asked) -> str:
    """Take the step; the sentence that tells what was done.

    Raises:
        CaseworkError: it is not possible; says why.
    """
    given = {name: str(value) for name, value in asked.given.items()}
    try:
        if asked.target == NEW and asked.step == "build":
            return _built(home, actor, given, asked.request)
        number = asked.target.removeprefix(PREFIX)
        if not number.isascii() or not number.isdigit() or len(number) > 9:
            raise ActError(_STRANGE)
        return _done(home, actor, int(number), asked.step, given)
    except (DigestError, ForbiddenError) as error:
        raise ActError(str(error)) from error


def _built(home: Home, actor: Actor, given: dict[str, str], request: str | None) -> str:
    period = period_of(given.get("kind", ""), given.get("year", ""), given.get("part", ""))
    signed = _signed(given)
    issue, new = begin(home, actor, period, report_of(given), request=request, signed=signed)
    if new:
        start(home, actor.grant, issue.number)
    return f"已开始生成，第{issue.number}号。"


def _signed(given: Mapping[str, str]) -> Signature:
    return signature(given.get("signer"), given.get("reach"))


def report_of(given: Mapping[str, str]) -> str:
    """The report that the form names, with whom it is about: department, 101 → department:101."""
    report = given.get("report", "") or QUARTERLY
    subject = given.get("subject", "").strip()
    return f"{report}:{subject}" if subject else report


def _done(home: Home, actor: Actor, number: int, step: str, given: dict[str, str]) -> str:
    reason = given.get("reason", "")
    if step == "verify":
        ask(home, actor, number, given.get("against") == NEWEST)
        start_check(home, actor, number)
        return f"已开始核对第{number}号。"
    if step == "cancel":
        cancel(home, actor, number)
        return f"第{number}号已取消。"
    if step == "publish":
        titles = [title for title in given.get("readers", "").split("、") if title]
        publish(home, actor, number, titles, reason, signed=_signed(given))
        return f"第{number}号已发布给{'、'.join(titles)}。"
    if step == "withdraw":
        withdraw(home, actor, number, reason)
        return f"第{number}号已撤回发布。"
    raise ActError(_STRANGE)


def period_of(kind: str, year: str, part: str) -> str:
    """The period that the form's three fields name: quarter, 2026, 3 → 2026Q3.

    Raises:
        ActError: they name none.
    """
    if kind not in KINDS or len(year) != 4 or not (year.isascii() and year.isdigit()):
        raise ActError("请选择期间的种类，并写四位年份。")
    if kind == "year":
        return year
    most = {"quarter": 4, "month": 12, "half": 2}[kind]
    if not (part.isascii() and part.isdigit() and 1 <= int(part) <= most):
        raise ActError(f"{KINDS[kind]}的第几期应写 1 至 {most}。")
    marks = {"quarter": f"Q{int(part)}", "month": f"-{int(part):02}", "half": f"H{int(part)}"}
    return f"{year}{marks[kind]}"
