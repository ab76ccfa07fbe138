"""What pages say of a run: the whole one counts, partial ones stand beside, what did not run is
named."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from budget_watch.access import Grant
from budget_watch.casework.checking import check
from budget_watch.casework.runs import latest_run
from budget_watch.lake import Home
from dashboard.app import answer
from tests.casework.test_load import RULE
from tests.dashboard.reading import cells, classed, kinds, links, words


def shown(home: Home, path: str) -> Any:
    return kinds(answer(home, Grant.operator("test"), path, ""), "Main")[0]


@pytest.fixture
def copy(home: Home, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(home.root, tmp_path / "home")))


def test_a_partial_run_leaves_every_pages_counts_and_is_named_beside_them(copy: Home) -> None:
    before = latest_run(copy)
    assert before is not None
    check(copy.root, rules=["PZ02"])
    pages = {
        name: words(shown(copy, f"/{name}")) for name in ("overview", "rules", "alerts", "data")
    }
    beside = f"此后单独运行过PZ02（最近业务日{before.as_of}），次数未计入"
    for text in pages.values():
        assert before.counted in text
        assert beside in text
    rows = [cells(row) for row in kinds(shown(copy, "/rules"), "Tr")]
    tally = next(t for t in before.tallies if t["rule"] == "ZX06")
    (zx06,) = [row for row in rows if row[0].startswith("ZX06 ")]
    assert zx06[5:7] == [f"{tally['judged']:,}", f"{tally['hit']:,}"]


def test_rules_that_did_not_run_are_not_counted_and_named_with_the_reason(copy: Home) -> None:
    path = copy.root / "rules" / "voucher" / "PZ98.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("id: PZ98\n", encoding="utf-8")
    check(copy.root)
    run = latest_run(copy)
    assert run is not None
    assert run.counted.endswith("次，1条没有运行（PZ98）")
    for name in ("overview", "rules", "alerts", "data"):
        assert run.counted in words(shown(copy, f"/{name}"))
    (block,) = [
        each
        for each in classed(shown(copy, "/data"), "block")
        if words(kinds(each, "H2")[0]) == "没有判断的规则"
    ]
    (row,) = [row for row in map(cells, kinds(block, "Tr")) if row[0] == "PZ98"]
    assert row == ["PZ98", "没有运行", run.not_loaded["PZ98"]]
    assert [link for link in links(block) if "PZ98" in link] == []  # it has no page


def test_on_a_phone_every_page_is_one_or_two_touches_away(home: Home) -> None:
    page = answer(home, Grant.operator("test"), "/overview", "")
    (bar,) = classed(page, "tabbar")
    targets = links(bar)
    assert targets[:5] == ["/overview", "/alerts", "/exec", "/debt", "/todo"]
    assert len(targets) == len(set(targets))
    assert {each for nav in classed(page, "nav") for each in links(nav)} < set(targets)
    assert "/search" in targets  # the box of the head is not there on a phone
    assert links(classed(bar, "more-list")) == targets[4:]


def test_on_a_phone_a_run_that_did_not_happen_says_so_and_why(copy: Home) -> None:
    path = copy.root / "rules" / "voucher" / "PZ98.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("id: PZ98\n", encoding="utf-8")
    check(copy.root)
    run = latest_run(copy)
    assert run is not None
    path.write_text(RULE.replace("PZ97", "PZ98"), encoding="utf-8")
    (block,) = [
        each
        for each in classed(shown(copy, "/rules/PZ98"), "block")
        if words(kinds(each, "H2")[0]) == "命中历史"
    ]
    row = kinds(kinds(block, "Tbody")[0], "Tr")[0]
    seen = [cell for cell in kinds(row, "Td") if "minor" not in (cell.className or "").split()]
    assert [words(classed(cell, "missing")) for cell in seen] == ["没有运行"] * 4 + [""]
    assert words(seen[-1]) == f"说明没有运行：{run.not_loaded['PZ98']}"
    heads = {
        words(cell): "minor" in (getattr(cell, "className", None) or "")
        for path in ("/rules", "/rules/ZX06")
        for cell in kinds(shown(copy, path), "Th")
        if cell.scope == "col"
    }
    assert [heads[name] for name in ("状态", "辖区", "性质")] == [False, False, False]
