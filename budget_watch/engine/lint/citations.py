"""Citations: 法 needs an article; what is cited exists, was in force, and says what is quoted."""

from __future__ import annotations

from collections.abc import Iterator

from budget_watch.engine.check import CheckedRule
from budget_watch.engine.laws import check_citation
from budget_watch.engine.lint.flaw import Flaw
from budget_watch.engine.lint.here import Here
from budget_watch.engine.model import Citation


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
    cited = [*rule.rule.basis, *(each for level in rule.levels for each in level.basis)]
    for citation in dict.fromkeys(cited):
        yield from _cited(here, rule, citation)


def _cited(here: Here, rule: CheckedRule, citation: Citation) -> Iterator[Flaw]:
    valid = rule.rule.valid
    laws = here.book.laws
    for code, said in wrong(here, citation, valid.since, valid.until):
        yield here.of(rule, code, said, "basis")
    law = laws.get(citation.law)
    # A local regulation may come later than the rule: before it, the level is not given.
    if law is not None and law.valid_from > valid.since and law.authority != "local":
        said = f"《{law.name}》自 {law.valid_from} 起施行，规则自 {valid.since} 起有效"
        yield here.of(rule, "citation-date", said, "valid")
    text = here.texts.get(citation.law, {}).get(citation.article or "")
    if citation.quote and text is not None and citation.quote not in text.replace("\n", ""):
        yield here.of(rule, "quote", f"引文“{citation.quote}”与该条原文不符", "basis")


def wrong(
    here: Here, citation: Citation, since: object, until: object
) -> Iterator[tuple[str, str]]:
    """Code and sentence of what is wrong with a citation over some days."""
    found = check_citation(citation, here.book.laws, here.texts, (since, until))  # type: ignore[arg-type]
    if found:
        yield ("citation-date" if "失效" in found else "citation"), found
