"""决算与公开 /final, /final/d101, /final/d101/u101001: books, nine forms, publication, law.

Source: pages.md §3.13; identities are those of rule JS06, days those of rule JS05.
"""

from __future__ import annotations

from budget_watch.views import final_accounts as finals
from budget_watch.views import final_forms as disclosed
from budget_watch.views import formats as fmt
from budget_watch.views.draft_budget import REPORTS
from budget_watch.views.review import Review
from budget_watch.views.review_questions import FINAL
from budget_watch.views.span import Place
from dashboard import elements as html
from dashboard.context import Context
from dashboard.errors import AddressError
from dashboard.frame import Page
from dashboard.pages.draft import year_choice
from dashboard.pages.final_owner import (
    BROKEN,
    owner_page,
    publication_table,
    withheld_or_missing,
    wording_block,
)
from dashboard.pages.review_table import KEEP, counted, review_block, reviewed, source, year_of
from dashboard.parts import Node, attrs, block, empty, insufficient, link, missing, segments, tag
from dashboard.table import Column, Line, table

AREA = "final"
TABLES = (
    "FIN-01至FIN-07 政府决算各表",
    "FIN-23 部门决算公开报表包(01–09)",
    "FIN-29 程序节点与公开登记表",
)
FIRST = 20
TABS = (("超期或缺表", None), ("全部", "all"))


def page(context: Context) -> Page:
    """Final accounts of the own government, of a department, of a unit."""
    place = context.city
    known: tuple[int, ...] = ()
    if place is not None:
        known = context.kept("final years", lambda: finals.years(context.desk, place))
    if place is None or not known:
        said = "还没有送达任何年度的决算（FIN-01至FIN-07）或决算公开表（FIN-23），由财政局送达。"
        return Page(
            "决算与公开",
            [insufficient(said, link("查看数据质量", context.address.at("data")))],
        )
    year = year_of(context, known)
    own = dict(context.address.place)
    if own:
        if "d" not in own:
            raise AddressError("地址里先写部门（d），再写单位（u），如 /final/d101/u101001。")
        return owner_page(context, place, year, own["d"], own.get("u", ""))
    found = reviewed(context, (FINAL, AREA), year)
    books = context.kept(
        "final books", lambda: finals.accounts(context.desk, place, year), place, year
    )
    every = context.kept(
        "final identities", lambda: disclosed.identities(context.desk, place, year), place, year
    )
    body = [
        *review_block(context, found, "逐条审查", TABLES),
        _books(context, place, year, books),
        _identities(context, year, every),
        _owners(context, every),
        wording_block(context, disclosed.wordings(context.desk, place, year), year),
        _publications(context, place, year, found),
    ]
    return Page(
        f"{year}年{context.ours(f'{place.name}本级')}决算与公开",
        [html.Div(body, className="rows")],
        lead=_lead(year, place, books, every, found),
        tools=[year_choice(context, known, year)],
        year=year,
    )


def _lead(
    year: int,
    place: Place,
    books: tuple[finals.SideAccount, ...],
    every: tuple[disclosed.Identity, ...],
    found: Review,
) -> str:
    parts = []
    out = next((each for each in books if each.side == "支出" and each.stage), None)
    if out is not None and out.total.final is not None:
        what = (
            "决算"
            if out.stage in finals.FINALS
            else f"执行（{out.stage}1—{out.month}月，决算没有送达）"
        )
        said = (
            f"{year}年{place.name}本级一般公共预算支出{what}{fmt.sentence_money(out.total.final)}"
        )
        if out.total.initial:
            said += f"，为年初预算的{fmt.share(out.total.final, out.total.initial)}"
        parts.append(said)
    reckoned = [each for each in every if each.outcome in ("相符", "不符")]
    broken = [each for each in reckoned if each.outcome == "不符"]
    if reckoned:
        parts.append(f"公开表计算{fmt.count(len(reckoned))}条勾稽关系，{len(broken)}条不符")
    parts.append(counted(found))
    return "；".join(parts) + "。"


# ---- books
def _books(
    context: Context, place: Place, year: int, books: tuple[finals.SideAccount, ...]
) -> html.Section:
    closed = context.reader.withheld(REPORTS)
    if closed:
        made = source(context, "FIN-01至FIN-07 政府决算各表")
        return block("决算与预算", insufficient(closed), source=made)
    columns = [
        Column("预算与科目", width="26%"),
        Column("年初预算", number=True),
        Column("调整预算", number=True),
        Column(
            "指标变动预算",
            number=True,
            minor=True,
            hint="年末全部预算指标之和；没有下达为指标的支出不在其中，不与决算数直接相比",
        ),
        Column("决算数", number=True),
        Column("比年初预算", number=True),
        Column("偏离", number=True),
        Column("阶段", minor=True),
    ]
    opened = context.address.get("open").split(",")
    lines = []
    for at, each in enumerate(books):
        lines.append(_book_line(context, each, str(at), str(at) in opened))
        if str(at) in opened:
            lines += [_account(context, part, each, 1) for part in each.parts]
            lines.append(_gap(context, each))
    standing = {each.stage for each in books if each.stage and each.stage not in finals.FINALS}
    sub = f"{place.name}本级；点预算名展开科目"
    if standing:
        sub += f"；决算没有送达，决算数一栏为{'、'.join(sorted(standing))}的累计数"
    return block(
        "决算与预算",
        table("决算与预算", columns, lines),
        flush=True,
        unit=context.unit_title,
        sub=sub,
        source=source(
            context,
            "FIN-01至FIN-07 政府决算各表",
            "FIN-12 预算指标表",
            more=[
                ("合计", "不含转移性收支、债务收入和债务还本；有空白格时用平衡表列报的小计"),
                ("比年初预算", "决算数减年初预算"),
                ("偏离", "（决算数 − 年初预算）÷ 年初预算；规则 JS02 按类级科目判断"),
                ("指标变动预算", "年末全部预算指标之和，只有支出；没有下达为指标的不在其中"),
            ],
        ),
    )


def _book_line(context: Context, each: finals.SideAccount, key: str, here: bool) -> Line:
    name: Node = f"{each.book}{each.side}"
    if each.parts:
        opened = {part for part in context.address.get("open").split(",") if part}
        to = context.address.with_query(open=",".join(sorted(opened ^ {key})) or None)
        sign = "▾" if here else "▸"
        shown = attrs({"aria-expanded": "true" if here else "false"})
        name = link(f"{sign} {name}", to, replace=True, **shown)
    if not each.stage:
        why = missing(f"{each.book}{each.side}没有送达")
        none = fmt.NOT_APPLICABLE
        return Line([name, why, why, none, why, none, none, why], "total")
    line = _account(context, each.total, each, 0)
    return Line([name, *list(line.cells)[1:]], "total")


def _account(context: Context, one: finals.Account, of: finals.SideAccount, depth: int) -> Line:
    none = fmt.NOT_APPLICABLE

    def amount(value: int | None, why: str) -> Node:
        return missing(why) if value is None else context.money(value)

    adjusted: Node = amount(one.adjusted, "报表没有列调整预算")
    if of.total.adjusted is None and one.adjusted is None:
        adjusted = none
    off: Node = none if one.off is None else context.money(one.off)
    rate: Node = none
    if one.off is not None and one.initial and one.initial > 0:
        rate = fmt.growth(one.final, one.initial)
    return Line(
        [
            one.name,
            amount(one.initial, "报表没有列年初预算"),
            adjusted,
            none if one.current is None else context.money(one.current),
            amount(one.final, "报表没有列决算数"),
            off,
            rate,
            tag(of.stage, plain=of.stage in finals.FINALS),
        ],
        depth=depth,
    )


def _gap(context: Context, each: finals.SideAccount) -> Line:
    def left(name: str) -> Node:
        whole = getattr(each.total, name)
        parts = [getattr(part, name) for part in each.parts]
        if whole is None or None in parts:
            return fmt.NOT_APPLICABLE
        return context.money(whole - sum(parts))

    none = fmt.NOT_APPLICABLE
    cells = [left(name) for name in ("initial", "adjusted", "current", "final")]
    return Line(["差额（未列明）", *cells, none, none, none], "gap")


# ---- identities
def _identities(context: Context, year: int, every: tuple[disclosed.Identity, ...]) -> html.Section:
    title = "九张公开表的勾稽关系"
    if not every:
        return withheld_or_missing(context, title, year)
    groups: dict[str, list[disclosed.Identity]] = {}
    for each in every:
        groups.setdefault(each.id, []).append(each)
    columns = [
        Column("表", width="28%"),
        Column("勾稽关系", width="26%"),
        Column("单位数", number=True),
        Column("相符", number=True),
        Column("不符", number=True),
        Column("未计算", number=True, minor=True),
        Column("最大差额", number=True),
        Column("结果"),
    ]
    lines = []
    for id in sorted(groups, key=lambda key: (groups[key][0].form, key)):
        own = groups[id]
        first = own[0]
        good = [each for each in own if each.outcome in ("相符", "空表已说明", "有数")]
        bad = [each for each in own if each.outcome in BROKEN]
        most = max((each.difference or 0 for each in bad), default=0)
        result: Node = html.Span("✓ 相符", className="ok")
        if bad:
            result = tag("不符" if first.empty is None else "空表未说明")
        elif not good:
            result = missing("没有可以计算的单位", "未计算")
        lines.append(
            Line(
                [
                    f"公开{first.form} {disclosed.TITLES[first.form]}",
                    first.title,
                    fmt.count(len(own)),
                    fmt.count(len(good)),
                    fmt.count(len(bad)),
                    fmt.count(len(own) - len(good) - len(bad)),
                    context.money(most) if bad and first.empty is None else fmt.NOT_APPLICABLE,
                    result,
                ]
            )
        )
    return block(
        title,
        table(title, columns, lines),
        flush=True,
        unit=context.unit_title,
        sub=f"{year}年决算；每条关系在各部门、单位的公开表上逐个计算",
        fold=not context.address.get("open"),
        source=source(
            context,
            TABLES[1],
            more=[
                ("不符", "差额大于舍入容差（参加计算的格数 × 舍入单位 ÷ 2）"),
                ("06表与07表", "部分不大于全部，不要求相等"),
                ("08、09表", "没有数的要有说明"),
                ("判断", "规则 JS06；不符是数据问题，须由部门核对"),
            ],
        ),
    )


def _owners(context: Context, every: tuple[disclosed.Identity, ...]) -> html.Section:
    groups: dict[str, list[disclosed.Identity]] = {}
    for each in every:
        groups.setdefault(each.dept, []).append(each)
    columns = [
        Column("部门", width="30%"),
        Column("公开的单位", number=True),
        Column("计算的关系", number=True),
        Column("不符", number=True),
        Column("空表未说明", number=True),
        Column("最大差额", number=True),
    ]

    def broken(own: list[disclosed.Identity], outcome: str) -> list[disclosed.Identity]:
        return [each for each in own if each.outcome == outcome]

    def cells(own: list[disclosed.Identity]) -> list[Node]:
        bad = broken(own, "不符")
        most = max((each.difference or 0 for each in bad), default=None)
        return [
            fmt.count(len({(each.dept, each.unit) for each in own})),
            fmt.count(sum(each.outcome in ("相符", "不符") for each in own)),
            fmt.count(len(bad)),
            fmt.count(len(broken(own, "空表未说明"))),
            fmt.NOT_APPLICABLE if most is None else context.money(most),
        ]

    ordered = sorted(
        groups,
        key=lambda code: (
            -len(broken(groups[code], "不符")),
            -len(broken(groups[code], "空表未说明")),
            code,
        ),
    )
    lines = [Line(["合计", *cells(list(every))], "total")] if every else []
    top = ordered if context.address.get("open") == "all" else ordered[:FIRST]
    for code in top:
        name = link(context.names.of("d", code), context.address.at("final", f"d{code}", keep=KEEP))
        lines.append(Line([name, *cells(groups[code])]))
    rest = [each for code in ordered[len(top) :] for each in groups[code]]
    if rest:
        more = link(
            f"其余{len(ordered) - len(top)}个部门（显示全部）",
            context.address.with_query(open="all"),
            replace=True,
        )
        lines.append(Line([more, *cells(rest)], "rest"))
    body: Node = table("各部门公开表", columns, lines) if lines else empty("没有送达公开表。")
    return block(
        "各部门",
        body,
        flush=bool(lines),
        unit=context.unit_title,
        fold=not context.address.get("open"),
        sub="不符的在前；点部门看逐条关系和所属单位",
        source=source(context, TABLES[1]),
    )


# ---- publication
def _publications(context: Context, place: Place, year: int, found: Review) -> html.Section:
    address, chosen = context.address, context.address.get("tab")
    if chosen not in ("", "all"):
        raise AddressError(f"地址里“tab={chosen}”（页签）不能识别，应为 all。")
    every = disclosed.publications(context.desk, place, year, context.as_of)
    if not every:
        return block(
            "公开时间",
            insufficient(
                f"缺 FIN-29 程序节点与公开登记表（{year}年预算公开、决算公开），由财政局送达。"
            ),
            source=source(context, TABLES[2]),
        )
    doubts = {str(each.grain.get("node_id")): each for each in found.found if each.rule == "JS05"}
    shown = [each for each in every if chosen or each.node in doubts]
    top = shown if context.address.get("open") == "all" else shown[:FIRST]
    tabs = [(title, address.with_query(tab=key)) for title, key in TABS]
    body: list[Node] = [html.Div(segments("公开登记", tabs, address), className="pager")]
    if shown:
        body.append(publication_table(context, top, doubts))
    else:
        said = context.some_findings or "没有超过期限或缺表的疑点"
        body.append(empty(f"{said}。", link("全部公开登记", address.with_query(tab="all"))))
    if len(top) < len(shown):
        more = link(f"显示全部{len(shown)}个", address.with_query(open="all"), replace=True)
        body.append(html.Nav(more, className="pager"))
    done = [each for each in every if each.done]
    return block(
        "公开时间",
        body,
        flush=True,
        sub=f"{year}年预算、决算应公开{len(every)}个，已登记公开{len(done)}个，疑点{len(doubts)}个",
        source=source(
            context,
            TABLES[2],
            more=[
                ("历时", "从批准或批复之日起到公开之日，首日不计；没有公开的算到数据截至日"),
                ("期限", "《预算法》第十四条：二十日内；末日是休息日的顺延，以规则 JS05 为准"),
            ],
        ),
    )
