"""应到、已到、未到期、迟到, told by what the ledger has."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

import polars as pl
import pytest

from budget_watch.access import Grant
from budget_watch.lake import Batch, Coverage, Reader, Snapshot, Writer, day_runs
from budget_watch.lake.day_runs import SourceResult
from budget_watch.lake.owing import Approval, approvals, owing
from tests.lake.made import CITY, COUNTY, rows, voucher

FRIDAY = date(2026, 11, 20)


def slot(table, code, period, day, coverage=()):
    return Batch(f"{code}/{period}", table, period, f"{code}{period}{day}", day, coverage)


class Ledger:
    """Deliveries as a test lists them; each publishing has a business date."""

    def __init__(self, home):
        self.home = home

    def publish(self, day, *batches, refused=()):
        with Writer.open(self.home, "test") as writer:
            for number, batch in enumerate(batches):
                key = f"{batch.id}/{number}"
                record = (
                    voucher(0, day, pay_cert_id=key) if batch.table == "payment_voucher" else {}
                )
                writer.replace(batch.table, rows(batch.table, record), batch)
            for batch in refused:
                writer.refuse(batch, 1, "打不开")
            writer.publish(day)

    def of(self, code, today=None, approved=()):
        snapshot = Snapshot.latest(self.home)
        return [o for o in owing(self.home, snapshot, today, approved) if o.contract.code == code]


@pytest.fixture
def ledger(home):
    return Ledger(home)


def days(*names):
    return [slot("payment_voucher", "FIN-15", name, date.fromisoformat(name)) for name in names]


def states(one):
    return [(m.period.name, m.state, m.late) for m in (*one.missing, *one.waiting)]


def test_working_days_between_deliveries_are_missed_one_by_one(ledger):
    ledger.publish(FRIDAY, *days("2026-11-12", "2026-11-16", "2026-11-17"))
    (one,) = ledger.of("FIN-15")
    assert states(one) == [
        ("2026-11-13", "late", 4),  # Friday's was due on Monday
        ("2026-11-18", "late", 1),
        ("2026-11-19", "today", 0),
        ("2026-11-20", "waiting", 0),
    ]
    assert (one.state, one.arrived, one.newest) == ("late", 3, date(2026, 11, 17))
    (monday,) = ledger.of("FIN-15", date(2026, 11, 23))
    assert [state for _, state, _ in states(monday)] == ["late", "late", "late", "today"]


def test_nothing_is_owed_for_days_off(ledger):
    ledger.publish(FRIDAY, *days("2026-11-19", "2026-11-20"))
    (sunday,) = ledger.of("FIN-15", date(2026, 11, 22))
    assert (sunday.state, sunday.last.period.name, sunday.last.in_time) == (
        "arrived",
        "2026-11-20",
        True,
    )


def test_an_earlier_month_that_is_missing_shows_though_later_ones_came(ledger):
    def month(name, day):
        return slot("tax_relief", "TAX-03", name, date.fromisoformat(day))

    ledger.publish(FRIDAY, month("2026-07", "2026-08-14"), month("2026-10", "2026-11-18"))
    (one,) = ledger.of("TAX-03")
    assert [(m.period.name, m.due.isoformat(), m.late) for m in one.missing] == [
        ("2026-08", "2026-09-15", 44),
        ("2026-09", "2026-10-15", 26),
    ]
    assert (one.last.arrived, one.last.in_time) == (date(2026, 11, 18), False)  # due on the 16th


def test_a_month_read_day_by_day_has_come_when_it_is_over(ledger):
    monthly = [
        slot("general_revenue", "FIN-01", "2026-11", date(2026, 11, day)) for day in (18, 19)
    ]
    ledger.publish(
        FRIDAY, slot("general_revenue", "FIN-01", "2026-10", date(2026, 11, 2)), *monthly
    )
    (one,) = ledger.of("FIN-01", date(2026, 12, 1))
    assert (one.last.period.name, one.last.state) == ("2026-11", "waiting")


def test_a_year_that_came_at_once_has_all_its_months_and_tells_nothing_of_lateness(ledger):
    ledger.publish(
        FRIDAY,
        slot("general_revenue", "FIN-01", "2025", date(2026, 1, 12)),
        slot("general_revenue", "FIN-01", "2026-01~2026-10", date(2026, 11, 12)),
    )
    (one,) = ledger.of("FIN-01")
    assert (one.state, one.arrived, one.last.in_time) == ("arrived", 22, None)


def test_increments_count_for_their_business_date(ledger):
    ledger.publish(FRIDAY, *(slot("payment_voucher", "FIN-15", f"增量{n}", FRIDAY) for n in (1, 2)))
    (one,) = ledger.of("FIN-15", date(2026, 11, 23))
    assert (one.state, one.last.period.name) == ("arrived", "2026-11-20")


def answered(home, day, outcome, kind):
    at = datetime.combine(day, time(18), UTC)
    run = day_runs.begin(home, day, "定时", at)
    day_runs.note_source(home, run, "财政库", SourceResult(outcome, kind=kind))
    day_runs.finish(home, run, "done", "", {}, at)


@pytest.mark.parametrize(
    ("outcome", "kind", "missing"),
    [("done", "database", []), ("failed", "database", [19, 20]), ("done", "folder", [19, 20])],
)
def test_a_database_that_answered_has_delivered_also_where_nothing_was_new(
    ledger, home, outcome, kind, missing
):
    batch = replace(slot("payment_voucher", "FIN-15", "全部", date(2026, 11, 18)), origin="财政库")
    ledger.publish(FRIDAY, batch)
    answered(home, FRIDAY, outcome, kind)  # on Friday for Thursday, too
    (one,) = ledger.of("FIN-15")
    assert [m.period.first.day for m in (*one.missing, *one.waiting)] == missing
    assert missing or [m.arrived.day for m in one.recent] == [18, 20, 20]


def test_a_table_sent_as_a_whole_has_a_month_once_it_came_after_its_end(ledger):
    year = tuple(Coverage(2026, month, CITY) for month in range(1, 13))
    ledger.publish(FRIDAY, slot("general_revenue", "FIN-01", "全部", date(2026, 11, 20), year))
    assert [m.period.name for m in ledger.of("FIN-01", date(2026, 12, 1))[0].waiting] == ["2026-11"]
    ledger.publish(date(2026, 12, 2), slot("general_revenue", "FIN-01", "全部", date(2026, 12, 2)))
    (one,) = ledger.of("FIN-01")
    assert (one.state, one.last.period.name) == ("arrived", "2026-11")


def test_of_several_lengths_those_are_owed_that_were_taken_up(ledger):
    tax = [slot("tax_revenue", "TAX-01", f"2026-{m:02}", date(2026, m + 1, 10)) for m in (8, 9, 10)]
    ledger.publish(FRIDAY, *tax)
    assert [one.span for one in ledger.of("TAX-01")] == ["month"]
    ledger.publish(FRIDAY, slot("tax_revenue", "TAX-01", "2026-11-19", date(2026, 11, 19)))
    assert [one.span for one in ledger.of("TAX-01")] == ["day", "month"]


def test_quarters_come_with_their_last_month(ledger):
    social = [
        slot("social_insurance_budget", "FIN-06", f"2026-{m:02}", date(2026, m + 1, 12))
        for m in (3, 6, 7)
    ]
    ledger.publish(FRIDAY, *social)
    (quarters,) = ledger.of("FIN-06")
    assert [(m.period.name, m.state, m.in_time) for m in quarters.recent] == [
        ("2026-Q1", "arrived", True),
        ("2026-Q2", "arrived", True),
        ("2026-Q3", "late", None),
    ]


def test_what_was_refused_has_not_come(ledger):
    ledger.publish(FRIDAY, *days("2026-11-18"), refused=days("2026-11-19"))
    (one,) = ledger.of("FIN-15", date(2026, 11, 23))
    assert [m.period.name for m in one.missing] == ["2026-11-19"]


def test_a_late_day_came_when_it_was_published(ledger):
    ledger.publish(date(2026, 11, 18), *days("2026-11-17", "2026-11-18"))
    ledger.publish(date(2026, 11, 23), *days("2026-11-19", "2026-11-20", "2026-11-23"))
    (one,) = ledger.of("FIN-15")
    assert [(m.period.name, m.arrived.isoformat(), m.in_time) for m in one.recent[-3:]] == [
        ("2026-11-19", "2026-11-23", False),
        ("2026-11-20", "2026-11-23", True),
        ("2026-11-23", "2026-11-23", True),
    ]


def test_regions_that_a_month_lacks_are_named(ledger):
    both = (Coverage(2026, 9, CITY), Coverage(2026, 9, COUNTY))
    ledger.publish(
        FRIDAY,
        slot("general_revenue", "FIN-01", "2026-09", date(2026, 10, 9), both),
        slot(
            "general_revenue", "FIN-01", "2026-10", date(2026, 11, 9), (Coverage(2026, 10, CITY),)
        ),
    )
    (one,) = ledger.of("FIN-01")
    assert (one.last.state, one.last.lacking) == ("arrived", (COUNTY,))


def test_a_form_loaded_by_hand_owes_nothing_until_it_comes_month_by_month(ledger):
    def by_hand(*months):
        covered = tuple(Coverage(2026, m, CITY) for m in months)
        name = f"hand/FIN-01/f{months}/x"
        return Batch(name, "general_revenue", "f", name, date(2026, 11, 1), covered)

    ledger.publish(FRIDAY, by_hand(8, 9))
    assert [(o.state, o.missing) for o in ledger.of("FIN-01")] == [("hand", ())]
    ledger.publish(FRIDAY, by_hand(7))
    (one,) = ledger.of("FIN-01")
    assert [(m.period.name, m.state) for m in one.missing] == [("2026-10", "late")]


def test_what_is_due_after_an_approval_waits_for_it(ledger):
    ledger.publish(FRIDAY, slot("final_account_form", "FIN-23", "2024", date(2025, 9, 1)))
    approved = [
        Approval("决算批准", 2024, date(2025, 7, 25)),
        Approval("决算批准", 2025, date(2026, 7, 24)),
    ]
    assert [o.state for o in ledger.of("FIN-23")] == ["event"]
    (one,) = ledger.of("FIN-23", None, approved)
    assert [(m.title, m.due.isoformat(), m.state) for m in one.recent] == [
        ("2024年（决算批准后）", "2025-08-14", "arrived"),
        ("2025年（决算批准后）", "2026-08-13", "late"),
    ]


def test_approvals_are_those_of_the_highest_government(home, ledger):
    nodes = [
        {
            "node_id": f"N{n}",
            "fiscal_year": 2025,
            "item": item,
            "done_date": day,
            "mof_div_code": region,
        }
        for n, (item, day, region) in enumerate(
            [
                ("决算批准", date(2026, 7, 24), CITY),
                ("决算批准", date(2026, 6, 1), COUNTY),
                ("预算公开", date(2026, 2, 1), CITY),
                ("人代会批准", None, CITY),
            ]
        )
    ]
    with Writer.open(home, "test") as writer:
        frame = rows("procedure_node", *nodes)
        writer.replace("procedure_node", frame, slot("procedure_node", "FIN-29", "2026", FRIDAY))
        writer.publish(FRIDAY)
    found = approvals(Reader(home, Grant.system("test")))
    assert found == [Approval("决算批准", 2025, date(2026, 7, 24))]


def test_a_table_that_never_came_says_so(ledger):
    ledger.publish(FRIDAY, *days("2026-11-20"))
    assert [(o.state, o.span) for o in ledger.of("FIN-16")] == [("never", "day")]
    assert pl.DataFrame(ledger.of("FIN-16")[0].missing).is_empty()
