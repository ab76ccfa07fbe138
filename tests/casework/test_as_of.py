"""--as-of in the past: rows dated after it are cut, on one snapshot, and the check says so."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from budget_watch.access import Grant
from budget_watch.casework.checking import check, rule_book
from budget_watch.casework.explaining import explained
from budget_watch.casework.findings import list_findings
from budget_watch.casework.runs import runs
from budget_watch.engine import run_check
from budget_watch.engine.as_of import CutReader, as_of_reader
from budget_watch.engine.oracle import Oracle, seen
from budget_watch.lake import Batch, Coverage, Home, Reader, Writer
from budget_watch.lake.state import engine
from tests.lake.made import CITY, SYSTEM, rows, voucher

AUGUST, LAST = date(2026, 8, 31), date(2026, 11, 20)
HEAD = """
title: 试验
area: data
class: 数
confidence: H
valid: {from: 2018-01-01}
why: 试验。
may_be_empty: true
"""
PAID = """
id: SJ97
grain: [fiscal_year, month, mof_div_code]
universe: {from: payment_voucher, periods: months_started}
measures: {paid: {title: 支付, from: payment_voucher, value: sum(pay_amt), by: {fiscal_year: fiscal_year, month: month_of(pay_date), mof_div_code: mof_div_code}}}
levels: [{level: yellow, when: "paid > 0元"}]
message: "支付{paid:money}"
evidence: {from: payment_voucher, when: "month_of(pay_date) = @month", measure: paid}
"""  # noqa: E501
REPORTED = """
id: SJ98
grain: [fiscal_year, month, mof_div_code]
universe: {from: payment_voucher, periods: months_to_as_of}
measures: {spent: {title: 支出, from: general_expenditure, value: sum(ytd_amt)}}
levels: [{level: yellow, when: "spent >= 0元"}]
message: "支出{spent:money}"
"""


def deliver(home: Home, table: str, slot: str, biz_date: date, frame: pl.DataFrame) -> None:
    month = int(slot[5:7])
    with Writer.open(home, "test") as writer:
        batch = Batch(
            id=f"{table}/{slot}",
            table=table,
            source=slot,
            source_hash=f"{table}-{slot}-{biz_date}",
            biz_date=biz_date,
            coverage=(Coverage(2026, month, CITY),),
        )
        writer.replace(table, frame, batch)
        writer.publish(biz_date)


def report(month: int, fen: int) -> pl.DataFrame:
    return rows(
        "general_expenditure",
        {"fiscal_year": 2026, "month": month, "stage": "月报", "scope_kind": "本级",
         "exp_func_code": "201", "level_flag": "本级支出", "ytd_amt": fen},
    )  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, delivered: Path) -> Home:
    """A copy of what was delivered."""
    return Home(shutil.copytree(delivered, tmp_path / "home"))


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Months January to October: a payment on the 10th, the report on the 12th of the next month.

    The report of July is corrected in November.
    """
    home = Home(tmp_path_factory.mktemp("as_of") / "home")
    for month in range(1, 11):
        paid = rows("payment_voucher", voucher(month, date(2026, month, 10), month * 100))
        deliver(home, "payment_voucher", f"2026-{month:02}", date(2026, month, 11), paid)
        done = report(month, month * 100)
        deliver(home, "general_expenditure", f"2026-{month:02}", date(2026, month + 1, 12), done)
    deliver(home, "general_expenditure", "2026-07", LAST, report(7, 777))
    folder = home.root / "rules" / "data"
    folder.mkdir(parents=True)
    for text in (PAID, REPORTED):
        (folder / f"{text[5:9]}.yaml").write_text(text + HEAD, encoding="utf-8")
    engine(home).dispose()
    return home.root


def values(home: Home, rule: str, as_of: date) -> dict[int, str]:
    """Month → the one value, or the outcome; engine and oracle agree."""
    import json

    book, reader = rule_book(home.root), Reader(home, SYSTEM)
    result = run_check(reader, book, as_of, [rule])
    assert seen(result.observations) == Oracle(reader, book, as_of).run([rule])
    told = {}
    for row in result.observations.to_dicts():
        name = "paid" if rule == "SJ97" else "spent"
        value = json.loads(row["values"])[name]
        told[json.loads(row["grain"])["month"]] = row["outcome"] if value is None else value
    return dict(sorted(told.items()))


def test_events_are_cut_by_their_business_date(home: Home) -> None:
    assert values(home, "SJ97", LAST) == {month: month * 100 for month in range(1, 11)}
    assert values(home, "SJ97", date(2026, 8, 10)) == {month: month * 100 for month in range(1, 9)}
    assert values(home, "SJ97", date(2026, 8, 9)) == {month: month * 100 for month in range(1, 8)}


def test_reports_are_cut_by_publication_and_a_later_correction_stays_as_known_now(
    home: Home,
) -> None:
    told = values(home, "SJ98", date(2026, 8, 31))
    wanted: dict[int, object] = {month: month * 100 for month in range(1, 7)}
    assert told == wanted | {7: 777, 8: "insufficient_data"}
    assert values(home, "SJ98", date(2026, 8, 11))[7] == "insufficient_data"
    assert values(home, "SJ98", date(2026, 9, 12))[8] == 800


def test_the_ledger_follows(home: Home) -> None:
    cut = as_of_reader(Reader(home, SYSTEM), AUGUST)
    known = cut.coverage().filter(pl.col("delivered"))
    months = {
        table: sorted(known.filter(pl.col("table") == table)["month"])
        for table in ("payment_voucher", "general_expenditure")
    }
    assert months == {
        "payment_voucher": list(range(1, 9)),
        "general_expenditure": list(range(1, 8)),
    }


def test_the_list_of_expected_reports_follows(home: Home) -> None:
    def arrived(as_of: date) -> dict[int, bool]:
        listed = as_of_reader(Reader(home, SYSTEM), as_of).scan("table_coverage")
        mine = listed.filter(pl.col("table_code") == "FIN-02").select("month", "arrived").collect()
        return dict(sorted(mine.iter_rows()))

    assert [month for month, here in arrived(LAST).items() if here] == list(range(1, 11))
    assert arrived(AUGUST) == {month: month < 8 for month in range(1, 9)}


def test_marts_follow_their_tables(home: Home) -> None:
    cut = as_of_reader(Reader(home, SYSTEM), AUGUST)
    months = cut.scan("execution_month").select("month").unique().collect()["month"]
    assert sorted(months) == list(range(1, 8))
    days = cut.scan("payment").select("pay_date").collect()["pay_date"]
    assert sorted(days) == [date(2026, month, 10) for month in range(1, 9)]


def test_a_day_that_is_not_before_the_snapshots_is_not_cut(home: Home) -> None:
    reader = Reader(home, SYSTEM)
    assert as_of_reader(reader, LAST) is reader
    assert isinstance(as_of_reader(reader, date(2026, 11, 19)), CutReader)


def test_a_back_test_says_so_is_listed_and_leaves_the_findings_alone(home: Home) -> None:
    check(home.root, rules=["SJ97"])
    before = list_findings(home, Grant.system("test"), outcome=None)
    result = check(home.root, as_of=AUGUST, rules=["SJ97"])
    assert (result.summary["hit"], result.summary["cut"], result.summary["back_test"]) == (
        8,
        True,
        True,
    )
    assert (
        "数据快照截至 2026-11-20，判断到 2026-08-31：之后的业务和之后才送达的报表不计。"
        in result.sentence
    )
    assert "按回测处理并记录，不改动疑点。" in result.sentence
    assert list_findings(home, Grant.system("test"), outcome=None) == before
    assert [(each["as_of"], each["back_test"]) for each in runs(home)] == [
        (AUGUST, True), (LAST, False),
    ]  # fmt: skip


def test_the_evidence_of_a_finding_ends_with_its_day(home: Home) -> None:
    check(home.root, as_of=date(2026, 8, 9), rules=["SJ97"])
    grant = Grant.operator("test")
    found = list_findings(home, grant)
    assert sorted(each.grain["month"] for each in found) == list(range(1, 8))
    shown = explained(home, grant, rule_book(home.root), found[0]).evidence
    assert shown is not None
    assert (shown.count, shown.difference) == (1, 0)
