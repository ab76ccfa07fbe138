from __future__ import annotations

from pathlib import Path

import pytest

from budget_watch.access import Grant
from budget_watch.digest import DigestError, DigestRefusedError, build
from budget_watch.digest.build import compose
from budget_watch.digest.errors import TemplateError
from budget_watch.digest.period import parse
from budget_watch.digest.template import FOLDER, read_template
from budget_watch.lake import Home

GRANT = Grant.operator("test")


def variant(folder: Path, *changes: tuple[str, str]) -> Path:
    """The quarterly template with some of its text replaced, in a folder of its own."""
    text = (FOLDER / "quarterly.yaml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (folder / "quarterly.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_home_without_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DigestRefusedError, match="还没有已发布的数据快照"):
        build(Home(tmp_path), GRANT, "2026Q3")


def test_a_period_without_any_data_is_refused_with_the_reason(city: Home, tmp_path: Path) -> None:
    with pytest.raises(DigestRefusedError, match="2023年第一季度没有可写的数据：缺FIN-01"):
        build(city, GRANT, "2023Q1", out=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("period", ["2026-11", "2026Q4", "2026H2", "2026"])
def test_a_period_that_is_not_over_is_refused(city: Home, period: str) -> None:
    with pytest.raises(DigestRefusedError, match="尚未结束：数据业务日为2026-11-20"):
        build(city, GRANT, period)


def test_gaps_may_not_be_hidden(city: Home, tmp_path: Path) -> None:
    folder = variant(tmp_path, ("gaps_on_page_one: true", "gaps_on_page_one: false"))
    with pytest.raises(DigestRefusedError, match="不在首页列出缺口"):
        compose(city, GRANT, parse("2026Q3"), read_template("quarterly", folder))


def test_a_forbidden_word_stops_the_report(city: Home, tmp_path: Path) -> None:
    folder = variant(tmp_path, ("从国库集中支付凭证看", "从凭证看存在违规"))
    with pytest.raises(DigestError, match="不得使用的词“违规”"):
        compose(city, GRANT, parse("2026Q3"), read_template("quarterly", folder))


def test_wording_and_order_change_without_python(city: Home, tmp_path: Path) -> None:
    folder = variant(tmp_path, ("title: 三公经费", "title: “三公”经费"))
    made = compose(city, GRANT, parse("2026Q3"), read_template("quarterly", folder))
    assert "六、“三公”经费" in [section.title for section in made.sections]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("{own.general.paid.spent}", "{own.general.paid.spend}"), "用到没有的指标“own.general.p"),
        (("of: own.books\n", "of: own.bocks\n"), "用到没有的清单“own.bocks”"),
        (("when: quarterly known", "when: quarterly is there"), "条件“quarterly is there”写法不对"),
        (("form: limits", "form: pie"), "form"),
        (("mark: 内部资料", "mark: 内部资料\nmark: 公开"), "同一个键只能写一次"),
    ],
)
def test_a_wrong_template_is_named_by_what_and_where(
    city: Home, tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    folder = variant(tmp_path, change)
    with pytest.raises(TemplateError, match=message):
        compose(city, GRANT, parse("2026Q3"), read_template("quarterly", folder))


def test_an_unknown_report_and_format_are_named(city: Home) -> None:
    with pytest.raises(TemplateError, match=r"没有这种报告。现有：.*brief.*quarterly"):
        build(city, GRANT, "2026Q3", report="weekly")
    with pytest.raises(DigestError, match="没有格式“odt”。可用：docx、pdf、html"):
        build(city, GRANT, "2026Q3", formats=("odt",))


def test_the_committee_stands_in_the_masthead(tmp_path: Path) -> None:
    from tests.views import small_city

    home = small_city.make(tmp_path)
    (tmp_path / "budget_watch.toml").write_text(
        '[committee]\nname = "示范市人大常委会预算工作委员会"\n', encoding="utf-8"
    )
    made = compose(home, GRANT, parse("2026-09"), read_template("quarterly"))
    assert made.masthead.issuer == "示范市人大常委会预算工作委员会"
    assert (made.masthead.title, made.masthead.issue, made.masthead.date) == (
        "示范市预算执行监督月报",
        "2026年第9期",
        "2026年11月20日",
    )


def test_without_a_run_findings_are_a_gap(city: Home) -> None:
    made = compose(city, GRANT, parse("2026Q3"), read_template("quarterly"))
    assert "尚无规则运行记录" in [gap.text for gap in made.gaps]
