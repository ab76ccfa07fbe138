"""The way of a case as data: `rules/workflow/case.yaml`, read, checked, asked.

States, transitions, who may, what is required, which clock starts: all of it stands in the file,
with what is law (its article and words) and what is local practice. `acting` enforces it and knows
no state by name. A home may change the clocks in `<home>/rules/workflow/case.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from budget_watch.casework.book import book_folders
from budget_watch.casework.errors import WorkflowError
from budget_watch.casework.flow_file import Stamp, read_flow, stamped
from budget_watch.engine.laws import Texts, check_citation
from budget_watch.engine.load import registered
from budget_watch.engine.model import Citation, Law, Strict

FILE = Path("workflow") / "case.yaml"
Need = Literal[
    "reason",
    "result",
    "level",
    "document",
    "addressee",
    "text",
    "number",
    "objection",
    "committed",
    "clock",
    "days",
    "rung",
]
NEED_WORDS: Mapping[str, str] = {
    "reason": "理由",
    "result": "结论",
    "level": "级别",
    "document": "文书种类",
    "addressee": "承办单位",
    "text": "正文",
    "number": "文号",
    "objection": "异议种类",
    "committed": "承诺完成日期",
    "clock": "期限",
    "days": "延长的天数",
    "rung": "升级到",
}
Party = Literal["committee", "department"]
_BINDING = ("law", "regulation", "local")


class LawBasis(Strict):
    """A step that the law prescribes: article and words; local law with whose it is.

    Attributes:
        division: first digits of the region codes where local law binds.
    """

    kind: Literal["law"]
    law: str
    article: str
    quote: str
    jurisdiction: str | None = None
    division: str | None = None

    def binds(self, region: str | None) -> bool:
        """Whether it is law in this region; elsewhere it is only a model."""
        return self.division is None or (region or "").startswith(self.division)


class LocalBasis(Strict):
    """A step of local practice, and what it rests on."""

    kind: Literal["local"]
    says: str


Basis = Annotated[LawBasis | LocalBasis, Field(discriminator="kind")]


class Role(Strict):
    """A role that acts on cases, and on which side it stands."""

    id: str
    party: Party


class Rater(Strict):
    """Whose handling is rated by whom (双向评价); the first side's word counts for closing."""

    side: str
    title: str
    roles: tuple[str, ...]


class State(Strict):
    """A state of work.

    Attributes:
        word: what the finding shows as its work state; the id where it is the same.
        step: the smaller step inside it.
        shown_to_departments: whether the addressee sees the case.
        answered: whether the addressee has answered once; only then do they see the level.
        mergeable: whether cases may be brought together in it.
    """

    id: str
    word_: str | None = Field(default=None, alias="word")
    step: str | None = None
    start: bool = False
    final: bool = False
    mergeable: bool = False
    shown_to_departments: bool = False
    answered: bool = False

    @property
    def word(self) -> str:
        """The finding's work state."""
        return self.word_ or self.id

    @property
    def title(self) -> str:
        """Word and step."""
        return f"{self.word}（{self.step}）" if self.step else self.word


class Clock(Strict):
    """A period: working days, or months by the calendar. `quiet`: quiet weeks do not count."""

    id: str
    title: str
    workdays: int | None = Field(default=None, ge=1)
    months: int | None = Field(default=None, ge=1)
    quiet: bool = False
    basis: Basis


class QuietWeeks(Strict):
    """Days of every year, `MM-DD`, both included; may pass the end of the year."""

    since: str = Field(alias="from", pattern=r"\d\d-\d\d")
    until: str = Field(alias="to", pattern=r"\d\d-\d\d")


class Rung(Strict):
    """A rung of the ladder of escalation."""

    id: str
    basis: Basis


class Satisfaction(Strict):
    """How handling is rated; a share of `counted` below `least_percent` asks for a second try."""

    words: tuple[str, ...]
    counted: tuple[str, ...]
    least_percent: int = Field(ge=0, le=100)


class Transition(Strict):
    """One step.

    Attributes:
        to: the new state; the old one stays where it is left out.
        results: the conclusions that fit this step, where it needs one.
        other_than: whoever did these steps last may not do this one.
        two_persons: on a red case one proposes and another confirms.
        satisfied: refused while the satisfaction is too low; `dissatisfied`: refused unless it is.
        answers_proposal: takes back what the first of two persons proposed.
        extends: lengthens the clock that is named.
        resumes: clocks that go on, or start where none runs.
        turn: who is waited for to take it: all who may, or those with whom the case lies.
        calls: tells those whose turn it is once more.
    """

    id: str = Field(pattern=r"[a-z_]+")
    title: str
    sources: tuple[str, ...] = Field(alias="from", min_length=1)
    to: str | None = None
    who: tuple[str, ...] = Field(min_length=1)
    needs: tuple[Need, ...] = ()
    results: tuple[str, ...] = ()
    other_than: tuple[str, ...] = ()
    two_persons: bool = False
    satisfied: bool = False
    dissatisfied: bool = False
    answers_proposal: bool = False
    extends: bool = False
    starts: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    pauses: tuple[str, ...] = ()
    resumes: tuple[str, ...] = ()
    turn: Literal["all", "addressee"] | None = None
    calls: bool = False
    basis: Basis


class Workflow(Strict):
    """The whole file."""

    id: str
    title: str
    roles: tuple[Role, ...]
    raters: tuple[Rater, ...]
    states: tuple[State, ...]
    clocks: tuple[Clock, ...]
    quiet_weeks: tuple[QuietWeeks, ...] = ()
    remind_workdays: int = Field(ge=0)
    objections: tuple[str, ...]
    documents: tuple[str, ...]
    satisfaction: Satisfaction
    ladder: tuple[Rung, ...]
    transitions: tuple[Transition, ...]

    @cached_property
    def state(self) -> Mapping[str, State]:
        """States by id."""
        return {each.id: each for each in self.states}

    @cached_property
    def clock(self) -> Mapping[str, Clock]:
        """Clocks by id."""
        return {each.id: each for each in self.clocks}

    @cached_property
    def transition(self) -> Mapping[str, Transition]:
        """Transitions by id."""
        return {each.id: each for each in self.transitions}

    @property
    def results(self) -> tuple[str, ...]:
        """Every conclusion that some step may come to."""
        return tuple(dict.fromkeys(one for each in self.transitions for one in each.results))

    @cached_property
    def party(self) -> Mapping[str, Party]:
        """Role → its side."""
        return {each.id: each.party for each in self.roles}

    @property
    def start(self) -> State:
        """Where every finding begins."""
        return next(each for each in self.states if each.start)

    def named(self, word: str) -> Transition:
        """A transition by its id or its title.

        Raises:
            WorkflowError: there is none; names those there are.
        """
        for each in self.transitions:
            if word in (each.id, each.title):
                return each
        known = "、".join(f"{each.id}（{each.title}）" for each in self.transitions)
        raise WorkflowError(f"流程里没有“{word}”这一步；可用 {known}。")


class LocalClock(Strict):
    """A home's own length of a clock."""

    id: str
    workdays: int | None = Field(default=None, ge=1)
    months: int | None = Field(default=None, ge=1)


class LocalWorkflow(Strict):
    """What a home may change: lengths of clocks, quiet weeks, when to remind."""

    id: str
    clocks: tuple[LocalClock, ...] = ()
    quiet_weeks: tuple[QuietWeeks, ...] | None = None
    remind_workdays: int | None = Field(default=None, ge=0)


def workflow_of(root: Path) -> Workflow:
    """The workflow of the home at this folder.

    Raises:
        WorkflowError: what is wrong and where.
    """
    return load_workflow(book_folders(root))


def load_workflow(folders: Iterable[Path], texts: Texts | None = None) -> Workflow:
    """The workflow with a home's changes, checked.

    Args:
        folders: the product's rules folder, then the home's own.
        texts: loaded law texts, where quotes are to be compared word for word.

    Raises:
        WorkflowError: what is wrong and where.
    """
    product, *homes = folders
    found = _loaded(stamped((product, *homes), FILE))
    wrong = list(flaws(found, registered([product, *homes]) if texts else {}, texts))
    if wrong:
        raise WorkflowError(f"{product / FILE}：{'；'.join(wrong)}")
    return found


@lru_cache(maxsize=8)
def _loaded(stamp: Stamp) -> Workflow:
    return read_flow(stamp, Workflow, LocalWorkflow, _changed, flaws)


def _changed(found: Workflow, local: LocalWorkflow, path: Path) -> Workflow:
    own = {each.id: each for each in local.clocks}
    unknown = own.keys() - found.clock.keys()
    if unknown:
        known = "、".join(found.clock)
        raise WorkflowError(f"{path}：没有期限 {'、'.join(sorted(unknown))}；可用 {known}")
    data = found.model_dump(by_alias=True)  # not model_copy: that would keep the cached look-ups
    for clock in data["clocks"]:
        if clock["id"] in own:
            clock.update(own[clock["id"]].model_dump(exclude={"id"}))
    if local.quiet_weeks is not None:
        data["quiet_weeks"] = [each.model_dump(by_alias=True) for each in local.quiet_weeks]
    if local.remind_workdays is not None:
        data["remind_workdays"] = local.remind_workdays
    return Workflow.model_validate(data)


def flaws(
    flow: Workflow, laws: Mapping[str, Law] | None = None, texts: Texts | None = None
) -> Iterator[str]:
    """Everything that is wrong with a workflow, a sentence each."""
    for name, listed in (("states", flow.states), ("transitions", flow.transitions)):
        ids = [each.id for each in listed]
        yield from (
            f"{name} 里 {each} 写了两次" for each in sorted({x for x in ids if ids.count(x) > 1})
        )
    if sum(each.start for each in flow.states) != 1:
        yield "应有且只有一个 start 状态"
        return
    yield from _unknown_names(flow)
    yield from _ways(flow)
    for clock in flow.clocks:
        if (clock.workdays is None) == (clock.months is None):
            yield f"期限 {clock.id} 应写 workdays 或 months，只写一种"
    if texts:
        yield from wrong_citations(bases(flow), laws or {}, texts)


def _unknown_names(flow: Workflow) -> Iterator[str]:
    for each in flow.transitions:
        named: tuple[tuple[str, Iterable[str], Iterable[str]], ...] = (
            ("状态", (*each.sources, *filter(None, [each.to])), flow.state),
            ("角色", each.who, flow.party),
            ("步骤", each.other_than, flow.transition),
            ("期限", (*each.starts, *each.stops, *each.pauses, *each.resumes), flow.clock),
        )
        for kind, used, known in named:
            yield from (f"{each.id} 用了没有的{kind} {name}" for name in used if name not in known)
        if bool(each.results) != ("result" in each.needs):
            yield f"{each.id} 要填结论（needs 里的 result）的才写 results，并且要写"
        if each.extends and not {"clock", "days"} <= set(each.needs):
            yield f"{each.id} 是延期，needs 里要有 clock、days"


def _ways(flow: Workflow) -> Iterator[str]:
    """States that cannot be reached, and those out of which no way leads to an end."""
    steps = [(source, each.to) for each in flow.transitions for source in each.sources if each.to]
    forth = closure({flow.start.id}, steps)
    back = closure({each.id for each in flow.states if each.final}, [(b, a) for a, b in steps])
    yield from (f"到不了状态 {each.id}" for each in flow.states if each.id not in forth)
    yield from (f"从状态 {each.id} 走不到办理的终点" for each in flow.states if each.id not in back)
    waited = {source for each in flow.transitions if each.turn for source in each.sources}
    yield from (
        f"在状态 {each.id} 没有轮到谁的步骤（turn）"
        for each in flow.states
        if not each.final and each.id not in waited
    )
    started = {name for each in flow.transitions for name in each.starts}
    stopped = {name for each in flow.transitions for name in each.stops}
    yield from (f"期限 {name} 有起无止" for name in sorted(started - stopped))
    paused = {name for each in flow.transitions for name in each.pauses}
    resumed = {name for each in flow.transitions for name in (*each.resumes, *each.stops)}
    yield from (f"期限 {name} 停后不续" for name in sorted(paused - resumed))


def closure(known: set[str], steps: list[tuple[str, str]]) -> set[str]:
    """Everything that steps lead to from what is known."""
    while True:
        more = {b for a, b in steps if a in known} - known
        if not more:
            return known
        known = known | more


def bases(flow: Workflow) -> Iterator[tuple[str, LawBasis | LocalBasis]]:
    """Every basis with the place that it stands in."""
    for each in flow.transitions:
        yield f"步骤 {each.id}", each.basis
    for clock in flow.clocks:
        yield f"期限 {clock.id}", clock.basis
    for rung in flow.ladder:
        yield f"升级 {rung.id}", rung.basis


def wrong_citations(
    stated: Iterable[tuple[str, LawBasis | LocalBasis]], laws: Mapping[str, Law], texts: Texts
) -> Iterator[str]:
    """What is called law must be binding, in force, and say so in these words."""
    for place, basis in stated:
        if basis.kind != "law":
            continue
        law = laws.get(basis.law)
        if law is not None and law.authority not in _BINDING:
            yield f"{place}：《{law.name}》不是法律、法规，不能写成 law"
        if (
            law is not None
            and law.authority == "local"
            and not (basis.jurisdiction and basis.division)
        ):
            yield f"{place}：地方性法规要写 jurisdiction、division"
        citation = Citation(law=basis.law, article=basis.article, quote=basis.quote)
        days = (law.valid_from, None) if law is not None else None
        wrong = "没有登记" if days is None else check_citation(citation, laws, texts, days)
        if wrong:
            yield f"{place}：{wrong}"
        text = texts.get(basis.law, {}).get(basis.article, "")
        if text and basis.quote not in text:
            yield f"{place}：引文“{basis.quote}”不在所引的条文里"
