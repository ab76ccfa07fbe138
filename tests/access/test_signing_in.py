"""Passwords, lockout, second factor, sessions, phones, desktops: on both databases, by a clock."""

from __future__ import annotations

import pyotp
import pytest

from budget_watch.access import accounts, enrolling, pairing, second, sessions, signing_in
from budget_watch.access.errors import AccessError, LockedError, SignInError
from budget_watch.access.passwords import check_new, hashed, lock_seconds, matches
from budget_watch.audit import Who, read
from tests.access.conftest import ADMIN

GOOD = "春江水暖鸭先知道"
WANG = Who("wang")
FROM = ("Chrome · Windows", "10.0.0.7")


@pytest.fixture
def wang(store):
    accounts.add(store, ADMIN, "wang", "王某")
    signing_in.set_password(store, WANG, "wang", GOOD)
    return store


def enter(store, password=GOOD):
    return signing_in.sign_in(store, "wang", password, *FROM)


def test_a_password_is_judged_by_length_and_by_how_soon_it_would_be_tried():
    for good in ("春江水暖鸭先知道", "correct horse battery", "x7-pale-moon-ferry"):
        check_new(good, ("wang", "王某"))
    for bad, said in (
        ("Aa1!Aa1!", "至少12个字符"),
        ("春江水", "现在是6个"),
        ("password123456", "太常见"),
        ("qwertyuiop[]", "太常见"),
        ("111111111111", "太常见"),
        ("wangwangwang", "太常见"),
        ("abcdefghijkl", "太常见"),
        ("长" * 129, "至多128个"),
    ):
        with pytest.raises(AccessError, match=said):
            check_new(bad, ("wang", "王某"))


def test_a_password_is_kept_by_argon2id_and_is_the_same_from_every_keyboard():
    stored = hashed("Ａ１春江水暖鸭先知")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert matches(stored, "A1春江水暖鸭先知")
    assert not matches(stored, "A1春江水暖鸭先") and not matches(None, "nobody")


def test_the_wait_doubles_with_every_failure_and_a_success_ends_the_count(wang, clock):
    assert [lock_seconds(n) for n in range(3, 13)] == [
        0, 0, 60, 120, 240, 480, 960, 1920, 3600, 3600,
    ]  # fmt: skip
    for _ in range(4):
        with pytest.raises(SignInError, match="还可尝试"):
            enter(wang, "wrong")
    with pytest.raises(LockedError) as fifth:
        enter(wang, "wrong")
    assert fifth.value.seconds == 60
    with pytest.raises(LockedError):
        enter(wang)  # the right one does not help either
    clock.on(seconds=61)
    with pytest.raises(LockedError) as sixth:
        enter(wang, "wrong")
    assert sixth.value.seconds == 120
    clock.on(seconds=121)
    assert enter(wang).token
    assert accounts.account(wang, "wang").failures == 0
    with pytest.raises(SignInError, match="还可尝试4次"):
        enter(wang, "wrong")


def test_a_session_ends_by_silence_and_by_age_on_the_second(wang, clock):
    token = enter(wang).token
    for _ in range(24):
        clock.on(minutes=29)
        assert sessions.find(wang, token) is not None
    clock.on(minutes=24)  # twelve hours since its beginning
    assert sessions.find(wang, token) is None
    token = enter(wang).token
    clock.on(minutes=30)
    assert sessions.find(wang, token) is None
    assert sessions.find(wang, "guessed") is None
    assert sessions.sessions(wang) == []
    assert len(sessions.sessions(wang, open_only=False)) == 2


def test_what_is_stored_is_no_token_and_no_password(wang):
    token = enter(wang).token
    code = enrolling.issue(wang, ADMIN, "wang")
    seed = second.begin(wang, WANG, "wang")
    import sqlalchemy as sa

    from budget_watch.access import tables as t

    with wang.reading() as connection:
        stored = str([connection.execute(sa.select(x)).all() for x in t.metadata.sorted_tables])
        stored += str([vars(each) for each in read(connection)])
    for secret in (token, code, seed.key, GOOD):
        assert secret not in stored


def test_a_one_time_code_counts_once_and_only_near_its_time(wang, clock):
    seed = second.begin(wang, WANG, "wang")
    totp = pyotp.TOTP(seed.key)
    with pytest.raises(AccessError, match="不对"):
        second.confirm(wang, WANG, "wang", totp.at(clock.at.timestamp() - 90))
    codes = second.confirm(wang, WANG, "wang", totp.at(clock.at.timestamp()))
    assert len(set(codes)) == 10
    with pytest.raises(AccessError, match="已启用"):
        second.begin(wang, WANG, "wang")

    def finish(code):
        return signing_in.finish(wang, enter(wang).pending, code, *FROM)

    with pytest.raises(SignInError):
        finish(totp.at(clock.at.timestamp()))  # it confirmed
    clock.on(seconds=30)
    assert finish(totp.at(clock.at.timestamp())).token
    clock.on(seconds=30)
    late = totp.at(clock.at.timestamp() - 60)
    with pytest.raises(SignInError):
        finish(late)
    assert finish(codes[3]).token
    with pytest.raises(SignInError):
        finish(codes[3])
    assert second.codes_left(wang, "wang") == 9
    pending = enter(wang).pending
    clock.on(seconds=301)
    with pytest.raises(SignInError, match="超过5分钟"):
        signing_in.finish(wang, pending, codes[4], *FROM)
    second.stop(wang, ADMIN, "wang", "手机遗失")
    assert enter(wang).token and second.codes_left(wang, "wang") == 0


def test_wrong_second_factors_lock_the_account_as_wrong_passwords_do(wang, clock):
    seed = second.begin(wang, WANG, "wang")
    second.confirm(wang, WANG, "wang", pyotp.TOTP(seed.key).at(clock.at.timestamp()))
    for at in range(5):  # the right password in between does not start the count anew
        with pytest.raises(SignInError) as told:
            signing_in.finish(wang, enter(wang).pending, "000000", *FROM)
        assert isinstance(told.value, LockedError) is (at == 4)
    with pytest.raises(LockedError):
        enter(wang)


def test_a_changed_password_ends_other_sessions_and_keeps_the_recovery_codes(wang, clock):
    seed = second.begin(wang, WANG, "wang")
    codes = second.confirm(wang, WANG, "wang", pyotp.TOTP(seed.key).at(clock.at.timestamp()))
    old = signing_in.finish(wang, enter(wang).pending, codes[0], *FROM).token
    new = signing_in.change_password(wang, WANG, "wang", GOOD, "海内存知己天涯若比邻", *FROM)
    assert sessions.find(wang, old) is None and sessions.find(wang, new) is not None
    assert second.codes_left(wang, "wang") == 9
    with pytest.raises(SignInError):
        enter(wang)


def test_an_enrolment_code_ends_by_use_by_age_and_by_a_newer_one(wang, clock):
    first = enrolling.issue(wang, ADMIN, "wang")
    newer = enrolling.issue(wang, ADMIN, "wang")
    with pytest.raises(SignInError, match="已被使用"):
        enrolling.look(wang, first)
    clock.on(days=7)
    with pytest.raises(SignInError, match="已过期"):
        enrolling.enrol(wang, newer, "258036", *FROM)
    last = enrolling.issue(wang, ADMIN, "wang")
    phone, token = enrolling.enrol(wang, last, "258036", *FROM)
    assert sessions.find(wang, token).method == "code"
    with pytest.raises(SignInError, match="已被使用"):
        enrolling.enrol(wang, last, "258036", *FROM)
    assert enrolling.bound(wang, phone).user == "wang"
    clock.on(days=180)
    assert enrolling.bound(wang, phone) is None


def test_a_phone_that_is_unbound_signs_in_no_more_and_its_sessions_end(wang):
    phone, token = enrolling.enrol(wang, enrolling.issue(wang, ADMIN, "wang"), "258036", *FROM)
    (held,) = enrolling.devices(wang, "wang")
    enrolling.unbind(wang, ADMIN, "wang", held["number"])
    assert sessions.find(wang, token) is None
    with pytest.raises(SignInError, match="没有绑定"):
        enrolling.sign_in(wang, phone, "258036", *FROM)
    phone, token = enrolling.enrol(wang, enrolling.issue(wang, ADMIN, "wang"), "258036", *FROM)
    accounts.disable(wang, ADMIN, "wang", "离任")
    assert sessions.find(wang, token) is None and enrolling.bound(wang, phone) is None


def test_a_desktops_code_is_over_after_a_minute_and_gives_one_session(wang, clock):
    phone = sessions.find(wang, enter(wang).token)
    waiting = pairing.begin(wang, "Edge · Windows", "10.1.1.1")
    asking = pairing.seen(wang, waiting.code, phone)
    assert (asking.device, asking.address) == ("Edge · Windows", "10.1.1.1")
    assert waiting.number in asking.choices and len(set(asking.choices)) == 3
    assert pairing.answer(wang, waiting.code, phone, waiting.number)
    assert pairing.collect(wang, waiting.code, "guessed", *FROM) == ("over", None)
    state, token = pairing.collect(wang, waiting.code, waiting.secret, *FROM)
    assert state == "agreed" and sessions.find(wang, token).method == "desktop"
    assert pairing.collect(wang, waiting.code, waiting.secret, *FROM) == ("over", None)
    late = pairing.begin(wang, *FROM)
    pairing.seen(wang, late.code, phone)
    clock.on(seconds=60)
    with pytest.raises(SignInError, match="已过期"):
        pairing.answer(wang, late.code, phone, late.number)


def test_every_way_in_and_every_failure_is_in_the_audit_log(wang):
    with pytest.raises(SignInError):
        enter(wang, "wrong")
    enter(wang)
    with wang.reading() as connection:
        told = [(e.act, e.user) for e in read(connection)]
    assert told == [
        ("user.add", "operator"),
        ("user.password", "wang"),
        ("user.sign_in_failed", "wang"),
        ("user.sign_in", "wang"),
    ]
