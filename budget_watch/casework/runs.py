"""Recorded runs: the last one of the whole rule book, and what was run of it since.

A run of some rules only (`check --rule`) is partial: it is evidence and moves the findings of its
rules, but it is not what the house last knew of everything. Counts are those of the last whole run;
the partial ones since stand beside them by name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import sqlalchemy as sa

from budget_watch.casework import tables as t
from budget_watch.lake import Home
from budget_watch.lake.state import engine

NAMED = 12  # so many rules are named in a sentence; pages list them all


@dataclass(frozen=True)
class PastRun:
    """One recorded run.

    Attributes:
        partial: made with some rules only.
        tallies: one per rule, with judged, hit, clear, not_applicable, insufficient_data, error.
        since: the partial runs recorded after it, oldest first; empty for a partial run.
        counts: whether its numbers may be shown: they are of everything, whoever reads.
    """

    run: str
    snapshot: str
    book_hash: str
    as_of: date
    recorded_at: str
    partial: bool
    tallies: tuple[Mapping[str, Any], ...]
    since: tuple[PastRun, ...] = field(default=(), repr=False)
    counts: bool = True

    def under(self, rules: frozenset[str] | None) -> PastRun:
        """The run as one may see it who may see these rules: which of them ran, and no number.

        Args:
            rules: from `rule_marks.visible_rules`; None = all, numbers too.
        """
        if rules is None:
            return self
        flags = ("rule", "not_loaded", "undelivered", "message")
        kept = tuple(
            {name: tally[name] for name in flags if name in tally}
            for tally in self.tallies
            if tally["rule"] in rules
        )
        since = tuple(each.under(rules) for each in self.since)
        return replace(self, tallies=kept, since=since, counts=False)

    def total(self, outcome: str) -> int:
        """Sum of one outcome over all rules.

        Raises:
            ValueError: numbers are not to be shown.
        """
        if not self.counts:
            raise ValueError("这次运行的次数按全部数据计，不在读者的范围")
        return sum(int(tally.get(outcome) or 0) for tally in self.tallies)

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that ran."""
        return tuple(str(t["rule"]) for t in self.tallies if not t.get("not_loaded"))

    @property
    def not_loaded(self) -> dict[str, str]:
        """Rules that did not run because they could not be read → why."""
        return {str(t["rule"]): str(t["not_loaded"]) for t in self.tallies if t.get("not_loaded")}

    @property
    def waiting(self) -> dict[str, str]:
        """Rules that judged nothing because reports have not come → what they wait for."""
        return {
            str(t["rule"]): str(t.get("message") or "")
            for t in self.tallies
            if t.get("undelivered")
        }

    @property
    def failed(self) -> list[str]:
        """Rules that ran, had their reports, and judged nothing."""
        if not self.counts:
            return []
        left_out = {*self.not_loaded, *self.waiting}
        return [
            str(t["rule"])
            for t in self.tallies
            if not int(t.get("judged") or 0) and t["rule"] not in left_out and t.get("error")
        ]

    @property
    def ids(self) -> frozenset[str]:
        """This run and the partial ones since: in any of them a finding counts as new."""
        return frozenset((self.run, *(each.run for each in self.since)))

    @property
    def counted(self) -> str:
        """How many rules judged how often, and which did not run.

        “120条规则判断182,348次，7条没有运行（ZW01、…）”
        """
        if not self.counts:
            return f"{len(self.rules)}条规则已运行"
        said = f"{len(self.rules)}条规则判断{self.total('judged'):,}次"
        lacking = self.not_loaded
        return said + (f"，{len(lacking)}条没有运行（{named(lacking)}）" if lacking else "")

    @property
    def beside(self) -> str:
        """What was run since for some rules only; empty where nothing was."""
        if self.partial:
            return f"只运行了{named(self.rules)}，还没有运行过全部规则"
        if not self.since:
            return ""
        rules = sorted({rule for each in self.since for rule in each.rules})
        day = self.since[-1].as_of
        return f"此后单独运行过{named(rules)}（最近业务日{day}），次数未计入"

    def latest_of(self) -> dict[str, list[str]]:
        """Run id → the rules for which it is the latest, among this run and those since."""
        by_rule = {rule: each.run for each in (self, *self.since) for rule in each.rules}
        found: dict[str, list[str]] = {}
        for rule, run in by_rule.items():
            found.setdefault(run, []).append(rule)
        return found


def named(rules: Iterable[str]) -> str:
    """Rule ids in a sentence, the first `NAMED` of them."""
    names = list(rules)
    return "、".join(names[:NAMED]) + (f"等{len(names)}条" if len(names) > NAMED else "")


def latest_run(home: Home) -> PastRun | None:
    """The last run of the whole rule book, with the partial ones since.

    Where only partial runs were made, the last of them; None before the first run.
    """
    newest = sa.select(t.run).order_by(t.run.c.seq.desc())
    with engine(home).connect() as connection:
        row = connection.execute(newest.where(~t.run.c.partial).limit(1)).mappings().first()
        if row is None:
            row = connection.execute(newest.limit(1)).mappings().first()
            return None if row is None else _past(row)
        later = sa.select(t.run).where(t.run.c.seq > row["seq"]).order_by(t.run.c.seq)
        since = tuple(_past(each) for each in connection.execute(later).mappings())
    return _past(row, since)


def _past(row: Mapping[Any, Any], since: tuple[PastRun, ...] = ()) -> PastRun:
    return PastRun(
        row["run"],
        row["snapshot"],
        row["book_hash"],
        row["as_of"],
        row["recorded_at"],
        row["partial"],
        tuple(json.loads(row["tallies"])),
        since,
    )


def runs(home: Home) -> list[dict[str, Any]]:
    """All recorded runs and back-tests, newest first.

    Each with run, snapshot, as_of, recorded_at, hit (how many), rules (how many ran), partial
    (whether it was of some rules only), back_test (whether it was one).
    """
    found = []
    with engine(home).connect() as connection:
        for table, back_test in ((t.run, False), (t.back_test, True)):
            for row in connection.execute(sa.select(table)).mappings():
                tallies = json.loads(row["tallies"])
                about = {name: row[name] for name in ("run", "snapshot", "as_of", "recorded_at")}
                found.append(
                    {
                        **about,
                        "hit": sum(int(each["hit"]) for each in tallies),
                        "rules": sum(1 for each in tallies if not each.get("not_loaded")),
                        "partial": row["partial"],
                        "back_test": back_test,
                    }
                )
    return sorted(found, key=lambda each: (each["recorded_at"], each["run"]), reverse=True)


def to_calibrate(home: Home) -> set[str]:
    """The rules that made more new findings in the last run than they declare (待校准)."""
    last = latest_run(home) if home.exists else None
    tallies = [tally for each in (last, *last.since) for tally in each.tallies] if last else []
    marks = {str(tally["rule"]): bool(tally.get("calibrate")) for tally in tallies}
    return {rule for rule, marked in marks.items() if marked}
