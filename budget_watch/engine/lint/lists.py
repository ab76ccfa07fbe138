"""Word lists and code groups: used, words with what they do not mean, a home's with its reason."""

from __future__ import annotations

from collections.abc import Iterator

from budget_watch.engine.lint.flaw import Flaw
from budget_watch.engine.lint.here import Here


def of_book(here: Here) -> Iterator[Flaw]:
    """Flaws of all word lists and groups."""
    named = here.book.named
    ours = {each.id: each for each in here.book.local if each.kind == "词表"}
    for words in named.words.values():
        if not all(each.exclude for each in words.editions):
            said = f"词表 {words.id} 没有 exclude（排除词）"
            home = ours.get(words.id)
            if home is None:
                yield here.at(words.id, "words-exclude", said)
            else:
                yield Flaw("words-exclude", home.file, home.line, said, words.id)
    text = "\n".join(each.rule.model_dump_json() for each in here.book.rules.values())
    for kind, names in (("词表", named.words), ("代码组", named.groups)):
        for name in names:
            if f"'{name}'" not in text:
                yield here.at(name, "unused-list", f"{kind} {name} 没有规则使用；请删去")
    for each in here.book.local:
        if each.kind != "参数" and not (each.note or "").strip():
            said = f"{each.sentence}；没有写 note（谁在何时决定）"
            yield Flaw("local-note", each.file, each.line, said, each.id)
