"""The code tables: by year, with their hierarchy."""

import csv
from pathlib import Path

import polars as pl
import pytest

from budget_watch.codes import (
    SYSTEMS,
    CodesError,
    all_years,
    children,
    codes,
    name_of,
    parent_of,
    valid_codes,
    years,
)

REAL = Path(__file__).parents[3] / "shared/data/codes"
THREE_PUBLIC = {
    "30212": "因公出国（境）费用",
    "30217": "公务接待费",
    "30231": "公务用车运行维护费",
    "31013": "公务用车购置",
    "30913": "公务用车购置",
}


def test_every_classification_covers_the_three_fiscal_years():
    assert {system: (years(system)[0], years(system)[-1]) for system in SYSTEMS} == {
        "functional": (2024, 2026),
        "revenue": (2024, 2026),
        "gov_economic": (2024, 2026),
        "dept_economic": (2024, 2026),
        "fund_type": (2024, 2026),
        "budget_level": (2024, 2026),
        "region": (2018, 2026),
    }


@pytest.mark.parametrize("system", SYSTEMS)
def test_codes_are_unique_named_and_in_order(system):
    table = all_years(system)
    assert table.columns == ["fiscal_year", "code", "name", "parent", "level"]
    assert not table.select("fiscal_year", "code").is_duplicated().any()
    assert table["name"].str.len_chars().min() > 0
    assert table.equals(table.sort("fiscal_year", "code"))


@pytest.mark.parametrize("system", ["functional", "revenue"])
def test_each_item_hangs_on_its_group_and_each_group_on_its_class(system):
    table = codes(system, 2026)
    lengths = table.with_columns(
        own=pl.col("code").str.len_chars(), above=pl.col("parent").str.len_chars()
    )
    assert lengths.filter(pl.col("own") > 3, pl.col("above") != pl.col("own") - 2).is_empty()
    assert lengths.filter((pl.col("own") == 3) != (pl.col("level") == 1)).is_empty()


def test_names_parents_and_children_are_found_by_year():
    assert name_of("functional", 2026, "2050202") == "小学教育"
    assert parent_of("functional", 2026, "2050202") == "20502"
    assert children("functional", 2026, "20502") == (
        "2050201",
        "2050202",
        "2050203",
        "2050204",
        "2050205",
        "2050299",
    )
    assert children("functional", 2026, "2050202") == ()
    assert {code: name_of("dept_economic", 2026, code) for code in THREE_PUBLIC} == THREE_PUBLIC
    assert name_of("gov_economic", 2026, "50206") == "公务接待费"
    assert name_of("fund_type", 2025, "12") == "政府性基金预算资金"
    assert name_of("functional", 2026, "9999999") is None
    assert name_of("functional", 2026, None) is None


def test_a_code_added_during_2025_is_not_valid_in_2024():
    added = {"2170404", "22911", "23107"}
    assert added & valid_codes("functional", 2024) == set()
    assert added <= valid_codes("functional", 2025)


def test_a_year_without_a_table_is_refused_but_a_name_is_still_found():
    with pytest.raises(CodesError, match="2024—2026"):
        valid_codes("functional", 2019)
    assert name_of("functional", 2019, "20502") == "普通教育"
    with pytest.raises(CodesError, match="functional"):
        codes("function", 2026)


def test_regions_go_from_province_to_county_and_hold_the_made_up_city():
    assert parent_of("region", 2026, "440105000") == "440100000"
    assert parent_of("region", 2026, "440100000") == "440000000"
    assert parent_of("region", 2026, "110101000") == "110000000"
    assert children("region", 2026, "990100000") == (
        "990102000",
        "990103000",
        "990121000",
        "990122000",
        "990171000",
        "990181000",
    )
    assert name_of("region", 2026, "990100000") == "示范市"


@pytest.mark.real
@pytest.mark.skipif(not REAL.exists(), reason="the published code list is not beside the checkout")
def test_every_code_a_city_used_in_2025_is_known():
    with (REAL / "lijiang_2025_codes.csv").open(encoding="utf-8-sig") as file:
        used = {row["code"] for row in csv.DictReader(file)}
    known = valid_codes("functional", 2025) | valid_codes("revenue", 2025)
    assert used - known == set()
