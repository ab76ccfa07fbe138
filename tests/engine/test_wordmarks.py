"""What a run keeps of texts: the same marks as searching each text, from any thread."""

from __future__ import annotations

import threading
from itertools import product
from pathlib import Path
from typing import Literal

import polars as pl
import pytest

from budget_watch.engine import wordmarks
from budget_watch.engine.lists import NamedLists, has_words
from budget_watch.engine.load import load_book
from budget_watch.engine.model import Words
from budget_watch.engine.wordmarks import Looked, words_named

LISTS = (
    {"id": "food", "title": "餐", "include": ["餐", "饭店"], "exclude": ["餐厅"]},
    {"id": "cars", "title": "车", "include": ["加油", "保养"], "require_also": ["车"]},
)
NAMED = NamedLists({each["id"]: Words.model_validate(each) for each in LISTS})
RULES = Path(__file__).parents[2] / "rules"
ASKED = ("food#0", "cars#0")
PIECES = ("餐费", "餐厅", "饭店", "加油", "车", "保养", "办公", "")
TEXTS = ["".join(each) + str(at) for at, each in enumerate(product(PIECES, PIECES, PIECES))]


def looked() -> Looked:
    found = Looked(NAMED)
    assert [found.place(each) for each in ASKED] == [0, 1]
    return found


def searched(texts: pl.Series) -> list[int | None]:
    """The marks, text by text and without any memory."""
    found = [has_words(pl.col("text"), NAMED.edition(each)) for each in ASKED]
    bits = pl.DataFrame({"text": texts}).select(found[0].cast(pl.Int64) + found[1].cast(int) * 2)
    return bits.to_series().to_list()


def test_marks_are_what_a_search_of_each_text_finds() -> None:
    texts = pl.Series([*TEXTS, None, *reversed(TEXTS), ""])
    known = looked()
    assert known.marks(texts, ASKED).to_list() == searched(texts)
    assert known.marks(texts.reverse(), ASKED).to_list() == searched(texts.reverse())


def test_lists_asked_for_later_are_searched_in_texts_known_before() -> None:
    known, texts = looked(), pl.Series([*TEXTS, None])
    first = known.marks(texts, ASKED[:1])
    assert [mark if mark is None else mark & 1 for mark in first.to_list()] == [
        mark if mark is None else mark & 1 for mark in searched(texts)
    ]
    assert known.marks(texts, ASKED).to_list() == searched(texts)


def test_looking_ahead_forgetting_and_making_room_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = pl.Series([f"{text}{at}" for at in range(150) for text in TEXTS])
    known = looked()
    assert len(many) > 1 << 16
    assert known.marks(many, ASKED).to_list() == searched(many)
    assert known.marks(many.reverse(), ASKED).to_list() == searched(many.reverse())
    texts = pl.Series("text", [*TEXTS, None])
    known.look_ahead("here.text", texts.to_frame().lazy())
    assert known.marks(texts, ASKED).to_list() == searched(texts)
    monkeypatch.setattr(wordmarks, "MOST_TEXTS", 10)
    for start in range(0, len(texts), 50):
        some = texts.slice(start, 100)
        assert known.marks(some, ASKED).to_list() == searched(some)


def test_lists_that_will_be_asked_for_are_searched_with_the_first() -> None:
    known, texts = Looked(NAMED, {"food", "cars"}), pl.Series([*TEXTS, None])
    assert known.places == {"cars#0": 0, "food#0": 1}
    swapped = [None if mark is None else mark >> 1 | (mark & 1) << 1 for mark in searched(texts)]
    assert known.marks(texts, ("food#0",)).to_list() == swapped


def test_what_another_thread_has_searched_meanwhile_is_left_alone() -> None:
    known, texts = looked(), pl.Series(TEXTS)
    known._look(known._texts, texts)
    known._look(known._texts, texts)
    known._look(known._texts, texts.clear())
    assert known.marks(texts, ASKED).to_list() == searched(texts)


def test_the_lists_that_rules_name() -> None:
    book = load_book([RULES])
    assert words_named(book.rules["PZ11"]) == {"instalments", "settled_regularly"}
    assert words_named([book.rules["ZX01"]]) == set()
    every = words_named(list(book.rules.values()))
    assert every == set(book.named.words)


def test_columns_and_threads_may_ask_at_once() -> None:
    """polars asks from its own threads, for several columns, while others ask of themselves.

    So many texts that searching them takes several of its threads.
    """
    texts = [f"{text}{at}" for at in range(60) for text in TEXTS]
    whole = pl.DataFrame({f"c{at}": texts[at * 500 :] + texts[: at * 500] for at in range(6)})
    frame = pl.concat([whole] * 3, rechunk=False)
    expected = frame.select(
        pl.Series(name, searched(texts), dtype=pl.Int64) for name, texts in frame.to_dict().items()
    )
    right: list[bool] = []

    def ask(known: Looked, engine: Literal["in-memory", "streaming"]) -> None:
        marked = frame.lazy().with_columns(
            pl.all().map_batches(
                lambda texts: known.marks(texts, ASKED), return_dtype=pl.Int64, is_elementwise=True
            )
        )
        right.append(marked.collect(engine=engine).equals(expected))

    def alone(known: Looked) -> None:
        right.append(known.marks(frame["c5"], ASKED).to_list() == expected["c5"].to_list())

    for _ in range(3):
        known = looked()
        threads = [
            threading.Thread(target=ask, args=(known, "in-memory"), daemon=True),
            threading.Thread(target=ask, args=(known, "streaming"), daemon=True),
            threading.Thread(target=alone, args=(known,), daemon=True),
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join(60)
        assert not any(each.is_alive() for each in threads), "waits for ever"
    assert right == [True] * 9
