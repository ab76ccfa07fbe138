"""Word lists over a column, all at once: one whole number a row, one bit a list.

Looking for words is the dearest thing that rules do to a row. A text that occurs often is looked at
once a step, and only a text that holds a word of some list is held against each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import polars as pl

from budget_watch.engine import lists
from budget_watch.engine.expression import Expr
from budget_watch.engine.lists import NamedLists

MOST_LISTS = 63


@dataclass
class Marks:
    """The word tests that were asked for over the columns of a source, while compiling.

    Attributes:
        named: the book's word lists.
        known: the source's columns; only those can be marked.
        wanted: column → ids of the lists asked for; the place of a list is its bit.
    """

    named: NamedLists
    known: Collection[str]
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
        asked = self.wanted.setdefault(text.value, [])
        if words not in asked:
            if len(asked) == MOST_LISTS:
                return None
            asked.append(words)
        return pl.col(mark_name(text.value)) & (1 << asked.index(words)) != 0

    def columns(self) -> list[pl.Expr]:
        """The marks as columns to add to the source's rows; call when all is compiled."""
        return [
            pl.col(column)
            .map_batches(self._marker(tuple(asked)), return_dtype=pl.Int64, is_elementwise=True)
            .alias(mark_name(column))
            for column, asked in self.wanted.items()
        ]

    def _marker(self, asked: tuple[str, ...]) -> Callable[[pl.Series], pl.Series]:
        every = [self.named.words[each] for each in asked]
        include = sorted({word for each in every for word in lists.spellings(each.include)})
        bits = [
            lists.has_words(pl.col("text"), each).cast(pl.Int64) * (1 << at)
            for at, each in enumerate(every)
        ]

        def mark(texts: pl.Series) -> pl.Series:
            rows = texts.alias("text").to_frame()
            different = rows.unique().drop_nulls()
            likely = different.filter(pl.col("text").str.contains_any(include))
            marked = likely.select("text", mark=pl.sum_horizontal(bits))
            joined = rows.join(marked, on="text", how="left", maintain_order="left")
            known = pl.col("text").is_not_null()
            return joined.select(pl.when(known).then(pl.col("mark").fill_null(0))).to_series()

        return mark


def mark_name(column: str) -> str:
    """The name of a column's marks."""
    return f"__w_{column}"
