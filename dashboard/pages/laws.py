"""政策法规 /laws, /laws/<id>, /laws/<id>/<条>: search left, article right (pages.md §3.13)."""

from __future__ import annotations

from budget_watch.engine.errors import BookError
from budget_watch.engine.laws import AUTHORITIES, article_name, article_number
from budget_watch.views import formats as fmt
from budget_watch.views.laws import Library, Match, Work, citing, find, library, named, state_of
from dashboard import elements as html
from dashboard.book import book_of
from dashboard.context import Context
from dashboard.errors import AddressError, DashboardError, NotFoundError
from dashboard.frame import Page
from dashboard.markup import Input
from dashboard.pages.law_article import UNCHECKED, article_blocks, checked, law_blocks
from dashboard.pages.law_text import HOW, law_at, marked
from dashboard.pages.place_text import source
from dashboard.parts import Node, attrs, block, empty, link
from dashboard.table import Column, Line, table

FIRST = 30
LEAST = 2


def page(context: Context) -> Page:
    """The register, what a word finds, a law, or an article."""
    known, parts = library_of(context), context.address.parts
    word = " ".join(context.address.get("q").split())
    if parts and parts[0] not in known:
        raise NotFoundError
    found = find(known, word) if len(word) >= LEAST else []
    if not parts and not word:
        return _register(context, known)
    return _chosen(context, known, word, found) if parts else _found(context, known, word, found)


def library_of(context: Context) -> Library:
    """The laws of the home's register with their texts.

    Raises:
        DashboardError: a text file cannot be read.
    """
    try:
        return library(context.home.root, book_of(context).laws)
    except BookError as error:
        raise DashboardError(str(error)) from error


def _counted(known: Library) -> str:
    loaded = [work for work in known.values() if work.articles]
    articles = sum(len(work.articles) for work in loaded)
    said = f"登记{len(known)}部法律法规和文件，已载入{len(loaded)}部、{fmt.count(articles)}条原文"
    return f"{said}；其余{len(known) - len(loaded)}部没有原文。"


# ---- without a word
def _register(context: Context, known: Library) -> Page:
    groups = [
        (title, [work for work in known.values() if work.law.authority == name])
        for name, title in AUTHORITIES.items()
    ]
    blocks: list[Node] = [_group(context, title, works) for title, works in groups if works]
    if not any(work.articles for work in known.values()):
        blocks.insert(0, empty(f"还没有载入法规原文，不能全文检索。{HOW}"))
    return Page(
        "政策法规",
        [_form(context, ""), html.Div(blocks, className="rows")],
        lead=_counted(known),
    )


def _group(context: Context, title: str, works: list[Work]) -> html.Section:
    columns = [
        Column("名称", width="38%"),
        Column("文号", minor=True),
        Column("版本", minor=True),
        Column("施行"),
        Column("状态"),
        Column("原文"),
        Column("引用的规则", number=True),
    ]
    rules = [(each.law, each.rule.id) for each in citing(book_of(context))]
    lines = []
    for work in works:
        law = work.law
        number = len({rule for cited, rule in rules if cited == law.id})
        counted: Node = fmt.count(number)
        if number:
            counted = link(counted, law_at(context, law.id).with_query(tab="rules"))
        lines.append(
            Line(
                [
                    link(law.title, law_at(context, law.id)),
                    law.number or fmt.NOT_APPLICABLE,
                    law.version or fmt.NOT_APPLICABLE,
                    fmt.day(law.valid_from),
                    state_of(law, context.as_of),
                    text_state(work),
                    counted,
                ]
            )
        )
    return block(
        title,
        table(title, columns, lines),
        flush=True,
        sub=f"{len(works)}部",
        source=source(context, "法律法规登记"),
    )


def text_state(work: Work) -> str:
    """How far a law's text is here: its articles, not loaded, or never checked."""
    if work.articles:
        return f"{len(work.articles)}条"
    return "未载入" if checked(work) else "待核对原文"


# ---- with one
def _found(context: Context, known: Library, word: str, found: list[Match]) -> Page:
    laws = named(known, word)
    if not found:
        return Page("政策法规", _nothing(context, known, word, laws), lead=_counted(known))
    first = found[0]
    right = article_blocks(context, known, first.work, first.article, word)
    return Page(
        f"政策法规：{word}",
        [_two(context, word, _results(context, word, found, laws, first), right, "listing")],
        lead=f"找到{fmt.count(len(found))}条，在{len({m.work.law.id for m in found})}部法规中。",
    )


def _nothing(context: Context, known: Library, word: str, laws: list[Work]) -> list[Node]:
    if laws:
        shown: Node = block(
            "名称相符的法规",
            html.Ul(_names(context, laws), className="law-hits"),
            source=source(context, "法律法规登记"),
        )
    elif len(word) < LEAST:
        shown = empty(f"请输入至少{LEAST}个字。")
    elif not any(work.articles for work in known.values()):
        shown = empty(f"还没有载入法规原文，不能全文检索。{HOW}")
    else:
        shown = empty(f"已载入的条文里没有“{word}”。", link("全部法规", context.address.at("laws")))
    return [_form(context, word), shown]


def _chosen(context: Context, known: Library, word: str, found: list[Match]) -> Page:
    work = known[context.address.parts[0]]
    crumbs: list[tuple[str, Node]] = [
        ("政策法规", context.address.at("laws", keep=("asof", "snap")))
    ]
    if len(context.address.parts) == 1:
        right, left = law_blocks(context, known, work), _contents(context, work, None)
        title: str = work.law.title + ("" if checked(work) else UNCHECKED)
        crumbs.append((work.law.name, None))
        phone = ""
    else:
        article = _article(work, context.address.parts[1])
        right = article_blocks(context, known, work, article, word)
        left = _contents(context, work, article)
        title, phone = f"{work.law.quoted}{article_name(article)}", "picked"
        crumbs += [(work.law.name, law_at(context, work.law.id)), (article_name(article), None)]
        here = next((m for m in found if m.work is work and m.article == article), None)
        if word:
            left = _results(context, word, found, named(known, word), here)
    return Page(title, [_two(context, word, left, right, phone)], crumbs=crumbs)


def _article(work: Work, said: str) -> str:
    """An article of an address, as the texts number it."""
    article = article_number(said)
    if not article.replace("-", "").isdigit():
        raise AddressError(f"地址里的“{said}”不是条号；应如 35、22-1 或 第三十五条。")
    if work.articles and article not in work.articles:
        raise AddressError(
            f"{work.law.quoted}已载入的文本有{len(work.articles)}条，没有{article_name(article)}。"
        )
    return article


def _two(context: Context, word: str, left: Node, right: list[Node], phone: str = "") -> html.Div:
    """Two columns. On a phone one stands alone: `listing` the left, `picked` the right."""
    return html.Div(
        [
            html.Div([_form(context, word), *_back(context, word), left], className="law-left"),
            html.Div(right, className="rows law-right"),
        ],
        className=f"cols-law {phone}".strip(),
    )


def _back(context: Context, word: str) -> list[Node]:
    """On a phone, from an article to what was found."""
    if not word or not context.address.parts:
        return []
    to = context.address.at("laws", keep=("asof", "snap"), q=word)
    return [html.P(link("‹ 检索结果", to), className="narrow-only law-back")]


def _form(context: Context, word: str) -> html.Aside:
    held = [(key, context.address.get(key)) for key in ("asof", "snap")]
    form = html.Form(
        [
            Input(
                name="q",
                type="search",
                value=word,
                maxLength=60,
                placeholder="字词、条号或法规名，空格隔开",
                **attrs({"aria-label": "检索条文"}),
            ),
            *(Input(name=key, type="hidden", value=value) for key, value in held if value),
            html.Button("检索", type="submit", className="button"),
        ],
        className="search-form",
        role="search",
        **attrs({"data-filter": "/laws", "aria-label": "检索条文"}),
    )
    return html.Aside(form, className="law-form", **attrs({"aria-label": "检索条文"}))


# ---- the left side
def _names(context: Context, laws: list[Work]) -> list[Node]:
    return [html.Li(link(work.law.title, law_at(context, work.law.id))) for work in laws]


def _results(
    context: Context, word: str, found: list[Match], laws: list[Work], here: Match | None
) -> html.Aside:
    every = context.address.get("open") == "all"
    shown = found if every else found[:FIRST]
    items: list[Node] = []
    for each in shown:
        to = law_at(context, each.work.law.id, each.article).with_query(
            q=word, open="all" if every else None
        )
        head = link(f"{each.work.law.quoted}{article_name(each.article)}", to, current=each is here)
        items.append(html.Li([head, html.P(marked(each.excerpt, each.spans))]))
    parts: list[Node] = []
    if laws:
        parts += [html.H3("名称相符的法规"), html.Ul(_names(context, laws), className="law-hits")]
    parts += [html.H3(f"条文 {fmt.count(len(found))}"), html.Ol(items, className="law-hits")]
    if len(shown) < len(found):
        more = context.address.with_query(open="all")
        parts.append(html.P(link(f"显示全部{len(found)}条", more, replace=True)))
    if not found:
        parts = [html.P(f"已载入的条文里没有“{word}”。", className="note")]
    return html.Aside(parts, className="law-list block", **attrs({"aria-label": "检索结果"}))


def _contents(context: Context, work: Work, article: str | None) -> html.Aside:
    """The chapters of a law, the present one with its articles."""
    inside = work.above(article) if article and article in work.articles else ()
    items: list[Node] = []
    for each in work.outline.headings:
        current = each in inside
        to = law_at(context, work.law.id, each.first)
        items.append(
            html.Li(
                link(each.title, to, current=current), className=f"indent-{max(0, each.depth - 1)}"
            )
        )
        if current and each is inside[-1]:
            items.append(html.Li(_articles_under(context, work, each.first, article)))
    if not items:
        items = [html.Li(_articles_under(context, work, None, article))] if work.articles else []
    parts: list[Node] = [html.H2(link(work.law.name, law_at(context, work.law.id)))]
    parts += [html.Ol(items, className="law-hits")] if items else []
    parts.append(html.P(link("全部法规", context.address.at("laws", keep=("asof", "snap")))))
    return html.Aside(parts, className="law-list block", **attrs({"aria-label": "目录"}))


def _articles_under(
    context: Context, work: Work, first: str | None, article: str | None
) -> html.Div:
    """The articles of the part that begins with one; of the whole law without."""
    starts = {each.first for each in work.outline.headings}
    order = work.order
    at = order.index(first) if first else 0
    until = next((n for n in range(at + 1, len(order)) if order[n] in starts), len(order))
    return html.Div(
        [
            link(article_name(each), law_at(context, work.law.id, each), current=each == article)
            for each in order[at:until]
        ],
        className="law-numbers",
    )
