"""Findings against the fixture city's answer key: recall and precision per rule.

A planted anomaly counts as found when an open finding of its rule has every value
of its grain and its level. An open finding that no planted anomaly asked for is false,
unless the key lists it as ordinary: what the usual mess of a city shows counts as neither.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ARITHMETIC_RECALL, PATTERN_RECALL, PRECISION = 1.0, 0.97, 0.97


@dataclass
class Tally:
    """One rule's count."""

    planted: int = 0
    found: int = 0
    hits: int = 0
    false: int = 0
    near_misses_fired: int = 0
    ordinary: int = 0
    missed: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[dict[str, Any]] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """Share of the planted that was found; 1 where nothing was planted."""
        return self.found / self.planted if self.planted else 1.0

    @property
    def precision(self) -> float:
        """Share of the hits that were planted; 1 where nothing was hit."""
        return (self.hits - self.false) / self.hits if self.hits else 1.0


def tally(key: dict[str, Any], findings: list[dict[str, Any]]) -> dict[str, Tally]:
    """Count findings against an answer key, by rule.

    Args:
        key: ``{"planted": [{rule, level, grain}], "near_misses": [{rule, grain}]}``; ``steps`` are
            lower levels through which a planted anomaly grows month by month: not false, not found.
            ``ordinary`` lists what the usual mess shows: no hit, neither false nor found.
        findings: records of open findings: rule, level, grain.
    """
    counts: dict[str, Tally] = defaultdict(Tally)
    planted: dict[str, list[dict[str, Any]]] = defaultdict(list)
    near: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for item in key["planted"]:
        planted[item["rule"]].append(item)
        counts[item["rule"]].planted += 1
    for item in key["near_misses"]:
        near[item["rule"]].append(item)
    usual: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for item in key.get("ordinary", ()):
        usual[item["rule"]].append(item)
    matched: set[tuple[str, int]] = set()
    for found in findings:
        count = counts[found["rule"]]
        at = _match(found, planted[found["rule"]], level=True)
        if at is None and _match(found, usual[found["rule"]], level=True) is not None:
            count.ordinary += 1
            continue
        count.hits += 1
        if at is None:
            count.false += 1
            count.wrong.append({"grain": found["grain"], "level": found["level"]})
        elif planted[found["rule"]][at]["level"] == found["level"]:
            matched.add((found["rule"], at))
        if _match(found, near[found["rule"]], level=False) is not None:
            count.near_misses_fired += 1
    for rule, items in planted.items():
        for at, item in enumerate(items):
            if (rule, at) in matched:
                counts[rule].found += 1
            else:
                counts[rule].missed.append({"grain": item["grain"], "level": item["level"]})
    return dict(sorted(counts.items()))


def _match(found: dict[str, Any], items: list[dict[str, Any]], level: bool) -> int | None:
    for at, item in enumerate(items):
        if level and found["level"] not in (item["level"], *item.get("steps", ())):
            continue
        if all(
            str(found["grain"].get(name)) == str(value) for name, value in item["grain"].items()
        ):
            return at
    return None


def score(root: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The records and the summary of the ``score`` command.

    Raises:
        FileNotFoundError: the home holds no answer key; only the fixture city has one.
    """
    from budget_watch.access import Grant
    from budget_watch.casework.checking import rule_book
    from budget_watch.casework.gaps import observations_of
    from budget_watch.casework.runs import latest_run
    from budget_watch.lake import Home

    path = root / "answer_key.json"
    if not path.exists():
        raise FileNotFoundError(
            f"{path} 不存在：只有示范市的数据有答案。请先运行 budget-watch demo --no-serve。"
        )
    key = json.loads(path.read_text(encoding="utf-8"))
    home = Home(root)
    last = latest_run(home)
    if last is None:
        raise FileNotFoundError(f"{root} 还没有运行过规则。请先运行 budget-watch check。")
    hits = observations_of(home, Grant.system("score"), last.run, "hit")
    found = hits.select("rule", "level", "grain").to_dicts()
    counts = tally(key, [{**row, "grain": json.loads(row["grain"])} for row in found])
    patterns = {rule.id for rule in rule_book(root).rules.values() if rule.is_pattern}
    rows = [_row(rule, count) for rule, count in counts.items()]
    met = all(
        count.recall >= (PATTERN_RECALL if rule in patterns else ARITHMETIC_RECALL)
        and count.precision >= PRECISION
        and not count.near_misses_fired
        for rule, count in counts.items()
    )
    total_planted = sum(count.planted for count in counts.values())
    total_hits = sum(count.hits for count in counts.values())
    return rows, {
        "recall": sum(c.found for c in counts.values()) / total_planted if total_planted else 1.0,
        "precision": 1 - sum(c.false for c in counts.values()) / total_hits if total_hits else 1.0,
        "planted": total_planted,
        "rules": len(counts),
        "false": sum(count.false for count in counts.values()),
        "near_misses_fired": sum(count.near_misses_fired for count in counts.values()),
        "ordinary": sum(count.ordinary for count in counts.values()),
        "target_met": met,
    }


def _row(rule: str, count: Tally) -> dict[str, Any]:
    return {
        "rule": rule,
        "recall": round(count.recall, 4),
        "precision": round(count.precision, 4),
        "planted": count.planted,
        "found": count.found,
        "false": count.false,
        "near_misses_fired": count.near_misses_fired,
        "ordinary": count.ordinary,
        "missed": count.missed[:20],
        "false_grains": count.wrong[:20],
    }
