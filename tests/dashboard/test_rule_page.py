"""The page of one rule: what it counted, what other numbers would change, its law and its tests."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from budget_watch.access import Grant
from budget_watch.casework.experiments import backtest
from budget_watch.lake import Home
from dashboard.app import answer
from tests.dashboard.reading import cells, classed, kinds, words


def blocks(home: Home, rule: str) -> dict[str, object]:
    page = answer(home, Grant.operator("test"), f"/rules/{rule}", "")
    found = classed(kinds(page, "Main")[0], "block")
    return {words(kinds(each, "H2")[0]): each for each in found if kinds(each, "H2")}


def test_a_rules_page_has_its_law_its_runs_and_its_tests_in_that_order(home: Home) -> None:
    assert list(blocks(home, "PZ02")) == [
        "为什么要关注", "级别", "参数", "依据", "法条原文", "命中历史", "回测", "测试",
    ]  # fmt: skip


def test_an_article_not_loaded_is_said_and_a_loaded_one_is_quoted(
    home: Home, tmp_path: Path
) -> None:
    assert "条文原文尚未载入" in words(blocks(home, "PZ02")["法条原文"])
    copy = tmp_path / "home"
    shutil.copytree(home.root, copy)
    (copy / "laws").mkdir()
    text = (
        "# 中华人民共和国预算法实施条例\n\n第五十七条　各级政府财政部门不得办理无预算的资金拨付。\n"
    )
    (copy / "laws" / "预算法实施条例(2020-08-03).md").write_text(text, encoding="utf-8")
    assert "不得办理无预算的资金拨付" in words(blocks(Home(copy), "PZ02")["法条原文"])


def test_the_history_counts_what_the_recorded_run_counted(home: Home) -> None:
    from budget_watch.views.rule_record import runs_of

    (run,) = runs_of(home, "PZ02")
    row = kinds(kinds(blocks(home, "PZ02")["命中历史"], "Tbody")[0], "Tr")[0]
    told = cells(row)
    assert told[0] == f"{run.as_of} {run.run[:6]}"
    assert told[1:3] == [str(run.tally["judged"]), str(run.tally["hit"])]


def test_a_back_test_says_how_often_and_what_another_number_would_change(
    home: Home, tmp_path: Path
) -> None:
    assert "还没有回测" in words(blocks(home, "PZ14")["回测"])
    copy = tmp_path / "home"
    shutil.copytree(home.root, copy)
    records = list(
        backtest(
            copy, date(2026, 8, 1), date(2026, 10, 31),
            said=["voucher.holiday.floor=1元"], rules=["PZ14"],
        )
    )  # fmt: skip
    total = records[-1]
    text = words(blocks(Home(copy), "PZ14")["回测"])
    assert f"共3个时点：{total['findings']}条疑点" in text
    change = total["sets"][0]
    assert f"改为1元：新增{change['added']}条，消失{change['removed']}条" in text


def test_every_case_of_the_tests_is_listed_with_what_must_come_out(home: Home) -> None:
    text = words(blocks(home, "PZ02")["测试"])
    assert "由数值判断" in text and "数据不足，无法判断" in text
