"""Writes a document as one HTML file: nothing fetched, SVG charts, a figure leads to its query."""

from __future__ import annotations

from html import escape
from pathlib import Path

from budget_watch.digest import exempted
from budget_watch.digest.document import (
    Block,
    Chart,
    Document,
    Masthead,
    Note,
    Number,
    Paragraph,
    Run,
    Section,
    Table,
)
from budget_watch.digest.ledger import Ledger, Use, anchor_text, as_json, ledger
from budget_watch.digest.signature import REACH, SIGNER, Signature
from budget_watch.digest.svg import svg

STYLE = Path(__file__).with_name("report.css")
_BLANKS = {SIGNER: '<span id="signer">', REACH: '<span id="reach">'}


def write(document: Document) -> bytes:
    """The whole file, UTF-8."""
    book = ledger(document)
    number = {entry.key: entry.number for entry in book.entries}
    head = document.masthead
    parts = [
        '<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(head.title)} {escape(head.issue)}</title>",
        f"<style>{STYLE.read_text(encoding='utf-8')}</style></head><body>",
        '<a class="skip" href="#text">跳到正文</a><div class="page">',
        _masthead(document),
        f'<section class="summary"><h2>要点</h2>{_blocks(document.summary, number, "s")}',
        _gaps(document),
        "</section>",
        _contents(document) if document.pages is None else "",
        '<main id="text">',
        *(_section(section, at, number) for at, section in enumerate(document.sections)),
        _definitions(document),
        _exemptions(document),
        _appendix(book, document),
        "</main></div>",
        f'<script type="application/json" id="ledger">{_safe(as_json(document))}</script>',
        "</body></html>\n",
    ]
    return "".join(parts).encode()


def _masthead(document: Document) -> str:
    head = document.masthead
    facts = "".join(f"<li>{escape(fact)}</li>" for fact in head.facts)
    return (
        f'<header><p class="mark">{escape(head.mark)}</p><h1>{escape(head.title)}</h1>'
        f"{_issue(head)}"
        f'<p class="line"><span>{escape(head.issuer)}</span><span>{escape(head.date)}</span></p>'
        f'{_reach(head)}<ul class="facts">{facts}</ul></header>'
    )


def _issue(head: Masthead) -> str:
    told = f"{escape(head.issue)}（{escape(head.subtitle)}）"
    if head.signature is None:
        return f'<p class="issue">{told}</p>'
    signer = f"{SIGNER}：{_blank(SIGNER, head.signature)}"
    return f'<p class="issue signed"><span>{told}</span><span>{signer}</span></p>'


def _reach(head: Masthead) -> str:
    if head.signature is None:
        return ""
    return f'<p class="reach">{REACH}：{_blank(REACH, head.signature)}</p>'


def _blank(name: str, signed: Signature) -> str:
    return f"{_BLANKS[name]}{escape(signed.printed[name])}</span>"


def filled(given: bytes, signed: Signature) -> bytes:
    """The same file with both places filled in."""
    page = given.decode()
    for name, start in _BLANKS.items():
        before, found, after = page.partition(start)
        if found:
            page = f"{before}{_blank(name, signed)}{after.partition('</span>')[2]}"
    return page.encode()


def _gaps(document: Document) -> str:
    if not document.gaps:
        return '<p class="whole">本期所用输入齐全。</p>'
    rows = "".join(
        f"<li>{escape(gap.text)}<span>影响：{escape('、'.join(gap.chapters))}</span></li>"
        for gap in document.gaps
    )
    return (
        f'<div class="gap"><h3>数据缺口（{len(document.gaps)}项，相关内容未写）</h3>'
        f"<ul>{rows}</ul></div>"
    )


def _contents(document: Document) -> str:
    items = "".join(
        f'<li class="level{section.level}"><a href="#c{at}">{escape(section.title)}</a></li>'
        for at, section in enumerate(document.sections)
    )
    return f'<nav aria-label="目录"><h2>目录</h2><ul>{items}</ul></nav>'


def _section(section: Section, at: int, number: dict[str, int]) -> str:
    tag = f"h{section.level + 1}"
    body = _blocks(section.blocks, number, f"c{at}")
    return f'<{tag} id="c{at}">{escape(section.title)}</{tag}>{body}'


def _blocks(blocks: tuple[Block, ...], number: dict[str, int], place: str) -> str:
    return "".join(_block(block, number, f"{place}-{at}") for at, block in enumerate(blocks))


def _block(block: Block, number: dict[str, int], ident: str) -> str:
    if isinstance(block, Paragraph):
        return f"<p>{''.join(_run(run, number) for run in block.runs)}</p>"
    if isinstance(block, Note):
        told = "".join(_run(run, number) for run in block.runs)
        return f'<p class="{"gap" if block.gap else "note"}">{told}</p>'
    if isinstance(block, Table):
        return _table(block, number)
    return _chart(block, ident)


def _run(run: Run, number: dict[str, int]) -> str:
    if isinstance(run, Number):
        return f'<a class="fig" href="#f{number[run.key]}">{escape(run.text)}</a>'
    return escape(run)


def _table(table: Table, number: dict[str, int]) -> str:
    head = "".join(
        f'<th scope="col"{_num(column.numeric)}>{escape(column.head)}</th>'
        for column in table.columns
    )
    rows = []
    for at, row in enumerate(table.rows):
        cells: list[str] = []
        for column, cell in zip(table.columns, row, strict=True):
            text = _run(cell, number)
            if cell == "缺":
                text = '<span class="lack">缺</span>'
            tag = "th" if not cells else "td"
            scope = ' scope="row"' if tag == "th" else ""
            cells.append(f"<{tag}{scope}{_num(column.numeric)}>{text}</{tag}>")
        strong = ' class="total"' if at in table.strong else ""
        rows.append(f"<tr{strong}>{''.join(cells)}</tr>")
    return (
        f'<figure class="table"><figcaption>{escape(table.caption)}'
        f"<span>{escape(table.unit)}</span></figcaption>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(table.caption)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        f'<p class="source">{escape(table.source)}</p></figure>'
    )


def _num(numeric: bool) -> str:
    return ' class="num"' if numeric else ""


def _chart(chart: Chart, ident: str) -> str:
    return (
        f'<figure class="chart"><figcaption>{escape(chart.caption)}</figcaption>'
        f'<div class="scroll">{svg(chart.drawing, chart.alt, f"t-{ident}")}</div>'
        f'<p class="source">{escape(chart.source)}</p></figure>'
    )


def _definitions(document: Document) -> str:
    if not document.definitions:
        return ""
    rows = "".join(f"<li>{escape(text)}</li>" for text in document.definitions)
    return f'<h2 id="terms">口径说明</h2><ul class="terms">{rows}</ul>'


def _exemptions(document: Document) -> str:
    rows = document.exemptions
    day = document.frozen[:10]
    head = f'<h2 id="exemptions">{exempted.TITLE}</h2>'
    if not rows:
        return f'{head}<p class="source">{exempted.NONE}</p>'
    names = "".join(f"<th>{name}</th>" for name in exempted.COLUMNS)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f'{head}<p class="source">{exempted.note(len(rows), day)}</p>'
        f'<div class="scroll"><table class="ledger"><thead><tr>{names}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _appendix(book: Ledger, document: Document) -> str:
    rows = "".join(
        f'<tr id="f{entry.number}"><td class="num">'
        f'<span id="k-{escape(entry.key)}">{entry.number}</span></td>'
        f"<td>{escape(entry.label)}<br><code>{escape(entry.key)}</code></td>"
        f'<td class="num">{escape(entry.value)}</td><td>{escape(entry.scope)}</td>'
        f"<td>{escape(entry.formula)}<br>{_queries(entry.queries)}</td></tr>"
        for entry in book.entries
    )
    queries = "".join(
        f'<li id="q{at}"><code>{escape(sql)}</code></li>'
        for at, sql in enumerate(book.queries, start=1)
    )
    return (
        '<h2 id="figures">附录　数据出处</h2>'
        f'<p class="source">数据快照 {escape(document.snapshot)}。'
        "每个数字对应一行；金额到分，比率列出分子和分母；查询在该快照上重新运行应得同一结果。</p>"
        f'<p class="source anchor">{escape(anchor_text(document))}</p>'
        '<details><summary>数字清单</summary><div class="scroll"><table class="ledger"><thead><tr>'
        "<th>编号</th><th>指标</th><th>数值</th><th>口径</th><th>公式与查询</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div></details>"
        f'<details><summary>查询语句</summary><ol class="queries">{queries}</ol></details>'
        "<script>addEventListener('hashchange',o);function o(){var e=document.getElementById("
        "location.hash.slice(1));if(!e)return;var d=e.closest('details');if(d)d.open=true;"
        "e.scrollIntoView({block:'center'})}o()</script>"
    )


def _queries(uses: tuple[Use, ...]) -> str:
    return "；".join(f'<a href="#q{use.number}">{escape(use.text)}</a>' for use in uses)


def _safe(text: str) -> str:
    return text.replace("<", "\\u003c")
