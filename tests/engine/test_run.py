"""Running rules: outcomes, blanks that are not zero, ceilings, tallies, windows, look-ups."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from budget_watch.engine import load_book, run_check
from budget_watch.engine.load import Book
from budget_watch.engine.made_tables import MadeReader
from budget_watch.engine.oracle import Oracle, seen
from budget_watch.engine.result import RunResult
from budget_watch.engine.undelivered import EMPTY, message
from tests.engine.books import CITY, DAY, book_of, line, outcomes, payment, reader_of

PACE = """
grain: [fiscal_year, month, mof_div_code, dept_code]
universe: {from: budget_line, periods: months_to_as_of}
measures:
  spent: {from: payment, value: sum(pay_amt), when: "month <= @month"}
  budget: {from: budget_line, value: sum(current_amt), when: "month <= @month"}
let: {pace: month / 12}
requires: ["budget is not null and spent is not null"]
levels:
  - {level: orange, when: "spent / budget < pace - param('lag.serious')"}
  - {level: yellow, when: "spent / budget < pace"}
identity: [fiscal_year, dept_code]
value: spent
limit: budget * pace
message: "{dept_code}截至{month}月进度{spent / budget:%}，时间进度{pace:%}"
"""
EACH = """
each: payment
when: "pay_amt > 0元"
levels:
  - {level: red, when: "pay_amt >= 100万元"}
  - {level: yellow, when: "pay_amt >= param('limit.amount')"}
message: "支付{pay_amt:money}"
"""
DEBT = """
each: debt_position
undecided: [{when: "balance_amt > limit_amt and balance_amt - limit_amt <= round_fen", because: 舍入内}]
levels: [{level: red, when: "balance_amt > limit_amt"}]
value: balance_amt
limit: limit_amt
message: "余额{balance_amt:money}，限额{limit_amt:money}"
"""  # noqa: E501


def run(book: Book, reader: MadeReader, as_of: date = DAY) -> RunResult:
    """Run, and hold the result against the oracle's."""
    result = run_check(reader, book, as_of)
    assert seen(result.observations) == Oracle(reader, book, as_of).run()
    return result


def tally(result: RunResult, at: int = 0) -> dict[str, Any]:
    record = result.per_rule[at].record()
    elsewhere = ("seconds", "quiet_hash", "rule", "years", "aside")
    return {name: record[name] for name in record if name not in elsewhere}


def test_pace_is_judged_for_every_month_that_has_ended(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"ZX91": PACE})
    reader = reader_of(
        {"payment": [payment("a", "30元", month=2), payment("b", "5元", month=9)],
         "budget_line": [line("100元")]}
    )  # fmt: skip
    result = run(book, reader)
    levels = {
        json.loads(row["grain"])["month"]: row["level"] for row in result.observations.to_dicts()
    }
    assert levels == {
        1: "yellow",  # 0 of 8.3%, less than 20 points behind
        4: "yellow", 5: "yellow", 6: "orange", 7: "orange", 8: "orange", 9: "orange", 10: "orange",
    }  # fmt: skip
    assert tally(result) == {
        "rows": 10, "judged": 10, "excluded": {}, "hit": 8, "levels": {"orange": 5, "yellow": 3},
        "clear": 2, "not_applicable": 0, "insufficient_data": 0, "error": 0, "exempted": 0,
        "unrecovered": 0, "undelivered": [], "message": "",
    }  # fmt: skip
    shown = result.observations.select("limit", "value", "period_end").row(0)
    assert shown == (8333, 3500, date(2026, 10, 31))  # grains sort as text: month 10 comes first


def test_findings_of_one_year_share_the_identity_that_the_rule_declares(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"ZX91": PACE})
    result = run(book, reader_of({"budget_line": [line("100元")]}))
    assert result.observations["identity"].n_unique() == 1
    assert result.observations.height == 10


def test_no_payment_is_zero_only_if_payments_were_delivered(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"ZX91": PACE})
    tables = {"budget_line": [line("100元")]}
    delivered = run(book, reader_of(tables))
    missing = run(book, reader_of(tables, not_delivered=["payment"]))
    assert tally(delivered)["hit"] == 10
    assert tally(missing)["insufficient_data"] == 10
    assert "支付未送达" in missing.observations["because"][0]


def test_a_blank_among_the_figures_is_missing_data_not_zero(tmp_path: Path) -> None:
    rule = """
    grain: [fiscal_year, month, mof_div_code]
    universe: {from: execution_month}
    measures: {done: {from: execution_month, value: sum(ytd_amt)}}
    levels: [{level: yellow, when: "done < 10元"}]
    message: "{done:money}"
    """
    book = book_of(tmp_path, {"ZX91": rule})
    base = {"fiscal_year": 2026, "mof_div_code": CITY, "scope_kind": "本级", "stage": "月报"}
    rows = [
        {**base, "month": 1, "code": "201", "ytd_amt": "5元"},
        {**base, "month": 2, "code": "201", "ytd_amt": "5元"},
        {**base, "month": 2, "code": "205", "ytd_amt": None},
    ]
    result = run(book, reader_of({"execution_month": rows}))
    assert outcomes(result.observations) == [
        ("hit", "yellow", '{"fiscal_year":2026,"mof_div_code":"990100000","month":1}'),
        ("insufficient_data", None, '{"fiscal_year":2026,"mof_div_code":"990100000","month":2}'),
    ]
    assert "有空值" in result.observations["because"][1]


def test_a_divisor_that_is_not_above_zero_is_not_applicable(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"ZX91": PACE})
    result = run(
        book, reader_of({"budget_line": [line("0元")], "payment": [payment("a", "1元", month=1)]})
    )
    assert tally(result)["not_applicable"] == 10


def test_rows_are_judged_in_one_pass_and_the_rest_is_counted(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"ZX91": EACH}, klass="法", confidence="H")
    reader = reader_of(
        {
            "payment": [
                payment("a", "100万元"),
                payment("b", "999999.99元"),
                payment("c", "50万元"),
                payment("d", "499999.99元"),
                payment("e", "-5元"),
                payment("f", "1元", pay_date=date(2014, 12, 31)),
            ]
        }
    )
    result = run_check(reader, book, DAY)
    assert outcomes(result.observations) == [
        ("hit", "red", '{"pay_cert_id":"a"}'),
        ("hit", "yellow", '{"pay_cert_id":"b"}'),
        ("hit", "yellow", '{"pay_cert_id":"c"}'),
    ]
    assert tally(result) == {
        "rows": 6, "judged": 4, "excluded": {"不在判断范围": 1, "不在规则有效期内": 1}, "hit": 3,
        "levels": {"red": 1, "yellow": 2}, "clear": 1, "not_applicable": 0,
        "insufficient_data": 0, "error": 0, "exempted": 0, "unrecovered": 0,
        "undelivered": [], "message": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("klass", "confidence", "level"),
    [("法", "H", "red"), ("法", "M", "red"), ("规", "H", "red"), ("规", "M", "orange"),
     ("理", "H", "orange"), ("险", "H", "orange"), ("数", "H", "orange")],
)  # fmt: skip
def test_red_is_for_law_and_for_sure_regulations_only(
    tmp_path: Path, klass: str, confidence: str, level: str
) -> None:
    book = book_of(tmp_path, {"ZX91": EACH}, klass=klass, confidence=confidence)
    result = run(book, reader_of({"payment": [payment("a", "100万元")]}))
    assert outcomes(result.observations) == [("hit", level, '{"pay_cert_id":"a"}')]


def debt(month: int, balance: str, limit: str | None, **more: Any) -> dict[str, Any]:
    base = {"fiscal_year": 2025, "mof_div_code": CITY, "scope_kind": "本级", "stage": "决算批准"}
    return {**base, "month": month, "debt_kind": "合计", "balance_amt": balance, "limit_amt": limit,
            "round_fen": "100万元", "data_status": "正式", **more}  # fmt: skip


def test_third_party_figures_stop_at_orange_and_rounding_decides_nothing(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"ZW91": DEBT}, klass="法", confidence="H")
    rows = [
        debt(1, "51亿元", "50亿元"),
        debt(2, "51亿元", "50亿元", data_status="第三方"),
        debt(3, "51亿元", "50亿元", stage="快报"),
        debt(4, "50.01亿元", "50亿元"),
        debt(5, "5001000000.01元", "50亿元"),
        debt(6, "50亿元", None),
        debt(7, "50亿元", "50亿元"),
    ]
    result = run(book, reader_of({"debt_position": rows}))
    found = {
        json.loads(row["grain"])["month"]: (
            row["outcome"],
            row["level"],
            row["provisional"],
            row["because"],
        )
        for row in result.observations.to_dicts()
    }
    assert found == {
        1: ("hit", "red", False, None),
        2: ("hit", "orange", True, None),
        3: ("hit", "orange", True, None),
        4: ("insufficient_data", None, False, "舍入内"),
        5: ("hit", "red", False, None),
        6: ("insufficient_data", None, False, "缺数据：balance_amt、limit_amt"),
    }


def test_a_rule_that_judges_nothing_is_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "book"
    book = book_of(folder, {"ZX91": EACH})
    assert tally(run_check(reader_of({}), book, DAY))["error"] == 0  # may_be_empty: true
    path = folder / "execution" / "ZX91.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("may_be_empty: true", ""), encoding="utf-8"
    )
    result = run_check(reader_of({}), load_book(folder), DAY)
    assert tally(result)["error"] == 1
    assert "没有判断任何对象" in tally(result)["message"]


def test_a_rule_that_judges_nothing_waits_while_the_data_is_young(tmp_path: Path) -> None:
    folder = tmp_path / "book"
    book_of(folder, {"ZX91": EACH})
    path = folder / "execution" / "ZX91.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("may_be_empty: true", ""), "utf-8")
    reader = reader_of({})
    one = reader.coverage().filter(pl.col("table") == "payment").head(1)

    def told(*periods: tuple[int, int]) -> tuple[Any, ...]:
        rows = [
            one.with_columns(fiscal_year=pl.lit(year, pl.Int64), month=pl.lit(month, pl.Int64))
            for year, month in periods
        ]
        reader.coverage = lambda: pl.concat(rows)
        found = tally(run_check(reader, load_book(folder), DAY))
        return found["error"], found["undelivered"], found["message"]

    months = [(2025 + n // 12, n % 12 + 1) for n in range(13)]
    young = "没有判断任何对象：送达的数据还不满一年，其中没有可判断的。"
    assert told(months[0]) == told(*months[:12]) == (0, ["payment"], young)
    assert told((2025, 0)) == (0, ["payment"], young)
    assert told(*months) == told((2025, 0), (2026, 0)) == (1, [], EMPTY)


def test_a_rule_whose_data_never_came_waits_and_is_no_error(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"ZX91": EACH, "ZX92": PACE})
    waiting = reader_of({}, not_delivered=["payment", "payment_voucher", "budget_line"])
    row, grain = run_check(waiting, book, DAY).per_rule
    assert (row.error, row.judged, row.undelivered) == (0, 0, ("payment_voucher",))
    assert row.message == "数据未送达：国库集中支付凭证表。送达后自动判断。"
    # a mart none of whose slices is whole: its tables came, but never for one period together
    assert (grain.error, grain.undelivered) == (0, ("indicator",))
    assert grain.record()["undelivered"] == ["indicator"]
    here = reader_of({"payment": [payment("a", "1元")]}, not_delivered=["payment"])
    assert run_check(here, book, DAY).per_rule[0].undelivered == ()


def test_of_many_missing_tables_the_first_few_are_named() -> None:
    assert message(("unit", "meeting")).startswith("数据未送达：")
    many = message(("indicator", "payment_plan", "bond", "balance"))
    assert many == (
        "数据未送达：预算指标表、用款计划表、地方政府债券发行与还本付息明细表等 4 张报表。"
        "送达后自动判断。"
    )


def test_a_rule_that_fails_stops_no_other(tmp_path: Path) -> None:
    joined = (
        EACH + "join: {unit: {from: unit, on: {agency_code: agency_code, valid_from: pay_date}}}\n"
    )
    book = book_of(tmp_path, {"ZX91": EACH, "ZX92": joined})
    unit = {"agency_code": "101001", "valid_from": date(2026, 9, 10)}
    reader = reader_of({"payment": [payment("a", "100万元")], "unit": [unit, unit]})
    result = run_check(reader, book, DAY)
    assert [(each.rule, each.error, bool(each.message)) for each in result.per_rule] == [
        ("ZX91", 0, False),
        ("ZX92", 1, True),
    ]
    assert result.observations["rule"].to_list() == ["ZX91"]


def test_a_look_up_takes_the_last_row_and_says_whether_there_was_one(tmp_path: Path) -> None:
    rule = """
    each: payment
    join: {unit: {from: unit, on: {agency_code: agency_code}, take: {kind: agency_kind}, last_by: valid_from}}
    levels:
      - {level: orange, when: "not unit_found"}
      - {level: yellow, when: "kind = '事业'"}
    message: "{agency_code}{kind}"
    """  # noqa: E501
    book = book_of(tmp_path, {"ZX91": rule})
    units = [
        {"agency_code": "101001", "valid_from": date(2020, 1, 1), "agency_kind": "行政"},
        {"agency_code": "101001", "valid_from": date(2024, 1, 1), "agency_kind": "事业"},
        {"agency_code": "101002", "valid_from": date(2020, 1, 1), "agency_kind": "行政"},
    ]
    rows = [
        payment("a", "1元"),
        payment("b", "1元", agency_code="101002"),
        payment("c", "1元", agency_code="9"),
    ]
    result = run(book, reader_of({"payment": rows, "unit": units}))
    assert outcomes(result.observations) == [
        ("hit", "yellow", '{"pay_cert_id":"a"}'),
        ("hit", "orange", '{"pay_cert_id":"c"}'),
    ]


WINDOW = """
within:
  from: payment
  when: "pay_amt > 0元"
  by: [agency_code, payee_acct_no]
  order: wd
  length: 5
  values: {total: sum(pay_amt), largest: max(pay_amt), n: count(*), last_date: max(pay_date)}
levels:
  - {level: orange, when: "n >= 2 and total >= param('limit.amount') and largest < param('limit.amount')"}
  - {level: yellow, when: "n >= 3"}
message: "{n:int}笔合计{total:money}"
"""  # noqa: E501


def paid(key: str, wd: int, amount: str = "20万元", account: str = "x") -> dict[str, Any]:
    return payment(key, amount, wd=wd, payee_acct_no=account)


def test_windows_that_overlap_are_one_finding(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"PZ91": WINDOW})
    rows = [
        paid("a", 1), paid("b", 3), paid("c", 5), paid("d", 7), paid("e", 20),
        paid("f", 1, account="y"), paid("g", 6, account="y"), paid("h", 11, account="y"),
        paid("i", 1, "60万元", "z"), paid("j", 2, "1元", "z"),
        paid("k", 1, "1元", "w"), paid("l", 1, "1元", "w"), paid("m", 1, "1元", "w"),
    ]  # fmt: skip
    result = run(book, reader_of({"payment": rows}))
    assert outcomes(result.observations) == [
        ("hit", "yellow", '{"agency_code":"101001","first_order":1,"payee_acct_no":"w"}'),
        ("hit", "orange", '{"agency_code":"101001","first_order":1,"payee_acct_no":"x"}'),
    ]
    assert tally(result)["judged"] == 4  # groups, not rows
    values = json.loads(result.observations["values"][1])
    assert (values["n"], values["total"], values["last_order"]) == (3, 60_000_000, 7)


QUERY = """
grain: [bgt_id]
universe: {from: payment, when: "bgt_id is not null"}
partition: [bgt_id]
query: |
  WITH p AS (
    SELECT bgt_id, pay_cert_id, day_no(pay_date) AS day, pay_amt,
           sum(pay_amt) OVER (PARTITION BY bgt_id ORDER BY pay_date, pay_cert_id
             ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS total,
           lag(day_no(pay_date)) OVER (PARTITION BY bgt_id ORDER BY pay_date, pay_cert_id) AS before
    FROM payment WHERE bgt_id IS NOT NULL AND pay_amt > 1元
  )
  SELECT bgt_id, max(total) AS total, min(day - before) AS gap, count(*) AS n FROM p GROUP BY bgt_id HAVING count(*) > 1
levels: [{level: yellow, when: "total > param('limit.amount')"}]
message: "{total:money}"
"""  # noqa: E501


def test_a_query_judges_what_it_returns_and_clears_the_rest(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"PZ91": QUERY})
    rows = [
        payment("a", "30万元", bgt_id="b1", pay_date=date(2026, 9, 1)),
        payment("b", "30万元", bgt_id="b1", pay_date=date(2026, 9, 5)),
        payment("c", "10元", bgt_id="b2"),
        payment("d", "10元", bgt_id="b2"),
        payment("e", "90万元", bgt_id="b3"),
        payment("f", "90万元"),
    ]
    result = run(book, reader_of({"payment": rows}))
    assert outcomes(result.observations) == [("hit", "yellow", '{"bgt_id":"b1"}')]
    assert json.loads(result.observations["values"][0]) == {
        "bgt_id": "b1", "gap": 4, "n": 2, "total": 60_000_000,
    }  # fmt: skip
    assert (tally(result)["judged"], tally(result)["clear"]) == (3, 2)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT * FROM payment", "不用 *"),
        ("SELECT bgt_id FROM payment, indicator", "ON"),
        ("SELECT a.bgt_id FROM payment a JOIN payment b ON a.bgt_id = b.bgt_id", "自己连接"),
        ("SELECT bgt_id FROM read_csv('x')", "不能使用"),
        ("SELECT bgt_id, sum(pay_amt) OVER (PARTITION BY bgt_id ORDER BY wd RANGE BETWEEN 4 PRECEDING "  # noqa: E501
         "AND CURRENT ROW) AS x FROM payment", "ROWS"),
        ("SELECT bgt_id FROM payment UNION SELECT bgt_id FROM indicator", "UNION ALL"),
        ("SELECT bgt_id FROM payment WHERE bgt_id IN (SELECT bgt_id FROM indicator)", "列出的值"),
        ("SELECT bgt_id FROM nothing", "没有名为 nothing"),
        ("SELECT bgt_id, pay_date + INTERVAL 3 DAY AS x FROM payment", "不能使用"),
        ("SELECT pro_code FROM payment", "没有判断单元的列 bgt_id"),
        ("SELECT bgt_id, lag(pay_amt) OVER (PARTITION BY bgt_id) AS x FROM payment", "ORDER BY"),
        ("SELECT pro_code AS bgt_id, sum(pay_amt) AS total FROM payment GROUP BY pro_code", "未含 bgt_id"),  # noqa: E501
        ("DROP TABLE payment", "SELECT"),
    ],
)  # fmt: skip
def test_queries_outside_the_subset_are_refused(tmp_path: Path, query: str, said: str) -> None:
    from budget_watch.engine.errors import BookError

    head, _, _ = QUERY.partition("query: |")
    rule = head + f"query: |\n  {query}\nlevels: [{{level: yellow, when: 'true'}}]\nmessage: x\n"
    with pytest.raises(BookError) as caught:
        book_of(tmp_path, {"PZ91": rule})
    assert said in str(caught.value)


def test_the_same_input_gives_the_same_run_bit_for_bit(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"ZX91": PACE, "ZX92": EACH, "PZ91": WINDOW})
    reader = reader_of(
        {"payment": [paid("a", 1), paid("b", 2), paid("c", 3)], "budget_line": [line("100元")]}
    )
    one, two = run_check(reader, book, DAY), run_check(reader, book, DAY)
    later = run_check(reader, book, date(2026, 11, 21))
    assert one.run == two.run != later.run
    reader.fingerprint = "other rows under the same snapshot id"  # type: ignore[attr-defined]
    assert run_check(reader, book, DAY).run != one.run
    assert one.observations.equals(two.observations)
    assert [each.quiet_hash for each in one.per_rule] == [each.quiet_hash for each in two.per_rule]
