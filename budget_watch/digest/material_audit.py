"""Issues that audits found and how far they are put right: by year, kind and department."""

from __future__ import annotations

from budget_watch.digest.gatherer import Asked, Gatherer
from budget_watch.digest.proven import rated, told
from budget_watch.digest.writing import Row
from budget_watch.views import Figure, Query, Unit, formats
from budget_watch.views.audit_issues import (
    ISSUES,
    Tally,
    issues,
    repeats,
    tallies,
    tally,
)
from budget_watch.views.figure import Origin
from budget_watch.views.spending import unit_names

_AMOUNTS = (("amount", "问题金额"), ("due_amount", "到期问题金额"), ("settled", "到期已整改金额"))
_COUNTS = (
    ("issues", "问题"),
    ("due", "到期问题"),
    ("finished", "到期已完成整改"),
    ("open", "未完成整改"),
    ("overdue", "逾期未完成"),
    ("unsaid", "到期未登记整改情况"),
)
_NONE = "缺AUD-02 审计查出问题清单"


def put_audit(made: Gatherer, asked: Asked) -> None:
    """Everything known at the period's end, of the whole government."""
    found = issues(asked.desk, asked.whole, asked.period.span.end)
    names = unit_names(asked.desk)
    whole = _row(made, asked, tally("all", found), "审计查出", bool(found))
    for name, of, called in (
        ("year", lambda one: str(one.year), lambda key: f"{key}年"),
        ("kind", lambda one: one.kind, lambda key: key),
        ("dept", lambda one: one.dept, lambda key: names.get(key, key) or "未写明部门"),
    ):
        rows = [
            _row(made, asked, each, called(each.key), True, name) for each in tallies(found, of)
        ]
        if name == "dept":
            rows.sort(key=lambda row: -(_value(row, "open")))
        made.lists[f"audit.by_{name}"] = (
            [{**whole, "name": "合计", "strong": "1"}, *rows] if rows else []
        )
    made.lists["audit.overdue"] = [
        {
            "name": one.project,
            "unit": names.get(one.unit or one.dept, one.unit or one.dept),
            "kind": one.kind,
            "deadline": one.deadline.isoformat(),
            "days": f"{one.overdue:,}",
            "state": one.state,
            "amount": formats.table_money(one.amount) if one.amount is not None else "—",
        }
        for one in found
        if one.overdue
    ]
    made.lists["audit.repeats"] = [
        {
            "name": names.get(group[0].unit or group[0].dept, group[0].unit or group[0].dept),
            "kind": group[0].kind,
            "years": "、".join(dict.fromkeys(f"{one.year}年" for one in group)),
        }
        for group in repeats(found)
    ]


def _value(row: Row, key: str) -> int:
    figure = row[key]
    return figure.value or 0 if isinstance(figure, Figure) else 0


def _row(
    made: Gatherer, asked: Asked, one: Tally, name: str, known: bool, by: str = ""
) -> dict[str, str | Figure]:
    span, place = asked.period.span, asked.whole
    origin = Origin(
        place.region,
        place.scope_kind,
        "审计整改台账",
        f"{span.end.isoformat()}",
        asked.desk.snapshot,
    )
    key = f"audit.{by}.{one.key}" if by else "audit"
    where = () if place.scope_kind == "全市" else (("mof_div_code", "=", place.region),)
    column = {"year": "fiscal_year", "kind": "issue_type", "dept": "dept_code"}.get(by)
    if column:
        where = (*where, (column, "=", int(one.key) if by == "year" else one.key))
    whole = {"issues": Query(ISSUES, "*", where), "amount": Query(ISSUES, "amt", where)}
    figures = {
        short: told(
            asked.desk,
            f"{key}.{short}",
            f"{name}{label}",
            getattr(one, short) if known else None,
            origin,
            (whole[short],) if short in whole else (),
            unit=unit,
            formula="审计查出问题与整改台账（期末已知）",
            why=_NONE,
        )
        for labels, unit in ((_AMOUNTS, Unit.FEN), (_COUNTS, Unit.COUNT))
        for short, label in labels
    }
    for short, label, value, over in (
        ("by_number", "整改完成率（按个数）", one.by_number, "到期问题"),
        ("by_amount", "整改完成率（按金额）", one.by_amount, "到期问题金额"),
    ):
        made_ = rated(
            f"{key}.{short}",
            f"{name}{label}",
            value if known else None,
            origin,
            f"已整改 ÷ {over}",
            over=over,
            why=_NONE if not known else f"没有{over}",
        )
        figures[short] = made_
    return made.row("", name, **figures)
