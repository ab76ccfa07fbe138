"""参数: every number with its history, whose it is, who uses it; back-tests asked for and told."""

from __future__ import annotations

import shutil
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from budget_watch.access import Grant, Scope
from budget_watch.casework import backtest_jobs
from budget_watch.casework.experiments import backtest
from budget_watch.lake import Home
from dashboard.app import create_app
from tests.dashboard.reading import cells, classed, kinds, links, words
from tests.dashboard.test_pages import main

NAME = "voucher.holiday.floor"
LOCAL = """
- id: voucher.holiday.floor
  values:
    - {from: 2020-01-01, value: 3万元, authority: local, jurisdiction: "9901", note: 2020年决定}
    - {from: 2025-01-01, value: 2万元, authority: local, jurisdiction: "9901", note: 2025年决定}
"""


@pytest.fixture
def own(home: Home, tmp_path: Path) -> Home:
    """A home of its own, with local values of one parameter."""
    root = tmp_path / "home"
    shutil.copytree(home.root, root)
    (root / "rules" / "params").mkdir(parents=True)
    (root / "rules" / "params" / "local.yaml").write_text(LOCAL, encoding="utf-8")
    return Home(root)


def section(page: object, title: str) -> Any:
    return next(s for s in kinds(page, "Section") if words(kinds(s, "H2")[0]).startswith(title))


def rows(page: object, title: str) -> list[list[str]]:
    return [cells(row) for row in kinds(section(page, title), "Tr")[1:]]


def test_the_list_counts_by_kind_and_filters_by_kind_and_area(home: Home) -> None:
    page = main(home, "/params")
    every = rows(page, "参数")
    assert f"规则用到{len(every)}个参数，法定" in words(page)
    reserve = next(row for row in every if row[0].endswith("支出下限"))
    assert reserve == [
        "预备费占本级一般公共预算支出下限", "1%", "2015-01-01", "法定",
        "《中华人民共和国预算法》第四十条", "0", "1",
    ]  # fmt: skip
    assert {row[3] for row in rows(main(home, "/params?tab=law"), "参数")} == {"法定"}
    kinds_ = [
        len(rows(main(home, f"/params?tab={tab}"), "参数")) for tab in ("law", "doc", "custom")
    ]
    elsewhere = [row for row in every if row[3] not in ("法定", "文件规定", "经验标准")]
    assert sum(kinds_) + len(rows(main(home, "/params?tab=local"), "参数")) == len(every)
    assert {row[4] for row in elsewhere} <= {"只在登记的辖区有值"}
    debt = rows(main(home, "/params?area=debt&tab=doc"), "参数")
    assert debt and all("债" in row[0] or "付息" in row[0] or "偿债" in row[0] for row in debt)
    assert "/params/drafting.reserve.low" in links(page)
    assert "/laws/budget-law/40" in links(page)
    assert "应为 law、doc、local、custom" in words(main(home, "/params?tab=x"))
    assert "没有找到这条记录" in words(main(home, "/params/no.such"))


def test_a_parameter_shows_its_history_whose_it_is_and_its_rules(own: Home) -> None:
    page = main(own, f"/params/{NAME}")
    assert "现行值2万元，本级标准，自2025年1月1日起；1条规则用到它。" in words(page)
    history = section(page, "值和依据")
    tables = kinds(history, "Table")
    assert [cells(row) for row in kinds(tables[-1], "Tr")[1:]] == [
        ["2万元", "2025-01-01", "现行", "本级标准", "9901", "2025年决定"],
        ["3万元", "2020-01-01", "2024-12-31", "本级标准", "9901", "2020年决定"],
        ["5万元", "2018-01-01", "现行", "经验标准", "各地", "—"],
    ]
    assert "最近一次在2025年1月1日，为2万元；1个辖区有自己的值" in words(history)
    (drawing,) = kinds(history, "Graph")
    lines = [(t["x"], t["y"], t["line"]["shape"]) for t in drawing.figure["data"]]
    assert lines == [
        (["2018-01-01", "2026-11-20"], [5e6, 5e6], "hv"),
        (["2020-01-01", "2025-01-01", "2026-11-20"], [3e6, 2e6, 2e6], "hv"),
    ]
    assert drawing.figure["layout"]["yaxis"]["ticktext"] == ["5万元", "3万元", "2万元"]
    assert (
        "本地改动：9901 自 2020-01-01 起用 3万元；9901 自 2025-01-01 起用 2万元（local.yaml"
        in words(section(page, "登记"))
    )
    assert [row[0] for row in rows(page, "用到它的规则 1")] == ["PZ14 节假日支付"]
    assert "/rules/PZ14" in links(page)


def test_a_number_of_law_leads_to_its_article_and_was_never_changed(home: Home) -> None:
    page = main(home, "/params/drafting.reserve.low")
    assert "/laws/budget-law/40" in links(page)
    assert "越高越严，各地的值只能更高" in words(page)
    assert "从施行起没有变动" in words(page) and not kinds(page, "Graph")
    assert "据《地方政府性债务风险应急处置预案》（待核对原文）" in words(
        main(home, "/params/debt.interest.ceiling")
    )


def test_kept_back_tests_say_what_another_value_would_have_changed(own: Home) -> None:
    assert "还没有换过别的值回测" in words(main(own, f"/params/{NAME}"))
    *_, total = backtest(
        own.root, date(2026, 8, 1), date(2026, 10, 31), said=[f"{NAME}=1元"], rules=["PZ14"]
    )
    change = total["sets"][0]
    text = words(section(main(own, f"/params/{NAME}"), "回测"))
    assert f"改为1元：新增{change['added']}条，消失{change['removed']}条，" in text
    assert "2026-08-31至2026-10-31共3个时点" in text
    assert "规则库后有改动" not in text
    (own.root / "rules" / "params" / "local.yaml").unlink()
    assert "规则库后有改动" in words(section(main(own, f"/params/{NAME}"), "回测"))


def test_whoever_sees_a_part_sees_no_back_test(own: Home) -> None:
    part = Grant("u", "test", scope=Scope(departments=frozenset({"101"})))
    text = words(main(own, f"/params/{NAME}", part))
    assert "现行值2万元" in text and "回测" not in text
    assert "回测" not in words(main(own, "/rules/PZ14", part))


def send(client: Any, target: str, step: str, given: dict[str, str], role: str = "经办") -> Any:
    asked = {"target": target, "step": step, "version": 0, "role": role, "given": given}
    return client.post("/act", json=asked, headers={"X-Budget-Watch": "act"})


def test_a_back_test_is_started_from_the_page_told_and_then_shown(own: Home) -> None:
    client = create_app(own).server.test_client()
    given = {"param": NAME, "value": "1元", "since": "2026-08-01", "until": "2026-10-31"}
    page = main(own, f"/params/{NAME}")
    form = next(f for f in kinds(page, "Form") if "开始回测" in words(f))
    assert getattr(form, "data-target") == "backtest-new"
    assert (
        "命令行：budget-watch rules backtest PZ14 --from 2026-01-01 --to 2026-11-20 --set"
        in words(page)
    )
    answer = send(client, "backtest-new", "start", given)
    assert (answer.status_code, answer.json["said"]) == (
        200, "回测已开始，算完后显示在本页；可以离开本页。",
    )  # fmt: skip
    running = classed(main(own, f"/params/{NAME}"), "running")
    (job,) = backtest_jobs.jobs(own)
    if job.state == "running":
        assert "正在回测：“节假日支付" in words(running) and "改为1元，PZ14" in words(running)
    told = client.get(f"/backtest/{job.id}").json
    until = time.monotonic() + 90
    while told["running"] and time.monotonic() < until:
        time.sleep(0.3)
        told = client.get(f"/backtest/{job.id}").json
    assert not told["running"]
    assert "改为1元：新增" in words(section(main(own, f"/params/{NAME}"), "回测"))
    assert client.get("/backtest/nothing").status_code == 404


@pytest.mark.parametrize(
    ("target", "step", "given", "role", "said"),
    [
        ("backtest-new", "start", {"value": "1元"}, "经办", "请求读不懂"),
        ("backtest-new", "start", {"param": NAME}, "经办", "参数和新值都要写"),
        ("backtest-new", "start", {"param": "no.such", "value": "1"}, "经办", "没有在用"),
        ("backtest-new", "start", {"rule": "PZ14"}, "经办", "起止日期没有填好"),
        ("backtest-new", "start", {"rule": "PZ14", "every": "week"}, "经办", "请求读不懂"),
        ("backtest-new", "start",
         {"rule": "PZ14", "since": "2026-08-01", "until": "2026-10-31"},
         "代表", "由预算工委的人员"),
        ("backtest:20260101000000-00000000", "cancel", {}, "经办", "已经不在计算"),
        ("backtest-new", "stop", {}, "经办", "请求读不懂"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_with_a_sentence(
    own: Home, target: str, step: str, given: dict[str, str], role: str, said: str
) -> None:
    answer = send(create_app(own).server.test_client(), target, step, given, role)
    assert answer.status_code == 422 and said in answer.json["said"]
    assert backtest_jobs.jobs(own) == []
