"""What was accepted as built: one row a project, from two tables."""

from __future__ import annotations

from datetime import date

import polars as pl

from budget_watch.lake.marts import completed_project
from budget_watch.tables import contracts, polars_schema


def _frame(name: str, rows: list[dict[str, object]]) -> pl.LazyFrame:
    schema = polars_schema(contracts()[name], technical=True)
    return pl.DataFrame(rows, schema=schema, orient="row").lazy()


def _built(
    projects: list[dict[str, object]], assets: list[dict[str, object]]
) -> list[dict[str, object]]:
    frames = {
        "investment_project": _frame("investment_project", projects),
        "admin_asset": _frame("admin_asset", assets),
    }
    return completed_project.build(frames).collect().to_dicts()


def _project(month: int, **more: object) -> dict[str, object]:
    return {"fiscal_year": 2026, "month": month, "pro_code": "P1", "pro_name": "门诊楼"} | more


def _asset(year: int, **more: object) -> dict[str, object]:
    return {"fiscal_year": year, "agency_code": "101001", "asset_class": "在建工程"} | more


def test_a_project_stands_once_with_the_last_days_written_down() -> None:
    rows = [
        _project(3, accept_date=date(2026, 2, 1)),
        _project(5, final_account_date=None, mof_div_code="990100000"),
        _project(4, accept_date=date(2026, 3, 1), final_account_date=date(2026, 4, 9)),
        _project(5, pro_code="P2"),
    ]
    (made,) = _built(rows, [])
    assert list(made) == list(completed_project.CONTRACT.names)
    assert made == dict.fromkeys(completed_project.CONTRACT.names) | {
        "source": "政府投资项目",
        "object_id": "P1",
        "project_name": "门诊楼",
        "fiscal_year": 2026,
        "mof_div_code": "990100000",
        "accept_date": date(2026, 3, 1),
        "final_account_date": date(2026, 4, 9),
    }


def test_assets_of_units_follow_their_last_year() -> None:
    rows = [
        _asset(2025, in_construction=False),
        _asset(2024, in_construction=True, done_accept_date=date(2024, 5, 1)),
        _asset(2025, asset_class="设备"),
    ]
    (made,) = _built([_project(1)], rows)
    known = {name: value for name, value in made.items() if value is not None}
    assert known == {
        "source": "行政事业资产",
        "object_id": "101001在建工程",
        "project_name": "单位101001在建工程",
        "fiscal_year": 2025,
        "agency_code": "101001",
        "accept_date": date(2024, 5, 1),
        "in_construction": False,
    }
