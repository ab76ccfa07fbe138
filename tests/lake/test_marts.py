from datetime import date
from pathlib import Path

import polars as pl
import pytest

from budget_watch.engine import lists
from budget_watch.lake import Home, Reader, Snapshot, Writer, marts
from budget_watch.lake.marts.budget_line import build as build_budget_line
from budget_watch.lake.marts.carryover_position import build as build_carryover
from budget_watch.lake.marts.debt_position import build as build_debt
from budget_watch.lake.marts.execution_month import build as build_execution
from budget_watch.lake.marts.fund_line import build as build_funds
from budget_watch.lake.marts.purpose import plain_text, use_core, use_key
from budget_watch.lake.marts.recon import build as build_recon
from budget_watch.lake.marts.social_fund import build as build_social
from budget_watch.lake.marts.spending_class import build as build_classes
from budget_watch.lake.marts.unit_name import build as build_unit_name
from budget_watch.lake.recon_lines import SIGNED
from tests.lake.made import CITY, COUNTY, SYSTEM, ZONE, application, batch, content, rows, voucher

FRIDAY, MONDAY = date(2026, 9, 25), date(2026, 12, 28)
TECHNICAL = {"data_status": "正式", "biz_date": FRIDAY, "round_fen": 1}


def frames(**tables):
    return {name: frame.lazy() for name, frame in tables.items()}


def stored(table, *records):
    return rows(table, *({**TECHNICAL, **record} for record in records))


def test_a_voucher_carries_its_indicator_and_its_day(home):
    with Writer.open(home, "test") as writer:
        vouchers = rows(
            "payment_voucher",
            voucher(1, FRIDAY, use_des="9月份办公费（二）", bgt_id="own"),
            voucher(2, date(2026, 9, 26), mof_div_code=COUNTY, bgt_id="own"),
            voucher(3, MONDAY, mof_div_code=ZONE, pay_app_id=None),
        )
        writer.replace("payment_voucher", vouchers, batch("payment_voucher", "a"))
        near = rows(
            "payment_application", application(1, FRIDAY, use_des="办公费", meeting_no="HY1")
        )
        writer.replace("payment_application", near, batch("payment_application", "a"))
        writer.publish(FRIDAY)
    frame = Reader(home, SYSTEM).scan("payment").sort("pay_cert_id").collect()
    columns = [
        "bgt_id",
        "app_found",
        "app_use_des",
        "meeting_no",
        "use_plain",
        "use_key",
        "month",
        "quarter",
        "weekday",
        "is_workday",
        "wd_to_year_end",
        "scope_kind",
    ]
    assert frame.select(columns).rows() == [
        ("B0001", True, "办公费", "HY1", "9月份办公费(二)", "办公费", 9, 3, 5, False, 65, "本级"),
        ("own", False, None, None, None, None, 9, 3, 6, False, 65, "县区"),
        (None, False, None, None, None, None, 12, 4, 1, True, 3, "开发区"),
    ]
    assert frame["wd"][0] == frame["wd"][1]  # a day off carries the ordinal before it


def test_a_voucher_tells_whether_another_was_paid_than_was_asked_for(home):
    asked = {"payee_acct_name": "甲有限公司", "payee_acct_no": "6222 0000 1"}
    actual = [
        {},
        {"xpayee_acct_name": "甲（有限责任公司）", "xpayee_acct_no": "622200001"},
        {"xpayee_acct_name": "甲有限公司", "xpayee_acct_no": "9"},  # a second account of the same
        {"xpayee_acct_name": "乙", "xpayee_acct_no": "622200001"},
        {"xpayee_acct_no": "9"},  # no name: the account decides
        {"payee_acct_name": "乙", "payee_acct_no": "9"},  # the application asked for another
    ]
    with Writer.open(home, "test") as writer:
        vouchers = [voucher(n, FRIDAY, 950, **asked | each) for n, each in enumerate(actual)]
        writer.replace(
            "payment_voucher", rows("payment_voucher", *vouchers), batch("payment_voucher", "a")
        )
        apps = [application(n, FRIDAY, payee_acct_name="甲有限公司") for n in range(len(actual))]
        writer.replace(
            "payment_application",
            rows("payment_application", *apps),
            batch("payment_application", "a"),
        )
        writer.publish(FRIDAY)
    frame = Reader(home, SYSTEM).scan("payment").sort("pay_cert_id").collect()
    assert frame["payee_differs"].to_list() == [False, False, False, True, True, True]
    assert frame.select("payee_key", "payee_acct_no", "lead_digit").row(0) == (
        "甲",
        "622200001",
        9,
    )


def test_who_is_paid_is_a_firm_by_its_name_and_a_person_by_the_account(home):
    paid = [
        {"payee_acct_name": "甲（示范）商贸有限公司", "payee_acct_no": "1"},
        {"payee_acct_name": "甲(示范) 商贸有限责任公司", "payee_acct_no": "2"},
        {"payee_acct_name": "王伟", "payee_acct_no": "3"},
        {"payee_acct_name": "王伟", "payee_acct_no": "4"},
        {"payee_acct_name": "甲商户零售业主", "payee_acct_no": "5", "payee_is_person": True},
        {"payee_acct_no": "6"},
        {"payee_acct_name": "王伟"},
        {},
    ]
    with Writer.open(home, "test") as writer:
        vouchers = [voucher(n, FRIDAY, **each) for n, each in enumerate(paid)]
        writer.replace(
            "payment_voucher", rows("payment_voucher", *vouchers), batch("payment_voucher", "a")
        )
        writer.publish(FRIDAY)
    frame = Reader(home, SYSTEM).scan("payment").sort("pay_cert_id").collect()
    firm = "甲示范商贸"
    assert frame["payee_party"].to_list() == [firm, firm, "3", "4", "5", "6", "王伟", None]


@pytest.mark.parametrize(
    ("text", "core"),
    [
        ("支付档案整理服务费", "档案整理服务"),
        ("档案整理 服务费用", "档案整理服务"),
        ("档案整理服务款项。", "档案整理服务"),
        ("结算档案整理服务费等费用", "档案整理服务"),
        ("5月培训费", "5月培训"),
        ("设备首付款", "设备首付"),
        ("设备尾款", "设备尾"),
        ("工程款", "工程"),
        ("费用", "费用"),
        ("付款", "付款"),
        ("", ""),
        (None, None),
    ],
)
def test_purposes_that_say_the_same_have_one_core(text, core):
    frame = pl.DataFrame({"x": [text]}, schema={"x": pl.String})
    assert frame.select(use_core(pl.col("x"))).item() == core


def test_an_application_of_long_ago_is_found(home):
    with Writer.open(home, "test") as writer:
        months = [
            rows("payment_application", application(100 + m, date(2026, m, 5))) for m in range(1, 9)
        ]
        old = rows("payment_application", application(1, date(2024, 2, 1)))
        whole = pl.concat([old, *months])
        writer.replace("payment_application", whole, batch("payment_application", "a"))
        frame = rows(
            "payment_voucher", voucher(1, date(2026, 8, 31)), voucher(106, date(2026, 8, 31))
        )
        writer.replace("payment_voucher", frame, batch("payment_voucher", "a"))
        writer.publish(FRIDAY)
    found = Reader(home, SYSTEM).scan("payment").select("pay_cert_id", "bgt_id").collect()
    assert sorted(found.rows()) == [("V0001", "B0001"), ("V0106", "B0106")]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("2026年9月办公费", "办公费"),
        ("支付第三季度水电费（二）", "支付水电费"),
        ("本月 日常办公用品（第2批）", "日常办公用品"),
        ("上半年、下半年物业费", "物业费"),
        ("二期工程款", "二期工程款"),
        ("一次性补助", "一次性补助"),
        ("1-3月份工资", "工资"),
        ("202609", ""),
        (None, None),
    ],
)
def test_purposes_that_mean_the_same_have_one_key(text, key):
    assert (
        pl.DataFrame({"t": [text]}, schema={"t": pl.String}).select(use_key(pl.col("t"))).item()
        == key
    )


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("接 待　费", "接待费"),
        ("ＥＴＣ（通行费）", "etc(通行费)"),
        ("接\u200b待；室内", "接待;室内"),
        (" ", ""),
        (None, None),
    ],
)
def test_words_are_looked_for_in_narrow_small_letters_without_spaces(text, plain):
    frame = pl.DataFrame({"t": [text]}, schema={"t": pl.String})
    assert frame.select(plain_text(pl.col("t"))).item() == plain
    assert text is None or lists.plain(text) == plain


def test_a_unit_is_known_by_every_name_it_had_and_with_what_banks_add():
    units = stored(
        "unit",
        {"agency_code": "114", "agency_name": "示范市教育局", "valid_from": FRIDAY},
        {"agency_code": "114001", "agency_name": "示范市教育局本级", "valid_from": FRIDAY},
        {"agency_code": "114002", "agency_name": "示范市 第一中学", "valid_from": FRIDAY},
        {"agency_code": "114002", "agency_name": "示范市实验中学", "valid_from": MONDAY},
        {"agency_code": "114003", "agency_name": "一小", "valid_from": FRIDAY},
    )
    made = build_unit_name(frames(unit=units)).collect()
    found = {key: codes for key, *codes in made.select(pl.nth(0, 1, 2)).rows()}
    assert [found.get(name) for name in (
        "示范市教育局", "示范市教育局本级", "示范市教育局零余额账户", "示范市第一中学基本户",
        "示范市实验中学", "一小", "示范市第一中学后勤服务",
    )] == [
        ["114", "114001"], ["114", "114001"], ["114", "114001"], ["114002", "114002"],
        ["114002", "114002"], None, None,
    ]  # fmt: skip
    assert made["unit_key"].is_unique().all()


def test_the_budget_moves_entry_by_entry():
    indicators = stored(
        "indicator",
        {"bgt_id": "1", "doc_date": date(2025, 12, 30), "fiscal_year": 2026, "amount": 1000}
        | {"found_type_code": "年初预算", "pro_code": "P", "exp_func_code": "2010101"},
        {"bgt_id": "2", "doc_date": date(2026, 5, 6), "fiscal_year": 2026, "amount": 300}
        | {"found_type_code": "上级转移支付"},
        {"bgt_id": "3", "doc_date": date(2026, 3, 1), "fiscal_year": 2026, "amount": 50}
        | {"found_type_code": "上年结转"},
        {"bgt_id": "9", "fiscal_year": 2026, "amount": 7, "is_deleted": True},
    )
    changes = stored(
        "indicator_adjustment",
        {"adj_sub_id": "a", "bgt_id": "1", "fiscal_year": 2026, "adj_date": date(2026, 8, 1)}
        | {"adj_type": "追加", "cause": "本级新增", "amt": 70, "approve_body": "市人大常委会"},
        {"adj_sub_id": "b", "bgt_id": "1", "fiscal_year": 2026, "adj_date": date(2026, 9, 1)}
        | {"adj_type": "科目调剂", "cause": "调剂", "amt": -20, "exp_func_code": "2010199"},
        {"adj_sub_id": "c", "bgt_id": "9", "fiscal_year": 2026, "amt": 5, "adj_type": "追加"},
    )
    made = build_budget_line(frames(indicator=indicators, indicator_adjustment=changes)).collect()
    columns = ["entry_id", "month", "entry", "cause", "initial_amt", "approved_amt", "current_amt"]
    assert sorted(made.select(columns).rows()) == [
        ("A" + "a", 8, "追加", "本级新增", 0, 70, 70),
        ("A" + "b", 9, "调剂", "调剂", 0, 0, -20),
        ("I1", 1, "年初", "年初预算", 1000, 1000, 1000),
        ("I2", 5, "追加", "上级转移支付", 0, 0, 300),
        ("I3", 3, "结转", "上年结转", 0, 0, 50),
    ]
    moved = made.filter(pl.col("entry_id") == "Ab").row(0, named=True)
    assert (moved["pro_code"], moved["exp_func_code"], moved["scope_kind"]) == (
        "P",
        "2010199",
        "本级",
    )


def test_the_four_budgets_stand_in_one_shape():
    period = {"fiscal_year": 2026, "month": 9, "scope_kind": "本级", "stage": "月报"}
    made = build_execution(
        frames(
            general_revenue=stored("general_revenue", period | {"rev_code": "101", "ytd_amt": 1}),
            general_expenditure=stored(
                "general_expenditure",
                period | {"exp_func_code": "201", "ytd_amt": 2, "level_flag": "本级支出"},
            ),
            gov_fund=stored(
                "gov_fund",
                period | {"code": "1030148", "side": "收入", "ytd_amt": 3, "fund_item": "土地"},
            ),
            state_capital=stored(
                "state_capital", period | {"code": "223", "side": "支出", "ytd_amt": 4}
            ),
            social_insurance_budget=stored(
                "social_insurance_budget",
                period
                | {"fund_kind": "失业", "row_code": "E00", "row_name": "支出合计", "exec_amt": 5},
            ),
        )
    ).collect()
    columns = [
        "book",
        "side",
        "code",
        "level_flag",
        "fund_kind",
        "fund_item",
        "ytd_amt",
        "round_fen",
    ]
    assert made.select(columns).rows() == [
        ("一般公共预算", "收入", "101", None, None, None, 1, 1),
        ("一般公共预算", "支出", "201", "本级支出", None, None, 2, 1),
        ("政府性基金", "收入", "1030148", None, None, "土地", 3, 1),
        ("国有资本经营", "支出", "223", None, None, None, 4, 1),
        ("社会保险基金", "支出", "E00", None, "失业", None, 5, 1),
    ]


def test_spending_stands_by_function_and_by_economy_in_its_finest_rows():
    period = {"fiscal_year": 2026, "month": 9, "scope_kind": "本级", "stage": "月报"}
    own = period | {"level_flag": "本级支出", "budget_amt": 9, "adj_amt": 8}
    made = build_classes(
        frames(
            general_expenditure=stored(
                "general_expenditure",
                own | {"exp_func_code": "205", "ytd_amt": 5},
                own | {"exp_func_code": "20502", "ytd_amt": 5},
                own | {"exp_func_code": "2050202", "ytd_amt": 5, "item_name": "小学教育"},
                own | {"exp_func_code": "2050203", "ytd_amt": 4, "level_flag": "对下转移"},
            ),
            general_expenditure_economic=stored(
                "general_expenditure_economic",
                period | {"gov_bgt_eco_code": "505", "budget_amt": 7, "ytd_amt": 3},
                period
                | {"gov_bgt_eco_code": "50501", "budget_amt": 7, "ytd_amt": None}
                | {"data_status": "更正", "round_fen": 100},
            ),
        )
    ).collect()
    columns = [
        "classification",
        "code",
        "item_name",
        "budget_amt",
        "adj_amt",
        "ytd_amt",
        "data_status",
        "round_fen",
    ]
    assert made.select(columns).rows() == [
        ("功能分类", "2050202", "小学教育", 9, 8, 5, "正式", 1),
        ("政府经济分类", "50501", None, 7, None, None, "更正", 100),
    ]


def test_debt_has_a_row_for_each_kind_and_blanks_stay_blank():
    limits = stored(
        "debt_limit",
        {"fiscal_year": 2026, "month": 2, "scope_kind": "本级", "stage": "月报"}
        | {"limit_total": 10, "balance_total": 9, "balance_special": 4, "round_fen": 1_000_000},
    )
    made = build_debt(frames(debt_limit=limits)).collect()
    columns = ["period_end", "debt_kind", "limit_amt", "balance_amt", "round_fen"]
    assert made.select(columns).rows() == [
        (date(2026, 2, 28), "合计", 10, 9, 1_000_000),
        (date(2026, 2, 28), "一般", None, None, 1_000_000),
        (date(2026, 2, 28), "专项", None, 4, 1_000_000),
    ]


def test_the_latest_reading_of_a_carryover_is_marked():
    base = {"bgt_id": "1", "kind": "结转", "fiscal_year": 2026, "ori_year": 2023}
    made = build_carryover(
        frames(
            carryover=stored(
                "carryover",
                base | {"as_of_date": date(2026, 1, 31), "balance": 9},
                base | {"as_of_date": date(2026, 8, 31), "balance": 4},
            )
        )
    ).collect()
    assert made.select("month", "age_years", "balance", "is_latest").rows() == [
        (1, 3, 9, False),
        (8, 3, 4, True),
    ]


def test_pensions_and_medical_funds_stand_together():
    period = {"fiscal_year": 2026, "month": 9}
    made = build_social(
        frames(
            social_fund_month=stored(
                "social_fund_month", period | {"fund_kind": "失业", "income": 5, "benefit": 2}
            ),
            medical_fund_month=stored(
                "medical_fund_month", period | {"fund_kind": "大病保险", "income": 7}
            ),
        )
    ).collect()
    assert made.select("fund_kind", "source", "income", "benefit").rows() == [
        ("失业", "social_fund_month", 5, 2),
        ("大病保险", "medical_fund_month", 7, None),
    ]


def test_the_reconciliation_explains_the_report_item_by_item():
    general = {"fiscal_year": 2026, "fund_type_code": "111", "exp_func_code": "2050202"}
    paid = [
        voucher(1, date(2026, 1, 5), 1000, **general),
        voucher(2, date(2026, 2, 5), 500, **general),
        voucher(3, date(2026, 2, 6), -100, **general),
        voucher(4, date(2026, 2, 7), 9999, **general | {"fund_type_code": "12"}),
        voucher(5, date(2026, 3, 1), 9999, **general),
    ]
    allocation = {**general, "vou_date": date(2026, 1, 9), "acct_kind": "国库"}
    report = {
        "fiscal_year": 2026,
        "exp_func_code": "205",
        "scope_kind": "本级",
        "level_flag": "本级支出",
        "stage": "月报",
    }
    made = build_recon(
        frames(
            payment_voucher=stored("payment_voucher", *paid),
            allocation_voucher=stored(
                "allocation_voucher",
                allocation | {"pay_alloc_cert_no": "1", "amt": 40, "pay_alloc_type_code": "实拨"},
                allocation
                | {"pay_alloc_cert_no": "2", "amt": 7, "pay_alloc_type_code": "总会计直接列支"},
                allocation
                | {"pay_alloc_cert_no": "3", "amt": 2, "pay_alloc_type_code": "权责发生制列支"},
                allocation | {"pay_alloc_cert_no": "4", "amt": -1, "pay_alloc_type_code": "在途"},
                allocation | {"pay_alloc_cert_no": "5", "amt": 99, "acct_kind": "财政专户"},
                allocation | {"pay_alloc_cert_no": "6", "amt": 7, "vou_date": date(2027, 1, 8)},
            ),
            general_expenditure=stored(
                "general_expenditure",
                report | {"month": 2, "ytd_amt": 1450},
                report | {"month": 2, "ytd_amt": 9, "exp_func_code": "20502"},
                report | {"month": 2, "ytd_amt": 9, "scope_kind": "全市"},
                report | {"month": 2, "ytd_amt": 9, "level_flag": "对下转移"},
            ),
            recon_line=pl.DataFrame(schema=SIGNED),
        )
    ).collect()
    columns = [c for c in made.columns if c.endswith("_amt")]
    assert made.select("mof_div_code", "func_class", "month", "reported_ytd", *columns).rows() == [
        (CITY, "205", 2, 1450, 1500, -100, 40, 7, 2, -1, 2, 0, 1448, 2)
    ]


def test_marts_change_only_where_their_inputs_did(home):
    with Writer.open(home, "test") as writer:
        frame = rows("payment_voucher", voucher(1, FRIDAY), voucher(2, MONDAY))
        writer.replace("payment_voucher", frame, batch("payment_voucher", "a"))
        writer.replace("debt_limit", rows("debt_limit", {}), batch("debt_limit", "a"))
        first = writer.publish(FRIDAY)
        more = rows("payment_voucher", voucher(3, MONDAY))
        writer.replace("payment_voucher", more, batch("payment_voucher", "b"))
        second = writer.publish(FRIDAY)
    changed = {n for n, t in second.tables.items() if t.version != first.tables[n].version}
    assert changed == {"payment_voucher", "payment"}
    assert set(first.files("payment")) < set(second.files("payment"))  # December only grew
    assert second.rows("payment") == 3


def test_a_month_that_lost_vouchers_is_made_anew_and_others_stay(home):
    with Writer.open(home, "test") as writer:
        for slot, number, day in (("a", 1, FRIDAY), ("b", 2, MONDAY)):
            frame = rows("payment_voucher", voucher(number, day))
            writer.replace("payment_voucher", frame, batch("payment_voucher", slot))
        first = writer.publish(FRIDAY)
        corrected = rows("payment_voucher", voucher(2, MONDAY, 999))
        writer.replace("payment_voucher", corrected, batch("payment_voucher", "b", "2"))
        second = writer.publish(FRIDAY)
    kept = set(first.files("payment")) & set(second.files("payment"))
    assert [Path(path).parent.name for path in kept] == ["2026-09"]
    found = Reader(home, SYSTEM).scan("payment").select("pay_cert_id", "pay_amt").collect()
    assert sorted(found.rows()) == [("V0001", 100), ("V0002", 999)]


def test_daily_deliveries_give_the_same_mart_as_one(home, tmp_path):
    days = [date(2026, 9, 1 + n) for n in range(12)]
    vouchers = [
        rows("payment_voucher", voucher(n, day), voucher(n + 50, day)) for n, day in enumerate(days)
    ]
    asked = [rows("payment_application", application(n, day)) for n, day in enumerate(days)]
    with Writer.open(home, "test") as writer:
        for n, day in enumerate(days):
            # the application comes a day after its voucher
            if n:
                writer.replace(
                    "payment_application", asked[n - 1], batch("payment_application", str(n))
                )
            writer.replace("payment_voucher", vouchers[n], batch("payment_voucher", str(n)))
            writer.publish(day)
        writer.replace("payment_application", asked[-1], batch("payment_application", "last"))
        writer.publish(days[-1])
    other = Home(tmp_path / "other")
    with Writer.open(other, "test") as writer:
        writer.replace("payment_application", pl.concat(asked), batch("payment_application", "x"))
        writer.replace("payment_voucher", pl.concat(vouchers), batch("payment_voucher", "x"))
        writer.publish(days[-1])
    assert content(home) == content(other)


def test_a_changed_calendar_dates_all_payments_anew(home):
    with Writer.open(home, "test") as writer:
        frame = rows("payment_voucher", voucher(1, MONDAY))
        writer.replace("payment_voucher", frame, batch("payment_voucher", "a"))
        writer.publish(FRIDAY)
    before = Reader(home, SYSTEM).scan("payment").collect()
    text = "date,kind,name\n2026-12-28,节假日,临时放假\n"
    (home.root / "calendar.csv").write_text(text, encoding="utf-8")
    with Writer.open(home, "test") as writer:
        writer.publish(FRIDAY)
    after = Reader(home, SYSTEM).scan("payment").collect()
    assert (before["is_workday"].item(), after["is_workday"].item()) == (True, False)
    assert after["wd"].item() == before["wd"].item() - 1
    hashes = [Snapshot.get(home, s).hashes["calendar"] for s, _, _ in Snapshot.all(home)]
    assert len(set(hashes)) == 2


def test_every_mart_says_what_its_columns_are():
    for mart in marts.MARTS.values():
        assert mart.contract.title
        through = [marts.MARTS[name].inputs for name in mart.inputs if name in marts.MARTS]
        assert set(mart.covers) <= set(mart.inputs).union(*through)
        for column in mart.contract.columns:
            is_money = column.name.endswith(("_amt", "balance", "_ytd"))
            assert column.type == "money" or not is_money, column.name


def test_a_funds_lines_are_its_items_once_told_by_code_or_by_the_name_the_table_gives():
    key = {
        "fiscal_year": 2026, "month": 1, "mof_div_code": CITY, "scope_kind": "本级",
        "stage": "草案",
    }  # fmt: skip
    spent, earned = key | {"side": "支出"}, key | {"side": "收入"}
    table = stored(
        "gov_fund",
        spent | {"code": "212", "budget_amt": 90},
        spent | {"code": "21208", "budget_amt": 30},
        spent | {"code": "2120803", "budget_amt": 10},
        spent | {"code": "2120899", "budget_amt": 20},
        spent | {"code": "2121903", "budget_amt": 4},
        spent | {"code": "2320411", "budget_amt": 5},
        spent | {"code": "21213", "budget_amt": 7},
        spent | {"code": "2100201", "budget_amt": 8},
        spent | {"code": "2290402", "budget_amt": 6, "fund_item": "别的名称"},
        earned | {"code": "1030148", "budget_amt": 40, "carry_amt": 3, "bond_amt": 4},
        earned | {"code": "103014801", "budget_amt": None},
        earned | {"code": "103015501", "budget_amt": 11},
        earned | {"code": "103015502", "budget_amt": 12},
        earned | {"code": "1030110", "budget_amt": 13, "fund_item": " 民航发展基金 "},
        earned | {"code": "1030112", "budget_amt": 14},
        earned | {"code": "10301", "budget_amt": 77},
    )
    found = build_funds(frames(gov_fund=table)).collect()
    columns = ["fund", "side", "code", "budget_amt", "carry_amt", "bond_amt"]
    assert found.select(columns).sort("code").rows() == [
        ("民航发展基金", "收入", "1030110", 13, None, None),
        ("国有土地使用权出让", "收入", "1030148", 40, 3, 4),
        ("彩票公益金", "收入", "103015501", 11, None, None),
        ("彩票公益金", "收入", "103015502", 12, None, None),
        ("国有土地使用权出让", "支出", "2120803", 10, None, None),
        ("国有土地使用权出让", "支出", "2120899", 20, None, None),
        ("城市基础设施配套费", "支出", "21213", 7, None, None),
        ("国有土地使用权出让", "支出", "2121903", 4, None, None),
        ("其他政府性基金", "支出", "2290402", 6, None, None),
        ("国有土地使用权出让", "支出", "2320411", 5, None, None),
    ]
