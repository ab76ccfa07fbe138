"""预警中心 /alerts: findings sifted by facets kept in the address (pages.md §3.3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from budget_watch.access import Reached
from budget_watch.casework.findings import Finding, list_findings
from budget_watch.casework.runs import PastRun
from budget_watch.engine.model import AREAS
from budget_watch.tables import contracts
from budget_watch.views import alerts, judgement
from budget_watch.views import formats as fmt
from budget_watch.views.alerts import Sieve, Sifted
from dashboard import elements as html
from dashboard.address import Address
from dashboard.book import book_of
from dashboard.context import Context
from dashboard.frame import Page
from dashboard.pages.many import bar, pick, roles_of
from dashboard.pages.place_text import source
from dashboard.parts import (
    CLASSES,
    Node,
    attrs,
    block,
    class_tag,
    empty,
    insufficient,
    level_chip,
    link,
    segments,
    tag,
    trial_tag,
)
from dashboard.table import Column, Line, table

LEVEL_NAMES = {"red": "红", "orange": "橙", "yellow": "黄", "blue": "蓝"}
_LISTS = {"levels": "lv", "classes": "cl", "states": "st", "data_states": "ds"}


def page(context: Context) -> Page:
    """The list with its facets."""
    run = context.last_run
    if run is None:
        return Page("预警中心", [insufficient("尚无规则运行记录。请运行 budget-watch check。")])
    address = context.address
    fresh = frozenset(f.finding for f in alerts.fresh(context.home, context.grant, run))
    outcome = "cleared" if "已恢复" in address.get("ds") else "hit"
    # rules on trial are apart, unless they or one of them is asked for
    apart = None if address.get("rule") else bool(address.get("trial"))
    everything = list_findings(context.home, context.grant, outcome=outcome, trial=apart)
    found = alerts.sift(everything, _sieve(context, fresh))
    trial = len(alerts.on_trial(context.home, context.grant))
    return Page(
        "预警中心",
        [
            html.Div(
                [_facets(context, found, len(fresh), trial), _list(context, found, run)],
                className="cols-facets",
            )
        ],
        lead=_lead(run, found, trial, apart),
        tools=_tools(context, found),
    )


def _sieve(context: Context, fresh: frozenset[str]) -> Sieve:
    get = context.address.get

    def many(key: str) -> frozenset[str]:
        return frozenset(part for part in get(key).split(",") if part)

    return Sieve(
        levels=many("lv"),
        classes=many("cl"),
        states=many("st"),
        data_states=many("ds"),
        area=get("area") or None,
        dept=get("dept") or None,
        agency=get("unitcode") or None,
        region=get("region") or None,
        project=get("pro") or None,
        rule=get("rule") or None,
        only=fresh if get("new") else None,
    )


def _lead(run: PastRun, found: Sifted, trial: int, apart: bool | None) -> str:
    counts = Counter(f.level for f in found.findings)
    signs = {"red": "◆", "orange": "▲", "yellow": "■", "blue": "●"}
    by_level = " ".join(f"{sign}{fmt.count(counts[level])}" for level, sign in signs.items())
    more = f"；{len(run.failed)}条规则零判断，按出错处理" if run.failed else ""
    more += f"；{len(run.waiting)}条规则所需报表没有送达，没有判断" if run.waiting else ""
    if trial and apart is False:
        more += f"；另有试运行规则的疑点{fmt.count(trial)}条"
    elif apart:
        more += "；所列都是试运行规则的疑点，不计入其他各页"
    more += f"。{run.beside}" if run.beside else ""
    if not run.counts:
        return (
            f"业务日{fmt.day(run.as_of)}：您范围内的疑点现列出{fmt.count(len(found.findings))}条"
            f"（{by_level}）{more}。"
        )
    return (
        f"业务日{fmt.day(run.as_of)}：{run.counted}，"
        f"{fmt.count(run.total('hit'))}次判断命中，归为疑点，现列出{fmt.count(len(found.findings))}条（{by_level}），"
        f"未触发{fmt.count(run.total('clear'))}，不适用{fmt.count(run.total('not_applicable'))}，"
        f"数据不足{fmt.count(run.total('insufficient_data'))}，出错{run.total('error')}{more}。"
    )


def _tools(context: Context, found: Sifted) -> list[Node]:
    address = context.address.with_query(after=None)
    counts = found.facets["class"]
    choices = [(f"全部 {fmt.count(sum(counts.values()))}", address.with_query(cl=None))]
    choices += [
        (f"{klass} {CLASSES[klass]} {fmt.count(counts[klass])}", address.with_query(cl=klass))
        for klass in alerts.CLASSES
    ]
    by = address.get("by") or "f"
    ways = [("按疑点", None), ("按部门", "d"), ("按规则", "r")]
    return [
        segments("类别", choices, address),
        segments(
            "归并方式",
            [(name, address.with_query(by=way)) for name, way in ways],
            address.with_query(by=None if by == "f" else by),
        ),
    ]


def _facets(context: Context, found: Sifted, fresh: int, trial: int) -> html.Aside:
    address = context.address.with_query(after=None)
    names = context.names
    new = bool(address.get("new"))
    groups: list[Node] = [
        html.Div(
            link(
                ["只看新增", html.Span(fmt.count(fresh), className="count")],
                address.with_query(new=None if new else "1"),
                replace=True,
                current=new,
            ),
            className="facet",
        ),
        _trial_facet(address, trial),
        _facet(
            context,
            "级别",
            "lv",
            found.facets["level"],
            ["red", "orange", "yellow", "blue"],
            level_chip,
        ),
        _facet(
            context,
            "领域",
            "area",
            found.facets["area"],
            list(AREAS),
            lambda v: AREAS.get(v, v),
            True,
        ),
        _facet(context, "办理状态", "st", found.facets["state"], None, lambda v: v),
        _facet(context, "数据状态", "ds", found.facets["data_state"], None, lambda v: v),
        _facet(
            context,
            "部门",
            "dept",
            found.facets["dept"],
            None,
            lambda v: names.of("d", v) if v else "不属于单个部门",
            True,
        ),
        _facet(context, "规则", "rule", found.facets["rule"], None, lambda v: v, True),
    ]
    shown = html.Div([g for g in groups if g is not None], className="facets")
    clear = link("清除筛选", context.address.at("alerts", keep=("asof", "snap")))
    narrow = html.Details(
        [html.Summary("筛选"), shown, html.Div(clear, className="facet clear")],
        className="block facet-block narrow-facets",
    )
    wide = html.Div(
        [html.H2("筛选"), shown, html.Div(clear, className="facet clear")],
        className="block wide-facets",
    )
    return html.Aside([wide, narrow], **attrs({"aria-label": "筛选"}))


def _trial_facet(address: Address, trial: int) -> Node:
    chosen = bool(address.get("trial"))
    if not (trial or chosen):
        return None
    shown = ["试运行规则", html.Span(fmt.count(trial), className="count")]
    to = address.with_query(trial=None if chosen else "1", new=None)
    return html.Div(link(shown, to, replace=True, current=chosen), className="facet")


def _facet(
    context: Context,
    title: str,
    key: str,
    counts: Counter[str],
    order: list[str] | None,
    name: Callable[[str], Node],
    single: bool = False,
    most: int = 12,
) -> Node:
    address = context.address.with_query(after=None)
    chosen = [part for part in address.get(key).split(",") if part]
    values: Iterable[str] = order or [v for v, _ in counts.most_common()]
    entries: list[Node] = []
    for value in [v for v in values if v and (counts[v] or v in chosen)]:
        picked = value in chosen
        kept = (
            [c for c in chosen if c != value] if picked else [value] if single else [*chosen, value]
        )
        entries.append(
            link(
                [name(value), html.Span(fmt.count(counts[value]), className="count")],
                address.with_query(**{key: ",".join(kept) or None}),
                replace=True,
                current=picked,
            )
        )
    if not entries:
        return None
    inside: list[Node] = [html.H3(title), *entries[:most]]
    if len(entries) > most:
        inside.append(
            html.Details(
                [html.Summary(f"其余{len(entries) - most}项"), *entries[most:]], className="more"
            )
        )
    return html.Div(inside, className="facet")


def _list(context: Context, found: Sifted, run: PastRun) -> html.Section:
    by = context.address.get("by") or "f"
    if not found.findings:
        clear = link("清除筛选", context.address.at("alerts", keep=("asof", "snap")))
        judged = sum(1 for t in run.tallies if int(t.get("judged") or 0))
        sentence = (
            f"没有命中。{len(run.tallies)}条规则中{judged}条已判断，"
            f"{len(run.tallies) - judged}条未能判断。"
            if run.counts
            else f"您的范围内没有列出的疑点。{run.counted}；没有列出不等于没有问题。"
        )
        return block("疑点", empty(sentence, clear), flush=True, source=source(context, "疑点库"))
    if by in ("d", "r"):
        return _grouped(context, found, by)
    return _rows(context, found)


def _rows(context: Context, found: Sifted) -> html.Section:
    start = int(context.address.get("after") or 0)
    most = context.at_once(alerts.PAGE)
    shown = found.findings[start : start + most]
    columns = [
        Column("级别", width="92px"),
        Column("类", minor=True, width="44px"),
        Column("规则与对象", long=True),
        Column("数值", number=True),
        Column("限值", number=True),
        Column("首见", minor=True),
        Column("数据状态", minor=True),
        Column("办理状态"),
    ]
    picks = bool(roles_of(context))
    lines = [_line(context, f, picks) for f in shown]
    pager: list[Node] = []
    if start:
        back = start - alerts.PAGE
        pager.append(
            link("‹ 上一页", context.address.with_query(after=str(back) if back > 0 else None))
        )
    pager.append(
        html.Span(
            f"第{start + 1}—{start + len(shown)}条，共{fmt.count(len(found.findings))}条",
            className="note",
        )
    )
    if start + most < len(found.findings):
        pager.append(link("下一页 ›", context.address.with_query(after=str(start + most))))
    return block(
        "疑点",
        [
            table("疑点", columns, lines),
            html.Div(pager, className="pager", **attrs({"data-rows": str(len(found.findings))})),
            bar(context),
        ],
        flush=True,
        sub="红、橙、黄、蓝为级别；同级新的在前",
        source=source(context, "疑点库"),
    )


def _line(context: Context, f: Finding, picks: bool) -> Line:
    to = context.address.at("finding", f.finding[:16], keep=("asof", "snap"))
    shown = judgement.shown(book_of(context), f)
    return Line(
        [
            chip_of(context, f),
            class_tag(f.klass),
            html.Div(
                [
                    pick(f.finding, f"{f.rule} {owner(context, f)}") if picks else None,
                    link(
                        html.Span([html.Strong(f"{f.rule} {f.title}"), f" · {owner(context, f)}"]),
                        to,
                    ),
                    trial_tag(f.trial),
                    html.Div(f.message, className="note clip one", title=f.message),
                ],
                className="pickable" if picks else None,
            ),
            shown.value or fmt.NOT_APPLICABLE,
            shown.limit or fmt.NOT_APPLICABLE,
            fmt.day(f.first_seen),
            f.data_state,
            tag(f.work_state),
        ]
    )


def chip_of(context: Context, f: Finding) -> html.Span:
    """The level of a finding; a department that has not answered yet is shown none."""
    if f.level is None and context.grant.findings is Reached.TRANSFERRED:
        return tag("答复后显示")
    return level_chip(f.level, f.provisional)


def owner(context: Context, f: Finding) -> str:
    """Whom a finding concerns: the unit, the department, else the region; and what tells it
    apart from others of its rule there: enterprise, project, table and column, book, year."""
    own = _told_apart(context, f)
    places = (("u", f.agency_code), ("d", f.dept_code), ("z", f.mof_div_code))
    place = next((context.names.of(letter, code) for letter, code in places if code), None)
    if place is None and not own:
        place = "全市"
    return "·".join([*([place] if place else []), *own]) + _of_year(f)


def _told_apart(context: Context, f: Finding) -> list[str]:
    """The words of a finding's grain beside place and time."""
    said: list[str] = []
    table = next((c for c in contracts().values() if c.code == f.grain.get("table_code")), None)
    for column, value in f.grain.items():
        if not isinstance(value, str) or column in ("scope_kind", "report_scope"):
            continue
        match column:
            case "uscc":
                said.append(str(f.values.get("name") or value))
            case "pro_code":
                said.append(context.names.of("p", value))
            case "table_code":
                said.append(table.title if table else value)
            case "column_name":
                known = table is not None and value in table.names
                said.append(table.column(value).title if table and known else value)
            case "pay_cert_id":
                said.append(str(f.values.get("pay_cert_no") or value))
            case "bond_code" | "contract_no" | "proj_no" | "doc_no" | "bgt_id":
                said.append(value)
            case _ if not value.isascii():
                said.append(value)
    return sorted(said, key=lambda word: table is None or word != table.title)


def _of_year(f: Finding) -> str:
    """The year of a finding whose grain has one, lest two years' findings read alike."""
    year, month = f.grain.get("fiscal_year"), f.grain.get("month")
    if not isinstance(year, int):
        return ""
    return f" {year}年" + (f"{month}月" if isinstance(month, int) and 1 <= month <= 12 else "")


def _grouped(context: Context, found: Sifted, by: str) -> html.Section:
    def key(f: Finding) -> str:
        return (f.dept_code or "") if by == "d" else f.rule

    groups: dict[str, list[Finding]] = {}
    for f in found.findings:
        groups.setdefault(key(f), []).append(f)
    ranked = sorted(groups.items(), key=lambda part: (-len(part[1]), part[0]))
    title = "部门" if by == "d" else "规则"
    columns = [
        Column(title, width="44%"),
        Column("疑点", number=True),
        *[Column(LEVEL_NAMES[level], number=True, minor=True) for level in LEVEL_NAMES],
        Column("最高级别"),
    ]
    address = context.address.with_query(by=None, after=None)
    lines = [_sum_line("合计", found.findings)]
    for value, members in ranked:
        if by == "d":
            name: Node = context.names.of("d", value) if value else "不属于单个部门"
            to = address.with_query(dept=value) if value else None
        else:
            name, to = f"{value} {members[0].title}", address.with_query(rule=value)
        lines.append(_sum_line(link(name, to) if to else name, members, ""))
    return block(
        f"按{title}",
        table(f"疑点按{title}", columns, lines),
        flush=True,
        sub=f"{len(groups)}项",
        source=source(context, "疑点库"),
    )


def _sum_line(name: Node, members: list[Finding], kind: str = "total") -> Line:
    counts = Counter(f.level for f in members)
    worst = next((level for level in LEVEL_NAMES if counts[level]), None)
    return Line(
        [
            name,
            fmt.count(len(members)),
            *[fmt.count(counts[lv]) for lv in LEVEL_NAMES],
            level_chip(worst),
        ],
        kind,
    )


__all__ = ["chip_of", "owner", "page"]
