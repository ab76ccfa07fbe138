"""逐条审查 for a report: the law's questions, the rules that answer them, what a report may say.

Findings are named only after 初核成立; those that nobody has looked at are counted. What is said of
an outcome follows design §8: 未触发 is not 合规, and no machine writes that a law is broken.
"""

from __future__ import annotations

from collections.abc import Sequence

from budget_watch.casework.book import book_now
from budget_watch.casework.findings import UPHELD
from budget_watch.casework.runs import latest_run
from budget_watch.digest.gatherer import Asked, Gatherer
from budget_watch.digest.writing import Row
from budget_watch.engine import Book
from budget_watch.engine.laws import article_name
from budget_watch.engine.names import Names
from budget_watch.views import Figure, Query, Unit
from budget_watch.views.figure import Origin
from budget_watch.views.judgement import worded
from budget_watch.views.review import (
    ASIDE,
    CLEAR,
    HIT,
    LACKING,
    NONE,
    OVER,
    WAITING,
    Judged,
    Review,
    brief,
    quoted,
    review,
    sentence,
)
from budget_watch.views.review_questions import Question
from budget_watch.views.sources import source_titles

# What a report calls an outcome; a hit that nobody has looked at is not yet one of its findings.
RESULTS = {
    HIT: "有疑点",
    CLEAR: "未触发",
    OVER: "已恢复",
    ASIDE: "不适用",
    LACKING: "数据不足",
    "trial": "试运行",
}
UNJUDGED = "未判断"
CHAPTER = "逐条审查"
_NO_RUN = "尚无规则运行记录"


def put_review(
    made: Gatherer, asked: Asked, prefix: str, questions: Sequence[Question], area: str
) -> None:
    """The questions of one review, for the year of the period.

    Lists `<prefix>items` (a row a rule under its article), `<prefix>held`, `clear`, `lacking`,
    `unjudged`, `waiting` (sentences); figures `<prefix>rules`, `hit`, `clear`, `aside`, `lacking`,
    `unjudged` (of these `waiting`, `none`, `unrun`), `findings`, `held`. What the rules lacked is a
    gap of page one.
    """
    home, grant, year = asked.home, asked.grant, asked.period.span.fiscal_year
    book, run = book_now(home.root), latest_run(home)
    found = review(home, grant, book, run, (questions, area), year, region=asked.own.region)
    names = Names(asked.desk.reader, asked.period.span.end)
    origin = Origin(asked.own.region, "本级", "规则判断", f"{year}年", asked.desk.snapshot)
    _put_counts(made, prefix, found, origin, area)
    _put_gaps(made, found)
    items: list[Row] = []
    said: dict[str, list[Row]] = {name: [] for name in ("held", "open", "clear", "lacking", "rest")}
    for one in found.asked:
        article = _article(book, one.question)
        items += [
            _item(made, prefix, book, one.question, article, each, origin) for each in one.judged
        ]
        if not one.judged:
            words = one.question.words
            items.append({"article": article, "words": words, "rule": "由人审查", "result": "—"})
        for each in one.judged:
            for kind, text in _sentences(book, each, names):
                said[kind].append({"article": article, "text": text})
    made.lists[f"{prefix}items"] = items if run else []
    for kind, rows in said.items():
        made.lists[f"{prefix}{kind}"] = rows if run else []
    made.words[f"{prefix}run"] = (
        f"{run.as_of.year}年{run.as_of.month}月{run.as_of.day}日" if run else ""
    )
    made.words[f"{prefix}year"] = str(year)


def _put_gaps(made: Gatherer, found: Review) -> None:
    """What the rules lacked: tables that never came, and what was not filled in."""
    without: dict[str, list[str]] = {}
    for each in found.rules:
        for table in each.undelivered:
            without.setdefault(table, []).append(each.rule.id)
        for reason in dict.fromkeys(brief(one.because) for one in each.lacking):
            if each.outcome == LACKING:
                made.gap(f"数据不足（{each.rule.id}）：{reason}", CHAPTER)
    for table, rules in without.items():
        (title,) = source_titles(Query(table, "*", ()))
        made.gap(f"缺{title}（{'、'.join(rules)}未判断）", CHAPTER)


def _put_counts(made: Gatherer, prefix: str, found: Review, origin: Origin, area: str) -> None:
    kinds = {
        "hit": found.of(HIT),
        "clear": found.of(CLEAR, OVER),
        "aside": found.of(ASIDE),
        "lacking": found.of(LACKING),
    }
    rest = len(found.rules) - sum(len(each) for each in kinds.values())
    waiting, nothing = len(found.of(WAITING)), len(found.of(NONE))
    held = sum(finding.work_state in UPHELD for finding in found.found)
    numbers = {
        "rules": ("规则", len(found.rules)),
        **{kind: (RESULTS[outcome], len(kinds[kind])) for kind, outcome in _KINDS.items()},
        "unjudged": (UNJUDGED, rest),
        "waiting": ("所需报表没有送达的规则", waiting),
        "none": ("没有可判断对象的规则", nothing),
        "unrun": ("没有运行的规则", rest - waiting - nothing),
        "findings": ("疑点", len(found.found)),
        "held": ("初核成立的疑点", held),
        "unlooked": ("未完成初核的疑点", len(found.found) - held),
    }
    for key, (label, number) in numbers.items():
        query = Query("finding", "*", (("area", "=", area), ("fiscal_year", "=", found.year)))
        made.put(
            prefix,
            [
                Figure(
                    key,
                    label,
                    Unit.COUNT,
                    number if found.run else None,
                    origin,
                    "最近一次运行中该年度的规则条数" if key not in _FOUND else "疑点条数",
                    (query,) if key in _FOUND else (),
                    why=None if found.run else _NO_RUN,
                )
            ],
        )


_KINDS = {"hit": HIT, "clear": CLEAR, "aside": ASIDE, "lacking": LACKING}
_FOUND = ("findings", "held", "unlooked")


def _article(book: Book, question: Question) -> str:
    if not question.law:
        return "其他规则"
    law = book.laws.get(question.law)
    name = f"《{law.short or law.title}》" if law else question.law
    return f"{name}{article_name(question.article)}{question.item}"


def _item(
    made: Gatherer,
    prefix: str,
    book: Book,
    question: Question,
    article: str,
    each: Judged,
    origin: Origin,
) -> Row:
    id = each.rule.id
    counted = {
        "judged": ("判断", each.judged),
        "found": ("疑点", len(each.found)),
        "lack": (RESULTS[LACKING], None if each.counts is None else each.counts.get(LACKING, 0)),
    }
    figures = {
        key: Figure(
            f"rule.{id}.{key}",
            f"{each.rule.title}{label}",
            Unit.COUNT,
            number,
            origin,
            "最近一次运行中该年度的对象数" if key != "found" else "疑点条数",
            (Query("finding", "*", (("rule", "=", id),)),) if key == "found" else (),
            why=None if number is not None else each.because or "没有按年度计数",
            inapplicable=number is None,
        )
        for key, (label, number) in counted.items()
    }
    row = made.row(prefix, f"{id} {each.rule.title}", **figures)
    return {
        **row,
        "article": article,
        "words": question.words,
        "rule": f"{id} {each.rule.title}（{each.rule.klass}）",
        "result": RESULTS.get(each.outcome, UNJUDGED),
    }


def _sentences(book: Book, each: Judged, names: Names) -> list[tuple[str, str]]:
    """What a report may say of one rule: (list, sentence)."""
    if each.outcome == HIT:
        held = [finding for finding in each.found if finding.work_state in UPHELD]
        rest = len(each.found) - len(held)
        said = [("held", f"{worded(book, one, names).removesuffix('。')}。") for one in held]
        if rest:
            title = quoted(each.rule.title)
            said.append(("open", f"{title}：触发{rest}条，尚未完成初核，核实后再写。"))
        return said
    kind = {CLEAR: "clear", LACKING: "lacking"}.get(each.outcome, "rest")
    return [(kind, sentence(book, each))]
