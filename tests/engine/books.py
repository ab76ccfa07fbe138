"""Small rule books and readers for the tests of the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from textwrap import dedent
from typing import Any

import polars as pl

from budget_watch.engine import Book, load_book
from budget_watch.engine.made_tables import MadeReader, frame_of
from budget_watch.engine.sources import sources

DAY = date(2026, 11, 20)
CITY = "990100000"
LAWS = """
- {id: budget-law, title: 中华人民共和国预算法, short: 预算法, version: "2018-12-29", valid_from: 1995-01-01, authority: law, file_hint: 预算法}
- {id: old-law, title: 旧法, valid_from: 1990-01-01, valid_to: 2015-01-01, authority: law}
"""  # noqa: E501
PARAMS = """
- id: lag.serious
  title: 明显滞后
  unit: ratio
  values:
    - {from: 2018-01-01, value: 20%, authority: customary}
    - {from: 2026-06-01, value: 15%, authority: customary}
    - {from: 2026-01-01, value: 10%, authority: local, jurisdiction: "990102"}
  last_checked: {on: 2026-11-01}
- id: limit.amount
  title: 限额
  unit: fen
  values: [{from: 2018-01-01, value: 50万元, authority: customary}]
  last_checked: {on: 2026-11-01}
"""
HEAD = """
id: {id}
title: 试验规则
area: {area}
class: {klass}
confidence: {confidence}
valid: {{from: 2015-01-01}}
basis: [{{law: budget-law, article: "13"}}]
why: 试验。
may_be_empty: true
"""


def write_book(
    folder: Path,
    rules: Mapping[str, str],
    *,
    klass: str = "理",
    confidence: str = "M",
    params: str = PARAMS,
    words: str = "",
    groups: str = "",
    area: str = "execution",
) -> Path:
    """Write a book: each rule's text is put after a head that every rule needs."""
    (folder / "params").mkdir(parents=True, exist_ok=True)
    (folder / area).mkdir(exist_ok=True)
    (folder / "laws.yaml").write_text(LAWS, encoding="utf-8")
    (folder / "params" / "all.yaml").write_text(params, encoding="utf-8")
    for name, text in (("words", words), ("groups", groups)):
        (folder / name).mkdir(exist_ok=True)
        if text:
            (folder / name / "all.yaml").write_text(dedent(text), encoding="utf-8")
    for rule, text in rules.items():
        head = HEAD.format(id=rule, area=area, klass=klass, confidence=confidence)
        (folder / area / f"{rule}.yaml").write_text(head + dedent(text), encoding="utf-8")
    return folder


def book_of(folder: Path, rules: Mapping[str, str], **options: Any) -> Book:
    """Write and load a book."""
    return load_book(write_book(folder, rules, **options))


def reader_of(
    tables: Mapping[str, Sequence[Mapping[str, Any]]], not_delivered: Sequence[str] = ()
) -> MadeReader:
    """A reader over rows written as in rule tests (`pay_amt: 100元`)."""
    known = sources()
    return MadeReader(
        {name: frame_of(known[name], rows) for name, rows in tables.items()}, not_delivered
    )


def payment(key: str, amount: str, **more: Any) -> dict[str, Any]:
    """A payment row."""
    return {
        "pay_cert_id": key,
        "fiscal_year": 2026,
        "month": 9,
        "pay_date": date(2026, 9, 10),
        "mof_div_code": CITY,
        "scope_kind": "本级",
        "dept_code": "101",
        "agency_code": "101001",
        "pay_amt": amount,
        **more,
    }


def line(amount: str, **more: Any) -> dict[str, Any]:
    """A budget line."""
    return {
        "fiscal_year": 2026,
        "month": 1,
        "mof_div_code": CITY,
        "scope_kind": "本级",
        "dept_code": "101",
        "agency_code": "101001",
        "bgt_id": "b1",
        "current_amt": amount,
        **more,
    }


def outcomes(observations: pl.DataFrame) -> list[tuple[str, str | None, str]]:
    """(outcome, level, grain) of every observation."""
    return [(row["outcome"], row["level"], row["grain"]) for row in observations.to_dicts()]
