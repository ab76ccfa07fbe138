"""What an interface gives arrives to the fen, once, and in the right day."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from fixtures.interface.answers import Style
from fixtures.interface.records import CHINA, milliseconds
from ingest.errors import IngestError
from ingest.settings import SettingError
from ingest.sources.http.answer import parsed
from ingest.sources.http.faults import WrongAnswer
from ingest.sources.http.slots import windows
from ingest.sources.http.times import day_text, moment
from tests.ingest.http.serving import FIRST, LAST, Desk, made_city

PAGINGS = [
    {"kind": "page"},
    {"kind": "page", "total": ""},
    {"kind": "page", "snapshot": "data.version"},
    {"kind": "cursor"},
    {"kind": "link", "next": "data.link"},
]


@pytest.mark.parametrize("paging", PAGINGS, ids=lambda one: "-".join(one.values()))
@pytest.mark.parametrize("style", [Style(), Style("text", "omitted")], ids=["numbers", "texts"])
def test_every_row_arrives_to_the_fen_whatever_the_paging(desk: Desk, paging, style) -> None:
    with desk.interface(style=style) as server:
        told = {"nulls": style.nulls}
        desk.fetch(desk.section(server, paging=paging, resource=told))
    assert_frame_equal(desk.held(), desk.truth())


def test_a_day_is_a_parcel_and_a_correction_comes_with_the_day_it_was_made(desk: Desk) -> None:
    with desk.interface() as server:
        parcels = desk.fetch(desk.section(server, regions=["990100000"])).parcels
    assert [(p.period, p.biz_date, p.rows, p.whole) for p in parcels] == [
        ("2026-11-16", date(2026, 11, 16), 40, False),
        ("2026-11-17", date(2026, 11, 17), 41 - 4, False),  # four were changed since
        ("2026-11-18", date(2026, 11, 18), 42, False),
        ("2026-11-19", date(2026, 11, 19), 43 + 4, False),
    ]
    assert all(p.coverage and p.coverage[0].mof_div_code == "990100000" for p in parcels)


def test_day_by_day_gives_what_one_fetch_gives(desk: Desk) -> None:
    for at in range(4):
        day = FIRST + timedelta(days=at)
        with desk.interface(now=day) as server:
            desk.fetch(desk.section(server), day)
        assert_frame_equal(desk.held(), desk.truth(upto=day))


def test_what_was_fetched_is_not_put_again(desk: Desk) -> None:
    with desk.interface() as server:
        section = desk.section(server)
        desk.fetch(section)
        before = [p.slip_id for p in desk.spool.parcels()]
        assert desk.fetch(section).parcels == ()
        asked = len(server.log)
        (desk.memory / "FIN-15" / "state.json").unlink()  # only costs reading again
        assert desk.fetch(section).parcels == ()
        assert len(server.log) > asked
    assert [p.slip_id for p in desk.spool.parcels()] == before


@pytest.mark.parametrize("take", ["increment", "day"])
def test_a_day_that_is_not_over_is_asked_for_again(desk: Desk, take: str) -> None:
    whole = {"take": "day", "params": {"date_from": "{start}", "date_to": "{end}"}, "reread": 0}
    told = whole if take == "day" else {}
    with desk.interface() as server:
        server.now = milliseconds(FIRST) + 12 * 3_600_000
        section = desk.section(server, resource=told)
        desk.fetch(section, FIRST, server.now / 1000)
        noon = desk.held().height
        server.now += 9 * 3_600_000
        desk.fetch(section, FIRST, server.now / 1000)
        assert 0 < noon < desk.held().height == 40
    first, second = (parcel.revision for parcel in desk.spool.parcels())
    assert second > first


def test_identity_numbers_never_come_to_the_disk(desk: Desk) -> None:
    with desk.interface(faults="500@3-9") as server:  # ends with pages half read
        with pytest.raises(IngestError):
            desk.fetch(desk.section(server, resource={"table": "FIN-16", "path": "details"}))
        files = [p for p in desk.memory.rglob("*.parquet")]
        assert files
        desk.fetch(desk.section(server, resource={"table": "FIN-16", "path": "details"}))
    assert_frame_equal(desk.held("FIN-16"), desk.truth("FIN-16"))
    for path in [*files, *desk.spool.folder.rglob("*.parquet")]:
        if path.exists():
            frame = pl.read_parquet(path)
            assert "iden_no" not in frame.columns
            assert not frame.select(pl.any_horizontal(pl.col(pl.String).str.contains("990102199"))
                                    .any()).item()  # fmt: skip


def test_a_day_without_rows_is_delivered_for_the_regions_it_speaks_for(desk: Desk) -> None:
    later = LAST + timedelta(days=1)
    with desk.interface(now=later) as server:
        parcels = desk.fetch(desk.section(server, regions=["990100000"]), later).parcels
    assert (parcels[-1].period, parcels[-1].rows) == ("2026-11-20", 0)
    assert [(c.fiscal_year, c.month) for c in parcels[-1].coverage or ()] == [(2026, 11)]


def test_whole_days_are_read_again_and_replace_what_was_there(desk: Desk) -> None:
    whole = {
        "take": "day", "params": {"date_from": "{start}", "date_to": "{end}"}, "reread": 5,
    }  # fmt: skip
    for at in range(4):
        day = FIRST + timedelta(days=at)
        with desk.interface(now=day) as server:
            desk.fetch(desk.section(server, resource=whole), day)
        assert_frame_equal(desk.held(), desk.truth(upto=day))
    told = [(p.period, p.biz_date.day, p.rows) for p in desk.spool.parcels()]
    assert told == [
        ("2026-11-16", 16, 40),
        ("2026-11-17", 17, 41),
        ("2026-11-18", 18, 42),
        ("2026-11-17", 19, 41),
        ("2026-11-19", 19, 43),
    ]
    first, second = (p.revision for p in desk.spool.parcels() if p.period == "2026-11-17")
    assert second > first


def test_older_days_are_followed_by_what_changed_in_them(desk: Desk) -> None:
    whole = {
        "take": "day", "params": {"date_from": "{start}", "date_to": "{end}"}, "reread": 0,
        "follow": True,
    }  # fmt: skip
    for at in range(4):
        day = FIRST + timedelta(days=at)
        with desk.interface(now=day) as server:
            desk.fetch(desk.section(server, resource=whole), day)
            if at == 2:
                asked = {one.query.get("date_from") for one in server.log} - {None}
                assert asked == {"2026-11-18"}
    assert_frame_equal(desk.held(), desk.truth())


def test_figures_keep_the_digits_they_were_sent_with() -> None:
    text = b'{"a": 0.1, "b": 12345678901234567.89, "c": 1.5E3, "d": 7, "e": -1e-2}'
    assert parsed(text) == {
        "a": "0.1", "b": "12345678901234567.89", "c": "1500", "d": "7", "e": "-0.01",
    }  # fmt: skip
    for wrong in (b'{"a": 1', b'{"a": NaN}', b'{"a": 1e999999999}', b'{"a": 1, "a": 2}', b"\xff"):
        with pytest.raises(WrongAnswer):
            parsed(wrong)


def test_times_are_read_in_the_zone_they_carry_or_chinas() -> None:
    noon = milliseconds(date(2026, 11, 19)) + 12 * 3_600_000
    for text in (
        "2026-11-19 12:00:00", "2026-11-19T12:00:00.000+08:00", "2026-11-19T04:00:00Z",
        "20261119120000", str(noon), str(noon // 1000), "2026/11/19 12:00", "2026-11-19 12:00:00.0",
    ):  # fmt: skip
        assert moment(text) == noon, text
    assert moment("2026-13-01") is None and moment("昨天") is None
    assert day_text("2026-11-18T16:00:00Z") == "2026-11-19"
    assert day_text("20261119") == "2026-11-19" and day_text("不详") == "不详"
    assert CHINA.utcoffset(None) == timedelta(hours=8)


def test_far_days_are_asked_for_by_months_near_ones_by_day() -> None:
    found = windows(date(2026, 8, 20), date(2026, 11, 3))
    assert [one.period for one in found[:3]] == ["2026-08-20~2026-08-31", "2026-09", "2026-10-01"]
    assert len(found) == 2 + 31 + 3
    days = [one.last + timedelta(days=1) for one in found]
    assert days[:-1] == [one.first for one in found[1:]]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"base_url": "http://10.0.0.1/"}, "plain_http"),
        ({"base_url": "https://user:pw@10.0.0.1/"}, "不要写用户名和密码"),
        ({"token": {"env": "A", "file": "b"}}, "之中的一个"),
        ({"token": {"value": "secret"}}, "token.value"),
        ({"resource": [{"table": "FIN-99", "path": "x"}]}, "FIN-99"),
        ({"resource": [{"table": "FIN-15", "path": "x", "absent": ["pay_amt"]}]}, "必填"),
        ({"resource": [{"table": "FIN-15", "path": "x", "params": {"a": "{x}"}}]}, "{x}"),
        ({"resource": [{"table": "FIN-15", "path": "x"}] * 2}, "name"),
    ],
)  # fmt: skip
def test_wrong_settings_are_named(desk: Desk, given, words) -> None:
    section = {
        "name": "财政", "kind": "http", "base_url": "https://10.0.0.1/", "start": FIRST,
        "resource": [{"table": "FIN-15", "path": "vouchers"}], **given,
    }  # fmt: skip
    with pytest.raises(SettingError, match="数据源“财政”") as told:
        from ingest.sources.http import open_source

        open_source(section, desk.home)
    assert words in str(told.value)


def test_rows_that_are_gone_leave_by_their_keys_or_with_their_day(tmp_path) -> None:
    desk = Desk(tmp_path, made_city(tmp_path / "city", gone=True))
    section: dict[str, object] = {}
    for at in range(4):
        day = FIRST + timedelta(days=at)
        with desk.interface(now=day, style=Style(marked=True)) as server:
            section = desk.section(server)
            notes = desk.fetch(section, day).notes
    assert notes == ("FIN-15：3 条已作废",)
    last = list(desk.spool.parcels())[-1]
    assert (last.period, last.rows, last.gone, last.whole) == ("2026-11-19作废", 3, True, False)
    assert_frame_equal(desk.held(), desk.truth())

    days = Desk(tmp_path / "days", desk.city)
    whole = {
        "take": "day", "params": {"date_from": "{start}", "date_to": "{end}"}, "reread": 0,
        "follow": True,
    }  # fmt: skip
    for at in range(4):
        day = FIRST + timedelta(days=at)
        with days.interface(now=day, style=Style(marked=True)) as server:
            days.fetch(days.section(server, resource=whole), day)
    assert_frame_equal(days.held(), days.truth())
