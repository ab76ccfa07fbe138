"""隔离区 on the 数据质量 page, and the gate's Data Docs behind it."""

from contextlib import nullcontext

import pytest

from budget_watch.access import Grant, Scope
from budget_watch.lake import Home, Snapshot, quarantine
from budget_watch.views.quarantine import bundles
from dashboard.app import answer, create_app
from ingest import releasing
from ingest.load import load_paths
from tests.dashboard.reading import cells, classed, kinds, links, words
from tests.ingest.test_releasing import wrong

PERSON = "张三"


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """A home with ten vouchers delivered, three of them in quarantine, one released since."""
    folder = tmp_path_factory.mktemp("held")
    path = folder / "凭证.csv"
    wrong().write_csv(path)
    home = Home(folder / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.load.validated_beside", lambda *given: nullcontext())
        list(load_paths(home, [path]))
    releasing.release(home, quarantine.bundles(home)[0], [1], "李四", "新增科目")
    return home


def shown(home, path, search="", grant=None):
    return kinds(answer(home, grant or Grant.operator("test"), path, search), "Main")[0]


def block(page, title):
    (found,) = [b for b in classed(page, "block") if words(kinds(b, "H2")[0]) == title]
    return found


def test_the_page_says_what_waits_and_what_became_of_the_rest(held):
    part = block(shown(held, "/data"), "隔离区")
    assert "1个批次待处理2行；已放行、作废或取代1行" in words(part)
    row = cells(kinds(part, "Tr")[1])
    assert (row[0], row[1], row[3:8]) == (
        "Q1",
        "FIN-15 国库集中支付凭证表",
        ["3", "2", "1", "0", "0"],
    )
    assert links(part)[0].startswith("/data/Q1")
    sums = words(block(shown(held, "/data/payment_voucher"), "批次"))
    assert "送达10 = 入库8 + 隔离2 + 拒收0" in sums


def test_a_rows_page_gives_place_reason_content_and_record_but_no_person(held):
    page = shown(held, "/data/Q1")
    rows = [cells(row) for row in kinds(block(page, "隔离的行"), "Tr")[1:]]
    assert [row[:3] for row in rows] == [
        ["Q1:2", "第6行", "待处理"],
        ["Q1:3", "第8行", "待处理"],
        ["Q1:1", "第4行", "照原样放行"],
    ]
    assert "支付金额 12，00x" in rows[0][4]
    assert "张**" in rows[0][4]
    assert PERSON not in words(page)
    (line,) = [cells(row) for row in kinds(block(page, "处理记录"), "Tr")[1:]]
    assert line[1:] == ["李四", "照原样放行", "1", "新增科目"]
    assert "没有" in words(shown(held, "/data/Q9"))


def test_an_older_snapshot_shows_the_quarantine_as_it_was(held):
    part = block(shown(held, "/data", "?snap=S20260911-01"), "隔离区")
    assert "待处理3行" in words(part)
    assert "照原样放行" not in words(shown(held, "/data/Q1", "?snap=S20260911-01"))


def test_who_may_see_one_place_sees_the_rows_of_that_place(held):
    """The page counts deliveries of everything, so it is closed to them; the rows are cut."""

    def waiting(region):
        grant = Grant("u", "test", Scope(regions=frozenset({region})))
        assert "本页不对您开放" in words(shown(held, "/data", grant=grant))
        return sum(each.open for each in bundles(held, grant, Snapshot.latest(held)))

    assert (waiting("990101000"), waiting("990100000")) == (0, 2)


def test_data_docs_are_served_only_to_who_has_a_grant_and_only_from_their_folder(held):
    docs = held.root / "gate" / "docs"
    docs.mkdir(parents=True, exist_ok=True)
    (docs / "index.html").write_text("<p>记录</p>", encoding="utf-8")
    client = create_app(held).server.test_client()
    told = client.get("/gate/docs/index.html")
    assert (told.status_code, told.text) == (200, "<p>记录</p>")
    assert "default-src 'self'" in told.headers["Content-Security-Policy"]
    for name in ("../state.sqlite", "..%2f..%2fstate.sqlite", "x.json", "none.html"):
        assert "SQLite" not in client.get(f"/gate/docs/{name}").text
    assert client.get("/gate/docs/none.html").status_code == 404
    (link,) = [a for a in kinds(shown(held, "/data"), "A") if "Data Docs" in words(a)]
    assert (link.href, link.target) == ("/gate/docs/index.html", "_blank")

    elsewhere = create_app(held).server.test_client()
    told = elsewhere.get("/gate/docs/index.html", environ_base={"REMOTE_ADDR": "10.1.2.3"})
    assert told.status_code == 403
    assert "<p>记录</p>" not in told.text
