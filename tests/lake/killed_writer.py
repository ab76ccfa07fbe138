"""Loads two days into a home; kills itself without warning at the named point. Run as a script."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

from budget_watch.lake import Home, Writer, delta, writer
from tests.lake.made import application, batch, rows, voucher

DAYS = (date(2026, 9, 29), date(2026, 9, 30))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(function: Callable[..., Any], nth: int) -> Callable[..., Any]:
    """The function, killing the process before its nth call."""
    calls = iter(range(1, 1_000_000))

    def wrapped(*args: Any, **more: Any) -> Any:
        if next(calls) == nth:
            die()
        return function(*args, **more)

    return wrapped


def after(function: Callable[..., Any], nth: int) -> Callable[..., Any]:
    """The function, killing the process after its nth call."""
    calls = iter(range(1, 1_000_000))

    def wrapped(*args: Any, **more: Any) -> Any:
        result = function(*args, **more)
        if next(calls) == nth:
            die()
        return result

    return wrapped


def arm(point: str, nth: int) -> None:
    """Set the trap."""
    match point:
        case "files":
            writer.make_durable = before(writer.make_durable, nth)
        case "replace":
            Writer.replace = before(Writer.replace, nth)
        case "created":  # the table exists, its first commit does not
            delta._opened = after(delta._opened, nth)
        case "commit":
            delta.commit = after(delta.commit, nth)
        case "sql":
            writer.record = before(writer.record, nth)
        case "published":
            writer.record = after(writer.record, nth)


def load(home: Home) -> None:
    """Two days, the second with a correction of the first."""
    with Writer.open(home, "load") as open_writer:
        for number, day in enumerate(DAYS):
            vouchers = rows(
                "payment_voucher",
                *(voucher(n, day, n) for n in range(number * 10, number * 10 + 9)),
            )
            applications = rows(
                "payment_application", *(application(n, day) for n in range(number * 10 + 5))
            )
            for table, frame in (
                ("payment_voucher", vouchers),
                ("payment_application", applications),
                ("general_revenue", rows("general_revenue", {"ytd_amt": 100 + number})),
            ):
                slot = "only" if table == "general_revenue" else str(day)
                how = {"by": ["pay_app_id"]} if table == "payment_application" else {}
                delivery = batch(table, slot, content=str(day), day=day)
                open_writer.replace(table, frame, delivery, **how)
            open_writer.publish(day, rule_book="r")


if __name__ == "__main__":
    arm(sys.argv[2], int(sys.argv[3]))
    load(Home(sys.argv[1]))
