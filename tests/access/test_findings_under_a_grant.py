"""Findings, what was not judged, and evidence: only of rules, places and states one may see."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from budget_watch.access import Grant, Reached, Scope, Sensitivity, Window
from budget_watch.access.roles import standard_roles
from budget_watch.casework.checking import rule_book
from budget_watch.casework.errors import UnknownFindingError
from budget_watch.casework.explaining import explained
from budget_watch.casework.findings import LEVELS, VERIFIED, get_finding, history, list_findings
from budget_watch.casework.gaps import gaps
from budget_watch.casework.rule_marks import rule_marks, visible_rules
from budget_watch.lake import Reader, Snapshot
from budget_watch.views.judgement import explained as explained_on_page
from tests.access.test_reading_layer import grant_for
from tests.views_drill.small_city import CITY

WHOLE = Grant.system("test")
TRANSFERRED = {"已转交", "已签收", "研究处理中", "已反馈", "复核", "退回补充", "持续跟踪", "办结"}


def reached(finding, asked):
    """Whether the handling of a finding has come as far as a role is shown."""
    return {
        Reached.FOUND: True,
        Reached.UPHELD: finding.work_state in {*VERIFIED, "办结"} and not finding.trial,
        Reached.TRANSFERRED: finding.work_state in TRANSFERRED and not finding.trial,
    }[asked]


@pytest.fixture(scope="module")
def book(checked):
    return rule_book(checked.root)


@pytest.mark.parametrize("role", standard_roles())
def test_no_role_sees_a_finding_of_another_rule_place_or_state(checked, book, role):
    marks, said = rule_marks(book), standard_roles()[role]
    everything = list_findings(checked, WHOLE, outcome=None)
    for scope in (
        Scope(),
        Scope(regions=frozenset({CITY})),
        Scope(departments=frozenset({"101"})),
        Scope(units=frozenset({"101002"})),
    ):
        grant = grant_for(role, scope)
        seen = {f.finding for f in list_findings(checked, grant, outcome=None)}
        expected = {
            f.finding
            for f in everything
            if not said.admin
            and marks[f.rule].sensitivity <= said.of_rules
            and marks[f.rule].depth <= said.reach
            and reached(f, said.of_findings)
            and (scope.regions is None or f.mof_div_code in scope.regions)
            and (scope.departments is None or f.dept_code in scope.departments)
            and (scope.units is None or f.agency_code in scope.units)
        }
        assert seen == expected, scope
        hidden = [f for f in everything if f.finding not in seen]
        for other in hidden[:5]:  # to ask for it by name says no more than that there is none
            with pytest.raises(UnknownFindingError, match=other.finding):
                get_finding(checked, grant, other.finding)
            with pytest.raises(UnknownFindingError):
                history(checked, grant, other.finding)
            with pytest.raises(UnknownFindingError):
                explained(checked, grant, book, other.finding)


def test_the_matrix_of_findings_is_not_empty_for_deputies_and_whole_for_the_committee(checked):
    mine = list_findings(checked, grant_for("deputy"), outcome=None)
    assert mine and {f.work_state for f in mine} <= {"已转交", "已反馈"}
    whole = list_findings(checked, WHOLE, outcome=None)
    assert len(list_findings(checked, grant_for("clerk"), outcome=None)) == len(whole) > len(mine)


def test_a_department_sees_no_level_before_it_has_answered(checked):
    """Neither in the record, the history, the order nor by asking for a level (domain §4.4)."""
    grant = replace(grant_for("supervisor"), scope=Scope())
    mine = list_findings(checked, grant, outcome=None)
    levels = {f.finding: f.level for f in list_findings(checked, WHOLE, outcome=None)}
    before = [f for f in mine if f.work_state == "已转交"]
    after = [f for f in mine if f.work_state == "已反馈"]
    assert len(before) > 3 and len(after) > 3 and len(before) + len(after) == len(mine)
    assert [f.level for f in after] == [levels[f.finding] for f in after]
    for one in before:
        seen = [one, get_finding(checked, grant, one.finding)]
        assert [(f.level, f.observation["level"]) for f in seen] == [(None, None)] * 2
        told = history(checked, grant, one.finding)
        assert [(e["level"], e["observation"]["level"]) for e in told] == [(None, None)] * len(told)
    for level in LEVELS:
        asked = list_findings(checked, grant, outcome=None, level=level)
        assert {f.finding for f in asked} == {f.finding for f in after if f.level == level}
    order = [(f.first_seen, f.rule, f.finding) for f in mine if f.level is None]
    assert order == sorted(order, key=lambda each: (-each[0].toordinal(), *each[1:]))


def test_what_was_not_judged_is_cut_like_findings(checked, book):
    def listed(grant):
        return list(gaps(checked, grant, book, "insufficient_data"))

    whole, unit = listed(WHOLE), listed(grant_for("unit_clerk", Scope(units=frozenset({"101002"}))))
    assert whole and len(unit) < len(whole)
    assert {json.dumps(r["grain"]) for r in unit} <= {json.dumps(r["grain"]) for r in whole}
    assert listed(grant_for("deputy")) == []
    assert listed(grant_for("system_admin")) == []
    rules = visible_rules(checked.root, grant_for("deputy"))
    inner = replace(grant_for("deputy"), findings=Reached.FOUND)
    assert {r["rule"] for r in listed(inner)} <= rules


def of_rule(checked, rule):
    return next(f for f in list_findings(checked, WHOLE, outcome=None) if f.rule == rule)


def test_evidence_outside_the_depth_is_one_number_and_its_sum(checked, book):
    """SJ05: a month's payments of the region, 41 vouchers, against the monthly report."""
    whole = of_rule(checked, "SJ05")
    all_ = explained(checked, WHOLE, book, whole.finding).evidence
    assert (all_.count, all_.outside) == (41, 0)
    deputy = replace(grant_for("deputy"), findings=Reached.FOUND)
    said = explained(checked, deputy, book, whole.finding)
    found = said.evidence
    assert (found.count, found.rows.height, found.total) == (0, 0, 0)
    assert (found.outside, found.outside_sum, found.difference) == (41, all_.total, 0)
    record = json.dumps(said.record(), ensure_ascii=False, default=str)
    documents = all_.rows["pay_cert_id"].to_list()
    assert len(documents) == 41 and not any(name in record for name in documents)
    blind = explained(checked, replace(deputy, sums=False), book, whole.finding).evidence
    assert (blind.outside, blind.outside_sum, blind.value, blind.difference) == (
        41,
        None,
        None,
        None,
    )


def test_evidence_outside_the_rows_is_one_number_on_the_page_as_in_the_command(checked, book):
    whole = of_rule(checked, "SJ05")
    all_ = explained(checked, WHOLE, book, whole.finding).evidence
    grant = replace(Grant.operator("test"), window=Window(since=date(2026, 6, 1)))
    mine = all_.rows.filter(pl.col("pay_date") >= date(2026, 6, 1))
    outside = all_.count - mine.height
    assert 0 < outside < all_.count
    found = explained(checked, grant, book, whole.finding).evidence
    reader = Reader(checked, grant, Snapshot.latest(checked))
    on_page = explained_on_page(checked, reader, book, get_finding(checked, grant, whole.finding))
    for each in (found, on_page.evidence):
        assert (each.count, each.outside) == (mine.height, outside)
        assert each.total + each.outside_sum == each.value
        assert each.rows["pay_cert_id"].sort().equals(mine["pay_cert_id"].sort())


def test_the_sql_of_a_finding_names_no_natural_person(checked, book):
    """Constants of the query are hidden as the values are."""
    grant = Grant.operator("test")
    for finding in list_findings(checked, WHOLE, outcome=None):
        values = {**finding.values, **finding.grain}
        shown = get_finding(checked, grant, finding.finding)
        hidden = {
            str(value)
            for name, value in values.items()
            if {**shown.values, **shown.grain}[name] != value
        }
        if hidden:
            said = explained(checked, grant, book, finding.finding)
            text = json.dumps([vars(m) for m in said.measures], ensure_ascii=False, default=str)
            assert not any(f"'{value}'" in text for value in hidden), finding.rule


def test_rules_are_as_sensitive_as_what_they_read(book):
    """Design §10: 库款, 专户, 债务率, enterprises, single documents."""
    marks = rule_marks(book)
    sensitive = {name for name, mark in marks.items() if mark.sensitivity is Sensitivity.SENSITIVE}
    assert {"ZX19", "ZW02", "ZW05", "GZ01", "GZ02", "GZ03", "SB04", "PZ11", "PZ20"} <= sensitive
    assert sensitive.isdisjoint({"ZX06", "ZW01", "SG01", "BZ01", "JX01", "ZX18"})
