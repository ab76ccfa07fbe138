"""An administrator (三员) at accounts, permissions, the audit log: no snapshot, no lake.

What somebody may do here is what their role's acts say (`permissions.yaml`), as for the commands.
The local operator, who is there only before the first real account, looks and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from budget_watch.access import Grant
from budget_watch.access.granting import may
from budget_watch.access.roles import Act
from budget_watch.access.store import Store, moment
from budget_watch.casework.accounts import store_of
from budget_watch.lake import Home
from budget_watch.lake.snapshot import CHINA
from dashboard.address import Address

PAGE = "admin"
ACCOUNTS, MATRIX, AUDIT = "accounts", "matrix", "audit"
OPENED_BY: dict[str, tuple[Act, ...]] = {
    ACCOUNTS: ("accounts", "permissions", "sessions"),
    MATRIX: ("matrix",),
    AUDIT: ("audit",),
}
LOOK_ONLY = (
    "还没有正式账号时，这里只能看。三员的账号在服务器上用命令行开立（budget-watch users add，"
    "说明见 docs/users.md），此后由三员登录办理。"
)


@dataclass(frozen=True)
class Office:
    """One administrator's look at one address of 系统管理."""

    home: Home
    grant: Grant
    address: Address

    @cached_property
    def store(self) -> Store:
        """Where accounts live."""
        return store_of(self.home)

    def can(self, act: Act) -> bool:
        """Whether the reader may do an act here; the local operator only looks."""
        return self.grant.role is not None and may(self.store, self.grant.role, act)

    @property
    def open(self) -> tuple[str, ...]:
        """The sections that are open to the reader."""
        return sections(self.home, self.grant)


def sections(home: Home, grant: Grant) -> tuple[str, ...]:
    """The sections of 系统管理 that a reader may look at."""
    if not home.exists:
        return ()
    store = store_of(home)
    return tuple(
        name for name, acts in OPENED_BY.items() if any(may(store, grant.role, a) for a in acts)
    )


def called(user: str) -> str:
    """An account as pages name it; the one at the keyboard and the machine have none."""
    return {"operator": "本机操作员", "system": "系统"}.get(user, user)


def clock(seconds: int) -> str:
    """A stored time, as the day and minute here."""
    return f"{moment(seconds).astimezone(CHINA):%Y-%m-%d %H:%M}"


def clock_of(iso: str) -> str:
    """An ISO time, as the day and second here."""
    return f"{datetime.fromisoformat(iso).astimezone(CHINA):%Y-%m-%d %H:%M:%S}"


def utc_of(day: str, days: int = 0) -> str | None:
    """The beginning of a day here, as the log's ISO time in UTC; None where none was filled in.

    Args:
        days: so many days later, for the end of a span that includes its last day.

    Raises:
        ValueError: that is no day.
    """
    if not day:
        return None
    begins = datetime.combine(date.fromisoformat(day) + timedelta(days=days), time(), CHINA)
    return begins.astimezone(UTC).isoformat(timespec="microseconds")
