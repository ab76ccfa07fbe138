"""Role × page × scope by hand-made requests: whatever is asked, nothing outside comes back.

For every role the names, codes, documents and figures that it may not see are taken from the lake
itself, and must stand nowhere in any answer: rows, counts, options, links, titles, error texts.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from budget_watch.access import Depth, Grant, Scope, Sensitivity, assigning
from budget_watch.access.roles import groups
from budget_watch.casework import tables
from budget_watch.casework.cases import today_of
from budget_watch.casework.findings import list_findings
from budget_watch.congress.acting import give, open_congress
from budget_watch.lake import Home, Reader
from budget_watch.lake.state import engine, writing
from dashboard.app import create_app
from dashboard.pages.congress import TABS
from tests.congress.made_congress import deputy
from tests.dashboard.signing import OPERATOR, Browser, make, store_at
from tests.opinions.made_opinions import LI
from tests.views_drill.small_city import CITY, COUNTY

WHOLE = Grant.system("test")
LATER = date(2099, 12, 31)
SESSION = f"RD{(today_of() - timedelta(1)).year}-01"
SPOKEN = "只给西城代表团和工作机构看的原文"
PEOPLE: dict[str, tuple[str, dict[str, Any]]] = {
    "deputy": ("deputy", {"scope": Scope(regions=frozenset({CITY}))}),
    "unit": ("unit_clerk", {"scope": Scope(units=frozenset({"101002"}))}),
    "head": ("unit_head", {"scope": Scope(units=frozenset({"102001"}))}),
    "above": ("supervisor", {"scope": Scope(departments=frozenset({"102"}))}),
    "county": ("finance", {"scope": Scope(regions=frozenset({COUNTY}))}),
    "expert": ("expert", {"matter": ["PZ14", "unit"], "until": LATER}),
    "member": ("member", {"scope": Scope(regions=frozenset({CITY}))}),
}


@pytest.fixture(scope="module")
def peopled(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    engine(home).dispose()
    folder: Path = tmp_path_factory.mktemp("peopled") / "own"
    shutil.copytree(home.root, folder)
    made = Home(folder)
    store = store_at(made)
    for name, (role, more) in PEOPLE.items():
        make(store, name, role, **more)
    with writing(made) as connection:  # one finding in two was verified
        ids = list(connection.execute(sa.select(tables.finding.c.id).order_by("id")).scalars())
        f = tables.finding
        connection.execute(sa.update(f).where(f.c.id.in_(ids[::2])).values(work_state="已转交"))
    hold_session(made)
    yield made
    engine(made).dispose()


def hold_session(home: Home) -> None:
    """A session in which a deputy of another delegation has spoken."""
    today = today_of()
    roll = "东城代表团 代某 deputy\n西城代表团 西某 westerner\n财政解答组 县某 county"
    days = (today - timedelta(1), today + timedelta(3))
    number = open_congress(home, LI, "第十六届人大第一次会议", *days, roll, region=CITY).congress
    assert number == SESSION
    give(home, deputy("westerner"), number, SPOKEN)


@pytest.fixture(scope="module")
def app(peopled: Home) -> Any:
    return create_app(peopled)


def signed(home: Home, app: Any, name: str) -> Browser:
    person = Browser(home, app)
    assert person.sign_in(name).status_code == 302
    return person


def payments(home: Home) -> pl.DataFrame:
    return Reader(home, WHOLE).scan("payment").collect()


def asked(home: Home) -> list[tuple[str, str]]:
    """Addresses, also such as no page offers: of other units, documents, findings, depths."""
    vouchers = payments(home).sort("pay_cert_id")
    one = [vouchers.filter(pl.col("agency_code") == a).row(0, named=True) for a in (
        "101001", "101002", "102001", "B1101001")]  # fmt: skip
    found = [("/overview", ""), ("/overview", "?scope=all"), ("/alerts", ""), ("/debt", "")]
    found += [("/alerts", "?by=d"), ("/alerts", "?trial=1"), ("/alerts", "?st=新触发")]
    found += [
        ("/sangong", ""),
        ("/sangong", "?scope=all&open=all"),
        ("/audit", "?tab=all&open=all"),
    ]
    found += [("/draft", "?open=all"), ("/draft/d101", ""), ("/draft/d102", "?by=u")]
    found += [("/draft", f"?rule={rule}") for rule in ("BZ15", "BZ07")]
    found += [("/final", "?tab=all&open=all"), ("/final/d101", ""), ("/final/d102", "")]
    found += [("/performance", "?tab=all&open=all"), ("/performance/d102", "")]
    found += [("/performance/pP1010011", ""), ("/performance/pP1020011", "")]
    found += [("/sangong/d101", ""), ("/sangong/d101/u101001", ""), ("/audit/d102", "")]
    found += [("/transfer", "?tab=all&open=all"), (f"/transfer/z{COUNTY}", ""), ("/social", "")]
    found += [("/assets", f"?tab={tab}" if tab else "") for tab in ("", "soe", "admin", "nature")]
    found += [("/exec/d101", f"?cmp={wanted}") for wanted in ("ly", "d102", "peers", "2025-9")]
    found += [("/exec/d102/u102001", "?cmp=d101,u101002"), ("/exec", "?cmp=d101")]
    found += [("/exec", "?scope=all&by=z"), ("/exec", "?by=y"), ("/exec", "?open=101,102")]
    for row in one:
        place = f"/exec/d{row['dept_code']}/u{row['agency_code']}/p{row['pro_code']}"
        if row["mof_div_code"] == COUNTY:
            place = place.replace("/exec/", f"/exec/z{COUNTY}/")
        found += [(place, ""), (place, "?tab=v"), (f"{place}/i{row['bgt_id']}", "?by=s")]
        found += [(f"/voucher/{row['fiscal_year']}/{row['pay_cert_id']}", "")]
        found += [("/search", f"?q={row['pay_cert_no']}"), ("/search", f"?q={row['agency_code']}")]
    for f in list_findings(home, WHOLE, outcome=None)[::6]:
        found.append((f"/finding/{f.finding[:16]}", ""))
    found += [("/search", "?q=教育"), ("/search", "?q=公司"), ("/rules", ""), ("/rules/PZ14", "")]
    found += [("/params", ""), ("/params/execution.lag.serious", "")]
    found += [
        ("/agenda", ""),
        ("/events", ""),
        ("/congress", ""),
        *((f"/congress/{SESSION}", f"?tab={tab}" if tab else "") for tab in TABS),
        ("/resolution", ""),
        ("/resolution", "?st=逾期"),
    ]
    found += [("/laws", ""), ("/laws", "?q=预算"), ("/laws/budget-law/13", "")]
    found += [("/laws/budget-law", f"?tab={tab}") for tab in ("rules", "params")]
    found += [("/calendar", ""), ("/calendar", "?year=2027"), ("/calendar", "?tab=month")]
    found += [("/calendar", f"?open={node}") for node in ("GJ03", "GJ04", "GJ05", "GJ08")]
    found += [("/digest", ""), ("/digest/2026Q3", ""), ("/digest/2026Q3", "?no=1&cmp=2")]
    found += [("/data", ""), ("/data/payment_voucher", ""), ("/data/recon", ""), ("/x", "")]
    return found


def forbidden(home: Home, name: str) -> set[str]:
    """Words of the lake and of the findings that a person may not see."""
    rows = payments(home)
    units = Reader(home, WHOLE).scan("unit").collect()
    role, more = PEOPLE[name]
    scope: Scope = more.get("scope") or Scope()
    inside = pl.lit(True)
    for column, allowed in (
        ("mof_div_code", scope.regions),
        ("dept_code", scope.departments),
        ("agency_code", scope.units),
    ):
        if allowed is not None:
            inside &= pl.col(column).is_in(sorted(allowed))
    single = role not in ("deputy", "member", "expert")
    mine = rows.filter(inside) if single else rows.clear()
    words = set(rows["pay_cert_id"]) - set(mine["pay_cert_id"])
    words |= set(rows["pay_cert_no"]) - set(mine["pay_cert_no"])
    words |= set(rows["payee_acct_name"].drop_nulls()) - set(mine["payee_acct_name"].drop_nulls())
    if name != "expert":  # their matter is the table of units
        own = units.filter(inside)
        words |= set(units["agency_name"]) - set(own["agency_name"]) - set(own["dept_name"])
    if role != "member":
        words.add(SPOKEN)
    if role == "deputy":
        words |= set(rows["bgt_id"].drop_nulls())
    seen = list_findings(home, grant_of(home, name), outcome=None)
    words |= {f.finding for f in list_findings(home, WHOLE, outcome=None)} - {
        f.finding for f in seen
    }
    own_words = json.dumps([f.record() for f in seen], ensure_ascii=False)
    own_words += json.dumps(units.filter(inside).rows(), ensure_ascii=False, default=str)
    return {word for word in words if len(word) >= 4 and word not in own_words}


def grant_of(home: Home, name: str) -> Grant:
    from budget_watch.access.granting import grant_of as made

    return made(store_at(home), name, "test")


@pytest.mark.slow
@pytest.mark.parametrize("name", PEOPLE)
def test_nothing_outside_comes_back_whatever_is_asked(peopled, app, name):
    person, secret = signed(peopled, app, name), forbidden(peopled, name)
    assert len(secret) > 20
    for path, search in asked(peopled):
        told = person.said(path, search)
        echoed = f"{path}{search}"  # what was asked may be said back
        leaked = {word for word in secret if word in told and word not in echoed}
        assert not leaked, (path, search, sorted(leaked)[:5])
        assert "未能载入" not in told, (path, search)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["deputy", "unit", "county", "expert"])
def test_what_is_not_theirs_reads_like_what_is_not_there(peopled, app, name):
    person = signed(peopled, app, name)
    hidden = next(
        f
        for f in list_findings(peopled, WHOLE, outcome=None)
        if f.finding in forbidden(peopled, name)
    )

    def answer(path: str, made_up: str) -> tuple[str, str]:
        real, false = person.said(path), person.said(made_up)
        last, other = (each.rsplit("/", maxsplit=1)[-1] for each in (path, made_up))
        return real.replace(last, "…"), false.replace(other, "…")

    real, false = answer(f"/finding/{hidden.finding[:16]}", "/finding/0123456789abcdef")
    assert real == false and "没有找到这条记录，或您没有查看权限" in real
    rows = payments(peopled)
    theirs = rows.filter(pl.col("pay_cert_id").is_in(sorted(forbidden(peopled, name))))
    voucher = theirs.row(0, named=True)
    year = voucher["fiscal_year"]
    real, false = answer(f"/voucher/{year}/{voucher['pay_cert_id']}", f"/voucher/{year}/V999999999")
    assert real == false


@pytest.mark.slow
def test_counts_of_everything_are_not_shown_to_whom_a_part_is_open(peopled, app):
    """Numbers of the last run are of the whole city; so are those of deliveries and quarantine."""
    staff = signed_clerk(peopled, app)
    whole = staff.said("/alerts")
    assert "条规则判断" in whole and "次判断命中" in whole
    for name in PEOPLE:
        person = signed(peopled, app, name)
        for path in ("/alerts", "/overview", "/rules", "/rules/PZ14"):
            told = person.said(path)
            for words in ("条规则判断", "次判断命中", "命中历史", "张表：", "回测"):
                assert words not in told, (name, path, words)
        assert "本页不对您开放" in person.said("/data")
        assert person.get("/gate/docs/index.html").status_code == 404


def signed_clerk(home: Home, app: Any) -> Browser:
    store = store_at(home)
    if "clerk" not in {a.user for a in assigning.assignments(store)}:
        make(store, "clerk", "clerk")
    return signed(home, app, "clerk")


@pytest.mark.slow
def test_an_approval_opens_what_it_names_when_it_is_chosen_and_not_before(peopled, app):
    store = store_at(peopled)
    made = assigning.approve(
        store,
        OPERATOR,
        "deputy",
        groups()["凭证"],
        Depth.VOUCHER,
        Sensitivity.SENSITIVE,
        LATER,
        "专题调研",
        Scope(departments=frozenset({"101"})),
    )
    person = signed(peopled, app, "deputy")
    mine = payments(peopled).filter(pl.col("agency_code") == "101001").sort("pay_cert_id")
    voucher = mine.row(0, named=True)
    path = f"/voucher/{voucher['fiscal_year']}/{voucher['pay_cert_id']}"
    assert "没有查看权限" in person.said(path)
    told = person.form("/login/account", "/login/role", capacity=f"deputy#{made.number}")
    assert told.status_code == 302
    assert voucher["pay_cert_no"] in person.said(path)
    other = payments(peopled).filter(pl.col("dept_code") == "102").row(0, named=True)
    assert "没有查看权限" in person.said(f"/voucher/{other['fiscal_year']}/{other['pay_cert_id']}")
    assigning.end_approval(store, OPERATOR, made.number, "结束")
    assert "没有查看权限" in person.said(path)
