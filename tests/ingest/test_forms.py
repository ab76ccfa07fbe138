import polars as pl

from ingest.bind.form_files import forms
from tests.ingest.workbooks import DEBT, DEBT_MERGES, FUNDS, book, classes, spending

WAN = 1_000_000


def told(line):
    kept = ("sheet", "table", "form", "rows", "stored", "quarantined", "refused")
    return {name: line[name] for name in kept}


def test_every_form_can_be_read():
    assert len(forms()) >= 20
    assert all(form.table or form.targets or form.reason for form in forms())


def test_items_without_codes_get_the_code_of_their_place_in_the_list(tmp_path, load, read):
    path = book(tmp_path / "执行.xlsx", {"表2": spending()})
    (line,) = load(path)
    assert told(line) == {
        "sheet": "表2",
        "table": "FIN-02",
        "form": "general_expenditure",
        "rows": 9,
        "stored": 9,
        "quarantined": 0,
        "refused": False,
    }
    assert [check["failed"] for check in line["checks"]] == [0]
    rows = read("general_expenditure").sort("exp_func_code")
    assert rows["exp_func_code"].to_list() == [
        "201",
        "20101",
        "2010101",
        "2010104",
        "20102",
        "2010201",
        "205",
        "20502",
        "2050202",
    ]
    first = rows.row(0, named=True)
    wanted = {
        "fiscal_year": 2025,
        "month": 12,
        "mof_div_code": "990100000",
        "scope_kind": "本级",
        "stage": "快报",
        "item_name": "一般公共服务支出",
        "budget_amt": 1100 * WAN,
        "adj_amt": 1080 * WAN,
        "ytd_amt": 1050 * WAN,
        "ly_ytd": 1000 * WAN,
        "data_status": "快报",
        "round_fen": WAN,
        "src_row": 5,
    }
    assert {name: first[name] for name in wanted} == wanted


def test_a_parent_that_is_not_the_sum_of_its_children_is_stored_and_reported(tmp_path, load):
    rows = spending()
    rows[5][4] = 431  # 人大事务 would be 430
    (line,) = load(book(tmp_path / "执行.xlsx", {"表2": rows}))
    assert line["stored"] == 9
    assert line["reason"].startswith("科目合计等于下级之和：5组全部相符")  # 1 万元 is rounding
    rows[5][4] = 530
    (line,) = load(book(tmp_path / "执行2.xlsx", {"表2": rows}))
    assert "5组中2组不符" in line["reason"]


def test_income_and_spending_side_by_side_feed_their_own_tables(tmp_path, load, read):
    lines = load(book(tmp_path / "平衡.xlsx", {"平衡表": classes()}))
    assert [(line["table"], line["rows"], line["stored"]) for line in lines] == [
        ("FIN-01", 2, 2),
        ("FIN-02", 2, 2),
        ("FIN-07", 6, 6),
    ]
    balance = read("balance").filter(pl.col("code") == "T")
    assert sorted(balance.select("side", "amt").rows()) == [
        ("支出", 1700 * WAN),
        ("收入", 1700 * WAN),
    ]


def test_sheets_that_state_the_same_account_become_one_row(tmp_path, load, read):
    path = book(tmp_path / "两表.xlsx", {"表2": spending(), "平衡表": classes()})
    lines = load(path)
    assert sum(line["stored"] for line in lines if line["table"] == "FIN-02") == 11
    assert read("general_expenditure").height == 9


def test_a_contradiction_between_sheets_is_quarantined_with_both_figures(tmp_path, load, read):
    other = classes()
    other[4][3] = 1090
    path = book(tmp_path / "两表.xlsx", {"表2": spending(), "平衡表": other})
    line = next(one for one in load(path) if one["sheet"] == "平衡表" and one["table"] == "FIN-02")
    assert (line["rows"], line["stored"], line["quarantined"]) == (2, 1, 1)
    assert "与工作表“表2”同一科目的“累计数”不一致" in line["reason"]
    assert read("general_expenditure")["ytd_amt"].max() == 1050 * WAN


def test_a_unit_that_other_sheets_contradict_is_not_believed(tmp_path, load, read):
    sheets = {"表2": spending(unit="元"), "平衡表": classes()}
    sheets["草案"] = [
        ["2026年示范市市本级一般公共预算支出预算表"],
        [None, None, "单位：万元"],
        ["项目", "2025年执行数", "2026年预算数"],
        ["一、一般公共服务支出", 1050, 1100],
        ["二、教育支出", 530, 560],
    ]
    lines = {(one["sheet"], one["table"]): one for one in load(book(tmp_path / "元.xlsx", sheets))}
    wrong = lines["表2", "FIN-02"]
    assert wrong["refused"] is True
    assert (wrong["rows"], wrong["stored"], wrong["quarantined"]) == (9, 0, 9)
    assert "标注的单位“元”不可信" in wrong["reason"]
    assert lines["平衡表", "FIN-02"]["stored"] == 2
    assert lines["草案", "FIN-02"]["stored"] == 2
    assert read("general_expenditure").height == 4


def test_divisions_are_found_by_name_under_their_city(tmp_path, load, read):
    path = book(tmp_path / "债务.xlsx", {"限额": DEBT}, {"限额": DEBT_MERGES})
    (line,) = load(path)
    assert (line["table"], line["rows"], line["stored"]) == ("FIN-24", 4, 4)
    rows = read("debt_limit").sort("mof_div_code", "scope_kind")
    columns = ["mof_div_code", "scope_kind", "stage", "limit_total", "balance_special"]
    yi = 10**10
    assert rows.select(columns).rows() == [
        ("990100000", "全市", "快报", 100.5 * yi, 55 * yi),
        ("990100000", "本级", "快报", 30 * yi, 19 * yi),
        ("990102000", "县区", "快报", 40 * yi, 22 * yi),
        ("990121000", "县区", "快报", 30.5 * yi, 14 * yi),
    ]


def test_headers_are_found_where_merged_cells_are_unknown(tmp_path, load, read):
    (line,) = load(book(tmp_path / "债务.xlsx", {"限额": DEBT}))
    assert (line["rows"], line["stored"]) == (4, 4)
    assert read("debt_limit")["limit_general"].sum() == 81 * 10**10


def test_insurance_funds_may_stand_in_columns(tmp_path, load, read):
    lines = load(book(tmp_path / "社保.xlsx", {"社保": FUNDS}))
    assert [(one["table"], one["rows"], one["stored"]) for one in lines] == [
        ("FIN-06", 18, 18),
        ("FIN-07", 4, 4),
    ]
    rows = read("social_insurance_budget").filter(pl.col("fund_kind") == "工伤")
    assert rows.sort("row_code").select("row_code", "stage", "budget_amt").rows() == [
        ("B01", "草案", 20 * WAN),
        ("B02", "草案", 100 * WAN),
        ("E00", "草案", 80 * WAN),
        ("R00", "草案", 100 * WAN),
        ("R01", "草案", 75 * WAN),
        ("R03", "草案", 25 * WAN),
    ]


def test_a_form_without_a_unit_is_refused(tmp_path, load):
    rows = [row for row in spending() if row[-1] != "单位:万元"]
    (line,) = load(book(tmp_path / "无单位.xlsx", {"表2": rows}))
    assert line["refused"] is True
    assert line["reason"] == (
        "已识别为一般公共预算支出（功能分类）执行、预算、决算表，但没有写金额单位；"
        "请写明“单位：万元”等后重新送达"
    )


def test_a_form_that_names_no_place_is_refused(tmp_path, load):
    rows = spending(title="2025年一般公共预算支出执行情况表")
    (line,) = load(book(tmp_path / "无地区.xlsx", {"表2": rows}))
    assert line["refused"] is True
    assert "都没有写是哪个地区" in line["reason"]


def test_text_in_a_figure_cell_is_quarantined_with_its_row(tmp_path, load, read):
    rows = spending()
    rows[8][4] = "六百"
    (line,) = load(book(tmp_path / "文字.xlsx", {"表2": rows}))
    assert (line["rows"], line["stored"], line["quarantined"]) == (9, 8, 1)
    assert line["reason"].startswith(
        "隔离1行：第9行“执行数”不是数字（“六百”）。请改正后重新送达；其余8行已入库。科目合计"
    )


def test_an_unfilled_form_is_called_a_blank_template(tmp_path, load):
    rows = [[row[0]] if len(row) > 5 and row[0] != "项　　目" else row for row in spending()[:-2]]
    (line,) = load(book(tmp_path / "空白.xlsx", {"表2": rows}))
    assert (line["refused"], line["rows"]) == (False, 0)
    assert line["reason"].startswith("空白表样（2025年示范市")


def test_the_same_workbook_twice_changes_nothing_and_says_so(tmp_path, load, read):
    path = book(tmp_path / "执行.xlsx", {"表2": spending()})
    load(path)
    before = read("general_expenditure").drop("load_time")
    (line,) = load(path)
    assert (line["rows"], line["stored"], line["reason"]) == (
        0,
        0,
        "内容与已入库的批次相同，未重复入库",
    )
    assert read("general_expenditure").drop("load_time").equals(before)


def test_a_corrected_workbook_takes_the_place_of_the_first(tmp_path, load, read):
    load(book(tmp_path / "执行.xlsx", {"表2": spending()}))
    rows = spending()
    rows[4][4] = 1060
    load(book(tmp_path / "执行.xlsx", {"表2": rows}))
    stored = read("general_expenditure")
    assert stored.height == 9
    assert stored.filter(pl.col("exp_func_code") == "201")["ytd_amt"].item() == 1060 * WAN
