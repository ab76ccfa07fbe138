"""Many at one opinion and one topic at once: no lost act, no second one, one vote each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from budget_watch.audit import key_of, verify
from budget_watch.casework.errors import CaseworkError, StaleError
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.opinions.seeing import get_opinion, list_opinions
from budget_watch.opinions.topic_acting import act_on_topic, cast, make_topic, say
from budget_watch.opinions.topics import get_topic
from tests.opinions.made_opinions import DAI, LI, NOW, QIAN, WANG, bring, deputy, do, new
from tests.opinions.test_topics import peopled


@pytest.fixture
def home(tmp_path):
    return peopled(Home(tmp_path / "home"))


def together(*works):
    """Do all of these at once; what each came to, or its error."""

    def one(work):
        try:
            return work()
        except CaseworkError as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(one, works))


@pytest.mark.slow
def test_of_many_at_one_opinion_one_is_first_and_the_others_are_told(home):
    number = bring(home, "已提交")
    seen = get_opinion(home, LI, number).version
    told = together(
        *(lambda a=a: do(home, a, number, "register", version=seen) for a in (LI, WANG) * 4)
    )
    assert sum(isinstance(each, StaleError) for each in told) == 7
    one = get_opinion(home, LI, number)
    assert (one.state, one.version) == ("已登记", seen + 1)


@pytest.mark.slow
def test_of_many_opinions_written_and_sent_twice_each_is_there_once(home):
    people = [deputy(f"d{n}") for n in range(8)]
    works = [lambda a=a: new(home, a, submit=True, request="r") for a in people for _ in range(2)]
    told = together(*works)
    assert len(set(told)) == len(people) == len(list_opinions(home, LI))
    with engine(home).connect() as connection:
        assert verify(connection, key_of(home.root)).damages == []


@pytest.mark.slow
def test_votes_and_remarks_at_once_are_all_there_and_each_person_has_one_vote(home):
    number = new(home, DAI, submit=True)
    topic = make_topic(home, LI, "支出进度", [number], now=NOW).topic
    act_on_topic(home, LI, topic, "invite", {"users": "dai、qian"}, now=NOW)
    act_on_topic(home, LI, topic, "discuss", now=NOW)
    act_on_topic(home, LI, topic, "vote", now=NOW)
    choices = ["赞成", "反对", "弃权", "赞成"]
    works = [lambda a=a, c=c: cast(home, a, topic, c) for a in (DAI, QIAN) for c in choices]
    works += [lambda n=n: say(home, DAI, topic, f"第{n}条意见") for n in range(6)]
    assert not [each for each in together(*works) if isinstance(each, CaseworkError)]
    found = get_topic(home, LI, topic)
    assert set(found.ballots) == {"dai", "qian"}
    assert sorted(each["text"] for each in found.remarks) == [f"第{n}条意见" for n in range(6)]
    with engine(home).connect() as connection:
        assert verify(connection, key_of(home.root)).damages == []
