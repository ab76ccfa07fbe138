"""Which pages and divisions are open to a reader; what is closed says so and shows nothing."""

from __future__ import annotations

from collections.abc import Sequence

from budget_watch.access import Depth, Grant
from dashboard.address import Address
from dashboard.context import Context
from dashboard.errors import DashboardError

DEPTHS = {
    "d": Depth.DEPARTMENT,
    "u": Depth.UNIT,
    "p": Depth.PROJECT,
    "i": Depth.INDICATOR,
    "s": Depth.APPLICATION,
    "y": Depth.VOUCHER,
}  # of the drill's letters; a payee lies as deep as the voucher
_OF_EVERYTHING = {
    "data": "数据质量按全部报送统计，您的范围只是其中一部分，本页不对您开放。",
}


NO_DATA = ("admin",)  # pages that read no business data


class ClosedError(DashboardError):
    """A page or a depth that is not open to the reader."""


def check_open(grant: Grant, address: Address) -> None:
    """See that a page is open. Raises ClosedError with the sentence why not."""
    if address.page in NO_DATA:
        return  # the page itself asks which of its sections are open
    if not grant.business:
        raise ClosedError("您的身份不查看业务数据。")
    if address.page in _OF_EVERYTHING and not grant.whole:
        raise ClosedError(_OF_EVERYTHING[address.page])
    if address.page != "exec":
        return
    deep = max((DEPTHS[letter] for letter, _ in address.place if letter in DEPTHS), default=None)
    if deep is not None and deep > grant.reach("payment"):
        raise ClosedError(f"您可查看到{grant.reach('payment').word}，更细的不在您的范围。")


def shown(grant: Grant, page: str, offices: Sequence[str] = ()) -> bool:
    """Whether the navigation names a page. `offices`: what is open to the reader of 系统管理."""
    if page in NO_DATA:
        return bool(offices)
    return grant.business and (grant.whole or page not in _OF_EVERYTHING)


def ways(context: Context, known: Sequence[str]) -> tuple[str, ...]:
    """The ways to divide a place that the reader's depth allows."""
    reach = context.grant.reach("payment")
    return tuple(each for each in known if DEPTHS.get(each, Depth.DEPARTMENT) <= reach)


def vouchers(context: Context) -> bool:
    """Whether single vouchers are open to the reader."""
    return context.grant.reach("payment") is Depth.VOUCHER
