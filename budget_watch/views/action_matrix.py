"""Who may take which step, from the files that the steps are enforced by: role × action.

What a role reads of tables and rules is `casework.permission_matrix`; whether a person's rows hold
the case is asked at the step. Two persons, and who may not do the next step, stand beside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from budget_watch.access.roles import Act, roles
from budget_watch.casework.exemption_acts import ACTS, parts
from budget_watch.casework.exemption_entries import CONFIRM, END, REFUSE
from budget_watch.casework.livelihood import STEPS, settings
from budget_watch.casework.permission_matrix import Sheet
from budget_watch.casework.reconciling import ROLES
from budget_watch.casework.workflow import workflow_of
from budget_watch.congress.session import CongressDesk
from budget_watch.lake import Home
from budget_watch.meetings.agenda import STEPS as AGENDA
from budget_watch.meetings.agenda import agenda_flow
from budget_watch.meetings.demands import DemandDesk
from budget_watch.opinions.opinion import OpinionDesk

TITLES = {"area": "事项", "action": "动作", "roles": "可以办理的角色", "note": "限制"}
ACT_WORDS: Mapping[Act, str] = {
    "export": "导出数据、清单",
    "digest": "生成、核对季刊等报告",
    "papers": "取走季刊等报告的文件",
    "accounts": "开立、停用账号，重设密码，发二维码",
    "permissions": "授予、收回角色，批准看得更深",
    "sessions": "结束会话",
    "matrix": "查看、导出权限矩阵",
    "audit": "查看、核对、导出审计日志",
}


@dataclass(frozen=True)
class Action:
    """One action: where, what, which roles by title, what else is asked."""

    area: str
    action: str
    roles: tuple[str, ...]
    note: str = ""

    def record(self) -> dict[str, str]:
        """As a line of a table, `TITLES` its columns."""
        who = "、".join(self.roles)
        return {"area": self.area, "action": self.action, "roles": who, "note": self.note}


def action_matrix(home: Home) -> list[Action]:
    """Every action of an installation, its own changes of roles and steps in it."""
    recon = Action("调节表", "填列、签认、撤回", ROLES)
    found = [*_of_roles(home), *_cases(home), *_opinions(home), *_exemptions(), *_livelihood()]
    found += [*_resolutions(home), *_agenda(), *_congress(home)]
    return [*found, recon]


def action_sheet(home: Home) -> Sheet:
    """The actions as a sheet of the permission matrix."""
    return Sheet("动作", TITLES, [each.record() for each in action_matrix(home)])


def _of_roles(home: Home) -> Iterator[Action]:
    known = roles(home.root)
    for act, words in ACT_WORDS.items():
        able = tuple(role.title for role in known.values() if act in role.acts)
        yield Action("系统", words, able)


def _cases(home: Home) -> Iterator[Action]:
    flow = workflow_of(home.root)
    for step in flow.transitions:
        note = _notes(step.other_than, {each.id: each.title for each in flow.transitions})
        if step.two_persons:
            note = [*note, "红色须两人"]
        yield Action("疑点办理", step.title, step.who, "；".join(note))
    for rater in flow.raters:
        when = "承办单位反馈以后；同一人以最后一次为准"
        yield Action("疑点办理", f"评价办理情况：{rater.title}", rater.roles, when)
    office = tuple(role.id for role in flow.roles if role.party == "committee")
    yield Action("随机抽查", "抽取、记结果", office)


def _opinions(home: Home) -> Iterator[Action]:
    flow = OpinionDesk.of(home).flow
    titles = {each.id: each.title for each in flow.transitions}
    for kind in flow.kinds:
        if kind.starts:
            yield Action("意见", f"写{kind.id}", kind.starts)
    for step in flow.transitions:
        note = _notes(step.other_than, titles)
        if step.kinds:
            note = [*note, f"只用于{'、'.join(step.kinds)}"]
        yield Action("意见", step.title, step.who, "；".join(note))
    yield Action("议题", "归并意见、主持议题", flow.topics.keepers)


def _exemptions() -> Iterator[Action]:
    said = parts()
    yield Action("例外情形", "登记", said.registers)
    notes = {CONFIRM: "登记人本人除外", REFUSE: "登记人可自行收回", END: ""}
    for act, who in ((CONFIRM, said.confirm), (REFUSE, said.confirm), (END, said.end)):
        yield Action("例外情形", ACTS[act], who, notes[act])


def _livelihood() -> Iterator[Action]:
    said = settings()
    who: dict[str, Sequence[str]] = {
        "decide": said.closers,
        "report": said.reporters,
        "rate": said.raters,
        "amend": said.registrars,
        "accept": said.closers,
        "stop": said.closers,
    }
    yield Action("民生实事", "登记", tuple(said.registrars))
    for step, able in who.items():
        note = "限承办单位" if step == "report" else ""
        yield Action("民生实事", STEPS[step], tuple(able), note)


def _notes(other_than: Sequence[str], titles: Mapping[str, str]) -> list[str]:
    if not other_than:
        return []
    return [f"办过{'、'.join(titles.get(each, each) for each in other_than)}的人除外"]


def _resolutions(home: Home) -> Iterator[Action]:
    flow = DemandDesk.of(home).flow
    yield Action("决议事项", "登记", flow.registrars)
    for step in flow.transitions:
        yield Action("决议事项", step.title, step.who, "限承办单位" if step.own else "")


def _agenda() -> Iterator[Action]:
    flow = agenda_flow()
    yield Action("会议议题", "登记", flow.keepers)
    for step, title in AGENDA.items():
        yield Action("会议议题", title, flow.who(step))


def _congress(home: Home) -> Iterator[Action]:
    flow = CongressDesk.of(home).flow
    for title in ("开会次", "并为一题", "并入一题", "转财政解答组", "提前闭会"):
        yield Action("人代会", title, flow.keepers)
    yield Action("人代会", "提意见", flow.speakers, "限会期内、名单上的代表")
    yield Action("人代会", "解答", flow.answerers, "限会期内、财政解答组")
