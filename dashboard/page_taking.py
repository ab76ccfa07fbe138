"""Taking a page away: as a workbook, one table as CSV, one chart as a picture.

The server makes the page anew under the reader's own grant, from the snapshot that they saw, and
hands out what it shows: nothing can be taken away that cannot be read. It is written into the
audit log first. A picture is drawn by the reader's browser, which gets the marked caption here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from budget_watch.access import Grant
from budget_watch.access.granting import require
from budget_watch.audit import Note
from budget_watch.casework.accounts import people, store_of
from budget_watch.casework.auditing import noted
from budget_watch.casework.cases import HERE, Actor
from budget_watch.digest.page_book import PageBook, Sheet
from budget_watch.digest.page_csv import write_csv
from budget_watch.digest.page_sheets import write_book
from budget_watch.digest.reason import reason_of
from budget_watch.lake import Home
from dashboard.acting import text_of
from dashboard.address import Address, parse
from dashboard.context import Context, open_context
from dashboard.errors import AddressError, BadRequestError, DashboardError
from dashboard.frame import Page
from dashboard.page_reading import Reading, read, words
from dashboard.pages import route
from dashboard.reach import check_open
from dashboard.signin.request import bearable

MOST = 20_000  # rows of one export
FORMATS = {"xlsx": "Excel", "csv": "CSV", "png": "PNG（图）"}
PAGE, ALL = "page", "all"
_LONGEST = 4_000  # characters of an address


class TooManyError(DashboardError):
    """More rows than one export holds."""

    def __init__(self, count: int | None) -> None:
        there = f"共{count:,}行" if count else "行数"
        super().__init__(
            f"{there}超过一次导出的上限{MOST:,}行，没有导出。请按部门、单位、月份或金额缩小范围后分次导出。"
        )


def taken(home: Home, actor: Actor, asked: Mapping[str, Any]) -> tuple[str, bytes]:
    """The file that is asked for: its name and content.

    Raises:
        ForbiddenError: the reader's role does not export.
        DashboardError, DigestError: no reason, no such page or table, too many rows.
    """
    require(store_of(home), actor.grant.role, "export")
    why, kind = reason_of(text_of(asked, "reason")), text_of(asked, "format") or "xlsx"
    if kind not in ("xlsx", "csv"):
        raise BadRequestError("页面只导出为 Excel 或 CSV；图导出为 PNG。")
    book = book_of(home, actor.grant, address_of(asked), whole=text_of(asked, "range") == ALL)
    at = datetime.now(UTC)
    mark = mark_of(home, actor, at, why)
    stem = f"{_plain(book.title)}-{book.as_of}"
    if kind == "xlsx":
        _noted(home, actor, book, why, at, {"format": kind, "range": book.extent})
        return f"{stem}.xlsx", write_book(book, mark, at)
    sheet = _chosen(book, text_of(asked, "table"))
    only = replace(book, sheets=(sheet,))
    _noted(home, actor, only, why, at, {"format": kind, "range": book.extent})
    return f"{stem}-{_plain(sheet.title)}.csv", write_csv(book, sheet, mark)


def pictured(home: Home, actor: Actor, asked: Mapping[str, Any]) -> dict[str, str]:
    """What the reader's browser writes around a chart that it draws: written down before that.

    Raises:
        ForbiddenError, DashboardError, DigestError: as for `taken`; no such chart.
    """
    require(store_of(home), actor.grant.role, "export")
    why = reason_of(text_of(asked, "reason"))
    book = book_of(home, actor.grant, address_of(asked), whole=False)
    title = text_of(asked, "chart")
    sheet = next((each for each in book.sheets if each.plot and each.title == title), None)
    if sheet is None or sheet.plot is None:
        raise BadRequestError("页面上没有这张图；请刷新页面后再导出。")
    at = datetime.now(UTC)
    _noted(home, actor, replace(book, sheets=(sheet,)), why, at, {"format": "png", "range": "图"})
    return {
        "name": f"{_plain(book.title)}-{book.as_of}-{_plain(sheet.title)}.png",
        "page": book.title,
        "title": sheet.plot.title,
        "sub": f"{sheet.plot.sub} · 数据截至 {book.as_of}",
        "source": sheet.source,
        "mark": mark_of(home, actor, at, why),
    }


def address_of(asked: Mapping[str, Any]) -> Address:
    """The page that a request names.

    Raises:
        BadRequestError, AddressError: no address of this site.
    """
    said = asked.get("at")
    if not isinstance(said, str) or not 0 < len(said) <= _LONGEST or not bearable(said):
        raise BadRequestError("请求读不懂；请刷新页面后再办。")
    try:
        parts = urlsplit(said)
    except ValueError:
        raise BadRequestError("请求读不懂；请刷新页面后再办。") from None
    if parts.scheme or parts.netloc:
        raise BadRequestError("只导出本系统的页面。")
    return parse(parts.path, parts.query).with_query(print=None)


def book_of(home: Home, grant: Grant, address: Address, *, whole: bool) -> PageBook:
    """A page as its reader may see it, with all rows of its lists where they are asked for.

    Raises:
        DashboardError: the page is not there, not open to the reader, or too long.
    """
    if whole:
        address = address.with_query(after=None)
    page, context = _opened(home, grant, address, whole)
    found = read(page.body)
    _bearable(found, found.total if whole else None)
    if whole and found.whole is not None:
        page, context = _opened(home, grant, _here(found.whole), whole)
        found = read(page.body)
    sheets = list(found.sheets)
    further = found
    while whole and further.more is not None:
        title, href = further.more
        further = read(_opened(home, grant, _here(href), whole)[0].body)
        more = next((each for each in further.sheets if each.title == title), None)
        if more is None:
            break
        at = next(at for at, each in enumerate(sheets) if each.title == title)
        sheets[at] = replace(sheets[at], rows=(*sheets[at].rows, *more.rows))
        _bearable(replace(found, sheets=sheets), None)
    listed = sum(len(each.rows) for each in sheets)
    fixed = address.with_query(asof=None, snap=context.snapshot.id)
    return PageBook(
        words(page.title).replace("\n", " "),
        words(page.lead),
        fixed.href,
        context.as_of,
        context.snapshot.id,
        context.unit,
        tuple(found.figures),
        tuple(sheets),
        tuple(found.told),
        f"全部{listed:,}行" if whole else f"当前页{listed:,}行",
    )


def _bearable(found: Reading, total: int | None) -> None:
    listed = sum(len(each.rows) for each in found.sheets)
    if max(listed, total or 0) > MOST:
        raise TooManyError(total)


def _opened(home: Home, grant: Grant, address: Address, whole: bool) -> tuple[Page, Context]:
    check_open(grant, address)
    context = None if address.page == "admin" else open_context(home, grant, address)
    if context is None:
        raise AddressError("这个页面没有可导出的内容。")
    context = replace(context, whole=whole)
    return route(context), context


def _here(href: str) -> Address:
    parts = urlsplit(href)
    return parse(parts.path, parts.query)


def _chosen(book: PageBook, title: str) -> Sheet:
    if not book.sheets:
        raise BadRequestError("这个页面没有表格可以导出为 CSV。")
    found = next((each for each in book.sheets if each.title == title), None)
    if found is None and title:
        raise BadRequestError("页面上没有这张表；请刷新页面后再导出。")
    return found or book.sheets[0]


def mark_of(home: Home, actor: Actor, at: datetime, reason: str) -> str:
    """The watermark: who, when, what for."""
    name = people(home).get(actor.user)
    who = f"{name}（{actor.user}）" if name else actor.user
    return f"{who} {at.astimezone(HERE):%Y-%m-%d %H:%M} 导出，用途：{reason}"


def _noted(
    home: Home, actor: Actor, book: PageBook, why: str, at: datetime, more: Mapping[str, str]
) -> None:
    details: dict[str, Any] = {
        "reason": why,
        "page": book.title,
        "snapshot": book.snapshot,
        "rows": book.rows,
        **more,
    }
    noted(home, Note(actor.who, "page.export", "page", book.address, details, at))


def _plain(text: str) -> str:
    """A text as a part of a file's name."""
    return "".join("_" if sign in '\\/:*?"<>|' or ord(sign) < 32 else sign for sign in text)[:60]
