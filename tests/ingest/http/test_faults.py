"""Whatever the interface does wrong: the same rows, or a report in Chinese and nothing partial."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from fixtures.interface import Faults
from fixtures.interface.faults import KINDS, Fault, FaultError
from fixtures.interface.records import milliseconds
from ingest.source import Errand, SourceFault, Stopped
from tests.ingest.http.serving import FIRST, LAST, Access, Desk
from tests.ingest.http.test_reading import PAGINGS

CLIENT = {"url": "oauth/token", "client_id": "rd", "client_secret_env": "RD_SECRET"}


def door() -> Access:
    return Access(clients={"rd": "geheim"})


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RD_SECRET", "geheim")


def once(kind: str) -> str:
    return {"hang": "hang@3:2", "busy": "busy@3:0"}.get(kind, f"{kind}@3")


@pytest.mark.parametrize("paging", [PAGINGS[0], PAGINGS[3]], ids=["page", "cursor"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_fault_alone_ends_in_the_same_rows(desk: Desk, kind: str, paging) -> None:
    patience = {"read_seconds": 0.6} if kind == "hang" else {}
    with desk.interface(once(kind), access=door()) as server:
        desk.fetch(desk.section(server, token=CLIENT, paging=paging, **patience))
        assert kind in {name for asked in server.log for name in asked.faults}
    assert_frame_equal(desk.held(), desk.truth())


REPORTED = {
    "500": "答复 500", "busy": "答复 429", "hang": "超时没有答复", "reset": "连接中断",
    "cut": "不是完整的 JSON", "html": "不是完整的 JSON", "total": "申报总数 4[0-9]+ 条，实收",
    "token": "令牌无效或已过期（401", "missing": "缺少字段 pay_amt",
    "type": "字段 pay_amt 类型不对：.*对象",
}  # fmt: skip


@pytest.mark.parametrize("kind", REPORTED)
def test_a_fault_that_stays_is_reported_and_nothing_partial_is_put(desk: Desk, kind: str) -> None:
    faults = {"hang": "hang@*:1", "busy": "busy@*:0"}.get(kind, f"{kind}@*")
    with desk.interface(faults, access=door()) as server:
        patience = {"read_seconds": 0.2} if kind == "hang" else {}
        section = desk.section(server, token=CLIENT, tries=2, **patience)
        with pytest.raises(SourceFault, match=REPORTED[kind]) as told:
            desk.fetch(section)
    assert "数据源“财政”" in str(told.value) and "geheim" not in str(told.value)
    assert list(desk.spool.parcels()) == []
    with desk.interface(access=door()) as server:
        desk.fetch(desk.section(server, token=CLIENT))
    assert_frame_equal(desk.held(), desk.truth())


def test_one_resource_that_fails_does_not_hold_the_others(desk: Desk) -> None:
    with desk.interface() as server:
        section = desk.section(server)
        section["resource"] = [
            {"table": "FIN-14", "path": "nowhere"}, *section["resource"],
        ]  # fmt: skip
        with pytest.raises(SourceFault, match=r"请求被拒绝（404 .*没有 /ifa/nowhere"):
            desk.fetch(section)
        assert len([one for one in server.log if one.path.endswith("nowhere")]) == 1  # no retry
    assert_frame_equal(desk.held(), desk.truth())


@pytest.mark.slow
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 2**32 - 1), share=st.sampled_from([0.05, 0.15, 0.3]),
    paging=st.sampled_from(PAGINGS), size=st.integers(3, 30),
)  # fmt: skip
def test_any_mix_of_faults_ends_in_the_same_rows_or_in_a_report(
    city: Path, tmp_path_factory: pytest.TempPathFactory, seed, share, paging, size
) -> None:
    desk = Desk(tmp_path_factory.mktemp("mix"), city)
    faults = Faults(share=share, seed=seed, most=60)
    reports = 0
    with desk.interface(faults, access=door()) as server:
        section = desk.section(server, token=CLIENT, paging=paging, page_size=size, passes=8)
        while True:  # the next morning it is tried again; the faults come to an end
            try:
                desk.fetch(section)
                break
            except SourceFault as fault:
                reports += 1
                assert re.search(r"数据源“财政”.*。", str(fault))
                assert desk.whole_parcels()
                assert reports < 60
    assert_frame_equal(desk.held(), desk.truth())


@pytest.mark.slow
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(2, 30))
def test_a_listing_that_moves_loses_and_doubles_no_row(
    city: Path, tmp_path_factory: pytest.TempPathFactory, seed, size
) -> None:
    desk = Desk(tmp_path_factory.mktemp("moving"), city)
    chance = random.Random(seed)
    kinds = ("shift", "vanish", "swap", "again", "total")
    given_ = tuple(
        Fault(chance.choice(kinds), at, at, float(chance.randint(1, 4)))
        for at in chance.sample(range(1, 25), 6)
    )
    with desk.interface(Faults(given_)) as server:
        desk.fetch(desk.section(server, page_size=size, passes=12))
    assert_frame_equal(desk.held(), desk.truth())


def test_a_row_lost_at_a_page_border_is_seen_though_the_total_stays(desk: Desk) -> None:
    """The first row leaves and another comes: each page is full, the total is right."""
    with desk.interface("swap@2:4") as server:
        desk.fetch(desk.section(server))
        asked = [one.query["page"] for one in server.log if "2026-11-17 00" in str(one.query)]
    assert len(asked) > 2 * 5
    assert_frame_equal(desk.held(), desk.truth())


def test_a_first_page_sent_twice_is_not_taken_for_the_end(desk: Desk) -> None:
    """Without a total a page shown again may be the end of the listing, or a mistake."""
    with desk.interface("again@2") as server:
        desk.fetch(desk.section(server, paging={"kind": "page", "total": ""}, page_size=8))
    assert_frame_equal(desk.held(), desk.truth())


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("until", ["updated_until", ""])
def test_work_goes_on_while_it_is_read(desk: Desk, newest_first: bool, until: str) -> None:
    """The morning after: rows of the next day are recorded between the pages."""
    with desk.interface(tick=600_000, newest_first=newest_first) as server:
        server.now += 9 * 3_600_000 - 86_400_000  # LAST, 09:00
        day = LAST - timedelta(days=1)
        desk.fetch(desk.section(server, resource={"until": until}, passes=8), day)
        assert server.now > milliseconds(LAST) + 12 * 3_600_000
    # what was changed on the next day before it was asked for belongs to that day
    with desk.interface() as server:
        desk.fetch(desk.section(server, resource={"until": until}))
    assert_frame_equal(desk.held(), desk.truth())


def test_pages_that_were_fetched_are_not_asked_for_again(desk: Desk) -> None:
    with desk.interface("500@4-6") as server:  # the fourth page fails until the tries are over
        section = desk.section(server, tries=3)
        with pytest.raises(SourceFault, match="已取的页保留"):
            desk.fetch(section, FIRST)
        desk.fetch(section, FIRST)
        first_pass = [one.query["page"] for one in server.log if one.query["size"] == "9"]
    assert first_pass == ["1", "2", "3", "4", "4", "4", "4", "5"]
    assert_frame_equal(desk.held(), desk.truth(upto=FIRST))


def test_a_fetch_is_stopped_between_pages_and_goes_on_there(desk: Desk) -> None:
    with desk.interface() as server:
        source = desk.source(desk.section(server))
        errand = desk.errand()
        told: list[str] = []

        def tell(text: str) -> None:
            told.append(text)
            if len(told) == 3:
                errand.stop.set()

        errand.tell = tell
        with pytest.raises(Stopped):
            source.fetch(errand)
        asked = len(server.log)
        source.fetch(Errand(LAST, desk.spool, desk.memory))
        assert asked == 3 and server.log[3].query["page"] == "4"
    assert_frame_equal(desk.held(), desk.truth())


def test_a_cursor_that_ran_out_while_nothing_was_asked_is_begun_anew(desk: Desk) -> None:
    with desk.interface("500@3-4") as server:
        section = desk.section(server, tries=2, paging={"kind": "cursor"})
        with pytest.raises(SourceFault):
            desk.fetch(section, FIRST)
    for told in desk.memory.rglob("*.json"):
        told.write_text(re.sub(r'"next": "[^"]+"', '"next": "b2xk"', told.read_text()))
    with desk.interface() as server:
        section["base_url"] = server.url
        port = server.port
    with desk.interface(port=port) as server:
        desk.fetch(section, FIRST)
    assert_frame_equal(desk.held(), desk.truth(upto=FIRST))


KILLED = """
import sys, time
from datetime import date
from pathlib import Path
from tests.ingest.http.serving import Desk, LAST
folder, city, url = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
desk = Desk(folder, city)
class Server: pass
Server.url = url
errand = desk.errand()
print("ready", flush=True)
desk.source(desk.section(Server)).fetch(errand)
print("done", flush=True)
"""


@pytest.mark.slow
def test_killed_at_any_instant_it_ends_in_the_same_rows(tmp_path: Path, city: Path) -> None:
    chance = random.Random(7)
    desk = Desk(tmp_path, city)
    kills = 0
    with desk.interface() as server:
        for _ in range(5):
            command = [sys.executable, "-c", KILLED, str(tmp_path), str(city), server.url]
            root = Path(__file__).parents[3]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)
            assert process.stdout is not None and process.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0.0, 0.25))
            process.send_signal(signal.SIGKILL)
            ended = process.stdout.read()
            process.wait()
            kills += ended == ""
            if "done" in ended:
                break
        desk.fetch(desk.section(server))
    assert kills >= 2
    assert_frame_equal(desk.held(), desk.truth())
    assert len(list(desk.spool.parcels())) == 4


def test_an_unknown_fault_is_named() -> None:
    with pytest.raises(FaultError, match="读不懂故障“boom@1”"):
        Faults.parse("boom@1")
    assert [f.kind for f in Faults.parse("500@2-3,hang@1+:5").at(2)] == ["500", "hang"]
