"""An exemption from the home's register to the findings, the lists and the snapshot."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from budget_watch.access import Grant
from budget_watch.casework.checking import Checked, book_hashes, check, rule_book
from budget_watch.casework.exemptions import register
from budget_watch.casework.findings import list_findings
from budget_watch.casework.gaps import gaps
from budget_watch.cli.main import main
from budget_watch.engine.observations import read_run
from budget_watch.lake import Home, Writer
from tests.lake.made import batch, rows, voucher

DAY = date(2026, 9, 30)
RULE = """
id: PZ97
title: 大额支付
area: voucher
class: 理
confidence: M
valid: {from: 2018-01-01}
basis: [{law: budget-law, article: "13"}]
why: 试验。
each: payment_voucher
levels: [{level: yellow, when: "pay_amt >= 1元"}]
message: "支付{pay_amt:money}"
"""
ENTRY = """
- id: LW-9
  rule: PZ97
  scope: {agency_code: "102*"}
  document: 区政府会议纪要〔2026〕3号
  from: 2026-01-01
  to: 2026-12-31
  registered_by: 张三
  approved_by: 李四
  reason: 集中结算
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    with Writer.open(home, "test") as writer:
        frame = rows(
            "payment_voucher", voucher(1, DAY, 100), voucher(2, DAY, 100, agency_code="102001")
        )
        writer.replace("payment_voucher", frame, batch("payment_voucher", "1"))
        writer.publish(DAY)
    (home.root / "rules" / "voucher").mkdir(parents=True)
    (home.root / "rules" / "voucher" / "PZ97.yaml").write_text(RULE, encoding="utf-8")
    return home


def registered(home: Home, text: str = ENTRY) -> None:
    folder = home.root / "rules" / "exemptions"
    folder.mkdir(exist_ok=True)
    (folder / "ours.yaml").write_text(text, encoding="utf-8")


def judged(home: Home) -> Checked:
    return check(home.root, rules=["PZ97"])


def test_a_registered_hit_is_no_finding_but_listed(home: Home) -> None:
    registered(home)
    result = judged(home)
    grant = Grant.system("test")
    assert [each.agency_code for each in list_findings(home, grant)] == ["101001"]
    assert (result.summary["hit"], result.summary["exempted"]) == (1, 1)
    assert "不适用中有 1 次是例外情形登记。" in result.sentence
    (listed,) = gaps(home, grant, rule_book(home.root), "not_applicable")
    assert listed["message"] == "大额支付：不适用（例外情形登记 LW-9）。"
    assert listed["data_state"] == "例外登记"
    (entry,) = register(home, rule_book(home.root))
    assert entry == {
        "exemption": "LW-9", "rule": "PZ97", "scope": {"agency_code": "102*"}, "levels": [],
        "basis": "区政府会议纪要〔2026〕3号", "from": "2026-01-01", "to": "2026-12-31",
        "registered_by": "张三", "approved_by": "李四", "reason": "集中结算",
        "used": 1, "state": "有效", "origin": "文件",
    }  # fmt: skip
    assert read_run(home, result.run)["exemption"].to_list() == [None, "LW-9"]


def test_a_known_finding_changes_its_data_state_and_comes_back_when_the_entry_ends(
    home: Home,
) -> None:
    judged(home)
    registered(home)
    judged(home)
    grant = Grant.system("test")
    states = {
        each.agency_code: each.data_state for each in list_findings(home, grant, outcome=None)
    }
    assert states == {"101001": "持续", "102001": "例外登记"}
    registered(home, ENTRY.replace("to: 2026-12-31", "to: 2026-09-29"))
    judged(home)
    states = {each.agency_code: each.data_state for each in list_findings(home, grant)}
    assert states == {"101001": "持续", "102001": "再次触发"}


def test_the_command_line_lists_the_register(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    registered(home)
    with pytest.raises(SystemExit) as left:
        main(["--home", str(home.root), "rules", "exemptions", "--json"])
    assert left.value.code == 0
    first, summary = capsys.readouterr().out.splitlines()
    assert json.loads(first)["exemption"] == "LW-9"
    assert json.loads(summary)["exemptions"] == 1


def test_the_register_has_a_hash_of_its_own_in_the_snapshot(home: Home) -> None:
    before = book_hashes(home.root)
    registered(home)
    after = book_hashes(home.root)
    assert before["exemptions"] != after["exemptions"]
    assert after["rule_book"] == rule_book(home.root).hash
