"""State assets in four classes, each of its own date: enterprises, finance, offices, resources."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from budget_watch.digest.gatherer import Asked, Gatherer
from budget_watch.digest.proven import rated, told
from budget_watch.digest.writing import Row
from budget_watch.views import Figure, Query, Unit, formats
from budget_watch.views.assets import (
    ADMIN,
    GAINS,
    MONTHLY,
    NATURE,
    AdminAssets,
    Enterprise,
    added,
    admin_assets,
    admin_total,
    enterprises,
    resources,
)
from budget_watch.views.figure import Origin
from budget_watch.views.span import region_name
from budget_watch.views.spending import unit_names

_NO_FINANCE = "约定报送的报表中没有金融企业国有资产表"
_MONTH = (
    ("asset", "资产"),
    ("liab", "负债"),
    ("equity", "所有者权益"),
    ("revenue", "营业收入"),
    ("profit", "利润总额"),
)
_OFFICE = (
    ("book", "账面原值", "book_amt"),
    ("net", "账面净值", "net_amt"),
    ("rent_due", "出租应收", "lease_income_due"),
    ("rent_paid", "出租已收", "lease_income_paid"),
)

_BLANK = AdminAssets("", 0, None, None, None, None, None, None, None, None, None, None, unsettled=0)


def put_assets(made: Gatherer, asked: Asked) -> None:
    """Enterprises by month, offices and resources by year; what no table tells is a gap."""
    _put_enterprises(made, asked)
    _put_offices(made, asked)
    _put_resources(made, asked)
    origin = Origin(
        asked.own.region, "全市", "未约定报送", asked.period.span.as_of, asked.desk.snapshot
    )
    made.put(
        "", [told(asked.desk, "assets.finance", "金融企业国有资产", None, origin, why=_NO_FINANCE)]
    )


def _put_enterprises(made: Gatherer, asked: Asked) -> None:
    span = asked.period.span
    found = enterprises(asked.desk, span, span.end)
    when = max((one.last.year, one.last.month) for one in found) if found else None
    made.words["assets.soe.as_of"] = f"{when[0]}年{when[1]}月" if when else ""
    origin = Origin(
        asked.own.region,
        "全市",
        "快报",
        made.words["assets.soe.as_of"] or span.as_of,
        asked.desk.snapshot,
    )
    why = f"缺SASAC-01 国有企业主要财务指标快报：{span.fiscal_year}年"
    sums: dict[str, Figure] = {}
    for short, label in _MONTH:
        value = added(getattr(one.last, short) for one in found)
        query = Query(
            MONTHLY,
            short,
            (
                ("fiscal_year", "=", when[0] if when else span.fiscal_year),
                ("month", "=", when[1] if when else span.month),
                ("report_scope", "=", "合并"),
            ),
        )
        sums[short] = told(
            asked.desk,
            f"assets.soe.{short}",
            f"企业{label}",
            value,
            origin,
            (query,),
            formula="各户最近一月合并报表之和",
            why=why if not found else f"企业{label}有未填的",
        )
    above = sum((one.last.above or 0) > 0 for one in found)
    counts = (
        told(
            asked.desk,
            "assets.soe.count",
            "企业户数",
            len(found) or None,
            origin,
            unit=Unit.COUNT,
            formula="有当年快报的企业",
            why=why,
        ),
        told(
            asked.desk,
            "assets.soe.above",
            "资产负债率高于行业基准的企业",
            above if found else None,
            origin,
            unit=Unit.COUNT,
            formula="资产负债率 − 行业基准 > 0 的户数",
            why=why,
        ),
    )
    made.put("", counts)
    ratio = None
    if sums["asset"].value and sums["liab"].value is not None:
        ratio = Fraction(sums["liab"].value, sums["asset"].value)
    leverage = rated(
        "assets.soe.leverage",
        "企业资产负债率",
        ratio,
        origin,
        "负债 ÷ 资产",
        over="资产",
        parts=(sums["liab"], sums["asset"]),
        why=sums["asset"].why or sums["liab"].why,
    )
    rows = [_enterprise(made, asked, one) for one in found]
    total: Row = {
        **made.row("", "合计", **sums),
        "strong": "1",
        "leverage": leverage,
        "industry": "",
    }
    made.put("", [leverage])
    made.lists["assets.soe.rows"] = rows
    made.lists["assets.soe.table"] = [total, *rows] if rows else []
    made.lists["assets.soe.above"] = [
        row for row, one in zip(rows, found, strict=True) if (one.last.above or 0) > 0
    ]
    _put_gains(made, asked, found, origin)


def _enterprise(made: Gatherer, asked: Asked, one: Enterprise) -> Row:
    key, last = f"assets.soe.{one.uscc}", one.last
    origin = Origin(one.region, "全市", "快报", f"{last.year}年{last.month}月", asked.desk.snapshot)
    where = (
        ("uscc", "=", one.uscc),
        ("fiscal_year", "=", last.year),
        ("month", "=", last.month),
        ("report_scope", "=", "合并"),
    )
    figures = {
        short: told(
            asked.desk,
            f"{key}.{short}",
            f"{one.name}{label}",
            getattr(last, short),
            origin,
            (Query(MONTHLY, short, where),),
            formula="最近一月合并报表",
            why=f"{one.name}{label}未填",
        )
        for short, label in _MONTH
    }
    figures["leverage"] = rated(
        f"{key}.leverage",
        f"{one.name}资产负债率",
        last.leverage,
        origin,
        "负债 ÷ 资产",
        over="资产",
        parts=(figures["liab"], figures["asset"]),
        why=f"{one.name}资产、负债未填",
    )
    figures["above"] = rated(
        f"{key}.above",
        f"{one.name}资产负债率与行业基准之差",
        last.above,
        origin,
        "资产负债率 − 行业基准",
        over="行业基准",
        unit=Unit.POINTS,
        why=f"{one.name}没有行业基准",
    )
    figures["preserved"] = rated(
        f"{key}.preserved",
        f"{one.name}保值增值率",
        one.preserved,
        Origin(one.region, "全市", "年报", f"{one.preserved_year}年", asked.desk.snapshot),
        "（年末 − 客观增加 + 客观减少）÷ 年初",
        over="年初国有资本",
        why=f"{one.name}保值增值有未填的",
    )
    return {**made.row("", one.name, **figures), "industry": one.industry}


def _put_gains(made: Gatherer, asked: Asked, found: Iterable[Enterprise], origin: Origin) -> None:
    owing = [one for one in found if one.due is not None]
    due, paid = added(one.due for one in owing), added(one.paid for one in owing)
    end = asked.period.span.end
    query = Query(GAINS, "due_amt", (("due_date", "<", end),))
    why = "缺SASAC-03 国有资本收益收缴表"
    figures = (
        told(
            asked.desk,
            "assets.gain.due",
            "应缴国有资本收益",
            due,
            origin,
            (query,),
            formula="缴款期限已到的应缴数之和",
            why=why,
        ),
        told(
            asked.desk,
            "assets.gain.paid",
            "已缴国有资本收益",
            paid,
            origin,
            formula="缴款期限已到的，截至期末的实缴数之和",
            why=why,
        ),
        told(
            asked.desk,
            "assets.gain.owed",
            "欠缴国有资本收益",
            None if due is None or paid is None else due - paid,
            origin,
            formula="应缴 − 已缴",
            why=why,
        ),
    )
    made.put("", figures)


def _put_offices(made: Gatherer, asked: Asked) -> None:
    year, region = asked.period.span.fiscal_year, asked.own.region
    total = admin_total(asked.desk, year, region)
    names = unit_names(asked.desk)
    why = f"缺FIN-28 行政事业性国有资产报表：{year}年及以前"
    made.words["assets.office.as_of"] = f"{total.year}年末" if total else ""
    none = replace(_BLANK, year=year)
    whole = _office(
        made, asked, total or none, "assets.office", "行政事业性", why if not total else ""
    )
    rows: list[Row] = []
    for one in admin_assets(asked.desk, year, "dept_code", region) if total else []:
        name = names.get(one.key, one.key)
        rows.append(
            {
                **_office(made, asked, one, f"assets.office.{one.key}", name, "", one.key),
                "name": name,
            }
        )
    rows.sort(key=lambda row: -(row["book"].value or 0) if isinstance(row["book"], Figure) else 0)
    made.lists["assets.office.table"] = (
        [{**whole, "name": "合计", "strong": "1"}, *rows] if rows else []
    )


def _office(
    made: Gatherer, asked: Asked, one: AdminAssets, key: str, name: str, why: str, dept: str = ""
) -> Row:
    origin = Origin(asked.own.region, "本级", "年报", f"{one.year}年末", asked.desk.snapshot)
    where = (("fiscal_year", "=", one.year), ("mof_div_code", "=", asked.own.region))
    own = (*where, ("dept_code", "=", dept)) if dept else where
    figures = {
        short: told(
            asked.desk,
            f"{key}.{short}",
            f"{name}{label}",
            getattr(one, short),
            origin,
            (Query(ADMIN, column, own),),
            why=why or f"{name}{label}有未填的",
        )
        for short, label, column in _OFFICE
    }
    figures["idle"] = rated(
        f"{key}.idle",
        f"{name}房屋闲置面积占比",
        one.idle,
        origin,
        "闲置面积 ÷ 面积",
        over="房屋土地面积",
        why=why or f"{name}面积有未填的",
    )
    figures["unsettled"] = told(
        asked.desk,
        f"{key}.unsettled",
        f"{name}已交付未办决算的工程",
        None if why else one.unsettled,
        origin,
        unit=Unit.COUNT,
        formula="有交付日期、没有决算日期的项目数",
        why=why,
    )
    return made.row("", name, **figures)


def _put_resources(made: Gatherer, asked: Asked) -> None:
    found = resources(asked.desk, asked.period.span.fiscal_year)
    made.words["assets.nature.as_of"] = f"{found[0].year}年末" if found else ""
    origin = Origin(
        asked.own.region, "全市", "年报", made.words["assets.nature.as_of"], asked.desk.snapshot
    )
    count = told(
        asked.desk,
        "assets.nature.count",
        "自然资源项数",
        len(found) or None,
        origin,
        (Query(NATURE, "*", (("fiscal_year", "=", found[0].year if found else 0),)),),
        unit=Unit.COUNT,
        why="缺NR-02 国有自然资源资产年报",
    )
    made.put("", [count])
    made.lists["assets.nature.table"] = [
        {
            "name": one.kind,
            "region": region_name(asked.desk, one.region),
            "quantity": _quantity(one.quantity, one.unit),
            "change": _quantity(one.change, one.unit, sign=True),
        }
        for one in found
    ]


def _quantity(hundredths: int | None, unit: str, sign: bool = False) -> str:
    """Hundredths of a unit as text: 1,234.50公顷."""
    if hundredths is None:
        return formats.MISSING
    whole, part = divmod(abs(hundredths), 100)
    mark = "-" if hundredths < 0 else "+" if sign and hundredths else ""
    return f"{mark}{whole:,}.{part:02}{unit}"
