"""支付凭证: pages of vouchers by key, one voucher with its chain of documents.

Vouchers are never read as a whole: a list needs a fiscal year and a place, a voucher its
year and id. Lists are cut by key (date or amount, then id), so a page costs the same
wherever it is. Payees appear in addresses only as the first 16 digits of a SHA-256.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from budget_watch.views.cubes import Cube
from budget_watch.views.drill import COLUMNS, SCOPES, Place, months_of
from budget_watch.views.keeping import Kept
from budget_watch.views.span import Span

if TYPE_CHECKING:
    from budget_watch.lake import Reader

PAGE = 100
LIST_LIMIT = 400_000  # vouchers a place may hold for its list to be shown without a department
SHOWN = (
    "pay_cert_id",
    "pay_cert_no",
    "fiscal_year",
    "pay_date",
    "dept_code",
    "agency_code",
    "pro_code",
    "payee_acct_name",
    "payee_is_person",
    "pay_amt",
    "use_des",
    "dep_bgt_eco_code",
    "exp_func_code",
    "set_mode_code",
    "bgt_id",
    "pay_app_id",
)
_PAYEES: Kept[pl.DataFrame] = Kept(32)


@dataclass(frozen=True)
class Filter:
    """Which vouchers: a place in a span, and optional bounds.

    Attributes:
        least, most: bounds of the amount in fen, both inclusive.
        method: 结算方式.
    """

    place: Place
    span: Span
    least: int | None = None
    most: int | None = None
    method: str | None = None

    @property
    def bare(self) -> bool:
        """Whether nothing but place and span cuts the list."""
        return self.least is None and self.most is None and self.method is None


@dataclass(frozen=True)
class VoucherPage:
    """One page of a list.

    Attributes:
        rows: at most as many vouchers as were asked for, columns ``SHOWN``.
        first: position of the first row in the whole list, from 1.
        count, total: of the whole list, all pages (fen).
        after: key of the next page, None on the last.
    """

    rows: pl.DataFrame
    first: int
    count: int
    total: int
    after: str | None


def payee_id(name: str | None, account: str | None) -> str:
    """What stands for a payee in an address."""
    return hashlib.sha256(f"{name or ''}|{account or ''}".encode()).hexdigest()[:16]


def list_vouchers(
    reader: Reader,
    cube: Cube,
    wanted: Filter,
    sort: str = "-date",
    after: str | None = None,
    at_once: int = PAGE,
) -> VoucherPage:
    """One page of the vouchers of a place.

    Args:
        sort: ``-date``, ``date``, ``-amt`` or ``amt``.
        after: the key a page before gave; None = the first page.
        at_once: rows of a page.
    """
    lazy = select(reader, cube, wanted)
    column = "pay_amt" if sort.lstrip("-") == "amt" else "pay_date"
    down = sort.startswith("-")
    order = [column, "pay_cert_id"]
    rest, passed = lazy, pl.lit(0)
    if after is not None:
        beyond = _beyond(column, after, down)
        rest, passed = lazy.filter(beyond), (~beyond).sum()

    def ends(rows: pl.LazyFrame) -> pl.LazyFrame:
        return (rows.bottom_k if not down else rows.top_k)(at_once + 1, by=order)

    sums = lazy.select(count=pl.len(), total=pl.col("pay_amt").sum(), passed=passed.cast(pl.Int64))
    keys, summed = pl.collect_all([ends(rest.select(order)), sums])
    # What is shown beside the keys is read of these days, or amounts, alone.
    these = pl.col(column).is_between(keys[column].min(), keys[column].max())
    page = ends(rest.filter(these).select(SHOWN)).collect().sort(order, descending=down)
    rows = page.head(at_once)
    following = _key(rows.row(-1, named=True), column) if page.height > at_once else None
    found = summed.row(0, named=True)
    return VoucherPage(
        rows,
        int(found["passed"] or 0) + 1,
        int(found["count"]),
        int(found["total"] or 0),
        following,
    )


def select(reader: Reader, cube: Cube, wanted: Filter) -> pl.LazyFrame:
    """The vouchers of a filter, lazily: year and month first, for the files are cut by them."""
    place, span = wanted.place, wanted.span
    terms = [pl.col("fiscal_year") == span.fiscal_year]
    only, month = months_of(place, span), pl.col("month")
    terms.append(month.is_between(*only) if only else month <= span.month)
    if place.get("z") is None:
        terms.append(pl.col("scope_kind").is_in(list(SCOPES[place.scope])))
    for letter, code in place.path:
        terms.append(_term(reader, cube, wanted, letter, code))
    if wanted.least is not None:
        terms.append(pl.col("pay_amt") >= wanted.least)
    if wanted.most is not None:
        terms.append(pl.col("pay_amt") <= wanted.most)
    if wanted.method is not None:
        terms.append(pl.col("set_mode_code") == wanted.method)
    indicator = place.get("i")
    key = ("bgt_id", indicator) if indicator else None
    return reader.scan("payment", span.fiscal_year, key).filter(terms)


def _term(reader: Reader, cube: Cube, wanted: Filter, letter: str, code: str) -> pl.Expr:  # noqa: PLR0911
    match letter:
        case "m":
            return pl.lit(True)
        case "c" | "e" | "f":
            return pl.col(COLUMNS[letter]).str.starts_with(code)
        case "s":
            return pl.col("pay_app_id") == code
        case "o":
            return pl.col("bgt_id").is_in(_indicators_of(cube, wanted.place, code))
        case "y":
            names = payees(reader, cube, _without(wanted, "y"))
            found = names.filter(pl.col("id") == code)
            if found.is_empty():
                return pl.lit(False)
            row = found.row(0, named=True)
            return pl.col("payee_acct_name").eq_missing(row["payee_acct_name"]) & pl.col(
                "payee_acct_no"
            ).eq_missing(row["payee_acct_no"])
    return pl.col(COLUMNS[letter]) == code


def payees(reader: Reader, cube: Cube, wanted: Filter) -> pl.DataFrame:
    """Payees of a place: id, name, account, amount and number of vouchers, largest first.

    Kept for the next page of the place, and for those of each payee, whose address holds the id.
    """
    if reader.snapshot is None or reader.as_it_lies:
        return _payees(reader, cube, wanted)
    key = (str(reader.home.root), reader.snapshot.id, reader.grant.key, wanted)
    return _PAYEES.get(key, lambda: _payees(reader, cube, wanted))


def _payees(reader: Reader, cube: Cube, wanted: Filter) -> pl.DataFrame:
    frame = (
        select(reader, cube, wanted)
        .group_by("payee_acct_name", "payee_acct_no")
        .agg(spent=pl.col("pay_amt").sum(), vouchers=pl.len().cast(pl.Int64))
        .sort("spent", "payee_acct_name", "payee_acct_no", descending=[True, False, False])
        .collect(engine="streaming")
    )
    ids = [payee_id(*row) for row in frame.select("payee_acct_name", "payee_acct_no").iter_rows()]
    return frame.with_columns(id=pl.Series(ids, dtype=pl.String))


def applications(reader: Reader, cube: Cube, wanted: Filter) -> pl.DataFrame:
    """Payment applications of an indicator, each with what was paid on it in the span."""
    paid = (
        select(reader, cube, wanted)
        .group_by("pay_app_id")
        .agg(spent=pl.col("pay_amt").sum(), vouchers=pl.len().cast(pl.Int64))
    )
    indicator = wanted.place.get("i")
    asked = (
        reader.scan("payment_application", wanted.span.fiscal_year, ("bgt_id", indicator or ""))
        .filter(
            pl.col("fiscal_year") == wanted.span.fiscal_year,
            pl.col("bgt_id") == indicator,
            pl.col("create_date") <= wanted.span.end,
        )
        .select(
            "pay_app_id", "pay_app_no", "create_date", "use_des", "pay_app_amt", "payee_acct_name"
        )
    )
    return (
        asked.join(paid, on="pay_app_id", how="full", coalesce=True)
        .with_columns(pl.col("spent", "vouchers").fill_null(0))
        .sort("create_date", "pay_app_id", descending=[True, False], nulls_last=True)
        .collect()
    )


def _indicators_of(cube: Cube, place: Place, source: str) -> list[str]:
    frame = cube.of(place.get("d"), detailed=True)
    found = frame.filter(pl.col("found_type_code") == source)["bgt_id"].drop_nulls().unique()
    return [str(value) for value in found.to_list()]


def _without(wanted: Filter, letter: str) -> Filter:
    path = tuple(part for part in wanted.place.path if part[0] != letter)
    return Filter(Place(wanted.place.scope, path), wanted.span)


def _beyond(column: str, after: str, down: bool) -> pl.Expr:
    text, _, voucher = after.partition("_")
    edge: Any = int(text) if column == "pay_amt" else date.fromisoformat(text)
    key, name = pl.col(column), pl.col("pay_cert_id")
    lower: pl.Expr = (key < edge) | ((key == edge) & (name < voucher))
    higher: pl.Expr = (key > edge) | ((key == edge) & (name > voucher))
    return lower if down else higher


def _key(row: dict[str, Any], column: str) -> str:
    return f"{row[column]}_{row['pay_cert_id']}"


@dataclass(frozen=True)
class Paid:
    """What vouchers alone can say of a place: the figures of an application or a payee, fen.

    Attributes:
        asked: 申请金额 of the place's application; None where the place names none.
        before: of last year's same span, where the place can have one (a payee).
    """

    spent: int
    month: int
    vouchers: int
    asked: int | None
    before: int | None


def paid(reader: Reader, cube: Cube, place: Place, span: Span) -> Paid:
    """Sum a place's own vouchers up to the span's end."""
    only = months_of(place, span)
    last = only[1] if only else span.month
    rows = select(reader, cube, Filter(place, span))
    sums = (
        rows.filter(pl.col("pay_date") <= span.end)
        .select(
            pl.col("pay_amt").sum().alias("spent"),
            pl.col("pay_amt").filter(pl.col("month") == last).sum().alias("month"),
            pl.len().cast(pl.Int64).alias("vouchers"),
        )
        .collect()
        .row(0, named=True)
    )
    asked = before = None
    application = place.get("s")
    if application is not None:
        found = reader.scan("payment_application").filter(pl.col("pay_app_id") == application)
        amounts = found.select("pay_app_amt").drop_nulls().collect()["pay_app_amt"]
        asked = int(amounts[0]) if amounts.len() else None
    else:
        then = span.last_year()
        earlier = select(reader, cube, Filter(place, then)).filter(pl.col("pay_date") <= then.end)
        before = int(earlier.select(pl.col("pay_amt").sum()).collect().item() or 0)
    return Paid(int(sums["spent"] or 0), int(sums["month"] or 0), int(sums["vouchers"]),
                asked, before)  # fmt: skip
