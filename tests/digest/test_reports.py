"""Every kind of report on the made-up city: its figures are the views', its words are allowed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from budget_watch.access import Grant
from budget_watch.access.granting import grant_of
from budget_watch.casework.accounts import store_of
from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError
from budget_watch.cli.demo_accounts import example_accounts
from budget_watch.digest import DigestRefusedError, html, issues, pdf, word
from budget_watch.digest.build import compose
from budget_watch.digest.document import Document
from budget_watch.digest.errors import TemplateError
from budget_watch.digest.issuing import build_now
from budget_watch.digest.period import parse
from budget_watch.digest.publishing import publish
from budget_watch.digest.template import QUARTERLY, template_of, templates_of
from budget_watch.lake import Home, Reader
from budget_watch.views import Desk, Unit, home_place
from budget_watch.views.assets import admin_total, enterprises
from budget_watch.views.audit_issues import issues as audit_issues
from budget_watch.views.audit_issues import tally
from budget_watch.views.spending import departments
from tests.congress.made_congress import played
from tests.views import review_city

GRANT = Grant.operator("test")
PERIODS = {
    "quarterly": "2026Q3",
    "brief": "2026-09",
    "draft": "2026",
    "final": "2025",
    "debt": "2026Q3",
    "assets": "2026Q3",
    "audit": "2026Q3",
    "department:101": "2026Q3",
    "deputy:demo-deputy": "2026Q3",
    "opinions:RD2026-01": "2026",
    "result:RD2026-01": "2026",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = review_city.make(tmp_path_factory.mktemp("reports"))
    example_accounts(made)
    played(made)
    return made


@pytest.fixture(scope="module")
def desk(home: Home) -> Desk:
    return Desk(Reader(home, GRANT))


@pytest.fixture(scope="module")
def whole(city: Home) -> Home:
    """The city with assets and audits, which the one with a run has not."""
    return city


def made(home: Home, report: str) -> Document:
    return compose(home, GRANT, parse(PERIODS[report]), template_of(home, report))


def of(report: str, home: Home, whole: Home) -> Home:
    return whole if report in ("assets", "audit") else home


def test_there_is_a_period_here_for_every_kind(home: Home) -> None:
    names = [each.report for each in templates_of(home)]
    assert names == [each.partition(":")[0] for each in PERIODS]
    assert template_of(home, "quarterly").material == list(QUARTERLY)


@pytest.mark.parametrize("report", PERIODS)
def test_each_is_written_in_every_format_twice_alike(home: Home, whole: Home, report: str) -> None:
    home = of(report, home, whole)
    document = made(home, report)
    assert document.figures
    for write in (word.write, pdf.write, html.write):
        assert write(document) == write(made(home, report))


@pytest.mark.parametrize("report", [each for each in PERIODS if not each.startswith("deputy")])
def test_a_figure_is_what_its_query_gives(home: Home, whole: Home, report: str) -> None:
    home = of(report, home, whole)
    desk, asked = Desk(Reader(home, GRANT)), 0
    for key, figure in made(home, report).figures.items():
        if figure.unit not in (Unit.FEN, Unit.COUNT) or len(figure.queries) != 1:
            continue
        query = figure.queries[0]
        if query.table in ("finding", "run", "congress_opinion"):
            continue
        assert (desk.ask(query).value or 0) == figure.value, key
        asked += 1
    assert asked or report == "brief" or report.startswith("opinions")


def test_assets_and_audit_are_the_views_own(whole: Home) -> None:
    home, desk = whole, Desk(Reader(whole, GRANT))
    end = parse("2026Q3").span.end
    figures = made(home, "assets").figures
    firms = enterprises(desk, parse("2026Q3").span, end)
    office = admin_total(desk, 2026, review_city.CITY)
    assert office is not None and firms
    assert figures["assets.soe.count"].value == len(firms)
    assert figures["assets.soe.asset"].value == sum(one.last.asset or 0 for one in firms)
    assert figures["assets.office.book"].value == office.book
    place = home_place(desk, "全市")
    assert place is not None
    found = tally("all", audit_issues(desk, place, end))
    figures = made(home, "audit").figures
    assert [figures[f"audit.{each}"].value for each in ("issues", "due", "finished")] == [
        found.issues,
        found.due,
        found.finished,
    ]
    assert figures["audit.by_number"].exact == found.by_number


def test_what_no_table_tells_is_a_gap(whole: Home) -> None:
    gaps = [gap.text for gap in made(whole, "assets").gaps]
    assert "约定报送的报表中没有金融企业国有资产表" in gaps


def test_a_departments_picture_is_its_own_line_among_all(home: Home, desk: Desk) -> None:
    place = home_place(desk)
    assert place is not None
    peers = departments(desk, place, parse("2026Q3").span)
    at, own = next((n, each) for n, each in enumerate(peers, 1) if each.key.endswith(".101"))
    figures = made(home, "department:101").figures
    assert figures["dept.rank"].value == at
    assert figures["own.department.current"].value is not None
    assert own.name.removeprefix("示范市") in made(home, "department:101").masthead.title
    with pytest.raises(DigestRefusedError, match="没有编码为“999”的部门"):
        made_of = template_of(home, "department:999")
        compose(home, GRANT, parse("2026Q3"), made_of)


def test_whom_it_is_about_has_to_be_said_where_it_is_about_somebody(home: Home) -> None:
    with pytest.raises(TemplateError, match="请写明部门，如 --unit 101"):
        template_of(home, "department")
    with pytest.raises(TemplateError, match="这种报告不分部门、代表和会次"):
        template_of(home, "quarterly:101")
    with pytest.raises(DigestRefusedError, match="demo-clerk 不是代表的账号"):
        compose(home, GRANT, parse("2026Q3"), template_of(home, "deputy:demo-clerk"))


def test_a_deputys_material_is_theirs_and_the_offices_and_is_not_published(
    home: Home, tmp_path: Path
) -> None:
    clerk = Actor(GRANT, "经办")
    issue, files = build_now(home, clerk, "2026Q3", ("pdf",), tmp_path, "deputy:demo-deputy")
    assert [path.name for path in files] == ["deputy-demo-deputy-2026Q3.pdf"]
    own = grant_of(store_of(home), "demo-deputy", "test")
    assert issues.may_see(home, own, issue)
    assert not issues.may_see(home, replace(own, user="somebody"), issue)
    with pytest.raises(ActError, match="只给本人和预算工委看，不发布"):
        publish(home, Actor(GRANT, "签发"), issue.number, ["代表"], "常委会会议决定")
