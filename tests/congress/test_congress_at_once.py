"""Sixty deputies at once, each request sent twice: every opinion is there, and there once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from budget_watch.audit import key_of, verify
from budget_watch.congress.acting import give, open_congress
from budget_watch.congress.session import given_in
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from tests.congress.made_congress import NOW, SINCE, UNTIL, deputy
from tests.opinions.made_opinions import LI
from tests.views_drill.small_city import CITY

DEPUTIES, EACH, GROUPS = 60, 5, 6


@pytest.mark.slow
def test_of_300_opinions_sent_twice_at_once_each_is_kept_once(tmp_path):
    home = Home(tmp_path / "home")
    users = [f"d{at:02}" for at in range(DEPUTIES)]
    roll = "\n".join(f"第{at % GROUPS + 1}代表团 代表{at} {user}" for at, user in enumerate(users))
    number = open_congress(
        home, LI, "第十六届人大第一次会议", SINCE, UNTIL, roll, region=CITY, now=NOW
    ).congress
    wanted = [(user, f"{user}的第{at}件意见") for at in range(EACH) for user in users]

    def send(what: tuple[str, str]) -> str:
        user, text = what
        return give(home, deputy(user), number, text, request=text, now=NOW).opinion

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(send, [each for each in wanted for _ in range(2)]))
    given = given_in(home, number)
    assert sorted((e.opinion.author, e.opinion.text) for e in given) == sorted(wanted)
    assert told[::2] == told[1::2]
    assert sorted(set(told)) == sorted(each.opinion.id for each in given)
    per_group = DEPUTIES * EACH // GROUPS
    groups = {f"第{at + 1}代表团": per_group for at in range(GROUPS)}
    assert Counter(each.delegation for each in given) == groups
    with engine(home).connect() as connection:
        assert verify(connection, key_of(home.root)).damages == []
