from __future__ import annotations

import json
import re
from pathlib import Path


def page(quarterly: dict[str, Path]) -> str:
    return quarterly[".html"].read_text(encoding="utf-8")


def test_nothing_is_fetched(quarterly: dict[str, Path]) -> None:
    text = page(quarterly)
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', text) == []
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text) == []
    assert "@import" not in text


def test_every_figure_leads_to_its_line_and_its_query(quarterly: dict[str, Path]) -> None:
    text = page(quarterly)
    ids = re.findall(r'id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    links = re.findall(r'href="#([^"]+)"', text)
    assert set(links) <= set(ids)
    assert sum(link.startswith("f") for link in links) > 100


def test_the_ledger_inside_is_readable(quarterly: dict[str, Path]) -> None:
    found = re.search(r'id="ledger">(.*?)</script>', page(quarterly), re.DOTALL)
    assert found is not None
    whole = json.loads(found.group(1))
    assert whole["snapshot"] == "S20261120-01"
    entry = whole["figures"]["own.general.revenue.ytd"]
    assert (entry["value"], entry["unit"]) == (750_000_000, "fen")
    assert entry["scope"] == "990100000 · 本级 · 月报 · 2026年1—9月"
    assert entry["queries"] == [
        "SELECT sum(ytd_amt) FROM execution_month WHERE mof_div_code = '990100000' AND "
        "scope_kind = '本级' AND book = '一般公共预算' AND side = '收入' AND "
        "fiscal_year = 2026 AND month = 9 AND stage = '月报' AND "
        "level_flag IS DISTINCT FROM '对下转移' AND code IN ('101', '103')"
    ]


def test_missing_values_are_marked_and_no_cell_is_empty(quarterly: dict[str, Path]) -> None:
    text = page(quarterly)
    assert '<span class="lack">缺</span>' in text
    assert re.findall(r"<t[dh][^>]*></t[dh]>", text) == []


def test_charts_have_their_numbers_in_words(quarterly: dict[str, Path]) -> None:
    titles = re.findall(r"<title id=\"t-[^\"]+\">([^<]+)</title>", page(quarterly))
    assert len(titles) == 5
    assert any("一般公共预算支出：完成年初预算56.3%" in title for title in titles)
