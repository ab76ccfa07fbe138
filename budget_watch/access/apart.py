"""三员 stay apart: none of them comes alone into the account of another.

Whoever hands out a one-time password, an enrolment code, another identity for single sign-on, or
takes the second factor away, can sign in as that person until they notice. Of an administrator's
account that would be two of the three offices in one hand.
"""

from __future__ import annotations

import sqlalchemy as sa

from budget_watch.access import tables as t
from budget_watch.access.errors import AccessError
from budget_watch.access.store import Store
from budget_watch.audit import Who


def check_apart(store: Store, by: Who, user: str) -> None:
    """Refuse an administrator a way into the account of another one.

    The local operator may, at the server: there two people can be present, and it is in the log.

    Raises:
        AccessError: the account holds, or will hold, one of 三员.
    """
    acting = store.roles.get(by.role)
    if by.user == user or acting is None or not acting.admin:
        return
    c = t.assignment.c
    lasting = sa.or_(c.until.is_(None), c.until >= store.today)
    query = sa.select(c.role).where(c.user == user, c.ended_at.is_(None), lasting)
    with store.reading() as connection:
        roles = connection.execute(query).scalars().all()
    for held in (store.roles[role] for role in roles if role in store.roles):
        if held.admin:
            raise AccessError(
                f"{user} 是{held.title}：三员分设，不能由一位管理员独自取得另一位管理员的登录凭据。"
                "请两人到场，在服务器上用 budget-watch users 办理（不写 --as），记入审计日志。"
            )
