"""A file's name says which period it stands for; no file takes another one's place by its name."""

from __future__ import annotations

import pytest

from ingest.settings import SettingError
from ingest.sources.drop.names import by_itself, by_pattern, read_period
from tests.ingest.drop.laying import settings


@pytest.mark.parametrize(
    ("name", "slot", "table"),
    [
        ("FIN-15_2026-09.parquet", "2026-09", "FIN-15"),
        ("a/b/FIN-15_2026-09_更正.parquet", "2026-09", "FIN-15"),
        ("FIN-15_20260930(2).csv", "2026-09-30", "FIN-15"),
        ("国库集中支付凭证表2026-09-30.csv", "2026-09-30", None),
        ("凭证_东城_2026年9月.xlsx", "2026-09@凭证 东城", None),
        ("凭证_西城_2026年9月_重送.xlsx", "2026-09@凭证 西城", None),
        ("支出2026年第3季度.xls", "2026-Q3@支出", None),
        ("REF-01_2024.parquet", "2024", "REF-01"),
        ("2025年决算公开.xlsx", "2025@决算公开", None),
        ("单位名录.csv", "单位名录", None),
        ("x_202613.csv", "x 202613", None),
    ],
)
def test_a_name_is_read_without_a_pattern(name: str, slot: str, table: str | None) -> None:
    named = by_itself(name)
    assert (named.slot, named.table) == (slot, table)


@pytest.mark.parametrize(
    ("pattern", "name", "slot"),
    [
        ("凭证_{period}.csv", "凭证_202609.csv", "2026-09"),
        ("凭证_*_{period}.csv", "凭证_东城_20260930.csv", "2026-09-30@东城"),
        ("**/{table}_{period}*.parquet", "x/y/FIN-15_2026-09_更正.parquet", "2026-09"),
        ("{table}_{period}.v{revision}.csv", "FIN-15_2026.v12.csv", "2026"),
        ("名录*.csv", "名录.csv", "名录"),
        ("凭证_{period}.csv", "凭证_202613.csv", None),
        ("凭证_{period}.csv", "下/凭证_202609.csv", None),
    ],
)
def test_a_name_is_read_by_its_pattern(pattern: str, name: str, slot: str | None) -> None:
    named = by_pattern(pattern, name)
    assert (named.slot if named else None) == slot


def test_the_revision_of_a_pattern_is_a_number() -> None:
    named = by_pattern("{table}_{period}.v{revision}.csv", "FIN-15_2026.v12.csv")
    assert named is not None
    assert (named.table, named.revision) == ("FIN-15", 12)


@pytest.mark.parametrize(
    ("text", "name"),
    [("2026", "2026"), ("202609", "2026-09"), ("2026.9.3", None), ("2026年9月3日", "2026-09-03"),
     ("2026-Q3", "2026-Q3"), ("2026年第2季度", "2026-Q2"), ("2026-00", None)],
)  # fmt: skip
def test_periods_are_read_as_people_write_them(text: str, name: str | None) -> None:
    period = read_period(text)
    if text == "2026.9.3":
        name = "2026-09-03"
    assert (period.name if period else None) == name


@pytest.mark.parametrize(
    ("told", "what"),
    [
        ({"files": [{"pattern": "{jahr}.csv"}]}, r"\{jahr\} 不认识"),
        ({"files": [{"pattern": "{period}{period}"}]}, "写了两次"),
        ({"files": [{"pattern": "*", "table": "FIN-99"}]}, "没有报表 FIN-99"),
        ({"markers": ["ok"]}, "markers"),
        ({"ready": "list", "files": [{"pattern": "*"}]}, "由清单说明"),
        ({"ready": "now"}, "ready"),
    ],
)
def test_a_wrong_setting_says_which(told: dict[str, object], what: str) -> None:
    with pytest.raises(SettingError, match=what):
        settings("/x", **told)
