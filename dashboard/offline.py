"""The offline package of a session for one deputy: pages made under their rights, in one file.

Nothing is in it that they could not open themselves today: each page is made under their own Grant
and read as it shows (`dashboard.page_taking.book_of`); a page not open to them is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from html import escape

from budget_watch.access import Grant
from budget_watch.access.errors import AccessError
from budget_watch.access.granting import grant_of, require
from budget_watch.audit import Note
from budget_watch.casework.accounts import store_of
from budget_watch.casework.auditing import noted
from budget_watch.casework.cases import HERE, Actor, today_of
from budget_watch.casework.errors import ActError
from budget_watch.casework.file_store import bytes_of
from budget_watch.congress.reports import paragraphs, reports_of
from budget_watch.congress.session import DEPUTY, Congress, CongressDesk, get_congress
from budget_watch.digest.package import Head, write_package
from budget_watch.digest.package_key import fingerprint, private_key
from budget_watch.digest.page_book import PageBook, Row, Sheet, Title
from budget_watch.digest.reason import reason_of
from budget_watch.lake import Home
from budget_watch.views import draft_budget as budgets
from budget_watch.views.books import BOOKS
from budget_watch.views.draft_departments import disclosed, divided, plan
from dashboard.address import Address
from dashboard.context import open_context
from dashboard.errors import DashboardError
from dashboard.page_taking import book_of, mark_of
from dashboard.pages.draft_sheets import TABS
from dashboard.plot_drawing import image_of

ROLE = "deputy"
PURPOSE = "人代会离线材料"
SHOWN = {"key": "审查要点", "words": "名词解释", "report": "报告文本"}  # tabs of the session


@dataclass(frozen=True)
class Packed:
    """A package as it is handed out."""

    name: str
    content: bytes
    head: Head
    pages: int


def packed(
    home: Home,
    actor: Actor,
    number: str,
    user: str,
    passphrase: str,
    reason: str,
    *,
    until: date | None = None,
    now: datetime | None = None,
) -> Packed:
    """Make the package of one deputy; it is written into the audit log before it is handed out.

    Args:
        until: its last day, the session's by default and at most.

    Raises:
        UnknownCongressError: no such session, or not the maker's.
        ForbiddenError: the maker's role takes nothing away.
        ActError: not one of its deputies, no role in force, or a day outside the session.
        DigestError: no reason, or too short a passphrase.
    """
    at = now or datetime.now(UTC)
    require(store_of(home), actor.grant.role, "export")
    one, desk = get_congress(home, actor, number, today_of(at)), CongressDesk.of(home)
    if actor.grant.role is not None and not desk.keeps(actor, one):
        raise ActError(f"离线材料由{'、'.join(desk.flow.keepers)}制作。")
    why, last = reason_of(reason), _last(one, until, today_of(at))
    grant = _grant(home, one, user)
    books = books_of(home, grant, one)
    member = one.member(user)
    key = private_key(home.root)
    head = Head(
        one.id,
        one.title,
        user,
        member.name if member else user,
        at.astimezone(HERE).isoformat(timespec="seconds"),
        datetime.combine(last, time(23, 59, 59), HERE).isoformat(),
        books[0].snapshot,
        books[0].as_of.isoformat(),
        fingerprint(key.public_key()),
    )
    mark = mark_of(home, Actor(grant, ""), at, why)
    content = write_package(head, rendered(books, mark, texts_of(home, one)), passphrase, key)
    said = {"user": user, "reason": why, "expires": head.expires, "pages": len(books)}
    said |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), "key": head.key}
    noted(home, Note(actor.who, "congress.package", "congress", one.id, said, at))
    return Packed(f"离线材料-{one.id}-{user}.html", content, head, len(books))


def _last(one: Congress, until: date | None, today: date) -> date:
    last = until or one.until
    if not today <= last <= one.until or one.closed_at is not None:
        raise ActError(f"有效期应在今天至会期末日 {one.until} 之间；会次已闭的不再制作。")
    return last


def _grant(home: Home, one: Congress, user: str) -> Grant:
    member = one.member(user)
    if member is None or member.part != DEPUTY:
        raise ActError(f"{user} 不在会次 {one.id} 的代表名单上。")
    try:
        return grant_of(store_of(home), user, PURPOSE, ROLE)
    except AccessError as error:
        raise ActError(str(error)) from error


def books_of(home: Home, grant: Grant, one: Congress) -> list[PageBook]:
    """The pages, those not open to the reader left out, no table twice."""
    found: list[PageBook] = []
    told: set[tuple[str, int]] = set()
    for title, address in addresses(home, grant, one):
        try:
            book = book_of(home, grant, address, whole=True)
        except DashboardError:
            continue
        fresh = [each for each in book.sheets if (each.title, hash(each.rows)) not in told]
        told |= {(each.title, hash(each.rows)) for each in fresh}
        found.append(replace(book, title=title or book.title, sheets=tuple(fresh)))
    if not found:
        raise ActError("没有这位代表现在能看的页面；角色在会期首日生效，那天起才能制作。")
    return found


def addresses(home: Home, grant: Grant, one: Congress) -> list[tuple[str, Address]]:
    """What a package holds: key points, words, the four books, a page a department.

    Returns:
        The title under which each page stands, empty where it keeps its own.
    """
    start = Address("overview")
    own = start.at("congress", one.id)
    found = [(name, own.with_query(tab=tab)) for tab, name in SHOWN.items()]
    context = open_context(home, grant, start)
    place = context.city if context is not None else None
    if context is None or place is None:
        return found
    years = budgets.years(context.desk, place)
    if not years:
        return found
    year = str(max(years))
    draft = start.at("draft").with_query(fy=year)
    found += [(f"预算草案：{BOOKS[at]}", draft.with_query(tab=t or None)) for t, at in TABS.items()]
    shown = plan(context.desk, place, max(years), "")
    if shown.version:
        rows = divided(context.desk, place, shown, "d")
    else:
        _, rows = disclosed(context.desk, place, max(years))
    pages = [start.at("draft", f"d{row.code}").with_query(fy=year) for row in rows if row.code]
    return [*found, *(("", page) for page in pages)]


# ---- as HTML
def texts_of(home: Home, one: Congress) -> list[tuple[str, Sequence[str]]]:
    """The reports that the session debates: name and paragraphs; all who take part read them."""
    found = reports_of(home, one.id)
    return [(each.name, paragraphs(bytes_of(home, each))) for each in found]


def rendered(
    books: Sequence[PageBook], mark: str, texts: Sequence[tuple[str, Sequence[str]]] = ()
) -> str:
    """The pages one after another, with the way to each; the texts of reports after them."""
    ways = [f'<li><a href="#p{n}">{escape(b.title)}</a></li>' for n, b in enumerate(books)]
    first = sum("/draft/d" not in book.address for book in books)
    more = len(ways) - first
    read = "".join(
        f'<li><a href="#t{n}">{escape(name)}</a></li>' for n, (name, _) in enumerate(texts)
    )
    nav = f"<ul>{''.join(ways[:first])}{read}</ul>"
    if more:
        below = "".join(ways[first:])
        nav += f"<details><summary>各部门（{more}个）</summary><ul>{below}</ul></details>"
    pages = "".join(_page(n, book) for n, book in enumerate(books))
    pages += "".join(_text(n, name, said) for n, (name, said) in enumerate(texts))
    return f'<nav>{nav}</nav>{pages}<p class="mark">{escape(mark)}</p>'


def _text(at: int, name: str, said: Sequence[str]) -> str:
    lines = "".join(f"<p>{escape(each)}</p>" for each in said)
    return f'<section id="t{at}"><h2>{escape(name)}</h2>{lines}</section>'


def _page(at: int, book: PageBook) -> str:
    parts = [f'<section id="p{at}"><h2>{escape(book.title)}</h2>']
    if book.lead:
        parts.append(f'<p class="lead">{escape(book.lead)}</p>')
    if book.figures:
        figures = "".join(
            f"<div><dt>{escape(each.label)}</dt><dd>{escape(each.text)}"
            f"<small>{escape(each.notes)}</small></dd></div>"
            for each in book.figures
        )
        parts.append(f'<dl class="figures">{figures}</dl>')
    told = (f"{where}：{said}" if where else said for where, said in book.told)
    parts += [f'<p class="lack">{escape(each)}</p>' for each in told]
    parts += [_table(sheet, f"p{at}c{n}") for n, sheet in enumerate(book.sheets)]
    parts.append(
        f'<p class="source">数据截至 {book.as_of}，快照 {escape(book.snapshot)}；'
        f"金额单位{escape(book.money)}</p></section>"
    )
    return "".join(parts)


def _table(sheet: Sheet, ident: str) -> str:
    head = "".join(f"<th{_number(each.number)}>{escape(each.text)}</th>" for each in sheet.columns)
    rows = "".join(_row(row, sheet.columns) for row in sheet.rows)
    said = " · ".join(each for each in (sheet.sub, sheet.unit) if each)
    note = f'<p class="note">{escape(said)}</p>' if said else ""
    source = f'<p class="source">{escape(sheet.source)}</p>' if sheet.source else ""
    drawn = ""
    if sheet.plot is not None:
        drawn = f'<img alt="{escape(sheet.plot.title)}" src="{image_of(sheet.plot, ident)}">'
    return (
        f"<h3>{escape(sheet.title)}</h3>{note}{drawn}"
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{source}"
    )


def _row(row: Row, columns: Sequence[Title]) -> str:
    first, *rest = row.cells
    if rest and not any(cell.text for cell in rest):
        return f'<tr class="over-all"><th colspan="{len(columns)}">{escape(first.text)}</th></tr>'
    cells = "".join(
        f"<td{_number(column.number)}>{escape(cell.text)}</td>"
        for cell, column in zip(row.cells, columns, strict=True)
    )
    return f'<tr class="{escape(row.kind)}">{cells}</tr>'


def _number(numeric: bool) -> str:
    return ' class="num"' if numeric else ""
