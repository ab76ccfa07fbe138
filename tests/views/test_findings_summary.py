from __future__ import annotations

from datetime import date

from budget_watch.casework.findings import Finding
from budget_watch.views import Place, Span
from budget_watch.views.findings_summary import Judged, summarize

WHOLE = Place("990100000", "全市", "示范市")
RUN = Judged(date(2026, 11, 20), 36, 1000, 20)


def finding(
    name: str,
    level: str = "orange",
    state: str = "新触发",
    outcome: str = "hit",
    period_end: str | None = "2026-09-30",
    region: str = "990100000",
) -> Finding:
    return Finding(
        finding=name,
        rule="ZX06",
        title="支出进度滞后",
        area="execution",
        level=level,
        klass="理",
        outcome=outcome,
        provisional=False,
        grain={},
        values={},
        message="",
        mof_div_code=region,
        dept_code=None,
        agency_code=None,
        first_seen=date(2026, 11, 20),
        last_seen=date(2026, 11, 20),
        data_state="新触发",
        work_state=state,
        stock=False,
        observation={"period_end": period_end},
    )


def test_findings_are_counted_and_named_only_after_verification() -> None:
    made = summarize(
        [finding("a"), finding("b", "red", state="已转交"), finding("c", outcome="cleared")],
        WHOLE,
        Span(2026, 9),
        "S1",
        RUN,
    )
    assert (made.total.value, made.cleared.value, made.unnamed.value) == (2, 1, 1)
    assert [f.finding for f in made.named] == ["b"]
    assert {level: f.value for level, f in made.by_level.items()} == {
        "red": 1,
        "orange": 1,
        "yellow": 0,
        "blue": 0,
    }
    assert {state: f.value for state, f in made.by_state.items()} == {"新触发": 1, "已转交": 1}
    assert made.level_by_area == {("execution", "red"): 1, ("execution", "orange"): 1}


def test_only_findings_of_the_span_count() -> None:
    made = summarize(
        [
            finding("a", period_end="2026-10-31"),
            finding("b", period_end="2025-12-31"),
            finding("c", period_end=None),
        ],
        WHOLE,
        Span(2026, 9),
        "S1",
        RUN,
    )
    assert (made.total.value, made.earlier.value) == (0, 1)


def test_a_finding_of_the_whole_year_concerns_every_span_of_it() -> None:
    made = summarize([finding("a", period_end="2026-12-31")], WHOLE, Span(2026, 9), "S1", RUN)
    assert made.total.value == 1
    assert made.total.queries[0].condition == (
        "outcome = 'hit' AND period_end >= DATE '2026-01-01' AND "
        "(period_end <= DATE '2026-09-30' OR period_end = DATE '2026-12-31')"
    )


def test_a_closed_finding_is_not_named_by_its_state_alone() -> None:
    made = summarize([finding("a", state="办结")], WHOLE, Span(2026, 9), "S1", RUN)
    assert (made.named, made.unnamed.value) == ((), 1)


def test_findings_of_a_county_are_not_the_citys_own() -> None:
    own = Place("990100000", "本级", "示范市")
    found = [finding("a", region="990102000"), finding("b")]
    assert summarize(found, own, Span(2026, 9), "S1", RUN).total.value == 1
    assert summarize(found, WHOLE, Span(2026, 9), "S1", RUN).total.value == 2


def test_without_a_run_there_is_no_count() -> None:
    made = summarize([], WHOLE, Span(2026, 9), "S1", None)
    assert (made.total.value, made.total.why) == (None, "尚无规则运行记录")
