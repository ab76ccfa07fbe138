"""Exemptions registered by accounts: two people, one list, early end, runs that can be repeated."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from budget_watch.access import Grant, Scope, accounts, assigning
from budget_watch.audit import Who, key_of, read, verify
from budget_watch.casework import book
from budget_watch.casework import tables as t
from budget_watch.casework.accounts import grant_as, store_of
from budget_watch.casework.cases import Actor, actor_of, today_of
from budget_watch.casework.checking import book_hashes, check, rule_book
from budget_watch.casework.errors import ActError, CaseworkError, UnknownExemptionError
from budget_watch.casework.exemption_acts import (
    Wanted,
    confirm,
    end,
    of_finding,
    of_place,
    refuse,
    register,
)
from budget_watch.casework.exemption_entries import used_by
from budget_watch.casework.exemptions import register as listed
from budget_watch.casework.findings import list_findings
from budget_watch.casework.gaps import gaps
from budget_watch.cli.main import main
from budget_watch.engine.observations import read_run
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.notices.inbox import inbox
from tests.casework import test_exemptions as files

home = files.home  # two vouchers of 1 元, of units 101001 and 102001; rule PZ97, class 理
WHOLE = Grant.system("test")
NOW = datetime(2026, 10, 9, 2, 0, tzinfo=UTC)
LAW = {"law": "budget-law", "article": "35"}
PEOPLE = {
    "li": ("clerk", Scope()),
    "wang": ("reviewer", Scope()),
    "zhao": ("signer", Scope()),
    "dai": ("deputy", Scope()),
    "county": ("clerk", Scope(regions=frozenset({"990181000"}))),
    "kuai": ("unit_clerk", Scope(units=frozenset({"101001"}))),
}


@pytest.fixture(autouse=True)
def small_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The product's laws without its 125 rules: to read them takes seconds."""
    folder = tmp_path / "book"
    folder.mkdir()
    shutil.copy(book.rules_dir() / "laws.yaml", folder)
    shutil.copytree(book.rules_dir() / "workflow", folder / "workflow")
    monkeypatch.setattr(book, "rules_dir", lambda: folder)


@pytest.fixture
def office(home: Home) -> Iterator[Home]:
    store = store_of(home, lambda: NOW)
    for name, (role, scope) in PEOPLE.items():
        accounts.add(store, Who("operator", "", "", "test"), name, f"{name}某")
        assigning.assign(store, Who("operator", "", "", "test"), name, role, "任职", scope)
    yield home
    engine(home).dispose()


def who(home: Home, name: str) -> Actor:
    return actor_of(home, grant_as(home, name, "test"))


def wanted(**more: Any) -> Wanted:
    said: dict[str, Any] = {
        "rule": "PZ97",
        "scope": {"agency_code": "102*"},
        "since": date(2026, 1, 1),
        "until": date(2099, 12, 31),
        "reason": "集中结算",
        "document": "区政府会议纪要〔2026〕3号",
    }
    return Wanted(**{**said, **more})


def judged(home: Home, **more: Any) -> Any:
    return check(home.root, rules=["PZ97"], **more)


def states(home: Home) -> dict[str | None, str]:
    return {f.agency_code: f.data_state for f in list_findings(home, WHOLE, outcome=None)}


def test_an_entry_holds_once_another_person_has_confirmed_it_and_stays_listed(office):
    li, wang, zhao = (who(office, name) for name in ("li", "wang", "zhao"))
    number = register(office, li, wanted(), now=NOW)
    assert number == "DJ2026-0001"
    for name in ("wang", "zhao"):
        (notice,) = inbox(office, who(office, name))
        assert notice.sentence == ("例外情形登记 DJ2026-0001（PZ97）现在“待批准”，须由另一人批准。")
    assert inbox(office, li) == inbox(office, who(office, "county")) == []
    assert judged(office).summary["exempted"] == 0
    with pytest.raises(ActError, match=r"批准例外情形登记由审核、签发办理，您的角色是经办"):
        confirm(office, li, number)
    confirm(office, wang, number)
    confirm(office, wang, number)  # the same word again
    with pytest.raises(ActError, match="已由wang某批准"):
        refuse(office, zhao, number, "不同意")
    files.registered(office, files.ENTRY.replace("102*", "103*"))
    result = judged(office)
    assert (result.summary["hit"], result.summary["exempted"]) == (1, 1)
    assert states(office) == {"101001": "持续", "102001": "例外登记"}
    assert [
        each["message"] for each in gaps(office, WHOLE, rule_book(office.root), "not_applicable")
    ] == ["大额支付：不适用（例外情形登记 DJ2026-0001）。"]
    own, file = listed(office, rule_book(office.root))
    assert own == {
        "exemption": "DJ2026-0001", "rule": "PZ97", "scope": {"agency_code": "102*"}, "levels": [],
        "basis": "区政府会议纪要〔2026〕3号", "from": "2026-01-01", "to": "2099-12-31",
        "registered_by": "li某", "approved_by": "wang某", "reason": "集中结算", "origin": "登记",
        "used": 1, "state": "有效", "refused_by": None, "ended_by": None, "ended": None,
        "why": None,
    }  # fmt: skip
    assert (file["exemption"], file["origin"], file["used"]) == ("LW-9", "文件", 0)


def test_ended_early_it_holds_no_more_is_still_listed_and_nothing_is_deleted(office):
    number = register(office, who(office, "li"), wanted(), now=NOW)
    with pytest.raises(ActError, match="没有批准"):
        end(office, who(office, "zhao"), number, "规定已变", now=NOW)
    judged(office)
    confirm(office, who(office, "wang"), number, now=NOW)
    judged(office)
    with pytest.raises(ActError, match="终止日应在有效期内"):
        end(office, who(office, "zhao"), number, "规定已变", date(2025, 1, 1))
    end(office, who(office, "zhao"), number, "规定已变", date(2026, 9, 30), now=NOW)
    judged(office)
    assert states(office) == {"101001": "持续", "102001": "再次触发"}
    (told,) = listed(office, rule_book(office.root))
    assert (told["state"], told["ended_by"], told["ended"], told["why"]) == (
        "已终止", "zhao某", "2026-09-30", "规定已变",
    )  # fmt: skip
    for table in (t.exemption, t.exemption_act, t.run_exemption):
        for statement in (table.delete(), table.update().values({table.c[0]: table.c[0]})):
            with (
                pytest.raises(sa.exc.DatabaseError, match="只增不改"),
                engine(office).begin() as connection,
            ):
                connection.execute(statement)
    with engine(office).connect() as connection:
        acts = [(e.act, e.user) for e in read(connection, act="exemption.")]
        assert verify(connection, key_of(office.root)).damages == []
    assert acts == [
        ("exemption.register", "li"), ("exemption.confirm", "wang"), ("exemption.end", "zhao"),
    ]  # fmt: skip


def test_a_run_knows_its_exemptions_and_with_them_it_is_the_same_run(office):
    bare = judged(office)
    number = register(office, who(office, "li"), wanted(), now=NOW)
    assert judged(office).run == bare.run  # one that waits changes nothing
    confirm(office, who(office, "wang"), number)
    with_it = judged(office)
    assert with_it.run != bare.run and judged(office).recorded.repeated
    end(office, who(office, "zhao"), number, "规定已变", date(2026, 1, 1), now=NOW)
    assert judged(office).run == bare.run  # it never held
    before = read_run(office, with_it.run)
    again = judged(office, exemptions_of=with_it.run)
    assert (again.run, again.recorded.repeated) == (with_it.run, True)
    assert again.listed("not_applicable")[0]["because"] == "例外情形登记 DJ2026-0001"
    assert read_run(office, with_it.run).equals(before)
    assert used_by(office, bare.run) == []
    (used,) = used_by(office, with_it.run) or []
    assert (used.id, used.until) == (number, date(2099, 12, 31))
    with pytest.raises(CaseworkError, match="没有记录过运行 xyz"):
        judged(office, exemptions_of="xyz")


def test_the_snapshot_tells_by_a_hash_which_exemptions_were_in_force(office):
    hashes = [book_hashes(office.root)]
    number = register(office, who(office, "li"), wanted(), now=NOW)
    hashes.append(book_hashes(office.root))
    confirm(office, who(office, "wang"), number)
    hashes.append(book_hashes(office.root))
    end(office, who(office, "zhao"), number, "规定已变", now=NOW)
    hashes.append(book_hashes(office.root))
    assert [h["exemptions"] == hashes[0]["exemptions"] for h in hashes] == [
        True,
        True,
        False,
        False,
    ]
    assert hashes[2] != hashes[3]
    assert len({h["rule_book"] for h in hashes}) == 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"until": date(2026, 10, 8)}, "截止日 2026-10-08 已过"),
        ({"since": date(2099, 12, 31), "until": date(2099, 1, 1)}, "to 早于 from"),
        ({"document": " "}, "要写依据"),
        ({"document": None, "basis": [{"law": "budget-law", "article": "999"}]}, "999|第九百"),
        ({"document": None, "basis": [{"law": "no-law"}]}, "no-law"),
        ({"scope": {"pro_code": "1"}}, "PZ97 没有 pro_code；可用的列"),
        ({"scope": {}}, "scope"),
        ({"scope": {"payee_acct_no": "1"}}, "是自然人的姓名或账号"),
        ({"levels": ["red"]}, "没有这些级别"),
        ({"rule": "XX01"}, "规则库里没有 XX01"),
    ],
)
def test_what_cannot_be_registered_is_said(office, more, said):
    if "basis" in more and more["basis"][0].get("article"):
        texts = office.root / "laws"
        texts.mkdir()
        (texts / "预算法.md").write_text("第三十五条　地方各级预算按照量入为出的原则编制。\n")
    with pytest.raises(ActError, match=said):
        register(office, who(office, "li"), wanted(**more), now=NOW)
    assert listed(office, rule_book(office.root)) == []


def test_of_class_law_only_what_the_law_itself_excepts(office):
    path = office.root / "rules" / "voucher" / "PZ97.yaml"
    path.write_text(files.RULE.replace("class: 理", "class: 法"), encoding="utf-8")
    with pytest.raises(ActError, match="只能登记法律、行政法规本身规定的例外"):
        register(office, who(office, "li"), wanted(), now=NOW)
    cited = wanted(document=None, basis=[LAW])
    assert register(office, who(office, "li"), cited, now=NOW) == "DJ2026-0001"


def test_nobody_registers_sees_or_confirms_beyond_their_scope(office):
    with pytest.raises(ActError, match="登记例外情形由经办、审核办理"):
        register(office, who(office, "dai"), wanted(), now=NOW)
    county = who(office, "county")
    with pytest.raises(ActError, match="您只能登记自己范围内的例外"):
        register(office, county, wanted(), now=NOW)
    own = wanted(scope={"mof_div_code": "990181000", "agency_code": "102*"})
    assert register(office, county, own, now=NOW) == "DJ2026-0001"
    other = register(office, who(office, "li"), wanted(), now=NOW)
    whole = rule_book(office.root)
    assert [each["exemption"] for each in listed(office, whole, county.grant)] == ["DJ2026-0001"]
    assert listed(office, whole, who(office, "kuai").grant) == []
    for act in (confirm, lambda *of: refuse(*of, "不同意"), lambda *of: end(*of, "不同意")):
        with pytest.raises(UnknownExemptionError) as hidden:
            act(office, county, other)
        with pytest.raises(UnknownExemptionError) as absent:
            act(office, county, "DJ2026-9999")
        assert str(hidden.value) == str(absent.value).replace("DJ2026-9999", other)


def test_a_request_that_comes_twice_is_one_entry_and_who_asked_may_take_it_back(office):
    li = who(office, "li")
    first = register(office, li, wanted(), request="r1", now=NOW)
    assert register(office, li, wanted(), request="r1", now=NOW) == first
    assert register(office, who(office, "wang"), wanted(), request="r1", now=NOW) == "DJ2026-0002"
    with pytest.raises(ActError, match="请由另一人批准"):
        confirm(office, who(office, "wang"), "DJ2026-0002")
    with pytest.raises(ActError, match="不批准要写理由"):
        refuse(office, li, first, " ")
    refuse(office, li, first, "重复登记")
    told = listed(office, rule_book(office.root))
    assert [each["state"] for each in told] == ["未批准", "待批准"]


def test_a_finding_gives_its_scope(office):
    judged(office)
    li = who(office, "li")
    one = next(f for f in list_findings(office, WHOLE) if f.agency_code == "102001")
    rule, scope = of_finding(office, li, one.finding)
    assert (rule, scope) == ("PZ97", {"pay_cert_id": one.grain["pay_cert_id"]})
    assert of_place(office, li, one.finding, "agency_code") == ("PZ97", {"agency_code": "102001"})
    confirm(office, who(office, "wang"), register(office, li, wanted(scope=scope), now=NOW))
    assert judged(office).summary["exempted"] == 1


def test_an_entry_whose_rule_is_gone_is_named_and_stops_nothing(office):
    confirm(office, who(office, "wang"), register(office, who(office, "li"), wanted(), now=NOW))
    path: Path = office.root / "rules" / "voucher" / "PZ97.yaml"
    path.rename(path.with_name("PZ98.yaml"))
    text = files.RULE.replace("PZ97", "PZ98")
    path.with_name("PZ98.yaml").write_text(text, encoding="utf-8")
    result = check(office.root, rules=["PZ98"])
    assert result.summary["hit"] == 2
    assert "DJ2026-0001" in str(result.not_loaded) and "没有 PZ97" in str(result.not_loaded)


def test_the_commands(office, capsys):
    def said(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(office.root), *words])
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out + told.err

    judged(office)
    asked = ("exemptions", "register", "--rule", "PZ97", "--scope", "agency_code=102*", "--reason")
    more = ("集中结算", "--document", "会议纪要", "--to", "2099-12-31", "--from", "2026-01-01")
    term = "自 2026-01-01 至 2099-12-31，等待另一人批准。\n"
    assert said(*asked, *more, "--as", "li") == (0, f"已登记 DJ2026-0001，{term}")
    status, told = said("exemptions", "list")
    assert status == 1 and "共 1 条，1 条待批准。" in told
    assert said("exemptions", "confirm", "DJ2026-0001", "--as", "wang")[0] == 0
    assert said("exemptions", "list", "--state", "有效")[0] == 0
    judged(office)
    assert '"used": 1' in said("rules", "exemptions", "--json")[1]
    gone = {f.data_state: f for f in list_findings(office, WHOLE, outcome=None)}
    found = gone["例外登记"]
    assert "DJ2026-0001" in said("explain", found.finding)[1]
    ended = said("exemptions", "end", "DJ2026-0001", "--reason", "规定已变", "--as", "zhao")
    assert ended == (0, f"DJ2026-0001 自 {today_of()} 起不再有效。\n")
    assert said(*asked, "再来", "--to", "2099-12-31")[0] == 3  # no basis
