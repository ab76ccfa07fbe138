"""Reads one listing until it is known to be whole, although it may shift while it is read.

A listing that moves between two pages loses a row at their border or shows one twice. One pass is
believed where it could not move: it had one page, or the interface names a snapshot and stayed with
it. Otherwise a second pass is made with another page size; two passes that show the same rows, with
the declared total, are whole. A page sent twice or skipped shows in the same way, since its borders
lie elsewhere in the other pass.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from ingest.source import SourceFault
from ingest.sources.http.client import Answer, Client
from ingest.sources.http.faults import Denied, WrongAnswer
from ingest.sources.http.kept import Kept, Shelf
from ingest.sources.http.page import KEY, ROW, Page, PageReader
from ingest.sources.http.questions import Question
from ingest.sources.http.settings import Paging


@dataclass(frozen=True)
class Whole:
    """A listing that is whole: its pages, the rows the interface counted, what was odd."""

    pages: tuple[Kept, ...]
    total: int | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pass:
    """One reading of all pages.

    `totals`: what the pages said of the whole; `repeated`: keys that stand on several pages;
    `growing`: rows beyond the window may be added while it is read; `shown_again`: it ended because
    a page was shown again, which may as well be a page sent twice.
    """

    pages: tuple[Kept, ...]
    growing: bool
    resumed: bool
    rows: int
    totals: frozenset[int | None]
    snapshots: frozenset[str | None]
    repeated: int
    marks: pl.Series = field(compare=False)
    shown_again: bool = False

    @property
    def shortfall(self) -> str:
        """What the interface's own counts say against this pass; empty where nothing."""
        if len(self.snapshots) > 1:
            return "读取过程中接口换了数据版本"
        if len(self.totals) > 1 and not self.growing:
            return "读取过程中总条数变动"
        total = self.pages[-1].total
        if total is not None and total != self.rows:
            return f"申报总数 {total:,} 条，实收 {self.rows:,} 条"
        return ""

    @property
    def steady(self) -> bool:
        """Whether it could not move (one page, or one named snapshot) and nothing is against it."""
        filled = sum(1 for page in self.pages if page.rows)
        named = None not in self.snapshots
        still = not self.shown_again and (filled <= 1 or named)
        return not self.shortfall and not self.repeated and still


class Listing:
    """Reads listings of one resource; pages lie below `folder`."""

    def __init__(self, client: Client, folder: Path, key: bytes) -> None:
        self.client = client
        self.folder = folder
        self.key = key

    def read(self, question: Question) -> Whole:
        """Read until whole.

        Raises:
            SourceFault: refused, failing, or still moving after the last pass; what was read of a
                moving listing is forgotten. Stopped: see Errand.
        """
        before: Pass | None = None
        paging = question.resource.paging or self.client.settings.paging
        shelf = self.place(question)
        what = ""
        for number in range(self.client.settings.passes):
            now = self._pass(question, paging, shelf, number, before)
            trusted = paging.steady and None not in now.totals and not now.resumed
            if now.steady or (trusted and not now.shortfall and not now.repeated):
                return _whole(now)
            if before is not None:
                what = _against(before, now)
                if not what:
                    return _whole(now)
            before = now
        shutil.rmtree(shelf, ignore_errors=True)
        raise SourceFault(
            f"数据源“{self.client.settings.name}”的 {question.title} 读了"
            f" {self.client.settings.passes} 遍仍不完整：{what}。本次没有采用，请在接口不忙时"
            "重新运行；总是这样，请接口的维护人员核对分页、排序和总数。"
        )

    def place(self, question: Question) -> Path:
        """Where the pages of a question are kept."""
        told = self.client.settings
        paging = question.resource.paging or told.paging
        text = json.dumps(
            [question.params, question.before, question.resource.model_dump(mode="json"),
             paging.model_dump(mode="json"), told.base_url, told.page_size]
        )  # fmt: skip
        return self.folder / hashlib.sha256(text.encode()).hexdigest()[:24]

    def _pass(
        self, question: Question, paging: Paging, place: Path, number: int, before: Pass | None
    ) -> Pass:
        shelf = Shelf(place / f"pass-{number}")
        size = _size(self.client.settings.page_size, number, before)
        try:
            return _made(*self._pages(question, paging, shelf, size), question)
        except Denied:
            if shelf.load(0) is None or paging.kind == "page":
                raise
            shelf.clear()  # a cursor kept from an earlier run may have run out
            return _made(*self._pages(question, paging, shelf, size), question)

    def _pages(
        self, question: Question, paging: Paging, shelf: Shelf, size: int
    ) -> tuple[tuple[Kept, ...], bool]:
        """All pages, and whether they ended because the last one was shown again."""
        reader = PageReader(question.resource, paging, question.before, self.key, question.dated)
        pages: list[Kept] = []
        seen: set[str] = set()
        while True:
            self.client.errand.go_on()
            number = len(pages)
            page = shelf.load(number)
            if page is None:
                page = shelf.keep(number, self._asked(question, paging, reader, pages, size, seen))
            self._tell(question, pages, page)
            if paging.kind == "page":
                if page.total is None and pages and _same(pages[-1], page):
                    return tuple(pages), True  # beyond its end it shows the last page again
                pages.append(page)
                read = sum(one.rows for one in pages)
                if not page.rows or (page.total is not None and read >= page.total):
                    return tuple(pages), False
            else:
                pages.append(page)
                if page.next is None:
                    return tuple(pages), False
                seen.add(page.next)

    def _asked(
        self, question: Question, paging: Paging, reader: PageReader, pages: Sequence[Kept],
        size: int, seen: set[str],
    ) -> Page:  # fmt: skip
        path, params = question.resource.path, question.params
        if paging.kind == "page":
            asked = (paging.page, str(paging.first + len(pages)))
            params = (*params, asked, (paging.size, str(size)))
        elif not pages:
            params = (*params, (paging.size, str(size)))
        elif paging.kind == "cursor":
            params = (*params, (paging.size, str(size)), (paging.cursor, str(pages[-1].next)))
        else:
            path, params = str(pages[-1].next), ()

        def read(answer: Answer) -> Page:
            page = reader.read(answer)
            if page.next is not None and page.next in seen:
                raise WrongAnswer("下一页又指回已读过的页")
            if page.next is not None and paging.kind == "link":
                self.client.url(page.next)  # one that leads elsewhere is not kept
            return page

        return self.client.get(path, params, read)

    def _tell(self, question: Question, pages: Sequence[Kept], page: Kept) -> None:
        read = sum(one.rows for one in pages) + page.rows
        of = f"/{page.total:,}" if page.total is not None else ""
        self.client.errand.tell(f"{question.title}：{read:,}{of} 条")


def _size(wanted: int, number: int, before: Pass | None) -> int:
    """The page size of a pass: other borders each time, also where the interface caps the size."""
    real = wanted
    if before is not None and len(before.pages) > 1 and before.pages[0].rows:
        real = min(wanted, before.pages[0].rows)
    return max(1, real - number * max(1, real // 7)) if number else wanted


def _made(pages: tuple[Kept, ...], shown_again: bool, question: Question) -> Pass:
    """What a pass shows: its rows' marks, sorted, and how many keys stand on several pages.

    Rows that are added at the head of a growing list push others to the next page, so that some
    are shown twice: there a repetition says nothing.
    """
    growing = question.before is not None and not question.resource.until
    marks = [page.frame(KEY, ROW) for page in pages]
    keys = [frame.select(KEY).unique() for frame in marks]
    found = pl.concat(keys)
    rows = pl.concat(marks)[ROW]
    return Pass(
        pages,
        growing,
        any(page.again for page in pages),
        sum(page.rows for page in pages),
        frozenset(page.total for page in pages),
        frozenset(page.snapshot for page in pages),
        found.height - found.n_unique(),
        (rows.unique() if growing else rows).sort(),
        shown_again,
    )


def _against(before: Pass, now: Pass) -> str:
    """What speaks against taking two passes for whole; empty where nothing does."""
    if now.shortfall:
        return now.shortfall
    if not before.marks.equals(now.marks):
        return "两遍读到的行不同"
    if now.repeated and before.pages[0].rows == now.pages[0].rows:
        return f"有 {now.repeated:,} 条在几页里重复出现"
    return ""


def _same(one: Kept, other: Kept) -> bool:
    return one.rows == other.rows > 0 and one.frame(ROW).equals(other.frame(ROW))


def _whole(found: Pass) -> Whole:
    notes = []
    extra = sorted({name for page in found.pages for name in page.extra})
    if extra:
        notes.append(f"字段 {'、'.join(extra[:6])}{'等' if extra[6:] else ''} 不在约定中，没有取")
    return Whole(found.pages, found.pages[-1].total, tuple(notes))
