"""What can be wrong with accounts, sign-in and permissions; each with what to do."""

from __future__ import annotations


class AccessError(Exception):
    """An act on accounts or permissions that is not done; the sentence says why and what to do."""


class UnknownUserError(AccessError):
    """No such account."""

    def __init__(self, user: str) -> None:
        super().__init__(f"没有账号 {user}；budget-watch users list 列出全部。")


class NoRoleError(AccessError):
    """The account has no role in force, or not this one."""


class ForbiddenError(AccessError):
    """The one who acts may not do this."""


class SignInError(AccessError):
    """A sign-in that failed. What it says is the same whether the account exists or not."""


class LockedError(SignInError):
    """Too many failures; says how long to wait.

    Attributes:
        seconds: until the next try.
    """

    def __init__(self, seconds: int) -> None:
        minutes = -(-seconds // 60)
        wait = f"{minutes}分钟" if seconds > 60 else f"{seconds}秒"
        super().__init__(f"账号已锁定，{wait}后可再试。")
        self.seconds = seconds
