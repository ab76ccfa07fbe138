"""Opinions on one matter as one topic: suggested, decided by a person, discussed, voted on."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from budget_watch.access import Grant, Scope, accounts
from budget_watch.audit import Who, key_of, read, verify
from budget_watch.casework.accounts import store_of
from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError, CaseworkError, StaleError
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.opinions.errors import UnknownOpinionError, UnknownTopicError
from budget_watch.opinions.seeing import get_opinion
from budget_watch.opinions.similar import likeness, similar
from budget_watch.opinions.topic_acting import act_on_topic, cast, make_topic, say
from budget_watch.opinions.topics import get_topic, list_topics, topic_record
from tests.opinions.made_opinions import (
    ADMIN,
    CLERK,
    DAI,
    DESK,
    EXPERT,
    FINANCE,
    LEADER,
    LI,
    MEMBER,
    NOW,
    QIAN,
    WANG,
    ZHAO,
    bring,
    deputy,
    do,
    in_role,
    new,
)

SUN = deputy("sun")
SLOW = "水利局今年支出进度太慢，年底突击花钱的风险大，请说明原因。"
CLINICS = "建议加大对乡镇卫生院设备更新的投入。"
LEFT = "教育局结转资金两年没有用完，应当收回统筹使用。"
BONDS = "希望公开专项债券项目的收益情况，便于监督。"
ALIKE = [
    (SLOW, "水利局的支出进度明显偏慢，建议说明原因，防止年底突击花钱。"),
    (CLINICS, "乡镇卫生院设备陈旧，建议增加设备更新投入。"),
    (LEFT, "结转两年未用的教育资金应收回，统筹安排到急需的地方。"),
    ("公务接待费超预算，请核实。", "请核实该单位公务接待费为什么超出预算"),
    (BONDS, "专项债项目收益应当公开，接受监督。"),
]
UNLIKE = [
    (SLOW, LEFT),
    (CLINICS, "建议加大对中小学食堂改造的投入。"),
    (BONDS, "请说明社保基金缺口的原因。"),
]


@pytest.fixture
def home(tmp_path):
    return peopled(Home(tmp_path / "home"))


def peopled(made: Home) -> Home:
    for name in ("dai", "qian", "sun", "member"):
        accounts.add(store_of(made), Who("operator"), name, f"{name}某")
    return made


def sent(home: Home, actor: Actor, text: str = "水利局支出进度偏慢，请说明原因。", **more) -> str:
    number = new(home, actor, text=text, submit=True, **more)
    do(home, LI, number, "register")
    return number


def test_texts_on_one_matter_are_alike_and_others_are_not():
    least = DESK.flow.similar.least
    assert all(likeness(a, b) >= least for a, b in ALIKE)
    assert all(likeness(a, b) < least for a, b in UNLIKE)
    for a, b in (*ALIKE, *UNLIKE):
        assert likeness(a, b) == likeness(b, a)
        assert likeness(a, a + "。") == 100


def test_what_is_suggested_is_what_the_reader_sees_and_nothing_else(home):
    one = sent(home, DAI, ALIKE[0][0])
    open_, kept = sent(home, QIAN, ALIKE[0][1], open_=True), sent(home, SUN, ALIKE[0][0])
    sent(home, QIAN, UNLIKE[0][1], open_=True)
    draft, gone = new(home, QIAN, text=ALIKE[0][0]), new(home, QIAN, text=ALIKE[0][0], submit=True)
    do(home, QIAN, gone, "withdraw")
    assert [each.id for each, _ in similar(home, LI, one)] == [kept, open_]
    assert [each.id for each, _ in similar(home, DAI, one)] == [open_]
    assert {each.id for each, _ in similar(home, QIAN, open_)} == set()  # others are not open
    assert draft not in {each.id for each, _ in similar(home, QIAN, open_)}
    with pytest.raises(UnknownOpinionError):
        similar(home, SUN, one)


def test_the_office_brings_opinions_together_and_each_is_in_one_topic(home):
    one, two, three = sent(home, DAI), sent(home, QIAN), sent(home, DAI)
    for actor in (DAI, MEMBER, ZHAO, CLERK, ADMIN):
        with pytest.raises(ActError, match="议题由经办、审核办理"):
            make_topic(home, actor, "支出进度", [one, two], now=NOW)
    done = make_topic(home, LI, "支出进度偏慢", [one, two, one], request="r", now=NOW)
    assert make_topic(home, LI, "别的", [three], request="r", now=NOW).topic == done.topic
    told = topic_record(DESK, LI, get_topic(home, LI, done.topic))
    assert (told["count"], told["authors"], told["opinions"]) == (2, 2, [one, two])
    with pytest.raises(ActError, match="已在议题"):
        make_topic(home, WANG, "再来", [three, two], now=NOW)
    assert get_opinion(home, LI, three).topic is None  # all or nothing
    with pytest.raises(UnknownOpinionError):
        make_topic(home, WANG, "再来", [new(home, QIAN)], now=NOW)  # a draft
    act_on_topic(home, WANG, done.topic, "add", {"opinions": [three]}, now=NOW)
    told = topic_record(DESK, LI, get_topic(home, LI, done.topic))
    assert (told["count"], told["authors"]) == (3, 2)
    act_on_topic(home, WANG, done.topic, "remove", {"opinions": [one]}, now=NOW)
    assert get_opinion(home, LI, one).topic is None
    with pytest.raises(UnknownOpinionError):
        act_on_topic(home, WANG, done.topic, "remove", {"opinions": [one]}, now=NOW)
    with pytest.raises(StaleError, match=r"wang（审核）已经先办了“移出意见”"):
        act_on_topic(home, LI, done.topic, "show", version=1, now=NOW)
    assert [each.step for each in get_topic(home, LI, done.topic).acts] == ["make", "add", "remove"]


def test_ratings_of_a_topic_count_together(home):
    mine, other = bring(home, "已答复"), new(home, QIAN, submit=True)
    do(home, LI, other, "register")
    do(home, WANG, other, "reply")
    topic = make_topic(home, LI, "支出进度", [mine, other], now=NOW).topic
    do(home, DAI, mine, "rate", word="满意")
    do(home, QIAN, other, "rate", word="不满意", remark="没有答到点上")
    for number in (mine, other):
        with pytest.raises(ActError, match=r"满意度 1/2，低于80%"):
            do(home, WANG, number, "close")
    do(home, WANG, other, "again")
    assert get_opinion(home, WANG, mine).share == (1, 1)  # the new try has no rating yet
    do(home, WANG, mine, "close")
    act_on_topic(home, LI, topic, "remove", {"opinions": [mine]}, now=NOW)


def test_who_sees_a_topic_and_how_many_it_counts(home):
    region = "990200000"
    one, two = sent(home, DAI), sent(home, QIAN, open_=True)
    far = deputy("far")
    far = Actor(
        Grant("far", "履职", Scope(regions=frozenset({region})), role="deputy"), far.role, "s"
    )
    third = sent(home, far)
    topic = make_topic(home, LI, "支出进度", [one, two, third], now=NOW).topic
    for actor in (DAI, QIAN, SUN, MEMBER, LEADER, FINANCE, CLERK, EXPERT, ADMIN):
        assert list_topics(home, actor) == [], actor.user
        with pytest.raises(UnknownTopicError):
            get_topic(home, actor, topic)
    act_on_topic(home, LI, topic, "show", now=NOW)
    with pytest.raises(ActError, match="现在就是这样"):
        act_on_topic(home, LI, topic, "show", now=NOW)
    told = topic_record(DESK, SUN, get_topic(home, SUN, topic))
    assert (told["count"], told["authors"], told["opinions"]) == (3, 3, [two])
    assert not {"remarks", "invited", "vote", "history", "discussing"} & set(told)
    other = Actor(
        Grant("o", "履职", Scope(regions=frozenset({"990300000"})), role="deputy"), "代表", "s"
    )
    assert topic_record(DESK, other, get_topic(home, other, topic))["count"] == 2
    office = in_role("z", "经办", "clerk", Scope(regions=frozenset({"990300000"})))
    assert topic_record(DESK, office, get_topic(home, office, topic))["opinions"] == [one, two]
    for actor in (FINANCE, CLERK, EXPERT, ADMIN):
        assert list_topics(home, actor) == []


def test_only_those_invited_speak_and_vote_and_each_has_one_vote(home):
    topic = make_topic(home, LI, "支出进度", [sent(home, DAI), sent(home, QIAN)], now=NOW).topic
    with pytest.raises(ActError, match="请先邀请"):
        act_on_topic(home, LI, topic, "vote", now=NOW)
    with pytest.raises(ActError, match="没有账号 nobody"):
        act_on_topic(home, LI, topic, "invite", {"users": "dai、nobody"}, now=NOW)
    act_on_topic(home, LI, topic, "invite", {"users": "dai、qian"}, now=NOW)
    with pytest.raises(ActError, match="现在没有讨论"):
        say(home, DAI, topic, "同意并案", now=NOW)
    act_on_topic(home, LI, topic, "discuss", now=NOW)
    first = say(home, DAI, topic, "同意并案", request="s1", now=NOW)
    assert say(home, DAI, topic, "同意并案", request="s1", now=NOW) == first
    with pytest.raises(UnknownTopicError):
        say(home, SUN, topic, "我也说", now=NOW)
    given = {"question": "是否提请专题询问", "shows": "结束后"}
    act_on_topic(home, WANG, topic, "vote", given, now=NOW)
    with pytest.raises(ActError, match="中途不能再邀请"):
        act_on_topic(home, WANG, topic, "invite", {"users": "sun"}, now=NOW)
    for actor in (LI, WANG):
        with pytest.raises(ActError, match="只限受邀的人"):
            cast(home, actor, topic, "赞成", now=NOW)
    with pytest.raises(ActError, match="没有“好”这个选项"):
        cast(home, DAI, topic, "好", now=NOW)
    assert cast(home, DAI, topic, "赞成", now=NOW)
    assert cast(home, DAI, topic, "赞成", now=NOW) is None
    assert cast(home, DAI, topic, "反对", now=NOW)
    assert cast(home, QIAN, topic, "赞成", now=NOW)
    for actor in (DAI, LI):
        vote = topic_record(DESK, actor, get_topic(home, actor, topic))["vote"]
        assert (vote["result"], vote["by_name"], vote["voted"]) == (None, None, 2)
    act_on_topic(home, WANG, topic, "end", now=NOW)
    with pytest.raises(ActError, match="现在没有表决"):
        cast(home, DAI, topic, "弃权", now=NOW)
    vote = topic_record(DESK, QIAN, get_topic(home, QIAN, topic))["vote"]
    assert vote["result"] == {"赞成": 1, "反对": 1, "弃权": 0} and vote["by_name"] is None
    act_on_topic(home, WANG, topic, "show", now=NOW)
    assert "vote" not in topic_record(DESK, SUN, get_topic(home, SUN, topic))
    with engine(home).connect() as connection:
        logged = [each for each in read(connection, act="topic.cast")]
    assert len(logged) == 3
    assert not any("choice" in json.loads(each.details) for each in logged)  # 无记名


@pytest.mark.parametrize(
    ("shows", "before", "own", "ended"),
    [
        ("结束后", (False, False), (False, False), (True, True)),
        ("投票后", (False, False), (True, False), (True, True)),
        ("随时", (True, True), (True, True), (True, True)),
        ("只给工作机构", (False, False), (False, False), (False, True)),
    ],
)
def test_the_result_shows_when_it_was_settled_and_not_before(home, shows, before, own, ended):
    topic = make_topic(home, LI, "支出进度", [sent(home, DAI)], now=NOW).topic
    act_on_topic(home, LI, topic, "invite", {"users": ["dai", "qian"]}, now=NOW)
    given = {"options": "甲、乙", "named": "是", "shows": shows}
    act_on_topic(home, LI, topic, "vote", given, now=NOW)

    def seen() -> tuple[bool, bool]:
        told = [topic_record(DESK, a, get_topic(home, a, topic))["vote"] for a in (DAI, LI)]
        assert all((v["result"] is None) is (v["by_name"] is None) for v in told)
        return told[0]["result"] is not None, told[1]["result"] is not None

    cast(home, QIAN, topic, "甲", now=NOW)
    assert seen() == before
    cast(home, DAI, topic, "乙", now=NOW)
    assert seen() == own
    act_on_topic(home, LI, topic, "end", now=NOW)
    assert seen() == ended
    with engine(home).connect() as connection:
        logged = [json.loads(each.details) for each in read(connection, act="topic.cast")]
    assert [each["choice"] for each in logged] == ["甲", "乙"]  # 记名


VOTERS = (DAI, QIAN, SUN, MEMBER)
OPTIONS = ("赞成", "反对", "弃权")


class Voting(RuleBasedStateMachine):
    """Random people vote, change their minds, come too late or uninvited."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="bw-topics-"))
        self.home = peopled(Home(self.folder))
        self.invited: set[str] = set()
        self.last: dict[str, str] = {}
        self.open = False

    @initialize(named=st.booleans())
    def made(self, named: bool) -> None:
        self.named = named
        self.topic = make_topic(self.home, LI, "支出进度", [sent(self.home, DAI)], now=NOW).topic

    @rule(who=st.sampled_from(VOTERS))
    def somebody_is_invited(self, who: Actor) -> None:
        try:
            act_on_topic(self.home, LI, self.topic, "invite", {"users": who.user}, now=NOW)
        except ActError:
            assert self.open or who.user in self.invited
            return
        assert not self.open and who.user not in self.invited
        self.invited.add(who.user)

    @rule()
    def a_vote_begins(self) -> None:
        given = {"named": self.named}
        try:
            act_on_topic(self.home, WANG, self.topic, "vote", given, now=NOW)
        except ActError:
            assert self.open or not self.invited
            return
        self.open, self.last = True, {}

    @rule()
    def the_vote_ends(self) -> None:
        try:
            act_on_topic(self.home, WANG, self.topic, "end", now=NOW)
        except ActError:
            assert not self.open
            return
        self.open = False

    @rule(who=st.sampled_from((*VOTERS, LI, CLERK, ADMIN)), choice=st.sampled_from((*OPTIONS, "x")))
    def somebody_votes(self, who: Actor, choice: str) -> None:
        try:
            cast(self.home, who, self.topic, choice, now=NOW)
        except CaseworkError:
            assert not (self.open and who.user in self.invited and choice in OPTIONS)
            return
        assert self.open and who.user in self.invited
        self.last[who.user] = choice

    @invariant()
    def each_has_one_vote_and_the_last_counts(self) -> None:
        if not hasattr(self, "topic"):
            return
        topic = get_topic(self.home, LI, self.topic)
        assert {user: choice for user, (choice, _) in topic.ballots.items()} == self.last
        assert topic.invited == self.invited and topic.vote_open is self.open
        vote = topic_record(DESK, LI, topic)["vote"]
        if vote is not None:
            assert (vote["result"] is None) is self.open
            assert self.open or sum(vote["result"].values()) == len(self.last)

    def teardown(self) -> None:
        with engine(self.home).connect() as connection:
            if key_of(self.home.root).path.exists():
                assert verify(connection, key_of(self.home.root)).damages == []
        engine(self.home).dispose()
        shutil.rmtree(self.folder, ignore_errors=True)


TestVoting = Voting.TestCase
TestVoting.settings = settings(
    max_examples=5,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestVoting = pytest.mark.slow(TestVoting)
