"""What can go wrong between an address and a page, told in one sentence."""

from __future__ import annotations


class DashboardError(Exception):
    """Anything this room refuses, with a sentence for the reader."""


class AddressError(DashboardError):
    """The address says something this page does not know."""


class NotFoundError(DashboardError):
    """No such record, or not for this reader; both read the same."""

    def __init__(self) -> None:
        super().__init__("没有找到这条记录，或您没有查看权限。")


class BadRequestError(DashboardError):
    """What was sent is not what the page sends."""
