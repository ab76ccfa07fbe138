"""What people read: no word that judges, and the parts that a page and a transfer need."""

from __future__ import annotations

from collections.abc import Iterator

from budget_watch.engine.check import CheckedRule
from budget_watch.engine.lint.flaw import Flaw
from budget_watch.engine.lint.here import Here

FORBIDDEN = (
    "违法", "违规", "违纪", "贪污", "挪用", "套取", "截留", "虚报", "造假", "涉嫌", "问题单位",
    "异常", "严重", "重大", "系统判定", "智能", "拦截", "处罚", "！", "!",
)  # fmt: skip


def of_rule(here: Here, rule: CheckedRule) -> Iterator[Flaw]:
    """Forbidden words, and parts that are missing."""
    said = rule.rule
    texts = {"title": said.title, "message": said.message, "why": said.why}
    texts |= {"method": said.method or ""}
    for key, text in texts.items():
        for word in FORBIDDEN:
            if word in text and not (word == "!" and "!=" in text):
                yield here.of(rule, "message-word", f"{key} 中不能用“{word}”", key)
    if not said.why.strip():
        yield here.of(rule, "no-why", "why 是空的；写一句为什么看这件事", "why")
    if not (said.method or "").strip():
        yield here.of(rule, "no-method", "没有 method；写一句怎样判断")
    if said.handling is None:
        yield here.of(rule, "no-handling", "没有 handling；写转给谁、几日内签收和答复")
    if said.load is None:
        yield here.of(rule, "no-load", "没有 load；写每月每百个判断单元预计几个")
