"""What a person fills in with a step on a 决议事项, checked before the step is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError
from budget_watch.lake import Home
from budget_watch.meetings.demands import Demand, DemandDesk, Linked, own_addressees
from budget_watch.meetings.flow import FIELD_WORDS, Step
from budget_watch.opinions.about import about_what

_MOST = 20_000  # characters of a text
_MOST_ADDRESSEES = 20
_MOST_LINKED = 30
_FIRST, _LAST = date(2000, 1, 1), date(2035, 12, 31)  # of the working calendar


def checked(
    home: Home, desk: DemandDesk, actor: Actor, one: Demand, step: Step, given: Mapping[str, Any]
) -> dict[str, Any]:
    """What was given with a step, in its stored form.

    Raises:
        ActError: something is missing, wrong, or not asked for by this step.
        UnknownFindingError: what is to be hung on it is a finding that is not theirs to see.
    """
    filled = {name: value for name, value in given.items() if value not in (None, "", [])}
    missing = [FIELD_WORDS[name] for name in step.needs if name not in filled]
    if missing:
        raise ActError(f"{step.title}还要填：{'、'.join(missing)}。")
    extra = [name for name in filled if name not in (*step.needs, *step.may)]
    if extra:
        raise ActError(f"{step.title}不用填：{'、'.join(FIELD_WORDS.get(x, x) for x in extra)}。")
    if step.id == "amend" and set(filled) == {"reason"}:
        raise ActError("没有写要改什么：内容、期限、承办单位或文号。")
    said = {name: _CHECKS[name](filled[name]) for name in filled if name in _CHECKS}
    if "thing" in filled:
        said["thing"] = _thing(home, actor, one, step, filled)
    if "word" in filled:
        said["word"] = _word(desk, filled)
    if step.every:
        said["addressee"] = _speaks_for(actor, one, str(filled.get("addressee", "")))
    if step.later and said["due"] <= one.due:
        raise ActError(f"新的期限 {said['due']} 应晚于现在的期限 {one.due}。")
    return said


def words(value: Any) -> str:
    """A text of at least two characters."""
    text = str(value).strip()
    if not 2 <= len(text) <= _MOST:
        raise ActError(f"理由、内容应写 2 至 {_MOST} 个字。")
    return text


def line(value: Any) -> str:
    """A text on one line."""
    text = " ".join(str(value).split())
    if not 1 <= len(text) <= 200:
        raise ActError("标题、文号、会议应为 1 至 200 个字。")
    return text


def short(value: Any) -> str:
    """A number of a document."""
    text = " ".join(str(value).split())
    if not 1 <= len(text) <= 64:
        raise ActError("文号应为 1 至 64 个字。")
    return text


def day(value: Any) -> date:
    """A day, as 2026-11-20."""
    try:
        found = date.fromisoformat(str(value).strip())
    except ValueError:
        raise ActError(f"日期“{value}”不对，请写成 2026-11-20 这样。") from None
    if not _FIRST <= found <= _LAST:
        raise ActError(f"日期 {found} 不在工作日历（{_FIRST.year} 至 {_LAST.year} 年）里。")
    return found


def addressees(value: Any) -> list[str]:
    """Codes out of a list, or of a text with commas between them; each counts once."""
    parts: Sequence[Any]
    parts = value if isinstance(value, list | tuple) else _split(str(value))
    found = list(dict.fromkeys(each.strip() for each in map(str, parts) if each.strip()))
    if not 1 <= len(found) <= _MOST_ADDRESSEES or any(len(each) > 32 for each in found):
        raise ActError(f"承办单位应写 1 至 {_MOST_ADDRESSEES} 个编码，或“政府”“财政”，用顿号分开。")
    return found


def _split(text: str) -> list[str]:
    for mark in ("，", ",", "；", ";", "\n"):
        text = text.replace(mark, "、")
    return text.split("、")


def _word(desk: DemandDesk, filled: Mapping[str, Any]) -> str:
    judged, word = desk.flow.evaluation, str(filled["word"])
    if word not in judged.words:
        raise ActError(f"评价没有“{word}”；可用 {'、'.join(judged.words)}。")
    if word not in judged.counted and not filled.get("remark"):
        raise ActError(f"评价“{word}”要写明原因。")
    return word


def _speaks_for(actor: Actor, one: Demand, wanted: str) -> str:
    able = own_addressees(actor, one)
    if not wanted and len(able) == 1:
        return able[0]
    if wanted not in able:
        raise ActError(f"请写明代哪个单位办：{'、'.join(able)}。")
    return wanted


def _thing(
    home: Home, actor: Actor, one: Demand, step: Step, filled: Mapping[str, Any]
) -> dict[str, Any]:
    """What is hung on a demand, or taken off it."""
    text = str(filled["thing"]).strip()
    if step.id == "unlink":
        found = next((e for e in one.linked if text in (e.id, e.title)), None)
        if found is None:
            raise ActError(f"这一项没有挂“{text}”。")
        return dict(found.__dict__)
    if len(one.linked) >= _MOST_LINKED:
        raise ActError(f"一项最多挂 {_MOST_LINKED} 处数据。")
    made = linked_with(home, actor, text, str(filled.get("as_of", "")))
    if any(each.id == made.id and each.snapshot == made.snapshot for each in one.linked):
        raise ActError(f"这一项已经挂了“{made.title}”。")
    return dict(made.__dict__)


def linked_with(home: Home, actor: Actor, text: str, as_of: str = "") -> Linked:
    """A page's address, or a finding's number, as something is hung on a demand.

    Raises:
        ActError: neither, or no snapshot of that day.
        UnknownFindingError: no such finding, or not theirs to see.
    """
    kind = "figure" if text.startswith("/") else "finding"
    if text.startswith("/finding/"):
        kind, text = "finding", text.removeprefix("/finding/").partition("?")[0]
    thing = about_what(home, actor, kind, text, as_of)
    known = None if thing.as_of is None else thing.as_of.isoformat()
    return Linked(thing.kind, thing.id, thing.title, known, thing.snapshot)


_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "reason": words,
    "text": words,
    "remark": words,
    "due": day,
    "addressees": addressees,
    "number": short,
    "letter": short,
    "held": line,
}
