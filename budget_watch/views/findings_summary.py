"""Findings (疑点) counted by level, class, area and work state; named only after 初核成立.

A count of hits is always accompanied by how many times the rules judged, so that “none” never
reads as “no problem” (pages §5). Cleared findings are counted apart: 已恢复 is not 已整改.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from budget_watch.access import Grant
from budget_watch.casework.findings import VERIFIED, Finding, list_findings
from budget_watch.casework.runs import latest_run
from budget_watch.lake import Home
from budget_watch.views.figure import Figure, Origin, Unit
from budget_watch.views.query import Query, Term
from budget_watch.views.span import Place, Span

LEVELS = {"red": "红", "orange": "橙", "yellow": "黄", "blue": "蓝"}
CLASSES = {"法": "合法性", "规": "合规性", "理": "合理性", "险": "风险", "数": "数据质量"}
AREAS = {
    "drafting": "预算编制",
    "execution": "预算执行",
    "three_public": "三公经费",
    "debt": "政府债务",
    "assets": "国有资产",
    "social": "社会保险基金",
    "final": "决算公开审计",
    "voucher": "支付凭证",
    "performance": "绩效",
    "data": "数据质量",
}


@dataclass(frozen=True)
class Judged:
    """What the latest run judged: `judged` grains, of which `insufficient` could not be."""

    as_of: date
    rules: int
    judged: int
    insufficient: int


@dataclass(frozen=True)
class FindingsSummary:
    """Findings that concern one span, as the latest run left them.

    Attributes:
        total: open findings (outcome hit). earlier: open ones of years before. cleared: 已恢复.
        by_level, by_class, by_area, by_state: counts, in the fixed order of this module.
        level_by_area: (area, level) → count.
        named: findings after 初核成立, worst first. unnamed: how many are only counted.
        run: what was judged; None where no run has been recorded.
    """

    total: Figure
    earlier: Figure
    cleared: Figure
    provisional: Figure
    by_level: dict[str, Figure]
    by_class: dict[str, Figure]
    by_area: dict[str, Figure]
    by_state: dict[str, Figure]
    level_by_area: dict[tuple[str, str], int]
    named: tuple[Finding, ...]
    unnamed: Figure
    run: Judged | None

    @property
    def judged(self) -> tuple[Figure, ...]:
        """What the run judged, as figures: rules, judgements, and those that lacked data."""
        run = self.run
        asked = (("as_of", "=", run.as_of),) if run else ()
        return tuple(
            Figure(
                f"run.{column}",
                label,
                Unit.COUNT,
                getattr(run, column) if run else None,
                self.total.origin,
                "最近一次运行全部规则的合计",
                (Query("run", column, asked),),
                why=self.total.why,
            )
            for column, label in (
                ("rules", "运行的规则"),
                ("judged", "判断次数"),
                ("insufficient", "因数据不足未能判断"),
            )
        )


def findings_summary(
    home: Home, grant: Grant, place: Place, span: Span, snapshot: str
) -> FindingsSummary:
    """Findings whose period ends within the span, or which are of the span's year as a whole."""
    found = list_findings(home, grant, outcome=None, trial=False)
    return summarize(found, place, span, snapshot, judged(home, grant))


def summarize(
    findings: Iterable[Finding], place: Place, span: Span, snapshot: str, run: Judged | None
) -> FindingsSummary:
    """The summary of a list of findings (worst first, as `list_findings` gives them)."""
    since, close = date(span.fiscal_year, 1, 1), date(span.fiscal_year, 12, 31)
    here = [
        f for f in findings if place.scope_kind == "全市" or f.mof_div_code in (None, place.region)
    ]
    mine = [f for f in here if since <= (end := _period_end(f)) <= span.end or end == close]
    earlier = sum(f.outcome == "hit" and _period_end(f) < since for f in here)
    hits = [f for f in mine if f.outcome == "hit"]
    origin = Origin(place.region, place.scope_kind, "疑点", span.as_of, snapshot)
    rows: tuple[Term, ...] = (("outcome", "=", "hit"),)
    if place.scope_kind != "全市":
        rows += (("mof_div_code", "=", place.region),)
    scope, rows = (
        rows,
        (*rows, ("period_end", ">=", since), ("period_end", "to", (span.end, close))),
    )

    def counted(
        key: str, label: str, number: int, *terms: Term, among: tuple[Term, ...] = rows
    ) -> Figure:
        query = Query("finding", "*", among + terms)
        return Figure(
            f"findings.{key}",
            label,
            Unit.COUNT,
            number if run else None,
            origin,
            "条数",
            (query,),
            why=None if run else "尚无规则运行记录",
        )

    def table(key: str, column: str, words: dict[str, str]) -> dict[str, Figure]:
        names = {"class": "klass"}
        counts = Counter(getattr(f, names.get(column, column)) for f in hits)
        return {
            value: counted(f"{key}.{value}", word, counts[value], (column, "=", value))
            for value, word in words.items()
            if counts[value] or key in ("level", "class")
        }

    states = {f.work_state: f.work_state for f in hits}
    named = tuple(f for f in hits if f.work_state in VERIFIED)
    cleared = Query("finding", "*", (("outcome", "=", "cleared"), *rows[1:]))
    return FindingsSummary(
        counted("total", "疑点", len(hits)),
        counted("earlier", "以前期间疑点", earlier, ("period_end", "<", since), among=scope),
        Figure(
            "findings.cleared",
            "已恢复",
            Unit.COUNT,
            sum(f.outcome == "cleared" for f in mine) if run else None,
            origin,
            "条数",
            (cleared,),
            why=None if run else "尚无规则运行记录",
        ),
        counted(
            "provisional",
            "待核实（快报等非正式数据）",
            sum(f.provisional for f in hits),
            ("provisional", "=", True),
        ),
        table("level", "level", LEVELS),
        table("class", "class", CLASSES),
        table("area", "area", AREAS),
        table("state", "work_state", dict(sorted(states.items()))),
        dict(Counter((f.area, f.level or "") for f in hits)),
        named,
        counted("unnamed", "未完成初核", len(hits) - len(named)),
        run,
    )


def judged(home: Home, grant: Grant) -> Judged | None:
    """What the latest run of the whole rule book judged; none to whom only a part is open."""
    run = latest_run(home)
    if run is None or not grant.whole:
        return None
    return Judged(run.as_of, len(run.rules), run.total("judged"), run.total("insufficient_data"))


def _period_end(finding: Finding) -> date:
    value = finding.observation.get("period_end")
    if isinstance(value, date):
        return value
    return date.fromisoformat(value[:10]) if isinstance(value, str) else finding.first_seen
