"""Numbers on pages taken at random, each traced to delivered rows, to the fen.

Which pages is drawn anew by `BUDGET_WATCH_SEED`; the rows are those of the delivered tables (FIN-11
to FIN-15), added up here without any mart, cube or view.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterable

import polars as pl
import pytest

from budget_watch.access import Grant
from budget_watch.digest.page_book import Cell, Row
from budget_watch.lake import Home, Reader, Snapshot
from dashboard.page_reading import read
from tests.dashboard.test_pages import main
from tests.views_drill.small_city import AS_OF, CITY

COLUMNS = {"d": "dept_code", "u": "agency_code", "p": "pro_code"}
FIRST = random.Random(os.environ.get("BUDGET_WATCH_SEED", "1"))
YEAR = AS_OF.year


@pytest.mark.parametrize("seed", [FIRST.randrange(10**6) for _ in range(3)])
def test_every_amount_of_a_page_is_the_sum_of_its_delivered_rows(home: Home, seed: int) -> None:
    place = _place(home, random.Random(seed))
    path = "/exec/" + "/".join(f"{letter}{code}" for letter, code in place)
    by = {"d": "u", "u": "p", "p": "i"}[place[-1][0]]
    column = COLUMNS.get(by, "bgt_id")
    sheet = next(s for s in read(main(home, path)).sheets if "按" in s.title)
    heads = [head.text for head in sheet.columns]
    at = [heads.index(name) for name in ("年初预算", "变动预算", "用款计划", "支出")]
    shown = {
        kind: [_fen(row, at) for row in sheet.rows if row.kind == kind] for kind in ("total", "gap")
    }
    parts = Counter(_fen(row, at) for row in sheet.rows if row.kind not in shown)
    delivered = _delivered(home, place, column)
    listed = {key: amounts for key, amounts in delivered.items() if key is not None}
    assert parts == Counter(amounts for amounts in listed.values() if any(amounts))
    total, gap = ([_fen(row, at) for row in sheet.rows if row.kind == k] for k in ("total", "gap"))
    assert total == [_sum(delivered.values())]
    assert gap == [delivered.get(None, (0, 0, 0, 0))]


Four = tuple[int, ...]


def _fen(row: Row, at: list[int]) -> Four:
    """The exact amounts of a row, fen."""
    cells = [row.cells[position] for position in at]
    assert all(isinstance(cell, Cell) and cell.fen is not None for cell in cells)
    return tuple(cell.fen for cell in cells if isinstance(cell, Cell) and cell.fen is not None)


def _sum(parts: Iterable[Four]) -> Four:
    return tuple(sum(column) for column in zip(*parts, strict=True))


def _delivered(home: Home, place: list[tuple[str, str]], key: str) -> dict[str | None, Four]:
    """年初预算, 变动预算, 用款计划, 支出 by a column of the delivered rows of a place."""
    indicators = _rows(home, "indicator").filter(pl.col("doc_date") <= AS_OF)
    projects = indicators.select("bgt_id", "pro_code").unique()
    changed = _rows(home, "indicator_adjustment").filter(pl.col("adj_date") <= AS_OF)
    changed = changed.join(projects, on="bgt_id", how="left")
    plans = _rows(home, "payment_plan").filter(pl.col("plan_month") <= AS_OF.month)
    paid = _rows(home, "payment_voucher").filter(pl.col("pay_date") <= AS_OF)
    asked = _rows(home, "payment_application").select("pay_app_id", asked_for="bgt_id")
    paid = paid.join(asked.unique("pay_app_id"), on="pay_app_id", how="left")
    paid = paid.with_columns(bgt_id=pl.coalesce("asked_for", "bgt_id"))
    measures = (
        (indicators.filter(pl.col("found_type_code") == "年初预算"), "amount", (0,)),
        (indicators, "amount", (1,)),
        (changed, "amt", (1,)),
        (plans, "plan_amt", (2,)),
        (paid, "pay_amt", (3,)),
    )
    found: dict[str | None, list[int]] = {}
    for rows, amount, positions in measures:
        here = rows.filter(*(pl.col(COLUMNS[letter]) == code for letter, code in place))
        for value, total in here.group_by(key).agg(pl.col(amount).sum()).iter_rows():
            for position in positions:
                found.setdefault(value, [0, 0, 0, 0])[position] += total
    return {value: tuple(amounts) for value, amounts in found.items()}


def _place(home: Home, chance: random.Random) -> list[tuple[str, str]]:
    """A department, a unit or a project that has been paid for, drawn by chance."""
    paid = _rows(home, "payment_voucher").filter(pl.col("pro_code").is_not_null())
    row = chance.choice(
        paid.select("dept_code", "agency_code", "pro_code").unique().sort(pl.all()).rows()
    )
    return list(zip("dup", row, strict=True))[: chance.randint(1, 3)]


def _rows(home: Home, table: str) -> pl.DataFrame:
    """The delivered rows of this year and government."""
    reader = Reader(home, Grant.system("test"), Snapshot.latest(home))
    ours = pl.col("fiscal_year") == YEAR, pl.col("mof_div_code") == CITY
    return reader.scan(table).filter(*ours).collect()
