"""What a person fills in with a step, checked before the step is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from budget_watch.casework.cases import Case, Desk
from budget_watch.casework.errors import ActError
from budget_watch.casework.findings import LEVELS
from budget_watch.casework.workflow import NEED_WORDS, Transition

LEVEL_WORDS = {"red": "红", "orange": "橙", "yellow": "黄", "blue": "蓝"}
OPTIONAL = ("reason", "copy_to", "attachments")  # may be given with any step
_LEAST = 2  # characters of a reason or text
_MOST_DAYS = 60


def checked(
    desk: Desk, case: Case, step: Transition, given: Mapping[str, Any], today: date
) -> dict[str, Any]:
    """What was given, in its stored form.

    Raises:
        ActError: something is missing, wrong, or not asked for by this step.
    """
    filled = {name: value for name, value in given.items() if value not in (None, "", [])}
    missing = [NEED_WORDS[name] for name in step.needs if name not in filled]
    if missing:
        raise ActError(f"{step.title}还要填：{'、'.join(missing)}。")
    extra = [name for name in filled if name not in step.needs and name not in OPTIONAL]
    if extra:
        raise ActError(f"{step.title}不用填：{'、'.join(NEED_WORDS.get(x, x) for x in extra)}。")
    if "result" in step.needs and filled["result"] not in step.results:
        known = "、".join(step.results)
        raise ActError(f"{step.title}的结论没有“{filled['result']}”；可用 {known}。")
    return {name: _CHECKS[name](desk, case, value, today) for name, value in filled.items()}


def _words(_desk: Desk, _case: Case, value: Any, _today: date) -> str:
    text = str(value).strip()
    if len(text) < _LEAST:
        raise ActError("理由、正文至少写两个字。")
    return text


def _code(_desk: Desk, _case: Case, value: Any, _today: date) -> str:
    text = str(value).strip()
    if not 1 <= len(text) <= 64:
        raise ActError("承办单位、文号应为 1 至 64 个字。")
    return text


def _one_of(name: str, known: Callable[[Desk], tuple[str, ...]]) -> Callable[..., str]:
    def check(desk: Desk, _case: Case, value: Any, _today: date) -> str:
        if value not in known(desk):
            listed = "、".join(known(desk))
            raise ActError(f"{NEED_WORDS[name]}没有“{value}”；可用 {listed}。")
        return str(value)

    return check


def _level(_desk: Desk, case: Case, value: Any, _today: date) -> str:
    level = next((name for name, word in LEVEL_WORDS.items() if value in (name, word)), None)
    if level is None:
        raise ActError(f"级别没有“{value}”；可用 {'、'.join(LEVEL_WORDS.values())}。")
    if case.level is not None and LEVELS.index(level) >= LEVELS.index(case.level):
        raise ActError(f"现在是{LEVEL_WORDS[case.level]}，这一步只能提高级别。")
    return level


def _day(_desk: Desk, _case: Case, value: Any, today: date) -> str:
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        raise ActError(f"日期“{value}”不对，请写成 2026-12-31 这样。") from None
    if day <= today:
        raise ActError(f"承诺完成日期 {day} 应在今天以后。")
    return day.isoformat()


def _clock(desk: Desk, case: Case, value: Any, _today: date) -> str:
    running = {one.clock for one in case.clocks if one.open}
    for name in sorted(running):
        if value in (name, desk.flow.clock[name].title):
            return name
    known = "、".join(desk.flow.clock[name].title for name in sorted(running)) or "没有在计的期限"
    raise ActError(f"期限“{value}”没有在计；在计的是：{known}。")


def _days(_desk: Desk, _case: Case, value: Any, _today: date) -> int:
    try:
        days = int(value)
    except (TypeError, ValueError):
        days = 0
    if not 1 <= days <= _MOST_DAYS:
        raise ActError(f"延长的天数应为 1 至 {_MOST_DAYS} 的整数，这里是“{value}”。")
    return days


def _attachments(_desk: Desk, _case: Case, value: Any, _today: date) -> list[str]:
    """Hashes of stored files."""
    hashes = [str(each) for each in value]
    if any(len(each) != 64 for each in hashes):
        raise ActError("附件应是已存文件的编号（64 位十六进制）。")
    return hashes


_CHECKS: dict[str, Callable[[Desk, Case, Any, date], Any]] = {
    "reason": _words,
    "text": _words,
    "number": _code,
    "addressee": _code,
    "copy_to": _code,
    "result": _one_of("result", lambda desk: desk.flow.results),
    "objection": _one_of("objection", lambda desk: desk.flow.objections),
    "document": _one_of("document", lambda desk: desk.flow.documents),
    "rung": _one_of("rung", lambda desk: tuple(each.id for each in desk.flow.ladder)),
    "level": _level,
    "committed": _day,
    "clock": _clock,
    "days": _days,
    "attachments": _attachments,
}
