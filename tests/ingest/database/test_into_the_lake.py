"""From a real database through a business day into the lake: the lake is what the database is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from budget_watch.access import Grant
from budget_watch.lake import Reader
from ingest.day import run_day
from ingest.registry import open_sources
from tests.ingest.database.made import DAY, insert, row

pytestmark = pytest.mark.slow
NEXT = DAY + timedelta(days=1)
SETTINGS = """
[[source]]
name = "财政一体化"
kind = "database"
url = "{url}"
password_env = "BW_TEST_PASSWORD"

[[source.tables]]
table = "FIN-15"
from = "pay_voucher_bill"
since = "update_time"
business_date = "pay_date"
deleted = "is_deleted"
compare_days = 1
"""


@pytest.fixture
def put(postgres, finance):
    def run(sql, *rows) -> None:
        with postgres.connect(finance) as connection:
            if rows:
                connection.cursor().executemany(*insert(rows))
            if sql:
                connection.execute(sql)

    return run


@pytest.fixture
def ran(home, postgres, finance):
    """Run a day; return what the lake holds: voucher, fen, business date."""
    home.root.mkdir(parents=True)
    settings = SETTINGS.format(url=postgres.address(finance))
    (home.root / "budget_watch.toml").write_text(settings, "utf-8")

    def run(day: date):
        report = run_day(home, day, open_sources(home), rules=False)
        assert not report.faults
        frame = Reader(home, Grant.system("test")).scan("payment_voucher").collect()
        return sorted(frame.select("pay_cert_id", "pay_amt", "biz_date").rows())

    return run


def test_late_changed_moved_deleted_and_revived_rows_are_as_the_database_has_them(put, ran) -> None:
    before = DAY - timedelta(days=1)
    put(None, *(row(n) for n in range(1, 6)))
    assert ran(DAY) == [(f"V{n:06}", n * 100 + 10, DAY) for n in range(1, 6)]
    touched = "update_time = '2026-11-19 08:00'"
    put(
        f"""UPDATE pay_voucher_bill SET pay_amt = 9, {touched} WHERE pay_cert_id = 'V000001';
        UPDATE pay_voucher_bill SET pay_date = '{before}', {touched} WHERE pay_cert_id = 'V000002';
        UPDATE pay_voucher_bill SET is_deleted = 1, {touched} WHERE pay_cert_id = 'V000003';
        DELETE FROM pay_voucher_bill WHERE pay_cert_id = 'V000004'""",
        row(6, pay_date=before, update_time="2026-11-19 09:00"),
    )
    second = [
        ("V000001", 900, DAY),
        ("V000002", 210, before),  # moved to an earlier day: the later word counts
        ("V000005", 510, DAY),
        ("V000006", 610, before),  # late, and in its own day
    ]
    assert ran(NEXT) == second
    assert ran(NEXT) == second
    put(
        "UPDATE pay_voucher_bill SET is_deleted = 0, update_time = '2026-11-20 08:00',"
        f" pay_date = '{before}' WHERE pay_cert_id = 'V000003'"
    )
    put(None, row(4, update_time="2026-11-20 09:00"))
    third = sorted([*second, ("V000003", 310, before), ("V000004", 410, DAY)])
    assert ran(NEXT + timedelta(days=1)) == third


def test_days_caught_up_at_once_end_in_the_same_lake(put, ran, home) -> None:
    """Deleted on one day and revived on the next, both fetched before either is taken."""
    from ingest.settings import sections
    from tests.ingest.database.made import Desk

    put(None, row(1), row(2))
    desk = Desk(home, sections(home)[0])
    desk.fetch(DAY)
    put("DELETE FROM pay_voucher_bill WHERE pay_cert_id = 'V000001'")
    desk.fetch(NEXT)
    put(None, row(1, pay_date="2026-11-10", update_time="2026-11-20 08:00"))
    desk.fetch(NEXT + timedelta(days=1))
    expected = [("V000001", 110, date(2026, 11, 10)), ("V000002", 210, DAY)]
    assert ran(NEXT + timedelta(days=1)) == expected
