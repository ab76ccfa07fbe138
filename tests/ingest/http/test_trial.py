"""A newcomer's first steps: one page of each resource says what fits; the simulator by hand."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import httpx
import pytest

from ingest.sources.http.__main__ import main
from tests.ingest.http.serving import FIRST, Desk

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "docs" / "sources" / "http.md"


def settings_of(desk: Desk, url: str, more: str = "") -> None:
    desk.home.root.mkdir(parents=True, exist_ok=True)
    (desk.home.root / "budget_watch.toml").write_text(
        f"""[[source]]
name = "财政"
kind = "http"
base_url = "{url}"
start = {FIRST}
wait_seconds = 0.001
tries = 2
{more}
[[source.resource]]
table = "FIN-15"
path = "vouchers"
fields = {{pay_amt = "pay_amt"}}
[[source.resource]]
table = "FIN-16"
path = "vouchers"
[[source.resource]]
table = "FIN-12"
path = "indicators"
"""
    )


def test_one_page_of_each_resource_tells_what_fits(desk: Desk, capsys) -> None:
    with desk.interface() as server:
        settings_of(desk, server.url)
        status = main(["财政", "--home", str(desk.home.root), "--day", "2026-11-19"])
    told = capsys.readouterr().out.splitlines()
    assert status == 0
    assert told[:3] == ["FIN-15：20 行，总数 166", "  约定的列都有", "FIN-16：20 行，总数 166"]
    assert told[3] == (
        '  缺少的列，确认接口没有后写：absent = ["pay_detail_id", "per_name", "iden_no", '
        '"unifsoc_cred_code", "is_to_peop_enterp", "pay_month", "town", "village"]'
    )
    assert told[4].startswith("  多出的字段不取：abstract、act_lqd_date、")
    assert told[5:] == ["FIN-12：0 行，总数 0", "  没有行，列对不对看不出：换一个有数的日期再试"]
    assert list(desk.spool.parcels()) == []


def test_what_cannot_be_asked_is_told_resource_by_resource(desk: Desk, capsys) -> None:
    with desk.interface("500@1-2") as server:
        settings_of(desk, server.url)
        assert main(["财政", "--home", str(desk.home.root), "--day", "2026-11-19"]) == 1
        assert main(["税务", "--home", str(desk.home.root)]) == 2
    told = capsys.readouterr()
    assert "FIN-15：数据源“财政”连续 2 次没有取到：/ifa/vouchers 答复 500" in told.out
    assert "FIN-16：20 行" in told.out
    assert "没有数据源“税务”" in told.err


def test_the_sections_of_the_guide_are_right(desk: Desk) -> None:
    from ingest.sources.http import open_source

    blocks = re.findall(r"```toml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.S)
    whole = blocks[0]
    section = tomllib.loads(whole)["source"][0]
    source = open_source(section, desk.home)
    assert [one.table for one in source.settings.resource] == [
        "FIN-12",
        "FIN-13",
        "FIN-14",
        "FIN-15",
    ]
    for block in blocks[1:]:
        for part in block.split("\n\n"):  # alternatives stand apart
            found = tomllib.loads(f"[[source]]\n{part}")["source"][0]
            told = dict(section)
            resource = found.pop("resource", [])
            open_source({**told, **found, "resource": [*section["resource"], *resource]}, desk.home)


@pytest.mark.slow
def test_the_simulator_starts_by_hand_and_its_clock_is_set(city: Path) -> None:
    command = [sys.executable, "-m", "fixtures.interface", "--city", str(city), "--port", "0"]
    process = subprocess.Popen(
        [*command, "--now", "2026-11-17"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[0].removeprefix("接口：")
        with httpx.Client(trust_env=False) as client:
            asked = {"size": "1", "updated_since": "2026-11-18 00:00:00"}
            assert client.get(f"{url}vouchers", params=asked).json()["data"]["total"] == 0
            now = {"now": "2026-11-19 23:00:00"}
            client.post(url.replace("/ifa/", "/_now"), json=now).raise_for_status()
            assert client.get(f"{url}vouchers", params=asked).json()["data"]["total"] == 42 + 47
    finally:
        process.kill()
        process.wait()
    wrong = subprocess.run(
        [*command, "--faults", "boom@1"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert wrong.returncode == 2 and "读不懂故障" in wrong.stderr
