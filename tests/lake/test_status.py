from datetime import date

from budget_watch.access import Grant, Scope
from budget_watch.lake import Batch, Coverage, Writer
from budget_watch.lake.status import table_status
from tests.lake.made import CITY, COUNTY, batch, rows, voucher

KEYS = ("last_biz_date", "reach", "late_workdays", "rows", "quarantined", "refused")


def found(home, table, grant=None):
    records = table_status(home, grant or Grant.operator("status"))
    return next(tuple(r[key] for key in KEYS) for r in records if r["name"] == table)


def test_a_table_never_delivered_says_so(home):
    assert found(home, "bond") == (None, None, 0, 0, 0, 0)
    assert len(table_status(home, Grant.operator("status"))) >= 53


def test_lateness_is_counted_from_the_next_due_date(home):
    with Writer.open(home, "test") as writer:
        vouchers = rows("payment_voucher", voucher(1, date(2026, 11, 16), mof_div_code=COUNTY))
        delivery = batch("payment_voucher", "a", day=date(2026, 11, 16))
        writer.replace("payment_voucher", vouchers, delivery)
        monthly = Batch(
            "m", "general_revenue", "f", "h", date(2026, 10, 12), (Coverage(2026, 9, CITY),)
        )
        writer.replace("general_revenue", rows("general_revenue", {}), monthly, quarantined=3)
        writer.refuse(batch("indicator", "x", day=date(2026, 11, 3)), 5, "不是 Parquet 文件")
        writer.publish(date(2026, 11, 20))
    # Vouchers of Tuesday the 17th were due on Wednesday; on Friday they are two working days late.
    assert found(home, "payment_voucher") == ("2026-11-16", "2026-11", 2, 1, 0, 0)
    # October's report was due on 12 November, a Thursday.
    assert found(home, "general_revenue") == ("2026-10-12", "2026-09", 6, 1, 3, 0)
    # What was refused has not come: Tuesday the 3rd's was due on Wednesday.
    assert found(home, "indicator") == ("2026-11-03", None, 12, 0, 0, 5)
    city = Grant("u", "status", scope=Scope(regions=frozenset({CITY})))
    assert found(home, "payment_voucher", city)[3] == 0
