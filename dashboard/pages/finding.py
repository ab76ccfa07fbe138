"""疑点 /finding/<id>: what, how much, why, law, how computed, evidence (pages.md §3.4)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from dash import html

from budget_watch.casework.errors import UnknownFindingError
from budget_watch.casework.findings import Finding, get_finding, history
from budget_watch.engine.explain import Explanation
from budget_watch.lake import UnknownTableError
from budget_watch.views import formats as fmt
from budget_watch.views import judgement
from budget_watch.views.drill import Place, Scope
from dashboard.context import Context
from dashboard.errors import NotFoundError
from dashboard.frame import Page
from dashboard.pages.alerts import owner
from dashboard.pages.law_text import authority
from dashboard.pages.place_charts import monthly
from dashboard.pages.place_text import source
from dashboard.pages.rule_words import in_words, measure_title, table_title
from dashboard.pages.rules import book_of
from dashboard.parts import (
    Node,
    attrs,
    block,
    bullet,
    class_tag,
    empty,
    figure,
    insufficient,
    level_chip,
    link,
    missing,
    number_and_unit,
    source_line,
    tag,
)
from dashboard.table import Column, Line, table

SHOWN = 40
_COLUMNS: dict[str, tuple[str, ...]] = {
    "payment": (
        "pay_date",
        "pay_cert_no",
        "agency_code",
        "payee_acct_name",
        "use_des",
        "dep_bgt_eco_code",
        "pay_amt",
    ),
    "payment_voucher": (
        "pay_date",
        "pay_cert_no",
        "agency_code",
        "payee_acct_name",
        "use_des",
        "dep_bgt_eco_code",
        "pay_amt",
    ),
}
_LETTERS = {
    "mof_div_code": "z",
    "dept_code": "d",
    "agency_code": "u",
    "pro_code": "p",
    "bgt_id": "i",
    "exp_func_code": "c",
    "dep_bgt_eco_code": "e",
    "gov_bgt_eco_code": "g",
    "fund_type_code": "f",
}


def page(context: Context) -> Page:
    """One finding."""
    try:
        f = get_finding(context.home, context.grant, context.address.parts[0])
    except UnknownFindingError as error:
        raise NotFoundError from error
    book = book_of(context)
    said = context.kept(
        "explained",
        lambda: judgement.explained(context.home, context.reader, book, f),
        f.finding,
        f.observation.get("run"),
    )
    shown = judgement.shown(book, f)
    body: list[Node] = [_values(context, f, said, shown)]
    if said is not None:
        body += [
            _why(context, said),
            _laws(context, said),
            _computed(context, said, book.rules[f.rule].rule),
            _evidence(context, said),
        ]
    else:
        body.append(insufficient(f"规则 {f.rule} 已不在规则库中，不能重新说明。"))
    body += [*_pace(context, f), _peers(context, f, book), _history(context, f)]
    side = html.Div([_work(context, f), _again(context, f, said)], className="rows")
    return Page(
        [
            level_chip(f.level, f.provisional),
            " ",
            class_tag(f.klass),
            f" {f.rule} {f.title} — ",
            owner(context, f),
        ],
        [html.Div([html.Div(body, className="rows"), side], className="cols-side")],
        lead=(said.message if said else f.message),
        crumbs=[
            ("预警中心", context.address.at("alerts", keep=("asof", "snap"))),
            (f"{f.rule} {f.title}", None),
        ],
        tab_title=f"{f.rule} {f.title}",
    )


def _values(
    context: Context, f: Finding, said: Explanation | None, shown: judgement.Shown
) -> html.Section:
    cards: list[Node] = []
    word = judgement.limit_authority(said) if said else ""
    value, limit = _number(f.observation.get("value")), _number(f.observation.get("limit"))
    number, unit = number_and_unit(shown.value) if shown.value else (None, "")
    bar = _limit_bar(value, limit)
    line = [f"竖线：限值（{word}）{shown.limit}"] if bar is not None and shown.limit else []
    cards.append(figure("数值", number, unit, why="规则没有给出数值", bar=bar, notes=line))
    if shown.limit is not None:
        number, unit = number_and_unit(shown.limit)
        cards.append(figure(f"限值（{word}）", number, unit, notes=_sources(said)))
        over = _over(shown, value, limit)
        if over:
            number, unit = number_and_unit(over[1])
            cards.append(figure(over[0], number, unit))
    when = f.observation.get("period_end")
    return block(
        "数值与限额",
        html.Div(cards, className=f"cols-{min(len(cards) + 1, 3)} divided"),
        flush=True,
        sub=f"期末 {str(when)[:10]}" if when else None,
        source=source(context, *_tables(said)),
    )


def _tables(said: Explanation | None) -> list[str]:
    """The tables a finding's measures and evidence were read from, by title."""
    names = {m.source for m in said.measures} if said else set()
    if said and said.evidence:
        names.add(said.evidence.source)
    return sorted(table_title(name) for name in names) or ["疑点库"]


def _pace(context: Context, f: Finding) -> list[Node]:
    """How the unit's year ran, beside a finding about its execution."""
    year, month = f.grain.get("fiscal_year"), f.grain.get("month")
    if f.area != "execution" or f.dept_code is None or not isinstance(year, int):
        return []
    scope: Scope = "local" if context.city and f.mof_div_code == context.city.region else "county"
    path = [("d", f.dept_code)]
    if f.agency_code and f.agency_code != f.dept_code:
        path.append(("u", f.agency_code))
    if year > context.as_of.year:
        return []
    latest = context.as_of.month if year == context.as_of.year else 12
    to = str(month) if isinstance(month, int) and 1 <= month < latest else None
    address = context.address.with_query(fy=str(year), to=to)
    return [monthly(replace(context, address=address), Place(scope, tuple(path)))]


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _limit_bar(value: int | None, limit: int | None) -> Node:
    """The value as a bar with the limit as a line; a scale from zero."""
    if value is None or limit is None or limit <= 0 or value < 0:
        return None
    text = fmt.near_limit(value, limit)
    return html.Div(
        [bullet(Fraction(value, limit), Fraction(1), label=f"为限值的{text}"), html.Span(text)],
        className="with-bar",
        title="竖线为限值",
    )


def _sources(said: Explanation | None) -> list[Node]:
    if said is None:
        return []
    return [
        f"{p.title} {p.value}（{authority(p.authority)}，自{fmt.day(p.since)}）"
        for p in said.parameters
    ]


def _over(shown: judgement.Shown, value: int | None, limit: int | None) -> tuple[str, str] | None:
    if value is None or limit is None or shown.value is None:
        return None
    gap = value - limit
    name = "超出" if gap >= 0 else "低于限值"
    if shown.value.endswith("元"):
        return name, fmt.sentence_money(abs(gap))
    if shown.value.endswith("%"):
        return None
    return name, fmt.count(abs(gap))


def _why(context: Context, said: Explanation) -> html.Section:
    parts: list[Node] = [html.P(said.why, className="words")]
    parts += [html.P(note, className="note") for note in said.notes]
    return block(
        "为什么要关注",
        parts,
        source=source(context, "规则库", more=[("规则", f"{said.rule} {said.title}")]),
    )


def _laws(context: Context, said: Explanation) -> html.Section:
    if not said.laws:
        return block(
            "依据",
            html.P("经验标准，法律未规定限额。", className="words"),
            source=source(context, "规则库"),
        )
    parts: list[Node] = []
    for law in said.laws:
        head = html.P(html.Strong(law.cited))
        version = f"{law.title}，{law.version}版，现行" if law.version else law.title
        text: Node = (
            html.Blockquote([html.P(line) for line in law.text.split("\n")], className="law")
            if law.text
            else html.P(
                [
                    "条文原文未载入。",
                    html.Span("把法律文本放入一个文件夹后运行 budget-watch laws load"),
                ],
                className="note",
            )
        )
        parts.append(html.Div([head, text, html.P(version, className="note")], className="article"))
    return block("法条原文", parts, source=source(context, "法律法规登记"))


def _computed(context: Context, said: Explanation, rule: Any) -> html.Section:
    columns = [
        Column("计量", width="30%"),
        Column("值", number=True),
        Column("来源表", minor=True),
        Column("查询"),
    ]
    lines = [
        Line(
            [
                measure_title(m.name, rule.measures[m.name]),
                m.text,
                table_title(m.source),
                html.Details([html.Summary("查看"), html.Pre(m.sql, className="sql")]),
            ]
        )
        for m in said.measures
    ]
    params = book_of(context).params
    lines += [
        Line([in_words(rule.let[name], rule, params), text, "推算", fmt.NOT_APPLICABLE])
        for name, text in said.named_values.items()
        if name in rule.let
    ]
    parts: list[Node] = []
    if lines:
        parts.append(table("计量", columns, lines))
    if said.parameters:
        parts.append(
            table(
                "参数",
                [
                    Column("参数", width="30%"),
                    Column("值", number=True),
                    Column("自"),
                    Column("性质"),
                    Column("依据"),
                ],
                [
                    Line(
                        [
                            p.title,
                            p.value,
                            fmt.day(p.since),
                            tag(authority(p.authority)),
                            "；".join(p.basis) or "经验标准",
                        ]
                    )
                    for p in said.parameters
                ],
            )
        )
    parts.append(
        html.P(["判断条件：", in_words(said.predicate, rule, params)], className="note padded")
    )
    if said.because:
        parts.append(html.P(f"说明：{said.because}", className="note padded"))
    return block("怎么算的", parts, flush=True, source=source(context, *_tables(said)))


def _evidence(context: Context, said: Explanation) -> html.Section:
    found = said.evidence
    if found is None or found.count == 0:
        return block(
            "证据",
            empty("这条规则没有可列出的明细行。"),
            flush=True,
            source=source(context, "疑点库"),
        )
    contract = _contract(context, found.source)
    names = [
        n
        for n in _wanted(found.source, found.path, found.rows.columns, contract)
        if n in found.rows.columns
    ]
    if "agency_code" in names and len(names) > 5 and found.rows["agency_code"].n_unique() == 1:
        names.remove("agency_code")  # the same unit in every row: it stands in the heading
    columns = [_column(contract, name) for name in names]
    blank = fmt.NOT_APPLICABLE
    rows = found.rows.head(SHOWN)
    lines: list[Line] = []
    amount = next((n for n in reversed(names) if _type(contract, n) == "money"), None)

    def summed(label: str, fen: int | None, kind: str) -> Line:
        cells: list[Node] = [label] + [blank] * (len(names) - 1)
        if amount is not None:
            cells[names.index(amount)] = fmt.yuan(fen)
        return Line(cells, kind)

    if found.total is not None and amount is not None:
        lines.append(summed(f"合计（{fmt.count(found.count)}行）", found.total, "total"))
    lines += [
        Line([_cell(context, contract, name, row) for name in names])
        for row in rows.iter_rows(named=True)
    ]
    if found.count > rows.height:
        rest = None
        if amount is not None and found.total is not None:
            rest = found.total - int(rows[amount].sum() or 0)
        lines.append(summed(f"其余{fmt.count(found.count - rows.height)}行", rest, "rest"))
    if found.difference is not None and amount is not None:
        lines.append(summed("差额（计量 − 证据合计）", found.difference, "gap"))
    return block(
        "证据",
        table("证据", columns, lines),
        flush=True,
        unit="单位：元",
        sub=_evidence_words(found),
        source=source(context, table_title(found.source)),
    )


def _evidence_words(found: Any) -> str:
    words = f"{fmt.count(found.count)}行"
    if found.total is None:
        return words
    if found.difference == 0:
        return f"{words}，合计与计量一致 ✓"
    if found.difference is None:
        return words
    return f"{words}，与计量不一致，差额列在末行"


def _contract(context: Context, name: str) -> Any:
    try:
        return context.reader.contract(name)
    except UnknownTableError:
        return None


def _type(contract: Any, name: str) -> str:
    if contract is None or name not in contract.names:
        return "str"
    return str(contract.column(name).type)


def _wanted(source_name: str, path: Any, present: list[str], contract: Any) -> list[str]:
    if source_name in _COLUMNS:
        return list(_COLUMNS[source_name])
    keys = [*path] or (list(contract.key) if contract else present[:4])
    money = [n for n in present if _type(contract, n) == "money"]
    dates = [n for n in present if _type(contract, n) == "date" and n != "biz_date"][:1]
    return list(dict.fromkeys([*keys[:5], *dates, *money[:3]]))


def _column(contract: Any, name: str) -> Column:
    title = contract.column(name).title if contract and name in contract.names else name
    title = title.removesuffix("代码").removesuffix("编码").removesuffix("主键")
    return Column(
        title,
        number=_type(contract, name) in ("money", "int", "number", "ratio")
        and name not in ("fiscal_year", "month"),
    )


def _cell(context: Context, contract: Any, name: str, row: dict[str, Any]) -> Node:  # noqa: PLR0911
    value = row[name]
    if value is None:
        return missing("该行没有填写")
    if name in ("pay_cert_no", "pay_cert_id") and row.get("pay_cert_id"):
        year = row.get("fiscal_year") or row["pay_date"].year
        return link(
            str(value),
            context.address.at("voucher", str(year), row["pay_cert_id"], keep=("asof", "snap")),
            className="s",
        )
    kind = _type(contract, name)
    if kind == "money":
        return fmt.yuan(value)
    if kind == "ratio":
        return fmt.rate(value)
    if kind == "date":
        return fmt.day(value)
    if kind == "bool":
        return "是" if value else "否"
    if name in _LETTERS:
        return context.names.of(_LETTERS[name], str(value))
    return html.Span(str(value), className="clip")


def _peers(context: Context, f: Finding, book: Any) -> html.Section:
    others = judgement.same_rule(context.home, context.grant, f)
    columns = [
        Column("对象", width="46%"),
        Column("级别"),
        Column("数值", number=True),
        Column("限值", number=True),
        Column("首见", minor=True),
    ]
    lines = []
    for other in others[:8]:
        shown = judgement.shown(book, other)
        to = context.address.at("finding", other.finding[:16], keep=("asof", "snap"))
        lines.append(
            Line(
                [
                    link(owner(context, other), to),
                    level_chip(other.level, other.provisional),
                    shown.value or fmt.NOT_APPLICABLE,
                    shown.limit or fmt.NOT_APPLICABLE,
                    fmt.day(other.first_seen),
                ]
            )
        )
    more = link(
        f"全部{fmt.count(len(others) + 1)}条",
        context.address.at("alerts", keep=("asof", "snap"), rule=f.rule),
    )
    body: Node = (
        table("同一规则的其他疑点", columns, lines)
        if lines
        else empty("本次运行中这条规则没有其他疑点。")
    )
    return block(
        "同类",
        body,
        flush=True,
        unit=more,
        sub=f"{f.rule} 的其他疑点{len(others)}条",
        source=source(context, "疑点库"),
    )


def _history(context: Context, f: Finding) -> html.Section:
    columns = [
        Column("业务日"),
        Column("数据状态"),
        Column("结果"),
        Column("级别"),
        Column("运行", minor=True),
    ]
    outcomes = {
        "hit": "命中",
        "cleared": "未触发",
        "insufficient_data": "数据不足",
        "error": "出错",
    }
    lines = [
        Line(
            [
                fmt.day(event["as_of"]),
                event["data_state"],
                outcomes.get(event["outcome"], "—"),
                level_chip(event["level"]) if event["level"] else fmt.NOT_APPLICABLE,
                event["run"],
            ]
        )
        for event in history(context.home, context.grant, f.finding)
    ]
    return block(
        "历史",
        table("历史", columns, lines),
        flush=True,
        sub="只列有变化的运行",
        source=source(context, "疑点库"),
    )


def _work(context: Context, f: Finding) -> html.Section:
    facts: list[tuple[str, Node]] = [
        ("办理状态", tag(f.work_state)),
        ("数据状态", tag(f.data_state)),
        ("首次发现", fmt.day(f.first_seen)),
        ("最近判断", fmt.day(f.last_seen)),
        ("存量", "是" if f.stock else "否"),
    ]
    notes: list[Node] = []
    if f.provisional:
        notes.append("待核实：依据快报、初步或第三方数据，不判红色。")
    if f.outcome == "cleared":
        notes.append("数据已恢复，办理不因此结束。")
    if f.outcome == "insufficient_data":
        notes.append(
            f"自{fmt.day(f.last_seen)}起无法复核：{f.observation.get('because') or '数据不足'}。"
        )
    if f.level == "red":
        notes.append("红色疑点的不成立或办结须由两人复核。")
    return block(
        "办理",
        [
            html.Dl(
                [html.Div([html.Dt(k), html.Dd(v)]) for k, v in facts], className="facts single"
            ),
            *[html.P(note, className="note") for note in notes],
        ],
        source=source_line("疑点库", f"最近判断 {fmt.day(f.last_seen)}"),
    )


def _again(context: Context, f: Finding, said: Explanation | None) -> html.Section:
    fixed = context.address.with_query(
        snap=f.observation.get("snapshot") or context.snapshot.id, asof=None
    )
    facts: list[tuple[str, Node]] = [
        ("规则", link(f.rule, context.address.at("rules", f.rule, keep=("asof", "snap")))),
        ("规则库摘要", str(f.observation.get("book") or "")[:12] or fmt.NOT_APPLICABLE),
        ("运行", str(f.observation.get("run") or fmt.NOT_APPLICABLE)),
        ("数据快照", str(f.observation.get("snapshot") or fmt.NOT_APPLICABLE)),
        ("规则的今天", fmt.day(said.as_of) if said else fmt.NOT_APPLICABLE),
        ("疑点编号", f.finding[:16]),
        ("固定链接", html.Button("复制", className="button", **attrs({"data-copy": fixed.href}))),
    ]
    return block(
        "复算",
        html.Dl([html.Div([html.Dt(k), html.Dd(v)]) for k, v in facts], className="facts single"),
        source=source_line("同一快照、同一规则库，结果相同"),
    )
