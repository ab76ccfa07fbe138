"""Published files of real places, through load and check; skipped where they are absent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.command import budget_watch, business_rows

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not DATA.is_dir(), reason="the published files of ../shared/data are not here"
    ),
]


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("panel") / "home"
    budget_watch(home, "load", str(DATA / "debt_panel" / "city_gov_debt.csv"), "--json").check()
    budget_watch(home, "check", "--rule", "ZW01", "--json").check()
    return home


def test_the_debt_panel_hits_exactly_what_exceeds_its_limit(panel: Path) -> None:
    found = budget_watch(panel, "findings", "--rule", "ZW01", "--json").check().lines[:-1]
    by_kind: dict[str, list[tuple[str, int]]] = {"合计": [], "一般": [], "专项": []}
    for item in found:
        by_kind[item["grain"]["debt_kind"]].append(
            (item["grain"]["mof_div_code"][:6], int(item["grain"]["fiscal_year"]))
        )
    assert sorted(by_kind["合计"]) == [("150800", 2018), ("650400", 2024)]
    assert (len(by_kind["一般"]), len(by_kind["专项"])) == (6, 5)
    assert {(item["level"], item["provisional"]) for item in found} == {("orange", True)}


def test_rows_without_a_limit_are_insufficient_never_clear(panel: Path) -> None:
    gaps = budget_watch(
        panel, "findings", "--rule", "ZW01", "--outcome", "insufficient_data", "--json"
    )
    total = [item for item in gaps.check().lines[:-1] if item["grain"]["debt_kind"] == "合计"]
    assert len(total) == 1796
    rounding = [
        item
        for item in gaps.lines[:-1]
        if item["grain"]["debt_kind"] == "专项" and "舍入" in (item.get("because") or "")
    ]
    assert len(rounding) == 1


def test_guangdong_debt_is_found_and_its_wrong_unit_reported(tmp_path: Path) -> None:
    home = tmp_path / "home"
    loaded = budget_watch(
        home, "load", str(DATA / "workbooks" / "guangdong_2021_debt.xlsx"), "--json"
    )
    assert loaded.status == 1
    wrong = [line for line in loaded.lines[:-1] if "表4-2" in str(line["sheet"])]
    assert wrong and all(line["stored"] == 0 and "单位" in line["reason"] for line in wrong)
    budget_watch(home, "check", "--json").check()
    found = budget_watch(home, "findings", "--rule", "ZW01", "--json").check().lines[:-1]
    assert "440105" in {item["grain"]["mof_div_code"][:6] for item in found}


def test_every_sheet_of_the_lijiang_workbook_is_loaded_or_named(tmp_path: Path) -> None:
    home = tmp_path / "home"
    loaded = budget_watch(
        home, "load", str(DATA / "workbooks" / "lijiang_2025_budget_attachment.xlsx"), "--json"
    ).check()
    lines = loaded.lines[:-1]
    assert len({line["sheet"] for line in lines}) == 54
    assert [line for line in lines if not line["stored"] and not line["reason"]] == []
    tables = {line["table"] for line in lines if line["stored"]}
    assert {
        "FIN-01",
        "FIN-02",
        "FIN-03",
        "FIN-04",
        "FIN-05",
        "FIN-06",
        "FIN-07",
        "FIN-24",
    } <= tables
    assert business_rows(home, "general_expenditure").height >= 1329


@pytest.mark.parametrize(
    "path", sorted((DATA / "bad_tables").glob("*")), ids=lambda path: path.name
)
def test_a_broken_table_gets_one_sentence_and_leaves_nothing(path: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    loaded = budget_watch(home, "load", str(path), "--json")
    assert loaded.status == 1, loaded.errors
    reasons = [line["reason"] for line in loaded.lines[:-1]]
    assert reasons and all(reasons)
    assert loaded.summary["stored"] == 0
