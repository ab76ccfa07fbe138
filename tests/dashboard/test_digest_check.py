"""核对 on an issue's page: asked for by staff, carried out in the background, told by figure."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from budget_watch.access import Grant, Scope
from budget_watch.casework.auditing import entries
from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError
from budget_watch.digest.checks import FAILED, LOOK, RUNNING, SOUND, ask, carry_out, last_check
from budget_watch.digest.issues import folder_of
from budget_watch.digest.issuing import build_now
from budget_watch.digest.publishing import publish
from budget_watch.digest.scheduled import build_due
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from dashboard.app import create_app
from tests.dashboard.reading import words
from tests.dashboard.signing import Browser, make, store_at
from tests.dashboard.test_opinions import OURS
from tests.dashboard.test_pages import main
from tests.digest.test_verify import corrected, tampered
from tests.views import small_city
from tests.views.small_city import CITY

OPERATOR = Grant.operator("test")
CLERK = Actor(OPERATOR, "经办")
PAGE = "/digest/2026Q3"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = small_city.make(tmp_path_factory.mktemp("checked"))
    build_now(home, CLERK, "2026Q3", ("docx",), home.root / "out")
    yield home
    engine(home).dispose()


@pytest.fixture
def home(built: Home, tmp_path: Path) -> Iterator[Home]:
    engine(built).dispose()
    yield (own := Home(Path(shutil.copytree(built.root, tmp_path / "own"))))
    engine(own).dispose()


def test_an_issue_as_built_is_sound_in_every_format(home: Home) -> None:
    assert "还没有核对过" in words(main(home, PAGE))
    ask(home, CLERK, 1, newest=False)
    assert "正在核对" in words(main(home, PAGE))
    with pytest.raises(ActError, match="第1号正在核对"):
        ask(home, CLERK, 1, newest=True)
    made = carry_out(home, CLERK, 1)
    assert (made.state, made.told, made.against) == (SOUND, (), "S20261120-01")
    assert [line.partition("：")[0] for line in made.said.splitlines()] == ["docx", "html", "pdf"]
    told = words(main(home, PAGE))
    assert "核对一致" in told and "Word：" in told and "按快照 S20261120-01 重算。" in told
    assert sum(e.act == "digest.verify" for e in entries(home, OPERATOR)) == 3


def test_what_a_corrected_voucher_changes_is_listed_once_for_all_formats(home: Home) -> None:
    newest = corrected(home, 3)
    ask(home, CLERK, 1, newest=True)
    made = carry_out(home, CLERK, 1)
    assert (made.state, made.against) == (LOOK, newest)
    keys = [each["figure"] for each in made.told]
    assert len(keys) == len(set(keys)) and "own.three_public.total.spent" in keys
    told = words(main(home, PAGE))
    assert "有不同" in told and "清单为260,000.00元，现在是270,000.00元" in told


def test_damage_to_the_lake_is_told_with_the_figures_it_reaches(home: Home) -> None:
    tampered(home, "payment", 3)
    ask(home, CLERK, 1, newest=False)
    assert {each["kind"] for each in carry_out(home, CLERK, 1).told} == {"lake", "differs"}


def test_a_kept_file_that_is_not_as_built_is_told(home: Home) -> None:
    path = folder_of(home, 1) / "quarterly-2026Q3.docx"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    ask(home, CLERK, 1, newest=False)
    made = carry_out(home, CLERK, 1)
    assert made.state == FAILED and "与生成时的校验码不符" in made.said
    assert "没有核对" in words(main(home, PAGE))


def test_a_check_whose_process_died_may_be_asked_again(home: Home) -> None:
    ask(home, CLERK, 1, newest=False)
    later = datetime.now(UTC) + timedelta(minutes=11)
    dead = last_check(home, 1, later)
    assert dead is not None and (dead.state, dead.said) == (FAILED, "核对中断，请重新核对。")
    ask(home, CLERK, 1, newest=False, now=later)
    again = last_check(home, 1, later)
    assert again is not None and again.state == RUNNING


@pytest.mark.slow
def test_staff_ask_from_the_form_and_readers_see_nothing_of_it(home: Home) -> None:
    for name, role, scope in (
        ("clerk", "clerk", None),
        ("dai", "deputy", Scope(regions=frozenset({CITY}))),
    ):
        make(store_at(home), name, role, scope)
    publish(home, Actor(OPERATOR, "签发"), 1, ["代表"], "主任会议决定")
    app = create_app(home)
    people = {}
    for name in ("clerk", "dai"):
        people[name] = Browser(home, app)
        assert people[name].sign_in(name).status_code == 302
    clerk, dai = people["clerk"], people["dai"]
    step = {"target": "digest-1", "step": "verify", "version": 0, "given": {"against": "own"}}
    assert dai.post("/act", json=step, headers=OURS).status_code == 422
    told = clerk.post("/act", json=step, headers=OURS)
    assert told.json == {"done": True, "said": "已开始核对第1号。"}
    until = time.monotonic() + 120
    while clerk.get("/issue/1/check").json["running"]:
        assert time.monotonic() < until
        time.sleep(0.5)
    assert "个数字从数据重算" in clerk.said(PAGE)
    assert "个数字从数据重算" not in dai.said(PAGE) and "核对本号" not in dai.said(PAGE)
    assert dai.get("/issue/1/check").status_code == 404


@pytest.mark.slow
def test_an_issue_built_by_schedule_waits_in_the_list_and_its_notice_leads_to_it(
    home: Home,
) -> None:
    make(store_at(home), "signer", "signer", None)
    settings = '[digest]\nschedule = ["half"]\n'
    (home.root / "budget_watch.toml").write_text(settings, encoding="utf-8")
    (issue,) = build_due(home)
    signer = Browser(home, create_app(home))
    assert signer.sign_in("signer").status_code == 302
    told = words(main(home, "/digest"))
    assert "待审批 定时编写" in told and "系统" in told and "system" not in told
    told = signer.said("/inbox")
    assert "示范市预算执行监督半年报（2026年上半年）第2号：已经编好，等待签发。" in told
    assert f"/digest/2026H1?no={issue.number}" in told
    assert "待审批" in words(main(home, f"/digest/2026H1?no={issue.number}"))
