"""What an opinion is about: a finding, a figure on a page as known on a day, a report, or nothing.

Checked under the author's own grant: nobody can hang an opinion on what they may not see.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError
from budget_watch.casework.findings import get_finding
from budget_watch.lake import Home, Snapshot

KINDS: Mapping[str, str] = {
    "free": "不针对具体事项",
    "finding": "疑点",
    "figure": "页面上的数据",
    "report": "报告",
}
_ADDRESS = re.compile(
    r"/[a-z_]+(?:/[0-9A-Za-z_\-一-鿿（）()、,.〔〕:]{1,200})*(?:\?[^\s#<>\"']{0,400})?"
)
_REPORT = re.compile(r"[0-9A-Za-z一-鿿（）()〔〕、\-. ]{2,120}")


@dataclass(frozen=True)
class About:
    """What an opinion is about.

    Attributes:
        id: the finding's whole id, the page's address, the report's name and period.
        title: what lists call it.
        as_of, snapshot: what a figure was known from.
    """

    kind: str
    id: str = ""
    title: str = ""
    as_of: date | None = None
    snapshot: str | None = None
    mof_div_code: str | None = None
    dept_code: str | None = None
    agency_code: str | None = None


def about_what(home: Home, actor: Actor, kind: str, given: str, as_of: str = "") -> About:
    """The thing that an opinion is about.

    Args:
        given: a finding (id or its beginning), a page's address, a report's name and period.
        as_of: of a figure: the business day it was known on; the newest where it is left out.

    Raises:
        ActError: there is no such thing, or it is not the author's to see.
        UnknownFindingError: the finding is not there, or not theirs to see.
    """
    if kind not in KINDS:
        raise ActError(f"意见不能针对“{kind}”；可用 {'、'.join(KINDS)}。")
    text = given.strip()
    if kind == "free":
        return About(kind)
    if kind == "finding":
        found = get_finding(home, actor.grant, text)
        return About(
            kind,
            found.finding,
            f"{found.rule} {found.title}",
            mof_div_code=found.mof_div_code,
            dept_code=found.dept_code,
            agency_code=found.agency_code,
        )
    if kind == "report":
        if not _REPORT.fullmatch(text):
            raise ActError("请写明是哪一份报告、哪一期，如“季刊 2026Q3”。")
        return About(kind, text, text)
    if not _ADDRESS.fullmatch(text):
        raise ActError("针对页面上的数据，请给出页面地址，如 /exec/d101。")
    snapshot = _snapshot(home, as_of)
    return About(kind, text, text, snapshot.biz_date, snapshot.id)


def _snapshot(home: Home, as_of: str) -> Snapshot:
    known = Snapshot.all(home)
    try:
        day = date.fromisoformat(as_of) if as_of else date.max
    except ValueError:
        raise ActError(f"数据日期“{as_of}”不对，请写成 2026-11-20 这样。") from None
    found = [name for name, biz_date, _ in known if biz_date <= day]
    if not found:
        raise ActError(f"{as_of or '现在'}还没有数据快照，不能针对数据提意见。")
    return Snapshot.get(home, found[-1])
