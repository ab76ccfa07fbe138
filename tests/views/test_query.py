"""The query a figure prints, run by another engine on the same files, gives the figure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from budget_watch.access import Grant
from budget_watch.lake import Home, Reader
from budget_watch.views import Desk, Figure, Place, Query, Span, Unit
from budget_watch.views.books import books
from budget_watch.views.debt import debt
from budget_watch.views.spending import departments, spending
from budget_watch.views.three_public import three_public
from tests.views.small_city import CITY

OWN, WHOLE = Place(CITY, "本级", "示范市"), Place(CITY, "全市", "示范市")


@pytest.fixture(scope="module")
def oracle(city: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    reader = Reader(city, Grant.system("test"))
    with duckdb.connect() as connection:
        for table in ("execution_month", "debt_position", "bond", "payment", "budget_line"):
            connection.execute(
                f"CREATE VIEW {table} AS SELECT * FROM read_parquet({reader.files(table)})"
            )
        yield connection


def figures(desk: Desk) -> Iterator[Figure]:
    for place in (OWN, WHOLE):
        for book in books(desk, place, Span(2026, 9)):
            yield from (*book.revenue.figures, *book.expenditure.figures)
            for item in (*book.revenue.items, *book.expenditure.items):
                yield from (item.budget, item.ytd, item.last_year)
        found = debt(desk, place, Span(2026, 9))
        yield from (found.issued_total, found.interest, found.overdue)
        for limit in found.position.limits:
            yield from (limit.limit, limit.balance)
    for span in (Span(2026, 9), Span.to_day(date(2026, 8, 5))):
        for each in (
            spending(desk, OWN, span, "一般公共预算"),
            *departments(desk, OWN, span),
            *three_public(desk, OWN, span).kinds,
        ):
            yield from (each.initial, each.approved, each.current, each.spent, each.last_year)


def test_every_amount_is_what_its_sql_says(desk: Desk, oracle: duckdb.DuckDBPyConnection) -> None:
    checked = 0
    for figure in figures(desk):
        if figure.unit is not Unit.FEN or figure.value is None or len(figure.queries) != 1:
            continue
        row = oracle.execute(figure.queries[0].sql()).fetchone()
        assert row is not None
        assert (row[0] or 0) == figure.value, figure.queries[0].sql()
        checked += 1
    assert checked > 100


def test_sql_says_every_condition() -> None:
    query = Query(
        "payment",
        "pay_amt",
        (
            ("fiscal_year", "=", 2026),
            ("month", "<=", 9),
            ("level_flag", "is not", "对下转移"),
            ("code", "in", ("a", "o'b")),
            ("fund_type_code", "begins", ("11", "12")),
            ("pay_date", ">=", date(2026, 1, 1)),
            ("is_sal", "=", True),
        ),
    )
    assert query.sql() == (
        "SELECT sum(pay_amt) FROM payment WHERE fiscal_year = 2026 AND month <= 9"
        " AND level_flag IS DISTINCT FROM '对下转移' AND code IN ('a', 'o''b')"
        " AND left(fund_type_code, 2) IN ('11', '12') AND pay_date >= DATE '2026-01-01'"
        " AND is_sal = TRUE"
    )


def test_a_blank_amount_makes_the_sum_unknown(desk: Desk) -> None:
    answer = desk.ask(Query("debt_position", "comprehensive_fiscal", (("debt_kind", "=", "合计"),)))
    assert (answer.value, answer.rows, answer.blanks) == (None, 3, 1)
