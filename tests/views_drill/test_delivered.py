"""What is missing under a figure: tables, regions; and what lies between vouchers and report."""

from dataclasses import replace

import polars as pl

from budget_watch.lake import Reader
from budget_watch.views.cubes import Cube
from budget_watch.views.delivered import undelivered, without_rows
from budget_watch.views.drill import span_of
from tests.views_drill.small_city import AS_OF, COUNTY

NOW = span_of(AS_OF)


def test_a_table_without_a_delivery_of_the_year_is_named(reader: Reader) -> None:
    assert undelivered(reader, NOW) == {}
    assert undelivered(reader, span_of(AS_OF, 2023)) == {
        "indicator": "缺 FIN-12 预算指标表（2023年）",
        "payment_plan": "缺 FIN-13 用款计划表（2023年）",
        "payment_voucher": "缺 FIN-15 国库集中支付凭证表（2023年）",
    }


def test_a_region_without_a_kind_of_fund_keeps_the_city_from_being_summed(cube: Cube) -> None:
    assert without_rows(cube, "all", "11", 2026) == ()
    county = pl.col("mof_div_code") == COUNTY
    fund = pl.when(county).then(pl.lit("11")).otherwise(pl.lit("12"))
    other = replace(cube, coarse=cube.coarse.with_columns(fund_type_code=fund))
    assert without_rows(other, "all", "12", 2026) == (COUNTY,)
    assert without_rows(other, "local", "12", 2026) == ()
