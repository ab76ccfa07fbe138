"""The letter of a case as Word: what it says, who signed, and the same bytes for the same case."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import docx
import pytest

from budget_watch.casework.checking import check
from budget_watch.casework.findings import list_findings
from budget_watch.digest.errors import DigestError
from budget_watch.digest.letter import letter_of, write_letter
from budget_watch.lake import Home
from tests.casework.made_cases import LI, WANG, ZHAO, do
from tests.views_drill.small_city import make_home

ISSUER = "示范市人大常委会预算工作委员会"


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    folder: Path = tmp_path_factory.mktemp("letters")
    made, _ = make_home(folder)
    check(folder)
    return made


def test_a_letter_says_what_was_found_what_is_asked_until_when_and_who_signed(home):
    found = next(f for f in list_findings(home, LI.grant, klass="法") if f.dept_code)
    target = found.finding
    for step in ("take", "uphold"):
        do(home, LI, target, step)
    with pytest.raises(DigestError, match="还没有拟转交文书"):
        letter_of(home, LI, target, ISSUER)
    do(home, LI, target, "draft", addressee=found.dept_code, text="请说明原因。\n请附凭证。")
    assert "（拟稿，未签发编号，不作发文）" in texts(home, target)
    do(home, WANG, target, "review")
    do(home, ZHAO, target, "sign")
    do(home, LI, target, "transfer", number="预工〔2026〕7号", copy_to="财政")
    told = texts(home, target)
    assert told[:4] == [
        ISSUER,
        "预工〔2026〕7号",
        f"关于“{found.title}”事项的问询函",
        "教育局：" if found.dept_code == "101" else told[3],
    ]
    assert "疑似与《" in told[5] and "不符合《" not in "".join(told)
    assert told[6:8] == ["请说明原因。", "请附凭证。"]
    assert told[8] == (
        "请通过人大预算国资联网监督系统签收、反馈。签收：2026年11月25日前；"
        "反馈研究处理结果：签收后15个工作日内（年底年初的部门繁忙期不计）"
        "（本地约定的期限）。"
    )
    assert told[-4:-2] == ["2026年11月20日", "抄送：财政部门"]
    assert "河南省" not in "".join(told)  # no law of another province in this city's letter
    rows = [[cell.text for cell in row.cells] for row in document(home, target).tables[0].rows]
    assert rows[5:] == [
        ["拟稿", "li（经办）2026-11-20 10:00"],
        ["审核", "wang（审核）2026-11-20 10:00"],
        ["签发", "zhao（签发）2026-11-20 10:00"],
        ["编号", "li（经办）2026-11-20 10:00"],
    ]
    letter = letter_of(home, LI, target, ISSUER)
    assert write_letter(letter) == write_letter(letter_of(home, LI, target, ISSUER))


def document(home: Home, target: str):
    return docx.Document(BytesIO(write_letter(letter_of(home, LI, target, ISSUER))))


def texts(home: Home, target: str) -> list[str]:
    return [each.text for each in document(home, target).paragraphs]
