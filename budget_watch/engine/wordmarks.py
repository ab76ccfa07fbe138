"""Word lists over a column, all at once: one whole number a row, one bit a list.

Looking for words is the dearest thing that rules do to a row, and the same purposes come again and
again. So a run looks at a text once: it numbers the texts of a column and keeps what it found by
number, for all rules and passes. A long source's texts are looked at together before its rows are
read, as the search machine of a list is dear to build. Only a text that holds a word of some list
is held against each.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from budget_watch.engine import lists
from budget_watch.engine.expression import Expr
from budget_watch.engine.lists import NamedLists

MOST_LISTS = 63
MOST_TEXTS = 2_000_000  # then the texts are forgotten and numbered anew: about 200 MB
FEW_ROWS = 20_000  # of so short a source the texts are looked at as they come
TEXTS_TOGETHER = 200_000


class _Texts:
    """Different texts by number, and by number what was found in them.

    Threads that ask at once may look at the same text twice, and find the same. The lock is held
    for a moment around the arrays alone: whoever held it while polars works would wait for a
    thread of polars that waits for the lock.
    """

    def __init__(self) -> None:
        self.kind = pl.Categorical(pl.Categories.random())
        self._alive = pl.Series([""], dtype=self.kind)  # polars forgets numbers nobody holds
        self._found = np.zeros(1, dtype=np.int64)
        self._done = np.zeros(1, dtype=np.int64)
        self._lock = threading.Lock()
        self.count = 0

    def numbers(self, texts: pl.Series) -> tuple[np.ndarray, pl.Series]:
        """The number of each text, 0 for null, and which are null; makes room for all."""
        numbers = texts.cast(self.kind).to_physical()
        at = numbers.fill_null(0).to_numpy()
        with self._lock:
            self.count = max(self.count, 1 + int(at.max(initial=0)))
            if self.count > len(self._done):
                more = np.zeros(max(self.count - len(self._done), len(self._done)), np.int64)
                self._found = np.concatenate([self._found, more])
                self._done = np.concatenate([self._done, more])
        return at, numbers.is_null()

    def done(self, at: np.ndarray) -> np.ndarray:
        """The bits of the lists that each text was searched for."""
        with self._lock:
            return np.asarray(self._done[at])

    def found(self, at: np.ndarray) -> np.ndarray:
        """The bits of the lists that each text has words of."""
        with self._lock:
            return np.asarray(self._found[at])

    def keep(self, at: np.ndarray, searched: int, likely: np.ndarray, marks: np.ndarray) -> None:
        """Keep that texts were searched, and what was found in some of them."""
        with self._lock:
            self._found[likely] |= marks
            self._done[at] |= searched


@dataclass
class Looked:
    """The different texts that were looked at in a run, and what was found in them.

    Of whatever column: application, voucher and abstract mostly say the same.

    Attributes:
        named: the book's word lists.
        places: name of a list's edition → its bit.
    """

    named: NamedLists
    places: dict[str, int] = field(default_factory=dict)
    _ahead: dict[str, set[str] | None] = field(default_factory=dict)
    _texts: _Texts = field(default_factory=_Texts)

    def place(self, words: str) -> int | None:
        """The bit of a list; None where there are as many lists as bits."""
        if words not in self.places and len(self.places) < MOST_LISTS:
            self.places[words] = len(self.places)
        return self.places.get(words)

    def look_ahead(self, name: str, texts: pl.LazyFrame, asked: Collection[str]) -> None:
        """Search all different texts of a frame's one column, unless they are too many to keep.

        name: tells the column from others; of one name all texts are known after the first time.
        """
        before = self._ahead.setdefault(name, set())
        if before is None or before.issuperset(asked):
            return
        if before:
            different = self._texts.kind.categories.to_series()
        else:
            about = texts.select(pl.first().approx_n_unique()).collect(engine="streaming").item()
            if about + self._texts.count > MOST_TEXTS * 3 // 4:
                self._ahead[name] = None
                return
            different = texts.unique().drop_nulls().collect(engine="streaming").to_series()
        for start in range(0, len(different), TEXTS_TOGETHER):
            self.marks(different.slice(start, TEXTS_TOGETHER), tuple(asked))
        before |= set(asked)

    def marks(self, texts: pl.Series, asked: tuple[str, ...]) -> pl.Series:
        """For each text the bits of the lists asked for, perhaps of others; null for null."""
        if self._texts.count > MOST_TEXTS:
            self._texts = _Texts()
        known = self._texts  # whatever other threads do meanwhile
        needed = sum(1 << self.places[each] for each in asked)
        at, null = known.numbers(texts)
        fresh = (known.done(at) & needed) != needed
        if fresh.any():
            self._look(known, texts.filter(pl.Series(fresh)).drop_nulls().unique(), asked, needed)
        found = pl.Series(known.found(at), dtype=pl.Int64)
        return pl.select(pl.when(~null).then(found)).to_series()

    def _look(self, known: _Texts, texts: pl.Series, asked: tuple[str, ...], needed: int) -> None:
        """Search texts, all different and none null, for the lists that some of them lack."""
        if not len(texts):
            return
        at, _ = known.numbers(texts)
        all_have = int(np.bitwise_and.reduce(known.done(at)))
        every = [each for each in asked if not all_have >> self.places[each] & 1]
        if not every:  # another thread was quicker
            return
        words = [self.named.edition(each) for each in every]
        include = sorted({word for each in words for word in lists.spellings(each.include)})
        bits = [
            lists.has_words(pl.col("text"), each).cast(pl.Int64) * (1 << self.places[name])
            for name, each in zip(every, words, strict=True)
        ]
        rows = pl.DataFrame({"text": texts, "at": at})
        likely = rows.filter(pl.col("text").str.contains_any(include))
        marked = likely.select("at", mark=pl.sum_horizontal(bits))
        known.keep(at, needed, marked["at"].to_numpy(), marked["mark"].to_numpy())


@dataclass
class Marks:
    """The word tests that were asked for over the columns of a source, while compiling.

    Attributes:
        looked: what the run knows of texts; shared by all passes.
        source: name of the source.
        known: the source's columns; only those can be marked.
        rows: the source's rows, where they are so many that looking ahead pays.
        wanted: column → ids of the lists asked for.
    """

    looked: Looked
    source: str
    known: Collection[str]
    rows: pl.LazyFrame | None = None
    wanted: dict[str, list[str]] = field(default_factory=dict)

    def test(self, text: Expr, words: str) -> pl.Expr | None:
        """Whether the text has words of the list; None where the text is no column of the source.

        A column alone, or with '' in place of null.
        """
        if text.op == "coalesce" and [each.op for each in text.args] == ["col", "lit"]:
            found = self.test(text.args[0], words)
            return (
                found.fill_null(False) if found is not None and text.args[1].value == "" else None
            )
        if text.op != "col" or text.value not in self.known:
            return None
        place = self.looked.place(words)
        if place is None:
            return None
        asked = self.wanted.setdefault(text.value, [])
        if words not in asked:
            asked.append(words)
        return pl.col(mark_name(text.value)) & (1 << place) != 0

    def columns(self) -> list[pl.Expr]:
        """The marks as columns to add to the source's rows; call when all is compiled."""
        if self.rows is not None:
            for column, asked in self.wanted.items():
                self.looked.look_ahead(f"{self.source}.{column}", self.rows.select(column), asked)
        return [
            pl.col(column)
            .map_batches(_marker(self.looked, asked), return_dtype=pl.Int64, is_elementwise=True)
            .alias(mark_name(column))
            for column, asked in self.wanted.items()
        ]


def _marker(looked: Looked, asked: list[str]) -> Callable[[pl.Series], pl.Series]:
    lists_asked = tuple(asked)
    return lambda texts: looked.marks(texts, lists_asked)


def mark_name(column: str) -> str:
    """The name of a column's marks."""
    return f"__w_{column}"
