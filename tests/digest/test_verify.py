"""`digest verify`: a changed voucher names its figures, a changed file names its changes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import sqlalchemy as sa

from budget_watch.access import Grant, Scope
from budget_watch.casework.auditing import entries
from budget_watch.casework.cases import Actor
from budget_watch.casework.checking import check
from budget_watch.casework.tables import finding, run
from budget_watch.digest import DigestError, DigestRefusedError, build
from budget_watch.digest.issuing import build_now
from budget_watch.digest.verification import Told, Verification
from budget_watch.digest.verifying import verify
from budget_watch.lake import Batch, Coverage, Home, Reader, Snapshot, Writer
from budget_watch.lake.errors import UnknownSnapshotError
from budget_watch.lake.state import engine, writing
from tests.digest import hands, reading
from tests.views import small_city
from tests.views.small_city import BUSINESS_DATE, CITY, WAN

GRANT = Grant.operator("test")
CLERK = Actor(GRANT, "经办")
VOUCHER = "VI3-20260806"  # 教育局's guests in August: 2 万元 of 接待费
SPENT = "own.three_public.total.spent"


@pytest.fixture(scope="module")
def issued(city: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The city with one issue built, and its files beside it."""
    home = Home(copied(city, tmp_path_factory.mktemp("issued") / "home"))
    build_now(home, CLERK, "2026Q3", ("docx", "pdf", "html"), home.root / "out")
    return home


@pytest.fixture
def own(issued: Home, tmp_path: Path) -> Home:
    """A copy that a test may change."""
    return Home(copied(issued, tmp_path / "own"))


@pytest.fixture
def file(own: Home) -> Path:
    return own.root / "out" / "quarterly-2026Q3.docx"


def copied(home: Home, to: Path) -> Path:
    engine(home).dispose()
    return Path(shutil.copytree(home.root, to))


def told(made: Verification) -> list[tuple[str, str, tuple[str, ...], str, str]]:
    return [(t.kind, t.key, t.places, t.printed, t.sentence) for t in made.told]


def differing(made: Verification) -> set[str]:
    return {t.key for t in made.told if t.kind == "differs"}


def asking_for_the_voucher(home: Home, ledger: dict[str, Any]) -> set[str]:
    """Figures with a query whose condition the voucher fulfils, asked of DuckDB, not of views."""
    files = Reader(home, Grant.system("test")).files("payment")
    with duckdb.connect() as oracle:
        oracle.execute(
            f"CREATE TABLE payment AS SELECT * FROM read_parquet({files})"
            f" WHERE pay_cert_id = '{VOUCHER}'"
        )
        assert oracle.execute("SELECT count(*) FROM payment").fetchone() == (1,)
        return {
            key
            for key, entry in ledger["figures"].items()
            for sql in entry["queries"]
            if " FROM payment " in sql
            and (oracle.execute(sql.replace("sum(pay_amt)", "count(*)")).fetchone() or (0,))[0]
        }


def corrected(home: Home, amount: int) -> str:
    """The finance department delivers the vouchers again, this one with another amount."""
    rows = small_city.payment_voucher().with_columns(
        pay_amt=pl.when(pl.col("pay_cert_id") == VOUCHER)
        .then(pl.lit(amount * WAN))
        .otherwise(pl.col("pay_amt"))
    )
    name, days = "payment_voucher", tuple(Coverage(2026, month, CITY) for month in range(1, 10))
    with Writer.open(home, owner="test") as writer:
        writer.replace(name, rows, Batch(name, name, "2.csv", f"{amount}", BUSINESS_DATE, days))
        return writer.publish(BUSINESS_DATE).id


def tampered(home: Home, name: str, amount: int) -> None:
    """The same done to the files behind the system's back."""
    snapshot = Snapshot.latest(home)
    assert snapshot is not None
    for path in snapshot.files(name):
        rows = pl.read_parquet(path)
        if VOUCHER in rows["pay_cert_id"].to_list():
            rows.with_columns(
                pay_amt=pl.when(pl.col("pay_cert_id") == VOUCHER)
                .then(pl.lit(amount * WAN))
                .otherwise(pl.col("pay_amt"))
            ).write_parquet(path)


def test_a_file_as_built_agrees_figure_by_figure(own: Home, file: Path) -> None:
    for path in (file, file.with_suffix(".pdf"), file.with_suffix(".html")):
        made = verify(own, CLERK, path.name, path.read_bytes())
        assert told(made) == []
        assert made.sound
        assert made.record() == {
            "report": "quarterly",
            "period": "2026Q3",
            "snapshot": "S20261120-01",
            "against": "S20261120-01",
            "issue": 1,
            "figures": made.figures,
            "agree": made.figures,
            **dict.fromkeys(("lake", "differs", "altered", "added", "missing"), 0),
            **dict.fromkeys(("ledger", "unregistered", "moved"), 0),
        }
        assert made.sentence == (
            f"{made.figures}个数字从数据重算，{made.figures}个相同；文字与生成时一致。"
        )
    notes = [e for e in entries(own, GRANT) if e.act == "digest.verify"]
    assert [(e.subject, json.loads(e.details)["file"]) for e in notes] == [
        ("1", "quarterly-2026Q3.docx"),
        ("1", "quarterly-2026Q3.pdf"),
        ("1", "quarterly-2026Q3.html"),
    ]


def test_a_voucher_delivered_otherwise_names_exactly_the_figures_that_depend_on_it(
    own: Home, file: Path
) -> None:
    depending = asking_for_the_voucher(own, reading.ledger(file))
    newest = corrected(own, 3)
    then = verify(own, CLERK, file.name, file.read_bytes())
    assert (told(then), then.agree) == ([], then.figures)  # its own snapshot still says so
    made = verify(own, CLERK, file.name, file.read_bytes(), against="latest")
    assert (made.snapshot, made.against) == ("S20261120-01", newest)
    assert {t.kind for t in made.told} == {"differs"}
    # One department is over its budget before and after: its vouchers are asked, the count stays.
    assert differing(made) == depending - {"own.three_public.over_count"}
    assert made.agree == made.figures - len(differing(made))
    spent = next(t for t in made.told if t.key == SPENT)
    assert (spent.was, spent.now) == ("260,000.00元", "270,000.00元")
    assert spent.printed == "26.00万元、26.00"
    assert spent.places == (
        "要点",
        "六、三公经费",
        "六、三公经费 · 表8　市本级三公经费预算与执行 合计（五项科目） 支出",
    )
    back = corrected(own, 2)
    again = verify(own, CLERK, file.name, file.read_bytes(), against=back)
    assert (told(again), again.against) == ([], back)


def test_a_voucher_changed_behind_the_system_is_told_and_names_the_same_figures(
    own: Home, file: Path
) -> None:
    depending = asking_for_the_voucher(own, reading.ledger(file))
    tampered(own, "payment", 3)
    made = verify(own, CLERK, file.name, file.read_bytes())
    assert [(t.kind, t.key) for t in made.told if t.kind != "differs"] == [("lake", "payment")]
    assert differing(made) == depending - {"own.three_public.over_count"}
    assert not made.sound
    (lake,) = [t.message for t in made.told if t.kind == "lake"]
    assert lake.startswith("数据快照 S20261120-01：payment 的文件 ") and "大小不符" in lake


def test_a_voucher_changed_where_no_figure_reads_it_is_told_all_the_same(
    own: Home, file: Path
) -> None:
    tampered(own, "payment_voucher", 3)
    made = verify(own, CLERK, file.name, file.read_bytes())
    assert [(t.kind, t.key) for t in made.told] == [("lake", "payment_voucher")]
    assert made.agree == made.figures


def test_a_file_of_the_lake_that_is_gone_is_told_and_what_it_held_is_named(
    own: Home, file: Path
) -> None:
    snapshot = Snapshot.latest(own)
    assert snapshot is not None
    for path in snapshot.files("bond"):
        Path(path).unlink()
    made = verify(own, CLERK, file.name, file.read_bytes())
    asked = {
        key
        for key, entry in reading.ledger(file)["figures"].items()
        if any(" FROM bond " in f"{sql} " for sql in entry["queries"])
    }
    assert {t.key for t in made.told if t.kind == "lake"} == {"bond"}
    assert differing(made) <= asked and "all.debt.issued" in differing(made)


def test_what_a_hand_changed_in_the_text_is_named_with_chapter_and_sentence(
    own: Home, file: Path
) -> None:
    revenue = "all.general.revenue.ytd"

    def change(root: Any) -> None:
        body = hands.paragraph(root, "从国库集中支付凭证看")
        hands.retyped(root, revenue, "1,150.00万元", at=2)
        hands.removed(root, "own.general.paid.progress")
        hands.typed(body, "据了解，其中工程款约320.5万元，占三成。")
        hands.new_paragraph(body, "请各部门按2026年12月15日前的要求办理，详见第3期。")
        cell = next(c for c in root.iter(hands.W + "tc") if hands.text_of(c) == "—")
        hands.typed(next(cell.iter(hands.W + "p")), "88.8")

    made = verify(own, CLERK, file.name, hands.reworked(file.read_bytes(), change))
    assert (made.agree, made.issue) == (made.figures, 1)
    chapter = "二、一般公共预算（五）部门支出进度"
    found = told(made)
    added = [each[3] for each in found if each[0] == "added"]
    assert added == ["88.8", "320.5", "三"]
    assert (
        "altered",
        revenue,
        ("二、一般公共预算（一）收入",),
        "1,150.00万元",
        "1—9月，全市一般公共预算收入1,150.00万元，同比下降0.9%，完成年初预算的75.0%，"
        "与序时进度持平。",
    ) in found
    assert ("added", "", (chapter,), "320.5", "据了解，其中工程款约320.5万元，占三成。") in found
    (gone,) = [each for each in found if each[0] == "missing"]
    assert gone[1:3] == ("own.general.paid.progress", (chapter,))
    assert len(found) == 5


def test_words_may_be_edited_and_an_office_program_may_save_the_file_in_its_way(
    own: Home, file: Path
) -> None:
    def change(root: Any) -> None:
        hands.typed(hands.paragraph(root, "从国库集中支付凭证看"), "请有关部门加快支出。")
        first = hands.paragraph(root, "分项看")
        hands.new_paragraph(first, "以上情况请财政部门说明。")
        hands.split_runs(root)
        hands.recounted(root)

    rename = {hands.LEDGER: "customXml/item7.xml"}
    made = verify(own, CLERK, "改.docx", hands.reworked(file.read_bytes(), change, rename))
    assert (told(made), made.issue) == ([], 1)


def test_a_paragraph_may_be_moved_and_its_figures_go_with_it(own: Home, file: Path) -> None:
    def change(root: Any) -> None:
        below = hands.paragraph(root, "分项看")
        below.addnext(hands.paragraph(root, "从国库集中支付凭证看"))

    made = verify(own, CLERK, "改.docx", hands.reworked(file.read_bytes(), change))
    assert told(made) == []


def test_tracked_changes_count_as_accepted(own: Home, file: Path) -> None:
    def change(root: Any) -> None:
        body = hands.paragraph(root, "分项看")
        for mark, tag, text in (("ins", "t", "另12.5万元"), ("del", "delText", "旧9.9万元")):
            inside = hands.etree.SubElement(body, hands.W + mark)
            run = hands.etree.SubElement(inside, hands.W + "r")
            hands.etree.SubElement(run, hands.W + tag).text = text

    made = verify(own, CLERK, "改.docx", hands.reworked(file.read_bytes(), change))
    assert [(t.kind, t.printed) for t in made.told] == [("added", "12.5")]


def test_a_day_that_the_machine_wrote_is_told_when_it_is_changed(own: Home, file: Path) -> None:
    def change(root: Any) -> None:
        line = hands.paragraph(root, "期间：2026年1—9月（累计）")
        for t in line.iter(hands.W + "t"):
            t.text = (t.text or "").replace("2026-11-20", "2026-12-31")

    made = verify(own, CLERK, "改.docx", hands.reworked(file.read_bytes(), change))
    assert [(t.kind, t.printed, t.places) for t in made.told] == [
        ("added", "2026-12-31", ("首页",))
    ]


def test_a_ledger_that_was_changed_with_the_text_is_told_by_register_and_lake(
    own: Home, file: Path
) -> None:
    def change(ledger: dict[str, Any]) -> None:
        ledger["figures"][SPENT]["value"] = 99 * WAN

    package = hands.with_ledger(file.read_bytes(), change)
    made = verify(own, CLERK, file.name, package)
    assert [(t.kind, t.key, t.was, t.now) for t in made.told] == [
        ("differs", SPENT, "990,000.00元", "260,000.00元"),
        ("ledger", SPENT, "990,000.00元", "260,000.00元"),
    ]
    assert made.issue is None


def test_a_report_that_was_never_registered_says_so(own: Home, tmp_path: Path) -> None:
    corrected(own, 2)  # another snapshot, of which nothing was registered
    (path,) = build(own, GRANT, "2026Q3", ("docx",), tmp_path / "loose")
    made = verify(own, CLERK, path.name, path.read_bytes())
    assert [t.kind for t in made.told] == ["unregistered"]
    assert (made.issue, made.agree) == (None, made.figures)

    def change(root: Any) -> None:
        hands.retyped(root, SPENT, "27.00万元")

    worked = verify(own, CLERK, path.name, hands.reworked(path.read_bytes(), change))
    assert [(t.kind, t.printed) for t in worked.told] == [
        ("altered", "27.00万元"),
        ("unregistered", ""),
    ]


def test_a_page_changed_by_hand_is_told_too(own: Home, file: Path) -> None:
    text = file.with_suffix(".html").read_text(encoding="utf-8")
    changed = text.replace(">26.00万元</a>", ">36.00万元</a>", 1).replace(
        "待核实。</p>", "待核实，另有7.7万元。</p>", 1
    )
    made = verify(own, CLERK, "页.html", changed.encode())
    assert [(t.kind, t.key, t.printed, t.sentence) for t in made.told] == [
        (
            "altered",
            SPENT,
            "36.00万元",
            "市本级三公经费支出36.00万元，为变动预算的86.7%，同比增长8.3%。",
        ),
        ("added", "", "7.7", "支出超过变动预算的部门有1个，待核实，另有7.7万元。"),
    ]


def test_a_pdf_that_is_not_the_registered_file_is_told(own: Home, file: Path) -> None:
    changed = file.with_suffix(".pdf").read_bytes() + b"% 26.00\n"
    (only,) = verify(own, CLERK, "页.pdf", changed).told
    assert (only.kind, only.message) == (
        "altered",
        "PDF 与第1号登记的不是同一个文件；PDF 的文字不逐字核对，请用登记的原件。",
    )


def test_findings_that_went_on_since_are_told_apart_from_the_lake(own: Home) -> None:
    check(own.root)
    (file,) = build_now(own, CLERK, "2026Q3", ("docx",), own.root / "out")[1]
    figures = reading.ledger(file)["figures"]
    assert verify(own, CLERK, file.name, file.read_bytes()).told == ()
    with writing(own) as connection:
        gone = sa.update(finding).where(finding.c.level == "red").values(outcome="cleared")
        assert connection.execute(gone).rowcount > 0
        last = connection.execute(sa.select(run).order_by(run.c.seq.desc())).mappings().first()
        connection.execute(run.insert().values({**last, "run": "later", "seq": last["seq"] + 1}))
    made = verify(own, CLERK, file.name, file.read_bytes())
    counted = {key for key, e in figures.items() if any(" FROM finding" in q for q in e["queries"])}
    moved = {t.key for t in made.told}
    assert {t.kind for t in made.told} == {"moved"}
    assert {"findings.total", "findings.level.red"} <= moved <= counted
    assert made.sound
    assert made.agree == made.figures - len(moved)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04nothing", "不是完整的 Word 文件"),
        (b"<html><body>1</body></html>", "网页里没有数字清单"),
        (b"%PDF-1.7 stream\n{}\nendstream", "PDF 里没有数字清单"),
        (b"", "只核对本系统生成的 Word（docx）、PDF（pdf）和网页（html）文件"),
    ],
)
def test_what_is_no_report_of_ours_is_refused(own: Home, content: bytes, message: str) -> None:
    with pytest.raises(DigestError, match=message):
        verify(own, CLERK, "x", content)


def test_who_sees_a_part_verifies_nothing_and_an_unknown_snapshot_is_named(
    own: Home, file: Path
) -> None:
    cut = Actor(Grant("x", "t", scope=Scope(frozenset({CITY})), role="clerk"), "经办")
    with pytest.raises(DigestRefusedError, match="核对要看全部数据"):
        verify(own, cut, file.name, file.read_bytes())
    with pytest.raises(UnknownSnapshotError, match="没有数据快照 S2"):
        verify(own, CLERK, file.name, file.read_bytes(), against="S2")

    def elsewhere(ledger: dict[str, Any]) -> None:
        ledger["snapshot"] = "S20270101-01"

    with pytest.raises(UnknownSnapshotError, match="没有数据快照 S20270101-01"):
        verify(own, CLERK, "x", hands.with_ledger(file.read_bytes(), elsewhere))


def test_what_is_told_has_a_record_for_programs() -> None:
    assert Told("added", "“1”是人工添加的", places=("一",), sentence="1", printed="1").record() == {
        "kind": "added",
        "title": "人工添加",
        "figure": "",
        "label": "",
        "places": ["一"],
        "sentence": "1",
        "printed": "1",
        "was": "",
        "now": "",
        "message": "“1”是人工添加的",
    }
