"""The reconciliation: what 财政 fills and another signs is taken off, and only what is left judged.

The month report of September says one fen more than vouchers tell, or much more; SJ05 sees what
nobody explained.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from budget_watch.access import Grant, accounts, assigning
from budget_watch.access.grant import Scope
from budget_watch.audit import Who, read
from budget_watch.casework.accounts import store_of
from budget_watch.casework.checking import rule_book
from budget_watch.casework.reconciling import (
    ReconcileError,
    Slot,
    fill,
    lines,
    sign,
    withdraw,
)
from budget_watch.cli.main import main
from budget_watch.engine import run_check
from budget_watch.engine.oracle import Oracle, seen
from budget_watch.lake import Batch, Coverage, Home, Reader, Snapshot, Writer
from budget_watch.lake.recon_lines import act
from budget_watch.lake.recon_lines import line as line_table
from budget_watch.lake.state import engine
from budget_watch.views import reconciliation
from tests.lake.made import CITY, COUNTY, SYSTEM, rows, voucher

SLOT = Slot(2026, 9, CITY, "205")
DAY = date(2026, 10, 12)
PAID = 1_000_000_00  # 100万元
ZHANG, LI = Grant("张三", "填列"), Grant("李四", "签认")
ROLE = "财政归口"


def deliver(home: Home, table: str, slot: str, *records: dict, day: date = DAY) -> None:
    frame = rows(table, *records)
    with Writer.open(home, "test") as writer:
        batch = Batch(
            id=f"{table}/{slot}",
            table=table,
            source=slot,
            source_hash=f"{table}-{slot}-{frame.hash_rows().sum()}",
            biz_date=day,
            coverage=(Coverage(2026, 9, CITY),),
        )
        writer.replace(table, frame, batch)
        writer.publish(day)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    paid = voucher(1, date(2026, 9, 10), PAID, exp_func_code="2050202", fund_type_code="11")
    deliver(home, "payment_voucher", "2026-09", paid)
    return home


def report(home: Home, fen: int, round_fen: int = 1) -> None:
    """Deliver September's month report: 教育支出 of the city so far."""
    deliver(
        home, "general_expenditure", "2026-09",
        {"fiscal_year": 2026, "month": 9, "stage": "月报", "scope_kind": "本级",
         "exp_func_code": "205", "level_flag": "本级支出", "ytd_amt": fen, "round_fen": round_fen},
    )  # fmt: skip


def publish(home: Home) -> str:
    with Writer.open(home, "test") as writer:
        return writer.publish(DAY).id


def explain(home: Home, fen: int, kind: str = "在途") -> int:
    """Fill and sign a line; the next snapshot has it."""
    made = fill(home, ZHANG, SLOT, kind, fen, "九月末已付，十月列报", ROLE)
    sign(home, LI, made.id, ROLE)
    return made.id


def judged(home: Home, snapshot: str | None = None) -> tuple[str, str | None, int]:
    """Outcome, level and unexplained difference that SJ05 finds; engine and oracle agree."""
    book, reader = rule_book(home.root), Reader(home, SYSTEM, snapshot)
    result = run_check(reader, book, DAY, ["SJ05"])
    assert seen(result.observations) == Oracle(reader, book, DAY).run(["SJ05"])
    found = result.observations.to_dicts()
    if not found:
        assert result.per_rule[0].judged == 1
        return "clear", None, 0
    (row,) = found
    return row["outcome"], row["level"], abs(json.loads(row["values"])["difference_amt"])


def statement(home: Home) -> reconciliation.Statement:
    (one,) = reconciliation.statements(Reader(home, SYSTEM), 2026, 9)
    return one


def test_what_agrees_needs_no_line(home: Home) -> None:
    report(home, PAID)
    assert statement(home).record() == {
        "period": "2026-09", "mof_div_code": CITY, "scope_kind": "本级", "func_class": "205",
        "reported": PAID, "central": PAID, "returned": 0, "allocated": 0, "direct": 0,
        "accrual": 0, "in_transit": 0, "open": 0, "signed": 0, "signed_lines": 0, "left": 0,
        "round_fen": 1, "state": "相符",
    }  # fmt: skip
    assert judged(home) == ("clear", None, 0)


def test_a_fen_is_a_difference_and_a_fen_explains_it(home: Home) -> None:
    report(home, PAID + 1)
    assert (statement(home).left, statement(home).state) == (1, "待说明")
    explain(home, 1)
    publish(home)
    assert (statement(home).left, statement(home).state) == (0, "已说明")


def test_a_difference_explained_wholly_is_no_finding(home: Home) -> None:
    report(home, PAID + 300_000_00)
    assert judged(home) == ("hit", "orange", 300_000_00)
    explain(home, 200_000_00)
    explain(home, 100_000_00, "口径")
    publish(home)
    assert statement(home).record() | {"state": "已说明", "signed_lines": 2, "left": 0} == (
        statement(home).record()
    )
    assert judged(home) == ("clear", None, 0)


def test_of_a_difference_explained_partly_the_rest_is_judged(home: Home) -> None:
    report(home, PAID + 300_000_00)
    explain(home, 297_000_00)
    publish(home)
    assert (statement(home).left, statement(home).state) == (3_000_00, "部分说明")
    assert judged(home) == ("hit", "blue", 3_000_00)  # 0.23% of the report


def test_a_difference_explained_by_more_than_it_is_judged_by_the_excess(home: Home) -> None:
    report(home, PAID + 300_000_00)
    explain(home, 330_000_00)
    publish(home)
    assert (statement(home).left, statement(home).state) == (-30_000_00, "说明过头")
    assert judged(home) == ("hit", "orange", 30_000_00)


def test_a_line_of_the_wrong_sign_explains_nothing(home: Home) -> None:
    report(home, PAID + 300_000_00)
    explain(home, -300_000_00)
    publish(home)
    assert (statement(home).left, statement(home).state) == (600_000_00, "待说明")


def test_a_line_that_nobody_signed_does_not_count(home: Home) -> None:
    report(home, PAID + 300_000_00)
    before = Snapshot.latest(home)
    made = fill(home, ZHANG, SLOT, "在途", 300_000_00, "九月末已付，十月列报", ROLE)
    assert made.state == "待签认"
    assert publish(home) == before.id  # nothing to publish
    assert judged(home) == ("hit", "orange", 300_000_00)


def test_a_line_taken_back_counts_no_more(home: Home) -> None:
    report(home, PAID + 300_000_00)
    number = explain(home, 300_000_00)
    publish(home)
    assert judged(home) == ("clear", None, 0)
    withdraw(home, ZHANG, number, ROLE, "金额写错，另行填列")
    publish(home)
    assert judged(home) == ("hit", "orange", 300_000_00)
    (kept,) = lines(home, LI)
    assert (kept.state, kept.signed_by, kept.taken_by) == ("已撤回", "李四", "张三")


def test_a_run_on_an_old_snapshot_finds_what_it_found(home: Home) -> None:
    report(home, PAID + 300_000_00)
    old = Snapshot.latest(home).id
    first = judged(home, old)
    explain(home, 300_000_00)
    assert judged(home, old) == first  # signed, and not yet in a snapshot
    new = publish(home)
    assert new != old
    assert judged(home, old) == first == ("hit", "orange", 300_000_00)
    assert judged(home, new) == ("clear", None, 0)
    assert publish(home) == new  # the same lines are no news


def test_a_corrected_report_keeps_its_lines(home: Home) -> None:
    report(home, PAID + 300_000_00)
    explain(home, 300_000_00)
    report(home, PAID + 300_000_01)
    assert (statement(home).left, statement(home).state) == (1, "部分说明")


def test_rounding_of_the_report_is_not_a_difference_to_explain(home: Home) -> None:
    report(home, PAID + 4_000_00, round_fen=1_000_000)
    assert statement(home).state == "舍入以内"
    assert judged(home) == ("clear", None, 0)


def test_who_fills_does_not_sign_and_nothing_is_done_twice(home: Home) -> None:
    report(home, PAID + 300_000_00)
    made = fill(home, ZHANG, SLOT, "在途", 300_000_00, "九月末已付，十月列报", ROLE)
    with pytest.raises(ReconcileError, match="是张三本人填列的；请由另一人签认"):
        sign(home, ZHANG, made.id, ROLE)
    sign(home, LI, made.id, ROLE)
    with pytest.raises(ReconcileError, match="已签认，不用再签认"):
        sign(home, Grant("王五", "签认"), made.id, ROLE)
    withdraw(home, LI, made.id, ROLE, "重新核对")
    with pytest.raises(ReconcileError, match="已撤回"):
        withdraw(home, LI, made.id, ROLE, "重新核对")


def test_only_the_finance_office_of_the_region_may(home: Home) -> None:
    report(home, PAID + 300_000_00)
    elsewhere = Grant("王五", "填列", Scope(regions=frozenset({COUNTY})))
    with pytest.raises(ReconcileError, match="没有权限"):
        fill(home, elsewhere, SLOT, "在途", 1, "九月末已付", ROLE)
    one_department = Grant("王五", "填列", Scope(departments=frozenset({"101"})))
    with pytest.raises(ReconcileError, match="只看一部分部门"):
        fill(home, one_department, SLOT, "在途", 1, "九月末已付", ROLE)
    with pytest.raises(ReconcileError, match="“代表”不能"):
        fill(home, ZHANG, SLOT, "在途", 1, "九月末已付", "代表")
    made = fill(home, ZHANG, SLOT, "在途", 1, "九月末已付", ROLE)
    assert lines(home, elsewhere) == []
    with pytest.raises(ReconcileError, match="没有找到调节行"):
        sign(home, elsewhere, made.id, ROLE)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "别的"}, "没有差异种类“别的”"),
        ({"amt": 0}, "调节金额为零"),
        ({"explanation": " 在 途 "}, "太短"),
        ({"slot": Slot(2026, 9, CITY, "206")}, "2026-09 的月报里没有 990100000 的 206 类"),
    ],
)
def test_a_line_that_says_nothing_is_refused(home: Home, change: dict, said: str) -> None:
    report(home, PAID + 1)
    given = {"slot": SLOT, "kind": "在途", "amt": 1, "explanation": "九月末已付，十月列报"} | change
    with pytest.raises(ReconcileError, match=said):
        fill(home, ZHANG, role=ROLE, **given)
    assert lines(home, ZHANG) == []


@pytest.mark.parametrize("table", [line_table, act], ids=lambda table: table.name)
@pytest.mark.parametrize("change", [sa.update, sa.delete])
def test_what_was_written_cannot_be_altered(home: Home, table, change) -> None:
    report(home, PAID + 1)
    explain(home, 1)
    statement_ = change(table).values(role="别人") if change is sa.update else change(table)
    with (
        engine(home).begin() as connection,
        pytest.raises(sa.exc.DatabaseError, match="只能增加"),
    ):
        connection.execute(statement_)


def run(capsys, home: Home, *arguments: str) -> tuple[int, list[dict]]:
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(home.root), *arguments, "--json"])
    out = capsys.readouterr().out
    return int(ended.value.code or 0), [json.loads(line) for line in out.splitlines()]


def test_the_commands_fill_sign_and_export(home: Home, tmp_path: Path, capsys) -> None:
    report(home, PAID + 300_000_00)
    status, told = run(capsys, home, "reconcile", "list")
    assert (status, told[-1]) == (
        1, {"summary": True, "period": "2026-09", "statements": 1, "open": 1},
    )  # fmt: skip
    place = ("2026-09", "205", "--region", CITY)
    status, (made,) = run(
        capsys, home, "reconcile", "fill", *place, "--kind", "在途", "--amount", "30万元", "--why",
        "=1+1 九月末已付，十月列报", "--by", "张三",
    )  # fmt: skip
    assert (status, made["state"], made["amt"]) == (0, "待签认", 300_000_00)
    assert made["left_after"] == 0
    status, (done,) = run(capsys, home, "reconcile", "sign", str(made["line"]), "--by", "李四")
    assert (status, done["state"]) == (0, "已签认")
    assert done["snapshot"] == Snapshot.latest(home).id
    status, told = run(capsys, home, "reconcile", "show", *place)
    assert (status, told[0]["state"], told[1]["signed_by"]) == (0, "已说明", "李四")
    book = tmp_path / "调节表.xlsx"
    again = tmp_path / "再导出.xlsx"
    for path in (book, again):
        run(capsys, home, "reconcile", "list", "--excel", str(path), "--by", "王五")
    assert book.read_bytes() == again.read_bytes()
    sheets = openpyxl.load_workbook(book)
    assert [[cell for cell in row if cell is not None] for row in sheets["调节表"].values][3:] == [
        ["区划", "范围", "功能类", "月报累计", "国库集中支付", "减：退回", "加：实拨",
         "加：总会计直接列支", "加：权责发生制列支", "加：在途", "表列差额", "财政签认的调节",
         "未解释差额", "情况"],
        ["990100000 示范市", "本级", "205 教育支出", 1_300_000, 1_000_000, 0, 0, 0, 0, 0, 300_000,
         300_000, 0, "已说明"],
    ]  # fmt: skip
    detail = sheets["签认行"]
    assert detail["A2"].value.startswith("王五 导出 · 快照 ")
    assert (detail["F5"].value, detail["F5"].data_type) == ("=1+1 九月末已付，十月列报", "s")


def test_filling_in_says_what_will_be_left_and_warns_of_too_much(home: Home, capsys) -> None:
    report(home, PAID + 300_000_00)
    place = ["--home", str(home.root), "reconcile", "fill", "2026-09", "205", "--region", CITY]
    more = ["--kind", "在途", "--why", "九月末已付，十月列报", "--by", "张三", "--amount"]

    def said(amount: str) -> str:
        with pytest.raises(SystemExit):
            main([*place, *more, amount])
        return capsys.readouterr().out

    assert "全部签认后，这一类还有差额 200,000.00 元没有说明。" in said("10万元")
    assert "全部签认后，差额都已说明。" in said("20万元")
    assert "请核对：全部签认后，说明的比差额多 50,000.00 元" in said("5万元")


def people(home: Home) -> None:
    store = store_of(home)
    by = Who("operator", "", "", "test")
    for name, role, scope in (
        ("cai", "finance", Scope(regions=frozenset({CITY}))),
        ("zheng", "finance", Scope(regions=frozenset({CITY}))),
        ("county", "finance", Scope(regions=frozenset({"990121000"}))),
        ("li", "clerk", Scope()),
        ("kuai", "unit_clerk", Scope(units=frozenset({"101001"}))),
        ("shen", "audit_admin", Scope()),
    ):
        accounts.add(store, by, name, f"{name}某")
        assigning.assign(store, by, name, role, "任职", scope)


def test_the_commands_read_and_act_under_an_account(home: Home, capsys) -> None:
    report(home, PAID + 300_000_00)
    people(home)
    place = ("2026-09", "205", "--region", CITY)
    more = ("--kind", "在途", "--amount", "30万元", "--why", "九月末已付，十月列报")

    def fill_as(*who: str) -> tuple[int, list[dict]]:
        return run(capsys, home, "reconcile", "fill", *place, *more, *who)

    for name, status in (("county", 3), ("li", 3), ("kuai", 3), ("shen", 3), ("nobody", 3)):
        assert fill_as("--as", name) == (status, []), name
    assert fill_as()[0] == fill_as("--as", "cai", "--by", "张三")[0] == 2
    status, (made,) = fill_as("--as", "cai")
    assert (status, made["filled_by"], made["left_after"]) == (0, "cai", 0)
    line = str(made["line"])
    assert run(capsys, home, "reconcile", "sign", line, "--as", "cai")[0] == 3  # not one's own
    status, (done,) = run(capsys, home, "reconcile", "sign", line, "--as", "zheng")
    assert (status, done["signed_by"]) == (0, "zheng")
    for name, count in (("cai", 1), ("li", 1), ("county", 0)):
        status, told = run(capsys, home, "reconcile", "list", "--period", "2026-09", "--as", name)
        assert (status, told[-1]["statements"]) == (0, count), name
    for name in ("kuai", "shen"):
        status, told = run(capsys, home, "reconcile", "list", "--period", "2026-09", "--as", name)
        assert told == [] or told[-1]["statements"] == 0, name
    assert run(capsys, home, "reconcile", "show", *place, "--as", "county")[0] != 0
    with engine(home).connect() as connection:
        read_as = {e.user for e in read(connection, act="user.command_as")}
    assert {"cai", "zheng", "county", "kuai"} <= read_as


def test_what_arrived_is_told_only_to_whom_everything_is_open(home: Home, capsys) -> None:
    report(home, PAID)
    people(home)
    whole = run(capsys, home, "status")
    assert run(capsys, home, "status", "--as", "li") == whole
    for name in ("cai", "kuai", "shen"):
        assert run(capsys, home, "status", "--as", name) == (3, []), name
