"""What one page is asked with: whose grant, which snapshot, which address.

Everything that is read goes through here, so a page cannot read past its grant, and
what is slow to make (names, cubes, desks) is made once per snapshot and grant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, TypeVar, cast

from budget_watch.access import Grant, Reached
from budget_watch.casework.accounts import people
from budget_watch.casework.book import book_now
from budget_watch.casework.committee import committee
from budget_watch.casework.rule_marks import visible_rules
from budget_watch.casework.runs import PastRun, latest_run
from budget_watch.engine import Book
from budget_watch.lake import Home, LakeError, Reader, Snapshot
from budget_watch.views import Desk, Place, Span, home_place
from budget_watch.views import formats as fmt
from budget_watch.views.cubes import Cube, cube
from budget_watch.views.drill import span_of
from budget_watch.views.keeping import Kept
from budget_watch.views.names import Names, names
from dashboard.address import Address
from dashboard.errors import AddressError

T = TypeVar("T")
_KEPT: Kept[Any] = Kept(400)
MACHINE = Grant.system("").user
AT_ONCE = 1_000  # rows at once of a list that is taken away whole
_SOME = {
    Reached.UPHELD: "疑点只列初核成立以后的",
    Reached.TRANSFERRED: "疑点只列已转交的",
}


def kept(key: tuple[Any, ...], make: Callable[[], T]) -> T:
    """An answer made once for a key that names snapshot, grant and question."""
    return cast("T", _KEPT.get(key, make))


@dataclass(frozen=True)
class Context:
    """One reader's look at one address.

    Attributes:
        snapshot: the data it is answered from.
        latest: whether that is the newest snapshot.
        known: every published day as (snapshot id, business date, published at), oldest first.
        whole: all rows are asked for, to be taken away: long lists come in longer pages,
            divisions without a limit.
    """

    home: Home
    grant: Grant
    address: Address
    snapshot: Snapshot
    latest: bool
    known: tuple[tuple[str, date, datetime], ...]
    dark: bool = False
    whole: bool = False

    @property
    def _key(self) -> tuple[str, str, str]:
        return (str(self.home.root), self.snapshot.id, self.grant.key)

    def kept(self, what: str, make: Callable[[], T], *more: Any) -> T:
        """Cache an answer by (snapshot, grant, question)."""
        return kept((*self._key, what, *more), make)

    def at_once(self, most: int) -> int:
        """How many rows a list shows at once, where a page shows at most so many."""
        return AT_ONCE if self.whole else most

    @cached_property
    def reader(self) -> Reader:
        """The lake under this reader's grant."""
        return Reader(self.home, self.grant, self.snapshot)

    @cached_property
    def people(self) -> dict[str, str]:
        """Account → what its person is called, looked up once a request."""
        return people(self.home)

    def called(self, user: str) -> str:
        """What the person of an account is called; the account where it has no name."""
        return "系统" if user == MACHINE else self.people.get(user, user)

    @cached_property
    def rule_book(self) -> Book:
        """The rule book with the home's overlay, looked at once a request."""
        return book_now(self.home.root)

    @cached_property
    def last_run(self) -> PastRun | None:
        """The last whole run as the reader may see it, looked up once a request."""
        run = latest_run(self.home)
        return None if run is None else run.under(visible_rules(self.home.root, self.grant))

    def ours(self, name: str) -> str:
        """What a government's figures are called before a reader who sees only a part of them."""
        return f"您范围内的{name}" if self.grant.scope.own else name

    @property
    def some_findings(self) -> str:
        """Which findings the reader is shown, where not all: none seen is not none there."""
        return _SOME.get(self.grant.findings, "")

    @property
    def cube(self) -> Cube:
        """The sums the drill asks."""
        return cube(self.home, self.grant, self.snapshot)

    @property
    def names(self) -> Names:
        """Names for codes."""
        return self.kept("names", lambda: names(self.reader, self.as_of.year))

    @property
    def desk(self) -> Desk:
        """The desk that shared views ask."""
        return self.kept("desk", lambda: Desk(self.reader))

    @cached_property
    def city(self) -> Place | None:
        """This installation's own government; None before anything was delivered.

        The settings' own where the reader may see it, else as their data tells.
        """
        region, regions = committee(self.home).region, self.grant.scope.regions
        own = region if regions is None or region in regions else None
        return self.kept("city", lambda: home_place(self.desk, region=own), own)

    @property
    def as_of(self) -> date:
        """The business date everything is known up to."""
        return self.snapshot.biz_date

    @property
    def span(self) -> Span:
        """The span the address asks for, never past the as-of day.

        Raises:
            AddressError: a year without data, or one still to come.
        """
        year = int(self.address.get("fy") or self.as_of.year)
        if year > self.as_of.year:
            raise AddressError(f"还没有{year}年的数据；数据截至{fmt.day(self.as_of)}。")
        month = self.address.get("to")
        if month and year == self.as_of.year and int(month) > self.as_of.month:
            raise AddressError(f"{year}年{month}月还没有到；数据截至{fmt.day(self.as_of)}。")
        return span_of(self.as_of, year, int(month) if month else None)

    @property
    def unit(self) -> fmt.Unit:
        """Money unit of tables."""
        return cast("fmt.Unit", self.address.get("unit", "wan"))

    @property
    def unit_title(self) -> str:
        """“单位：万元”."""
        return f"单位：{fmt.UNIT_TITLES[self.unit]}"

    def money(self, fen: int | None) -> str:
        """Money in a table of this page's unit."""
        return fmt.table_money(fen, self.unit)


def open_context(
    home: Home, grant: Grant, address: Address, *, dark: bool = False
) -> Context | None:
    """The context of an address; None where nothing was ever published.

    Raises:
        AddressError: the address names a day or snapshot that is not there.
    """
    known = tuple(Snapshot.all(home))
    if not known:
        return None
    newest = known[-1][0]
    snapshot = _snapshot(home, address, newest, known)
    return Context(home, grant, address, snapshot, snapshot.id == newest, known, dark)


def _snapshot(
    home: Home, address: Address, newest: str, known: tuple[tuple[str, date, datetime], ...]
) -> Snapshot:
    wanted, day = address.get("snap"), address.get("asof")
    try:
        if wanted:
            # What is no longer there may still be known to this process.
            there = any(wanted == name for name, _, _ in known)
            return _get(home, wanted) if there else Snapshot.get(home, wanted)
        if day:
            return _known(home, date.fromisoformat(day), newest)
    except LakeError as error:
        raise AddressError(str(error)) from error
    return _get(home, newest)


def _get(home: Home, snapshot_id: str) -> Snapshot:
    return kept((str(home.root), "snapshot", snapshot_id), lambda: Snapshot.get(home, snapshot_id))


def _known(home: Home, day: date, newest: str) -> Snapshot:
    """The last snapshot of a business date up to the day."""
    found = [name for name, biz_date, _ in Snapshot.all(home) if biz_date <= day]
    if not found:
        raise AddressError(f"{fmt.day(day)}及以前没有数据快照。请换一个较晚的日期。")
    return _get(home, found[-1])
