"""Parameters: used, checked within a year, and founded where the law sets them."""

from __future__ import annotations

from collections.abc import Iterator

from budget_watch.engine.lint.citations import wrong
from budget_watch.engine.lint.flaw import Flaw
from budget_watch.engine.lint.here import Here

STALE_DAYS = 366


def of_book(here: Here) -> Iterator[Flaw]:
    """Flaws of all parameters."""
    used = {name for rule in here.book.rules.values() for name in rule.params}
    for name, parameter in here.book.params.items():
        param, checked = parameter.param, parameter.param.last_checked
        if name not in used:
            said = f"参数 {name} 没有规则使用；请删去或写上用处"
            yield here.at(name, "unused-param", said)
        if checked is None:
            said = f"参数 {name} 没有 last_checked（何时与原文核对）"
            yield here.at(name, "stale-param", said)
        elif (here.today - checked.on).days > STALE_DAYS:
            said = f"参数 {name} 上次核对在 {checked.on}，已超过一年；请与原文核对"
            yield here.at(name, "stale-param", said)
        if param.statutory and not any(value.basis for value in param.values):
            yield here.at(name, "no-citation", f"法定参数 {name} 没有 basis")
        for value in param.values:
            for citation in value.basis:
                for code, found in wrong(here, citation, value.since, value.until):
                    yield here.at(name, code, f"参数 {name}：{found}")
