"""The file of kinds and steps: what it says is checked, what it calls law stands in the law."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from budget_watch.casework.errors import WorkflowError
from budget_watch.engine.laws import load_dir
from budget_watch.engine.load import registered
from budget_watch.opinions.flow import FILE, bases, flaws, load_flow

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


def test_six_kinds_and_every_one_says_whose_rule_it_is():
    flow = load_flow([RULES])
    assert list(flaws(flow)) == []
    groups = ["线上评论", "代表建议、批评和意见", "审议意见", "初步审查意见", "大会审议发言"]
    assert list(dict.fromkeys(each.group for each in flow.kinds)) == [*groups, "询问/质询"]
    law = {place for place, basis in bases(flow) if basis.kind == "law"}
    assert law == {
        *(f"种类 {kind}" for kind in ("代表建议", "审议意见", "初步审查意见", "询问", "质询")),
        *(f"{kind} 交给谁" for kind in ("代表建议", "审议意见", "初步审查意见", "询问", "质询")),
        *(f"{kind} 答复" for kind in ("审议意见", "初步审查意见", "询问", "质询")),
        *(f"{kind} 公开" for kind in ("审议意见", "初步审查意见")),
        "质询 联名（财经委委员、常委会领导）",
        *(f"步骤 {name}" for name in ("consult", "comment", "report")),
    }


def test_no_number_of_days_is_called_law():
    assert {each.basis.kind for each in load_flow([RULES]).clocks} == {"local"}


def test_a_deputy_begins_with_a_comment_and_with_nothing_else():
    flow = load_flow([RULES])
    assert [each.id for each in flow.kinds if "代表" in each.starts] == ["线上评论"]


@pytest.mark.real
@pytest.mark.skipif(not LAWS.is_dir(), reason="没有法律文本（../shared/data/laws）")
def test_what_is_called_law_stands_in_the_articles_word_for_word(tmp_path):
    texts = load_dir(LAWS, registered([RULES]))
    load_flow([RULES], texts)

    def misquoted(data):
        data["kinds"][2]["reply"]["basis"]["quote"] = "在两个月内提出书面报告"

    wrong = changed(tmp_path, misquoted)
    (wrong / "laws.yaml").write_text((RULES / "laws.yaml").read_text("utf-8"), "utf-8")
    with pytest.raises(WorkflowError, match=r"审议意见 答复：.*不在所引的条文里"):
        load_flow([wrong], texts)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: step(d, "report").update(kinds=["奏折"]), "没有的种类 奏折"),
        (lambda d: step(d, "report").update(to="天上"), "没有的状态 天上"),
        (lambda d: step(d, "report").update(who=["皇帝"]), "没有的角色 皇帝"),
        (lambda d: step(d, "hand_over").update(starts=["x"]), "没有的期限 x"),
        (lambda d: step(d, "report").update(kinds=[], not_kinds=["审议意见"]), "走不到答复"),
        (lambda d: d["kinds"][0].update(clock="x"), "用了没有的期限 x"),
        (lambda d: d["kinds"][1].update(starts=["经办"]), "不能作者的角色"),
        (lambda d: step(d, "extend").update(needs=["reason"]), "needs 里要有 clock、days"),
        (lambda d: step(d, "comment").update(stops=[]), "期限 consult 有起无止"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(tmp_path, change, told):
    with pytest.raises(WorkflowError, match=told):
        load_flow([changed(tmp_path, change)])


def test_a_home_changes_lengths_and_signers_and_nothing_else(tmp_path):
    (tmp_path / "workflow").mkdir()
    own = tmp_path / FILE
    own.write_text(
        "id: opinion\nclocks:\n  - {id: comment, workdays: 10}\n"
        "signers:\n  - {kind: 质询, roles: [财经委委员, 常委会领导], least: 3}\n",
        "utf-8",
    )
    flow = load_flow([RULES, tmp_path])
    assert flow.clock["comment"].workdays == 10
    assert flow.kind["质询"].least_signers("财经委委员") == 3
    assert flow.kind["质询"].least_signers("代表") == 10
    own.write_text("id: opinion\nkinds: []\n", "utf-8")
    with pytest.raises(WorkflowError):
        load_flow([RULES, tmp_path])
    own.write_text("id: opinion\nclocks:\n  - {id: xx, workdays: 1}\n", "utf-8")
    with pytest.raises(WorkflowError, match="没有期限 xx"):
        load_flow([RULES, tmp_path])
