"""逐条审查: every rule that a question of the law asks, as the latest run judged it for one year.

Counts are of everything that was judged, so they are for readers to whom everything is open; the
others are shown the findings that are theirs and nothing that would tell of more.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import polars as pl

from budget_watch.access import Grant
from budget_watch.casework.findings import LEVELS, Finding, list_findings
from budget_watch.casework.runs import PastRun
from budget_watch.engine import Book
from budget_watch.engine.check import CheckedRule
from budget_watch.engine.names import Names
from budget_watch.engine.observations import read_run
from budget_watch.engine.undelivered import YOUNG
from budget_watch.lake import Home
from budget_watch.views.alerts import year_of
from budget_watch.views.judgement import worded
from budget_watch.views.review_questions import YEAR_BEFORE, Question, questions

HIT, LACKING, CLEAR, ASIDE = "hit", "insufficient_data", "clear", "not_applicable"
NONE, WAITING, FAILED, NOT_RUN, UNSAID, OVER = (
    "none",
    "waiting",
    "error",
    "not_run",
    "unsaid",
    "over",
)
UNCOUNTED, TRIAL = "uncounted", "trial"
YEARLESS = 0


@dataclass(frozen=True)
class Lacking:
    """One grain that could not be judged, and why."""

    grain: Mapping[str, Any]
    because: str


@dataclass(frozen=True)
class Judged:
    """One rule as judged for one year.

    Attributes:
        year: the year judged; `YEARLESS` where what the rule judges has none.
        outcome: hit, insufficient_data, clear, not_applicable; none (nothing of that year was
            there to judge), waiting (its tables never came), error, not_run, over (hit, and
            recovered since), trial (hit by a rule on trial), unsaid (the reader is not told),
            uncounted (the run was recorded before runs counted by year).
        counts: outcome → how many; None where the run did not count by year, or not for the reader.
        aside: why not applicable → how many.
        found: open findings of the year in the reader's reach, worst first.
        because: why it was not judged, if it was not.
        undelivered: tables that never came, where that is why.
        mixed: whether the counts are of more matters than the question asks of.
    """

    rule: CheckedRule
    year: int
    outcome: str
    counts: Mapping[str, int] | None
    aside: Mapping[str, int] = field(default_factory=dict)
    found: tuple[Finding, ...] = ()
    lacking: tuple[Lacking, ...] = ()
    because: str = ""
    undelivered: tuple[str, ...] = ()
    mixed: bool = False

    @property
    def judged(self) -> int | None:
        """How many grains were judged."""
        return None if self.counts is None else sum(self.counts.values())


@dataclass(frozen=True)
class Asked:
    """A question of the law with its rules as judged."""

    question: Question
    judged: tuple[Judged, ...]


@dataclass(frozen=True)
class Review:
    """All questions of one review for one year.

    Attributes:
        run: the run that judged; None before the first.
    """

    year: int
    run: PastRun | None
    asked: tuple[Asked, ...]

    @property
    def rules(self) -> tuple[Judged, ...]:
        """Every rule once, in order."""
        return tuple({each.rule.id: each for one in self.asked for each in one.judged}.values())

    def of(self, *outcomes: str) -> tuple[Judged, ...]:
        """The rules with one of these outcomes."""
        return tuple(each for each in self.rules if each.outcome in outcomes)

    @property
    def found(self) -> tuple[Finding, ...]:
        """All open findings of the year."""
        return tuple(finding for each in self.rules for finding in each.found)


def review(
    home: Home,
    grant: Grant,
    book: Book,
    run: PastRun | None,
    wanted: tuple[Sequence[Question], str],
    year: int,
    department: str = "",
    *,
    region: str = "",
    lacking: Mapping[str, Sequence[tuple[int, Lacking]]] | None = None,
) -> Review:
    """Judge nothing, gather what was judged.

    Args:
        run: the latest run as the reader may see it.
        wanted: the questions, and the area whose other rules are added.
        year: the fiscal year reviewed.
        department: only its findings; counts are then left out, for they are of all departments.
        region: the own government, whose findings come first.
        lacking: what could not be judged, of `lacking_of`; read where not given.
    """
    asked = questions(book, *wanted)
    ids = {name for each in asked for name in each.rules}
    found: dict[str, list[Finding]] = {}
    for finding in list_findings(home, grant, rules=ids, trial=False):
        if department in ("", finding.dept_code):
            found.setdefault(finding.rule, []).append(finding)
    whole = run is not None and run.counts and not department
    hidden = run is not None and not run.counts
    tallies = _tallies(run)
    if lacking is None or not whole:
        lacking = lacking_of(home, run, ids) if whole and run is not None else {}

    @cache
    def one(name: str, items: tuple[str, ...]) -> Judged:
        rule = book.rules[name]
        own = year - 1 if name in YEAR_BEFORE else year
        of_year = [
            f
            for f in found.get(name, ())
            if year_of(f) in (own, None) and (not items or f.values.get("item") in items)
        ]
        of_year.sort(key=lambda f: _rank(f, region))
        cannot = [each for at, each in lacking.get(name, ()) if at in (own, YEARLESS)]
        made = _judged(rule, own, tallies.get(name), tuple(of_year), tuple(cannot), whole, hidden)
        return replace(made, mixed=bool(items)) if items else made

    return Review(
        year,
        run,
        tuple(Asked(each, tuple(one(name, each.items) for name in each.rules)) for each in asked),
    )


def _rank(finding: Finding, region: str) -> tuple[bool, int, str]:
    worst = LEVELS.index(finding.level) if finding.level in LEVELS else len(LEVELS)
    return (finding.mof_div_code != region, worst, finding.finding)


def _judged(
    rule: CheckedRule,
    year: int,
    tally: Mapping[str, Any] | None,
    found: tuple[Finding, ...],
    lacking: tuple[Lacking, ...],
    whole: bool,
    hidden: bool,
) -> Judged:
    if tally is None and hidden:
        return Judged(rule, year, HIT if found else UNSAID, None, found=found)
    if tally is None or tally.get("not_loaded"):
        because = str((tally or {}).get("not_loaded") or "规则没有运行")
        return Judged(rule, year, HIT if found else NOT_RUN, None, found=found, because=because)
    if tally.get("undelivered"):
        because = str(tally.get("message") or "")
        tables = () if because == YOUNG else tuple(tally["undelivered"])
        return Judged(rule, year, WAITING, None, because=because, undelivered=tables)
    if tally.get("error") and not tally.get("judged") and whole:
        said = str(tally.get("message") or "运行出错").split("；", maxsplit=1)[0]
        return Judged(rule, year, FAILED, None, because=said)
    counts, aside, year = _counted(tally, year) if whole else (None, {}, year)
    if counts is None:
        outcome = HIT if found else UNCOUNTED if whole else UNSAID
    else:
        outcome = HIT if found else _quiet(counts, rule)
    return Judged(rule, year, outcome, counts, aside, found, lacking)


def _counted(
    tally: Mapping[str, Any], year: int
) -> tuple[Mapping[str, int] | None, Mapping[str, int], int]:
    """What a run counted of a year; of all, where what a rule judges has no year."""
    years: Mapping[str, Mapping[str, int]] | None = tally.get("years")
    if years is None:
        return None, {}, year
    if not years and tally.get("judged"):
        kinds = (HIT, CLEAR, ASIDE, LACKING, FAILED)
        return {kind: int(tally[kind]) for kind in kinds if tally.get(kind)}, {}, YEARLESS
    return dict(years.get(str(year), {})), dict(tally.get("aside", {}).get(str(year), {})), year


def _quiet(counts: Mapping[str, int], rule: CheckedRule) -> str:
    """The outcome of a rule without an open finding: what is missing before what is clear."""
    for kind in (FAILED, LACKING, CLEAR, ASIDE):
        if counts.get(kind) and not (counts.get(HIT) and rule.rule.status == "trial"):
            return kind
    if counts.get(HIT):
        return TRIAL if rule.rule.status == "trial" else OVER
    return NONE


def _tallies(run: PastRun | None) -> dict[str, Mapping[str, Any]]:
    """Rule → its latest tally, of the whole run or of a partial one since."""
    runs = () if run is None else (run, *run.since)
    return {str(tally["rule"]): tally for each in runs for tally in each.tallies}


def lacking_of(
    home: Home, run: PastRun, rules: Collection[str]
) -> dict[str, list[tuple[int, Lacking]]]:
    """Rule → (year, what could not be judged), from the observations of its latest run."""
    found: dict[str, list[tuple[int, Lacking]]] = {}
    for name, own in run.latest_of().items():
        rows = read_run(home, name).filter(
            pl.col("rule").is_in(sorted(set(rules) & set(own))), pl.col("outcome") == LACKING
        )
        for rule, grain, values, because in rows.select(
            "rule", "grain", "values", "because"
        ).iter_rows():
            at = json.loads(grain)
            year = at.get("fiscal_year") or json.loads(values).get("fiscal_year") or YEARLESS
            found.setdefault(rule, []).append((int(year), Lacking(at, because or "")))
    return found


def sentence(  # noqa: PLR0911
    book: Book, judged: Judged, names: Names | None = None
) -> str:
    """What can be written into a review report of one rule, in the words its state allows."""
    title = quoted(judged.rule.title)
    match judged.outcome:
        case "hit":
            said = worded(book, judged.found[0], names) if names is not None else ""
            said = said or judged.found[0].message
            more = len(judged.found) - 1
            return f"{said.removesuffix('。')}。" + (f"同类另有{more}条。" if more else "")
        case "clear":
            counts = judged.counts or {}
            if judged.mixed:
                return f"{title}：未触发。"
            part = counts.get(ASIDE, 0)
            beside = f"（其中{part}个不适用）" if part else ""
            return f"{title}：判断{judged.judged}个对象{beside}，未触发。"
        case "insufficient_data":
            counts = judged.counts or {}
            why = brief(judged.lacking[0].because) if judged.lacking else "缺少数据"
            return f"{title}：{counts.get(LACKING, 0)}个对象数据不足，无法判断（{why}）。"
        case "not_applicable":
            why = "；".join(reason for reason in judged.aside if reason)
            return f"{title}：{judged.judged}个对象不适用" + (f"（{why}）。" if why else "。")
        case "over":
            return f"{title}：本年触发过，数据已恢复。"
        case "none":
            return f"{title}：送达的数据中没有可判断的对象，未作判断。"
        case "trial":
            return f"{title}：规则在试运行，结果不列入审查。"
        case "uncounted":
            return f"{title}：最近一次运行没有按年度计数，再次运行后才能说明。"
        case "unsaid":
            return f"{title}：没有您可查看的疑点。"
    return f"{title}：未作判断（{judged.because.removesuffix('。')}）。"


def quoted(title: str) -> str:
    """A title in quotation marks; those inside it are single."""
    return f"“{title.replace('“', '‘').replace('”', '’')}”"


def brief(because: str) -> str:
    """A reason without the measures that lack, which stand in brackets behind it."""
    return because.split("（", maxsplit=1)[0] or because


__all__ = ["Asked", "Judged", "Lacking", "Review", "brief", "lacking_of", "review", "sentence"]
