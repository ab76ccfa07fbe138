"""The year's nodes act by themselves: remind, move with announcements, note runs, build."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from budget_watch.access import Grant
from budget_watch.audit import key_of, verify
from budget_watch.calendar import standard_calendar
from budget_watch.casework.accounts import grant_as
from budget_watch.casework.cases import actor_of
from budget_watch.cli.main import main
from budget_watch.digest import issuing
from budget_watch.digest.issues import get_issue
from budget_watch.digest.year_reports import build_due, period_of
from budget_watch.lake import Batch, Coverage, Home, Writer
from budget_watch.lake.state import engine
from budget_watch.meetings import node_sweep
from budget_watch.meetings.node_acts import BUILT, DATED, DONE, FAILED, MOVED, REMINDED, node_acts
from budget_watch.meetings.node_sweep import sweep, year_now
from budget_watch.notices.inbox import inbox
from tests.notices.office import open_office
from tests.views.test_supervision_year import CITY, home_of, row, whole_year

MET = date(2027, 1, 15)  # the day of the congress
BEFORE = datetime(2027, 1, 25, 2, 0, tzinfo=UTC)


def spring() -> list[dict[str, Any]]:
    """The entries of the first months of a year, nothing done but the congress."""
    return [
        row("草案送审", MET, MET - timedelta(40)),
        row("人代会批准", MET, MET),
        row("部门批复", MET, None, dept_code="101"),
        row("单位批复", MET + timedelta(5), None, dept_code="101", agency_code="101001"),
        row("预算公开", MET, None, dept_code="101"),
        row("备案", MET, None),
    ]


def settled(home: Home) -> Home:
    (home.root / "budget_watch.toml").write_text(f'[committee]\nregion = "{CITY}"\n', "utf-8")
    return home


def published(home: Home, rows: list[dict[str, Any]], day: date) -> None:
    """FIN-29 delivered anew, and published with the calendar as it now is."""
    standard_calendar.cache_clear()
    days = {"base_date": pl.Date, "done_date": pl.Date, "legal_due": pl.Date}
    texts = {name: pl.String for name in ("dept_code", "agency_code", "doc_no", "matter_no")}
    frame = pl.DataFrame(rows, infer_schema_length=None, schema_overrides={**days, **texts})
    with Writer.open(home, owner="test") as writer:
        years = sorted({each["fiscal_year"] for each in rows})
        covered = tuple(Coverage(year, 0, CITY) for year in years)
        name = f"b{len(rows)}-{day}"
        writer.replace(
            "procedure_node", frame, Batch("b", "procedure_node", name, name, day, covered)
        )
        writer.publish(day)


def acts(home: Home, act: str, year: int) -> dict[str, dict[str, Any]]:
    return {e.node + e.part: dict(e.said) for e in node_acts(home, year) if e.act == act}


def test_the_office_is_reminded_before_and_after_and_once(tmp_path):
    home = settled(home_of(tmp_path, spring(), date(2027, 1, 24)))
    open_office(home)
    assert sweep(home, BEFORE) == 4  # li, sun, wang and county, who keep the agenda
    assert sweep(home, BEFORE + timedelta(hours=1)) == 0
    (soon,) = inbox(home, actor_of(home, grant_as(home, "li", "测试")), now=BEFORE)
    assert (soon.kind, soon.page, soon.settled) == ("soon", "calendar", False)
    assert soon.sentence.startswith("监督日历：“财政部门批复部门预算”2027-02-04到期；")
    for name in ("dai", "leader", "cai", "kuai", "zhao"):
        assert inbox(home, actor_of(home, grant_as(home, name, "测试")), now=BEFORE) == []
    reminded = acts(home, REMINDED, 2027)
    assert reminded["GJ04"] == {
        "title": "财政部门批复部门预算", "state": "临近", "told": ["county", "li", "sun", "wang"]
    }  # fmt: skip
    assert "GJ21" not in reminded  # due at the year's end
    assert sweep(home, datetime(2027, 2, 22, 2, 0, tzinfo=UTC)) == 4  # now it is late
    assert acts(home, REMINDED, 2027)["GJ04"]["state"] == "逾期"
    engine(home).dispose()


def test_what_is_registered_as_done_is_written_down_and_no_longer_asked_for(tmp_path):
    rows = spring()
    home = settled(home_of(tmp_path, rows, date(2027, 1, 24)))
    open_office(home)
    sweep(home, BEFORE)
    for each in rows:
        each["done_date"] = each["done_date"] or each["base_date"] + timedelta(12)
    published(home, rows, date(2027, 2, 1))
    sweep(home, BEFORE + timedelta(days=8))
    assert {"GJ03", "GJ04", "GJ05", "GJ08", "GJ09"} <= acts(home, DONE, 2027).keys()
    told = inbox(home, actor_of(home, grant_as(home, "li", "测试")), now=BEFORE + timedelta(days=8))
    assert "“财政部门批复部门预算”已登记办了" in told[-1].sentence
    engine(home).dispose()


def test_last_years_nodes_are_followed_into_the_new_year(tmp_path):
    """What was due at the year's end is called late; what ends in the new year is still awaited."""
    heard = date(2026, 8, 28)  # the audit report: six months later, the report on what was mended
    rows = [*whole_year(2026), row("整改报告审议", heard, None, fiscal_year=2025)]
    home = settled(home_of(tmp_path, rows, date(2026, 12, 30)))
    open_office(home)
    sweep(home, datetime(2026, 12, 30, 2, 0, tzinfo=UTC))
    assert acts(home, REMINDED, 2026)["GJ21"]["state"] == "临近"
    sweep(home, datetime(2027, 1, 1, 2, 0, tzinfo=UTC))
    assert acts(home, REMINDED, 2026)["GJ21"]["state"] == "逾期"
    assert acts(home, REMINDED, 2026)["GJ22"]["state"] == "逾期"
    sweep(home, datetime(2027, 1, 10, 2, 0, tzinfo=UTC))
    assert acts(home, REMINDED, 2026)["GJ24"]["state"] == "临近"
    for day, followed in ((date(2027, 1, 31), True), (date(2027, 2, 1), False)):
        told = {(year, each.node.id) for year, each in year_now(home, day).standings}
        assert ((2026, "GJ21") in told) is followed and (2026, "GJ24") in told
    engine(home).dispose()


def test_a_year_of_which_nothing_was_delivered_is_not_followed(tmp_path):
    home = settled(home_of(tmp_path, spring(), date(2027, 1, 24)))
    assert {year for year, _ in year_now(home, date(2027, 1, 24)).standings} == {2027, 2028}
    engine(home).dispose()


@pytest.mark.parametrize("year", [2025, 2026, 2027, 2028, 2029])
def test_dates_of_five_years_say_where_holidays_are_not_announced_yet(tmp_path, year):
    """The twentieth day after the congress: it rolls over days off, announced or reckoned."""
    base = date(year, 1, 20)
    home = settled(home_of(tmp_path, [row("人代会批准", base, base)], date(year, 1, 21)))
    there = year_now(home, date(year, 1, 21))
    due = {e.node.id: e.due for y, e in there.standings if y == year and e.due is not None}
    calendar = standard_calendar()
    day = base + timedelta(20)
    while not calendar.is_workday(day):
        day += timedelta(1)
    announced = all(
        calendar.is_announced(base + timedelta(20 + n), base + timedelta(20 + n))
        for n in range((day - base).days - 19)
    )
    assert (due["GJ08"].day, due["GJ08"].announced) == (day, announced)
    assert announced is (year <= 2026)
    assert due["GJ21"].day == date(year, 12, 31) and due["GJ21"].announced
    engine(home).dispose()


def test_a_changed_announcement_recomputes_and_says_so(tmp_path):
    base = date(2027, 1, 16)  # 20 days later: Friday 2027-02-05, which is expected to be worked
    rows = [row("人代会批准", base, base)]
    home = settled(home_of(tmp_path, rows, date(2027, 1, 18)))
    open_office(home)
    at = datetime(2027, 1, 18, 2, 0, tzinfo=UTC)
    sweep(home, at)
    before = acts(home, DATED, 2027)["GJ08"]
    assert before["announced"] is False
    holidays = [date(2027, 2, 4) + timedelta(n) for n in range(8)]
    lines = [f"{each},节假日,春节" for each in holidays]
    lines += [
        f"{date(2027, 2, 12) + timedelta(n)},{'工作日' if n == 0 else '休息日'}," for n in range(3)
    ]
    (home.root / "calendar.csv").write_text("date,kind,name\n" + "\n".join(lines) + "\n", "utf-8")
    published(home, [*rows, row("草案送审", base, base)], date(2027, 1, 19))
    later = at + timedelta(days=1)
    assert sweep(home, later) > 0
    moved = acts(home, MOVED, 2027)["GJ08"]
    assert (moved["from"], moved["to"], moved["why"]) == (
        before["to"], "2027-02-12", "节假日安排公布后重算")  # fmt: skip
    told = inbox(home, actor_of(home, grant_as(home, "li", "测试")), now=later)
    said = [each.sentence for each in told if each.kind == "moved"]
    assert any(f"“预算公开”由{before['to']}改为2027-02-12" in each for each in said)
    assert sweep(home, later + timedelta(minutes=20)) == 0
    node_sweep._looked.clear()  # another process looks: nothing is told or written twice
    written = len(node_acts(home))
    assert sweep(home, later + timedelta(minutes=30)) == 0 and len(node_acts(home)) == written
    standard_calendar.cache_clear()
    engine(home).dispose()


def test_acts_of_nodes_are_only_added_and_the_log_is_sound(tmp_path):
    home = settled(home_of(tmp_path, spring(), date(2027, 1, 24)))
    sweep(home, BEFORE)
    assert acts(home, REMINDED, 2027)["GJ04"]["told"] == []
    for words in ("UPDATE node_act SET seq = seq + 900", "DELETE FROM node_act"):
        with pytest.raises(sa.exc.DatabaseError), engine(home).begin() as connection:
            connection.exec_driver_sql(words)
    with engine(home).connect() as connection:
        assert verify(connection, key_of(home.root)).damages == []
    engine(home).dispose()


def test_a_report_is_begun_once_and_why_not_is_written_down(tmp_path):
    home = settled(home_of(tmp_path, whole_year(2026), date(2026, 9, 20)))
    at = datetime(2026, 9, 20, 2, 0, tzinfo=UTC)  # GJ13 until 09-30: the second quarter is over
    carried: list[int] = []
    issue = build_due(home, at, carry=lambda _home, _grant, number: carried.append(number))
    assert issue is not None and (issue.report, issue.period) == ("quarterly", "2026Q2")
    assert carried == [issue.number]
    assert acts(home, BUILT, 2026)["GJ13"]["issue"] == issue.number
    assert build_due(home, at, carry=pytest.fail) is None  # it is being built
    grant = Grant.operator("test")
    issuing.cancel(home, actor_of(home, grant, "经办"), issue.number, at)
    assert get_issue(home, grant, issue.number, at).state != "生成中"
    assert build_due(home, at, carry=pytest.fail) is None  # once for a node and a period
    assert acts(home, FAILED, 2026) == {}
    engine(home).dispose()


def test_a_committees_own_node_builds_its_own_report(tmp_path):
    home = settled(home_of(tmp_path, whole_year(2026), date(2026, 9, 20)))
    folder = home.root / "rules" / "calendar"
    folder.mkdir(parents=True)
    (folder / "own.yaml").write_text(
        "- id: BD01\n  title: 年度执行分析\n  certainty: 惯例\n  says: 本市预算工委年度计划\n"
        '  window: {to: "09-25"}\n  around: 9\n  who: 预算工委\n  report: nothing_such\n'
        "  period: year_before\n",
        "utf-8",
    )
    at = datetime(2026, 9, 20, 2, 0, tzinfo=UTC)
    own = next(e for _, e in year_now(home, date(2026, 9, 20)).standings if e.node.id == "BD01")
    assert period_of(own) == "2025" and own.state == "临近"
    begun = build_due(home, at, carry=lambda *_: None)
    failed = acts(home, FAILED, 2026)["BD01"]
    assert (failed["report"], failed["period"]) == ("nothing_such", "2025") and failed["why"]
    assert begun is not None and begun.report == "quarterly"  # the next one is not held up
    sweep(home, at)
    assert "BD01" in acts(home, REMINDED, 2026)
    engine(home).dispose()


def test_the_commands(tmp_path, capsys):
    home = settled(home_of(tmp_path, spring(), date(2027, 1, 24)))

    def run(*words: str) -> tuple[int, list[dict[str, Any]]]:
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(home.root), "calendar", *words, "--json"])
        lines = capsys.readouterr().out.splitlines()
        return int(str(ended.value.code or 0)), [json.loads(line) for line in lines]

    sweep(home, BEFORE)
    status, said = run("acts", "--year", "2027")
    assert status == 0 and {"dated", "reminded"} <= {each.get("act") for each in said}
    assert said[-1]["acts"] == len(said) - 1 > 0
    engine(home).dispose()
