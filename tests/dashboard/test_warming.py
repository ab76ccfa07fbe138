"""Before the first reader comes: what pages read is there, for every way of seeing and snapshot."""

from __future__ import annotations

import gc
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from budget_watch.access import Grant, Scope
from budget_watch.casework.accounts import store_of
from budget_watch.lake import Home, Reader, Snapshot, Writer, records
from budget_watch.lake.snapshot import CHINA
from budget_watch.lake.state import engine
from budget_watch.views import cubes, keeping
from dashboard import context, warming
from dashboard.app import answer
from dashboard.warming import PAGES, grants_in_use, keep_warm, warm, warm_before
from dashboard.watching import WARM
from tests.dashboard.signing import make
from tests.views_drill.small_city import COUNTY

SMALL = {"lists"}  # the register of units is read each time: it is small, and seldom asked for


@pytest.fixture
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "_KEPT", keeping.Kept(400))
    monkeypatch.setattr(cubes, "_KEPT", keeping.Kept(12))
    monkeypatch.setattr(cubes, "_WHOLE", keeping.Kept(3))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is read of the lake from here on."""
    found: list[str] = []
    scan = Reader.scan

    def noted(self: Reader, name: str, *near: object):
        found.append(name)
        return scan(self, name, *near)

    monkeypatch.setattr(Reader, "scan", noted)
    return found


@pytest.mark.usefixtures("nothing_kept")
def test_pages_that_were_warmed_read_nothing_of_the_lake(home: Home, read: list[str]) -> None:
    grant = Grant.operator("看板")
    warm(home, [grant])
    assert {"payment", "budget_line", "debt_position"} <= set(read)
    for page in PAGES:
        read.clear()
        path, _, query = page.partition("?")
        answer(home, grant, f"/{path}", f"?{query}" if query else "")
        assert read == [] or path in SMALL, page
    county = Grant(user="x", purpose="t", scope=Scope(regions=frozenset({COUNTY})))
    answer(home, county, "/exec", "")
    assert read, "another way of seeing was not warmed"


def test_ways_of_seeing_are_those_of_accounts_each_once_the_most_shared_first(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path)
    assert [grant.key for grant in grants_in_use(home)] == [Grant.operator("t").key]
    store = store_of(home)
    make(store, "sec", "system_admin")
    for name in ("li", "wang", "zhao"):
        make(store, name, "clerk")
    make(store, "chen", "deputy", Scope(regions=frozenset({COUNTY})))
    found = grants_in_use(home)
    assert [(grant.role, grant.scope.regions) for grant in found] == [
        ("clerk", None),
        ("deputy", frozenset({COUNTY})),
    ]


@pytest.mark.usefixtures("nothing_kept")
def test_a_new_snapshot_is_warmed_without_being_asked_for(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Home(tmp_path / "home")
    shutil.copytree(home.root, own.root)
    monkeypatch.setattr(warming, "_EVERY", 0.05)
    monkeypatch.setattr(warming, "PAGES", ("overview",))
    keep_warm(own)
    assert _warmed(own)
    before = Snapshot.latest(own)
    with Writer.open(own, "test") as writer:
        writer.publish(before.biz_date, {"rule_book": "another"})
    assert Snapshot.latest(own).id != before.id
    assert _warmed(own)
    assert gc.get_freeze_count() > 0, "what is kept is not searched for rubbish again and again"


@pytest.mark.usefixtures("nothing_kept")
def test_the_drill_of_the_day_before_is_made_too(
    home: Home, tmp_path: Path, read: list[str]
) -> None:
    own = Home(tmp_path / "home")
    shutil.copytree(home.root, own.root)
    before = Snapshot.latest(own)
    a_day_ago = datetime.now(UTC) - timedelta(days=1)
    with engine(own).begin() as connection:
        connection.execute(sa.update(records.snapshot).values(published_at=a_day_ago))
    with Writer.open(own, "test") as writer:
        writer.publish(before.biz_date + timedelta(days=1))
    asked = a_day_ago.astimezone(CHINA).date()
    assert Snapshot.known(own, asked).id == before.id != Snapshot.latest(own).id
    grant = Grant.operator("看板")
    warm_before(own, grant)
    assert "payment" in read
    read.clear()
    answer(own, grant, "/exec", f"?asof={asked}")
    assert "payment" not in read


def _warmed(home: Home) -> bool:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if (str(home.root), Snapshot.latest(home).id) in WARM:
            return True
        time.sleep(0.05)
    return False
