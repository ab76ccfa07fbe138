"""What a node's rules found is written down by its date, and its report is built to the end."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from budget_watch.access import Grant
from budget_watch.casework.checking import check
from budget_watch.digest import issuing
from budget_watch.digest.issues import content, get_issue
from budget_watch.digest.year_reports import build_due, period_of
from budget_watch.lake.state import engine
from budget_watch.meetings.node_acts import BUILT, RAN
from budget_watch.meetings.node_sweep import sweep, year_now
from tests.meetings.test_nodes_act import acts, settled
from tests.views import review_city
from tests.views.test_supervision_year import home_of, row, whole_year

REPORTS = {
    "GJ02": ("draft", "2026"),
    "GJ10": ("final", "2025"),
    "GJ13": ("quarterly", "2026Q2"),
    "GJ21": ("assets", "2026Q3"),
    "GJ22": ("debt", "2026Q3"),
    "GJ24": ("audit", "2026Q4"),
}


def test_which_report_each_node_builds_and_of_what(tmp_path: Path) -> None:
    home = settled(home_of(tmp_path, whole_year(2026), date(2026, 1, 2)))
    there = year_now(home, date(2026, 1, 2))
    assert there is not None
    made = {
        each.node.id: (each.node.report, period_of(each))
        for year, each in there.standings
        if year == 2026 and each.node.report
    }
    assert made == REPORTS
    engine(home).dispose()


@pytest.mark.slow
def test_the_draft_is_reviewed_by_itself_before_the_congress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From 15 days before the congress on; the issue is finished and waits to be published."""
    met = date(2026, 12, 10)
    rows = pl.DataFrame([row("草案送审", met, date(2026, 11, 5))], infer_schema_length=None)
    texts = ("legal_due", "dept_code", "agency_code", "doc_no", "matter_no", "url", "evidence")
    rows = rows.with_columns(pl.col(name).cast(pl.String) for name in texts)
    rows = rows.with_columns(pl.col("legal_due").cast(pl.Date))
    monkeypatch.setitem(review_city.TABLES, "procedure_node", lambda: rows)
    home = settled(review_city.make(tmp_path))

    def carry(own: object, grant: Grant, number: int) -> None:
        issuing.carry_out(home, grant, number)

    early = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    assert "GJ02" not in acts(home, BUILT, 2026) and build_due(home, early, carry) is None
    at = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
    begun = build_due(home, at, carry)
    assert begun is not None and (begun.report, begun.period) == ("draft", "2026")
    issue = get_issue(home, Grant.operator("test"), begun.number, at)
    assert (issue.state, issue.made is not None) == ("已生成", True)
    for kind, head in (("docx", b"PK"), ("pdf", b"%PDF"), ("html", b"<!")):
        name, told = content(home, issue, kind)
        assert "2026" in name and told.startswith(head), kind
    built = acts(home, BUILT, 2026)["GJ02"]
    assert (built["report"], built["period"], built["issue"]) == ("draft", "2026", begun.number)
    engine(home).dispose()


def test_a_nodes_run_is_written_down_with_what_is_missing(tmp_path: Path) -> None:
    """On 2026-02-05 the departments' budgets are nearly due: ZX01 judged one, and found nothing."""
    met = date(2026, 1, 23)
    rows = [row("人代会批准", met, met), row("部门批复", met, None, dept_code="101")]
    home = settled(home_of(tmp_path, rows, date(2026, 2, 5)))
    check(home.root, rules=["ZX01", "JS05"])
    sweep(home, datetime(2026, 2, 5, 2, 0, tzinfo=UTC))
    ran = acts(home, RAN, 2026)
    judged = {"hit": 0, "judged": 1, "insufficient_data": 0, "error": 0}
    told = {name: (each["rules"], each["missing"]) for name, each in ran.items()}
    assert told == {
        "GJ04": ({"ZX01": judged}, ["FIN-09"]),
        "GJ08": ({"JS05": {**judged, "judged": 0}}, []),  # nothing registered of it to judge
    }
    check(home.root, rules=["ZX03"])
    sweep(home, datetime(2026, 2, 13, 2, 0, tzinfo=UTC))  # late; its own rule did not run this time
    ran = acts(home, RAN, 2026)["GJ04"]
    assert (ran["rules"], ran["missing"]) == ({"ZX01": None}, ["FIN-09"])
    engine(home).dispose()
