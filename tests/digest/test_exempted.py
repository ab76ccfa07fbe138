"""The digest's appendix lists every exemption in force, and how far the audit log reached."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import docx
import pytest

from budget_watch.access import Grant, accounts, assigning
from budget_watch.audit import Who
from budget_watch.casework import book
from budget_watch.casework.accounts import grant_as, store_of
from budget_watch.casework.auditing import anchor_log, latest_anchor
from budget_watch.casework.cases import Actor, actor_of
from budget_watch.casework.exemption_acts import Wanted, confirm, end, register
from budget_watch.digest import build
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from tests.casework.test_exemptions import ENTRY, RULE

BY = Who("operator", "", "", "test")
GRANT = Grant.operator("test")
NOW = datetime(2026, 10, 9, 2, 0, tzinfo=UTC)


@pytest.fixture
def office(city: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """The city with one rule of its own, an entry in a file, and two people."""
    folder = tmp_path / "book"
    folder.mkdir()
    shutil.copy(book.rules_dir() / "laws.yaml", folder)
    shutil.copytree(book.rules_dir() / "workflow", folder / "workflow")
    monkeypatch.setattr(book, "rules_dir", lambda: folder)
    engine(city).dispose()
    shutil.copytree(city.root, tmp_path / "own")
    made = Home(tmp_path / "own")
    (made.root / "rules" / "exemptions").mkdir(parents=True)
    (made.root / "rules" / "voucher").mkdir()
    (made.root / "rules" / "voucher" / "PZ97.yaml").write_text(RULE, encoding="utf-8")
    (made.root / "rules" / "exemptions" / "ours.yaml").write_text(ENTRY, encoding="utf-8")
    store = store_of(made)
    for name, role in (("li", "clerk"), ("wang", "reviewer")):
        accounts.add(store, BY, name, f"{name}某")
        assigning.assign(store, BY, name, role, "任职")
    yield made
    engine(made).dispose()


def who(home: Home, name: str) -> Actor:
    return actor_of(home, grant_as(home, name, "test"))


def wanted(unit: str, **more: Any) -> Wanted:
    said: dict[str, Any] = {"since": date(2026, 1, 1), "until": date(2099, 12, 31)}
    document = "区政府会议纪要〔2026〕7号"
    return Wanted(
        "PZ97", {"agency_code": unit}, reason="集中结算", document=document, **said | more
    )


def texts(files: list[Path]) -> tuple[str, list[list[str]], list[str]]:
    """The HTML, the rows of Word's table of exemptions, the paragraphs of Word."""
    page = next(each for each in files if each.suffix == ".html").read_text(encoding="utf-8")
    word = docx.Document(str(next(each for each in files if each.suffix == ".docx")))
    rows = [
        [cell.text for cell in row.cells]
        for table in word.tables
        if table.rows[0].cells[1].text == "规则"
        for row in table.rows[1:]
    ]
    return page, rows, [each.text for each in word.paragraphs]


def test_every_exemption_in_force_is_listed_and_no_other(office: Home, tmp_path: Path) -> None:
    li, wang = who(office, "li"), who(office, "wang")
    waiting = register(office, li, wanted("103001"), now=NOW)
    held = register(office, li, wanted("101001"), now=NOW)
    ended = register(office, li, wanted("101002"), now=NOW)
    over = register(office, li, wanted("102002", until=date(2026, 10, 31)), now=NOW)
    for number in (held, ended, over):
        confirm(office, wang, number, now=NOW)
    end(office, wang, ended, "已改正", date(2026, 11, 1), now=NOW)
    page, rows, paragraphs = texts(build(office, GRANT, "2026Q3", out=tmp_path / "out"))
    assert [row[:6] for row in rows] == [
        [
            held,
            "PZ97 大额支付",
            "agency_code：101001",
            "区政府会议纪要〔2026〕7号",
            "li某、wang某",
            "2026-01-01至2099-12-31",
        ],
        [
            "LW-9",
            "PZ97 大额支付",
            "agency_code：102*",
            "区政府会议纪要〔2026〕3号",
            "张三、李四",
            "2026-01-01至2026-12-31",
        ],
    ]
    listed = page[page.index('id="exemptions"') : page.index('id="figures"')]
    for row in rows:
        assert all(cell in listed for cell in row)
    assert not [number for number in (waiting, ended, over) if number in listed]
    assert "2026-11-20有效的登记共2条" in listed
    assert any("2026-11-20有效的登记共2条" in each for each in paragraphs)


def test_the_audit_logs_anchor_is_printed(office: Home, tmp_path: Path) -> None:
    anchor_log(office)
    anchor = latest_anchor(office)
    assert anchor is not None
    page, _, paragraphs = texts(build(office, GRANT, "2026Q3", out=tmp_path / "out"))
    said = f"审计日志的锚：{anchor.line}。"
    assert said in page[page.index('id="figures"') :]
    assert any(each.startswith(said) for each in paragraphs)
    assert f'"audit_anchor":"{anchor.line}"' in page
    assert re.fullmatch(r"第\d+条 [0-9a-f]{64} \S+", anchor.line)


def test_without_entries_and_anchor_the_report_says_so(quarterly: dict[str, Path]) -> None:
    page, rows, _ = texts(list(quarterly.values()))
    assert rows == []
    assert "没有在业务日有效的例外情形登记。" in page
    assert "审计日志还没有锚。" in page
