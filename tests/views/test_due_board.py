"""What did not arrive says why: the source's fault, a refusal, a run that did not take place."""

from datetime import UTC, date, datetime

import pytest

from budget_watch.lake import Batch, Home, Snapshot, Writer, day_runs
from budget_watch.lake.day_runs import DONE, FAILED, LOOK, SourceResult
from budget_watch.views.due_board import asked_on, due_board
from tests.lake.made import rows, voucher

MONDAY, TUESDAY, WEDNESDAY = (date(2026, 11, day) for day in (16, 17, 18))


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def publish(home, day, tables, refused=()):
    with Writer.open(home, "test") as writer:
        for code, name in tables.items():
            batch = Batch(f"{code}/{day}", name, "f", f"{code}{day}", day)
            record = voucher(day.day, day) if name == "payment_voucher" else {}
            writer.replace(name, rows(name, record), batch)
        for code, name in refused:
            writer.refuse(
                Batch(f"{code}/{day}", name, "f", f"x{day}", day), 3, "缺少必填列“支付金额”。"
            )
        writer.publish(day)


def run(home, day, outcome, message="", **sources):
    """A run recorded at 02:00 on the next day."""
    at = datetime(2026, 11, day.day, 18, tzinfo=UTC)
    made = day_runs.begin(home, day, "定时", at)
    for name, result in sources.items():
        day_runs.note_source(home, made, name, result)
    day_runs.finish(home, made, outcome, message, {}, at)


def why(board, code):
    (row,) = [row for row in board.rows if row.owing.contract.code == code]
    return row.why


BOTH = {"FIN-15": "payment_voucher", "TRE-02": "treasury_cash_day"}


def test_a_table_whose_source_fails_says_the_fault_and_since_when(home):
    publish(home, MONDAY, BOTH)
    well = SourceResult("done", "", 2, ("FIN-15", "TRE-02"))
    down = SourceResult("failed", "连不上 10.1.1.1:5432。", 0, ("FIN-15",))
    run(home, MONDAY, DONE, 财政=well, 国库=SourceResult("done", "", 1, ("TRE-02",)))
    for day in (TUESDAY, WEDNESDAY):
        run(home, day, LOOK, "入库 0 行。", 财政=down)
    board = due_board(home, Snapshot.latest(home), date(2026, 11, 19))
    assert why(board, "FIN-15") == (
        "数据源“财政”自 2026-11-18 02:00 起没有取到，连续 2 次：连不上 10.1.1.1:5432。"
    )
    assert board.run_sentence == (
        "业务日 2026-11-18 的运行（11-19 02:00）完成，有待查看：入库 0 行。"
        "数据源“财政”没有取到：连不上 10.1.1.1:5432。"
    )
    assert board.counts == {"arrived": 0, "waiting": 0, "today": 2, "late": 2}
    assert board.sentence.startswith(
        "应到 2 项，最近一期已到 0 项，今日到期 2 期，迟到 2 项 2 期"
        "（最久：国库集中支付凭证表2026年11月17日，1 个工作日）"
    )


def test_a_table_that_never_came_says_the_fault_of_the_source_that_is_asked_for_it(home):
    publish(home, MONDAY, {"FIN-15": "payment_voucher"})
    fault = "数据源“国库”（10.1.1.2:5432）连不上。"
    run(home, MONDAY, LOOK, 国库=SourceResult("failed", fault, 0, ("TRE-02",)))
    board = due_board(home, Snapshot.latest(home), TUESDAY)
    assert why(board, "TRE-02") == (
        "数据源“国库”自 2026-11-17 02:00 起没有取到：（10.1.1.2:5432）连不上。"
    )
    assert why(board, "TRE-03") == ""
    assert board.sentence.endswith("；52 张从未送达。")


def test_a_refused_delivery_says_why(home):
    publish(home, MONDAY, BOTH)
    publish(home, TUESDAY, {"TRE-02": "treasury_cash_day"}, [("FIN-15", "payment_voucher")])
    board = due_board(home, Snapshot.latest(home), date(2026, 11, 19))
    assert why(board, "FIN-15") == "2026-11-17 的送达被退回：缺少必填列“支付金额”。"
    publish(home, WEDNESDAY, {"FIN-15": "payment_voucher"})
    board = due_board(home, Snapshot.latest(home), date(2026, 11, 20))
    assert why(board, "FIN-15") == "财政没有送达。"  # the newer one came; Tuesday's is still out


def test_a_run_that_failed_is_the_reason(home):
    publish(home, MONDAY, BOTH)
    run(home, MONDAY, DONE)
    run(home, TUESDAY, FAILED, "磁盘已满")
    board = due_board(home, Snapshot.latest(home), date(2026, 11, 19))
    assert why(board, "FIN-15") == "业务日 2026-11-17 的运行失败：磁盘已满"
    (row,) = [row for row in board.rows if row.owing.contract.code == "FIN-15"]
    assert row.sentence == (
        "✕ FIN-15 国库集中支付凭证表 缺2026年11月17日，应于2026-11-18送达，已迟1个工作日："
        "业务日 2026-11-17 的运行失败：磁盘已满"
    )


def test_a_source_that_went_well_and_had_nothing_is_not_blamed(home):
    publish(home, MONDAY, BOTH)
    run(home, TUESDAY, DONE, 财政=SourceResult("done", "", 0, ("FIN-15",)))
    board = due_board(home, Snapshot.latest(home), date(2026, 11, 19))
    assert why(board, "FIN-15") == "数据源“财政”取数正常，没有这一期的送达。"


def test_a_home_that_nobody_runs_stands_still_at_its_business_date(home):
    publish(home, MONDAY, BOTH)
    snapshot, now = Snapshot.latest(home), datetime(2026, 12, 24, 17, tzinfo=UTC)
    assert asked_on(home, snapshot, now) == MONDAY
    run(home, MONDAY, DONE)
    assert asked_on(home, snapshot, now) == date(2026, 12, 25)  # China's day
