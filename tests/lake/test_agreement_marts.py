"""When deliveries came, and figures that must agree: the marts of SJ01, SJ06 and SJ07."""

from __future__ import annotations

from datetime import date

import polars as pl

from budget_watch.lake import Home
from budget_watch.lake.ledger import LINES, Batch, Entry, Lines
from budget_watch.lake.marts import account_check, delivery, revenue_recon
from budget_watch.tables import contracts, polars_schema

CITY, COUNTY = "990100000", "990102000"
WAN = 1_000_000


def _frames(names: tuple[str, ...], **rows: list[dict[str, object]]) -> dict[str, pl.LazyFrame]:
    frames = {}
    for name in names:
        schema = polars_schema(contracts()[name], technical=True)
        frames[name] = pl.DataFrame(rows.get(name, []), schema=schema, orient="row").lazy()
    return frames


def _line(
    table: str,
    slot: str,
    day: date,
    delivered: int = 5,
    quarantined: int = 0,
    refused: bool = False,
) -> tuple[object, ...]:
    return (table, slot, day, delivered, quarantined, refused)


def _delivered(*lines: tuple[object, ...]) -> pl.DataFrame:
    return delivery.build(pl.DataFrame(list(lines), schema=LINES, orient="row")).collect()


def test_a_slot_has_its_first_arrival_whatever_came_after() -> None:
    made = _delivered(
        _line(_name("FIN-22"), "FIN-22/2026-07", date(2026, 8, 11), refused=True),
        _line(_name("FIN-22"), "FIN-22/2026-07", date(2026, 8, 13), 10, 1),
        _line(_name("FIN-22"), "FIN-22/2026-07", date(2026, 9, 2), 11),
    )  # fmt: skip
    assert made.row(0, named=True) == {
        "table_code": "FIN-22", "title": contracts()[_name("FIN-22")].title,
        "delivering_dept": "财政", "fiscal_year": 2026, "month": 7, "period": "2026-07",
        "span": "月", "due": date(2026, 8, 12), "first_on": date(2026, 8, 13),
        "last_on": date(2026, 9, 2), "deliveries": 2, "rows": 11, "quarantined": 0, "refused": 1,
    }  # fmt: skip


def _name(code: str) -> str:
    return next(each.name for each in contracts().values() if each.code == code)


def _due(code: str, period: str) -> date | None:
    made = _delivered(_line(_name(code), f"{code}/{period}", date(2026, 1, 1)))
    return made["due"][0] if made.height else date.max


def test_due_dates_follow_the_contract_where_the_slot_is_as_fine_as_it_asks() -> None:
    assert _due("TRE-02", "2026-11-13") == date(2026, 11, 16)  # T+1工作日, over a weekend
    assert _due("FIN-15", "2026-09") == date(2026, 10, 8)  # the first working day after it
    assert _due("FIN-15", "2025") is None  # old data of a daily table
    assert _due("FIN-22", "2026-12") == date(2027, 1, 12)
    assert _due("FIN-22", "2025") is None
    assert _due("FIN-08", "2026-11-13") == date(2026, 11, 20)  # 事件后5工作日
    assert _due("FIN-08", "2026") is None
    assert _due("FIN-24", "2026-05") == date(2026, 6, 12)
    assert _due("FIN-24", "2026") == date(2027, 3, 31)
    assert _due("FIN-07", "2026") is None  # counted from an approval
    assert _due("NDRC-01", "2026-Q3") == date(2026, 10, 20)
    assert _due("FIN-15", "2026-02-30") is None


def test_what_was_loaded_by_hand_has_no_period_and_no_row() -> None:
    assert _delivered(_line(_name("FIN-22"), "FIN-22/某县公开表.xlsx", date(2026, 1, 1))).is_empty()
    assert _delivered(_line("no_such_table", "XXX-01/2026-07", date(2026, 1, 1))).is_empty()
    made = _delivered(_line(_name("FIN-22"), "FIN-22/2026-07", date(2026, 8, 1), refused=True))
    assert made.select("first_on", "deliveries", "refused").row(0) == (None, 0, 1)


def test_the_ledgers_lines_hold_what_is_about_to_be_published(tmp_path) -> None:
    batch = Batch("FIN-22/2026-07", _name("FIN-22"), "f", "h", date(2026, 8, 12))
    told = Lines(Home(tmp_path), [Entry(batch, None, 3, 2, 1)])  # type: ignore[arg-type]
    assert told.changed
    assert told.frame().rows() == [(batch.table, batch.id, date(2026, 8, 12), 3, 1, False)]
    assert not Lines(Home(tmp_path)).changed


def _revenue(code: str, amt: int | None, **more: object) -> dict[str, object]:
    return {
        "fiscal_year": 2026, "month": 2, "mof_div_code": CITY, "scope_kind": "本级",
        "stage": "月报", "rev_code": code, "ytd_amt": amt, "round_fen": 1, "data_status": "正式",
        **more,
    }  # fmt: skip


def _day(when: date, code: str, amt: int | None, **more: object) -> dict[str, object]:
    return {
        "book_date": when, "fiscal_year": 2026, "mof_div_code": CITY, "level": "3",
        "rev_code": code, "day_amt": amt, **more,
    }  # fmt: skip


def _tax(code: str, amt: int | None, **more: object) -> dict[str, object]:
    return {
        "fiscal_year": 2026, "month": 2, "mof_div_code": CITY, "tax_kind": code, "level": "3",
        "rev_code": code, "ytd_amt": amt, "round_fen": 1, "data_status": "正式", **more,
    }  # fmt: skip


def _three(**rows: list[dict[str, object]]) -> dict[str, tuple[object, ...]]:
    made = revenue_recon.build(_frames(revenue_recon.REVENUE_RECON.inputs, **rows)).collect()
    shown = ["finance_amt", "tax_amt", "treasury_amt", "largest_amt"]
    return {f"{row[0]}/{row[1]}": row[2:] for row in made.select("code", "month", *shown).rows()}


def test_three_offices_stand_side_by_side_up_to_the_months_end() -> None:
    found = _three(
        general_revenue=[
            _revenue("10101", 100), _revenue("10104", 7), _revenue("10304", 30),
            _revenue("101", 100), _revenue("1010101", 100), _revenue("11002", 9),
            _revenue("10106", 5, scope_kind="全市"), _revenue("10107", 5, stage="快报"),
        ],
        tax_revenue=[
            _tax("1010101", 60), _tax("1010102", 37), _tax("10101", 999, level="1"),
            _tax("10101", 999, month=1), _tax("10104", None),
        ],
        treasury_revenue_day=[
            _day(date(2026, 1, 9), "1010101", 40), _day(date(2026, 2, 28), "1010102", 58),
            _day(date(2026, 3, 1), "10101", 999), _day(date(2026, 1, 9), "10101", 999, level="1"),
            _day(date(2026, 1, 9), "10304", 30), _day(date(2026, 1, 9), "10104", None),
        ],
    )  # fmt: skip
    assert found == {
        "10101/2": (100, 97, 98, 3), "10104/2": (7, None, None, None),
        "10304/2": (30, None, 30, 0),
    }  # fmt: skip


def test_a_countys_revenue_is_held_against_its_own_level() -> None:
    found = _three(
        general_revenue=[_revenue("10101", 10, mof_div_code=COUNTY, scope_kind="县区")],
        tax_revenue=[_tax("10101", 10, mof_div_code=COUNTY, level="4"),
                     _tax("10101", 99, mof_div_code=COUNTY)],
        treasury_revenue_day=[_day(date(2026, 1, 9), "10101", 8, mof_div_code=COUNTY, level="4")],
    )  # fmt: skip
    assert found == {"10101/2": (10, 10, 8, 2)}


def _checks(**rows: list[dict[str, object]]) -> dict[str, tuple[object, ...]]:
    made = account_check.build(_frames(account_check.ACCOUNT_CHECK.inputs, **rows)).collect()
    shown = ["left_amt", "right_amt", "difference_amt", "tolerance_amt"]
    return {
        f"{row[0]}/{row[1]}/{row[2]}": row[3:]
        for row in made.select("check_id", "stage", "month", *shown).rows()
    }


def test_what_the_upper_level_hands_down_is_what_the_lower_receives() -> None:
    sent = [
        {"doc_no": name, "pro_code": "p", "sub_mof_div_code": COUNTY, "mof_div_code": CITY,
         "fiscal_year": 2026, "doc_date": day, "tra_type": kind, "fund_origin": "年中追加",
         "amt": amt}
        for name, day, kind, amt in (
            ("a", date(2026, 1, 30), "一般", 40), ("b", date(2026, 2, 28), "共同财权", 5),
            ("c", date(2026, 3, 1), "一般", 900), ("d", date(2026, 1, 3), "专项", 6),
            ("e", date(2026, 1, 3), "未分类", 70),
        )
    ]  # fmt: skip
    county = {"mof_div_code": COUNTY, "scope_kind": "县区"}
    found = _checks(
        transfer=sent,
        general_revenue=[
            _revenue("11002", 44, **county), _revenue("11003", 6, **county),
            _revenue("11002", 11, month=1, **county), _revenue("11002", 9),
            _revenue("11002", 9, **(county | {"scope_kind": "抵销"})),
        ],
    )  # fmt: skip
    assert found == {
        "transfer-11002/月报/2": (45, 44, 1, 0), "transfer-11003/月报/2": (6, 6, 0, 0),
    }  # fmt: skip


def _book(side: str, code: str, amt: int | None, **more: object) -> dict[str, object]:
    row = _revenue(code, amt, **more)
    del row["rev_code"]
    return {**row, "side": side, "code": code}


def test_what_other_budgets_hand_over_is_what_the_general_one_takes_in() -> None:
    found = _checks(
        gov_fund=[_book("支出", "23008", 30), _book("支出", "212", 500)],
        state_capital=[_book("支出", "23008", 12), _book("支出", "2300802", 12)],
        general_revenue=[_revenue("11009", 50), _revenue("110090199", 7), _revenue("101", 900)],
    )
    assert found == {"moved-report/月报/2": (42, 43, 1, 0)}
    nothing = _checks(gov_fund=[_book("支出", "212", 5)], general_revenue=[_revenue("101", 9)])
    assert nothing == {}
    silent = _checks(gov_fund=[_book("支出", "212", 5)], general_revenue=[_revenue("11009", 9)])
    assert silent == {"moved-report/月报/2": (0, 9, 9, 0)}


def test_the_balance_of_the_four_budgets_is_asked_where_it_names_both_lines() -> None:
    common = {"fiscal_year": 2026, "mof_div_code": CITY, "scope_kind": "本级", "stage": "批准",
              "round_fen": WAN}  # fmt: skip
    out = {**common, "book": "国有资本经营", "side": "支出", "code": "23008", "amt": 5 * WAN}
    into = {**common, "book": "一般公共预算", "side": "收入", "code": "11009", "amt": 4 * WAN}
    assert _checks(balance=[out, into]) == {"moved-balance/批准/12": (5 * WAN, 4 * WAN, WAN, WAN)}
    assert _checks(balance=[out]) == {}


def _spent(code: str, budget: int, ytd: int | None, **more: object) -> dict[str, object]:
    own: dict[str, object] = {"level_flag": "本级支出", "exp_func_code": code}
    row = _revenue("x", ytd, budget_amt=budget, **(own | more))
    del row["rev_code"]
    return row


def _economic(code: str, budget: int, ytd: int, **more: object) -> dict[str, object]:
    row = _revenue("x", ytd, budget_amt=budget, gov_bgt_eco_code=code, **more)
    del row["rev_code"]
    return row


def test_function_and_economy_come_to_the_same() -> None:
    found = _checks(
        general_expenditure=[
            _spent("205", 100, 70), _spent("227", 3, 0), _spent("230", 50, 40),
            _spent("231", 8, 8), _spent("20502", 100, 70),
            _spent("205", 900, 900, level_flag="对下转移"),
        ],
        general_expenditure_economic=[
            _economic("501", 100, 71), _economic("514", 3, 0), _economic("51401", 2, 0),
            _economic("513", 50, 40), _economic("512", 8, 8),
        ],
    )  # fmt: skip
    assert found == {
        "reserve/月报/2": (3, 2, 1, 0), "total-budget/月报/2": (103, 103, 0, 0),
        "total-spent/月报/2": (70, 71, 1, 0),
    }  # fmt: skip
    alone = _checks(general_expenditure=[_spent("205", 100, 70)])
    assert alone == {}


def _debt(year: int, month: int, stage: str, **more: object) -> dict[str, object]:
    return {
        "fiscal_year": year, "month": month, "mof_div_code": CITY, "scope_kind": "本级",
        "stage": stage, "round_fen": 1, "data_status": "正式", **more,
    }  # fmt: skip


def test_debt_goes_on_from_last_years_balance() -> None:
    flows = {"issue_general": 30, "repay_general": 12, "issue_special": None, "repay_special": 1}
    found = _checks(
        debt_limit=[
            _debt(2025, 12, "月报", balance_general=99, balance_special=1),
            _debt(2025, 12, "决算批准", balance_general=100, balance_special=1),
            _debt(2025, 11, "月报", balance_general=7, balance_special=1),
            _debt(2026, 1, "月报", balance_general=1, balance_special=1, **flows),
            _debt(2026, 2, "月报", balance_general=120, balance_special=1, **flows),
        ]
    )
    assert found == {"debt-general/月报/2": (118, 120, 2, 0)}
    assert _checks(debt_limit=[_debt(2026, 2, "月报", balance_general=5, **flows)]) == {}


def test_rounding_excuses_half_a_unit_for_each_figure_added_up() -> None:
    found = _checks(
        general_expenditure=[_spent("205", 0, WAN, round_fen=WAN), _spent("206", 0, 0)],
        general_expenditure_economic=[_economic("501", 0, 3 * WAN)],
    )
    assert found["total-spent/月报/2"] == (WAN, 3 * WAN, 2 * WAN, 3 * WAN // 2)
