"""The roll of a session as people write it: a line a person, delegation, name and account."""

from __future__ import annotations

import re
from datetime import date

from budget_watch.casework.errors import ActError
from budget_watch.congress.session import DEPUTY, DESK, DESK_NAME, Member

_PARTS = re.compile(r"[\s,，、\t]+")
_MOST = 2000


def read_roll(text: str) -> list[Member]:
    """Members out of lines such as `东城代表团 李明 liming`; those under 财政解答组 answer.

    Raises:
        ActError: a line is not three words, an account stands twice, or no deputy is named.
    """
    found: list[Member] = []
    for at, line in enumerate(text.splitlines(), 1):
        parts = [each for each in _PARTS.split(line.strip()) if each]
        if not parts:
            continue
        if len(parts) != 3 or any(len(each) > 40 for each in parts):
            raise ActError(f"名单第 {at} 行应写“代表团 姓名 账号”三项，用空格或逗号分开：{line}")
        group, name, user = parts
        found.append(Member(user, name, group, DESK if group == DESK_NAME else DEPUTY))
    users = [each.user for each in found]
    twice = sorted({each for each in users if users.count(each) > 1})
    if twice:
        raise ActError(f"账号 {'、'.join(twice)} 在名单里写了两次。")
    if not any(each.part == DEPUTY for each in found) or len(found) > _MOST:
        raise ActError(f"名单里要有代表，最多 {_MOST} 人。")
    return found


def day_of(text: str) -> date:
    """A day as people write it. Raises ActError."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ActError(f"日期“{text}”不对，请写成 2027-01-20 这样。") from None
