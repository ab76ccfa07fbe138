"""The file of the way of 决议事项: it is checked, and what it calls law stands in the law."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from budget_watch.casework.errors import WorkflowError
from budget_watch.engine.laws import load_dir
from budget_watch.engine.load import registered
from budget_watch.meetings.flow import FILE, bases, flaws, load_demand_flow

RULES = Path(__file__).parents[2] / "rules"
LAWS = RULES / "../../shared/data/laws"


def changed(tmp_path: Path, change) -> Path:
    yaml = YAML(typ="safe", pure=True)
    data = yaml.load((RULES / FILE).read_text(encoding="utf-8"))
    change(data)
    (tmp_path / "workflow").mkdir()
    with (tmp_path / FILE).open("w", encoding="utf-8") as file:
        yaml.dump(data, file)
    return tmp_path


def step(data, name):
    return next(each for each in data["transitions"] if each["id"] == name)


def test_every_step_says_whose_rule_it_is_and_no_number_of_days_is_called_law():
    flow = load_demand_flow([RULES])
    assert list(flaws(flow)) == []
    law = {place for place, basis in bases(flow) if basis.kind == "law"}
    assert law == {
        "文件 决议",
        "文件 审议意见",
        "文件 初步审查意见",
        "带进下一年",
        "步骤 report",
    }
    assert {each.term.basis.kind for each in flow.sources if each.term} == {"local"}


@pytest.mark.real
@pytest.mark.skipif(not LAWS.is_dir(), reason="没有法律文本（../shared/data/laws）")
def test_what_is_called_law_stands_in_the_articles_word_for_word(tmp_path):
    texts = load_dir(LAWS, registered([RULES]))
    load_demand_flow([RULES], texts)

    def misquoted(data):
        data["carried"]["quote"] = "应当逐项评价落实情况"

    wrong = changed(tmp_path, misquoted)
    (wrong / "laws.yaml").write_text((RULES / "laws.yaml").read_text("utf-8"), "utf-8")
    with pytest.raises(WorkflowError, match=r"带进下一年：.*不在所引的条文里"):
        load_demand_flow([wrong], texts)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: step(d, "report").update(to="天上"), "没有的状态 天上"),
        (lambda d: step(d, "report").update(who=["皇帝"]), "没有的角色 皇帝"),
        (lambda d: step(d, "report").update(who=["审核"]), "限承办单位，审核不是承办一方"),
        (lambda d: d.update(registrars=["皇帝"]), "registrars 用了没有的角色 皇帝"),
        (lambda d: step(d, "close").update(to="已评价"), "走不到终点"),
        (lambda d: d["sources"][1]["term"].update(workdays=3), "只写一种"),
        (lambda d: d["states"][1].update(start=True), "有且只有一个 start"),
        (lambda d: d["evaluation"].update(counted=["好"]), "counted 应是 words 的一部分"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(tmp_path, change, told):
    with pytest.raises(WorkflowError, match=told):
        load_demand_flow([changed(tmp_path, change)])


def test_a_home_changes_default_periods_and_reminding_and_nothing_else(tmp_path):
    (tmp_path / "workflow").mkdir()
    own = tmp_path / FILE
    own.write_text(
        "id: resolution\nremind_workdays: 5\nsources:\n  - {id: 审议意见, months: 3}\n", "utf-8"
    )
    flow = load_demand_flow([RULES, tmp_path])
    assert (flow.remind_workdays, flow.source["审议意见"].term.months) == (5, 3)
    own.write_text("id: resolution\nsources:\n  - {id: 决议, months: 3}\n", "utf-8")
    with pytest.raises(WorkflowError, match="决议 没有缺省期限可改"):
        load_demand_flow([RULES, tmp_path])
    own.write_text("id: resolution\nstates: []\n", "utf-8")
    with pytest.raises(WorkflowError):
        load_demand_flow([RULES, tmp_path])
