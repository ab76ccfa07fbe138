"""What signed-in people look at, for the audit log: single vouchers and lists of them."""

from __future__ import annotations

from threading import Lock

from budget_watch.access import Grant
from budget_watch.audit import Note, ViewBuffer, Who, key_of
from budget_watch.lake import Home
from budget_watch.lake.state import writing
from dashboard.address import parse
from dashboard.errors import DashboardError

_buffers: dict[Home, ViewBuffer] = {}
_lock = Lock()


def saw(home: Home, grant: Grant, pathname: str | None, search: str | None) -> None:
    """Note that somebody opens a finding, a voucher, a list of vouchers, or a page to be printed.

    A page view may wait a second in memory before it is written; an act never does.
    """
    try:
        address = parse(pathname, search)
    except DashboardError:
        return
    what = "voucher" if address.page == "voucher" else "finding"
    if address.page == "exec" and address.get("tab") == "v":
        act, subject = "voucher.list", address.href
    elif address.page in ("voucher", "finding"):
        act, subject = f"{what}.view", "/".join(address.parts)
    elif address.get("print"):
        act, subject = "page.print", address.href
    else:
        return
    who = Who(grant.user, grant.role or "", grant.session, grant.purpose)
    with _lock:
        if home not in _buffers:
            _buffers[home] = ViewBuffer(lambda: writing(home), key_of(home.root))
    kind = act.partition(".")[0]
    _buffers[home].saw(Note(who, act, kind, subject))


def flush(home: Home) -> None:
    """Write what waits, now."""
    with _lock:
        found = _buffers.get(home)
    if found is not None:
        found.flush()
