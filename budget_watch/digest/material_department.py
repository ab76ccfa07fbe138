"""One department: its budget and spending by function and use, 三公经费, its place among others."""

from __future__ import annotations

from budget_watch.casework.findings import UPHELD, list_findings
from budget_watch.digest.errors import DigestRefusedError
from budget_watch.digest.gatherer import Asked, Gatherer
from budget_watch.digest.material_spending import spent_row
from budget_watch.digest.proven import told
from budget_watch.digest.writing import Row
from budget_watch.views import Figure, Query, Unit
from budget_watch.views.figure import Origin
from budget_watch.views.findings_summary import AREAS, LEVELS
from budget_watch.views.names import Names, names
from budget_watch.views.spending import Spending, departments, measure, measures
from budget_watch.views.three_public import three_public

_PARTS = {
    "functions": ("exp_func_code", "c", 3),
    "economic": ("dep_bgt_eco_code", "e", 3),
    "units": ("agency_code", "u", None),
}


def put_department(made: Gatherer, asked: Asked) -> None:
    """The department that the report is about, in 市本级.

    Raises:
        DigestRefusedError: no department has this code.
    """
    desk, span, dept = asked.desk, asked.period.span, asked.subject
    known = names(desk.reader, span.fiscal_year)
    if dept not in known.departments:
        raise DigestRefusedError(f"没有编码为“{dept}”的部门；请写部门编码，如 101。")
    name = known.of("d", dept)
    short = name.removeprefix(asked.own.name)
    made.words |= {"dept.name": name, "dept.short": short, "dept.code": dept}
    own = ("dept_code", "=", dept)
    whole = measure(desk, asked.own, span, "department", name, (own,))
    made.lists["dept.total"] = [spent_row(made, whole)]
    made.figures["own.department.pace"] = whole.pace
    for part, (column, letter, cut) in _PARTS.items():
        found = measures(desk, asked.own, span, f"department.{part}", column, {}, (own,))
        rows = [_part_row(made, each, known, letter, cut) for each in found.values()]
        rows.sort(key=lambda row: -_value(row, "spent"))
        made.lists[f"dept.{part}"] = [
            row for row in rows if _value(row, "spent") or _value(row, "current")
        ]
    _put_three_public(made, asked, dept)
    _put_rank(made, asked, dept)
    _put_findings(made, asked, dept)


def _part_row(made: Gatherer, each: Spending, known: Names, letter: str, cut: int | None) -> Row:
    code = each.key.rsplit(".", 1)[1]
    name = known.of(letter, code)
    head = known.of(letter, code[:cut]) if cut and len(code) > cut else ""
    shown = name if name != code else f"{head or '未列名'}（{code}）"
    return {**spent_row(made, each), "name": shown, "code": code}


def _value(row: Row, key: str) -> int:
    figure = row[key]
    return figure.value or 0 if isinstance(figure, Figure) else 0


def _put_three_public(made: Gatherer, asked: Asked, dept: str) -> None:
    found = three_public(asked.desk, asked.own, asked.period.span, dept)
    total = {**spent_row(made, found.total), "name": "合计（五项科目）", "strong": "1"}
    kinds = [
        {**spent_row(made, kind), "name": f"{kind.key.rsplit('.', 1)[1]} {kind.name}"}
        for kind in found.kinds
    ]
    made.lists["dept.three_public"] = [total, *kinds]


def _put_rank(made: Gatherer, asked: Asked, dept: str) -> None:
    """Its place among all departments by progress, the slowest first."""
    found = departments(asked.desk, asked.own, asked.period.span)
    at = next((n for n, each in enumerate(found, 1) if each.key.endswith(f".{dept}")), None)
    origin = Origin(
        asked.own.region, "本级", "支付凭证", asked.period.span.as_of, asked.desk.snapshot
    )
    why = "部门没有变动预算，不排序"
    made.put(
        "dept.",
        (
            told(
                asked.desk,
                "rank",
                "支出进度由慢到快的位次",
                at,
                origin,
                formula="按支出进度由低到高",
                why=why,
                unit=Unit.COUNT,
            ),
            told(
                asked.desk,
                "peers",
                "有变动预算的部门",
                len(found) or None,
                origin,
                formula="变动预算大于零的部门数",
                why=why,
                unit=Unit.COUNT,
            ),
        ),
    )


def _put_findings(made: Gatherer, asked: Asked, dept: str) -> None:
    found = list_findings(asked.home, asked.grant, dept=dept, trial=False)
    held = [each for each in found if each.work_state in UPHELD]
    origin = Origin(asked.own.region, "本级", "疑点", asked.period.span.as_of, asked.desk.snapshot)
    where = (("dept_code", "=", dept), ("outcome", "=", "hit"))

    def counted(key: str, label: str, number: int, *terms: tuple[str, str, str]) -> Figure:
        query = Query("finding", "*", (*where, *terms))
        return Figure(f"findings.{key}", label, Unit.COUNT, number, origin, "条数", (query,))

    made.put(
        "dept.", (counted("total", "疑点", len(found)), counted("held", "初核成立", len(held)))
    )
    made.put("dept.", (counted("unlooked", "未完成初核", len(found) - len(held)),))
    rows: list[Row] = []
    for area, title in AREAS.items():
        own = [each for each in found if each.area == area]
        if not own:
            continue
        figures = {
            level: counted(
                f"{area}.{level}",
                f"{title}{word}",
                sum(each.level == level for each in own),
                ("area", "=", area),
                ("level", "=", level),
            )
            for level, word in LEVELS.items()
        }
        figures["count"] = counted(f"{area}.count", title, len(own), ("area", "=", area))
        rows.append(made.row("dept.", title, **figures))
    made.lists["dept.findings"] = rows
    made.lists["dept.held"] = [
        {
            "name": each.title,
            "level": LEVELS.get(each.level or "", ""),
            "text": each.message,
            "state": each.work_state,
        }
        for each in held
    ]
