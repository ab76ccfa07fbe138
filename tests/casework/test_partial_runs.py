"""A run of some rules only moves their findings; the counts stay those of the last whole run."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from budget_watch.access import Grant
from budget_watch.casework.checking import check
from budget_watch.casework.findings import list_findings
from budget_watch.casework.recording import Run, record_run
from budget_watch.casework.runs import latest_run, runs
from budget_watch.cli.main import main
from budget_watch.lake import Home
from budget_watch.lake.state import MIGRATIONS, engine
from budget_watch.views.alerts import fresh
from budget_watch.views.findings_summary import Judged
from budget_watch.views.findings_summary import judged as summed
from tests.casework.test_broken_book import BROKEN, home, written
from tests.casework.test_recording import observation
from tests.servers.every_home import bare

__all__ = ["home"]
ANYONE = Grant.operator("test")


def tally(rule: str, judged: int, **more: Any) -> dict[str, Any]:
    return {"rule": rule, "judged": judged, "hit": 1, "insufficient_data": 2, "error": 0, **more}


def recorded(
    home: Home, name: str, day: int, *tallies: dict[str, Any], partial: bool, hits: str = ""
) -> None:
    rules = frozenset(each["rule"] for each in tallies)
    made = Run(name, "S1", "b", date(2026, 11, day), rules, list(tallies), {}, partial)
    record_run(home, made, [observation(each) for each in hits], None)


def test_counts_stay_those_of_the_whole_run_and_the_partial_ones_stand_beside(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path)
    assert latest_run(home) is None
    recorded(home, "p0", 1, tally("ZX06", 3), partial=True)
    alone = latest_run(home)
    assert alone is not None
    assert (alone.counted, alone.beside) == (
        "1条规则判断3次", "只运行了ZX06，还没有运行过全部规则",
    )  # fmt: skip
    recorded(
        home, "w1", 2, tally("ZX06", 4), tally("PZ01", 5), tally("ZW01", 0, not_loaded="坏"),
        partial=False, hits="a",
    )  # fmt: skip
    recorded(home, "p2", 3, tally("PZ01", 7), partial=True)
    recorded(home, "p3", 4, tally("ZX06", 6), partial=True, hits="ab")
    last = latest_run(home)
    assert last is not None
    assert (last.run, [each.run for each in last.since]) == ("w1", ["p2", "p3"])
    assert last.counted == "2条规则判断9次，1条没有运行（ZW01）"
    assert last.beside == "此后单独运行过PZ01、ZX06（最近业务日2026-11-04），次数未计入"
    assert last.latest_of() == {"p2": ["PZ01"], "p3": ["ZX06"]}
    assert summed(home, Grant.system("test")) == Judged(date(2026, 11, 2), 2, 9, 6)
    assert [f.finding[0] for f in fresh(home, ANYONE, last)] == ["b", "a"]
    assert {each["run"]: (each["partial"], each["rules"]) for each in runs(home)} == {
        "p0": (True, 1), "w1": (False, 2), "p2": (True, 1), "p3": (True, 1),
    }  # fmt: skip


def test_a_check_of_one_rule_is_partial_and_findings_say_so(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    written(home, "PZ98", BROKEN["空文件"][0])
    whole = check(home.root)
    assert not whole.partial
    count = f"{whole.summary['rules']}条规则判断{whole.summary['judged']:,}次"
    written(home, "PZ97", (home.root / "rules/voucher/PZ97.yaml").read_text().replace("1元", "2元"))
    part = check(home.root, rules=["PZ97"])
    assert (part.partial, part.summary["partial"]) == (True, True)
    assert "只运行了部分规则：" in part.sentence
    ours = [f.outcome for f in list_findings(home, ANYONE, rule="PZ97", outcome=None)]
    assert ours == ["cleared"]  # a partial run is evidence for its rule all the same
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main(["--home", str(home.root), "findings", "--rule", "PZ97"])
    assert left.value.code == 0
    said = capsys.readouterr().out.replace("\n", "")
    assert f"最近一次运行截至 2026-09-30：{count}，1条没有运行（PZ98），数据不足" in said
    assert "此后单独运行过PZ97（最近业务日2026-09-30），次数未计入。" in said


def test_all_rules_by_name_are_a_whole_run(home: Home) -> None:
    from budget_watch.casework.checking import rule_book

    assert not check(home.root, rules=list(rule_book(home.root).rules)).partial


def test_a_home_of_before_is_brought_up_to_date_and_its_partial_runs_are_known(
    tmp_path: Path,
) -> None:
    from alembic import command
    from alembic.config import Config

    home = Home(tmp_path)
    old = sa.create_engine(bare(home.root))
    rows = [
        ("w1", 1, "b1", "2026-11-01", '[{"rule": "A"}, {"rule": "B"}]'),
        ("p1", 2, "b1", "2026-11-01", '[{"rule": "A"}]'),
        ("w2", 3, "b2", "2026-11-01", '[{"rule": "A"}]'),  # another book: nothing says it was part
    ]
    with old.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        for row in rows:
            names = dict(zip(("run", "seq", "book", "day", "tallies"), row, strict=True))
            connection.execute(
                sa.text(
                    "INSERT INTO run (run, seq, snapshot, book_hash, as_of, recorded_at, tallies)"
                    " VALUES (:run, :seq, 's', :book, :day, 'x', :tallies)"
                ),
                names,
            )
    old.dispose()
    with engine(home).connect() as connection:
        marks = dict(connection.execute(sa.text("SELECT run, partial FROM run")).all())
    assert marks == {"w1": 0, "p1": 1, "w2": 0}
