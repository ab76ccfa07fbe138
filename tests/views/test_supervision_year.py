"""监督日历: dates over five years, states by FIN-29, and one truth with the rules."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from budget_watch.access import Grant
from budget_watch.calendar import Reckoned, WorkCalendar, calendar_frame, standard_calendar
from budget_watch.casework.book import book_folders, rule_book
from budget_watch.casework.checking import check
from budget_watch.casework.findings import list_findings
from budget_watch.engine import Book
from budget_watch.engine.year_model import Node
from budget_watch.engine.year_nodes import Nodes, load_nodes
from budget_watch.lake import Batch, Coverage, Home, Reader, Writer
from budget_watch.views import Desk
from budget_watch.views.supervision_year import (
    COMING,
    DONE,
    LATE,
    NEAR,
    UNKNOWN,
    Standing,
    supervision_year,
    term_end,
)

CITY = "990100000"
HENAN = "411100000"
TODAY = date(2026, 11, 20)
YEARS = (2022, 2023, 2024, 2025, 2026)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return rule_book(tmp_path_factory.mktemp("nowhere"))


@pytest.fixture(scope="module")
def nodes(book: Book, tmp_path_factory: pytest.TempPathFactory) -> Nodes:
    return load_nodes(book_folders(tmp_path_factory.mktemp("none")), book, strict=True)


def row(item: str, base: date, done: date | None, **more: Any) -> dict[str, Any]:
    fiscal = more.pop("fiscal_year", base.year)
    number = more.pop("node_id", f"{item}-{base}-{done}")
    plain = {"dept_code": None, "agency_code": None, "legal_due": None, "doc_no": None}
    plain |= {"matter_no": None, "url": None, "evidence": None}
    plain |= {"forms_missing": "", "empty_note": True, "mof_div_code": CITY}
    return {
        "node_id": number,
        "fiscal_year": fiscal,
        "item": item,
        "base_date": base,
        "done_date": done,
        **plain,
        **more,
    }


def home_of(folder: Path, rows: list[dict[str, Any]], day: date = TODAY) -> Home:
    """A home that holds FIN-29 alone."""
    home = Home(folder)
    days = {"base_date": pl.Date, "done_date": pl.Date, "legal_due": pl.Date}
    texts = {name: pl.String for name in ("dept_code", "agency_code", "doc_no", "matter_no")}
    frame = pl.DataFrame(rows, infer_schema_length=None, schema_overrides={**days, **texts})
    years = {each["fiscal_year"] for each in rows}
    covered = tuple(Coverage(year, 0, CITY) for year in sorted(years))
    with Writer.open(home, owner="test") as writer:
        batch = Batch("b", "procedure_node", "b.csv", "procedure_node", day, covered)
        writer.replace("procedure_node", frame, batch)
        writer.publish(day)
    return home


def year_of(
    home: Home, book: Book, nodes: Nodes, year: int, today: date = TODAY, region: str = CITY
) -> dict[str, Standing]:
    desk = Desk(Reader(home, Grant.operator("test")))
    made = supervision_year(
        desk, nodes.of(region), book.params, standard_calendar(), region, year, today
    )
    return {each.node.id + each.part: each for each in made}


CONGRESS = {
    2022: date(2022, 1, 21),
    2023: date(2023, 1, 13),
    2024: date(2024, 1, 19),
    2025: date(2025, 1, 17),
    2026: date(2026, 1, 23),
}
SUMMER = {
    2022: date(2022, 7, 29),
    2023: date(2023, 7, 28),
    2024: date(2024, 7, 26),
    2025: date(2025, 8, 31),
    2026: date(2026, 7, 24),
}


def whole_year(year: int) -> list[dict[str, Any]]:
    """One entry of every item, nothing done but the meetings."""
    spring, summer, autumn = CONGRESS[year], SUMMER[year], date(year, 9, 26)
    replied, closed = spring + timedelta(10), summer + timedelta(9)
    return [
        row("草案送审", spring, None),
        row("人代会批准", spring, spring),
        row("部门批复", spring, None, dept_code="101"),
        row("单位批复", replied, None, dept_code="101", agency_code="101001"),
        row("预算公开", replied, None, dept_code="101"),
        row("备案", spring, None),
        row("决算草案送审", summer, None, fiscal_year=year - 1),
        row("决算批准", summer, summer, fiscal_year=year - 1),
        row("审计报告审议", summer, None, fiscal_year=year - 1),
        row("执行报告", summer, None),
        row("决算部门批复", summer, None, fiscal_year=year - 1, dept_code="101"),
        row("决算单位批复", closed, None, fiscal_year=year - 1, dept_code="101"),
        row("决算备案", summer, None, fiscal_year=year - 1),
        row("决算公开", closed, None, fiscal_year=year - 1, dept_code="101"),
        row("调整方案送审", autumn, None),
        row("调整方案批准", autumn, None),
        row("整改报告审议", summer, None, fiscal_year=year - 1),
        row("审议意见反馈", summer + timedelta(6), None, matter_no="1"),
    ]


# every node's date, reckoned by hand on the holidays announced for that year
DATES = {
    2022: {
        "GJ01": "2021-12-22", "GJ02": "2022-01-21", "GJ03": "2022-01-21", "GJ04": "2022-02-10",
        "GJ05": "2022-02-15", "GJ06": "2022-02-21", "GJ07": "2022-03-22", "GJ08": "2022-02-21",
        "GJ09": "2022-02-21", "GJ10": "2022-06-29", "GJ11": "2022-09-30", "GJ12": "2022-07-29",
        "GJ13": "2022-09-30", "GJ14": "2022-08-18", "GJ15": "2022-08-22", "GJ16": "2022-08-29",
        "GJ17": "2022-08-29", "GJ18": "2022-08-27", "GJ19": "2022-09-26", "GJ20": "2022-10-03",
        "GJ21": "2022-12-31", "GJ22": "2022-12-31", "GJ23": "2022-12-31", "GJ24": None,
    },
    2023: {
        "GJ01": "2022-12-14", "GJ02": "2023-01-13", "GJ03": "2023-01-13", "GJ04": "2023-02-02",
        "GJ05": "2023-02-07", "GJ06": "2023-02-13", "GJ07": "2023-03-14", "GJ08": "2023-02-13",
        "GJ09": "2023-02-13", "GJ10": "2023-06-28", "GJ11": "2023-09-30", "GJ12": "2023-07-28",
        "GJ13": "2023-09-30", "GJ14": "2023-08-17", "GJ15": "2023-08-21", "GJ16": "2023-08-28",
        "GJ17": "2023-08-28", "GJ18": "2023-08-27", "GJ19": "2023-09-26", "GJ20": "2023-10-02",
        "GJ21": "2023-12-31", "GJ22": "2023-12-31", "GJ23": "2023-12-31", "GJ24": None,
    },
    2024: {
        "GJ01": "2023-12-20", "GJ02": "2024-01-19", "GJ03": "2024-01-19", "GJ04": "2024-02-08",
        "GJ05": "2024-02-18", "GJ06": "2024-02-18", "GJ07": "2024-03-19", "GJ08": "2024-02-18",
        "GJ09": "2024-02-18", "GJ10": "2024-06-26", "GJ11": "2024-09-30", "GJ12": "2024-07-26",
        "GJ13": "2024-09-30", "GJ14": "2024-08-15", "GJ15": "2024-08-19", "GJ16": "2024-08-26",
        "GJ17": "2024-08-26", "GJ18": "2024-08-27", "GJ19": "2024-09-26", "GJ20": "2024-09-30",
        "GJ21": "2024-12-31", "GJ22": "2024-12-31", "GJ23": "2024-12-31", "GJ24": None,
    },
    2025: {
        "GJ01": "2024-12-18", "GJ02": "2025-01-17", "GJ03": "2025-01-17", "GJ04": "2025-02-06",
        "GJ05": "2025-02-11", "GJ06": "2025-02-17", "GJ07": "2025-03-18", "GJ08": "2025-02-17",
        "GJ09": "2025-02-17", "GJ10": "2025-08-01", "GJ11": "2025-09-30", "GJ12": "2025-08-31",
        "GJ13": "2025-09-30", "GJ14": "2025-09-22", "GJ15": "2025-09-24", "GJ16": "2025-09-30",
        "GJ17": "2025-09-29", "GJ18": "2025-08-27", "GJ19": "2025-09-26", "GJ20": "2025-11-05",
        "GJ21": "2025-12-31", "GJ22": "2025-12-31", "GJ23": "2025-12-31", "GJ24": "2026-02-28",
    },
    2026: {
        "GJ01": "2025-12-24", "GJ02": "2026-01-23", "GJ03": "2026-01-23", "GJ04": "2026-02-12",
        "GJ05": "2026-02-24", "GJ06": "2026-02-24", "GJ07": "2026-03-24", "GJ08": "2026-02-24",
        "GJ09": "2026-02-24", "GJ10": "2026-06-24", "GJ11": "2026-09-30", "GJ12": "2026-07-24",
        "GJ13": "2026-09-30", "GJ14": "2026-08-13", "GJ15": "2026-08-17", "GJ16": "2026-08-24",
        "GJ17": "2026-08-24", "GJ18": "2026-08-27", "GJ19": "2026-09-26", "GJ20": "2026-09-28",
        "GJ21": "2026-12-31", "GJ22": "2026-12-31", "GJ23": "2026-12-31", "GJ24": "2027-01-24",
    },
}  # fmt: skip


@pytest.mark.parametrize("year", YEARS)
def test_every_date_of_five_years(book: Book, nodes: Nodes, tmp_path: Path, year: int) -> None:
    home = home_of(tmp_path, whole_year(year))
    made = year_of(home, book, nodes, year, date(year, 12, 31))
    told = {name: each.due.day.isoformat() if each.due else None for name, each in made.items()}
    assert told == DATES[year]


def test_holidays_not_yet_announced_are_told(book: Book, nodes: Nodes) -> None:
    term = next(node for node in nodes.nodes if node.id == "GJ04").after
    assert term is not None

    def end(calendar: WorkCalendar, base: date) -> Reckoned | None:
        return term_end(
            term,
            base,
            before=False,
            params=book.params,
            region=CITY,
            day=base,
            calendar=calendar,
        )

    reckoned = WorkCalendar.of(calendar_frame(date(2027, 1, 1), date(2027, 12, 31)))
    base = date(2027, 1, 19)  # twenty days later lies in the spring festival
    assert end(reckoned, base) == Reckoned(date(2027, 2, 9), False)
    moved = {date(2027, 2, day): False for day in (9, 10, 11, 12)} | {date(2027, 2, 13): True}
    days = reckoned.frame.with_columns(
        is_workday=pl.struct("date", "is_workday").map_elements(
            lambda each: moved.get(each["date"], each["is_workday"]), return_dtype=pl.Boolean
        ),
        announced=pl.lit("公布"),
    )
    announced = WorkCalendar.of(days.with_columns(wd=pl.col("is_workday").cum_sum().cast(pl.Int64)))
    assert end(announced, base) == Reckoned(date(2027, 2, 13), True)


def test_states_are_told_by_entries_and_what_no_table_tells_is_untold(
    book: Book, nodes: Nodes, tmp_path: Path
) -> None:
    spring, summer = date(2026, 1, 23), date(2026, 7, 24)
    rows = [
        row("草案送审", spring, date(2025, 12, 20)),
        row("人代会批准", spring, spring),
        row("部门批复", spring, date(2026, 2, 12), dept_code="101"),
        row("部门批复", spring, date(2026, 2, 13), dept_code="102"),
        row("单位批复", date(2026, 2, 12), None, dept_code="101", agency_code="101001"),
        row("审议意见反馈", date(2026, 10, 1), None, matter_no="1"),
        row("整改报告审议", summer, date(2026, 12, 1), fiscal_year=2025),
        row("国资报告", date(2026, 9, 1), date(2026, 9, 25), fiscal_year=2025),
        row("决算草案送审", summer, None, fiscal_year=2025),
    ]
    made = year_of(home_of(tmp_path, rows), book, nodes, 2026)
    told = {
        name: (each.state, each.done, len(each.entries), each.behind, each.left(TODAY))
        for name, each in made.items()
    }
    assert told == {
        "GJ01": (DONE, 1, 1, 0, -331),
        "GJ02": (UNKNOWN, 0, 0, 0, -301),
        "GJ03": (DONE, 1, 1, 0, -301),
        "GJ04": (DONE, 2, 2, 1, -281),
        "GJ05": (LATE, 0, 1, 0, -266),
        "GJ06": (UNKNOWN, 0, 0, 0, -269),
        "GJ07": (UNKNOWN, 0, 0, 0, -241),
        "GJ08": (UNKNOWN, 0, 0, 0, -281),
        "GJ09": (UNKNOWN, 0, 0, 0, -269),
        "GJ10": (LATE, 0, 1, 0, -149),
        "GJ11": (UNKNOWN, 0, 0, 0, -51),
        "GJ12": (UNKNOWN, 0, 0, 0, None),
        "GJ13": (UNKNOWN, 0, 0, 0, -51),
        "GJ14": (UNKNOWN, 0, 0, 0, None),
        "GJ15": (UNKNOWN, 0, 0, 0, None),
        "GJ16": (UNKNOWN, 0, 0, 0, None),
        "GJ17": (UNKNOWN, 0, 0, 0, None),
        "GJ18": (UNKNOWN, 0, 0, 0, None),
        "GJ19": (UNKNOWN, 0, 0, 0, None),
        "GJ20": (NEAR, 0, 1, 0, 10),
        "GJ21": (DONE, 1, 1, 0, 41),
        "GJ22": (COMING, 0, 0, 0, 41),
        "GJ23": (COMING, 0, 0, 0, 41),
        "GJ24": (COMING, 0, 1, 0, 65),
    }  # fmt: skip
    assert made["GJ18"].why == "2026年没有登记“调整方案送审”的起算日期"
    assert made["GJ08"].why == "FIN-29 没有登记“预算公开”"
    assert made["GJ06"].why == "没有报表登记这件事是否办了"
    over = year_of(home_of(tmp_path / "b", rows), book, nodes, 2026, date(2027, 1, 1))
    assert (over["GJ22"].state, over["GJ22"].why) == (LATE, "FIN-29 没有登记“债务报告”")
    assert over["GJ23"].state == UNKNOWN
    assert over["GJ24"].state == DONE


def test_a_province_s_nodes_hold_there_alone_and_come_by_their_periods(
    book: Book, nodes: Nodes, tmp_path: Path
) -> None:
    home = home_of(tmp_path, [row("人代会批准", date(2026, 1, 23), date(2026, 1, 23))])
    assert not [node for node in nodes.of(CITY) if node.id.startswith("HN")]
    made = year_of(home, book, nodes, 2026, TODAY, HENAN)
    told = {
        name: (each.due.day.isoformat() if each.due else None, each.state)
        for name, each in made.items()
        if name.startswith("HN")
    }
    assert told == {
        "HN01": ("2026-12-31", COMING),
        "HN02第1季度": ("2026-03-31", UNKNOWN),
        "HN02第2季度": ("2026-06-30", UNKNOWN),
        "HN02第3季度": ("2026-09-30", UNKNOWN),
        "HN02第4季度": ("2026-12-31", COMING),
        "HN03上半年": ("2026-06-30", UNKNOWN),
        "HN03下半年": ("2026-12-31", COMING),
        "HN04": (None, UNKNOWN),
        "HN05": (None, UNKNOWN),
        "HN06": (None, UNKNOWN),
        "HN07": (None, UNKNOWN),
        "HN08": (None, UNKNOWN),
        "HN09": ("2026-12-31", COMING),
    }


# node → rule that judges the same period, its FIN-29 item, what more the rule looks at
SAME = {
    "GJ01": ("JS03", "草案送审", {}),
    "GJ04": ("ZX01", "部门批复", {"dept_code": "101"}),
    "GJ05": ("ZX02", "单位批复", {"dept_code": "101", "agency_code": "101001"}),
    "GJ08": ("JS05", "预算公开", {}),
    "GJ09": ("JS04", "备案", {}),
    "GJ14": ("JS04", "决算部门批复", {"dept_code": "101"}),
    "GJ15": ("JS04", "决算单位批复", {"dept_code": "101", "agency_code": "101001"}),
    "GJ16": ("JS04", "决算备案", {}),
    "GJ17": ("JS05", "决算公开", {}),
    "GJ18": ("JS03", "调整方案送审", {}),
    "GJ20": ("JS11", "审议意见反馈", {"matter_no": "1"}),
    "GJ24": ("JS09", "整改报告审议", {}),
}


def bases(node: Node, item: str) -> list[date]:
    """Days of five years, so chosen that terms end on days off, in leap years, at months' ends."""
    first = date(2024, 11, 8) if item == "整改报告审议" else date(2022, 1, 3)
    return [first + timedelta(days) for days in range(0, (date(2026, 7, 1) - first).days, 13)]


def test_a_node_ends_on_the_day_that_its_rule_does(
    book: Book, nodes: Nodes, tmp_path: Path
) -> None:
    """Done on the node's date: no finding; done a day later: one. Over five years, day by day."""
    known, rows, expected = {node.id: node for node in nodes.nodes}, [], {}
    for name, (rule, item, more) in SAME.items():
        node = known[name]
        assert rule in node.rules
        for base in bases(node, item):
            fiscal = (
                base.year - 1 if item.startswith("决算") or item == "整改报告审议" else base.year
            )
            assert node.term is not None
            due = term_end(
                node.term,
                base,
                before=node.before is not None,
                params=book.params,
                region=CITY,
                day=base,
                calendar=standard_calendar(),
            )
            assert due is not None
            for late in (0, 1):
                number = f"{item}-{base}-{late}"
                done = due.day + timedelta(late)
                rows.append(row(item, base, done, fiscal_year=fiscal, node_id=number, **more))
                expected[number] = (rule, bool(late))
    home = home_of(tmp_path, rows, date(2027, 3, 31))
    check(home.root, rules=sorted({rule for rule, _, _ in SAME.values()}))
    hits = {
        (each.rule, str(each.grain["node_id"]))
        for each in list_findings(home, Grant.operator("test"))
        if each.level != "yellow"
    }
    assert hits == {(rule, number) for number, (rule, late) in expected.items() if late}
    assert len(expected) > 2_000
