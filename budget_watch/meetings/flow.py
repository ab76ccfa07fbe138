"""The way of a 决议事项 as data: `rules/workflow/resolution.yaml`, read and checked.

`acting` enforces it and knows no state and no step by name. A home may change the default periods
and the days of reminding in `<home>/rules/workflow/resolution.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from budget_watch.casework.errors import WorkflowError
from budget_watch.casework.flow_file import Stamp, read_flow, stamped
from budget_watch.casework.workflow import Basis, LawBasis, LocalBasis, closure, wrong_citations
from budget_watch.engine.laws import Texts
from budget_watch.engine.load import registered
from budget_watch.engine.model import Law, Strict

FILE = Path("workflow") / "resolution.yaml"
Party = Literal["office", "members", "deputies", "department"]
Field_ = Literal[
    "reason",
    "text",
    "due",
    "addressees",
    "number",
    "letter",
    "addressee",
    "word",
    "remark",
    "held",
    "thing",
    "as_of",
]
FIELD_WORDS: Mapping[str, str] = {
    "reason": "理由",
    "text": "内容",
    "due": "期限",
    "addressees": "承办单位",
    "number": "文号",
    "letter": "函件文号",
    "addressee": "代哪个单位",
    "word": "评价",
    "remark": "不满意的原因",
    "held": "在哪次会议上评的",
    "thing": "页面地址或疑点编号",
    "as_of": "数据日期",
}


class Role(Strict):
    """A role that has to do with demands, and on which side it stands."""

    id: str
    party: Party


class Term(Strict):
    """The period where a document gives none: months, or working days, from its day."""

    months: int | None = Field(default=None, ge=1)
    workdays: int | None = Field(default=None, ge=1)
    basis: Basis


class Source(Strict):
    """A kind of document that demands something."""

    id: str
    basis: Basis
    term: Term | None = None


class State(Strict):
    """A work state.

    Attributes:
        shown: whether departments see it. running: whether its period counts.
        reported: whether deputies see what was reported. final: it is not carried on.
    """

    id: str
    start: bool = False
    shown: bool = False
    running: bool = False
    reported: bool = False
    final: bool = False


class Step(Strict):
    """A step.

    Attributes:
        own: only by a department that the demand is addressed to.
        every: the state is changed only when every addressee took this step in this round.
        anew: a new round begins. later: the new last day lies after the present one.
    """

    id: str
    title: str
    sources: tuple[str, ...] = Field(alias="from")
    to: str | None = None
    who: tuple[str, ...]
    needs: tuple[Field_, ...] = ()
    may: tuple[Field_, ...] = ()
    own: bool = False
    every: bool = False
    anew: bool = False
    later: bool = False
    satisfied: bool = False
    dissatisfied: bool = False
    basis: Basis


class Evaluation(Strict):
    """How a report is judged, and which words count as satisfied."""

    words: tuple[str, ...]
    counted: tuple[str, ...]
    basis: Basis


class DemandFlow(Strict):
    """The whole file."""

    id: str
    title: str
    roles: tuple[Role, ...]
    registrars: tuple[str, ...]
    sources: tuple[Source, ...]
    carried: Basis
    states: tuple[State, ...]
    remind_workdays: int = Field(ge=0)
    remind_basis: Basis
    evaluation: Evaluation
    transitions: tuple[Step, ...]

    @cached_property
    def party(self) -> Mapping[str, Party]:
        """Role → side."""
        return {each.id: each.party for each in self.roles}

    @cached_property
    def source(self) -> Mapping[str, Source]:
        """Kinds of documents by name."""
        return {each.id: each for each in self.sources}

    @cached_property
    def state(self) -> Mapping[str, State]:
        """States by name."""
        return {each.id: each for each in self.states}

    @cached_property
    def step(self) -> Mapping[str, Step]:
        """Steps by id."""
        return {each.id: each for each in self.transitions}

    @cached_property
    def start(self) -> State:
        """Where a demand begins."""
        return next(each for each in self.states if each.start)

    def named(self, name: str) -> Step | None:
        """A step by its id or its title."""
        return next((e for e in self.transitions if name in (e.id, e.title)), None)


class LocalTerm(Strict):
    """A home's own default period of a kind of document."""

    id: str
    months: int | None = Field(default=None, ge=1)
    workdays: int | None = Field(default=None, ge=1)


class LocalDemandFlow(Strict):
    """What a home may change."""

    id: str
    sources: tuple[LocalTerm, ...] = ()
    remind_workdays: int | None = Field(default=None, ge=0)


def load_demand_flow(folders: Iterable[Path], texts: Texts | None = None) -> DemandFlow:
    """The way of demands with a home's changes, checked.

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
def _loaded(stamp: Stamp) -> DemandFlow:
    return read_flow(stamp, DemandFlow, LocalDemandFlow, _changed, flaws)


def _changed(found: DemandFlow, local: LocalDemandFlow, path: Path) -> DemandFlow:
    data = found.model_dump(by_alias=True)
    for own in local.sources:
        place = next((each for each in data["sources"] if each["id"] == own.id), None)
        if place is None or place["term"] is None:
            able = "、".join(each.id for each in found.sources if each.term)
            raise WorkflowError(f"{path}：{own.id} 没有缺省期限可改；可改的是 {able}")
        place["term"] |= {"months": own.months, "workdays": own.workdays}
    if local.remind_workdays is not None:
        data["remind_workdays"] = local.remind_workdays
    return DemandFlow.model_validate(data)


def flaws(flow: DemandFlow) -> Iterator[str]:
    """Everything that is wrong with the file, a sentence each."""
    for name, things in (
        ("sources", flow.sources),
        ("states", flow.states),
        ("transitions", flow.transitions),
    ):
        ids = [each.id for each in things]
        yield from (
            f"{name} 里 {each} 写了两次" for each in sorted({e for e in ids if ids.count(e) > 1})
        )
    if sum(each.start for each in flow.states) != 1:
        yield "应有且只有一个 start 状态"
        return
    unknown = list(_unknown(flow))
    yield from unknown
    if not unknown:
        yield from _ways(flow)
    for source in flow.sources:
        if source.term and (source.term.months is None) == (source.term.workdays is None):
            yield f"{source.id} 的 term 应写 months 或 workdays，只写一种"
    if not set(flow.evaluation.counted) < set(flow.evaluation.words):
        yield "evaluation 的 counted 应是 words 的一部分"


def _unknown(flow: DemandFlow) -> Iterator[str]:
    for role in flow.registrars:
        if role not in flow.party:
            yield f"registrars 用了没有的角色 {role}"
    for each in flow.transitions:
        for name in (*each.sources, *filter(None, [each.to])):
            if name not in flow.state:
                yield f"{each.id} 用了没有的状态 {name}"
        for name in each.who:
            if name not in flow.party:
                yield f"{each.id} 用了没有的角色 {name}"
            elif each.own and flow.party[name] != "department":
                yield f"{each.id} 限承办单位，{name}不是承办一方"


def _ways(flow: DemandFlow) -> Iterator[str]:
    steps = [(source, each.to) for each in flow.transitions if each.to for source in each.sources]
    forth = closure({flow.start.id}, steps)
    back = closure({each.id for each in flow.states if each.final}, [(b, a) for a, b in steps])
    yield from (f"从状态 {each} 走不到终点" for each in sorted(forth - back))
    yield from (f"到不了状态 {each.id}" for each in flow.states if each.id not in forth)


def bases(flow: DemandFlow) -> Iterator[tuple[str, LawBasis | LocalBasis]]:
    """Every basis with the place that it stands in."""
    for source in flow.sources:
        yield f"文件 {source.id}", source.basis
        if source.term:
            yield f"{source.id} 的期限", source.term.basis
    yield "带进下一年", flow.carried
    yield "提醒", flow.remind_basis
    yield "评价", flow.evaluation.basis
    for each in flow.transitions:
        yield f"步骤 {each.id}", each.basis
