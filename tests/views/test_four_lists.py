"""The four lists: what stands on each, for whom, and as a workbook."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest
from openpyxl import load_workbook

from budget_watch.access import Grant
from budget_watch.access.errors import ForbiddenError
from budget_watch.audit import read
from budget_watch.casework.cases import Actor
from budget_watch.casework.inspection import draw, record_result
from budget_watch.cli.main import main
from budget_watch.digest.errors import DigestError
from budget_watch.digest.lists_sheet import HEAD_ROW, lists_sheet
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.views.four_lists import COLUMNS, LISTS, four_lists
from tests.casework import made_cases
from tests.casework.made_cases import id_of
from tests.opinions.made_opinions import (
    ADMIN,
    CLERK,
    DAI,
    EXPERT,
    LI,
    NOW,
    QIAN,
    STRANGER,
    WANG,
    bring,
    do,
    new,
)

DAY = NOW.date()
YEAR = (date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    """Cases in four states, opinions in five, an inspection done and one under way."""
    made = Home(tmp_path_factory.mktemp("lists"))
    made_cases.fill(made, 10)
    for number, state in ((1, "初核"), (3, "初核成立"), (5, "办结"), (7, "不成立")):
        made_cases.bring(made, id_of(number), state)
    new(made, title="没有提交的草稿")
    bring(made, "已提交")
    bring(made, "已交办")
    bring(made, "办结", title="=1+1 已经办结的意见")
    bring(made, "已登记", open_=True)
    inspector = made_cases.person("li", "经办")
    for seed in ("a", "b"):
        drawn = draw(made, inspector, "case", *YEAR, "年度抽查", share=1, seed=seed)
        if seed == "a":
            answers = dict.fromkeys(drawn.checklist, "是") | {drawn.checklist[0]: "否"}
            record_result(made, inspector, drawn.id, drawn.items[0], answers, "理由不充分")
    yield made
    engine(made).dispose()


def listed(home: Home, actor: Actor, year: int | None = None) -> dict[str, list[dict[str, str]]]:
    made = four_lists(home, actor, DAY, year)
    assert [each.name for each in made] == list(LISTS)
    for each in made:
        assert each.columns == COLUMNS[each.name]
        assert all(tuple(row.cells) == each.columns for row in each.rows)
    return {each.name: [dict(row.cells) for row in each.rows] for each in made}


def column(rows: list[dict[str, str]], *names: str) -> list[tuple[str, ...]]:
    return sorted(tuple(row[name] for name in names) for row in rows)


def test_each_list_holds_what_it_is_for_and_nothing_else(home):
    told = listed(home, LI)
    assert column(told["工作"], "编号", "种类", "状态") == [
        ("2026-0001", "疑点办理", "初核"),
        ("2026-0002", "疑点办理", "初核成立"),
        ("CC2026-002", "随机抽查", "已查0件，共1件"),
        ("YJ2026-0003", "线上评论", "已交办"),
        ("YJ2026-0005", "线上评论", "已登记"),
    ]
    assert column(told["问题"], "办理", "办理状态", "结论") == [
        ("", "已查", ""),
        ("2026-0002", "初核成立", ""),
        ("2026-0003", "办结", "数据问题"),
    ]
    assert [row["事实"] for row in told["问题"] if row["办理状态"] == "已查"] == ["理由不充分"]
    assert column(told["建议"], "编号", "状态") == [
        ("YJ2026-0003", "已交办"),
        ("YJ2026-0004", "办结"),
        ("YJ2026-0005", "已登记"),
    ]
    assert column(told["成果"], "编号", "结论", "满意度") == [
        ("2026-0003", "数据问题", ""),
        ("CC2026-001", "已查完", ""),
        ("YJ2026-0004", "已答复", "1/1"),
    ]
    (late,) = [row for row in told["工作"] if row["编号"] == "YJ2026-0003"]
    assert late["期限"] == "签收 2026-11-25" and late["提醒"] == "还有3个工作日"


def test_a_list_is_live(home):
    before = len(listed(home, LI)["工作"])
    number = bring(home, "已登记")
    assert len(listed(home, LI)["工作"]) == before + 1
    do(home, WANG, number, "reply")
    do(home, DAI, number, "rate")
    do(home, WANG, number, "close")
    told = listed(home, LI)
    assert len(told["工作"]) == before
    assert number in [row["编号"] for row in told["成果"]]
    assert [len(rows) for rows in listed(home, LI, 2025).values()] == [0, 0, 0, 0]
    assert len(listed(home, LI, 2026)["建议"]) == len(told["建议"])


@pytest.mark.parametrize(
    ("actor", "work", "advice"),
    [
        (DAI, {"YJ2026-0003", "YJ2026-0005"}, {"YJ2026-0003", "YJ2026-0004", "YJ2026-0005"}),
        (QIAN, set(), {"YJ2026-0005"}),
        (CLERK, {"YJ2026-0003"}, {"YJ2026-0003", "YJ2026-0004"}),
        (STRANGER, set(), set()),
        (EXPERT, set(), set()),
        (ADMIN, set(), set()),
    ],
    ids=lambda each: each.user if isinstance(each, Actor) else "",
)
def test_everybody_finds_only_what_they_see_anyway(home, actor, work, advice):
    told = listed(home, actor)
    ours = [row["编号"] for row in told["工作"] if row["编号"].startswith("YJ")]
    assert set(ours) == work
    seen = {row["编号"] for row in told["建议"]}
    assert {each for each in seen if each <= "YJ2026-0005"} == advice
    assert not [each for rows in told.values() for each in rows if each["编号"][:2] == "CC"]
    assert "没有提交的草稿" not in json.dumps(told, ensure_ascii=False)
    if actor in (STRANGER, ADMIN):
        assert not any(told.values())


def test_the_workbook_says_what_the_lists_say_and_who_took_it_and_texts_stay_texts(home):
    content = lists_sheet(home, LI, "向主任会议汇报", now=NOW)
    book = load_workbook(BytesIO(content))
    assert book.sheetnames == [f"{name}清单" for name in LISTS]
    for each in four_lists(home, LI, DAY):
        rows = list(book[f"{each.name}清单"].values)
        assert rows[1][0] == "li 2026-11-20 10:00 导出，用途：向主任会议汇报"
        assert rows[HEAD_ROW - 1] == each.columns
        written = [tuple(cell or "" for cell in row) for row in rows[HEAD_ROW:]]
        assert written == [tuple(row.cells.values()) for row in each.rows]
    cells = [c for row in book["建议清单"].rows for c in row if "=1+1" in str(c.value)]
    assert [cell.data_type for cell in cells] == ["s"]
    with engine(home).connect() as connection:
        logged = list(read(connection, act="lists.export"))
    assert json.loads(logged[-1].details)["reason"] == "向主任会议汇报"


def test_whoever_may_not_export_or_gives_no_reason_takes_nothing(home):
    with engine(home).connect() as connection:
        before = len(list(read(connection, act="lists.")))
    for actor in (DAI, CLERK, EXPERT, ADMIN):
        with pytest.raises(ForbiddenError, match="可办理的有 经办、审核、签发"):
            lists_sheet(home, actor, "随便看看", now=NOW)
    with pytest.raises(DigestError, match="至少4个字"):
        lists_sheet(home, LI, "看 看", now=NOW)
    with engine(home).connect() as connection:
        assert len(list(read(connection, act="lists."))) == before


def test_the_commands(home, tmp_path, capsys):
    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(home.root), *words])
        said = capsys.readouterr()
        return int(str(ended.value.code or 0)), said.out, said.err

    code, out, _ = run("lists", "show", "问题", "--role", "经办", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and lines[-1]["list"] == "问题" and len(lines) - 1 == lines[-1]["rows"]["问题"]
    operator = replace(LI, grant=Grant.operator("x"))
    assert [line["编号"] for line in lines[:-1]] == [
        row["编号"] for row in listed(home, operator)["问题"]
    ]
    path = tmp_path / "清单.xlsx"
    code, _, err = run("lists", "export", str(path), "--reason", "汇报")
    assert code == 3 and "至少4个字" in err and not path.exists()
    code, out, _ = run("lists", "export", str(path), "--reason", "向主任会议汇报", "--role", "经办")
    assert code == 0 and path.is_file()
    assert run("lists", "show", "账目")[0] == 2
