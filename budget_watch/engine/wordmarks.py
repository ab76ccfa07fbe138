"""Word lists over a column, all at once: one whole number a row, one bit a list.

Looking for words is the dearest thing that rules do to a row, and the same purposes come again and
again, in one column and in the next. So a run looks at a text once and keeps what it found by the
text's hash, for all rules and passes. Only a text that holds a word of some list is held against
each.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from budget_watch.engine import lists
from budget_watch.engine.expression import Expr
from budget_watch.engine.hashed import Hashes, HashTable, hashes_of
from budget_watch.engine.lists import NamedLists
from budget_watch.engine.sources import Source
from budget_watch.engine.units import Column

MOST_LISTS = 63
MOST_TEXTS = 2_000_000  # then the texts are forgotten: about 100 MB
FEW_ROWS = 50_000  # of so short a source the texts are looked at as they come
MOST_ROWS = 30_000_000  # of so long a one too: their different texts might not stand in memory
TEXTS_TOGETHER = 200_000

Bits = npt.NDArray[np.int64]


class _Texts:
    """What was found in texts, by their hash.

    Two of a million texts have one hash of 64 bits once in forty million runs. Threads that ask at
    once may look at the same text twice, and find the same. The lock is held for a moment around
    the arrays alone: whoever held it while polars works would wait for a thread of polars that
    waits for the lock.
    """

    def __init__(self) -> None:
        self._table = HashTable()
        self._found = np.zeros(len(self._table.hashes), dtype=np.int64)
        self._done = np.zeros(len(self._table.hashes), dtype=np.int64)
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        """How many texts are known."""
        return self._table.count

    def known(self, hashes: Hashes) -> tuple[Bits, Bits]:
        """Of each text the bits of the lists that it has words of, and of those searched for."""
        with self._lock:
            at = self._table.places(hashes)
            return self._found[at], self._done[at]

    def keep(self, hashes: Hashes, searched: int, found: Bits) -> None:
        """Keep that texts, all different, were searched, and what was found in them."""
        with self._lock:
            if self._table.full(len(hashes)):
                self._grow(len(hashes))
            at = self._table.take(hashes)
            self._found[at] |= found
            self._done[at] |= searched

    def _grow(self, more: int) -> None:
        old = self._table
        taken = np.flatnonzero(old.hashes)
        found, done = self._found[taken], self._done[taken]
        self._table = HashTable(2 * (old.count + more))
        self._found = np.zeros(len(self._table.hashes), dtype=np.int64)
        self._done = np.zeros(len(self._table.hashes), dtype=np.int64)
        at = self._table.take(old.hashes[taken])
        self._found[at], self._done[at] = found, done


@dataclass
class Looked:
    """The different texts that were looked at in a run, and what was found in them.

    Of whatever column: application, voucher and abstract mostly say the same.

    Attributes:
        named: the book's word lists.
        expected: the lists that will be asked for: a text is searched for all of them at once.
        places: name of a list's edition → its bit.
    """

    named: NamedLists
    expected: Collection[str] = ()
    places: dict[str, int] = field(default_factory=dict)
    _ahead: set[str] = field(default_factory=set)
    _texts: _Texts = field(default_factory=_Texts)
    _lists: dict[str, tuple[tuple[str, ...], pl.Expr | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for words in sorted(self.expected):
            for name, _, _ in self.named.editions(words):
                self.place(name)

    def place(self, words: str) -> int | None:
        """The bit of a list; None where there are as many lists as bits."""
        if words not in self.places and len(self.places) < MOST_LISTS:
            self.places[words] = len(self.places)
        return self.places.get(words)

    def look_ahead(self, name: str, texts: pl.LazyFrame) -> None:
        """Search the different texts of a frame's one column before its rows are read.

        Many at once: to build the search machine of all lists costs as much as a thousand texts.

        name: tells the column from others; of one name all texts are known after the first time.
        """
        if name in self._ahead:
            return
        self._ahead.add(name)
        different = texts.unique().drop_nulls().collect(engine="streaming").to_series()
        if len(different) + self._texts.count <= MOST_TEXTS:
            for start in range(0, len(different), TEXTS_TOGETHER):
                self.marks(different.slice(start, TEXTS_TOGETHER), tuple(self.places))

    def marks(self, texts: pl.Series, asked: tuple[str, ...]) -> pl.Series:
        """For each text the bits of the lists asked for, perhaps of others; null for null."""
        if self._texts.count > MOST_TEXTS:
            self._texts = _Texts()
        memory = self._texts  # whatever other threads do meanwhile
        needed = sum(1 << self.places[each] for each in asked)
        hashes, present = _hashes(texts), texts.is_not_null()
        found, done = memory.known(hashes)
        fresh = ((done & needed) != needed) & present.to_numpy()
        if fresh.any():
            self._look(memory, texts.filter(pl.Series(fresh)).unique())
            found, _ = memory.known(hashes)
        return pl.select(pl.when(present).then(pl.Series(found, dtype=pl.Int64))).to_series()

    def _look(self, memory: _Texts, texts: pl.Series) -> None:
        """Search texts, all different and none null, for the lists that some of them lack."""
        hashes = _hashes(texts)
        all_have = int(np.bitwise_and.reduce(memory.known(hashes)[1]))
        every = [name for name, place in list(self.places.items()) if not all_have >> place & 1]
        if not every:  # another thread was quicker
            return
        searched = sum(1 << self.places[name] for name in every)
        memory.keep(hashes, searched, self._search(texts, every))

    def _search(self, texts: pl.Series, asked: list[str]) -> Bits:
        """For texts, none null, the bits of lists: all their words in one pass, then what they bar.

        A list's excluded phrases are looked for only in texts that have a word of that list.
        """
        bits: dict[str, int] = {}
        sought = [(1 << self.places[name], self._sought(name)) for name in asked]
        for bit, (words, _) in sought:
            for word in words:
                bits[word] = bits.get(word, 0) | bit
        matched = pl.DataFrame({"word": texts.str.extract_many(list(bits), overlapping=True)})
        each_word = matched.with_row_index("at").explode("word").drop_nulls("word")
        masks = pl.col("word").replace_strict(bits, return_dtype=pl.Int64)
        has = each_word.group_by("at").agg(masks.bitwise_or().alias("bits"))
        found = np.zeros(len(texts), dtype=np.int64)
        found[has["at"].to_numpy()] = has["bits"].to_numpy()
        for bit, (_, test) in sought:
            at = np.flatnonzero(found & bit)
            if test is not None and len(at):
                holds = texts.gather(at).alias("text").to_frame().select(test).to_series()
                found[at[~holds.to_numpy()]] &= ~bit
        return found

    def _sought(self, name: str) -> tuple[tuple[str, ...], pl.Expr | None]:
        """A list's words, and the whole test of a `text` where words alone do not decide."""
        if name not in self._lists:
            words = self.named.edition(name)
            whole = bool(words.exclude or words.require_also)
            test = lists.has_words(pl.col("text"), words) if whole else None
            self._lists[name] = (lists.spellings(words.include), test)
        return self._lists[name]


def _hashes(texts: pl.Series) -> Hashes:
    return hashes_of(texts.to_frame(), 41)


def words_named(part: object) -> set[str]:
    """The word lists that a rule, or a part of one, or several ask for."""
    if isinstance(part, Expr):
        return {str(node.value) for node in part.walk() if node.op == "words"}
    if isinstance(part, Mapping):
        parts: Iterable[object] = part.values()
    elif isinstance(part, (list, tuple)):
        parts = part
    elif is_dataclass(part) and not isinstance(part, (Source, Column)):
        parts = (getattr(part, each.name) for each in fields(part))
    else:
        return set()
    return set[str]().union(*(words_named(each) for each in parts))


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
            for column in self.wanted:
                self.looked.look_ahead(f"{self.source}.{column}", self.rows.select(column))
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
