"""What people do with quarantined rows, end to end, and that the counts always add up."""

import datetime as dt
import json
import shutil
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import polars as pl
import pytest

from budget_watch.access import Grant, Scope
from budget_watch.cli.main import app
from budget_watch.lake import Home, Reader, Snapshot, quarantine
from budget_watch.lake.ledger import entries
from budget_watch.lake.quarantined_rows import quarantined
from budget_watch.lake.status import table_status
from ingest import releasing
from ingest.errors import Refused
from ingest.load import load_paths
from tests.ingest.test_contract_files import titled, vouchers

ALL = Grant.system("test")
WHO = ("李四", "经单位确认")


def wrong(count=10):
    """Ten vouchers: an unknown code, an amount that is no number, one without its unit."""
    frame = titled(vouchers(count)).cast(pl.String).with_columns(pl.lit("张三").alias("收款人户名"))
    at = pl.int_range(pl.len())
    return frame.with_columns(
        pl.when(at == 2)
        .then(pl.lit("9999999"))
        .otherwise("支出功能分类科目编码")
        .alias("支出功能分类科目编码"),
        pl.when(at == 4).then(pl.lit("12，00x")).otherwise("支付金额").alias("支付金额"),
        pl.when(at == 6).then(pl.lit(None)).otherwise("单位代码").alias("单位代码"),
    )


@pytest.fixture
def run(home, capsys):
    """Runs a `quarantine …` command on the home and returns its JSON lines."""

    def command(*arguments, status=0):
        given = ["--home", str(home.root), "quarantine", *arguments, "--json"]
        assert (app(args=given, standalone_mode=False) or 0) == status
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return command


@pytest.fixture
def file(tmp_path):
    def write(frame, name="凭证.csv"):
        (tmp_path / name).write_bytes(frame.write_csv().encode())
        return tmp_path / name

    return write


@pytest.fixture
def held(load, file, home):
    (line,) = load(file(wrong()))
    assert (line["rows"], line["stored"], line["quarantined"]) == (10, 7, 3)
    (bundle,) = quarantine.bundles(home)
    return bundle


def figures(home):
    (line,) = [e for e in entries(home) if e.outcome in ("stored", "refused")]
    line.check()
    return (line.delivered, line.stored, line.quarantined, line.refused)


def corrected(path, **changes):
    """The exported file with cells of its lines changed: {line: {title: value}}."""
    frame = pl.read_csv(path, infer_schema=False)
    for line, cells in changes.items():
        mine = pl.col("隔离行").str.ends_with(f":{line[1:]}")
        for title, value in cells.items():
            frame = frame.with_columns(
                pl.when(mine).then(pl.lit(value)).otherwise(title).alias(title)
            )
    frame.write_csv(path)
    return path


def test_a_quarantined_row_says_where_it_came_from_and_why(held, home):
    rows = quarantined(home, Grant.operator("test"), held)
    assert rows.select("line", "src_row", "reason", "soft", "fate").rows() == [
        (1, 4, "第4行“支出功能分类科目编码”不在当年代码表内（“9999999”）", True, "待处理"),
        (2, 6, "第6行“支付金额”不是数字（“12，00x”）", False, "待处理"),
        (3, 8, "第8行“单位代码”为空", False, "待处理"),
    ]
    assert rows["pay_amt"].to_list() == ["1003.25", "12，00x", "1007.25"]
    assert (held.name, held.source.rsplit("/", 1)[-1], held.biz_date) == (
        "Q1",
        "凭证.csv",
        dt.date(2026, 9, 11),
    )


def test_persons_are_masked_unless_the_grant_says_otherwise(held, home):
    shown = quarantined(home, Grant.operator("test"), held)
    assert shown["payee_acct_name"].to_list() == ["张**"] * 3
    assert all(number.startswith("****") for number in shown["payee_acct_no"])
    real = quarantined(home, ALL, held)
    assert real["payee_acct_name"].to_list() == ["张三"] * 3
    assert (home.quarantine / held.path).stat().st_mode & 0o077 == 0


def test_rows_of_other_places_are_not_seen(held, home):
    elsewhere = Grant("u", "test", Scope(regions=frozenset({"990101000"})))
    assert quarantined(home, elsewhere, held).is_empty()
    here = Grant("u", "test", Scope(departments=frozenset({"101"})))
    assert quarantined(home, here, held).height == 3


def test_a_row_with_an_unknown_code_is_released_as_it_is_and_others_are_not(held, home, read):
    handled = releasing.release(home, held, None, *WHO)
    assert handled.done == 1
    assert [line for line, _ in handled.kept] == [2, 3]
    assert "须更正后放行" in handled.kept[0][1]
    assert figures(home) == (10, 8, 2, 0)
    row = read("payment_voucher").filter(exp_func_code="9999999").row(0, named=True)
    assert (row["batch_id"], row["biz_date"], row["src_row"], row["pay_amt"]) == (
        held.batch_id,
        held.biz_date,
        4,
        100325,
    )
    again = releasing.release(home, held, [1], *WHO)
    assert (again.done, again.before, again.snapshot) == (0, 1, None)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_corrected_rows_pass_the_same_gate_into_their_slot(held, home, read, tmp_path, ending):
    path = tmp_path / f"更正.{ending}"
    assert releasing.export(home, Grant.operator("t"), held, path, *WHO) == 3
    if ending == "xlsx":
        frame = pl.read_excel(path, infer_schema_length=0)
        path = tmp_path / "更正.csv"
        frame.write_csv(path)
    corrected(path, _2={"支付金额": "1,200.00"}, _3={"单位代码": " "})
    handled = releasing.release_file(home, held, path, *WHO)
    assert handled.done == 1
    assert [line for line, _ in handled.kept] == [1, 3]
    assert figures(home) == (10, 8, 2, 0)
    row = read("payment_voucher").filter(src_row=6).row(0, named=True)
    assert (row["pay_amt"], row["payee_acct_name"], row["payee_acct_no"]) == (
        120000,
        "张三",
        "622200000005",
    )
    acts = [(one.action, one.actor, one.reason, one.lines) for one in quarantine.acts(home)]
    assert acts == [("export", *WHO, ((1, 3),)), ("correct", *WHO, ((2, 2),))]
    rest = corrected(path, _1={"支出功能分类科目编码": "2010101"}, _3={"单位代码": "101001"})
    handled = releasing.release_file(home, held, rest, *WHO)
    assert (handled.done, handled.before, handled.kept) == (2, 1, ())
    assert figures(home) == (10, 10, 0, 0)
    assert read("payment_voucher").height == 10


def test_a_corrected_row_marked_as_secret_is_not_released_and_says_so(
    load, file, home, tmp_path, read
):
    load(file(wrong().with_columns(pl.lit("否").alias("secret_flag"))))
    (bundle,) = quarantine.bundles(home)
    path = tmp_path / "更正.csv"
    releasing.export(home, ALL, bundle, path, *WHO)
    pl.read_csv(path, infer_schema=False).with_columns(pl.lit("否").alias("secret_flag")).write_csv(
        path
    )
    changes = {
        "_2": {"支付金额": "12.00", "secret_flag": "是"},
        "_3": {"单位代码": "101001"},
    }
    handled = releasing.release_file(home, bundle, corrected(path, **changes), *WHO)
    assert (handled.done, [line for line, _ in handled.kept]) == (1, [1, 2])
    assert handled.kept[1][1] == "标为涉密，不能放行；请作废，并请送数部门在源头剔除"
    assert read("payment_voucher").filter(pl.col("pay_amt") == 12_00).is_empty()


def test_a_corrected_row_never_takes_the_place_of_another(held, home, tmp_path, read):
    path = tmp_path / "更正.csv"
    releasing.export(home, Grant.operator("t"), held, path, *WHO)
    corrected(path, _2={"支付金额": "7", "支付凭证主键": "V000001"})
    handled = releasing.release_file(home, held, path, *WHO)
    assert handled.done == 0
    assert "在库中已有" in dict(handled.kept)[2]
    assert read("payment_voucher").height == 7


def test_a_file_of_another_bundle_or_with_a_line_twice_is_refused(held, home, tmp_path):
    path = tmp_path / "更正.csv"
    releasing.export(home, Grant.operator("t"), held, path, *WHO)
    frame = pl.read_csv(path, infer_schema=False)
    pl.concat([frame, frame.head(1)]).write_csv(path)
    with pytest.raises(Refused, match="Q1:1 出现了两次"):
        releasing.release_file(home, held, path, *WHO)
    frame.with_columns(pl.lit("Q9:1").alias("隔离行")).write_csv(path)
    with pytest.raises(Refused, match="不属于 Q1"):
        releasing.release_file(home, held, path, *WHO)
    frame.drop("隔离行").write_csv(path)
    with pytest.raises(Refused, match="没有“隔离行”一列"):
        releasing.release_file(home, held, path, *WHO)
    assert figures(home) == (10, 7, 3, 0)


def test_discarded_rows_count_as_refused_and_stay_readable(held, home):
    before = Snapshot.latest(home)
    handled = releasing.discard(home, held, [2, 3], "王五", "单位确认重复填报")
    assert handled.done == 2
    assert figures(home) == (10, 7, 1, 2)
    rows = quarantined(home, ALL, held)
    assert rows["fate"].to_list() == ["待处理", "作废", "作废"]
    assert rows["fate_why"].to_list() == ["", "单位确认重复填报", "单位确认重复填报"]
    (now,) = [r for r in table_status(home, ALL) if r["table"] == "FIN-15"]
    (then,) = [r for r in table_status(home, ALL, before) if r["table"] == "FIN-15"]
    assert (now["quarantined"], now["refused"]) == (1, 2)
    assert (then["quarantined"], then["refused"]) == (3, 0)


def test_a_slot_delivered_again_closes_what_was_open_in_it(held, home, load, file, read):
    (line,) = load(file(titled(vouchers(10))))
    assert (line["stored"], line["quarantined"]) == (10, 0)
    (bundle,) = quarantine.bundles(home)
    assert (bundle.open, bundle.superseded) == (0, 3)
    old, new = [(e.delivered, e.stored, e.quarantined, e.refused) for e in entries(home)]
    assert (old, new) == ((10, 7, 0, 3), (10, 10, 0, 0))
    assert read("payment_voucher").height == 10
    assert releasing.discard(home, bundle, None, *WHO).done == 0


def test_a_row_that_comes_right_in_another_slot_closes_the_wrong_one(held, home, load, file):
    late = titled(vouchers(10)).slice(6, 1).with_columns(pl.lit("2026-09-20").alias("支付日期"))
    load(file(late, "补报.csv"))
    (bundle,) = quarantine.bundles(home)
    rows = quarantined(home, ALL, bundle)
    assert rows["fate"].to_list() == ["待处理", "待处理", "已由重新送达取代"]


def test_a_workbook_that_is_not_believed_is_kept_whole(home):
    assert quarantine.bundles(Home(home.root / "none")) == []


def test_what_a_spreadsheet_would_take_for_a_formula_is_exported_as_text(
    home, load, file, tmp_path, read
):
    frame = wrong().with_columns(pl.lit("=cmd|' /C calc'!A0").alias("用途"))
    load(file(frame))
    (bundle,) = quarantine.bundles(home)
    path = tmp_path / "更正.csv"
    releasing.export(home, Grant.operator("t"), bundle, path, *WHO)
    assert pl.read_csv(path)["用途"][0].startswith("'=")
    releasing.release_file(home, bundle, corrected(path, _2={"支付金额": "-5.00"}), *WHO)
    assert read("payment_voucher").filter(src_row=6)["use_des"].item() == "=cmd|' /C calc'!A0"
    assert read("payment_voucher").filter(src_row=6)["pay_amt"].item() == -500


@pytest.mark.slow
def test_killed_at_any_instant_and_run_again_it_ends_the_same(held, home, tmp_path, read):
    path = tmp_path / "更正.csv"
    releasing.export(home, Grant.operator("t"), held, path, *WHO)
    corrected(path, _2={"支付金额": "7.00"}, _3={"单位代码": "101001"})
    here, ended = Path(__file__).parents[2], []
    for at in range(6):
        copy = tmp_path / f"home{at}"
        shutil.copytree(home.root, copy)
        command = [sys.executable, "-m", "tests.ingest.killed_release"]
        seconds = str(0.02 + 0.12 * at)
        done = subprocess.run(
            [*command, str(copy), str(path), seconds],
            cwd=here,
            capture_output=True,
            text=True,
            check=False,
        )
        ended.append("done" in done.stdout)
        killed = Home(copy)
        assert figures(killed) in ((10, 7, 3, 0), (10, 9, 1, 0))
        releasing.release_file(killed, releasing.bundle_of(killed, "Q1"), path, *WHO)
        assert figures(killed) == (10, 9, 1, 0)
        rows = Reader(killed, ALL).scan("payment_voucher").collect()
        assert rows.height == 9
        assert rows.filter(src_row=6)["pay_amt"].to_list() == [700]
        assert [one.action for one in quarantine.acts(killed)] == ["export", "correct"]
    assert not ended[0]


def test_the_commands_list_show_export_release_and_discard(held, home, tmp_path, run):
    (listed, summary) = run("list", "--table", "FIN-15", status=1)
    assert (listed["quarantine"], listed["rows"], listed["open"], listed["releasable"]) == (
        "Q1",
        3,
        3,
        1,
    )
    assert summary == {"summary": True, "bundles": 1, "rows": 3, "open": 3}
    assert run("list", "--reason", "没有这种")[-1]["bundles"] == 0
    (row, _) = run("show", "Q1", "--reason", "不是数字")
    assert (row["row"], row["src_row"], row["content"]["payee_acct_name"]) == ("Q1:2", 6, "张**")
    out = tmp_path / "更正.xlsx"
    assert run("export", "Q1", "--out", str(out))[-1]["rows"] == 3
    answer = run("release", "Q1", "--rows", "1-2", "--why", "新增科目", status=1)
    assert (answer[-1]["done"], answer[-1]["kept"]) == (1, 1)
    answer = run("release", "Q1", "--file", str(out), "--why", "更正", status=1)
    assert (answer[-1]["done"], answer[-1]["kept"], answer[-1]["before"]) == (0, 2, 1)
    answer = run("discard", "Q1", "--why", "不再补报", "--by", "王五")
    assert (answer[-1]["done"], answer[-1]["before"]) == (2, 0)
    assert figures(home) == (10, 8, 0, 2)
    assert run("list", "--all")[0]["discarded"] == 2


def test_it_makes_no_difference_whether_the_wrong_row_or_the_right_one_comes_first(tmp_path):
    right = titled(vouchers(10)).slice(6, 1).with_columns(pl.lit("2026-09-20").alias("支付日期"))
    (tmp_path / "错.csv").write_bytes(wrong().write_csv().encode())
    (tmp_path / "对.csv").write_bytes(right.write_csv().encode())
    ended = []
    for number, order in enumerate((("错.csv", "对.csv"), ("对.csv", "错.csv"))):
        home = Home(tmp_path / f"home{number}")
        for name in order:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("ingest.load.validated_beside", lambda *given: nullcontext())
                list(load_paths(home, [tmp_path / name]))
        (bundle,) = quarantine.bundles(home)
        fates = quarantined(home, ALL, bundle)["fate"].to_list()
        counts = sorted((e.delivered, e.stored, e.quarantined, e.refused) for e in entries(home))
        slots = Reader(home, ALL).scan("delivery").select("rows", "quarantined").collect()
        ended.append((fates, counts, slots.rows()))
    assert ended[0] == ended[1]
    assert ended[0][0] == ["待处理", "待处理", "已由重新送达取代"]
    assert ended[0][1] == [(1, 1, 0, 0), (10, 7, 2, 1)]
