from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_watch.calendar.expected import owed, parse_period, period_of, spans
from budget_watch.tables import contracts


def due_of(texts, since, until):
    return [
        (one.period.name, one.due.day.isoformat())
        for span, due in spans(texts)
        for one in owed(span, due, since, until)
    ]


@pytest.mark.parametrize(
    ("texts", "since", "until", "wanted"),
    [
        (  # Saturday and Sunday have no delivery; Friday's is due on Monday
            ("T+1工作日",), date(2026, 11, 19), date(2026, 11, 23),
            [("2026-11-19", "2026-11-20"), ("2026-11-20", "2026-11-23"),
             ("2026-11-23", "2026-11-24")],
        ),
        (  # the National Day holiday of 2026 ends on 7 October, 10 October is a working Saturday
            ("T+1工作日",), date(2026, 9, 30), date(2026, 10, 10),
            [("2026-09-30", "2026-10-08"), ("2026-10-08", "2026-10-09"),
             ("2026-10-09", "2026-10-10"), ("2026-10-10", "2026-10-12")],
        ),
        (  # 12 September 2026 is a Saturday: the term moves to Monday
            ("次月12日",), date(2026, 8, 1), date(2026, 9, 30),
            [("2026-08", "2026-09-14"), ("2026-09", "2026-10-12")],
        ),
        (("次月12日",), date(2026, 12, 5), date(2027, 1, 31), [("2027-01", "2027-02-12")]),
        (
            ("季后20日",), date(2026, 1, 1), date(2026, 9, 30),
            [("2026-Q1", "2026-04-20"), ("2026-Q2", "2026-07-20"), ("2026-Q3", "2026-10-20")],
        ),
        (
            ("季后20日", "次年3-31"), date(2025, 7, 1), date(2026, 1, 31),
            [("2025-Q3", "2025-10-20"), ("2025-Q4", "2026-01-20")],
        ),
        (
            ("次年3-31",), date(2024, 1, 1), date(2026, 11, 20),
            [("2024", "2025-03-31"), ("2025", "2026-03-31")],
        ),
        (("次年6-30",), date(2025, 1, 1), date(2025, 12, 30), []),
        (("事件后5工作日",), date(2024, 1, 1), date(2026, 11, 20), []),
        (("批准后20日", "事件后5工作日"), date(2024, 1, 1), date(2026, 11, 20), []),
    ],
)  # fmt: skip
def test_what_is_owed_and_when_it_is_due(texts, since, until, wanted):
    assert due_of(texts, since, until) == wanted


def test_every_contract_is_understood():
    lengths = {c.code: tuple(span for span, _ in spans(c.due)) for c in contracts().values()}
    assert lengths["STAT-01"] == ("month", "quarter", "year")
    assert lengths["TAX-01"] == ("day", "month")
    assert lengths["FIN-19"] == ("year",)
    none = sorted(code for code, found in lengths.items() if not found)
    assert [code for code in none if not code.startswith("REF")] == [
        "AUD-01", "AUD-02", "FIN-07", "FIN-08", "FIN-09", "FIN-10", "FIN-21", "FIN-23", "FIN-25",
        "FIN-29", "NDRC-03", "SASAC-04",
    ]  # fmt: skip


@given(
    st.sampled_from(("day", "month", "quarter", "year")),
    st.dates(date(2000, 1, 1), date(2034, 12, 31)),
)
def test_a_period_holds_its_day_and_is_read_back_from_its_name(span, day):
    period = period_of(span, day)
    assert period.first <= day <= period.last
    assert parse_period(period.name) == period
    assert period_of(span, period.last + timedelta(1)).first == period.last + timedelta(1)


@pytest.mark.parametrize("text", ["2026-13", "2026-Q5", "2026-02-30", "hand", "2026-1", "全部"])
def test_what_is_no_period_is_none(text):
    assert parse_period(text) is None
