"""支付凭证 /voucher/<年度>/<id>: one payment and the chain of documents it hangs on."""

from __future__ import annotations

from typing import Any

from budget_watch.views import formats as fmt
from budget_watch.views import voucher_chain
from budget_watch.views.voucher_chain import Voucher
from dashboard import elements as html
from dashboard.address import Address
from dashboard.context import Context
from dashboard.errors import NotFoundError
from dashboard.frame import Page
from dashboard.pages.place_text import source
from dashboard.pages.voucher_tabs import more
from dashboard.parts import (
    Node,
    attrs,
    block,
    link,
    missing,
)


def page(context: Context) -> Page:
    """One voucher."""
    year, voucher_id = context.address.parts
    if not year.isdigit():
        raise NotFoundError
    found = context.kept(
        "voucher",
        lambda: voucher_chain.get_voucher(context.reader, int(year), voucher_id),
        year,
        voucher_id,
    )
    if found is None:
        raise NotFoundError
    row = found.row
    amount = row["pay_amt"]
    place = _place(context, found)
    kind = "退回" if amount is not None and amount < 0 else "支付"
    return Page(
        f"支付凭证 {row['pay_cert_no']}",
        [
            html.Div(
                [_chain(context, found), _facts(context, found), more(context, found)],
                className="rows",
            )
        ],
        lead=f"{fmt.day_sentence(row['pay_date'])}，{context.names.of('u', row['agency_code'])}"
        f"向{row['payee_acct_name'] or '未填收款人'}{kind}{fmt.yuan(abs(amount or 0))}元，"
        f"用途：{row['use_des'] or '未填'}。",
        crumbs=place,
        tab_title=row["pay_cert_no"],
    )


def _place(context: Context, found: Voucher) -> list[tuple[str, Address | None]]:
    names, row = context.names, found.row
    steps = [("d", row["dept_code"]), ("u", row["agency_code"]), ("p", row["pro_code"])]
    if found.bgt_id:
        steps.append(("i", found.bgt_id))
    if row["pay_app_id"]:
        steps.append(("s", row["pay_app_id"]))
    root = context.address.at("exec")
    parts: list[str] = []
    if context.city is None or row["mof_div_code"] != context.city.region:
        parts = [f"z{row['mof_div_code']}"]
        root = context.address.at("exec", *parts)
    trail: list[tuple[str, Address | None]] = [("预算执行", root)]
    if parts:
        trail.append((names.of("z", row["mof_div_code"]), root))
    year = {} if row["fiscal_year"] == context.as_of.year else {"fy": str(row["fiscal_year"])}
    for letter, code in steps:
        parts.append(f"{letter}{code}")
        text = "支付申请" if letter == "s" else names.of(letter, code)
        trail.append((text, context.address.at("exec", *parts, keep=("asof", "snap"), **year)))
    return [*trail, ("支付凭证", None)]


def _chain(context: Context, found: Voucher) -> html.Section:
    row, plan, app, indicator = found.row, found.plan, found.application, found.indicator
    trail = {str(name): to for name, to in _place(context, found)}
    steps: list[Node] = []
    if indicator:
        left = (indicator["amount"] or 0) + found.changes - (found.paid or 0)
        to = trail.get(context.names.of("i", found.bgt_id or ""))
        steps.append(
            _step(
                "指标",
                indicator["amount"],
                [
                    link(indicator["cor_bgt_doc_no"] or found.bgt_id, to)
                    if to
                    else indicator["cor_bgt_doc_no"],
                    f"下达 {fmt.day(indicator['doc_date'])}",
                    f"本次支付后余额 {fmt.yuan(left)}",
                ],
            )
        )
    else:
        why = (
            "凭证和支付申请都没有指标主键" if not found.bgt_id else f"FIN-12 无编号 {found.bgt_id}"
        )
        steps.append(_gap("指标", why))
    if plan:
        steps.append(
            _step(
                "用款计划",
                plan["plan_amt"],
                [f"{plan['plan_month']}月", plan["plan_voucher_no"] or plan["plan_id"]],
            )
        )
    else:
        steps.append(_gap("用款计划", "FIN-13 无该指标当月及以前的用款计划"))
    if app:
        to = trail.get("支付申请")
        number = app["pay_app_no"]
        steps.append(
            _step(
                "支付申请",
                app["pay_app_amt"],
                [link(number, to) if to else number, fmt.day(app["create_date"])],
            )
        )
    else:
        code = row["pay_app_id"]
        steps.append(_gap("支付申请", f"FIN-14 无编号 {code}" if code else "凭证没有支付申请主键"))
    steps.append(
        _step("支付凭证", row["pay_amt"], [row["pay_cert_no"], fmt.day(row["pay_date"])], here=True)
    )
    if row["act_lqd_date"]:
        days = (row["act_lqd_date"] - row["pay_date"]).days
        when = "当日清算" if days == 0 else f"支付后{days}天清算"
        steps.append(_step("清算", row["pay_amt"], [fmt.day(row["act_lqd_date"]), when]))
    else:
        steps.append(_gap("清算", "没有实际清算日期"))
    return block(
        "资金链条",
        html.Ol(steps, className="chain"),
        flush=True,
        unit="单位：元",
        source=source(context, "FIN-12", "FIN-13", "FIN-14", "FIN-15 国库集中支付凭证表"),
    )


def _step(title: str, amount: int | None, lines: list[Node], here: bool = False) -> html.Li:
    return html.Li(
        [
            html.Div(title, className="step"),
            html.Div(fmt.yuan(amount), className="amount"),
            *[html.Div(line, className="note") for line in lines],
        ],
        className="here" if here else None,
        **attrs({"aria-current": "step"} if here else {}),
    )


def _gap(title: str, why: str) -> html.Li:
    return html.Li(
        [html.Div(title, className="step"), missing(why), html.Div(why, className="note")],
        className="hatched",
    )


def _facts(context: Context, found: Voucher) -> html.Section:
    row, names = found.row, context.names
    economic, government = row["dep_bgt_eco_code"] or "", row["gov_bgt_eco_code"] or ""

    def coded(letter: str, code: str | None) -> str:
        if not code:
            return fmt.NOT_APPLICABLE
        name = names.of(letter, code)
        return code if name == code else f"{code} {name}"

    facts: list[tuple[str, Node]] = [
        ("付款人", row["payer_acct_name"]),
        ("付款账号", row["payer_acct_no"]),
        ("付款账户类型", row["payer_acct_kind"]),
        ("收款人", _person(row, "payee_acct_name")),
        ("收款账号", _person(row, "payee_acct_no")),
        ("收款开户行", row["payee_acct_bank"]),
        ("实际收款人", row["xpayee_acct_name"]),
        ("实际收款账号", row["xpayee_acct_no"]),
        ("结算方式", row["set_mode_code"]),
        ("用途", row["use_des"]),
        ("摘要", row["abstract"]),
        ("合同编号", row["contract_no"]),
        ("发票号码", row["invoice_no"]),
        ("债券代码", row["bond_code"]),
        ("资金性质", coded("f", row["fund_type_code"])),
        ("功能科目", coded("c", row["exp_func_code"])),
        ("部门经济科目", coded("e", economic)),
        ("政府经济科目", coded("g", government)),
        ("项目", coded("p", row["pro_code"])),
        ("单位", coded("u", row["agency_code"])),
        ("支付指令日期", fmt.day(row["instr_date"]) if row["instr_date"] else None),
    ]
    body = html.Dl(
        [html.Div([html.Dt(name), html.Dd(value or fmt.NOT_APPLICABLE)]) for name, value in facts],
        className="facts",
    )
    return block("凭证内容", body, source=source(context, "FIN-15 国库集中支付凭证表"))


def _person(row: dict[str, Any], column: str) -> Node:
    value = row[column]
    if value and "**" in value:
        return html.Span(
            [value, html.Span("已脱敏", className="tag plain", title="自然人信息按授权隐去")],
            className="line",
        )
    return value
