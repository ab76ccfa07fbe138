"""The offline package of a deputy: opened from a file, nothing asked of the network, no more in it
than they may see; a changed byte is found, and past its last day it shows nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from typer.testing import CliRunner

from budget_watch.access import Scope
from budget_watch.access.errors import ForbiddenError
from budget_watch.casework.auditing import _entries
from budget_watch.casework.cases import today_of
from budget_watch.casework.errors import ActError
from budget_watch.cli.main import app
from budget_watch.congress.acting import open_congress
from budget_watch.congress.session import get_congress
from budget_watch.digest.errors import DigestError
from budget_watch.digest.package import plain_phrase, verify_package, write_package
from budget_watch.digest.package_key import FOLDER, PUBLIC, private_key, public_key
from dashboard.offline import books_of, packed, rendered
from tests.congress.made_congress import EAST, ROLL
from tests.dashboard.test_browser import browser  # noqa: F401
from tests.dashboard.test_congress_page import post, session  # noqa: F401
from tests.dashboard.test_opinions import OURS, made  # noqa: F401
from tests.opinions.made_opinions import LI
from tests.views import review_city
from tests.views.small_city import CITY

PHRASE = "春眠不觉晓，处处闻啼鸟。"
REASON = "会议期间平板阅读"


@pytest.fixture(scope="module")
def file(made: Any, session: str) -> bytes:  # noqa: F811
    return packed(made.home, made.actor("li"), session, "dai", PHRASE, REASON).content


def key(made: Any) -> Any:  # noqa: F811
    return public_key(made.home.root / FOLDER / PUBLIC)


def unsealed(content: bytes, phrase: str = PHRASE) -> str:
    """What the script of the file does, in Python."""
    text = content.decode()
    head = re.search(r'id="head">(\{.*?\})</script>', text)
    sealed = re.search(r'id="sealed">(\{.*?\})</script>', text)
    assert head is not None and sealed is not None
    box = json.loads(sealed.group(1))
    salt, nonce, data = (base64.b64decode(box[name]) for name in ("salt", "nonce", "data"))
    own = hashlib.pbkdf2_hmac("sha256", plain_phrase(phrase).encode(), salt, box["rounds"])
    return AESGCM(own).decrypt(nonce, data, head.group(1).encode()).decode()


def test_it_is_sealed_bound_to_its_head_and_every_changed_byte_is_found(
    made: Any,  # noqa: F811
    file: bytes,
) -> None:
    assert verify_package(file, key(made)).sound
    assert "名词解释" in unsealed(file) and "名词解释" not in file.decode()
    with pytest.raises(InvalidTag):
        unsealed(file, "春眠不觉晓，处处闻啼鸟！！")
    last = re.search(rb'"expires": "(\d{4})', file)
    assert last is not None
    later = file.replace(last.group(), b'"expires": "2199')
    with pytest.raises(InvalidTag):
        unsealed(later)
    places = [*range(0, len(file), len(file) // 40), *range(len(file) - 160, len(file))]
    for at in places:
        changed = file[:at] + bytes([file[at] ^ 1]) + file[at + 1 :]
        assert not verify_package(changed, key(made)).sound, at
    for changed in (file[:-1], file + b"\n", file[:-146], b"", b"<html>", later):
        assert not verify_package(changed, key(made)).sound


def test_another_key_does_not_pass_for_ours(
    made: Any,  # noqa: F811
    file: bytes,
    tmp_path: Path,
) -> None:
    other = private_key(tmp_path)
    head = verify_package(file, key(made)).head
    assert head is not None
    with pytest.raises(DigestError, match="不是现在用的这一把"):
        write_package(head, "<p>别处</p>", PHRASE, other)
    found = verify_package(file, public_key(tmp_path / FOLDER / PUBLIC))
    assert not found.sound and "不是本系统签的" in found.sentence
    assert (tmp_path / FOLDER / "package.key").stat().st_mode & 0o077 == 0


def test_it_holds_what_the_deputy_may_see_and_no_more(
    made: Any,  # noqa: F811
    session: str,  # noqa: F811
    file: bytes,
) -> None:
    told = unsealed(file)
    titles = re.findall(r"<h2>([^<]+)</h2>", told)
    assert titles[:2] == ["审查要点", "名词解释"]
    one = get_congress(made.home, made.actor("li"), session, today_of())
    own = made.actor("dai").grant
    shown = rendered(books_of(made.home, own, one), "").removesuffix('<p class="mark"></p>')
    assert told.startswith(shown) and told.endswith(f"用途：{REASON}</p>")
    for hidden in ("全部意见", "归并转办", "提前闭会", "制作离线材料"):
        assert hidden not in told
    (entry,) = [
        e for e in _entries(made.home, {"act": "congress."}) if e.act == "congress.package"
    ][:1]
    details = entry.record()["details"]
    assert (details["user"], details["reason"]) == ("dai", REASON)
    assert PHRASE not in json.dumps(entry.record(), ensure_ascii=False)


def test_a_narrower_right_makes_a_thinner_package(tmp_path: Path) -> None:
    home = review_city.make(tmp_path)
    today = today_of()
    days = (today - timedelta(1), today + timedelta(3))
    number = open_congress(home, LI, "第十六届人大第一次会议", *days, ROLL, region=CITY).congress
    one = get_congress(home, LI, number, today)
    narrow = Scope(regions=frozenset({CITY}), departments=frozenset({"102"}))
    whole, less = (
        rendered(books_of(home, replace(EAST.grant, scope=scope), one), "")
        for scope in (EAST.grant.scope, narrow)
    )
    assert re.findall("<h2>示范市(.{3})2026年预算草案</h2>", whole) == ["教育局", "水利局"]
    assert ">620.00<" in whole and ">430.00<" in less
    assert "教育局" not in less and ">620.00<" not in less


def test_who_may_make_one_for_whom_and_until_when(made: Any, session: str) -> None:  # noqa: F811
    li, today = made.actor("li"), today_of()
    for user, until, phrase, why in (
        ("finance", None, PHRASE, "不在会次"),
        ("nobody", None, PHRASE, "不在会次"),
        ("dai", today - timedelta(1), PHRASE, "有效期应在"),
        ("dai", today + timedelta(9), PHRASE, "有效期应在"),
        ("dai", None, "太短", "口令至少"),
    ):
        with pytest.raises((ActError, DigestError), match=why):
            packed(made.home, li, session, user, phrase, REASON, until=until)
    for name in ("dai", "member"):
        with pytest.raises(ForbiddenError):
            packed(made.home, made.actor(name), session, "dai", PHRASE, REASON)
    asked = {"session": session, "user": "qian", "passphrase": PHRASE, "reason": REASON}
    got = made.signed("li").post("/export/package", json=asked, headers=OURS)
    assert got.status_code == 200 and verify_package(got.data, key(made)).sound
    assert made.signed("dai").post("/export/package", json=asked, headers=OURS).status_code == 403
    assert "平板离线材料" in made.signed("li").said(f"/congress/{session}")
    assert "平板离线材料" not in made.signed("member").said(f"/congress/{session}")


def test_commands_make_and_verify_it(made: Any, session: str, tmp_path: Path) -> None:  # noqa: F811
    base = ["--home", str(made.home.root), "session"]
    made_ = CliRunner().invoke(
        app,
        [*base, "package", session, "--for", "dai", "--reason", REASON, "--as", "li",
         "--out", str(tmp_path), "--json"],
        standalone_mode=False,
    )  # fmt: skip
    assert made_.return_value == 0, made_.output
    told = json.loads(made_.stdout.splitlines()[-1])
    path = Path(told["file"])
    assert "名词解释" in unsealed(path.read_bytes(), told["passphrase"])
    ran = CliRunner().invoke(app, [*base, "verify", str(path), "--json"], standalone_mode=False)
    said = json.loads(ran.stdout.splitlines()[-1])
    assert (ran.return_value, said["sound"], said["user"], said["wrong"]) == (0, True, "dai", "")
    path.write_bytes(path.read_bytes().replace("离线材料".encode(), "离线文件".encode(), 1))
    ran = CliRunner().invoke(app, [*base, "verify", str(path), "--json"], standalone_mode=False)
    said = json.loads(ran.stdout.splitlines()[-1])
    assert (ran.return_value, said["sound"], said["wrong"][:4]) == (1, False, "签名不符")


@pytest.mark.browser
def test_a_tablet_opens_the_file_without_a_server_and_past_its_day_shows_nothing(
    file: bytes,
    browser: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    path = tmp_path / "package.html"
    path.write_bytes(file)
    context = browser.new_context(viewport={"width": 820, "height": 1180}, locale="zh-CN")
    page, asked, complaints = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())
    assert page.locator("main section").count() == 0
    page.fill("#phrase", "不是这个口令不是这个口令")
    page.click("button")
    page.locator("#said", has_text="打不开").wait_for()
    page.fill("#phrase", PHRASE)
    page.click("button")
    page.locator("main section").first.wait_for()
    assert page.locator("main", has_text="名词解释").count() == 1
    assert page.locator("form").is_hidden()
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    page.clock.install(time=datetime.now(UTC) + timedelta(days=30))
    page.clock.fast_forward(10_000)
    page.goto(path.as_uri())
    page.locator("#over").wait_for()
    assert "到期，不再显示" in page.inner_text("#over")
    assert page.locator("form").is_hidden() and page.inner_text("main") == ""
    assert {url.partition(":")[0] for url in asked} <= {"file", "data"}
    assert {url for url in asked if url.startswith("file")} == {path.as_uri()}
    assert complaints == []
    context.close()


@pytest.mark.browser
def test_an_open_file_closes_when_its_day_has_come(
    file: bytes,
    browser: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    path = tmp_path / "package.html"
    path.write_bytes(file)
    context = browser.new_context()
    page = context.new_page()
    page.clock.install()
    page.goto(path.as_uri())
    page.fill("#phrase", PHRASE)
    page.click("button")
    page.locator("main section").first.wait_for()
    page.clock.fast_forward(5 * 24 * 3600 * 1000)
    page.locator("#over").wait_for()
    assert page.inner_text("main") == ""
    context.close()
