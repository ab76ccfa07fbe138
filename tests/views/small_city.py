"""A city small enough to reckon by hand, written into a real lake.

Every amount is in 万元 here and stored in fen. Two counties' worth of rows, two departments, four
budgets, one bond. Scale of each figure is told beside it where a test relies on it.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from budget_watch.lake import Batch, Coverage, Home, Writer

CITY, EAST, WEST = "990100000", "990102000", "990103000"
BUSINESS_DATE = date(2026, 11, 20)
WAN = 1_000_000


def revenue() -> pl.DataFrame:
    """本级 101 税收 and 103 非税, a child row 10101, 转移性收入 110; east; 抵销; 全市.

    2026: 本级 at month 9 = 600 + 150 = 750 of a budget of 1000, last year 600 + 130 = 730.
    """
    rows = []
    for month, part in ((6, 2), (9, 3)):
        for code, name, budget, ytd, last in (
            ("101", "税收收入", 800, 200 * part, 200 * part),
            ("10101", "增值税", 400, 100 * part, 90 * part),
            ("103", "非税收入", 200, 50 * part, 50 * part - 20),
            ("110", "转移性收入", 500, 400, 300),
        ):
            rows.append(
                _report(
                    month,
                    CITY,
                    "本级",
                    rev_code=code,
                    item_name=name,
                    budget=budget,
                    ytd=ytd,
                    last=last,
                )
            )
        rows.append(
            _report(
                month,
                EAST,
                "县区",
                rev_code="101",
                item_name="税收收入",
                budget=400,
                ytd=100 * part,
                last=110 * part,
            )
        )
        rows.append(
            _report(
                month,
                CITY,
                "全市",
                rev_code="101",
                item_name="税收收入",
                budget=1200,
                ytd=300 * part,
                last=310 * part,
            )
        )
        rows.append(
            _report(
                month,
                CITY,
                "全市",
                rev_code="103",
                item_name="非税收入",
                budget=200,
                ytd=50 * part,
                last=50 * part - 20,
            )
        )
    return pl.DataFrame(rows)


def expenditure() -> pl.DataFrame:
    """本级 205 教育 and 208 社保 (900 of 1600 at month 9; last year 960), 对下转移, 230 outside."""
    rows = []
    for month, part in ((6, 2), (9, 3)):
        for code, name, flag, budget, ytd, last in (
            ("205", "教育支出", "本级支出", 1000, 200 * part, 210 * part),
            ("208", "社会保障和就业支出", "本级支出", 600, 100 * part, 110 * part),
            ("205", "教育支出", "对下转移", 300, 70, 60),
            ("230", "转移性支出", "本级支出", 300, 100, 90),
        ):
            rows.append(
                _report(
                    month,
                    CITY,
                    "本级",
                    exp_func_code=code,
                    level_flag=flag,
                    item_name=name,
                    budget=budget,
                    ytd=ytd,
                    last=last,
                )
            )
        rows.append(
            _report(
                month,
                EAST,
                "县区",
                exp_func_code="205",
                level_flag="本级支出",
                item_name="教育支出",
                budget=400,
                ytd=110 * part,
                last=100 * part,
            )
        )
        for code, name, budget, ytd, last in (
            ("205", "教育支出", 1400, 310 * part, 310 * part),
            ("208", "社会保障和就业支出", 600, 100 * part, 110 * part),
        ):
            rows.append(
                _report(
                    month,
                    CITY,
                    "全市",
                    exp_func_code=code,
                    level_flag="本级支出",
                    item_name=name,
                    budget=budget,
                    ytd=ytd,
                    last=last,
                )
            )
    return pl.DataFrame(rows)


def gov_fund() -> pl.DataFrame:
    """本级 only: revenue falls from 200 to 100, expenditure stays at 90."""
    return pl.DataFrame(
        [
            _report(
                9,
                CITY,
                "本级",
                side=side,
                code=code,
                item_name=name,
                budget=budget,
                ytd=ytd,
                last=last,
            )
            for side, code, name, budget, ytd, last in (
                ("收入", "1030148", "国有土地使用权出让收入", 300, 100, 200),
                ("支出", "21208", "国有土地使用权出让收入安排的支出", 200, 90, 90),
            )
        ]
    )


def social() -> pl.DataFrame:
    """Two pools of the city as a whole, by quarter; last year's rows stand for 上年同期."""
    rows = []
    for year, factor in ((2025, 10), (2026, 11)):
        for kind, size in (("失业", 1), ("工伤", 2)):
            for code, name in (("R00", "收入合计"), ("E00", "支出合计")):
                rows.append(
                    {
                        "fiscal_year": year,
                        "month": 9,
                        "mof_div_code": CITY,
                        "scope_kind": "全市",
                        "stage": "月报",
                        "fund_kind": kind,
                        "row_code": code,
                        "row_name": name,
                        "budget_amt": 20 * size * WAN,
                        "exec_amt": factor * size * WAN,
                    }
                )
    return pl.DataFrame(rows)


def debt_limit() -> pl.DataFrame:
    """本级 480 of 500, without 综合财力; 全市 720 of 800 with 综合财力 600."""
    base = {"fiscal_year": 2026, "month": 9, "stage": "月报", "region_name": "示范市"}
    return pl.DataFrame(
        [
            {
                **base,
                "mof_div_code": CITY,
                "scope_kind": "本级",
                "limit_total": 500 * WAN,
                "limit_general": 200 * WAN,
                "limit_special": 300 * WAN,
                "balance_total": 480 * WAN,
                "balance_general": 190 * WAN,
                "balance_special": 290 * WAN,
                "comprehensive_fiscal": None,
            },
            {
                **base,
                "mof_div_code": CITY,
                "scope_kind": "全市",
                "limit_total": 800 * WAN,
                "limit_general": 300 * WAN,
                "limit_special": 500 * WAN,
                "balance_total": 720 * WAN,
                "balance_general": 270 * WAN,
                "balance_special": 450 * WAN,
                "comprehensive_fiscal": 600 * WAN,
            },
            {
                **base,
                "mof_div_code": EAST,
                "scope_kind": "县区",
                "region_name": "东城区",
                "limit_total": 300 * WAN,
                "limit_general": 100 * WAN,
                "limit_special": 200 * WAN,
                "balance_total": 240 * WAN,
                "balance_general": 80 * WAN,
                "balance_special": 160 * WAN,
                "comprehensive_fiscal": 300 * WAN,
            },
        ]
    )


def bond() -> pl.DataFrame:
    """One special bond of 50 issued in March 2026; 1 interest each half-year, principal in 2027."""
    base = {
        "bond_code": "B1",
        "name": "示范市专项债券一期",
        "mof_div_code": CITY,
        "kind": "专项",
        "category": "新增",
        "issue_date": date(2026, 3, 10),
        "term_years": 1,
        "rate": 40_000,
    }
    flow = (
        (0, 50, date(2027, 3, 10), 0, 0),
        (1, 0, date(2026, 9, 10), 0, 1),
        (2, 0, date(2027, 3, 10), 50, 1),
    )
    return pl.DataFrame(
        [
            {
                **base,
                "seq": seq,
                "amt": amount * WAN,
                "due_date": due,
                "principal_due": back * WAN,
                "interest_due": interest * WAN,
                "overdue_amt": 0,
            }
            for seq, amount, due, back, interest in flow
        ]
    )


def unit() -> pl.DataFrame:
    """Two departments, each with one unit."""
    return pl.DataFrame(
        [
            {
                "agency_code": code,
                "valid_from": date(2020, 1, 1),
                "agency_name": name,
                "dept_code": code[:3],
                "dept_name": name,
                "mof_div_code": CITY,
                "agency_kind": "行政",
            }
            for code, name in (
                ("101", "示范市教育局"),
                ("101001", "示范市教育局本级"),
                ("102", "示范市水利局"),
                ("102001", "示范市水利局本级"),
            )
        ]
    )


# bgt_id, department, fund, economic code, 年初预算, paid to June, paid July–September, last year
LINES = (
    ("I1", "101", "11", "30201", 600, 200, 270, 400),
    ("I2", "102", "11", "31002", 400, 40, 60, 120),
    ("I3", "101", "11", "30217", 10, 3, 2, 6),
    ("I4", "102", "11", "30231", 20, 9, 12, 18),
)


def indicator() -> pl.DataFrame:
    """One indicator a line, of the opening budget of 2026 and 2025."""
    return pl.DataFrame(
        [
            {
                "bgt_id": f"{bgt}-{year}",
                "fiscal_year": year,
                "mof_div_code": CITY,
                "dept_code": dept,
                "agency_code": dept + "001",
                "pro_code": "P" + bgt,
                "cor_bgt_doc_no": "示财预1号",
                "doc_date": date(year, 1, 20),
                "fund_type_code": fund,
                "found_type_code": "年初预算",
                "exp_func_code": "2050201",
                "dep_bgt_eco_code": eco,
                "amount": amount * WAN,
                "cur_amt": amount * WAN,
                "is_deleted": False,
            }
            for year in (2025, 2026)
            for bgt, dept, fund, eco, amount, *_ in LINES
        ]
    )


def indicator_adjustment() -> pl.DataFrame:
    """水利局 is given 100 more in May (上级转移支付), so that its 变动预算 is 520."""
    return pl.DataFrame(
        [
            {
                "adj_sub_id": "A1",
                "fiscal_year": 2026,
                "adj_date": date(2026, 5, 8),
                "adj_type": "追加",
                "cause": "上级转移支付",
                "mof_div_code": CITY,
                "dept_code": "102",
                "agency_code": "102001",
                "bgt_id": "I2-2026",
                "amt": 100 * WAN,
            }
        ]
    )


def payment_voucher() -> pl.DataFrame:
    """Two vouchers a line in 2026 (May, August) and one last year (May)."""
    rows = []
    for bgt, dept, fund, eco, _, first, second, last in LINES:
        for day, amount in (
            (date(2026, 5, 6), first),
            (date(2026, 8, 6), second),
            (date(2025, 5, 6), last),
        ):
            number = f"V{bgt}-{day:%Y%m%d}"
            rows.append(
                {
                    "pay_cert_id": number,
                    "pay_cert_no": number,
                    "fiscal_year": day.year,
                    "pay_date": day,
                    "mof_div_code": CITY,
                    "dept_code": dept,
                    "agency_code": dept + "001",
                    "pro_code": "P" + bgt,
                    "fund_type_code": fund,
                    "exp_func_code": "2050201",
                    "dep_bgt_eco_code": eco,
                    "pay_amt": amount * WAN,
                    "bgt_id": f"{bgt}-{day.year}",
                    "use_des": "货款",
                }
            )
    return pl.DataFrame(rows)


def three_public() -> pl.DataFrame:
    """教育局 receives guests for 5, as its vouchers say; 水利局's cars cost 20, its vouchers 21."""
    rows = []
    for month, part in ((6, 1), (9, 2)):
        for dept, kind, amount, filled in (
            ("101", "30217", 2 * part + part // 2, {"recept_batches": 10, "recept_persons": 70}),
            ("102", "30231", 10 * part, {"vehicles_kept": 3, "vehicles_quota": 4}),
            ("102", "30212", part, {"groups": part}),
        ):
            rows.append(
                {
                    "fiscal_year": 2026,
                    "month": month,
                    "agency_code": dept + "001",
                    "kind": kind,
                    "mof_div_code": CITY,
                    "dept_code": dept,
                    "ytd_amt": amount * WAN,
                    "groups": None,
                    "persons": None,
                    "vehicles_bought": None,
                    "vehicles_kept": None,
                    "vehicles_quota": None,
                    "recept_batches": None,
                    "recept_persons": None,
                    **filled,
                }
            )
    return pl.DataFrame(rows, infer_schema_length=None)


def audit_project() -> pl.DataFrame:
    """Two audits of 水利局, a year apart."""
    return pl.DataFrame(
        [
            {
                "proj_no": f"SJ{year}",
                "name": f"示范市水利局{year - 1}年度预算执行情况审计",
                "fiscal_year": year,
                "mof_div_code": CITY,
            }
            for year in (2025, 2026)
        ]
    )


# issue, audit year, department, kind, amount, deadline, ledger rows (month of 2026, state, done)
FOUND = (
    ("A1", 2025, "102", "合同管理不规范", 100, date(2025, 9, 30), ((1, "已整改", 100),)),
    (
        "A2",
        2025,
        "102",
        "资产账实不符",
        50,
        date(2026, 1, 31),
        ((1, "未整改", 0), (9, "阶段性", 20)),
    ),
    ("A3", 2026, "102", "合同管理不规范", 80, date(2026, 11, 20), ((9, "持续整改", 90),)),
    ("A4", 2026, "101", "预算编制不完整", None, date(2026, 9, 30), ((9, "已整改", None),)),
    ("A5", 2026, "101", "预算编制不完整", 40, date(2026, 10, 1), ()),
)


def audit_issue() -> pl.DataFrame:
    """Five: two finished, two past their deadline, one due on the business date itself."""
    return pl.DataFrame(
        [
            {
                "issue_id": number,
                "proj_no": f"SJ{year}",
                "fiscal_year": year,
                "mof_div_code": CITY,
                "dept_code": dept,
                "agency_code": dept + "001",
                "issue_type": kind,
                "found_date": date(year, 6, 1),
                "amt": None if amount is None else amount * WAN,
                "deadline": deadline,
            }
            for number, year, dept, kind, amount, deadline, _ in FOUND
        ]
    )


def audit_rectification() -> pl.DataFrame:
    """What the ledger says of them, month by month; nothing of the last."""
    return pl.DataFrame(
        [
            {
                "issue_id": number,
                "fiscal_year": 2026,
                "month": month,
                "mof_div_code": CITY,
                "status": state,
                "done_amt": None if done is None else done * WAN,
                "done_date": date(2026, month, 3) if state == "已整改" else None,
            }
            for number, *_, ledger in FOUND
            for month, state, done in ledger
        ],
        infer_schema_length=None,
    )


# document, county, kind, origin, amount, issued, received, advance, entered, settled by facts
PASSED_DOWN = (
    ("D1", EAST, "一般", "本级年初安排", 30, date(2026, 2, 25), None, False, None, False),
    ("D1", WEST, "一般", "本级年初安排", 20, date(2026, 3, 1), None, False, None, False),
    ("D2", EAST, "专项", "上级转下达", 40, date(2026, 6, 20), date(2026, 6, 1), False, None, False),
    ("D3", EAST, "共同财权", "本级年初安排", 50, date(2025, 11, 20), None, True, 45, False),
    ("D4", WEST, "专项", "年中追加", 5, date(2026, 7, 1), None, False, None, False),
    ("D5", WEST, "专项", "本级年初安排", 6, date(2026, 9, 1), None, False, None, True),
    ("D6", WEST, "一般", "上级转下达", 7, date(2026, 10, 8), None, True, None, False),
)


def transfer() -> pl.DataFrame:
    """Six documents of 2026, the last after September; approved on 20 January."""
    return pl.DataFrame(
        [
            {
                "doc_no": doc,
                "pro_code": f"P-{doc}",
                "sub_mof_div_code": to,
                "mof_div_code": CITY,
                "fiscal_year": 2026,
                "doc_date": issued,
                "recv_date": got,
                "tra_type": kind,
                "fund_origin": origin,
                "pro_name": f"{kind}补助{doc}",
                "amt": amount * WAN,
                "is_advance": ahead,
                "entered_amt": None if entered is None else entered * WAN,
                "is_special_item": facts,
                "is_emergency": False,
            }
            for doc, to, kind, origin, amount, issued, got, ahead, entered, facts in PASSED_DOWN
        ],
        infer_schema_length=None,
    )


def procedure_node() -> pl.DataFrame:
    """The congress approved the budget of 2026 on 20 January."""
    return pl.DataFrame(
        [
            {
                "node_id": "N1",
                "fiscal_year": 2026,
                "mof_div_code": CITY,
                "item": "人代会批准",
                "base_date": date(2026, 1, 20),
                "done_date": date(2026, 1, 20),
            }
        ]
    )


def social_fund_month() -> pl.DataFrame:
    """失业 spends 2 of every month's 1.5 from a balance of 50; 养老 is the province's; 工伤 lacks a
    month; east's pool of residents gets 6 of the 9 months' 9 of subsidy."""
    rows = []
    for year, months in ((2025, range(1, 13)), (2026, range(1, 10))):
        for month in months:
            for region, kind, level, income, expense, given in (
                (CITY, "失业", "市级统筹", 150, 200, None),
                (CITY, "企业职工基本养老", "省级统筹", 900, 800, None),
                (CITY, "工伤", "市级统筹", 10, 5, None),
                (EAST, "城乡居民基本养老", "县级统筹", 400, 300, 100),
            ):
                if kind == "工伤" and (year, month) == (2026, 4):
                    continue
                rows.append(
                    {
                        "fiscal_year": year,
                        "month": month,
                        "mof_div_code": region,
                        "fund_kind": kind,
                        "pooling_level": level,
                        "has_personal_account": kind.endswith("养老"),
                        "income": income * WAN // 100,
                        "expense": expense * WAN // 100,
                        "subsidy_income": given and given * WAN // 100,
                        "balance_end": 50 * WAN,
                        "subsidy_due": given and given * WAN // 100,
                        "subsidy_paid": given and given * WAN // 100 * (month < 7),
                    }
                )
    return pl.DataFrame(rows, infer_schema_length=None)


FIRM, OTHER = "91990000MA00000011", "91990000MA00000022"


def soe_monthly() -> pl.DataFrame:
    """城投 owes 80 of 100, its industry 70; 公交 has no benchmark; December and September."""
    return pl.DataFrame(
        [
            {
                "fiscal_year": year,
                "month": month,
                "uscc": code,
                "report_scope": "合并",
                "name": name,
                "industry": "市政",
                "mof_div_code": region,
                "asset": asset * WAN,
                "liab": liab * WAN,
                "equity": (asset - liab) * WAN,
                "revenue": 5 * WAN,
                "profit": 1 * WAN,
                "benchmark": benchmark,
            }
            for year, month, code, name, region, asset, liab, benchmark in (
                (2025, 12, FIRM, "城投", CITY, 90, 70, 700_000),
                (2026, 9, FIRM, "城投", CITY, 100, 80, 700_000),
                (2026, 9, OTHER, "公交", EAST, 40, 10, None),
            )
        ],
        infer_schema_length=None,
    )


def soe_annual() -> pl.DataFrame:
    """城投 grew from 20 to 22, of which 1 was given to it: 105%."""
    return pl.DataFrame(
        [
            {
                "fiscal_year": 2025,
                "uscc": FIRM,
                "name": "城投",
                "mof_div_code": CITY,
                "state_capital_begin": 20 * WAN,
                "state_capital_end": 22 * WAN,
                "objective_plus": 1 * WAN,
                "objective_minus": 0,
            }
        ]
    )


def state_capital_gain() -> pl.DataFrame:
    """城投 owed 6 in June and paid 2; 3 more are due in December."""
    return pl.DataFrame(
        [
            {
                "fiscal_year": year,
                "uscc": FIRM,
                "name": "城投",
                "mof_div_code": CITY,
                "due_amt": due * WAN,
                "due_date": day,
                "paid_amt": paid * WAN,
                "paid_date": date(2026, 6, 30),
            }
            for year, due, day, paid in (
                (2025, 6, date(2026, 6, 30), 2),
                (2026, 3, date(2026, 12, 31), 0),
            )
        ]
    )


def admin_asset() -> pl.DataFrame:
    """教育局: 1 of 10 平方米 stands idle, rent 4 of 5 came; 水利局 did not fill its idle area."""
    rows = []
    for dept, kind, book, area, idle, due, paid in (
        ("101", "土地房屋", 60, 1000, 100, 5, 4),
        ("101", "设备", 10, None, None, None, None),
        ("102", "土地房屋", 30, 500, None, None, None),
    ):
        rows.append(
            {
                "fiscal_year": 2025,
                "agency_code": dept + "001",
                "asset_class": kind,
                "mof_div_code": CITY,
                "dept_code": dept,
                "book_amt": book * WAN,
                "net_amt": book * WAN // 2,
                "area_m2": area,
                "idle_area": idle,
                "idle_amt": 1 * WAN,
                "lease_income_due": due and due * WAN,
                "lease_income_paid": paid and paid * WAN,
                "done_accept_date": date(2025, 5, 1) if kind == "设备" else None,
                "final_account_date": None,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def natural_asset() -> pl.DataFrame:
    """Forest with a value, water without."""
    return pl.DataFrame(
        [
            {
                "fiscal_year": 2025,
                "mof_div_code": CITY,
                "resource": kind,
                "area_qty": quantity,
                "qty_unit": unit,
                "value_est": value,
                "change_qty": change,
            }
            for kind, quantity, unit, value, change in (
                ("森林", 12_345, "公顷", 7 * WAN, 50),
                ("水", 100, "万立方米", None, -20),
            )
        ],
        infer_schema_length=None,
    )


TABLES = {
    "soe_monthly": soe_monthly,
    "soe_annual": soe_annual,
    "state_capital_gain": state_capital_gain,
    "admin_asset": admin_asset,
    "natural_asset": natural_asset,
    "social_fund_month": social_fund_month,
    "transfer": transfer,
    "procedure_node": procedure_node,
    "audit_project": audit_project,
    "audit_issue": audit_issue,
    "audit_rectification": audit_rectification,
    "three_public": three_public,
    "general_revenue": revenue,
    "general_expenditure": expenditure,
    "gov_fund": gov_fund,
    "social_insurance_budget": social,
    "debt_limit": debt_limit,
    "bond": bond,
    "unit": unit,
    "indicator": indicator,
    "indicator_adjustment": indicator_adjustment,
    "payment_voucher": payment_voucher,
}


def make(folder: Path, without: tuple[str, ...] = ()) -> Home:
    """A home with the city's tables published, but for those named."""
    home = Home(folder)
    with Writer.open(home, owner="test") as writer:
        for name, table in TABLES.items():
            if name in without:
                continue
            covered = tuple(Coverage(2026, month, CITY) for month in range(1, 10))
            writer.replace(
                name, table(), Batch(name, name, f"{name}.csv", name, BUSINESS_DATE, covered)
            )
        writer.publish(BUSINESS_DATE)
    return home


def _report(
    month: int, region: str, scope: str, budget: int, ytd: int, last: int, **more: str
) -> dict[str, object]:
    return {
        "fiscal_year": 2026,
        "month": month,
        "mof_div_code": region,
        "scope_kind": scope,
        "stage": "月报",
        "budget_amt": budget * WAN,
        "adj_amt": budget * WAN,
        "mtd_amt": ytd * WAN // 9,
        "ytd_amt": ytd * WAN,
        "ly_ytd": last * WAN,
        **more,
    }
