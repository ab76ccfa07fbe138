"""Messages: a template of text and formatted expressions, and the wording of class and work state.

A machine never says that a law is broken: “不符合” comes only after people found so (复核认定).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Literal

from budget_watch.engine.errors import ExpressionError
from budget_watch.engine.expression import Expr
from budget_watch.engine.laws import cited
from budget_watch.engine.model import Citation, Confidence, Klass, Law
from budget_watch.engine.parse import Scope, parse
from budget_watch.money import (
    Unit,
    format_amount,
    format_multiple,
    format_share,
    sentence_amount,
)

FORMATS = ("money", "yuan", "%", "pp", "times", "int", "day", "date", "name", "text", "whose")
WorkState = Literal["新触发", "初核", "初核成立", "复核认定"]
Names = Mapping[str, Mapping[str, str]]
FORK = "?"
WHOSE = "whose"
MOST_DECIMALS = 4  # of a percentage, to tell it from another
_HOLE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Part:
    """A piece of a message: plain text, an expression with its format, or a fork.

    A fork (form `?`) says when the pieces up to the next fork are printed; one without an
    expression ends it.
    """

    text: str
    tree: Expr | None = None
    form: str = ""


@dataclass(frozen=True)
class Message:
    """A message ready to be filled in."""

    parts: tuple[Part, ...]

    @property
    def trees(self) -> list[Expr]:
        """The expressions that the message prints."""
        return [part.tree for part in self.parts if part.tree is not None]

    def fill(
        self,
        value: Callable[[Expr], Any],
        names: Names | None = None,
        whose: Callable[[Expr], str] = lambda tree: "",
    ) -> str:
        """The sentence with values put in.

        Args:
            value: the value of an expression.
            names: names for codes.
            whose: 法定, 规定, 本级 or 经验 for an expression's parameters.
        """
        said: list[tuple[Part, Any, str]] = []
        printed = True
        for part in self.parts:
            if part.form == FORK:
                printed = part.tree is None or value(part.tree) is True
            elif printed and part.form == WHOSE and part.tree is not None:
                said.append((part, None, whose(part.tree)))
            elif printed and part.tree is not None:
                found = value(part.tree)
                said.append((part, found, show(found, part.tree, part.form, names)))
            elif printed:
                said.append((part, None, part.text))
        return "".join(told_apart([(part.form, found, text) for part, found, text in said]))


def told_apart(said: Sequence[tuple[str, Any, str]]) -> list[str]:
    """The texts; amounts or rates that differ but print alike have more decimals (pages.md §1.3).

    Args:
        said: format, value and text of each.
    """
    texts = [text for _, _, text in said]
    for form in ("money", "%", "pp"):
        at = [n for n, (own, found, _) in enumerate(said) if own == form and _is(found)]
        alike = [
            n
            for n in at
            if any(texts[n] == texts[m] and said[n][1] != said[m][1] for m in at if m != n)
        ]
        for n in alike:
            others = [said[m][1] for m in alike if m != n]
            texts[n] = exact_text(Fraction(said[n][1]), form, [Fraction(each) for each in others])
    return texts


def _is(found: object) -> bool:
    return isinstance(found, Fraction | int) and not isinstance(found, bool)


def exact_text(value: Fraction, form: str, others: Sequence[Fraction]) -> str:
    """A value so printed that it is unlike the others it differs from.

    Amounts to the fen. A rate that one decimal states exactly (a standard) stays as it is; the
    other has more decimals, at most `MOST_DECIMALS`: beyond those the difference tells.
    """
    if form == "money":
        return _number(value, "yuan")
    short = _number(value, form)
    if (value * 1000).denominator == 1:
        return short
    printed = {format_share(each.numerator, each.denominator) for each in others}
    for digits in range(2, MOST_DECIMALS + 1):
        text = format_share(value.numerator, value.denominator, digits)
        if text.rstrip("%").rstrip("0") not in {each.rstrip("%").rstrip("0") for each in printed}:
            return text.removesuffix("%") + "个百分点" if form == "pp" else text
    return short


def read_message(text: str, scope: Scope) -> Message:
    """Read a message template. Raises ExpressionError for a wrong expression or format."""
    parts: list[Part] = []
    last = 0
    for hole in _HOLE.finditer(text):
        if hole.start() > last:
            parts.append(Part(text[last : hole.start()]))
        parts.append(_fork(hole[1], scope) if hole[1].startswith(FORK) else _hole(hole[1], scope))
        last = hole.end()
    rest = text[last:]
    if "{" in rest or "}" in rest:
        raise ExpressionError(f"“{text}”的花括号不成对", "message")
    return Message((*parts, Part(rest)) if rest else tuple(parts))


def _hole(inner: str, scope: Scope) -> Part:
    text, form = _split(inner)
    tree = parse(text, scope)
    part = Part(text, tree, form or default_format(tree))
    _fits(tree, part.form, text)
    return part


def _fork(inner: str, scope: Scope) -> Part:
    text = inner.removeprefix(FORK).strip()
    if not text:
        return Part("", None, FORK)
    tree = parse(text, scope)
    if tree.type.base != "bool":
        raise ExpressionError(f"{{{inner}}} 应是条件，如 {{?spent > budget}}", "message")
    return Part(text, tree, FORK)


def _split(inner: str) -> tuple[str, str]:
    head, colon, form = inner.rpartition(":")
    if colon and form.strip() in FORMATS:
        return head, form.strip()
    if colon and re.fullmatch(r"[A-Za-z%]*", form.strip()):
        raise ExpressionError(f"没有格式 {form}；可用 {'、'.join(FORMATS)}", "message")
    return inner, ""


def default_format(tree: Expr) -> str:
    """How a value is shown if the message does not say."""
    kind = tree.type
    if kind.base == "date":
        return "date"
    if kind.base != "num":
        return "text"
    if kind.unit == (("money", 1),):
        return "money"
    if kind.unit in ((("day", 1),), (("workday", 1),)):
        return "day"
    return "%" if kind.shown == "%" else "int"


def _fits(tree: Expr, form: str, inner: str) -> None:
    kind = tree.type
    money = kind.unit == (("money", 1),)
    wrong = {
        "money": not money,
        "yuan": not money,
        "%": kind.base != "num" or bool(kind.unit),
        "pp": kind.base != "num" or bool(kind.unit),
        "times": kind.base != "num" or bool(kind.unit),
        "int": kind.base != "num",
        "day": kind.unit not in ((("day", 1),), (("workday", 1),)),
        "date": kind.base != "date",
        "name": kind.base != "text",
        "whose": not tree.names("param"),
    }
    if wrong.get(form, False):
        raise ExpressionError(f"{{{inner}}} 是{kind}，不能用格式 {form}", "message")


def show(value: Any, tree: Expr, form: str, names: Names | None = None) -> str:
    """One value in a sentence (pages.md §1.3)."""
    if value is None or isinstance(value, bool):
        return {None: "（缺）", True: "是", False: "否"}[value]
    if form == "name":
        return _name(str(value), sorted(tree.names()), names or {})
    if isinstance(value, date):
        return f"{value.year}年{value.month}月{value.day}日"
    if isinstance(value, Fraction | int):
        unit = "个工作日" if tree.type.unit == (("workday", 1),) else "日"
        return _number(Fraction(value), form) + (unit if form == "day" else "")
    return str(value)


def _name(code: str, columns: list[str], names: Names) -> str:
    for column in columns:
        found = names.get(column, {}).get(code)
        if found is not None:
            return found
    return code


def _number(value: Fraction, form: str) -> str:  # noqa: PLR0911 - one line a format
    num, den = value.numerator, value.denominator
    if form == "money":
        return sentence_amount(_rounded(value))
    if form == "yuan":
        return f"{format_amount(_rounded(value), Unit.YUAN)}元"
    if form == "%":
        return format_share(num, den)
    if form == "pp":
        return format_share(num, den).removesuffix("%") + "个百分点"
    if form == "times":
        return format_multiple(num, den)
    if den == 1:
        return str(num)
    digits = format_multiple(num, den).removesuffix("倍")
    return digits.rstrip("0").rstrip(".")


def _rounded(value: Fraction) -> int:
    """To the fen, half away from zero."""
    whole, rest = divmod(abs(value.numerator), value.denominator)
    whole += 2 * rest >= value.denominator
    return -whole if value < 0 else whole


def worded(
    fact: str,
    klass: Klass,
    basis: Sequence[Citation],
    laws: Mapping[str, Law],
    confidence: Confidence = "H",
    state: WorkState = "新触发",
    provisional: bool = False,
    standard: str = "经验标准，法律未规定限额",
) -> str:
    """A finding's whole sentence by class and work state (pages.md §5).

    A basis of confidence M or L is not printed as an article: “据…（待核对原文）”. `standard` says
    whose number a limit of class 理, or of class 规 without a basis, is.
    """
    fact = ("（快报）" if provisional else "") + fact.rstrip("。")
    law = "、".join(cited(each, laws) for each in basis)
    sure = confidence == "H" and bool(law)
    if klass == "法" and not sure:
        named = f"，据{_titles(basis, laws)}（待核对原文）" if basis else ""
        return f"数据显示{fact}{named}，待核实。"
    if klass == "法":
        return {
            "初核成立": f"{fact}，疑似与{law}要求不符。",
            "复核认定": f"{fact}，不符合{law}的规定。",
        }.get(state, f"数据显示{fact}，涉及{law}，待核实。")
    if klass == "规":
        source = _titles(basis, laws)
        tail = f"超出{source}规定标准" if sure else f"据{source}（待核对原文）"
        return f"{fact}，{tail if basis else '超出本级标准'}，需核实。"
    if klass == "理":
        return f"提示：{fact}（{standard}），需核实。"
    if klass == "险":
        return f"疑点：{fact}，是否属实需核实。"
    return f"数据问题：{fact}，暂不作判断。"


def head(klass: Klass, basis: Sequence[Citation], laws: Mapping[str, Law], state: WorkState) -> str:
    """The heading of a finding by class and work state."""
    law = "、".join(cited(each, laws) for each in basis)
    if klass == "法":
        return {
            "初核成立": "疑似不符",
            "复核认定": f"不符合{law}",
        }.get(state, f"涉及{law}，待核实")
    return {"规": "超出规定标准，需核实", "理": "提示", "险": "疑点", "数": "数据问题"}[klass]


def _titles(basis: Sequence[Citation], laws: Mapping[str, Law]) -> str:
    titles = [laws[each.law].quoted if each.law in laws else f"《{each.law}》" for each in basis]
    return "、".join(dict.fromkeys(titles))
