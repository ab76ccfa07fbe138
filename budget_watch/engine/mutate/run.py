"""Mutates the rules of a book and says which changes no test noticed.

Rules are dealt out to processes of their own (spawned: polars must not be forked), each with one
thread; within a rule the tests are made ready once and the cheapest are asked first.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from budget_watch.engine.cases import RuleTests
from budget_watch.engine.errors import EngineError
from budget_watch.engine.lint.places import places
from budget_watch.engine.load import Book, known_rules, load_book
from budget_watch.engine.mutate.bench import bench
from budget_watch.engine.mutate.mutant import Mutant
from budget_watch.engine.mutate.shapes import mutants
from budget_watch.engine.testing import test_file
from budget_watch.engine.yaml_file import read_one
from budget_watch.tables.strict_yaml import line_of


@dataclass(frozen=True)
class Survivor:
    """A change that no test noticed.

    Attributes:
        because: why no test need notice it, if the rule's test file says so.
    """

    rule: str
    name: str
    file: str
    line: int
    original: str
    mutant: str
    because: str | None = None

    def record(self) -> dict[str, Any]:
        """The JSON object of `rules mutate`."""
        return {
            "rule": self.rule,
            "kind": "survivor" if self.because is None else "excused",
            "name": self.name,
            "file": self.file,
            "line": self.line,
            "original": self.original,
            "mutant": self.mutant,
            "because": self.because,
        }


@dataclass(frozen=True)
class RuleScore:
    """What the tests of one rule noticed of its mutants.

    Attributes:
        stale: excuses in the test file for changes that a test does notice, or that do not exist.
        problem: why the rule's tests could not be used.
    """

    rule: str
    mutants: int = 0
    killed: int = 0
    survivors: tuple[Survivor, ...] = ()
    stale: tuple[str, ...] = ()
    problem: str = ""
    seconds: float = 0.0

    @property
    def excused(self) -> int:
        """How many survivors the test file explains."""
        return sum(each.because is not None for each in self.survivors)

    @property
    def open(self) -> int:
        """How many survivors nobody explains."""
        return len(self.survivors) - self.excused

    @property
    def score(self) -> float:
        """The share of mutants that were killed or excused, in per cent."""
        done = self.killed + self.excused
        return round(100 * done / self.mutants, 1) if self.mutants else 100.0

    def records(self) -> Iterator[dict[str, Any]]:
        """The JSON objects of this rule: its score, then what a person must see."""
        yield {
            "rule": self.rule,
            "kind": "score",
            "mutants": self.mutants,
            "killed": self.killed,
            "excused": self.excused,
            "survivors": self.open,
            "score": self.score,
            "seconds": round(self.seconds, 2),
        }
        for each in self.survivors:
            yield each.record()
        for name in self.stale:
            yield {"rule": self.rule, "kind": "stale", "name": name}
        if self.problem:
            yield {"rule": self.rule, "kind": "problem", "name": self.problem}


@dataclass(frozen=True)
class MutationRun:
    """The scores of several rules."""

    scores: list[RuleScore] = field(default_factory=list)

    @property
    def summary(self) -> dict[str, Any]:
        """Counts over all rules; `stale` and `problems` also fail."""
        return {
            "rules": len(self.scores),
            "mutants": sum(each.mutants for each in self.scores),
            "killed": sum(each.killed for each in self.scores),
            "excused": sum(each.excused for each in self.scores),
            "survivors": sum(each.open for each in self.scores),
            "stale": sum(len(each.stale) for each in self.scores),
            "problems": sum(bool(each.problem) for each in self.scores),
        }

    @property
    def failed(self) -> bool:
        """Whether a person must see something."""
        found = self.summary
        return bool(found["survivors"] or found["stale"] or found["problems"])


def mutate(
    folders: Sequence[Path], rules: Sequence[str] | None = None, processes: int | None = None
) -> Iterator[RuleScore]:
    """Mutate these rules (default all), in the order of their ids.

    Args:
        folders: of the book, the product's first.
        processes: how many at once; default as many as there are cores.

    Raises:
        BookError: the book cannot be loaded.
        RunError: the book has no such rule.
    """
    book = load_book(folders)
    names = known_rules(book, rules) if rules else list(book.rules)
    at_once = min(processes or len(os.sched_getaffinity(0)), len(names))
    if at_once <= 1:
        for name in names:
            yield of_rule(book, name)
        return
    yield from _spread(folders, names, at_once)


def _spread(folders: Sequence[Path], names: list[str], processes: int) -> Iterator[RuleScore]:
    before = os.environ.get("POLARS_MAX_THREADS")
    os.environ["POLARS_MAX_THREADS"] = "1"  # read by the new processes when they import polars
    try:
        with ProcessPoolExecutor(
            processes, get_context("spawn"), _load, ([str(each) for each in folders],)
        ) as pool:
            yield from pool.map(_in_process, names)
    finally:
        if before is None:
            os.environ.pop("POLARS_MAX_THREADS", None)
        else:
            os.environ["POLARS_MAX_THREADS"] = before


_loaded: dict[str, Book] = {}


def _load(folders: list[str]) -> None:
    _loaded["book"] = load_book([Path(each) for each in folders])


def _in_process(rule: str) -> RuleScore:
    return of_rule(_loaded["book"], rule)


def of_rule(book: Book, name: str) -> RuleScore:
    """Mutate one rule."""
    import time

    begun = time.perf_counter()
    rule, path = book.rules[name], test_file(book, name)
    if not path.is_file():
        return RuleScore(name, problem=f"没有 {path.name}；请写测试")
    try:
        tests = read_one(path, RuleTests)
        found = bench(book, rule, tests)
    except EngineError as error:
        return RuleScore(name, problem=f"测试不能使用：{error}")
    made = mutants(book, rule)
    left = [each for each in made if not found.killed(each)]
    excuses = {each.mutant: each.because for each in tests.survivors}
    survivors = tuple(_survivor(book, each, excuses.pop(each.name, None)) for each in left)
    return RuleScore(
        name,
        len(made),
        len(made) - len(left),
        survivors,
        tuple(excuses),
        seconds=time.perf_counter() - begun,
    )


def _survivor(book: Book, mutant: Mutant, because: str | None) -> Survivor:
    file, line = place(book, mutant)
    return Survivor(
        mutant.rule.id, mutant.name, file, line, mutant.original, mutant.mutant, because
    )


def place(book: Book, mutant: Mutant) -> tuple[str, int]:
    """File and line of what was changed."""
    if mutant.place == "params":
        return places(book.folders, "params")[str(mutant.keys[0])]
    path = book.files[mutant.rule.id]
    line = line_of(path, mutant.keys)
    if mutant.place == "query":
        line = _in_query(path, line, mutant.original)
    return str(path), line


def _in_query(path: Path, first: int, text: str) -> int:
    """The first line from the query's on that has the text, blanks and case aside."""
    wanted = _bare(text)
    for at, line in enumerate(path.read_text(encoding="utf-8").splitlines()[first - 1 :], first):
        if wanted in _bare(line):
            return at
    return first


def _bare(text: str) -> str:
    return "".join(text.split()).lower()
