"""Accounts, roles, approvals: who may hold what, from when until when, and what is written down."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from budget_watch.access import (
    Depth,
    Grant,
    Reached,
    Scope,
    Sensitivity,
    Window,
    accounts,
    assigning,
)
from budget_watch.access.errors import AccessError, ForbiddenError, NoRoleError, UnknownUserError
from budget_watch.access.granting import capacities, grant_of, may, require
from budget_watch.access.roles import Act, roles, standard_roles
from budget_watch.audit import Who
from budget_watch.casework.accounts import grant_as, store_of
from budget_watch.lake import Home
from tests.access.conftest import ADMIN, acts

TODAY = date(2026, 11, 20)


def give(store, name, role, **more):
    accounts.add(store, ADMIN, name, f"{name}某") if name not in {
        a.name for a in accounts.accounts(store)
    } else None
    return assigning.assign(store, ADMIN, name, role, "任职文件", **more)


def test_an_account_without_a_role_sees_nothing_and_one_with_a_role_its_own(store):
    accounts.add(store, ADMIN, "li", "李代表")
    with pytest.raises(NoRoleError, match="没有有效的角色"):
        grant_of(store, "li", "test")
    scope = Scope(regions=frozenset({"990100000"}))
    give(store, "li", "deputy", scope=scope, window=Window(date(2026, 1, 1)))
    assert grant_of(store, "li", "审议") == Grant(
        user="li",
        purpose="审议",
        scope=scope,
        depth=Depth.PROJECT,
        tables=Sensitivity.INTERNAL,
        rules=Sensitivity.INTERNAL,
        withheld=frozenset({"*.payer_acct_no"}),
        window=Window(date(2026, 1, 1)),
        findings=Reached.UPHELD,
        role="deputy",
    )
    with pytest.raises(UnknownUserError, match="没有账号 nobody"):
        grant_of(store, "nobody", "test")
    assert acts(store) == [("operator", "user.add", "li"), ("operator", "user.role", "li")]


def test_nobody_holds_two_of_the_three_administrators_now_or_later(store):
    give(store, "an", "security_admin")
    for other in ("system_admin", "audit_admin", "clerk"):
        with pytest.raises(AccessError, match="三员"):
            give(store, "an", other)
    give(store, "bo", "audit_admin", until=date(2026, 12, 31))
    with pytest.raises(AccessError, match="不得兼任"):
        give(store, "bo", "system_admin", since=date(2026, 12, 31))
    assert give(store, "bo", "system_admin", since=date(2027, 1, 1)).role == "system_admin"
    with pytest.raises(AccessError, match="不兼业务角色"):
        give(store, "bo", "leader")
    give(store, "wang", "clerk")
    with pytest.raises(AccessError, match="三员不兼业务角色"):
        give(store, "wang", "audit_admin")
    for name in ("an", "bo"):
        assert grant_of(store, name, "t").business is False


def test_a_role_must_be_given_with_its_rows_and_last_day(store):
    for role, missing in (
        ("finance", "区划"),
        ("supervisor", "部门"),
        ("unit_head", "单位"),
        ("expert", "事项，即报表或规则（--matter）、截止日"),
    ):
        with pytest.raises(AccessError, match=missing):
            give(store, "wu", role)
    with pytest.raises(AccessError, match="已过"):
        give(store, "wu", "expert", matter=["ZX15"], until=date(2026, 11, 19))
    with pytest.raises(AccessError, match="不写范围"):
        give(store, "wu", "audit_admin", scope=Scope(regions=frozenset({"1"})))
    assert give(store, "wu", "expert", matter=["ZX15"], until=TODAY).until == TODAY


def test_a_role_ends_on_its_day_and_at_once_when_it_is_taken_away(store, clock):
    give(store, "wu", "expert", matter=["ZX15", "carryover"], until=date(2026, 11, 21))
    assert grant_of(store, "wu", "t").only == frozenset({"ZX15", "carryover"})
    clock.on(days=1)
    grant_of(store, "wu", "t")
    clock.on(days=1)
    with pytest.raises(NoRoleError):
        grant_of(store, "wu", "t")
    give(store, "wang", "clerk")
    assigning.end_assignment(store, ADMIN, "wang", "clerk", "调离")
    with pytest.raises(NoRoleError):
        grant_of(store, "wang", "t")
    assert [each.ended for each in assigning.assignments(store, "wang")] == [True]
    with pytest.raises(AccessError, match="现在没有角色"):
        assigning.end_assignment(store, ADMIN, "wang", "clerk", "调离")


def test_two_roles_are_never_added_up(store):
    scope = Scope(regions=frozenset({"990100000"}))
    give(store, "li", "deputy")
    give(store, "li", "finance", scope=scope)
    as_deputy = grant_of(store, "li", "t")
    as_finance = grant_of(store, "li", "t", "财政归口")
    assert (as_deputy.scope, as_deputy.depth) == (Scope(), Depth.PROJECT)
    assert (as_finance.scope, as_finance.depth) == (scope, Depth.VOUCHER)
    with pytest.raises(NoRoleError, match="现有 代表、财政归口"):
        grant_of(store, "li", "t", "经办")


def test_an_approval_narrows_the_rows_lifts_what_it_names_and_ends(store, clock):
    give(store, "li", "deputy", scope=Scope(regions=frozenset({"990100000"})))
    made = assigning.approve(
        store,
        ADMIN,
        "li",
        ["payment"],
        Depth.VOUCHER,
        Sensitivity.SENSITIVE,
        date(2026, 11, 25),
        "专题调研",
        Scope(regions=frozenset({"990100000", "990121000"}), departments=frozenset({"101"})),
    )
    assert [c.title for c in capacities(store, "li")] == ["代表", "代表（批准 1，至2026-11-25）"]
    plain, under = grant_of(store, "li", "t"), grant_of(store, "li", "t", "deputy", made.number)
    assert plain.opening is None and plain.reach("payment") is Depth.PROJECT
    assert under.scope == Scope(frozenset({"990100000"}), frozenset({"101"}))
    assert (under.reach("payment"), under.reach("indicator")) == (Depth.VOUCHER, Depth.PROJECT)
    assert under.findings is Reached.UPHELD and under.key != plain.key
    clock.on(days=6)
    with pytest.raises(NoRoleError):
        grant_of(store, "li", "t", "deputy", made.number)
    again = assigning.approve(
        store, ADMIN, "li", ["ZW*"], Depth.PROJECT, Sensitivity.SENSITIVE, date(2027, 1, 1), "再批"
    )
    assigning.end_approval(store, ADMIN, again.number, "撤回")
    with pytest.raises(NoRoleError):
        grant_of(store, "li", "t", "deputy", again.number)
    assert [name for _, name, _ in acts(store)][-3:] == [
        "user.approve",
        "user.approve",
        "user.approve_end",
    ]


def test_nobody_gives_rights_to_themselves_and_every_act_has_a_reason(store):
    give(store, "an", "security_admin")
    give(store, "wang", "clerk")
    own = Who("an", "security_admin", "", "t")
    with pytest.raises(AccessError, match="不能给自己授权"):
        assigning.assign(store, own, "an", "clerk", "x")
    with pytest.raises(AccessError, match="不能给自己授权"):
        assigning.rescope(store, own, "an", "security_admin", Scope(), "x")
    with pytest.raises(AccessError, match="依据或原因"):
        assigning.assign(store, own, "wang", "reviewer", " ")
    with pytest.raises(AccessError, match="自己的账号"):
        accounts.disable(store, own, "an", "x")
    with pytest.raises(AccessError, match="三员不查看业务数据"):
        assigning.approve(
            store, ADMIN, "an", ["payment"], Depth.VOUCHER, Sensitivity.SENSITIVE, TODAY, "x"
        )


def test_a_disabled_account_sees_nothing_from_that_moment_and_its_name_is_never_used_again(store):
    give(store, "wang", "clerk")
    accounts.disable(store, ADMIN, "wang", "调离")
    with pytest.raises(NoRoleError, match="已停用"):
        grant_of(store, "wang", "t")
    with pytest.raises(AccessError, match="已经有了"):
        accounts.add(store, ADMIN, "wang", "另一人")
    accounts.enable(store, ADMIN, "wang", "调回")
    assert grant_of(store, "wang", "t").role == "clerk"


def test_rows_of_a_role_change_in_one_step_and_the_old_ones_stay_on_record(store):
    give(store, "zhu", "supervisor", scope=Scope(departments=frozenset({"101"})))
    new = Scope(departments=frozenset({"101", "102"}))
    assigning.rescope(store, ADMIN, "zhu", "supervisor", new, "机构改革")
    held = assigning.assignments(store, "zhu")
    assert [(each.scope.departments, each.ended) for each in held] == [
        (frozenset({"101"}), True),
        (frozenset({"101", "102"}), False),
    ]
    with pytest.raises(AccessError, match="须写明部门"):
        assigning.rescope(store, ADMIN, "zhu", "supervisor", Scope(), "x")


def test_acts_are_done_by_the_roles_that_may(quick):
    able = {
        act: {name for name, role in standard_roles().items() if act in role.acts}
        for act in ("accounts", "permissions", "sessions", "matrix", "audit")
    }
    assert able == {
        "accounts": {"system_admin"},
        "permissions": {"security_admin"},
        "sessions": {"system_admin", "security_admin"},
        "matrix": {"security_admin", "audit_admin"},
        "audit": {"audit_admin"},
    }
    for act, names in able.items():
        for role in standard_roles():
            if role not in names:
                with pytest.raises(ForbiddenError, match="不能办理"):
                    require(quick, role, act)
            else:
                require(quick, role, act)


def test_bad_names_are_refused_with_what_to_write(quick):
    for name in ("王", "W", "a", "operator", "system", "a b", "-x", "x" * 33):
        with pytest.raises(AccessError):
            accounts.add(quick, ADMIN, name, "某")


def test_a_home_changes_roles_but_makes_no_administrator_a_reader(tmp_path: Path):
    path = tmp_path / "permissions.yaml"
    path.write_text("roles:\n  deputy: {depth: unit}\n", encoding="utf-8")
    assert roles(tmp_path)["deputy"].reach is Depth.UNIT
    assert roles(tmp_path)["deputy"].of_findings is Reached.UPHELD
    for text, said in (
        ("roles:\n  audit_admin: {admin: false}\n", "三员不能改"),
        ("roles:\n  boss: {depth: unit}\n", "没有角色 boss"),
        ("roles:\n  deputy: {depth: deep}\n", "角色 deputy 写错了：depth：应为 department、"),
        ("roles: [", "不是合格的 YAML"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(AccessError, match=said):
            roles(tmp_path)


def test_a_command_reads_with_the_eyes_of_whom_it_names(tmp_path, clock):
    home = Home(tmp_path)
    store = store_of(home)
    give(store, "li", "deputy")
    give(store, "li", "member")
    assert grant_as(home, None, "t") == Grant.operator("t")
    assert grant_as(home, "li", "t").role == "deputy"
    assert grant_as(home, "li:财经委委员", "t").role == "member"
    with pytest.raises(NoRoleError):
        grant_as(home, "li:deputy#9", "t")


def test_each_act_is_for_these_roles_and_no_other(quick):
    able = {
        "export": {"clerk", "reviewer", "signer"},
        "digest": {"clerk", "reviewer", "signer"},
        "papers": {"leader"},
        "accounts": {"system_admin"},
        "permissions": {"security_admin"},
        "sessions": {"system_admin", "security_admin"},
        "matrix": {"security_admin", "audit_admin"},
        "audit": {"audit_admin"},
    }
    assert set(able) == set(get_args(Act))
    for act, those in able.items():
        for code in quick.roles:
            assert may(quick, code, act) is (code in those), (code, act)
            if code not in those:
                with pytest.raises(ForbiddenError, match="可办理的有"):
                    require(quick, code, act)
