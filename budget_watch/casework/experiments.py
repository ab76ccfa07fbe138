"""Experiments with the rule book on a home's data: nothing of them is recorded to the findings.

`differ` runs two books (or one with other numbers) on the latest snapshot and compares the hits;
`backtest` runs one for past days and keeps what came out in `<home>/backtests/`, for the page of
rules and parameters: `kept` lists and `read` gives what is there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import polars as pl

from budget_watch.access import Grant
from budget_watch.casework.checking import choose_snapshot, rule_book
from budget_watch.casework.errors import CaseworkError
from budget_watch.engine import Book, RunResult, load_book, run_check
from budget_watch.engine.compare import RuleDifference, compare, hits, tally
from budget_watch.engine.errors import EngineError
from budget_watch.engine.params import exact
from budget_watch.engine.result import canonical
from budget_watch.lake import Home, Reader, Snapshot

FOLDER = "backtests"
Every = Literal["month", "quarter", "year"]
MONTHS: dict[Every, int] = {"month": 1, "quarter": 3, "year": 12}
Overrides = Mapping[str, Fraction]


@dataclass(frozen=True)
class Opened:
    """The data of an experiment: the latest snapshot, read whole."""

    snapshot: Snapshot
    reader: Reader

    def run(
        self,
        book: Book,
        day: date,
        rules: Sequence[str] | None = None,
        other: Overrides | None = None,
    ) -> RunResult:
        """Judge, and keep nothing."""
        return run_check(self.reader, book, day, rules, other)


def opened(root: Path) -> Opened:
    """The latest snapshot of a home. Raises CaseworkError where there is none."""
    home = Home(root)
    snapshot = choose_snapshot(home)
    return Opened(snapshot, Reader(home, Grant.system("experiment"), snapshot=snapshot))


def settings(book: Book, said: Sequence[str]) -> dict[str, Fraction]:
    """`param=value` as exact numbers, written as in the book: `50万元`, `20%`, `30日`.

    Raises:
        CaseworkError: no such parameter, or a value that does not fit its unit.
    """
    found: dict[str, Fraction] = {}
    for text in said:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign or name not in book.params:
            raise CaseworkError(
                f"--set {text}：要写 参数=值，参数是规则库里有的，如 execution.lag.serious=15%。"
            )
        try:
            found[name] = exact(book.params[name].param, value, f"--set {name}")
        except EngineError as error:
            raise CaseworkError(str(error)) from error
    return found


def differ(
    root: Path,
    folders: Sequence[Path] = (),
    said: Sequence[str] = (),
    as_of: date | None = None,
    rules: Sequence[str] | None = None,
) -> Iterator[RuleDifference]:
    """What would appear, vanish or change its level on the latest snapshot.

    Args:
        root: the home.
        folders: two book folders; without them the home's own book is compared with itself.
        said: numbers for the second book, as `param=value`.
        as_of: the rules' today; default the snapshot's business date.
        rules: only these.
    """
    data = opened(root)
    books = (load_book(folders[0]), load_book(folders[1])) if folders else (rule_book(root),) * 2
    day = as_of or data.snapshot.biz_date
    other = settings(books[1], said)
    unknown = [name for name in rules or () if not any(name in book.rules for book in books)]
    if unknown:
        raise CaseworkError(f"两个规则库里都没有 {'、'.join(unknown)}。")
    chosen = [rules and [name for name in rules if name in book.rules] for book in books]
    yield from compare(
        data.run(books[0], day, chosen[0]), data.run(books[1], day, chosen[1], other), books
    )


# ---- past days
def period_ends(since: date, until: date, every: Every) -> list[date]:
    """The last days of the months, quarters or years that end between two days, both included."""
    found: list[date] = []
    year, month = since.year, since.month
    while (last := _month_end(year, month)) <= until:
        if last >= since and month % MONTHS[every] == 0:
            found.append(last)
        year, month = year + month // 12, month % 12 + 1
    return found


def _month_end(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def backtest(
    root: Path,
    since: date,
    until: date,
    every: Every = "month",
    said: Sequence[str] = (),
    rules: Sequence[str] | None = None,
) -> Generator[dict[str, Any], None, str]:
    """Judge past days on the latest snapshot; each `param=value` is an experiment of its own.

    Yields, as they come, one record a rule and day, then one a rule over all days; the whole is
    kept in the home under the id that is returned at the end.

    Raises:
        CaseworkError: no snapshot, no period ends between the days, an unknown rule or parameter.
    """
    data, book = opened(root), rule_book(root)
    days = period_ends(since, min(until, data.snapshot.biz_date), every)
    if not days:
        raise CaseworkError(
            f"{since} 至 {until} 之间没有已结束的期间（数据到 {data.snapshot.biz_date}）。"
        )
    unknown = [name for name in rules or () if name not in book.rules]
    if unknown:
        raise CaseworkError(f"规则库里没有 {'、'.join(unknown)}。请用 rules list 查看编号。")
    changes = {text: settings(book, [text]) for text in said}
    test = _Test(data, book, changes, list(rules) if rules else None)
    records: list[dict[str, Any]] = []
    for day in days:
        for record in test.on(day):
            records.append(record)
            yield record
    totals = list(test.totals(len(days)))
    yield from totals
    head = {
        "snapshot": data.snapshot.id,
        "book": book.hash,
        "from": days[0].isoformat(),
        "to": days[-1].isoformat(),
        "every": every,
        "sets": list(said),
        "rules": sorted(rules) if rules else None,
    }
    return _keep(root, head, records, totals).stem


class _Test:
    """What a back-test has seen so far: the findings of each rule, with and without each change."""

    def __init__(
        self, data: Opened, book: Book, changes: Mapping[str, Overrides], rules: list[str] | None
    ) -> None:
        self.data, self.book, self.changes, self.rules = data, book, changes, rules
        self.seen: dict[str, set[str]] = {}
        self.units: dict[str, set[str]] = {}
        self.moved: dict[tuple[str, str, str], set[str]] = {}

    def on(self, day: date) -> Iterator[dict[str, Any]]:
        """The records of one day."""
        plain = self.data.run(self.book, day, self.rules)
        others = {
            text: self.data.run(self.book, day, self._touched(change), change)
            for text, change in self.changes.items()
        }
        for each in plain.per_rule:
            rows = hits(plain, each.rule)
            known = self.seen.setdefault(each.rule, set())
            new = rows.filter(~rows["identity"].is_in(list(known)))
            known |= set(rows["identity"].to_list())
            self.units.setdefault(each.rule, set()).update(rows["unit"].drop_nulls().to_list())
            rule = self.book.rules[each.rule]
            yield {
                "kind": "day",
                "rule": each.rule,
                "as_of": day.isoformat(),
                "judged": each.judged,
                **tally(rows, rule).record(),
                "levels": dict(sorted(each.hit.items())),
                "new": tally(new.unique("identity"), rule).record(),
                "insufficient_data": each.insufficient_data,
                "error": each.error,
                "sets": [
                    self._moved(text, plain, other, each.rule)
                    for text, other in others.items()
                    if each.rule in other.rules
                ],
            }

    def _touched(self, change: Overrides) -> list[str]:
        """The rules that a change of numbers can touch."""
        chosen = self.rules or [
            name for name, rule in self.book.rules.items() if rule.status in ("trial", "active")
        ]
        return [name for name in chosen if self.book.rules[name].params & set(change)]

    def _moved(self, text: str, plain: RunResult, other: RunResult, rule: str) -> dict[str, Any]:
        old, new = hits(plain, rule), hits(other, rule)
        checked = self.book.rules[rule]
        added = new.join(old, on="grain", how="anti")
        removed = old.join(new, on="grain", how="anti")
        both = old.join(new, on="grain", suffix="_now")
        turned = both.filter(pl.col("level") != pl.col("level_now"))
        for kind, rows in (("added", added), ("removed", removed), ("changed", turned)):
            place = self.moved.setdefault((rule, text, kind), set())
            place |= set(rows["identity"].to_list())
        return {
            "set": text,
            "added": tally(added, checked).record(),
            "removed": tally(removed, checked).record(),
            "changed": tally(turned, checked).record(),
        }

    def totals(self, days: int) -> Iterator[dict[str, Any]]:
        """One record a rule: how many findings and units over all days."""
        for rule, found in sorted(self.seen.items()):
            yield {
                "kind": "rule",
                "rule": rule,
                "title": self.book.rules[rule].title,
                "days": days,
                "findings": len(found),
                "units": len(self.units[rule]),
                "sets": [
                    {
                        "set": text,
                        **{
                            kind: len(self.moved[(rule, text, kind)])
                            for kind in ("added", "removed", "changed")
                        },
                    }
                    for text in self.changes
                    if (rule, text, "added") in self.moved
                ],
            }


# ---- what is kept
def _keep(
    root: Path,
    head: Mapping[str, Any],
    records: Sequence[Mapping[str, Any]],
    totals: Sequence[Mapping[str, Any]],
) -> Path:
    name = hashlib.sha256(canonical(dict(head)).encode()).hexdigest()[:16]
    folder = Path(root) / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    whole = {"id": name, **head, "totals": list(totals), "days": list(records)}
    half = folder / f".{name}.half"
    half.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return half.replace(folder / f"{name}.json")


def kept(root: Path) -> list[dict[str, Any]]:
    """The back-tests of a home without their days, the latest period first."""
    found = [read(root, path.stem) for path in sorted((Path(root) / FOLDER).glob("*.json"))]
    heads = [{key: value for key, value in each.items() if key != "days"} for each in found]
    return sorted(heads, key=lambda each: (each["to"], each["from"], each["id"]), reverse=True)


def read(root: Path, name: str) -> dict[str, Any]:
    """One back-test: its question, `totals` (one a rule), `days` (one a rule and day).

    Raises:
        CaseworkError: there is none of that id.
    """
    path = Path(root) / FOLDER / f"{name}.json"
    if not name.isalnum() or not path.is_file():
        raise CaseworkError(f"没有编号为 {name} 的回测。")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
