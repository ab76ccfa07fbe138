"""Messages out of the system, through real servers: what they say, when, how often, to whom."""

from __future__ import annotations

import base64
import hashlib
import hmac
import shutil
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from budget_watch.access import Grant, assigning
from budget_watch.access.errors import ForbiddenError
from budget_watch.audit import read
from budget_watch.casework import acting
from budget_watch.casework.cases import Actor, get_case
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.notices.contacts import set_contact
from budget_watch.notices.gathering import deliveries, try_again
from budget_watch.notices.inbox import mark_seen
from budget_watch.notices.sending import Round, send, try_out
from budget_watch.notices.settings import NoticeError, notice_settings
from ingest.schedule.sending import Sender
from tests.casework.made_cases import id_of
from tests.notices.office import NOW, OPERATOR, do, finding, night, open_office, somebody, store_at
from tests.notices.servers import GatewayServer, MailServer

HERE = Actor(Grant.operator("test"), "")
MINUTE = timedelta(minutes=1)
SOON = NOW + 11 * MINUTE


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Three findings, two of them drafted: wang and zhao, li and sun have something to read."""
    home = Home(tmp_path_factory.mktemp("out") / "made")
    open_office(home)
    night(home, "r1", [finding(n) for n in range(1, 4)])
    for number in (1, 2):
        for step in ("take", "uphold"):
            do(home, "li", id_of(number), step)
        do(home, "li", id_of(number), "draft", addressee="101001")
    for user in ("li", "sun", "wang", "zhao", "kuai"):
        set_contact(home, HERE, user, f"{user}@rd.example.cn", f"ding-{user}")
    yield home
    engine(home).dispose()


@pytest.fixture
def home(made: Home, tmp_path: Path) -> Iterator[Home]:
    engine(made).dispose()
    shutil.copytree(made.root, tmp_path / "home")
    own = Home(tmp_path / "home")
    yield own
    engine(own).dispose()


def configure(home: Home, server: MailServer | None, *lines: str, smtp: str = "") -> None:
    said = ["[notices]", 'url = "https://budget.example.cn/"', *lines]
    if server is not None:
        said += ["[notices.smtp]", 'host = "127.0.0.1"', f"port = {server.port}"]
        said += ['sender = "预算监督 <noreply@rd.example.cn>"', smtp or 'security = "none"']
    (home.root / "budget_watch.toml").write_text("\n".join(said), encoding="utf-8")


def at(home: Home, moment: datetime) -> Round:
    return send(home, lambda: moment)


def to(server: MailServer) -> list[str]:
    return sorted(mail["To"].split("@")[0] for mail in server.taken)


def test_a_mail_says_how_much_waits_and_where_and_no_more(home):
    with MailServer() as server:
        configure(home, server)
        done = at(home, SOON)
    assert done.sentence == "发出 3 封。" and to(server) == ["li", "sun", "wang"]
    mail = next(m for m in server.taken if m["To"].startswith("wang"))
    assert mail["Subject"] == "人大预算国资联网监督：有2件待办、新的疑点"
    assert mail["From"] == "预算监督 <noreply@rd.example.cn>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().replace("\r\n", "\n") == (
        "您有2件待办、新的疑点。\n\n请登录查看：https://budget.example.cn/inbox\n\n"
        "本邮件由系统发出，请勿回复。\n"
    )
    assert at(home, SOON + timedelta(days=3)).sent == []


def test_titles_stand_in_it_only_if_that_is_set(home):
    with MailServer() as server:
        configure(home, server, "details = true")
        at(home, SOON)
    mail = next(m for m in server.taken if m["To"].startswith("wang"))
    assert "待办：办理 2026-0001 ZX06 支出进度滞后序时：轮到您办" in mail.get_content()
    assert "新增疑点：ZX06 支出进度滞后序时：新增疑点 3 条。" in mail.get_content()


def test_what_comes_within_some_minutes_is_one_mail(home):
    with MailServer() as server:
        configure(home, server)
        assert at(home, NOW + 9 * MINUTE).sent == []
        do(home, "wang", id_of(1), "review", now=NOW + 9 * MINUTE)
        assert at(home, SOON).sent[0].user != "zhao"
        assert "zhao" not in to(server)
        at(home, NOW + 20 * MINUTE)
    assert Counter(to(server)) == {"li": 1, "sun": 1, "wang": 1, "zhao": 1}


@pytest.mark.parametrize(
    ("moment", "sent"),
    [
        (datetime(2026, 11, 20, 12, 0, tzinfo=UTC), 0),  # 20:00, quiet from now on
        (datetime(2026, 11, 20, 11, 59, tzinfo=UTC), 3),
        (datetime(2026, 11, 20, 23, 59, tzinfo=UTC), 0),  # Saturday
        (datetime(2026, 11, 22, 23, 59, tzinfo=UTC), 0),  # Monday 07:59
        (datetime(2026, 11, 23, 0, 0, tzinfo=UTC), 3),
    ],
)
def test_nothing_goes_out_in_quiet_hours_and_on_days_off(home, moment, sent):
    with MailServer() as server:
        configure(home, server)
        assert len(at(home, moment).sent) == sent


def test_once_a_day_is_one_mail_of_all_that_the_day_brought(home):
    with MailServer() as server:
        configure(home, server, 'when = "daily"', 'daily_at = "16:30"')
        assert at(home, SOON).sent == []
        half_past_four = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
        do(home, "wang", id_of(1), "review", now=SOON)
        do(home, "zhao", id_of(1), "sign", now=SOON)
        assert len(at(home, half_past_four).sent) == 3  # zhao has done what was asked
        do(home, "li", id_of(3), "take", now=half_past_four)
        do(home, "sun", id_of(3), "uphold", now=half_past_four)
        do(home, "sun", id_of(3), "draft", addressee="101001", now=half_past_four)
        assert at(home, half_past_four + 60 * MINUTE).sent == []
        assert len(at(home, half_past_four + timedelta(days=3)).sent) == 1
    assert Counter(to(server)) == {"li": 1, "sun": 1, "wang": 2}
    first = next(m for m in server.taken if m["To"].startswith("li"))
    assert first["Subject"].endswith("有1件待办、新的疑点")


def test_who_has_read_it_or_may_no_longer_be_told_gets_no_mail(home):
    with MailServer(answers=["451 later"] * 3) as server:
        configure(home, server, "gather_minutes = 0")
        assert len(at(home, SOON).put_off) == 3
        mark_seen(home, somebody(home, "li"))
        assigning.end_assignment(store_at(home, 20), OPERATOR, "sun", "clerk", "调离")
        assert [out.user for out in at(home, SOON + 2 * MINUTE).sent] == ["wang"]
    told = {out.user: (out.state, out.error) for out in deliveries(home)}
    assert told == {
        "li": ("dropped", "已在系统里读过"),
        "sun": ("dropped", "账号已停用，或角色已收回"),
        "wang": ("sent", ""),
    }


def test_what_is_done_by_then_is_asked_of_nobody_and_stands_in_the_outbox_as_settled(home):
    for number in (1, 2):
        do(home, "wang", id_of(number), "review", now=SOON)
    do(home, "zhao", id_of(1), "sign", now=SOON)
    do(home, "zhao", id_of(2), "sign", now=SOON)
    set_contact(home, HERE, "zhao", "zhao@rd.example.cn", "ding-zhao")
    later = SOON + 11 * MINUTE
    with MailServer() as server:
        configure(home, server)
        at(home, later)
        at(home, later + 11 * MINUTE)
    said = {m["To"].split("@")[0]: m["Subject"].partition("：")[2] for m in server.taken}
    assert said == {"li": "有2件待办、新的疑点", "sun": "有新的疑点", "wang": "有新的疑点"}
    told = {out.user: (out.state, out.error, out.attempts) for out in deliveries(home)}
    assert told["zhao"] == ("settled", "要办的事在发出以前已经办过", 0)
    assert len(deliveries(home)) == 4
    with engine(home).connect() as connection:
        logged = Counter(entry.act for entry in read(connection, act="notice."))
    assert (logged["notice.sent"], logged["notice.settled"]) == (3, 1)


def test_what_is_done_while_the_server_is_away_is_not_asked_for_when_it_is_back(home):
    do(home, "wang", id_of(1), "review", now=NOW)
    do(home, "wang", id_of(2), "review", now=NOW)
    with MailServer(answers=["451 later"] * 4) as server:
        configure(home, server, "gather_minutes = 0")
        assert len(at(home, SOON).put_off) == 4  # li, sun, wang, and zhao with two to sign
        do(home, "zhao", id_of(1), "sign", now=SOON)
        ids = {out.user: out.id for out in deliveries(home)}
        at(home, SOON + 2 * MINUTE)
        zhao = next(m for m in server.taken if m["To"].startswith("zhao"))
        assert zhao["Subject"].endswith("：有1件待办") and ids["zhao"] in zhao["Message-ID"]
    with MailServer(answers=["451 later"]) as server:
        configure(home, server, "gather_minutes = 0")
        do(home, "zhao", id_of(2), "sign", now=SOON + 3 * MINUTE)  # li alone is told to go on
        assert [out.user for out, _ in at(home, SOON + 4 * MINUTE).put_off] == ["li"]
        for number in (1, 2):
            number_ = f"预工〔2026〕{number}号"
            do(home, "li", id_of(number), "transfer", number=number_, now=SOON + 5 * MINUTE)
        at(home, SOON + 20 * MINUTE)
    assert [m["To"].split("@")[0] for m in server.taken] == ["kuai"]
    assert next(o.state for o in deliveries(home) if o.user == "li") == "settled"


def test_a_server_that_is_away_or_refuses_is_asked_again_with_the_same_id(home):
    with MailServer(answers=["451 busy", "554 rejected", "rcpt 550 no such user"]) as server:
        configure(home, server)
        done = at(home, SOON)
        assert [said for _, said in done.put_off] == ["邮件服务器没有收下：451 busy"]
        assert [said for _, said in done.failed] == [
            "邮件服务器没有收下：554 rejected",
            f"邮件服务器不收 {done.failed[1][0].address}：550 no such user",
        ]
        late = done.put_off[0][0]
        assert at(home, SOON).sent == []  # a minute must pass
        assert [out.id for out in at(home, SOON + MINUTE).sent] == [late.id]
        assert try_again(home, SOON) == 2
        assert len(at(home, SOON + MINUTE).sent) == 2
    ids = sorted(mail["Message-ID"] for mail in server.taken)
    assert ids == sorted(f"<{out.id}@rd.example.cn>" for out in deliveries(home))
    done = at(home, SOON)  # the server has gone
    do(home, "wang", id_of(1), "review", now=SOON)
    for hours in (1, 2, 3):
        put_off = at(home, SOON + hours * 60 * MINUTE).put_off
        assert len(put_off) == 1 and "连不上或中断" in put_off[0][1]
    assert deliveries(home)[0].attempts == 3
    with engine(home).connect() as connection:
        logged = Counter(entry.act for entry in read(connection, act="notice."))
    assert logged == {"notice.address": 5, "notice.sent": 3, "notice.failed": 2}


def contexts(folder: Path) -> tuple[trustme.CA, ssl.SSLContext, Path]:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return authority, context, file


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted_and_with_a_login(home, tmp_path, monkeypatch, security):
    _, context, file = contexts(tmp_path)
    said = f'security = "{security}"\nuser = "bw"\npassword_env = "MAIL_PASSWORD"'
    where = {security: context}
    with MailServer(**where, login=("bw", "geheim")) as server:
        configure(home, server, smtp=said)
        with pytest.raises(NoticeError, match="环境变量 MAIL_PASSWORD 没有设置"):
            at(home, SOON)
        assert deliveries(home) == []
        monkeypatch.setenv("MAIL_PASSWORD", "falsch")
        told = at(home, SOON).put_off
        assert len(told) == 1 and "证书不被信任或不符" in told[0][1]
        configure(home, server, smtp=f'{said}\nca_file = "{file}"')
        told = at(home, SOON).put_off
        assert len(told) == 1 and "不认账号或密码" in told[0][1]
        monkeypatch.setenv("MAIL_PASSWORD", "geheim")
        assert len(at(home, SOON + 5 * MINUTE).sent) == 3


def test_no_login_is_sent_over_a_line_that_should_be_encrypted_and_is_not(home, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "geheim")
    with MailServer() as server:
        said = 'security = "starttls"\nuser = "bw"\npassword_env = "MAIL_PASSWORD"'
        configure(home, server, smtp=said)
        (told,) = at(home, SOON).put_off
    assert "不支持所设的方式" in told[1] and server.taken == []


def gateway(home: Home, url: str, *lines: str) -> None:
    (home.root / "gateway.key").write_text("geheim\n")
    said = [
        "[notices]",
        *lines,
        "[notices.webhook]",
        f'url = "{url}"',
        'secret_file = "gateway.key"',
    ]
    (home.root / "budget_watch.toml").write_text("\n".join(said), encoding="utf-8")


def test_the_gateway_gets_signed_json_and_the_same_id_when_it_is_asked_again(home):
    with GatewayServer(answers=[(503, {"Retry-After": "600"})]) as server:
        gateway(home, server.url)
        done = at(home, SOON)
        assert [said for _, said in done.put_off] == ["网关答复 503 Service Unavailable"]
        assert len(server.asked) == 1  # the others wait for the next round
        assert len(at(home, SOON + 9 * MINUTE).sent) == 2
        assert len(at(home, SOON + 10 * MINUTE).sent) == 1
    headers, body = server.asked[-1]
    assert server.asked[0][0]["webhook-id"] == headers["webhook-id"] == done.put_off[0][0].id
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = hmac.new(b"geheim", signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"
    assert headers["webhook-timestamp"] == str(int((SOON + 10 * MINUTE).timestamp()))
    told = {each["data"]["to"]: each["data"]["title"] for each in server.bodies}
    assert told == {
        "ding-li": "人大预算国资联网监督：有新的疑点",
        "ding-sun": "人大预算国资联网监督：有新的疑点",
        "ding-wang": "人大预算国资联网监督：有2件待办、新的疑点",
    }


def test_the_gateway_leads_nowhere_else_and_what_it_refuses_is_given_up(home):
    with GatewayServer() as other, GatewayServer() as server:
        server.answers = [(302, {"Location": other.url}), (422, {})]
        gateway(home, server.url)
        done = at(home, SOON)
    assert [said for _, said in done.failed] == [
        "网关答复 302 Found",
        "网关答复 422 Unprocessable Entity",
    ]
    assert len(done.sent) == 1 and other.asked == []


@pytest.mark.slow
def test_killed_at_any_instant_and_two_at_once_each_message_arrives_once(home):
    def started(moment: datetime) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.notices.sending_process"]
        return subprocess.Popen(
            [*command, str(home.root), moment.isoformat()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )

    def go(*children: subprocess.Popen[str]) -> list[str]:
        for each in children:
            assert each.stdin is not None and each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for each in children:
            each.stdin.write("\n")
            each.stdin.flush()
        return [each.communicate(timeout=60)[0].strip() for each in children]

    with MailServer(seconds=0.1) as server:
        configure(home, server)
        moments = [SOON + n * 11 * MINUTE for n in range(4)]
        *victims, one, other = [started(moment) for moment in (*moments, moments[-1])]
        for instant, victim in zip(("EHLO", "RCPT", "DATA"), victims, strict=True):
            server.kill_at, server.victim = instant, victim.pid
            go(victim)
            assert (victim.returncode, server.kill_at) == (-9, "")
        took = [int(said) for said in go(one, other)]
    assert sum(took) == 3  # the one whose taking was not heard of, and the two others
    arrived = Counter(mail["Message-ID"] for mail in server.taken)
    assert sorted(arrived.values()) == [1, 1, 2]  # twice only under the same id
    assert {out.state for out in deliveries(home)} == {"sent"}
    assert len(arrived) == 3 and set(to(server)) == {"li", "sun", "wang"}


def test_an_act_and_its_notices_stand_or_fall_together(home, monkeypatch):
    before = get_case(home, HERE, id_of(1))

    def broken(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(acting, "tell_of", broken)
    with pytest.raises(OSError, match="disk"):
        do(home, "wang", id_of(1), "review")
    assert get_case(home, HERE, id_of(1)) == before


def test_the_schedule_sends_and_a_fault_stops_nothing(home):
    shown: list[dict[str, object]] = []
    sender = Sender(home, lambda told: shown.append(dict(told)), lambda: SOON, lambda: 0.0)
    configure(home, None, "gather_minutes = -1")
    sender.look()
    sender.look()
    assert len(shown) == 1 and "gather_minutes：应不小于 0" in str(shown[0]["message"])
    with MailServer() as server:
        configure(home, server)
        sender.look()
    assert shown[-1] == {"event": "notices", "message": "发出 3 封。", "sent": 3, "failed": 0}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('quiet = "20-8"', "不是时刻"),
        ('when = "hourly"', "应为 gathered、daily 之一"),
        ('url = "budget"', "不是网址"),
        ('[notices.smtp]\nhost = "a"\nsender = "nobody"', "不是邮件地址"),
        ('[notices.smtp]\nhost = "a"\nsender = "a@b"\npassword = "x"', "没有这一项"),
    ],
)
def test_a_wrong_setting_is_said_in_a_sentence(home, line, said):
    (home.root / "budget_watch.toml").write_text(f"[notices]\n{line}\n", encoding="utf-8")
    with pytest.raises(NoticeError, match=said):
        notice_settings(home)


def test_only_a_system_administrator_says_where_messages_go(home):
    with pytest.raises(ForbiddenError):
        set_contact(home, somebody(home, "wang"), "wang", "wang@elsewhere.example", None)
    with pytest.raises(NoticeError, match="不是邮件地址"):
        set_contact(home, HERE, "wang", "wang@x\nBcc: all@x", None)
    assert set_contact(home, HERE, "wang", "", None).mail is None


def test_a_message_of_no_consequence_shows_whether_the_settings_work(home):
    with MailServer() as server:
        configure(home, server)
        assert try_out(home, "mail", "me@rd.example.cn") is None
    assert server.taken[0]["Subject"].endswith("试验消息")
    fault = try_out(home, "mail", "me@rd.example.cn")
    assert fault is not None and "连不上" in fault.said
    with pytest.raises(NoticeError, match="没有设置网关"):
        try_out(home, "webhook", "x")
