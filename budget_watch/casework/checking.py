"""One check from snapshot to findings: open, judge, keep the observations, record.

The pages and the command line both come through here, so that a run means the same
everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from budget_watch.access import Grant
from budget_watch.casework.book import (
    LAWS,
    book_folders,
    book_hashes,
    book_stamp,
    law_texts,
    rule_book,
    rules_dir,
)
from budget_watch.casework.errors import CaseworkError
from budget_watch.casework.exemption_entries import in_use, used_by
from budget_watch.casework.exemptions import used_exemptions, with_registered
from budget_watch.casework.hiding import hidden
from budget_watch.casework.load import limit
from budget_watch.casework.recording import Recorded, Run, record_run
from budget_watch.casework.telling.of_runs import teller
from budget_watch.casework.workflow import workflow_of
from budget_watch.engine import Book, run_check
from budget_watch.engine.errors import BookError
from budget_watch.engine.lint.loading import flaw_of
from budget_watch.engine.local import Local
from budget_watch.engine.model import Exemption
from budget_watch.engine.names import Names
from budget_watch.engine.observations import append
from budget_watch.engine.render import WorkState
from budget_watch.engine.result import RuleTally
from budget_watch.engine.run import selected
from budget_watch.engine.wording import render
from budget_watch.engine.workdays import counting_by
from budget_watch.lake import Home, Reader, Snapshot

__all__ = [
    "LAWS",
    "Checked",
    "book_folders",
    "book_hashes",
    "book_stamp",
    "check",
    "choose_snapshot",
    "law_texts",
    "rule_book",
    "rules_dir",
    "worded",
]


@dataclass(frozen=True)
class Checked:
    """What a check did.

    Attributes:
        tallies: per rule, the JSON object of the ``check`` command.
        observations: hits, insufficient data and errors, worded.
        recorded: what changed among the findings.
        biz_date: of the snapshot.
        partial: made with some rules only; the counts of the last whole run stay.
        local: what the home changes of the product's parameters and lists.
    """

    run: str
    snapshot: str
    as_of: date
    tallies: list[dict[str, Any]]
    observations: list[dict[str, Any]] = field(repr=False)
    recorded: Recorded
    biz_date: date | None = None
    mistakes: tuple[BookError, ...] = ()
    partial: bool = False
    local: tuple[Local, ...] = ()

    @property
    def not_loaded(self) -> list[dict[str, Any]]:
        """Files of the rule book that were left out: file, line, what is wrong."""
        return [flaw_of(each).record() for each in self.mistakes]

    @property
    def cut(self) -> bool:
        """Whether rows dated after the day were left out: it lies before the snapshot's own."""
        return self.biz_date is not None and self.as_of < self.biz_date

    def listed(self, outcome: str) -> list[dict[str, Any]]:
        """The observations of one outcome."""
        return [item for item in self.observations if item["outcome"] == outcome]

    @property
    def summary(self) -> dict[str, Any]:
        """Totals over all rules, the run and the snapshot.

        ``not_judged`` counts the rules whose reports were never delivered.
        """
        kinds = (
            "judged",
            "hit",
            "clear",
            "not_applicable",
            "exempted",
            "insufficient_data",
            "error",
        )
        totals = {kind: sum(int(tally[kind]) for tally in self.tallies) for kind in kinds}
        return {
            "run": self.run,
            "snapshot": self.snapshot,
            "as_of": self.as_of.isoformat(),
            "rules": sum(1 for tally in self.tallies if not tally.get("not_loaded")),
            **totals,
            "not_judged": sum(1 for tally in self.tallies if tally["undelivered"]),
            "not_loaded": self.not_loaded,
            "not_run": self.not_run,
            "local": [each.record() for each in self.local],
            "cut": self.cut,
            "partial": self.partial,
            "back_test": self.recorded.back_test,
            "new": self.recorded.new,
            "held": self.recorded.held,
            "new_on_trial": self.recorded.trial,
            "calibrate": [t["rule"] for t in self.tallies if t.get("calibrate")],
            "cleared": self.recorded.cleared,
        }

    @property
    def sentence(self) -> str:
        """One Chinese sentence for people."""
        total = self.summary
        words = (
            f"{total['rules']} 条规则判断 {total['judged']:,} 次：命中 {total['hit']:,}，"
            f"未触发 {total['clear']:,}，不适用 {total['not_applicable']:,}，"
            f"数据不足 {total['insufficient_data']:,}，出错 {total['error']}。"
        )
        if total["exempted"]:
            words += f"不适用中有 {total['exempted']} 次是例外情形登记。"
        if total["not_judged"]:
            words += f"{total['not_judged']} 条规则所需的报表没有送达，没有判断。"
        words += self._unread
        if self.local:
            words += f"本地改动：{'、'.join(f'{each.kind} {each.id}' for each in self.local)}。"
        if self.cut:
            words += f"数据快照截至 {self.biz_date}，判断到 {self.as_of}："
            words += "之后的业务和之后才送达的报表不计。"
        if self.partial:
            words += (
                "只运行了部分规则：只更新这些规则的疑点，总览等处的次数仍是最近一次全部运行的。"
            )
        if self.recorded.back_test:
            return words + "业务日早于最近一次运行，按回测处理并记录，不改动疑点。"
        if self.recorded.repeated:
            return words + "与已有运行相同，疑点没有变化。"
        words += f"新增疑点 {total['new']} 条，恢复 {total['cleared']} 条。"
        if self.recorded.trial:
            words += f"另有试运行规则的新增疑点 {self.recorded.trial} 条，不发通知、不计期限。"
        if total["calibrate"]:
            words += (
                f"{'、'.join(total['calibrate'])} 的新增超过声明的负荷，待校准："
                f"{total['held']} 条只列出，不发通知、不计期限。"
            )
        return words

    @property
    def not_run(self) -> list[str]:
        """The rules that were left out because they, or what they use, could not be read."""
        return [str(tally["rule"]) for tally in self.tallies if tally.get("not_loaded")]

    @property
    def _unread(self) -> str:
        """What of the rule book was not read, and whether a rule stood still because of it."""
        if not self.mistakes:
            return ""
        first, still = self.not_loaded[0], self.not_run
        ran = f"{len(still)} 条规则没有运行：{'、'.join(still)}"
        return (
            f"规则库有 {len(self.mistakes)} 处没有读入，"
            + (ran if still else "没有采用，规则仍照其余内容运行")
            + f"。{'第一处' if len(self.mistakes) > 1 else '该处'}："
            f"{first['file']}:{first['line']} {first['message']}。"
        )


def choose_snapshot(
    home: Home, *, snapshot: str | None = None, known: date | None = None
) -> Snapshot:
    """The snapshot asked for, or the latest.

    Raises:
        CaseworkError: nothing has been published yet.
        UnknownSnapshotError: no such snapshot, or none published by that day.
    """
    if snapshot is not None:
        return Snapshot.get(home, snapshot)
    if known is not None:
        return Snapshot.known(home, known)
    found = Snapshot.latest(home)
    if found is None:
        raise CaseworkError(
            f"{home.root} 还没有数据快照。请先运行 budget-watch load 或 budget-watch ingest。"
        )
    return found


def check(
    root: Path,
    *,
    as_of: date | None = None,
    known: date | None = None,
    snapshot: str | None = None,
    rules: list[str] | None = None,
    baseline: date | None = None,
    exemptions_of: str | None = None,
    phase: Callable[[str], None] = lambda name: None,
) -> Checked:
    """Run the rule book on a snapshot and record what it found.

    Args:
        root: the home folder.
        as_of: the rules' today; the snapshot's business date where not given.
        known: use the latest snapshot published for a business date up to this day.
        snapshot: use exactly this one.
        rules: only these; all active and trial rules where not given.
        baseline: findings first seen up to this day are 存量.
        exemptions_of: a recorded run whose registered exemptions are used instead of today's.
        phase: is told 规则 before the rules run and 疑点 before findings are recorded.

    Raises:
        CaseworkError: no snapshot, an unknown rule id, or an unknown run.
    """
    phase("规则")
    home = Home(root)
    chosen = choose_snapshot(home, snapshot=snapshot, known=known)
    registered = in_use(home) if exemptions_of is None else _used_by(home, exemptions_of)
    book = with_registered(rule_book(root), registered)
    for rule in rules or ():
        if rule in book.broken:
            raise CaseworkError(f"{rule} 不能读入：{book.broken[rule]}")
        if rule not in book.rules:
            raise CaseworkError(f"规则库里没有 {rule}。请用 budget-watch rules list 查看编号。")
    reader = Reader(home, Grant.system("check"), snapshot=chosen)
    day = as_of or chosen.biz_date
    result = run_check(reader, book, as_of=day, rules=rules)
    phase("疑点")
    append(home, result)
    names = Names(reader, day)
    with counting_by(reader):  # sentences count working days, too
        observations = list(worded(result.observations.iter_rows(named=True), book, names))
    tallies = [{**tally.record(), "not_loaded": ""} for tally in result.per_rule]
    partial = rules is not None and bool(
        book.broken or {rule.id for rule in selected(book, None)} - set(rules)
    )
    if rules is None:
        tallies += [_left_out(name, error) for name, error in sorted(book.broken.items())]
    recorded = record_run(
        home,
        Run(
            run=result.run,
            snapshot=chosen.id,
            book_hash=book.hash,
            as_of=day,
            judged_rules=frozenset(
                t["rule"]
                for t in tallies
                if not (t["error"] or t["undelivered"] or t["not_loaded"])
            ),
            tallies=tallies,
            limits={t["rule"]: _limit(book, t) for t in tallies if not t["not_loaded"]},
            partial=partial,
            trial=frozenset(each.id for each in book.rules.values() if each.status == "trial"),
            exemptions=used_exemptions(book, registered),
        ),
        observations,
        baseline,
        teller(home, lambda: workflow_of(root), datetime.now(UTC)),
    )
    return Checked(
        result.run,
        chosen.id,
        day,
        recorded.tallies,
        observations,
        recorded,
        chosen.biz_date,
        book.mistakes,
        partial,
        book.local,
    )


def _used_by(home: Home, run: str) -> list[Exemption]:
    found = used_by(home, run)
    if found is None:
        raise CaseworkError(f"没有记录过运行 {run}。请用 budget-watch runs checks 查看编号。")
    return found


def _left_out(rule: str, error: BookError) -> dict[str, Any]:
    """The tally of a rule that could not be loaded: nothing judged, nothing cleared, and why."""
    said = f"没有运行：{error}"
    return {**RuleTally(rule, message=said).record(), "not_loaded": str(error)}


def _limit(book: Book, tally: Mapping[str, Any]) -> int | None:
    declared = book.rules[tally["rule"]].rule.load
    return limit(declared.hits_per_month_per_100 if declared else None, int(tally["judged"]))


def worded(
    rows: Iterable[Mapping[str, Any]], book: Book, names: Names, state: WorkState = "新触发"
) -> Iterator[dict[str, Any]]:
    """Observations with title, area, grain and values as mappings, and their sentence.

    The sentence never shows a natural person's name or account: it is kept for every reader.
    """
    for row in rows:
        rule = book.rules[row["rule"]]
        values = json.loads(row["values"])
        message = render(book, {**row, "values": hidden(values)}, names, state)
        yield {
            **row,
            "title": rule.title,
            "area": rule.rule.area,
            "grain": json.loads(row["grain"]),
            "values": values,
            "message": message,
        }
