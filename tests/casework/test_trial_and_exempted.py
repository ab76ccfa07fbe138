"""Rules on trial are marked and counted apart; an exempted finding says by whom, why, how long."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from budget_watch.access import Grant
from budget_watch.casework.checking import rule_book
from budget_watch.casework.exemptions import exempting
from budget_watch.casework.findings import list_findings
from budget_watch.casework.runs import latest_run
from budget_watch.cli.main import main
from budget_watch.lake import Home
from budget_watch.views.alerts import fresh, on_trial, open_findings
from dashboard.app import answer
from tests.casework.test_exemptions import ENTRY, RULE, home, judged, registered
from tests.dashboard.reading import cells, classed, kinds, words
from tests.servers.every_home import bare

__all__ = ["home"]
ANYONE = Grant.operator("test")


def said(capsys: pytest.CaptureFixture[str], home: Home, *more: str) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main(["--home", str(home.root), *more])
    assert left.value.code == 0
    return capsys.readouterr().out


def shown(home: Home, path: str, query: str = "") -> Any:
    return kinds(answer(home, ANYONE, path, query), "Main")[0]


def test_findings_of_a_rule_on_trial_are_apart_until_it_is_active(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = home.root / "rules" / "voucher" / "PZ97.yaml"
    rule.write_text(f"{RULE}status: trial\n", encoding="utf-8")
    done = judged(home)
    assert (done.recorded.new, done.recorded.trial) == (0, 2)
    assert "新增疑点 0 条，恢复 0 条。另有试运行规则的新增疑点 2 条，不发通知" in done.sentence
    assert open_findings(home, ANYONE) == []
    assert fresh(home, ANYONE, latest_run(home)) == []
    assert [f.trial for f in on_trial(home, ANYONE)] == [True, True]
    *listed, summary = map(json.loads, said(capsys, home, "findings", "--json").splitlines())
    assert [each["trial"] for each in listed] == [True, True]
    assert (summary["findings"], summary["on_trial"]) == (0, 2)
    text = said(capsys, home, "findings")
    assert text.count("试运行规则，数据：新触发，办理：新触发") == 2
    assert "共 0 条，另有试运行规则的 2 条。" in text
    assert "试运行规则另有2条" in words(shown(home, "/overview"))
    alerts = shown(home, "/alerts")
    assert "另有试运行规则的疑点2条" in words(alerts)
    assert words(alerts).count("PZ97 大额支付") == 0
    apart = shown(home, "/alerts", "?trial=1")
    assert len([tag for tag in classed(apart, "tag") if words(tag) == "试运行"]) == 2
    one = on_trial(home, ANYONE)[0]
    note = "规则在试运行：另计，不发通知、不计期限。"
    assert note in words(shown(home, f"/finding/{one.finding}"))

    rule.write_text(RULE, encoding="utf-8")
    judged(home)
    assert len(open_findings(home, ANYONE)) == 2
    assert on_trial(home, ANYONE) == []


def test_an_exempted_finding_says_who_why_and_how_long(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    judged(home)
    registered(home)
    judged(home)
    (gone,) = list_findings(home, ANYONE, outcome="not_applicable")
    entry = exempting(home, rule_book(home.root), gone.observation)
    assert entry is not None
    assert {name: entry[name] for name in ("exemption", "known", "level", "class", "reason")} == {
        "exemption": "LW-9", "known": True, "level": "yellow", "class": "理", "reason": "集中结算",
    }  # fmt: skip
    text = said(capsys, home, "explain", gone.finding)
    assert (
        "例外情形登记 LW-9\n  事由 集中结算\n  文件 区政府会议纪要〔2026〕3号\n"
        "  登记人 张三，批准人 李四\n  有效期 2026-01-01 至 2026-12-31\n"
        "  没有登记时的级别 ■黄（理）\n"
    ) in text
    page = shown(home, f"/finding/{gone.finding}")
    (block,) = [
        each for each in classed(page, "block") if words(kinds(each, "H2")[0]) == "例外情形登记"
    ]
    assert words(kinds(block, "Dl")) == (
        "编号LW-9事由集中结算文件区政府会议纪要〔2026〕3号登记人张三批准人李四"
        "有效期2026-01-01至2026-12-31原应级别■黄 理"
    )
    assert "未定级" not in words(kinds(page, "H1"))
    assert "例外登记期间不办理" in words(page)

    rule = shown(home, "/rules/PZ97")
    (row,) = [row for row in map(cells, kinds(rule, "Tr")) if row[0] == "LW-9"]
    assert row == [
        "LW-9", "集中结算", "区政府会议纪要〔2026〕3号", "张三、李四",
        "2026-01-01至2026-12-31", "1",
    ]  # fmt: skip

    registered(home, ENTRY.replace("LW-9", "LW-8"))
    later = exempting(home, rule_book(home.root), gone.observation)
    assert later == {"exemption": "LW-9", "known": False, "level": "yellow", "class": "理"}


SIGNS = ("stock", "provisional", "held")


def test_a_home_of_before_has_no_finding_on_trial(tmp_path: Path) -> None:
    import sqlalchemy as sa
    from alembic import command
    from alembic.config import Config

    from budget_watch.lake.state import MIGRATIONS, engine

    old_home = Home(tmp_path)
    old = sa.create_engine(bare(old_home.root))
    with old.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        columns = [each["name"] for each in sa.inspect(connection).get_columns("finding")]
        assert "trial" not in columns
        names = ", ".join(f'"{name}"' for name in columns)
        marks = ", ".join(f":{name}" for name in columns)
        values = dict.fromkeys(columns, "0") | dict.fromkeys(SIGNS, False)
        values |= {"first_seen": "2026-11-01", "last_seen": "2026-11-01"}
        connection.execute(sa.text(f"INSERT INTO finding ({names}) VALUES ({marks})"), values)
    old.dispose()
    with engine(old_home).connect() as connection:
        assert connection.execute(sa.text("SELECT trial FROM finding")).scalars().all() == [0]
