"""What the loader says of a mistake: the whole sentence and its line, in Chinese."""

from __future__ import annotations

from pathlib import Path

import pytest

from budget_watch.engine import load_book
from budget_watch.engine.cases import RuleTests
from budget_watch.engine.errors import BookError
from budget_watch.engine.params import exact
from budget_watch.engine.yaml_file import read, read_one
from tests.engine.books import HEAD, PARAMS, write_book

TEXT = HEAD.format(id="ZX92", area="execution", klass="理", confidence="M").lstrip() + (
    "each: payment\n"
    "levels: [{level: yellow, when: \"pay_amt > param('limit.amount')\"}]\n"
    'message: "支付{pay_amt:money}"\n'
)
AREAS = "drafting、execution、three_public、debt、assets、social、final、voucher、data、performance"
RULES = {
    "金额比比率": (
        ("param('limit.amount')", "param('lag.serious')"),
        11,
        "金额不能与比率比较；请先相除（如 spent / budget），或把比率乘以金额（如 budget * 20%）",
    ),
    "金额比数": (
        ("param('limit.amount')", "1"), 11, "金额不能与数比较；金额常数写 0元，日数写 30日"
    ),
    "编号已用": (("id: ZX92", "id: ZX06"), 1, "id 写的是 ZX06，已用于 {other}；请把 id 改为 ZX92"),
    "文件名不同": (
        ("id: ZX92", "id: ZX93"),
        1,
        "文件名应与 id 相同，请改名为 ZX93.yaml，或把 id 改为 ZX92",
    ),
    "键写错": (
        ("why:", "reason:"),
        8,
        "缺少键 why；第 8 行的 reason 不是可用的键，是否应为 why",
    ),
    "领域写错": (("area: execution", "area: exec"), 3, f"area 应为 {AREAS} 之一，这里是“exec”"),
    "领域放错": (("area: execution", "area: debt"), 3, "area 是 debt，文件应放在 debt/ 中"),
    "没有级别": (
        ("{level: yellow, ", "{"),
        11,
        "levels 第 1 项缺少键 level（应写 red、orange、yellow、blue 之一）",
    ),
    "级别写错": (
        ("yellow", "purple"),
        11,
        "levels 第 1 项的 level 应为 red、orange、yellow、blue 之一，这里是“purple”",
    ),
    "级别多一键": (
        ("{level: yellow, ", "{level: yellow, colour: 1, "),
        11,
        "没有键 levels 第 1 项的 colour；可用的键：level、when、class、basis、confidence、because",
    ),
    "点": (
        ("pay_amt > param('limit.amount')", "__import__('os').system('x')"),
        11,
        "不能使用“.”；直接写列名或函数名，如 length(use_des)",
    ),
    "读不懂": (
        ("pay_amt > param('limit.amount')", "pay_amt >"),
        11,
        "“pay_amt >”读不懂；请检查括号是否成对、运算符两边是否都有值、文字是否在单引号中",
    ),
    "键写了两次": (
        ("each: payment", "area: debt\neach: payment"),
        10,
        "同一个键写了两次：area；请删去其中一行",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_a_mistake_of_a_rule_in_one_sentence(tmp_path: Path, name: str) -> None:
    (old, new), line, words = RULES[name]
    assert old in TEXT
    body = TEXT.split("may_be_empty: true\n")[1].replace("param('limit.amount')", "1元")
    write_book(tmp_path, {"ZX06": body})
    path = tmp_path / "execution" / "ZX92.yaml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    (mistake,) = load_book(tmp_path, strict=False).mistakes
    assert mistake.where.split("（")[0] == f"{path}:{line}"
    assert mistake.message == words.format(other=tmp_path / "execution" / "ZX06.yaml")


ENTRY = "- id: second\n  title: 又一个\n  unit: ratio\n  values:\n    - {from: 2018-01-01, value: "
EXEMPTION = """\
- id: LW-1
  rule: ZX06
  scope: {dept_code: "101"}
  document: 会议纪要
  from: 2026-01-01
  to: 2026-12-31
  registered_by: 张三
  approved_by: 张 三
  reason: 集中结算
"""
FILES = {
    "第二项的值": (
        "params",
        PARAMS + ENTRY + "20, authority: customary}\n",
        19,
        "参数 second 是比率，请写 20%",
    ),
    "第二项缺值": (
        "params",
        PARAMS + "- {id: second, title: 又一个, unit: ratios, values: []}\n",
        15,
        "unit 应为 ratio、fen、day、workday、count、month、monthday 之一，这里是“ratios”",
    ),
    "空文件": ("params", "\n", 1, "文件是空的；每项以“- id: …”开头，或删去文件"),
    "同一个人": (
        "exemptions",
        EXEMPTION,
        1,
        "登记人（registered_by）与批准人（approved_by）应是两个人：登记的人不能自己批准",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_mistake_of_a_list_in_one_sentence(tmp_path: Path, name: str) -> None:
    folder, text, line, words = FILES[name]
    write_book(tmp_path, {})
    path = tmp_path / folder / "all.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    (mistake,) = load_book(tmp_path, strict=False).mistakes
    assert (mistake.where, mistake.message) == (f"{path}:{line}", words)


def test_an_empty_file_of_tests_says_how_tests_begin(tmp_path: Path) -> None:
    path = tmp_path / "ZX06.test.yaml"
    path.write_text("", encoding="utf-8")
    with pytest.raises(BookError) as caught:
        read_one(path, RuleTests)
    assert caught.value.message == "文件是空的；请写 base: 和 cases:，或删去文件"


SYNTAX = {
    "a: {b: 1 c: 2}": "括号中缺逗号，或缺右括号 }；各项用逗号隔开，有冒号的加引号",
    "a: [1, 2\nb: 3": "括号中缺逗号，或缺右括号 ]；各项用逗号隔开，有冒号的加引号",
    "a: b: c": "多了一个冒号，或这一行缩进不对；文字里有冒号就加引号",
    "a: 'x": "引号没有配成对",
    "a: @x": "文字不能以 @ 开头；请加引号",
    "- a\nb: 1": "这一行与上面的缩进不齐，或混写了列表和“键: 值”",
    "a: |\nb": "上一行缺冒号，或多行文字没有缩进",
    "a: }": "多了一个 }",
    "a: 1\n---\nb: 2": "一个文件只能写一份；请删去 --- 以下，或另存为文件",
    'a: "x\\q"': "双引号里不能用反斜杠；请改用单引号",
    "a: !foo x": "不能用 !foo 这样的标签；文字以叹号开头就加引号",
}


@pytest.mark.parametrize("text", SYNTAX)
def test_a_file_that_is_no_yaml_is_told_of_in_chinese(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text + "\n", encoding="utf-8")
    with pytest.raises(BookError) as caught:
        read(path)
    assert caught.value.message == f"YAML 语法有误：{SYNTAX[text]}"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("lag.serious", "5万元", "“5万元”是金额，此处要比率，如 4%"),
        ("limit.amount", "5%", "“5%”是比率，此处要金额，如 50万元"),
        ("limit.amount", "5", "“5”没有单位；请写 5元"),
        ("limit.amount", "很多", "“很多”不是金额；请写 50万元 这样的"),
    ],
)
def test_a_number_of_another_kind_is_refused_with_an_example(
    tmp_path: Path, name: str, value: str, words: str
) -> None:
    param = load_book(write_book(tmp_path, {})).params[name].param
    with pytest.raises(BookError) as caught:
        exact(param, value, "here")
    assert caught.value.message == f"参数 {name}：{words}"
