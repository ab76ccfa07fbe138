import polars as pl
import pytest

pytestmark = pytest.mark.real
YI = 10**10


def test_every_sheet_of_the_budget_workbook_is_loaded_or_named_with_a_reason(real, load, read):
    lines = load(real / "workbooks" / "lijiang_2025_budget_attachment.xlsx")
    assert len({line["sheet"] for line in lines}) == 54
    assert all(line["rows"] == line["stored"] + line["quarantined"] for line in lines)
    assert [line for line in lines if line["refused"] or line["quarantined"]] == []
    not_loaded = {line["sheet"].strip(): line["reason"] for line in lines if not line["table"]}
    assert sorted(not_loaded) == ["27", "37", "45", "46", "封面", "目录"]
    assert all(not_loaded.values())
    by_table = {line["table"] for line in lines if line["stored"]}
    assert by_table == {
        "FIN-01", "FIN-02", "FIN-03", "FIN-04", "FIN-05", "FIN-06", "FIN-07", "FIN-08", "FIN-24",
        "FIN-27",
    }  # fmt: skip
    sheet02 = next(line for line in lines if line["sheet"] == "02")
    assert (sheet02["table"], sheet02["rows"], sheet02["stored"]) == ("FIN-02", 1329, 1329)
    assert sheet02["reason"] == "科目合计等于下级之和：206组全部相符"
    (check,) = sheet02["checks"]
    assert (check["groups"], check["failed"]) == (206, 0)

    spent = read("general_expenditure").filter(
        (pl.col("scope_kind") == "全市") & (pl.col("stage") == "快报")
    )
    assert spent.height == 1329
    total = spent.filter(pl.col("exp_func_code").str.len_chars() == 3)["ytd_amt"].sum()
    assert total == 1763231 * 1_000_000  # 支出合计
    debt = read("debt_limit").filter((pl.col("stage") == "快报") & (pl.col("scope_kind") == "全市"))
    assert debt.select("mof_div_code", "limit_total", "balance_total", "issue_total").rows() == [
        ("530700000", 486.6591 * YI, 47807742500 * 100, 7252748600 * 100)
    ] or debt["limit_total"].to_list() == [4866591 * 1_000_000]
    drafts = read("general_expenditure").filter(pl.col("stage") == "草案")
    assert drafts.group_by("scope_kind").len().sort("scope_kind").rows() == [
        ("全市", 1319),
        ("本级", 1319),
    ]


def test_the_debt_workbook_is_loaded_but_for_the_sheet_with_the_wrong_unit(real, load, read):
    limits, use, flows = load(real / "workbooks" / "guangdong_2021_debt.xlsx")
    assert (limits["table"], limits["rows"], limits["stored"]) == ("FIN-24", 155, 155)
    assert (flows["table"], flows["rows"], flows["stored"]) == ("FIN-24", 4, 4)
    assert (use["table"], use["refused"]) == ("FIN-26", True)
    assert (use["rows"], use["stored"], use["quarantined"]) == (4305, 0, 4305)
    assert "标注的单位“亿元”与本工作簿合计不符：金额列合计 435,696.91亿元" in use["reason"]
    assert read("special_bond_project").is_empty()
    rows = read("debt_limit")
    district = rows.filter(pl.col("mof_div_code") == "440105000").row(0, named=True)
    assert (district["scope_kind"], district["stage"]) == ("县区", "决算批准")
    assert (district["limit_total"], district["balance_total"]) == (14.95 * YI, 23.45 * YI)
    province = rows.filter(
        (pl.col("mof_div_code") == "440000000")
        & (pl.col("scope_kind") == "全市")
        & (pl.col("fiscal_year") == 2021)
    ).row(0, named=True)
    # both sheets speak of this row: limits and balances from the one, issue and interest added
    assert round(province["balance_total"] / YI, 4) == 18997.4374
    assert round(province["interest_total"] / YI, 4) == 531.1668


def test_the_debt_panel_is_third_party_data_of_whole_prefectures(real, load, read):
    (line,) = load(real / "debt_panel" / "city_gov_debt.csv")
    assert (line["table"], line["form"], line["rows"], line["stored"]) == (
        "FIN-24",
        "debt_panel",
        3074,
        3074,
    )
    rows = read("debt_limit")
    assert rows["data_status"].unique().to_list() == ["第三方"]
    assert rows["round_fen"].unique().to_list() == [100_000_000]
    assert rows.select("month", "scope_kind").unique().rows() == [(12, "全市")]
    over = rows.filter(pl.col("balance_total") > pl.col("limit_total"))
    assert sorted(over.select("mof_div_code", "fiscal_year").rows()) == [
        ("150800000", 2018),
        ("650400000", 2024),
    ]
    assert rows["limit_total"].null_count() == 1796
    assert rows.filter(pl.col("region_name").is_null()).is_empty()


def test_every_bad_table_gets_one_sentence_and_leaves_nothing(real, load, home):
    files = sorted((real / "bad_tables").iterdir())
    lines = load(*files)
    assert [line["path"] for line in lines] == [str(file) for file in files]
    assert all(line["refused"] and line["reason"].endswith("。") for line in lines)
    assert all(line["rows"] == 0 for line in lines)
    assert not any(home.lake.iterdir())
    assert not any(home.quarantine.iterdir())


def test_official_department_forms_are_known_as_blank(real, load):
    lines = load(real / "forms")
    assert not any(line["refused"] or line["rows"] for line in lines)
    blank = [line for line in lines if line["reason"].startswith("空白表样")]
    assert len(blank) >= 16
