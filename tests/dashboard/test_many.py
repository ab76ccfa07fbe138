"""Many findings at once, inquiry lists, letters, draws: who may, and what they are told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import docx
import pytest
from openpyxl import load_workbook

from budget_watch.access import Grant, Reached, Scope
from budget_watch.casework.auditing import _entries
from budget_watch.casework.cases import get_case, list_cases
from budget_watch.casework.findings import get_finding, list_findings
from budget_watch.casework.inquiries import HEAD, HEAD_ROW
from budget_watch.casework.inspection import draws, results
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from dashboard.app import answer, create_app
from dashboard.parts import LEVELS
from tests.casework.made_cases import LI, WANG, ZHAO, do, person
from tests.dashboard.reading import kinds, links, words
from tests.dashboard.signing import Browser, make, store_at

OURS = {"X-Budget-Watch": "act"}
UNKNOWN = "没有找到这条记录，或您没有查看权限。"


@pytest.fixture
def own(home: Home, tmp_path: Path) -> Iterator[Home]:
    """A copy of the small city, to be worked on."""
    engine(home).dispose()
    shutil.copytree(home.root, tmp_path / "own")
    made = Home(tmp_path / "own")
    yield made
    engine(made).dispose()


@pytest.fixture
def people(own: Home) -> dict[str, Browser]:
    """A clerk, somebody of unit 101001 and of 102001, a deputy; signed in."""
    store, app = store_at(own), create_app(own)
    found = {}
    for name, role, units in (
        ("li", "clerk", None),
        ("ours", "unit_clerk", {"101001"}),
        ("theirs", "unit_clerk", {"102001"}),
        ("deputy", "deputy", None),
    ):
        scope = Scope(units=frozenset(units)) if units else Scope()
        make(store, name, role, scope=scope)
        found[name] = Browser(own, app)
        assert found[name].sign_in(name).status_code == 302
    return found


def many(step: str, targets: list[str], **given: str) -> dict[str, Any]:
    return {"step": step, "targets": targets, "request": "r", "role": "", "given": given}


def exported(home: Home) -> list[tuple[str, str, str]]:
    return [(e.user, e.subject, e.record()["details"]["file"]) for e in
            _entries(home, {"act": "paper."})]  # fmt: skip


def transferred(home: Home) -> str:
    """A case sent to unit 101001."""
    target = list_findings(home, LI.grant, level="orange")[0].finding
    for actor, step in ((LI, "take"), (LI, "uphold"), (LI, "draft"), (WANG, "review")):
        do(home, actor, target, step, **({"addressee": "101001"} if step == "draft" else {}))
    do(home, ZHAO, target, "sign")
    do(home, LI, target, "transfer", number="预工〔2026〕3号")
    return get_case(home, LI, target).id


def test_a_step_is_taken_on_many_and_what_was_not_done_is_told(own: Home, people: Any) -> None:
    found = [f.finding for f in list_findings(own, LI.grant)[:3]]
    for _ in range(2):  # the same request is carried out once
        told = people["li"].post("/acts", json=many("take", found), headers=OURS)
        assert (told.status_code, told.json) == (200, {"done": True, "said": "3件已办。"})
    assert [get_case(own, LI, each).version for each in found] == [1, 1, 1]
    do(own, LI, found[0], "uphold")
    body = {**many("uphold", found, reason="凭证已核对"), "request": "r2"}
    told = people["li"].post("/acts", json=body, headers=OURS).json
    first, *rest = told["said"].split("\n")
    assert (told["done"], first, len(rest)) == (False, "2件已办，1件没有办：", 1)
    assert rest[0].startswith(f"{found[0][:16]}：")
    assert {get_finding(own, LI.grant, each).work_state for each in found} == {"初核成立"}


def test_findings_of_one_department_are_merged(own: Home, people: Any) -> None:
    by: dict[str | None, list[str]] = {}
    for f in list_findings(own, LI.grant):
        by.setdefault(f.dept_code, []).append(f.finding)
    same = next(each for dept, each in by.items() if dept and len(each) > 1)[:2]
    told = people["li"].post("/acts", json=many("merge", same, reason="同一事项"), headers=OURS)
    (case,) = list_cases(own, LI)
    assert told.json == {"done": True, "said": f"2件已并为一件：{case.id}。"}
    assert set(case.findings) == set(same)


def test_who_does_not_work_on_findings_chooses_none(own: Home, people: Any) -> None:
    found = [f.finding for f in list_findings(own, LI.grant)[:2]]
    told = people["deputy"].post("/acts", json=many("take", found), headers=OURS).json
    assert told["done"] is False and told["said"].startswith("0件已办，2件没有办：")
    for asked, status in (
        ({"step": "take", "targets": []}, 422),
        ({"step": "take", "targets": [1]}, 422),
        ({"step": "take", "targets": [str(n) for n in range(201)]}, 422),
        (["take"], 400),
    ):
        assert people["li"].post("/acts", json=asked, headers=OURS).status_code == status
    assert people["li"].post("/acts", json=many("take", found)).status_code == 403
    assert list_cases(own, LI) == []
    pages = {
        name: answer(own, grant, "/alerts", "")
        for name, grant in (
            ("clerk", Grant("li", "办理", role="clerk")),
            ("deputy", Grant("d", "履职", role="deputy")),
        )
    }
    boxes = {name: len(kinds(page, "Input")) for name, page in pages.items()}
    assert boxes["clerk"] > 5 and boxes["deputy"] == 0
    assert "批量办理" in words(pages["clerk"]) and "批量办理" not in words(pages["deputy"])


def test_a_letter_is_handed_to_whoever_sees_the_case_and_written_down(
    own: Home, people: Any
) -> None:
    case = transferred(own)
    got = people["ours"].get(f"/letter/{case}")
    said = "\n".join(p.text for p in docx.Document(BytesIO(got.data)).paragraphs)
    assert "预工〔2026〕3号" in said and "橙" not in said
    assert people["theirs"].get(f"/letter/{case}").status_code == 404
    assert people["li"].get("/letter/2026-9999").status_code == 404
    assert exported(own) == [("ours", case, f"问询函-{case}.docx")]


def test_an_inquiry_list_goes_out_and_comes_back(own: Home, people: Any) -> None:
    case = transferred(own)
    month = get_case(own, LI, case).acts[-1].at[:7]
    grant = Grant("ours", "办理", Scope(units=frozenset({"101001"})), role="unit_clerk")
    page = answer(own, grant, "/inquiries", "")
    assert f"/inquiry/101001/{month}" in links(page) and "1份清单，1件还没有答复。" in words(page)
    assert "还没有转交的事项。" in words(
        answer(own, Grant("x", "办理", Scope(units=frozenset({"102001"})), role="unit_clerk"),
               "/inquiries", ""))  # fmt: skip
    got = people["ours"].get(f"/inquiry/101001/{month}")
    assert people["theirs"].get(f"/inquiry/101001/{month}").status_code == 404
    assert exported(own) == [("ours", "101001", f"问询清单-101001-{month}.xlsx")]
    book = load_workbook(BytesIO(got.data))
    book["问询清单"].cell(HEAD_ROW + 1, HEAD.index("答复") + 1).value = "已按计划支付。"
    out = BytesIO()
    book.save(out)
    for _ in range(2):
        told = people["ours"].post("/inquiry?name=a.xlsx", data=out.getvalue(), headers=OURS)
        assert (told.status_code, told.json) == (200, {"done": True, "said": "1行已办。"})
    assert "已按计划支付。" in [a.given.get("text") for a in get_case(own, LI, case).acts]
    told = people["theirs"].post("/inquiry?name=a.xlsx", data=out.getvalue(), headers=OURS).json
    assert told["done"] is False and UNKNOWN.rstrip("。")[:4] in told["said"]
    told = people["ours"].post("/inquiry?name=a.xlsx", data=b"PK no workbook", headers=OURS)
    assert told.status_code == 422
    assert people["ours"].post("/inquiry?name=a.xlsx", data=b"x").status_code == 403


def test_vouchers_are_drawn_and_looked_at(own: Home, people: Any) -> None:
    given = {"kind": "voucher", "department": "101", "since": "2026-01-01", "until": "2026-11-20",
             "share": "10", "seed": "大会抽签", "reason": "季度抽查"}  # fmt: skip
    body = {"target": "inspection-new", "step": "draw", "version": 0, "role": "", "given": given}
    for _ in range(2):  # a form sent twice draws once
        assert people["li"].post("/act", json=body, headers=OURS).status_code == 200
    (one,) = draws(own, LI)
    assert (one.seed, one.user, one.department) == ("大会抽签", "li", "101")
    answers = {f"a{at}": "是" for at in range(len(one.checklist))}
    note = {**body, "target": one.id, "step": "result"}
    wrong = {**note, "given": {"item": one.items[0], **answers, "a0": "否"}}
    told = people["li"].post("/act", json=wrong, headers=OURS)
    assert (told.status_code, told.json["said"]) == (422, "有答“否”的，要写明情况。")
    right = {**note, "given": {"item": one.items[0], **answers}}
    for _ in range(2):
        assert people["li"].post("/act", json=right, headers=OURS).json["done"]
    (result,) = results(own, LI, one.id)
    assert (result.item, result.user, set(result.answers.values())) == (one.items[0], "li", {"是"})
    clerk = Grant("li", "办理", role="clerk")
    assert f"/inspections/{one.id}" in links(answer(own, clerk, "/inspections", ""))
    shown = words(answer(own, clerk, f"/inspections/{one.id}", ""))
    assert "各项没有发现问题" in shown and one.population_hash in shown
    for name in ("deputy", "ours"):
        told = people[name].post("/act", json=body, headers=OURS)
        assert told.status_code == 422 and "抽查由预算工委办理" in told.json["said"]
    deputy = Grant("d", "履职", role="deputy")
    assert UNKNOWN in words(answer(own, deputy, "/inspections", ""))


def test_a_unit_reads_its_finding_from_the_transfer_on_and_the_level_after_its_answer(
    own: Home,
) -> None:
    target = next(f for f in list_findings(own, LI.grant) if f.agency_code is not None)
    unit = Grant(
        "u",
        "办理",
        Scope(units=frozenset({target.agency_code})),
        findings=Reached.TRANSFERRED,
        role="unit_clerk",
    )
    path = f"/finding/{target.finding[:16]}"
    for actor, step in ((LI, "take"), (LI, "uphold"), (LI, "draft"), (WANG, "review")):
        do(
            own,
            actor,
            target.finding,
            step,
            **({"addressee": target.agency_code} if step == "draft" else {}),
        )
        assert UNKNOWN in words(answer(own, unit, path, ""))
    do(own, ZHAO, target.finding, "sign")
    do(own, LI, target.finding, "transfer", number="预工〔2026〕3号")
    for shown in (answer(own, unit, path, ""), answer(own, unit, "/alerts", "")):
        (main,) = kinds(shown, "Main")
        assert target.title in words(main) and "答复后显示" in words(main)
    people = {role: person(role, role, frozenset({target.agency_code})) for role in
              ("单位经办", "单位财务负责人", "单位负责人")}  # fmt: skip
    for role, step in (
        ("单位经办", "receive"),
        ("单位经办", "start"),
        ("单位经办", "draft_answer"),
        ("单位财务负责人", "check_answer"),
        ("单位负责人", "issue_answer"),
    ):
        do(own, people[role], target.finding, step)
    (main,) = kinds(answer(own, unit, path, ""), "Main")
    assert "答复后显示" not in words(main) and LEVELS[target.level][1] in words(main)


def test_a_reconciliation_is_exported_with_its_reason_by_whoever_may(
    own: Home, people: Any
) -> None:
    clerk = Grant("li", "办理", role="clerk")
    page = answer(own, clerk, "/data/recon", "")
    forms = [each.to_plotly_json()["props"] for each in kinds(page, "Form")]
    (marks,) = [each for each in forms if each.get("data-export") == "reconciliation"]
    body = {
        "period": marks["data-period"],
        "snapshot": marks["data-snapshot"],
        "reason": "对账会商",
    }
    got = people["li"].post("/export/reconciliation", json=body, headers=OURS)
    assert got.status_code == 200
    sheet = load_workbook(BytesIO(got.data))["调节表"]
    first, mark = sheet.cell(1, 1).value, sheet.cell(2, 1).value
    assert first == f"{body['period']} 收支对账调节表" and "li（用途：对账会商） 导出" in mark
    (entry,) = list(_entries(own, {"act": "paper."}))
    assert (entry.user, entry.record()["details"]["reason"]) == ("li", "对账会商")
    for name, changed, status in (
        ("li", {"reason": "看看"}, 422),
        ("li", {"period": "2026-13"}, 422),
        ("li", {"period": "../x"}, 422),
        ("li", {"snapshot": "S1"}, 422),
        ("ours", {}, 403),
        ("deputy", {}, 403),
    ):
        told = people[name].post("/export/reconciliation", json={**body, **changed}, headers=OURS)
        assert told.status_code == status, (name, changed)
    assert people["li"].post("/export/else", json=body, headers=OURS).status_code == 404
    assert len(list(_entries(own, {"act": "paper."}))) == 1
