"""Roles and approvals held by people: given, ended, listed. Nothing is deleted or overwritten."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from budget_watch.access import tables as t
from budget_watch.access.accounts import row_of
from budget_watch.access.errors import AccessError
from budget_watch.access.grant import Scope, Window
from budget_watch.access.levels import Depth, Sensitivity
from budget_watch.access.store import Store
from budget_watch.audit import Who


@dataclass(frozen=True)
class Assignment:
    """A role held.

    Attributes:
        matter: the tables and rules it is kept to; None = no limit.
        window: business dates it may see.
        since, until: the days it is in force, both inclusive.
    """

    number: int
    user: str
    role: str
    scope: Scope
    matter: frozenset[str] | None
    window: Window
    since: date
    until: date | None
    reason: str
    made_by: str
    ended: bool

    def in_force(self, day: date) -> bool:
        """Whether it counts on a day."""
        return not self.ended and self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True)
class Approval:
    """A recorded approval: deeper or more sensitive than a role, for named things, until a day."""

    number: int
    user: str
    role: str
    names: frozenset[str]
    depth: Depth
    sensitivity: Sensitivity
    scope: Scope
    since: date
    until: date
    reason: str
    made_by: str
    ended: bool

    def in_force(self, day: date) -> bool:
        """Whether it counts on a day."""
        return not self.ended and self.since <= day <= self.until


def assign(
    store: Store,
    by: Who,
    user: str,
    role: str,
    reason: str,
    scope: Scope | None = None,
    matter: Collection[str] | None = None,
    window: Window | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Assignment:
    """Give a role, with the rows it may see.

    Raises:
        AccessError: their own account; a role already held; two of the three administrators; rows,
            matter or last day missing where the role must have them; a code that does not exist.
    """
    rows, span = scope or Scope(), window or Window()
    _allowed(by, user, reason)
    complete(store, role, rows, matter, until)
    first = since or store.today
    if until is not None and until < max(first, store.today):
        raise AccessError(f"截止日 {until} 已过，或早于起始日。")
    with store.writing() as connection:
        row_of(connection, user)
        _apart(store, role, _beside(_held(connection, user), first, until))
        number = _insert(
            connection,
            t.assignment,
            user=user,
            role=role,
            **_rows(rows),
            matter=_json(matter),
            window_since=span.since,
            window_until=span.until,
            since=first,
            until=until,
            reason=reason.strip(),
            made_at=store.now,
            made_by=by.user,
        )
        store.note(
            connection,
            by,
            "role",
            user,
            number=number,
            role=role,
            scope=rows.key,
            matter=sorted(matter) if matter else None,
            window=span.key,
            since=str(first),
            until=str(until) if until else None,
            reason=reason.strip(),
        )
        return next(each for each in _held(connection, user) if each.number == number)


def rescope(store: Store, by: Who, user: str, role: str, scope: Scope, reason: str) -> Assignment:
    """Give a role held other rows: the old entry ends and a new one begins, in one transaction."""
    _allowed(by, user, reason)
    _look_up(store, scope)  # before the write lock is held
    with store.writing() as connection:
        held = [
            each
            for each in _held(connection, user)
            if each.role == role and each.in_force(store.today)
        ]
        if not held:
            raise AccessError(f"账号 {user} 现在没有角色 {role}。")
        old = held[-1]
        complete(store, role, scope, old.matter, old.until)
        _end(store, connection, t.assignment, old.number, by)
        number = _insert(
            connection,
            t.assignment,
            user=user,
            role=role,
            **_rows(scope),
            matter=_json(old.matter),
            window_since=old.window.since,
            window_until=old.window.until,
            since=store.today,
            until=old.until,
            reason=reason.strip(),
            made_at=store.now,
            made_by=by.user,
        )
        store.note(
            connection,
            by,
            "scope",
            user,
            role=role,
            before=old.scope.key,
            scope=scope.key,
            reason=reason.strip(),
        )
        return next(each for each in _held(connection, user) if each.number == number)


def end_assignment(store: Store, by: Who, user: str, role: str, reason: str) -> None:
    """Take a role away at once; sessions that act in it see nothing more.

    Raises:
        AccessError: their own account, or the role is not held.
    """
    _allowed(by, user, reason)
    with store.writing() as connection:
        held = [
            each
            for each in _held(connection, user)
            if each.role == role and each.in_force(store.today)
        ]
        if not held:
            raise AccessError(f"账号 {user} 现在没有角色 {role}。")
        for each in held:
            _end(store, connection, t.assignment, each.number, by)
        store.note(connection, by, "role_end", user, role=role, reason=reason.strip())


def approve(
    store: Store,
    by: Who,
    user: str,
    names: Collection[str],
    depth: Depth,
    sensitivity: Sensitivity,
    until: date,
    reason: str,
    scope: Scope | None = None,
    role: str | None = None,
) -> Approval:
    """Record an approval to see named tables or rules deeper, or more sensitive ones, until a day.

    Args:
        scope: narrows the role's own rows; nothing widens them.
        role: under which role; the only one held where there is one.

    Raises:
        AccessError: their own account; nothing named; no such role held; the day has passed; a code
            that does not exist.
    """
    _allowed(by, user, reason)
    rows = scope or Scope()
    if not names:
        raise AccessError("请写明批准查看哪些报表、主题表或规则。")
    if until < store.today:
        raise AccessError(f"截止日 {until} 已过。")
    _look_up(store, rows)
    with store.writing() as connection:
        row_of(connection, user)
        held = [each.role for each in _held(connection, user) if each.in_force(store.today)]
        chosen = role or (held[0] if len(held) == 1 else None)
        if chosen is None or chosen not in held:
            raise AccessError(
                f"账号 {user} 有角色 {'、'.join(held) or '无'}；请写明批准用于哪个角色。"
            )
        if store.roles[chosen].admin:
            raise AccessError("三员不查看业务数据，不能批准。")
        number = _insert(
            connection,
            t.approval,
            user=user,
            role=chosen,
            names=_json(names),
            depth=depth.name,
            sensitivity=sensitivity.name,
            **_rows(rows),
            since=store.today,
            until=until,
            reason=reason.strip(),
            made_at=store.now,
            made_by=by.user,
        )
        store.note(
            connection,
            by,
            "approve",
            user,
            number=number,
            role=chosen,
            names=sorted(names),
            depth=depth.word,
            sensitivity=sensitivity.word,
            scope=rows.key,
            until=str(until),
            reason=reason.strip(),
        )
    return next(each for each in approvals(store, user) if each.number == number)


def end_approval(store: Store, by: Who, number: int, reason: str) -> None:
    """Take an approval back at once."""
    with store.writing() as connection:
        query = sa.select(t.approval).where(t.approval.c.number == number)
        row = connection.execute(query).mappings().first()
        if row is None or row["ended_at"] is not None:
            raise AccessError(f"没有有效的批准 {number}。")
        _allowed(by, row["user"], reason)
        _end(store, connection, t.approval, number, by)
        store.note(connection, by, "approve_end", row["user"], number=number, reason=reason.strip())


def assignments(store: Store, user: str | None = None) -> list[Assignment]:
    """All roles ever held, of one account or of all, oldest first."""
    with store.reading() as connection:
        return _held(connection, user)


def approvals(store: Store, user: str | None = None) -> list[Approval]:
    """All approvals ever recorded, of one account or of all, oldest first."""
    query = sa.select(t.approval).order_by(t.approval.c.number)
    if user is not None:
        query = query.where(t.approval.c.user == user)
    with store.reading() as connection:
        return [_approval(row) for row in connection.execute(query).mappings()]


def _allowed(by: Who, user: str, reason: str) -> None:
    if by.user == user:
        raise AccessError("不能给自己授权；请另一位安全管理员办理。")
    if not reason.strip():
        raise AccessError("请写明依据或原因。")


def complete(
    store: Store, role: str, scope: Scope, matter: Collection[str] | None, until: date | None
) -> None:
    """See that what a role must be given with is there, and that its codes exist.

    Raises:
        AccessError: names what is missing, or which code there is not.
    """
    given = {
        "regions": scope.regions,
        "departments": scope.departments,
        "units": scope.units,
        "matter": matter,
        "until": until,
    }
    words = {
        "regions": "区划（--region）",
        "departments": "部门（--department）",
        "units": "单位（--unit）",
        "matter": "事项，即报表或规则（--matter）",
        "until": "截止日（--until）",
    }
    known = store.roles[role]
    missing = [words[name] for name in known.rows if not given[name]]
    if missing:
        raise AccessError(f"授予{known.title}须写明{'、'.join(missing)}。")
    if known.admin and (not scope.whole or matter):
        raise AccessError(f"{known.title}不查看业务数据，不写范围和事项。")
    _look_up(store, scope)


def _look_up(store: Store, scope: Scope) -> None:
    if not scope.whole:
        store.register().check(scope)


def _beside(held: list[Assignment], since: date, until: date | None) -> list[Assignment]:
    """Of the roles held, those in force on some day of a period, also a later one."""
    return [
        each
        for each in held
        if not each.ended
        and (each.until is None or each.until >= since)
        and (until is None or each.since <= until)
    ]


def _apart(store: Store, role: str, held: list[Assignment]) -> None:
    """三员 are kept apart, and an administrator reads no business data in another role."""
    known = store.roles
    for each in held:
        if each.role == role:
            raise AccessError(
                f"账号 {each.user} 已有角色{known[role].title}；要改范围先收回再授予。"
            )
        if known[role].admin and known[each.role].admin:
            raise AccessError(
                f"账号 {each.user} 已是{known[each.role].title}，三员不得兼任{known[role].title}。"
            )
        if known[role].admin or known[each.role].admin:
            raise AccessError(
                f"账号 {each.user} 已有角色{known[each.role].title}；三员不兼业务角色，请另设账号。"
            )


def _held(connection: sa.Connection, user: str | None) -> list[Assignment]:
    query = sa.select(t.assignment).order_by(t.assignment.c.number)
    if user is not None:
        query = query.where(t.assignment.c.user == user)
    return [_assignment(row) for row in connection.execute(query).mappings()]


def _insert(connection: sa.Connection, table: sa.Table, **values: Any) -> int:
    done = connection.execute(sa.insert(table).values(**values))
    key = done.inserted_primary_key
    if key is None:
        raise AccessError("数据库没有给出编号，授权没有写入。")
    return int(key[0])


def _end(store: Store, connection: sa.Connection, table: sa.Table, number: int, by: Who) -> None:
    connection.execute(
        sa.update(table)
        .where(table.c.number == number)
        .values(ended_at=store.now, ended_by=by.user)
    )


def _json(values: Collection[str] | None) -> str | None:
    return None if values is None else json.dumps(sorted(values), ensure_ascii=False)


def _set(text: str | None) -> frozenset[str] | None:
    return None if text is None else frozenset(json.loads(text))


def _rows(scope: Scope) -> dict[str, str | None]:
    return {
        "regions": _json(scope.regions),
        "departments": _json(scope.departments),
        "units": _json(scope.units),
    }


def _scope(row: Mapping[Any, Any]) -> Scope:
    return Scope(_set(row["regions"]), _set(row["departments"]), _set(row["units"]))


def _assignment(row: Mapping[Any, Any]) -> Assignment:
    return Assignment(
        row["number"],
        row["user"],
        row["role"],
        _scope(row),
        _set(row["matter"]),
        Window(row["window_since"], row["window_until"]),
        row["since"],
        row["until"],
        row["reason"],
        row["made_by"],
        row["ended_at"] is not None,
    )


def _approval(row: Mapping[Any, Any]) -> Approval:
    return Approval(
        row["number"],
        row["user"],
        row["role"],
        _set(row["names"]) or frozenset(),
        Depth[row["depth"]],
        Sensitivity[row["sensitivity"]],
        _scope(row),
        row["since"],
        row["until"],
        row["reason"],
        row["made_by"],
        row["ended_at"] is not None,
    )
