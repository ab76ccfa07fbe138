"""schedule and runs, as their users call them."""

import json
from datetime import date, datetime

import pytest

from budget_watch.cli.main import main
from budget_watch.lake import day_runs
from budget_watch.lake.snapshot import CHINA
from ingest.schedule.plan import Settings, Turn, next_turn
from ingest.schedule.recorded import Ended, run_recorded

DAY = date(2026, 11, 20)


def said(capsys, home, *words, status=0):
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main(["--home", str(home.root), *words])
    printed = capsys.readouterr()
    assert left.value.code == status, printed
    return printed


def whole(home, day, tell):
    for phase in day_runs.PHASES:
        tell.phase(phase)
    return Ended("入库 3 行。", {"stored": 3})


def failing(home, day, tell):
    raise OSError("磁盘已满")


def test_runs_are_listed_and_shown(capsys, home):
    run_recorded(home, DAY, failing, reason="定时")
    run_recorded(home, DAY, whole, reason="重试")
    *lines, summary = said(capsys, home, "runs", "list", "--json").out.splitlines()
    assert json.loads(summary) == {"summary": True, "runs": 2, "running": None}
    assert [(r["run"], r["outcome"], r["message"]) for r in map(json.loads, lines)] == [
        ("2026-11-20/2", "done", "入库 3 行。"),
        ("2026-11-20/1", "failed", "磁盘已满"),
    ]
    shown = said(capsys, home, "runs", "show").out
    assert [line.split()[-1] for line in shown.splitlines()[:5]] == list(day_runs.PHASES)
    assert shown.splitlines()[-1] == "2026-11-20/2 完成（重试）。入库 3 行。"
    assert (
        "没有运行记录 2026-11-21" in said(capsys, home, "runs", "show", "2026-11-21", status=3).err
    )


def test_what_is_complete_is_not_resumed_and_what_does_not_run_is_not_cancelled(capsys, home):
    run_recorded(home, DAY, whole, reason="定时")
    assert "没有可继续的" in said(capsys, home, "runs", "resume").out
    assert "没有正在进行的运行" in said(capsys, home, "runs", "cancel", status=3).err


def test_a_home_without_data_is_not_made_by_looking(capsys, home):
    assert "里没有数据" in said(capsys, home, "runs", "list", status=3).err
    assert "里没有数据" in said(capsys, home, "schedule", "--once", status=3).err
    assert not home.root.exists()


def test_a_part_fetched_by_hand_is_written_down_and_leaves_the_day_due(capsys, home, tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "FIN-15_2026-11-20.csv").write_text("不是凭证\n", encoding="utf-8")
    home.root.mkdir()
    (home.root / "budget_watch.toml").write_text(
        f'[[source]]\nname = "文件"\nkind = "folder"\npath = "{inbox}"\nstable_seconds = 0\n',
        encoding="utf-8",
    )
    words = ("ingest", "--date", "2026-11-20")
    assert "没有数据源“别的”" in said(capsys, home, *words, "--source", "别的", status=3).err
    assert not day_runs.day_runs(home)
    said(capsys, home, *words, "--source", "文件", status=1)
    said(capsys, home, *words, "--again", status=1)
    runs = day_runs.day_runs(home)
    assert [(r.id, r.reason, r.outcome, r.part, r.whole) for r in runs] == [
        ("2026-11-20/2", "手工补取", "look", True, False),
        ("2026-11-20/1", "手工补取", "look", True, False),
    ]
    assert {name: one.outcome for name, one in runs[1].sources.items()} == {"文件": "done"}
    assert "没有可继续的" in said(capsys, home, "runs", "resume").out
    now = datetime(2026, 11, 21, 4, tzinfo=CHINA)
    turn = next_turn(runs, now, Settings(since=DAY), None)
    assert turn == Turn(DAY, "定时")
