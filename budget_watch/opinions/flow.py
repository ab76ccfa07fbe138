"""The kinds of opinions and their way as data: `rules/workflow/opinion.yaml`, read and checked.

`acting` enforces it and knows no kind and no state by name. A home may change lengths of clocks,
quiet weeks, and how many must sign, in `<home>/rules/workflow/opinion.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from budget_watch.casework.errors import WorkflowError
from budget_watch.casework.flow_file import Stamp, read_flow, stamped
from budget_watch.casework.workflow import (
    Basis,
    Clock,
    LawBasis,
    LocalBasis,
    LocalClock,
    QuietWeeks,
    closure,
    wrong_citations,
)
from budget_watch.engine.laws import Texts
from budget_watch.engine.load import registered
from budget_watch.engine.model import Law, Strict

FILE = Path("workflow") / "opinion.yaml"
OWN_CLOCK = "kind"  # in a step: the clock of the opinion's own kind
Need = Literal[
    "title",
    "text",
    "reason",
    "kind",
    "addressee",
    "form",
    "word",
    "published",
    "clock",
    "days",
]
NEED_WORDS: Mapping[str, str] = {
    "title": "标题",
    "text": "正文",
    "reason": "理由",
    "kind": "登记为",
    "addressee": "承办单位",
    "form": "答复形式",
    "word": "评价",
    "published": "在何处通报、公布",
    "clock": "期限",
    "days": "延长的天数",
    "ask": "建议怎么办",
    "open": "登记后供其他代表查看",
    "remark": "原因",
    "signers": "联名人",
    "signed_by": "签署的负责人",
    "number": "文号",
    "copy_to": "抄送",
}
Party = Literal["office", "members", "deputies", "department"]
Shown = Literal["代表", "社会"]


class Role(Strict):
    """A role that acts on opinions, and its side."""

    id: str
    party: Party


class Addressee(Strict):
    """To whom a kind goes."""

    title: str
    basis: Basis


class Reply(Strict):
    """In what form a kind is answered; `signed`: forms that the answering head must sign."""

    forms: tuple[str, ...] = Field(min_length=1)
    signed: tuple[str, ...] = ()
    basis: Basis


class Publish(Strict):
    """To whom opinion and answer must be made known; nobody where there is no such duty."""

    to: tuple[Shown, ...]
    basis: Basis


class Signers(Strict):
    """How many must sign, the author among them."""

    roles: tuple[str, ...]
    least: int = Field(ge=2)
    basis: Basis


class Kind(Strict):
    """One kind of opinion.

    Attributes:
        group: its heading where it is not the id.
        authors: roles whose opinion may be registered as this kind.
        starts: roles that may write one as this kind at once.
        clock: until when it is answered.
    """

    id: str
    group_: str | None = Field(default=None, alias="group")
    authors: tuple[str, ...] = Field(min_length=1)
    starts: tuple[str, ...]
    basis: Basis
    addressee: Addressee
    clock: str
    reply: Reply
    publish: Publish
    signers: tuple[Signers, ...] = ()

    @property
    def group(self) -> str:
        """The heading it stands under."""
        return self.group_ or self.id

    def least_signers(self, role: str) -> int:
        """How many must sign an opinion of an author in this role."""
        return next((each.least for each in self.signers if role in each.roles), 1)


class State(Strict):
    """A state of an opinion.

    Attributes:
        word, step: what lists show, and the smaller step inside it.
        registered: whether the office has taken it up; from here on members see it.
        shown_to_departments: whether the addressee sees it.
        answered: whether there is an answer to rate.
    """

    id: str
    word_: str | None = Field(default=None, alias="word")
    step: str | None = None
    start: bool = False
    final: bool = False
    registered: bool = False
    shown_to_departments: bool = False
    answered: bool = False

    @property
    def word(self) -> str:
        """What lists show."""
        return self.word_ or self.id

    @property
    def title(self) -> str:
        """Word and step."""
        return f"{self.word}（{self.step}）" if self.step else self.word


class Satisfaction(Strict):
    """How answers are rated; below `least_percent` the matter is taken up again."""

    words: tuple[str, ...]
    counted: tuple[str, ...]
    least_percent: int = Field(ge=0, le=100)
    basis: LocalBasis


class Similar(Strict):
    """When two texts are alike enough (0 to 100) to be suggested as one matter."""

    least: int = Field(ge=1, le=100)
    most: int = Field(ge=1)
    basis: LocalBasis


class Topics(Strict):
    """Which roles bring opinions together and keep the topic."""

    keepers: tuple[str, ...]
    basis: LocalBasis


class Votes(Strict):
    """What may be voted on a topic, and when the result may be shown: one of `SHOWS`."""

    options: tuple[str, ...] = Field(min_length=2)
    shows: tuple[Literal["结束后", "投票后", "随时", "只给工作机构"], ...]
    basis: LocalBasis


class Step(Strict):
    """One step.

    Attributes:
        who: roles; the file's `self` word means the author.
        kinds, not_kinds: for which kinds it is there; all where both are empty.
        other_than: whoever did these steps last may not do this one.
        takes_kind: the proposed kind becomes the opinion's own.
        after: only once this clock is overdue.
        answers: its text is the answer; `signed`: a department's head issues it.
        inner: what it says is the addressee's own drafting.
        anew: begins another try, with ratings of its own.
        published: refused while a duty to publish is open; `publishes` fulfils it.
    """

    id: str = Field(pattern=r"[a-z_]+")
    title: str
    sources: tuple[str, ...] = Field(alias="from", min_length=1)
    to: str | None = None
    who: tuple[str, ...] = Field(min_length=1)
    needs: tuple[Need, ...] = ()
    kinds: tuple[str, ...] = ()
    not_kinds: tuple[str, ...] = ()
    other_than: tuple[str, ...] = ()
    takes_kind: bool = False
    after: str | None = None
    answers: bool = False
    signed: bool = False
    inner: bool = False
    rates: bool = False
    anew: bool = False
    publishes: bool = False
    published: bool = False
    satisfied: bool = False
    dissatisfied: bool = False
    extends: bool = False
    starts: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    basis: Basis

    def concerns(self, kind: str) -> bool:
        """Whether the step is there for a kind."""
        return kind not in self.not_kinds and (not self.kinds or kind in self.kinds)


class OpinionFlow(Strict):
    """The whole file."""

    id: str
    title: str
    self_: str = Field(alias="self")
    roles: tuple[Role, ...]
    kinds: tuple[Kind, ...]
    states: tuple[State, ...]
    clocks: tuple[Clock, ...]
    quiet_weeks: tuple[QuietWeeks, ...] = ()
    remind_workdays: int = Field(ge=0)
    asks: tuple[str, ...]
    satisfaction: Satisfaction
    similar: Similar
    topics: Topics
    votes: Votes
    transitions: tuple[Step, ...]

    @cached_property
    def kind(self) -> Mapping[str, Kind]:
        """Kinds by id."""
        return {each.id: each for each in self.kinds}

    @cached_property
    def state(self) -> Mapping[str, State]:
        """States by id."""
        return {each.id: each for each in self.states}

    @cached_property
    def clock(self) -> Mapping[str, Clock]:
        """Clocks by id."""
        return {each.id: each for each in self.clocks}

    @cached_property
    def step(self) -> Mapping[str, Step]:
        """Steps by id."""
        return {each.id: each for each in self.transitions}

    @cached_property
    def party(self) -> Mapping[str, Party]:
        """Role → its side."""
        return {each.id: each.party for each in self.roles}

    @property
    def start(self) -> State:
        """Where every opinion begins."""
        return next(each for each in self.states if each.start)

    @cached_property
    def authors(self) -> tuple[str, ...]:
        """Roles that may write an opinion."""
        every = (role for kind in self.kinds for role in kind.starts)
        return tuple(dict.fromkeys(every))

    def named(self, word: str) -> Step:
        """A step by its id or its title.

        Raises:
            WorkflowError: there is none; names those there are.
        """
        for each in self.transitions:
            if word in (each.id, each.title):
                return each
        known = "、".join(f"{each.id}（{each.title}）" for each in self.transitions)
        raise WorkflowError(f"意见办理里没有“{word}”这一步；可用 {known}。")

    def clocks_of(self, names: Iterable[str], kind: str) -> tuple[str, ...]:
        """Clock ids, the kind's own in the place of its word."""
        return tuple(self.kind[kind].clock if each == OWN_CLOCK else each for each in names)


class LocalSigners(Strict):
    """A home's own number of signers, e.g. three in a county."""

    kind: str
    roles: tuple[str, ...]
    least: int = Field(ge=2)


class LocalOpinionFlow(Strict):
    """What a home may change."""

    id: str
    clocks: tuple[LocalClock, ...] = ()
    quiet_weeks: tuple[QuietWeeks, ...] | None = None
    remind_workdays: int | None = Field(default=None, ge=0)
    signers: tuple[LocalSigners, ...] = ()


def load_flow(folders: Iterable[Path], texts: Texts | None = None) -> OpinionFlow:
    """The kinds and their way with a home's changes, checked.

    Args:
        folders: the product's rules folder, then the home's own.
        texts: loaded law texts, where quotes are to be compared word for word.

    Raises:
        WorkflowError: what is wrong and where.
    """
    product, *homes = folders
    found = _loaded(stamped((product, *homes), FILE))
    if texts:
        laws: Mapping[str, Law] = registered([product, *homes])
        wrong = list(wrong_citations(bases(found), laws, texts))
        if wrong:
            raise WorkflowError(f"{product / FILE}：{'；'.join(wrong)}")
    return found


@lru_cache(maxsize=8)
def _loaded(stamp: Stamp) -> OpinionFlow:
    return read_flow(stamp, OpinionFlow, LocalOpinionFlow, _changed, flaws)


def _changed(found: OpinionFlow, local: LocalOpinionFlow, path: Path) -> OpinionFlow:
    own = {each.id: each for each in local.clocks}
    unknown = own.keys() - found.clock.keys()
    if unknown:
        known = "、".join(found.clock)
        raise WorkflowError(f"{path}：没有期限 {'、'.join(sorted(unknown))}；可用 {known}")
    data = found.model_dump(by_alias=True)
    for clock in data["clocks"]:
        if clock["id"] in own:
            clock.update(own[clock["id"]].model_dump(exclude={"id"}))
    if local.quiet_weeks is not None:
        data["quiet_weeks"] = [each.model_dump(by_alias=True) for each in local.quiet_weeks]
    if local.remind_workdays is not None:
        data["remind_workdays"] = local.remind_workdays
    for each in local.signers:
        place = [
            signers
            for kind in data["kinds"]
            if kind["id"] == each.kind
            for signers in kind["signers"]
            if set(signers["roles"]) == set(each.roles)
        ]
        if not place:
            raise WorkflowError(f"{path}：{each.kind} 没有 {'、'.join(each.roles)} 的联名人数可改")
        place[0]["least"] = each.least
    return OpinionFlow.model_validate(data)


def flaws(flow: OpinionFlow) -> Iterator[str]:
    """Everything that is wrong with the file, a sentence each."""
    listed = (("kinds", flow.kinds), ("states", flow.states), ("transitions", flow.transitions))
    for name, things in listed:
        ids = [each.id for each in things]
        twice = sorted({each for each in ids if ids.count(each) > 1})
        yield from (f"{name} 里 {each} 写了两次" for each in twice)
    if sum(each.start for each in flow.states) != 1:
        yield "应有且只有一个 start 状态"
        return
    unknown = list(_unknown(flow))
    yield from unknown
    if not unknown:
        yield from _ways(flow)
    for clock in flow.clocks:
        if (clock.workdays is None) == (clock.months is None):
            yield f"期限 {clock.id} 应写 workdays 或 months，只写一种"


def _unknown(flow: OpinionFlow) -> Iterator[str]:
    clocks = {*flow.clock, OWN_CLOCK}
    for each in flow.transitions:
        named: tuple[tuple[str, Iterable[str], Iterable[str]], ...] = (
            ("状态", (*each.sources, *filter(None, [each.to])), flow.state),
            ("角色", each.who, {*flow.party, flow.self_}),
            ("步骤", each.other_than, flow.step),
            ("种类", (*each.kinds, *each.not_kinds), flow.kind),
            ("期限", (*each.starts, *each.stops, *filter(None, [each.after])), clocks),
        )
        for what, used, known in named:
            yield from (f"{each.id} 用了没有的{what} {name}" for name in used if name not in known)
        if each.extends and not {"clock", "days"} <= set(each.needs):
            yield f"{each.id} 是延期，needs 里要有 clock、days"
    for kind in flow.kinds:
        roles = {*kind.authors, *kind.starts, *(role for s in kind.signers for role in s.roles)}
        yield from (f"{kind.id} 用了没有的角色 {name}" for name in sorted(roles - {*flow.party}))
        if not set(kind.starts) <= set(kind.authors):
            yield f"{kind.id} 的 starts 里有不能作者的角色"
        if kind.clock not in flow.clock:
            yield f"{kind.id} 用了没有的期限 {kind.clock}"
        if not set(kind.reply.signed) <= set(kind.reply.forms):
            yield f"{kind.id} 的 signed 里有没有的答复形式"


def _ways(flow: OpinionFlow) -> Iterator[str]:
    """For every kind: states that cannot be reached, and those that lead to no end."""
    for kind in flow.kinds:
        steps = [
            (source, each.to)
            for each in flow.transitions
            if each.to and each.concerns(kind.id)
            for source in each.sources
        ]
        forth = closure({flow.start.id}, steps)
        ends = {each.id for each in flow.states if each.final}
        back = closure(ends, [(b, a) for a, b in steps])
        yield from (f"{kind.id} 从状态 {each} 走不到终点" for each in sorted(forth - back))
        if not any(flow.state[each].answered for each in forth):
            yield f"{kind.id} 走不到答复"
    reached = {flow.start.id} | {each.to for each in flow.transitions if each.to}
    yield from (f"到不了状态 {each.id}" for each in flow.states if each.id not in reached)
    started = {name for each in flow.transitions for name in each.starts}
    stopped = {name for each in flow.transitions for name in each.stops}
    yield from (f"期限 {name} 有起无止" for name in sorted(started - stopped))


def bases(flow: OpinionFlow) -> Iterator[tuple[str, LawBasis | LocalBasis]]:
    """Every basis with the place that it stands in."""
    for kind in flow.kinds:
        yield f"种类 {kind.id}", kind.basis
        yield f"{kind.id} 交给谁", kind.addressee.basis
        yield f"{kind.id} 答复", kind.reply.basis
        yield f"{kind.id} 公开", kind.publish.basis
        for signers in kind.signers:
            yield f"{kind.id} 联名（{'、'.join(signers.roles)}）", signers.basis
    for clock in flow.clocks:
        yield f"期限 {clock.id}", clock.basis
    for each in flow.transitions:
        yield f"步骤 {each.id}", each.basis
