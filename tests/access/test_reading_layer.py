"""What a Grant lets through of the lake: rows, columns, depth, sensitivity, days. Every table."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from budget_watch.access import Depth, Grant, Opening, Reached, Scope, Sensitivity, Window
from budget_watch.access.levels import depth_of
from budget_watch.access.roles import standard_roles
from budget_watch.lake import Home, LakeError, Reader
from budget_watch.lake.layout import layout
from budget_watch.lake.letting import COUNT, SUMS
from budget_watch.lake.marts import MARTS
from budget_watch.tables import contracts
from budget_watch.views.cubes import build, cube
from tests.views_drill.small_city import AS_OF, CITY, COUNTY

NAMES = [*contracts(), *MARTS]
DEPUTY = Grant(
    "li",
    "test",
    depth=Depth.PROJECT,
    tables=Sensitivity.INTERNAL,
    rules=Sensitivity.INTERNAL,
    findings=Reached.UPHELD,
)


def grant_for(role: str, scope: Scope | None = None) -> Grant:
    said = standard_roles()[role]
    return Grant(
        "u",
        "test",
        scope=scope or Scope(),
        depth=said.reach,
        tables=said.of_tables,
        rules=said.of_rules,
        withheld=frozenset(said.withheld),
        findings=said.of_findings,
        business=not said.admin,
        role=role,
    )


def rows(home: Home, grant: Grant, name: str) -> pl.DataFrame:
    return Reader(home, grant).scan(name).collect()


@pytest.mark.parametrize("role", standard_roles())
def test_no_role_reads_a_row_that_is_more_sensitive_deeper_or_elsewhere(city, role):
    """The whole matrix role × table, against the whole rows, by words written out here."""
    scopes = [Scope(regions=frozenset({CITY}), departments=frozenset({"101"}))]
    scopes.append(Scope(regions=frozenset({COUNTY})))
    scopes.append(Scope(departments=frozenset({"101"}), units=frozenset({"101002"})))
    for scope in scopes:
        grant, said = grant_for(role, scope), standard_roles()[role]
        for name in NAMES:
            found, contract = rows(city, grant, name), layout(name).contract
            if found.is_empty():
                continue
            assert not said.admin, name
            summed = COUNT in found.columns
            own = "内部" if summed else contract.sensitivity
            assert Sensitivity.of(own) <= said.of_tables, name
            if not summed and contract.kind != "reference":
                assert depth_of(contract.key) <= said.reach, name
            for column, allowed in (
                ("mof_div_code", scope.regions),
                ("dept_code", scope.departments),
                ("agency_code", scope.units),
            ):
                if allowed is not None and column in found.columns:
                    assert set(found[column].drop_nulls()) <= allowed, (name, column)
            placed = {"dept_code", "agency_code"} & set(found.columns)
            assert placed or contract.sensitivity == "公开" or not scope.own, name
            for column in contract.columns:
                if column.sensitivity and Sensitivity.of(column.sensitivity) > said.of_tables:
                    assert found[column.name].null_count() == found.height, (name, column.name)


def test_a_whole_grant_reads_everything_there_is(city):
    for name in NAMES:
        whole = rows(city, Grant.system("test"), name)
        assert rows(city, Grant.operator("test"), name).height == whole.height
        assert rows(city, grant_for("clerk"), name).height == whole.height


def test_payments_come_to_a_reader_of_projects_as_sums_without_document_payee_or_purpose(city):
    found, whole = rows(city, DEPUTY, "payment"), rows(city, Grant.system("t"), "payment")
    assert found["pay_amt"].sum() == whole["pay_amt"].sum()
    assert found[COUNT].sum() == whole.height
    told = {c for c in found.columns if found[c].null_count() < found.height} - {COUNT, "pay_amt"}
    assert told <= set(SUMS["payment"].by) - {"bgt_id"}
    by = ["agency_code", "pro_code", "pay_date"]
    each = whole.group_by(by).agg(pl.col("pay_amt").sum()).sort(by)
    assert found.group_by(by).agg(pl.col("pay_amt").sum()).sort(by).equals(each)


def test_the_cube_of_a_reader_of_projects_has_the_same_sums_and_counts_of_vouchers(city):
    snapshot = Reader(city, DEPUTY).snapshot
    mine = build(Reader(city, DEPUTY), snapshot.id, AS_OF)
    all_ = build(Reader(city, Grant.operator("t")), snapshot.id, AS_OF)
    keys = ["fiscal_year", "dept_code", "exp_func_code", "month"]
    sums = ["initial", "approved", "current", "plan", "spent", "late", "vouchers", "late_vouchers"]

    def told(cube):
        return cube.coarse.group_by(keys).agg(pl.col(sums).sum()).sort(keys)

    assert told(mine).equals(told(all_))
    assert mine.of("101", True)["bgt_id"].drop_nulls().is_empty()
    assert not all_.of("101", True)["bgt_id"].drop_nulls().is_empty()


SCOPES = [
    Scope(),
    Scope(regions=frozenset({CITY})),
    Scope(regions=frozenset({COUNTY})),
    Scope(regions=frozenset({CITY}), departments=frozenset({"101"})),
    Scope(departments=frozenset({"101"}), units=frozenset({"101002"})),
]


@pytest.mark.parametrize("scope", SCOPES)
def test_a_cube_cut_out_of_the_whole_is_the_cube_of_what_the_reader_may_see(city, scope):
    window = Window(date(2026, 3, 1), date(2026, 5, 31))
    readers = [grant_for(role, scope) for role in standard_roles()]
    readers += [replace(readers[0], depth=Depth.DEPARTMENT), replace(readers[0], window=window)]
    for grant in readers:
        reader = Reader(city, grant)
        snapshot = reader.snapshot
        found, whole = cube(city, grant, snapshot), build(reader, snapshot.id, snapshot.biz_date)
        for given, wanted in (
            (found.coarse, whole.coarse),
            (found.of(None, True), whole.of(None, True)),
            (found.causes, whole.causes),
        ):
            keys = wanted.columns
            assert given.select(keys).sort(keys).equals(wanted.sort(keys)), grant.role


def test_an_approval_lifts_only_what_it_names_and_only_within_its_rows(city):
    under = Opening(1, frozenset({"payment"}), Depth.VOUCHER, Sensitivity.SENSITIVE)
    deeper = replace(DEPUTY, opening=under, scope=Scope(departments=frozenset({"101"})))
    found, whole = rows(city, deeper, "payment"), rows(city, Grant.system("t"), "payment")
    mine = whole.filter(pl.col("dept_code") == "101")
    assert found["pay_cert_id"].sort().equals(mine["pay_cert_id"].sort())
    assert rows(city, deeper, "payment_application").is_empty()
    assert COUNT not in found.columns


def test_the_files_of_a_year_hold_all_its_rows(city):
    reader = Reader(city, Grant.operator("t"))
    for name in NAMES:
        if "fiscal_year" not in layout(name).schema:
            continue
        whole = reader.scan(name).collect()
        for year in whole["fiscal_year"].unique().drop_nulls().to_list():
            own = pl.col("fiscal_year") == year
            found = reader.scan(name, year).filter(own).collect()
            assert found.equals(whole.filter(own)), (name, year)
    all_, some = reader.snapshot.files("payment"), reader.snapshot.files("payment", 2026)
    assert 0 < len(some) < len(all_)


def test_one_row_by_its_key_is_the_row_of_the_scan_or_nothing(city):
    whole = rows(city, Grant.system("t"), "payment_voucher")
    keys = [*whole.select("fiscal_year", "pay_cert_id").iter_rows(), (2026, "nothing"), (1999, "x")]
    scopes = [Scope(), Scope(regions=frozenset({COUNTY})), Scope(departments=frozenset({"101"}))]
    grants = [
        grant_for(role, scope) for role in ("clerk", "deputy", "audit_admin") for scope in scopes
    ]
    for grant in grants:
        reader, seen = Reader(city, grant), rows(city, grant, "payment_voucher")
        for year, key in keys:
            own = (pl.col("fiscal_year") == year) & (pl.col("pay_cert_id") == key)
            found = seen.filter(own).rows(named=True)
            one = reader.one("payment_voucher", year, "pay_cert_id", key)
            assert one == (found[0] if found else None), (grant.role, key)


def test_a_window_cuts_events_by_their_day_and_periods_by_month_and_year(city):
    window = Window(date(2026, 3, 1), date(2026, 5, 31))
    grant = replace(Grant.operator("t"), window=window)
    inside = pl.col("pay_date").is_between(window.since, window.until)
    whole = rows(city, Grant.system("t"), "payment").filter(inside)
    assert rows(city, grant, "payment")["pay_cert_id"].sort().equals(whole["pay_cert_id"].sort())
    assert set(rows(city, grant, "debt_limit")["month"]) <= {3, 4, 5}
    assert set(rows(city, grant, "department_budget")["fiscal_year"]) <= {2026}
    assert not rows(city, grant, "unit").is_empty()


def test_withheld_and_sensitive_columns_come_blank_and_cannot_be_filtered_by(city):
    deputy = grant_for("deputy")
    found = rows(city, deputy, "debt_limit")
    assert found.height and found["comprehensive_fiscal"].null_count() == found.height
    lazy = Reader(city, deputy).scan("debt_position").filter(pl.col("comprehensive_fiscal") > 0)
    assert lazy.collect().is_empty()
    hiding = replace(Grant.operator("t"), withheld=frozenset({"payment.use_des"}))
    assert (
        rows(city, hiding, "payment")["use_des"].null_count()
        == rows(city, Grant.system("t"), "payment").height
    )


def test_an_expert_is_kept_to_the_tables_and_rules_of_their_matter(city):
    grant = replace(grant_for("expert"), only=frozenset({"payment", "PZ*"}))
    open_ = [name for name in NAMES if Reader(city, grant).withheld(name) is None]
    assert open_ == ["payment"]
    assert grant.may_rule("PZ11", Sensitivity.SENSITIVE, Depth.VOUCHER)
    assert not grant.may_rule("ZX06", Sensitivity.INTERNAL, Depth.DEPARTMENT)


def test_files_are_given_only_to_whom_nothing_is_cut(city):
    assert Reader(city, Grant.system("t")).files("payment")
    with pytest.raises(LakeError, match="未按权限裁剪"):
        Reader(city, DEPUTY).files("payment")


def test_two_grants_that_see_different_rows_never_share_a_cache_key():
    base = DEPUTY
    others = [
        replace(base, scope=Scope(units=frozenset({"101002"}))),
        replace(base, depth=Depth.VOUCHER),
        replace(base, tables=Sensitivity.OPEN),
        replace(base, rules=Sensitivity.OPEN),
        replace(base, only=frozenset({"payment"})),
        replace(base, withheld=frozenset({"*.use_des"})),
        replace(base, window=Window(date(2026, 1, 1))),
        replace(base, findings=Reached.FOUND),
        replace(base, opening=Opening(1, frozenset({"x"}), Depth.UNIT, Sensitivity.OPEN)),
        replace(base, business=False),
        replace(base, sums=False),
    ]
    keys = [base.key, *(each.key for each in others)]
    assert len(set(keys)) == len(keys)
    assert not any(each.whole for each in (base, *others))


def test_every_mart_is_as_sensitive_as_what_it_is_made_of_unless_it_only_sums():
    """Sums of a region and month over single documents are 内部; so says `marts.mart`."""
    summing = {"recon", "final_gap", "table_coverage"}
    for name, mart in MARTS.items():
        inputs = [layout(each).contract.sensitivity for each in mart.inputs]
        highest = max([Sensitivity.of(each) for each in inputs], default=Sensitivity.OPEN)
        if name not in summing:
            assert Sensitivity.of(mart.contract.sensitivity) >= highest, name
