"""What came and what did not, and which codes are in no list: the marts of the data rules."""

from __future__ import annotations

from datetime import date

import polars as pl

from budget_watch.codes.uscc import make
from budget_watch.lake.marts import code_error, table_coverage
from budget_watch.tables import contracts, polars_schema


def _frames(names: tuple[str, ...], **rows: list[dict[str, object]]) -> dict[str, pl.LazyFrame]:
    frames = {}
    for name in names:
        schema = polars_schema(contracts()[name], technical=True)
        given = pl.DataFrame(rows.get(name, []), schema=schema, orient="row")
        frames[name] = given.lazy()
    return frames


def _month(year: int, month: int) -> dict[str, object]:
    return {
        "fiscal_year": year,
        "month": month,
        "mof_div_code": "990100000",
        "scope_kind": "本级",
        "stage": "月报",
    }


def test_every_period_since_the_first_has_a_row_whether_it_came_or_not() -> None:
    rows = [_month(2025, 1), _month(2026, 2), _month(2026, 2), _month(2026, 3)]
    frames = _frames(table_coverage.TABLE_COVERAGE.inputs, debt_limit=rows)
    made = table_coverage.build(frames).collect()
    assert made.height == 24
    assert set(made["table_code"]) == {"FIN-24"}
    assert made.filter("arrived")["period"].to_list() == ["2025-01", "2026-02", "2026-03"]
    february = made.row(by_predicate=pl.col("period") == "2026-02", named=True)
    assert february == {
        "table_code": "FIN-24",
        "title": "政府债务限额与余额表",
        "delivering_dept": "财政",
        "fiscal_year": 2026,
        "month": 2,
        "period": "2026-02",
        "due": date(2026, 3, 12),
        "arrived": True,
        "rows": 2,
        "required_cells": 10,
        "null_cells": 0,
    }
    december = made.row(by_predicate=pl.col("period") == "2025-12", named=True)
    assert (december["due"], december["arrived"], december["rows"]) == (date(2026, 1, 12), False, 0)


def test_a_form_loaded_by_hand_does_not_make_its_table_a_monthly_one() -> None:
    rows = [_month(2025, 12), _month(2026, 12), _month(2026, 1)]
    frames = _frames(table_coverage.TABLE_COVERAGE.inputs, debt_limit=rows)
    assert table_coverage.build(frames).collect().height == 0


def test_yearly_tables_are_due_once_a_year() -> None:
    asset = {"fiscal_year": 2025, "agency_code": "101001", "asset_class": "车辆"}
    frames = _frames(table_coverage.TABLE_COVERAGE.inputs, admin_asset=[asset])
    made = table_coverage.build(frames).collect()
    assert made.select("table_code", "period", "due", "arrived").rows() == [
        ("FIN-28", "2025", date(2026, 3, 31), True)
    ]


def test_nothing_delivered_gives_no_row_of_the_same_shape() -> None:
    made = table_coverage.build(_frames(table_coverage.TABLE_COVERAGE.inputs)).collect()
    assert made.height == 0
    assert made.columns == list(table_coverage.CONTRACT.names)


def test_codes_are_checked_against_their_year_and_credit_codes_by_their_digit() -> None:
    right = make("91990100MA0000000")
    wrong = right[:17] + ("0" if right[17] != "0" else "1")
    owner = {"fiscal_year": 2026, "month": 9, "mof_div_code": "990100000", "report_scope": "合并"}
    frames = _frames(
        code_error.CODE_ERROR.inputs,
        soe_monthly=[owner | {"uscc": right}, owner | {"uscc": wrong}, owner | {"uscc": None}],
        general_revenue=[
            _month(2026, 9) | {"rev_code": "101"},
            _month(2026, 9) | {"rev_code": "199"},
            _month(2026, 9) | {"rev_code": "~1"},
            _month(1999, 9) | {"rev_code": "199"},
        ],
    )
    made = code_error.build(frames).collect().sort("table_code")
    keys = ["table_code", "column_name", "fiscal_year", "mof_div_code"]
    assert made.select(*keys, "judged", "wrong", "sample_code").rows() == [
        ("FIN-01", "rev_code", 2026, "990100000", 3, 1, "199"),
        ("SASAC-01", "uscc", 2026, "990100000", 2, 1, wrong),
    ]
