"""What a person fills in with a step on an opinion, checked before the step is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from budget_watch.casework.errors import ActError
from budget_watch.opinions.flow import NEED_WORDS, Step
from budget_watch.opinions.opinion import Opinion, OpinionDesk

YES = "是"
_OPTIONAL: Mapping[str, tuple[str, ...]] = {
    "edit": ("ask", "open"),
    "confirm": ("signers",),
    "propose": ("signers",),
    "hand_over": ("number", "copy_to", "reason"),
    "rate": ("remark",),
}
_LEAST = 2  # characters of a reason or text
_MOST = 20_000
_MOST_DAYS = 60
_MOST_SIGNERS = 200


def checked(
    desk: OpinionDesk, one: Opinion, step: Step, given: Mapping[str, Any]
) -> dict[str, Any]:
    """What was given, in its stored form.

    Raises:
        ActError: something is missing, wrong, or not asked for by this step.
    """
    filled = {name: value for name, value in given.items() if value not in (None, "", [])}
    forms = desk.kind(one).reply.forms
    if "form" in step.needs and len(forms) == 1:
        filled.setdefault("form", forms[0])
    missing = [NEED_WORDS[name] for name in step.needs if name not in filled]
    if missing:
        raise ActError(f"{step.title}还要填：{'、'.join(missing)}。")
    allowed = (*step.needs, *_OPTIONAL.get(step.id, ()), *(["signed_by"] if step.answers else []))
    extra = [name for name in filled if name not in allowed]
    if extra:
        raise ActError(f"{step.title}不用填：{'、'.join(NEED_WORDS.get(x, x) for x in extra)}。")
    said = {name: _CHECKS[name](desk, one, value) for name, value in filled.items()}
    return _together(desk, one, step, said)


def _together(desk: OpinionDesk, one: Opinion, step: Step, said: dict[str, Any]) -> dict[str, Any]:
    """What follows from several of them, or from the kind."""
    kind = desk.kind(one)
    if step.rates and said["word"] not in desk.flow.satisfaction.counted and not said.get("remark"):
        raise ActError(f"评价“{said['word']}”要写明原因。")
    unsigned = step.answers and not step.signed and not said.get("signed_by")
    if unsigned and said.get("form") in kind.reply.signed:
        raise ActError(f"{one.kind}以{said['form']}答复的，要写明签署的负责人。")
    if "kind" in said:
        wanted = desk.flow.kind[said["kind"]]
        if wanted.id == one.kind:
            raise ActError(f"本来就是{one.kind}，直接登记即可。")
        if one.author_role not in wanted.authors:
            able = "、".join(wanted.authors)
            raise ActError(f"{wanted.id}由{able}提出，{one.author_role}的意见不能登记为这一类。")
    if step.id in ("register", "confirm"):
        signed = tuple(said.get("signers", one.signers))
        enough(desk, one.proposed if step.takes_kind else one.kind, one.author_role, signed)
    return said


def enough(desk: OpinionDesk, kind: str | None, role: str, signers: tuple[str, ...]) -> None:
    """See that a kind has as many signers as it must, the author counted.

    Raises:
        ActError: too few.
    """
    least = desk.flow.kind[kind or ""].least_signers(role)
    if len(signers) + 1 < least:
        raise ActError(f"{kind}须{least}人以上联名（连本人），现在是{len(signers) + 1}人。")


def words(_desk: OpinionDesk, _one: Opinion | None, value: Any) -> str:
    """A text of at least two characters."""
    text = str(value).strip()
    if not _LEAST <= len(text) <= _MOST:
        raise ActError(f"理由、正文应写 {_LEAST} 至 {_MOST} 个字。")
    return text


def heading(_desk: OpinionDesk, _one: Opinion | None, value: Any) -> str:
    """A title on one line."""
    text = " ".join(str(value).split())
    if not _LEAST <= len(text) <= 60:
        raise ActError("标题应写 2 至 60 个字。")
    return text


def names(_desk: OpinionDesk, _one: Opinion | None, value: Any) -> list[str]:
    """Names out of a list, or of a text with commas or lines between them; each counts once."""
    parts = value if isinstance(value, list | tuple) else _split(str(value))
    found = list(dict.fromkeys(each.strip() for each in map(str, parts) if each.strip()))
    if len(found) > _MOST_SIGNERS or any(len(each) > 40 for each in found):
        raise ActError(f"联名人最多 {_MOST_SIGNERS} 位，每个姓名不超过 40 字，用顿号或换行分开。")
    return found


def _split(text: str) -> list[str]:
    for mark in ("，", ",", "；", ";", "\n", "\t"):
        text = text.replace(mark, "、")
    return text.split("、")


def yes(_desk: OpinionDesk, _one: Opinion | None, value: Any) -> bool:
    """是, or anything else for no."""
    return value is True or value == YES


def ask(desk: OpinionDesk, _one: Opinion | None, value: Any) -> str:
    """What should be done, out of the file's list."""
    return _one_of("ask", lambda _: desk.flow.asks)(desk, None, value)


def _one_of(
    name: str, known: Callable[[OpinionDesk], tuple[str, ...]]
) -> Callable[[OpinionDesk, Opinion | None, Any], str]:
    def check(desk: OpinionDesk, _one: Opinion | None, value: Any) -> str:
        if value not in known(desk):
            raise ActError(f"{NEED_WORDS[name]}没有“{value}”；可用 {'、'.join(known(desk))}。")
        return str(value)

    return check


def _code(_desk: OpinionDesk, _one: Opinion | None, value: Any) -> str:
    text = str(value).strip()
    if not 1 <= len(text) <= 64:
        raise ActError("承办单位、文号、公布处应为 1 至 64 个字。")
    return text


def _form(desk: OpinionDesk, one: Opinion | None, value: Any) -> str:
    forms = desk.kind(one).reply.forms if one is not None else ()
    if value not in forms:
        raise ActError(f"答复形式没有“{value}”；可用 {'、'.join(forms)}。")
    return str(value)


def _clock(desk: OpinionDesk, one: Opinion | None, value: Any) -> str:
    running = {each.clock for each in (one.clocks if one else ()) if each.open}
    for name in sorted(running):
        if value in (name, desk.flow.clock[name].title):
            return name
    known = "、".join(desk.flow.clock[name].title for name in sorted(running)) or "没有在计的期限"
    raise ActError(f"期限“{value}”没有在计；在计的是：{known}。")


def _days(_desk: OpinionDesk, _one: Opinion | None, value: Any) -> int:
    try:
        days = int(value)
    except (TypeError, ValueError):
        days = 0
    if not 1 <= days <= _MOST_DAYS:
        raise ActError(f"延长的天数应为 1 至 {_MOST_DAYS} 的整数，这里是“{value}”。")
    return days


_CHECKS: dict[str, Callable[[OpinionDesk, Opinion | None, Any], Any]] = {
    "title": heading,
    "text": words,
    "reason": words,
    "remark": words,
    "kind": _one_of("kind", lambda desk: tuple(desk.flow.kind)),
    "addressee": _code,
    "copy_to": _code,
    "number": _code,
    "published": _code,
    "signed_by": _code,
    "form": _form,
    "word": _one_of("word", lambda desk: desk.flow.satisfaction.words),
    "clock": _clock,
    "days": _days,
    "ask": ask,
    "open": yes,
    "signers": names,
}
