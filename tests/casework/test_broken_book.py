"""A broken file of the rule book: file, line, what is wrong, what to write; all else still runs."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from budget_watch.access import Grant
from budget_watch.casework.checking import check, rule_book
from budget_watch.casework.errors import CaseworkError
from budget_watch.casework.findings import list_findings
from budget_watch.cli.main import main
from budget_watch.lake import Home, Writer
from tests.casework.test_load import RULE
from tests.lake.made import batch, rows, voucher

DAY = date(2026, 9, 30)
HEAD = RULE.replace("PZ97", "PZ98").strip() + "\n"
LEVELS = 'levels: [{level: yellow, when: "pay_amt >= 1元"}]\n'
VALUE = "from: 2018-01-01, value: 20%, authority: local, jurisdiction: '99'"
SPLIT = "嵌套超过 50 层；请用 let 分成几步"
DEEP = "(" * 3000 + "pay_amt" + ")" * 3000
WORDS = "not " * 3000 + "pay_amt > 1元"


def changed(old: str, new: str) -> str:
    assert old in HEAD
    return HEAD.replace(old, new)


BROKEN: dict[str, tuple[str | bytes, int, str]] = {
    "键写了两次": (HEAD + "area: voucher\n", 13, "同一个键写了两次：area；请删去其中一行"),
    "没有这一列": (changed("pay_amt >=", "pay_amount >="), 10, "没有列 pay_amount；是否指 pay_amt"),
    "单位不对": (changed(">= 1元", ">= 1"), 10, "金额常数写 0元"),
    "级别写错": (changed("yellow", "purple"), 10, "应为 red、orange、yellow、blue 之一"),
    "没有级别": (changed(LEVELS, ""), 1, "缺少键 levels"),
    "级别是空的": (changed('[{level: yellow, when: "pay_amt >= 1元"}]', "[]"), 10, "至少要写 1 项"),
    "日期不存在": (changed("2018-01-01", "2018-02-30"), 6, "日期 2018-02-30 不存在"),
    "日期写错": (changed("2018-01-01", "今年"), 6, "“今年”不是日期；请写 2026-03-31"),
    "程序代码": (changed("pay_amt >= 1元", "__import__('os').system('true')"), 10, "不能"),
    "套叠的括号": (changed("pay_amt >= 1元", f"{DEEP} > 1元"), 10, SPLIT),
    "套叠的词": (changed("pay_amt >= 1元", WORDS), 10, SPLIT),
    "没有这个函数": (changed("pay_amt >= 1元", "roundup(pay_amt) >= 1元"), 10, "不能使用 roundup"),
    "YAML 语法": (HEAD + "why: [未完\n", 14, "YAML 语法有误"),
    "套叠的列表": (HEAD + "notes: " + "[" * 3000 + "\n", 1, "套叠太深"),
    "制表符": (HEAD + "handling:\n\tto: finance\n", 14, "缩进用了制表符（Tab）；请改为空格"),
    "空文件": ("", 1, "文件是空的"),
    "不是 UTF-8": (HEAD.encode("gb18030"), 2, "不是 UTF-8 编码；请另存为 UTF-8"),
    "引用": (HEAD + "not_for: &x [a]\nnotes: *x\n", 13, "不能用 &、* 引用"),
    "没有这个键": (HEAD + "levell: 1\n", 13, "没有键 levell；可用的键：id"),
    "没有这张报表": (changed("payment_voucher", "payment_vouchers"), 9, "是否指 payment_voucher"),
    "没有这个参数": (changed(">= 1元", ">= param('no.such')"), 10, "没有参数 no.such"),
    "文件名不同": (changed("PZ98", "PZ99"), 1, "请改名为 PZ99.yaml"),
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    with Writer.open(home, "test") as writer:
        frame = rows("payment_voucher", voucher(1, DAY))
        writer.replace("payment_voucher", frame, batch("payment_voucher", "1"))
        writer.publish(DAY)
    written(home, "PZ97", RULE)
    return home


def written(home: Home, name: str, content: str | bytes, folder: str = "voucher") -> Path:
    path = home.root / "rules" / folder / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def said(
    capsys: pytest.CaptureFixture[str], home: Home, *words: str
) -> tuple[int, list[dict[str, Any]]]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main(["--home", str(home.root), *words, "--json"])
    lines = capsys.readouterr().out.splitlines()
    return int(left.value.code or 0), [json.loads(line) for line in lines]


@pytest.mark.parametrize("name", BROKEN)
def test_each_mistake_is_said_by_file_and_line_with_what_to_write(home: Home, name: str) -> None:
    content, line, words = BROKEN[name]
    path = written(home, "PZ98", content)
    book = rule_book(home.root)
    assert "PZ97" in book.rules
    assert "PZ98" not in book.rules
    (mistake,) = book.mistakes
    assert mistake.where.split("（")[0] == f"{path}:{line}"
    assert words in mistake.message
    assert set(book.broken) == {"PZ98"}


def test_the_other_rules_run_and_the_check_says_which_did_not(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(home, "PZ98", BROKEN["单位不对"][0])
    status, lines = said(capsys, home, "check")
    tallies = {line["rule"]: line for line in lines if "rule" in line}
    assert status == 1
    assert tallies["PZ97"]["hit"] == 1
    assert (tallies["PZ98"]["judged"], tallies["PZ97"]["not_loaded"]) == (0, "")
    assert tallies["PZ98"]["not_loaded"].startswith(f"{path}:10（PZ98 levels[0]）")
    summary = lines[-1]
    assert [(each["file"], each["line"]) for each in summary["not_loaded"]] == [(str(path), 10)]
    assert summary["not_run"] == ["PZ98"]
    assert summary["rules"] == len(rule_book(home.root).rules)
    assert (
        f"规则库有 1 处没有读入，1 条规则没有运行：PZ98。该处：{path}:10 "
        in check(home.root).sentence
    )


def test_every_command_on_the_book_names_it(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(home, "PZ98", BROKEN["空文件"][0])
    status, lines = said(capsys, home, "rules", "check")
    assert status == 1
    flaws = [(each["file"], each["line"], each["code"]) for each in lines[:-1]]
    assert (str(path), 1, "shape") in flaws
    status, lines = said(capsys, home, "rules", "list")
    assert (status, len(lines[-1]["not_loaded"])) == (1, 1)
    assert str(path) in lines[-1]["not_loaded"][0]
    status, lines = said(capsys, home, "rules", "test", "PZ98")
    assert status == 1
    assert (lines[0]["rule"], lines[0]["passed"]) == ("PZ98", False)


def test_a_rule_asked_for_by_name_that_does_not_load_is_refused_with_its_mistake(
    home: Home,
) -> None:
    written(home, "PZ98", BROKEN["单位不对"][0])
    with pytest.raises(CaseworkError, match=r"PZ98 不能读入.*金额常数写 0元"):
        check(home.root, rules=["PZ98"])


def test_findings_of_a_rule_that_no_longer_loads_stay_as_they_are(home: Home) -> None:
    check(home.root, rules=["PZ97"])
    grant = Grant.system("test")
    before = list_findings(home, grant)
    written(home, "PZ97", BROKEN["空文件"][0])
    check(home.root)
    found = [each for each in list_findings(home, grant) if each.rule == "PZ97"]
    assert [(each.finding, each.outcome) for each in found] == [
        (each.finding, "hit") for each in before
    ]


@pytest.mark.parametrize(
    ("folder", "content", "words"),
    [
        ("params", "- {id: my.limit, title: 限额, unit: fen, values: []}\n", "至少要写 1 项"),
        ("params", "- id: [\n", "YAML 语法有误"),
        ("params", f"- {{id: my.limit, title: 限额, unit: fen, values: [{{{VALUE}}}]}}\n", "金额"),
        ("words", "- {id: mine, title: 我的}\n", "写 include，或分年写 sets"),
        ("groups", "- {id: mine, title: 我的, sets: [{from: 2018-01-01, codes: [1]}]}\n", "加引号"),
        ("exemptions", "- {id: L, rule: PZ97}\n", "缺少键"),
    ],
)  # fmt: skip
def test_a_broken_list_leaves_out_its_entry_only(
    home: Home, folder: str, content: str, words: str
) -> None:
    import re

    path = written(home, "ours", content, folder)
    book = rule_book(home.root)
    assert len(book.rules) > 40
    (mistake,) = book.mistakes
    assert mistake.where.startswith(str(path))
    assert re.search(words, mistake.message)
    assert check(home.root, rules=["PZ97"]).summary["hit"] == 1


def test_a_list_that_is_not_utf8_is_named_by_file_and_line_and_stops_no_command(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"# list\n- {{id: ours, title: {'我们的清单'}}}\n".encode("gbk")
    folders = ("params", "words", "groups", "exemptions")
    paths = [written(home, "ours", text, each) for each in folders]
    paths.append(written(home, "laws", text, "."))
    status, lines = said(capsys, home, "rules", "check")
    wanted = [
        {
            "code": "yaml",
            "file": str(path),
            "line": 2,
            "message": "不是 UTF-8 编码；请另存为 UTF-8 再放回",
            "page": "docs/lint/yaml.md",
        }
        for path in sorted(path.resolve() for path in paths)
    ]
    assert status == 1
    assert [each for each in lines[:-1] if each["code"] == "yaml"] == wanted
    status, lines = said(capsys, home, "check", "--rule", "PZ97")
    assert (status, lines[-1]["hit"], lines[-1]["not_run"]) == (1, 1, [])


PLACES = "规则放在 drafting（预算编制）、execution（预算执行）、"
MISPLACED = {
    "execution/ZX95.yml": "扩展名应为 .yaml，请改名为 ZX95.yaml；不是规则库的文件请移到别处",
    "execution/ZX96.YAML": "扩展名应为 .yaml，请改名为 ZX96.yaml；不是规则库的文件请移到别处",
    "words/x.txt": "扩展名应为 .yaml，请改名为 x.yaml；不是规则库的文件请移到别处",
    "exec/ZX97.yaml": f"没有 exec 这个文件夹；{PLACES}",
    "ZX98.yaml": f"规则库的顶层只读 laws.yaml；{PLACES}",
    "params/2026/x.yaml": "params/ 里不再分文件夹；请直接放在 params/ 中",
    "voucher/PZ95.test.yaml": "旁边没有 PZ95.yaml；测试文件要与它的规则放在一起",
}


def test_a_file_that_nobody_reads_is_named_with_the_place_where_it_should_stand(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in MISPLACED:
        path = home.root / "rules" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("- a\n", encoding="utf-8")
    status, lines = said(capsys, home, "rules", "check")
    found = {each["file"]: each for each in lines[:-1] if each["code"] == "misplaced"}
    root = home.root / "rules"
    assert status == 1
    assert sorted(found) == sorted(str(root / name) for name in MISPLACED)
    for name, words in MISPLACED.items():
        told = found[str(root / name)]["message"].partition("data（")[0]
        assert told.startswith(f"这个文件没有读入：{words}")
        assert told.endswith(words) or words.endswith(PLACES)
    status, lines = said(capsys, home, "check")
    assert (status, lines[-1]["not_run"]) == (1, ["ZX95", "ZX96", "ZX97", "ZX98"])


def test_pages_for_people_hidden_files_and_copies_may_lie_in_the_book(home: Home) -> None:
    for name in ("README.md", "execution/.ZX95.yaml.swp", "execution/ZX95.yaml~", "calendar/x.csv"):
        path = home.root / "rules" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a: [", encoding="utf-8")
    assert rule_book(home.root).mistakes == ()


def test_what_was_refused_without_stopping_a_rule_is_not_said_to_have_stopped_one(
    home: Home,
) -> None:
    path = written(home, "loose", LOOSE, "params")
    result = check(home.root)
    assert result.not_run == []
    assert (
        "规则库有 1 处没有读入，没有采用，规则仍照其余内容运行。"
        f"该处：{path}:1 参数 procedure.rectification_report 是法定标准，990122 的值 12 更宽；"
        "只能更严。"
    ) in result.sentence


LOOSE = """\
- id: procedure.rectification_report
  values: [{from: 2018-01-01, value: 12, authority: local, jurisdiction: "990122"}]
"""


@pytest.mark.parametrize("command", ["test", "mutate"])
def test_a_rule_that_is_not_there_is_said_in_a_sentence(
    home: Home, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--home", str(home.root), "rules", command, "ZZ99", "PZ97"])
    assert left.value.code == 3
    assert capsys.readouterr().err == (
        "未能完成：规则库里没有 ZZ99。请用 budget-watch rules list 查看编号。\n"
    )
