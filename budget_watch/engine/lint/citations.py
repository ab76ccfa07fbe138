"""Citations: 法 needs an article; what is cited exists, was in force, and says what is quoted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from budget_watch.engine.check import CheckedRule
from budget_watch.engine.expression import Expr
from budget_watch.engine.laws import check_citation
from budget_watch.engine.lint.flaw import Flaw
from budget_watch.engine.lint.here import Here
from budget_watch.engine.model import Citation, Law


def of_rule(here: Here, rule: CheckedRule) -> Iterator[Flaw]:
    """Flaws of what a rule and its levels cite."""
    for at, level in enumerate(rule.levels):
        if level.klass != "法":
            continue
        if not level.basis:
            yield here.of(rule, "no-citation", "法类级别要有 basis（法律和条）", "levels", at)
        elif any(each.article is None for each in level.basis):
            said = "法类级别的 basis 要写到条（article）"
            yield here.of(rule, "no-citation", said, "levels", at)
    for citation in rule.citations:
        yield from _cited(here, rule, citation)


def _cited(here: Here, rule: CheckedRule, citation: Citation) -> Iterator[Flaw]:
    valid = rule.rule.valid
    laws = here.book.laws
    for code, said in wrong(here, citation, valid.since, valid.until):
        yield here.of(rule, code, said, "basis")
    law = laws.get(citation.law)
    local = law is not None and law.authority == "local"  # a standard taken from elsewhere
    later = law is not None and law.valid_from > valid.since and not local
    if law is not None and later and not _waits(rule, citation, law):
        said = (
            f"《{law.name}》自 {law.valid_from} 起施行，规则自 {valid.since} 起有效；"
            "请改 valid，或在引它的级别中写明自何日起"
        )
        yield here.of(rule, "citation-date", said, "valid")
    if misquoted(here, citation):
        yield here.of(rule, "quote", f"引文“{citation.quote}”与该条原文不符", "basis")


def of_book(here: Here) -> Iterator[Flaw]:
    """Flaws of what exemptions cite: it exists, is in force meanwhile, and says what is quoted."""
    for exemption in here.book.exemptions:
        said = exemption.said
        for citation in said.basis:
            for code, what in wrong(here, citation, said.since, said.until):
                yield here.at(said.id, code, f"例外情形登记 {said.id}：{what}")
            if misquoted(here, citation):
                what = f"引文“{citation.quote}”与该条原文不符"
                yield here.at(said.id, "quote", f"例外情形登记 {said.id}：{what}")


def misquoted(here: Here, citation: Citation) -> bool:
    """Whether the loaded text of the article does not hold the quote, letter for letter."""
    text = here.texts.get(citation.law, {}).get(citation.article or "")
    quote = citation.quote
    return bool(quote) and text is not None and str(quote) not in text.replace("\n", "")


def _waits(rule: CheckedRule, citation: Citation, law: Law) -> bool:
    """Whether the levels that cite a law are only given from the day on which it came in force."""
    levels = [level for level in rule.levels if citation.law in {each.law for each in level.basis}]
    return bool(levels) and all(_from(level.when, law.valid_from) for level in levels)


def _from(tree: Expr, day: date) -> bool:
    """Whether a condition holds only from a day on: some part says `x >= date '…'` or a year."""
    if tree.op == "and":
        return any(_from(arg, day) for arg in tree.args)
    if tree.op == "or":
        return all(_from(arg, day) for arg in tree.args)
    if tree.op not in ("ge", "gt") or tree.args[1].op != "lit":
        return False
    value = tree.args[1].value
    if isinstance(value, date):
        return value >= day
    return tree.args[0].names() == {"fiscal_year"} and bool(value >= day.year)


def wrong(
    here: Here, citation: Citation, since: object, until: object
) -> Iterator[tuple[str, str]]:
    """Code and sentence of what is wrong with a citation over some days."""
    found = check_citation(citation, here.book.laws, here.texts, (since, until))  # type: ignore[arg-type]
    if found:
        yield ("citation-date" if "失效" in found else "citation"), found
