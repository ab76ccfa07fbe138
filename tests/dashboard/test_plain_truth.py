"""No page says a zero, a whole or a figure that the data behind it does not bear."""

from pathlib import Path

import pytest

from budget_watch.engine import load_book
from budget_watch.lake import Home
from dashboard.pages.finding_reckoning import not_loaded
from tests.dashboard.reading import classed, kinds, words
from tests.dashboard.test_pages import main
from tests.views_drill.small_city import make_home

APPLICATION = "/exec/d101/u101001/pP1010011/iI20261010011/sS2026011010011"


def _core(home: Home, path: str) -> dict[str, str]:
    strip = classed(main(home, path), "strip")[0]
    found = {}
    for part in classed(strip, "figure"):
        label = words(classed(part, "figure-label")[0].children[0])
        shown = classed(part, "figure-number") or classed(part, "missing")
        found[label] = words(shown[0])
    return found


def test_an_application_shows_its_own_figures_and_no_budget(home: Home) -> None:
    core = _core(home, APPLICATION)
    assert core["申请金额"] == core["累计支出"] == "45.00万元"
    assert core["未支付"] == "0.00万元"
    for label in ("年初预算", "调整预算", "变动预算", "追加率", "用款计划", "支出进度"):
        assert core[label] == "—", label
    assert "与上表一致 ✓" in words(main(home, APPLICATION))
    assert "预算和用款计划只到指标，不分到支付申请" in words(main(home, APPLICATION))


@pytest.mark.parametrize(
    "path",
    ["/exec/d999", "/exec/d101/u999", "/exec/d102/u101001", "/exec/z123456789", "/exec/f99",
     "/exec/d101/u101001/pP1010011/iI20261010011/sNOTHING"],
)  # fmt: skip
def test_a_place_nobody_delivered_is_not_found(home: Home, path: str) -> None:
    assert "没有找到这条记录，或您没有查看权限。" in words(main(home, path))


@pytest.mark.parametrize("path", ["/exec?sort=banana", "/exec?tab=v&sort=spent"])
def test_an_unknown_order_is_refused(home: Home, path: str) -> None:
    assert "（排序）不能识别" in words(main(home, path))


@pytest.fixture(scope="module")
def vouchers_only(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return make_home(tmp_path_factory.mktemp("vouchers_only"), "payment_voucher")[0]


def test_with_vouchers_alone_budgets_are_missing_not_zero(vouchers_only: Home) -> None:
    core = _core(vouchers_only, "/exec")
    for label in ("年初预算", "调整预算", "变动预算", "追加率", "用款计划", "支出进度"):
        assert core[label] == "缺", label
    assert core["累计支出"] != "缺"
    assert "缺 FIN-12 预算指标表（2026年）" in words(main(vouchers_only, "/exec"))


def test_the_day_names_the_base_of_its_spending(home: Home) -> None:
    page = words(main(home, "/overview"))
    assert "一般公共预算国库集中支付" in page
    assert "一般公共预算支出（国库集中支付）" in page


def test_the_work_block_divides_by_one_thing(home: Home) -> None:
    block = next(b for b in kinds(main(home, "/overview"), "Section")
                 if words(kinds(b, "H2")[0]) == "办理")  # fmt: skip
    assert not classed(block, "chip")


def test_a_law_not_loaded_is_said_without_a_command_and_with_the_rules_quote() -> None:
    rule = load_book([Path(__file__).parents[2] / "rules"]).rules["ZX15"].rule
    for article in ("42", "第四十二条"):
        said = words(not_loaded("budget-law", article, rule))
        assert "条文原文尚未载入，请系统管理员载入法规文本。" in said
        assert "连续两年未用完的结转资金，应当作为结余资金管理" in said
    assert "摘引" not in words(not_loaded("budget-law", "4", rule))


@pytest.mark.parametrize(
    ("months", "said"),
    [
        ("m7-9", "2026年第三季度"),
        ("m10", "2026年10月"),
        ("m10-12", "2026年第四季度（截至2026年11月20日）"),
        ("m2-5", "2026年2—5月"),
    ],
)
def test_figures_of_some_months_say_of_which(home: Home, months: str, said: str) -> None:
    for more in ("", "?by=y", "?tab=v&min=99999999999"):
        page = words(main(home, f"/exec/f11/d102/{months}{more}"))
        assert page.count(said) >= 2, more  # the core figures, and what they divide into
        other = page.replace(said, "").count("截至2026年11月20日")
        assert other == 1, more  # the menu offers the whole span


@pytest.mark.parametrize("months", ["m13", "m0", "m9-7", "m7-7", "m7-", "mx"])
def test_months_that_are_none_are_refused(home: Home, months: str) -> None:
    assert f"地址里的“{months}”不能识别" in words(main(home, f"/exec/d102/{months}"))
