"""系统管理: the permission matrix and the audit log as pages and as files that are taken away."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa

from budget_watch.access.granting import may
from budget_watch.access.roles import standard_roles
from budget_watch.audit import Note, Who, read
from budget_watch.casework.auditing import latest_anchor, noted
from budget_watch.casework.permission_matrix import TITLES, matrix
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.views.action_matrix import action_matrix
from dashboard.app import create_app
from dashboard.book import book_at
from tests.audit.made import unguarded
from tests.dashboard.signing import Browser, make, store_at
from tests.dashboard.test_administering import told

ROLES = ("system_admin", "security_admin", "audit_admin", "clerk", "leader")


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    root: Path = tmp_path_factory.mktemp("papers")
    home = Home(root)
    for code in ROLES:
        make(store_at(home), code.replace("_", "-"), code)
    yield home
    engine(home).dispose()


@pytest.fixture(scope="module")
def browsers(offices: Home) -> dict[str, Browser]:
    app = create_app(offices)
    found = {}
    for code in ROLES:
        found[code] = Browser(offices, app)
        assert found[code].sign_in(code.replace("_", "-")).status_code == 302
    return found


def export(browser: Browser, what: str, **asked: Any) -> Any:
    return browser.post(f"/export/{what}", json=asked, headers={"X-Budget-Watch": "act"})


def trail(home: Home) -> list[tuple[str, str]]:
    with engine(home).connect() as connection:
        return [(e.user, e.act) for e in read(connection)]


def test_files_are_handed_only_to_who_looks_after_them_and_only_with_a_reason(offices, browsers):
    before = trail(offices)
    for code in ROLES:
        for what, act in (("matrix", "matrix"), ("audit", "audit")):
            able = may(store_at(offices), code, act)
            answer = export(browsers[code], what, reason="年度检查")
            assert answer.status_code == (200 if able else 403), (code, what)
            if able:
                assert export(browsers[code], what, reason=" 查 ").status_code == 422
    made = trail(offices)[len(before) :]
    assert [each for each in made if each[1].endswith(".export")] == [
        ("security-admin", "matrix.export"),
        ("audit-admin", "matrix.export"),
        ("audit-admin", "audit.export"),
    ]


def test_the_matrix_that_is_taken_away_is_the_one_of_the_command(offices, browsers):
    records = list(matrix(offices.root, book_at(offices)))
    answer = export(browsers["security_admin"], "matrix", reason="年度检查", format="csv")
    lines = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert lines[0] == list(TITLES.values())
    assert lines[1:] == [[str(each[name]) for name in TITLES] for each in records]
    answer = export(browsers["security_admin"], "matrix", reason="年度检查", format="xlsx")
    book = openpyxl.load_workbook(io.BytesIO(answer.data), read_only=True)
    assert book.sheetnames == ["权限矩阵", "动作"]
    assert sum(1 for _ in book["权限矩阵"].rows) == len(records) + 1
    acts = [[cell.value or "" for cell in row] for row in book["动作"].rows][1:]
    assert acts == [list(each.record().values()) for each in action_matrix(offices)]
    assert (
        export(browsers["security_admin"], "matrix", reason="年度检查", format="exe").status_code
        == 422
    )


def test_the_page_of_the_matrix_shows_each_role_and_what_it_may_do(offices, browsers):
    security = browsers["security_admin"]
    for code, role in standard_roles().items():
        said = security.said("/admin/matrix", f"?role={code}&q=FIN-15")
        reads = next(
            each["reads"]
            for each in matrix(offices.root, book_at(offices), code)
            if each["name"] == "FIN-15"
        )
        assert f"{role.title}能读什么" in said and reads in said, code
    acts = security.said("/admin/matrix", "?tab=acts")
    for words in ("初核不成立", "红色须两人", "授予、收回角色", "登记人本人除外"):
        assert words in acts, words
    assert "没有角色 king" in security.said("/admin/matrix", "?role=king")


def test_the_log_is_narrowed_and_paged_by_its_key(offices, browsers):
    auditor = browsers["audit_admin"]
    noted(offices, *(Note(Who("x", "经办"), "case.receive", "case", f"C{n}") for n in range(230)))
    said = auditor.said("/admin/audit", "?person=x")
    assert "C229" in said and "C130" in said and "C129" not in said
    with engine(offices).connect() as connection:
        seq = next(e.seq for e in read(connection, subject="C130"))
    assert f"after={seq}" in said
    said = auditor.said("/admin/audit", f"?person=x&after={seq}")
    assert "C129" in said and "C130" not in said and "C30" in said and "C29" not in said
    said = auditor.said("/admin/audit", "?act=case.&item=C7")
    assert "C7" in said and "C70" not in said
    assert "没有符合条件的记录" in auditor.said("/admin/audit", "?until=2020-01-01")
    assert "没有符合条件的记录" in auditor.said("/admin/audit", "?since=2099-01-01")
    assert "翻页位置" in auditor.said("/admin/audit", "?after=x")
    assert trail(offices)[-1] == ("audit-admin", "audit.read")  # looking is written down


def test_the_log_is_checked_anchored_and_exported_from_the_page(offices, browsers):
    auditor = browsers["audit_admin"]
    assert told(browsers["system_admin"], "verify", "log")[0] == 403
    status, said = told(auditor, "anchor", "log")
    assert status == 200 and "抄送" in said
    anchor = latest_anchor(offices)
    status, said = told(auditor, "verify", "log")
    assert status == 200 and f"到第 {anchor.seq} 条为止有锚证明没有缺漏" in said
    page = auditor.said("/admin/audit")
    assert said in page and anchor.mac in page  # the last check with its time, and the anchor
    answer = export(auditor, "audit", reason="年度检查", since="2020-01-01", until="")
    lines = [json.loads(line) for line in answer.data.decode().splitlines()]
    with engine(offices).connect() as connection:
        kept = [e.__dict__ for e in read(connection)][: len(lines)]
    assert lines == kept and len(lines) > 230
    later = export(auditor, "audit", reason="年度检查", since="2099-01-01", until="")
    assert later.data == b""
    assert export(auditor, "audit", reason="年度检查", since="昨天").status_code == 422


def test_what_was_altered_behind_the_logs_back_is_told_on_the_page(tmp_path):
    home = Home(tmp_path)
    make(store_at(home), "auditor", "audit_admin")
    auditor = Browser(home)
    auditor.sign_in("auditor")
    with unguarded(home) as connection:
        connection.execute(sa.text("UPDATE audit_entry SET \"user\" = 'x' WHERE seq = 2"))
    sent = {"X-Budget-Watch": "act"}
    asked = {"step": "verify", "target": "log", "given": {}}
    answer = auditor.post("/admin/act", json=asked, headers=sent).json
    assert "处损坏" in answer["said"]
    found = [words for _, words in answer["kept"]]
    assert any("第2条" in words for words in found), found
    engine(home).dispose()


def test_who_may_rate_stands_in_the_matrix_as_the_workflow_says(offices):
    from budget_watch.casework.workflow import workflow_of

    told = {a.action: a.roles for a in action_matrix(offices) if "评价办理情况" in a.action}
    raters = workflow_of(offices.root).raters
    assert list(told.values()) == [each.roles for each in raters] and len(told) >= 2


def test_details_of_the_log_are_told_in_words_and_hashes_by_their_beginning():
    from budget_watch.views.audit_words import shortened, told

    said = {
        "role": "clerk",
        "scope": "*/*/101001,101002",
        "window": "..",
        "method": "password+totp",
        "given": {"percent": 60, "word": "滞后", "remark": None},
        "findings": ["a", "b"],
        "own": False,
        "until": None,
        "hash": "0f" * 32,
    }
    assert shortened(told(said, {"role": {"clerk": "经办"}})) == (
        "角色：经办；范围：单位 101001、101002；方式：密码+动态口令；"
        "填写：完成百分比 60、评定 滞后、意见 —；疑点：a、b；本人：否；校验码：0f0f0f0f0f…"
    )
