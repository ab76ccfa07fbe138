"""限额和依据: on the topics' pages every limit leads to its parameter and to its article."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from budget_watch.lake import Home
from tests.dashboard.reading import cells, classed, kinds, links, words
from tests.dashboard.test_pages import main
from tests.views import small_city

LOCAL = """
- id: debt.ratio.notice
  values:
    - {from: 2020-01-01, value: 105%, authority: local, jurisdiction: "99", note: 2020年决定}
"""


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return small_city.make(tmp_path_factory.mktemp("limits"))


def limits(home: Home, path: str) -> list[list[str]]:
    (section,) = [
        s for s in kinds(main(home, path), "Section") if words(kinds(s, "H2")[0]) == "限额和依据"
    ]
    return [cells(row) for row in kinds(section, "Tr")[1:]]


def test_limits_of_transfers_are_told_with_their_articles(city: Home) -> None:
    law = "《中华人民共和国预算法》第五十二条"
    assert limits(city, "/transfer") == [
        ["一般性转移支付下达期限", "30日", "法定", law, "ZX03"],
        ["期间末日遇休息日顺延（1 顺延，0 不顺延）", "1", "经验标准", "—", "ZX03、ZX04、ZX05"],
        ["专项转移支付下达期限", "60日", "法定", law, "ZX04"],
        ["省级收到中央转移支付后下达期限", "30日", "法定", law, "ZX05"],
        ["市县收到上级转移支付后分解下达天数", "30日", "经验标准", "—", "ZX05"],
    ]
    found = links(main(city, "/transfer"))
    assert {"/laws/budget-law/52", "/params/procedure.general_transfer"} <= set(found)


def test_a_limit_that_depends_on_the_place_is_told_with_its_condition(city: Home) -> None:
    rows = {row[0]: row[1:] for row in limits(city, "/debt")}
    own = {name: row for name, row in rows.items() if row[-1] == "ZW01"}
    assert [row[:3] for row in own.values()] == [
        ["—", "法定", "《中华人民共和国预算法》第三十五条"],
        ["—", "本级标准", "《河南省预算审查监督条例》第二十七条"],
        ["—", "文件规定", "据《关于对地方政府债务实行限额管理的实施意见》（待核对原文）"],
    ]
    assert all(name.startswith("债务余额超限额") and "限额" in name[7:] for name in own)
    assert rows["付息支出率（财政重整线）"][-1] == "ZW03、ZW04"


@pytest.mark.parametrize("path", ["/sangong", "/social", "/assets?tab=soe", "/assets?tab=admin"])
def test_every_topic_has_its_limits_and_no_basis_without_a_way(city: Home, path: str) -> None:
    page = main(city, path)
    (section,) = [s for s in kinds(page, "Section") if words(kinds(s, "H2")[0]) == "限额和依据"]
    rows = kinds(section, "Tr")[1:]
    assert rows
    for row in rows:
        told = cells(row)
        ways = links(row)
        assert ("《" in told[3]) == any(way.startswith("/laws/") for way in ways), told
        assert (told[1] != "—") <= any(way.startswith("/params/") for way in ways), told
        assert any(way.startswith("/rules/") for way in ways), told


def test_the_lines_of_the_debt_ratio_are_the_parameters_in_force(
    city: Home, tmp_path: Path
) -> None:
    page = main(city, "/debt?scope=all")
    basis = "据《财政部地方政府债务风险评估口径》（待核对原文）"
    assert f"三条线：120%、200%、300%，{basis}" in words(page)
    assert lines(page) == ["34.29%", "57.14%", "85.71%"]
    root = tmp_path / "home"
    shutil.copytree(city.root, root)
    (root / "rules" / "params").mkdir(parents=True)
    (root / "rules" / "params" / "local.yaml").write_text(LOCAL, encoding="utf-8")
    changed = main(Home(root), "/debt?scope=all")
    assert "三条线：105%、200%、300%（本级标准）" in words(changed)
    assert lines(changed) == ["30.00%", "57.14%", "85.71%"]


def lines(page: object) -> list[str]:
    """Where the lines stand on the scale from 0 to 350%."""
    (bar,) = [s for s in classed(page, "bullet") if getattr(s, "aria-label").startswith("债务率")]
    return [tick.style["left"] for tick in classed(bar, "tick")]


def test_a_citys_debt_limit_is_named_as_allotted_from_above(home: Home) -> None:
    page = main(home, "/debt")
    said = words(page)
    assert said.count("下达限额《预算法实施条例》第四十五条") == 3
    assert "法定限额" not in said
    assert "/laws/budget-law-regulation/45" in " ".join(links(page))
    assert "报本级人大常委会批准" in said  # how the limit comes about, in its card
