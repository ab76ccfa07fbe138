"""Law texts: which file is which law, however its version date is written, and what is said."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from budget_watch.cli.main import main
from budget_watch.engine.errors import BookError
from budget_watch.engine.laws import article_number, load_dir, read_dir
from budget_watch.engine.model import Law

TEXT = "第十三条　未列入预算的不得支出。\n\n第二十二条之一　另有规定的从其规定。\n"
BUDGET = Law(
    id="budget-law",
    title="中华人民共和国预算法",
    short="预算法",
    version="2018-12-29",
    valid_from=date(1995, 1, 1),
    authority="law",
    file_hint="预算法",
)
DATED = (
    "预算法",
    "中华人民共和国预算法",
    "预算法(2018-12-29)",
    "预算法（2018-12-29）",
    "预算法_20181229",
    "预算法_2018-12-29",
    "预算法(20181229)",
    "预算法_2018年12月29日",
    "中华人民共和国预算法 2018.12.29",
)


@pytest.mark.parametrize("name", DATED)
def test_a_text_is_known_by_its_name_with_its_version_date_in_any_usual_form(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / f"{name}.md").write_text(TEXT, encoding="utf-8")
    assert [each.record() for each in read_dir(tmp_path, [BUDGET])] == [
        {
            "law": "budget-law",
            "file": str(tmp_path / f"{name}.md"),
            "articles": 2,
            "reason": "",
        }
    ]
    assert set(load_dir(tmp_path, [BUDGET])["budget-law"]) == {"13", "22-1"}


REFUSED = {
    "预算法_20141231.md": "登记的版本是 2018-12-29，文件名写的是 2014-12-31；请核对是不是同一版本",
    "财政法(2018-12-29).md": "没有登记名为“财政法”的法规（budget-watch laws list 列出名称）；"
    "文件名应为法规名称，可加版本日期，如 预算法(2018-12-29).md",
    "预算法.docx": "扩展名应为 .md；请另存为 UTF-8 文本，改名为 预算法.md",
}


def test_a_text_that_is_none_of_the_register_says_why(tmp_path: Path) -> None:
    for name in REFUSED:
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
    found = {each.path.name: (each.law, each.reason) for each in read_dir(tmp_path, [BUDGET])}
    assert found == {name: (None, words) for name, words in REFUSED.items()}


@pytest.mark.parametrize(
    ("file", "there"), [(None, "是空的"), ("预算法.txt", "只有 预算法.txt 等")]
)
def test_a_folder_without_a_text_is_refused(tmp_path: Path, file: str | None, there: str) -> None:
    if file:
        (tmp_path / file).write_text(TEXT, encoding="utf-8")
    with pytest.raises(BookError) as caught:
        read_dir(tmp_path, [BUDGET])
    assert str(caught.value) == (
        f"{tmp_path}: 文件夹里没有 .md 文件（{there}）；每部法规存为一个 UTF-8 的 .md"
    )


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("40", "40"),
        ("第四十条", "40"),
        ("四十条", "40"),
        ("第40条", "40"),
        ("22-1", "22-1"),
        ("第二十二条之一", "22-1"),
    ],
)
def test_an_article_may_be_written_as_people_write_it(said: str, number: str) -> None:
    assert article_number(said) == number


def test_laws_load_and_show_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "预算法.txt").write_text(TEXT, encoding="utf-8")
    home = ("--home", str(tmp_path / "home"))

    def said(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main([*home, *words])
        heard = capsys.readouterr()
        return int(left.value.code or 0), heard.out, heard.err

    status, _, err = said("laws", "load", str(texts))
    assert status == 3
    assert "文件夹里没有 .md 文件（只有 预算法.txt 等）" in err
    (texts / "预算法.txt").rename(texts / "预算法_20181229.md")
    status, out, _ = said("laws", "load", str(texts))
    assert (status, out.splitlines()[-1]) == (0, "载入 1 部，未识别 0 个文件。")
    status, out, _ = said("laws", "show", "budget-law", "第十三条")
    assert (status, out) == (0, "《中华人民共和国预算法》第十三条\n未列入预算的不得支出。\n")
    status, out, _ = said("laws", "show", "budget-law", "14")
    assert (status, out) == (
        1,
        "《中华人民共和国预算法》第十四条\n"
        "已载入的文本有 2 条，没有这一条。请核对条号，或重新载入完整的文本。\n",
    )
