"""What a message outside the system says: how much waits and where to look; titles if so set.

Never an amount, never a natural person's name: neither stands in a notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from budget_watch.casework.telling import outbox
from budget_watch.casework.telling.told import Told
from budget_watch.notices.settings import Settings

PRODUCT = "人大预算国资联网监督"
_TODO = (outbox.TURN, outbox.CONFIRM, outbox.CALLED)
_ASKED = (
    outbox.VOTE,
    outbox.TALK,
    outbox.OVERDUE,
    outbox.SOON,
    outbox.EXEMPTION,
    outbox.APPROVE,
)
_MOVED = (outbox.REGISTERED, outbox.SENT)


@dataclass(frozen=True)
class Message:
    """Title and text."""

    title: str
    body: str


def message(told: Sequence[Told], settings: Settings) -> Message:
    """One message of all that waits for a person."""
    title = f"{PRODUCT}：{short(told)}"
    lines = [f"您{short(told)}。"]
    if settings.details:
        lines += ["", *(f"{outbox.KINDS[each.kind]}：{each.sentence}" for each in told)]
    where = f"{settings.url}/inbox" if settings.url else "系统里的“我的消息”"
    lines += ["", f"请登录查看：{where}", "", "本邮件由系统发出，请勿回复。"]
    return Message(title, "\n".join(lines) + "\n")


def short(told: Sequence[Told]) -> str:
    """“有3件待办、1项期限将到、新的疑点”."""
    waiting = {number for each in told if each.kind in _TODO for number in each.open}
    asked = {kind: sum(len(each.open) for each in told if each.kind == kind) for kind in _ASKED}
    counts = {
        "件待办": len(waiting),
        "项表决": asked[outbox.VOTE],
        "项讨论": asked[outbox.TALK],
        "项已逾期": asked[outbox.OVERDUE],
        "项期限将到": asked[outbox.SOON],
        "件升级监督": sum(each.count for each in told if each.kind == outbox.ESCALATED),
        "件有了反馈": sum(each.count for each in told if each.kind == outbox.REPLIED),
        "项例外登记待批准": asked[outbox.EXEMPTION],
        "期季刊待审批": asked[outbox.APPROVE],
        "期新季刊": sum(each.count for each in told if each.kind == outbox.ISSUED),
        "件评价不满意": sum(each.count for each in told if each.kind == outbox.UNSATISFIED),
        "件意见有了进展": sum(each.count for each in told if each.kind in _MOVED),
        "件已办完": sum(each.count for each in told if each.kind == outbox.ENDED),
    }
    said = [f"{count}{words}" for words, count in counts.items() if count]
    if any(each.kind == outbox.NEW for each in told):
        said.append("新的疑点")
    if any(each.kind == outbox.WORSE for each in told):
        said.append("加重的疑点")
    return "有" + "、".join(said)
