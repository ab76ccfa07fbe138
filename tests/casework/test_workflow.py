"""The workflow file: what it says is checked, what it calls law stands in the law."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from budget_watch.casework.errors import WorkflowError
from budget_watch.casework.workflow import FILE, bases, flaws, load_workflow
from budget_watch.engine.laws import load_dir
from budget_watch.engine.load import registered

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


def test_the_products_workflow_has_no_flaw_and_every_step_says_whose_it_is():
    flow = load_workflow([RULES])
    assert list(flaws(flow)) == []
    law = {place for place, basis in bases(flow) if basis.kind == "law"}
    assert law == {
        *(f"步骤 {name}" for name in ("take", "dismiss", "uphold", "transfer", "receive")),
        *(f"步骤 {name}" for name in ("start", "issue_answer", "answer", "examine")),
        *(f"升级 {name}" for name in ("专题调研", "询问", "专题询问", "质询")),
        *(f"升级 {name}" for name in ("特定问题调查", "要求政府审计")),
    }


def test_no_number_of_days_is_called_law():
    flow = load_workflow([RULES])
    assert {each.basis.kind for each in flow.clocks} == {"local"}


@pytest.mark.real
@pytest.mark.skipif(not LAWS.is_dir(), reason="没有法律文本（../shared/data/laws）")
def test_what_is_called_law_stands_in_the_articles_word_for_word():
    laws = registered([RULES])
    assert list(flaws(load_workflow([RULES]), laws, load_dir(LAWS, laws))) == []


def test_a_law_that_does_not_say_so_is_found():
    flow, laws = load_workflow([RULES]), registered([RULES])
    texts = {"henan-budget-supervision": {"30": "另有规定"}}
    found = list(flaws(flow, laws, texts))
    assert any("引文“经核实后”不在所引的条文里" in each for each in found)
    assert any("没有第二十九条" in each for each in found)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: step(d, "take").update(to="初审"), "take 用了没有的状态 初审"),
        (lambda d: step(d, "take").update(who=["经理"]), "take 用了没有的角色 经理"),
        (lambda d: step(d, "transfer").update(starts=["slow"]), "transfer 用了没有的期限 slow"),
        (lambda d: step(d, "review").update(other_than=["x"]), "review 用了没有的步骤 x"),
        (lambda d: step(d, "examine").update({"from": ["复核"]}), "到不了状态 复核"),
        (lambda d: step(d, "reassign").update(to="待改派"), "从状态 待改派 走不到办理的终点"),
        (lambda d: step(d, "extend").update(needs=["reason"]), "extend 是延期，needs 里要有"),
        (
            lambda d: [step(d, n).update(stops=[]) for n in ("explain", "concede")],
            "期限 explain 有起无止",
        ),
        (lambda d: d["clocks"][0].update(months=1), "期限 receive 应写 workdays 或 months"),
        (lambda d: d["states"].append({"id": "复核"}), "states 里 复核 写了两次"),
        (lambda d: d["states"][0].update(start=False), "应有且只有一个 start 状态"),
        (lambda d: step(d, "take").update(needs=["贿赂"]), "needs"),
        (lambda d: step(d, "take").update(basis={"kind": "law", "law": "x"}), "article"),
    ],
)
def test_a_wrong_workflow_is_refused_with_the_place(tmp_path, change, said):
    with pytest.raises(WorkflowError, match=said):
        load_workflow([changed(tmp_path, change)])


def test_a_home_may_change_lengths_and_nothing_else(tmp_path):
    (tmp_path / "workflow").mkdir()
    path = tmp_path / FILE
    path.write_text("id: case\nclocks: [{id: answer, workdays: 20}]\nquiet_weeks: []\n")
    flow = load_workflow([RULES, tmp_path])
    assert flow.clock["answer"].workdays == 20
    assert flow.clock["receive"].workdays == 3
    assert flow.quiet_weeks == ()
    path.write_text("id: case\nclocks: [{id: wait, workdays: 20}]\n")
    with pytest.raises(WorkflowError, match=r"没有期限 wait；可用 receive、answer"):
        load_workflow([RULES, tmp_path])
    path.write_text("id: case\ntransitions: []\n")
    with pytest.raises(WorkflowError, match="没有键 transitions"):
        load_workflow([RULES, tmp_path])


def test_the_folder_is_no_stray_of_the_rule_book():
    from budget_watch.engine.strays import strays

    assert list(strays(RULES)) == []
