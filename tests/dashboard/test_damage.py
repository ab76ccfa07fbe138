"""A damaged table is named to whoever can mend it, and to nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from budget_watch.access import Grant
from budget_watch.lake import Home, Snapshot
from tests.dashboard.reading import words
from tests.dashboard.test_pages import main
from tests.views_drill.small_city import make_home

NAMED = (
    "报表“国库集中支付凭证表”（payment_voucher）的数据文件损坏或缺失，与台账不符。"
    "请系统管理员按运行日志中的同一编号找到文件，从备份恢复（budget-watch restore）。"
)
OTHERS = "数据文件有损坏，请联系管理员。"


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home of which one file of the vouchers is gone."""
    home, snapshot = make_home(tmp_path_factory.mktemp("damaged"))
    Path(snapshot.files("payment_voucher")[0]).unlink()
    assert Snapshot.latest(home) is not None
    return home


@pytest.mark.parametrize(
    ("role", "told"),
    [(None, NAMED), ("clerk", NAMED), ("signer", NAMED), ("system_admin", NAMED)]
    + [(role, OTHERS) for role in ("leader", "deputy", "finance", "unit_clerk")],
)
def test_the_damaged_table_is_named_to_staff_and_administrators(
    damaged: Home, role: str | None, told: str
) -> None:
    said = words(main(damaged, "/voucher/2026/V2026011010011", Grant("reader", "read", role=role)))
    number = said.partition("（编号 ")[2].partition("）")[0]
    assert said == f"未能载入本页未能载入（编号 {number}）。{told} 重试"
    assert number.startswith("E-")
