"""The draft of a year: what the law asks of it, and its amounts beside the year before."""

from __future__ import annotations

from budget_watch.digest.gatherer import Asked, Gatherer
from budget_watch.digest.material_demands import put_demands
from budget_watch.digest.material_review import put_review
from budget_watch.digest.proven import told
from budget_watch.digest.writing import Row
from budget_watch.views import Figure, Query
from budget_watch.views import draft_budget as budgets
from budget_watch.views.books import BOOKS, KEYS, SIDE_KEYS
from budget_watch.views.draft_budget import Sheet
from budget_watch.views.draft_departments import disclosed, divided, plan
from budget_watch.views.figure import Origin, change, difference
from budget_watch.views.report_rows import outermost
from budget_watch.views.spending import unit_names

_AMOUNTS = {
    "before": ("上年预算", "budget_amt", -1),
    "done": ("上年执行", "ytd_amt", -1),
    "now": ("草案安排", "budget_amt", 0),
}


def put_draft(made: Gatherer, asked: Asked) -> None:
    """Questions of 预算法 articles 44 and 48; the four books by side and 科目; departments."""
    from budget_watch.views.review_questions import DRAFT

    put_review(made, asked, "draft.", DRAFT, "drafting")
    put_demands(made, asked, "draft.demands")
    year = asked.period.span.fiscal_year
    rows: list[Row] = []
    stages: dict[str, dict[str, None]] = {"stage": {}, "before": {}, "done": {}}
    for book in BOOKS:
        for sheet in budgets.sheets(asked.desk, asked.own, year, book):
            key = f"draft.{KEYS[book]}.{SIDE_KEYS[sheet.side]}"
            whole = _amounts(asked, sheet, key, "", book + sheet.side)
            rows.append(made.row("", book + sheet.side, **whole))
            for name, stage in zip(stages, (sheet.plan, sheet.before, sheet.done), strict=True):
                stages[name][stage] = None
            parts = _parts(asked, sheet, key)
            made.lists[f"{key}.items"] = [made.row("", name, **part) for name, part in parts]
    known = any(
        figure.known for row in rows for figure in row.values() if isinstance(figure, Figure)
    )
    made.lists["draft.books"] = rows if known else []
    for name, told_stages in stages.items():
        made.words[f"draft.{name}"] = "、".join(filter(None, told_stages)) or "没有送达"
    _put_departments(made, asked, year)


def _parts(asked: Asked, sheet: Sheet, key: str) -> list[tuple[str, dict[str, Figure]]]:
    return [
        (part.name, _amounts(asked, sheet, f"{key}.{part.code}", part.code, part.name))
        for part in sheet.below()
    ]


def _amounts(asked: Asked, sheet: Sheet, key: str, code: str, name: str) -> dict[str, Figure]:
    """上年预算, 上年执行, 草案安排 of a side or of one of its 科目, and the change."""
    year = asked.period.span.fiscal_year
    one = sheet.total if not code else next(p for p in sheet.parts if p.code == code)
    stages = {"before": sheet.before, "done": sheet.done, "now": sheet.plan}
    values = {"before": one.before, "done": one.done, "now": one.now}
    found = {}
    for short, (label, column, shift) in _AMOUNTS.items():
        stage = stages[short].split("1")[0]
        origin = Origin(
            asked.own.region,
            "本级",
            stages[short] or "未送达",
            f"{year + shift}年",
            asked.desk.snapshot,
        )
        queries = _queries(asked, sheet, year + shift, stage, column, code)
        part = f"（{name}）" if code else ""
        why = f"缺{year + shift}年{sheet.book}{sheet.side}{part}的{label}：市本级"
        if code in ("",) or short not in one.unlisted:
            found[short] = told(
                asked.desk,
                f"{key}.{short}",
                f"{name}{label}",
                values[short],
                origin,
                queries,
                formula="最外层科目之和；有空格的取平衡表所列合计",
                why=why,
            )
        else:
            found[short] = told(
                asked.desk, f"{key}.{short}", f"{name}{label}", 0, origin, formula="报表未列，按零"
            )
    found["step"] = difference(f"{key}.step", f"{name}增减额", found["now"], found["before"])
    found["rate"] = change(f"{key}.rate", f"{name}比上年预算", found["now"], found["before"])
    return found


def _queries(
    asked: Asked, sheet: Sheet, year: int, stage: str, column: str, code: str
) -> tuple[Query, ...]:
    """What should give one amount: its 科目 in the stage's last month, or the balance table."""
    own = (
        *asked.own.terms,
        ("fiscal_year", "=", year),
        ("book", "=", sheet.book),
        ("side", "=", sheet.side),
    )
    months = asked.desk.distinct("execution_month", "month", *own, ("stage", "=", stage))
    if not months:
        return ()
    codes = (code,) if code else outermost(tuple(part.code for part in sheet.parts), sheet.side)
    by = "fund_kind" if sheet.book == "社会保险基金" else "code"
    rows = (*own, ("stage", "=", stage), ("month", "=", max(int(m) for m in months)))
    listed = Query("execution_month", column, (*rows, (by, "in", tuple(codes))))
    if code:
        return (listed,)
    wanted = "批准" if column == "budget_amt" and stage not in budgets.PLANS else stage
    stated = (*own, ("stage", "=", wanted), ("code", "=", "S"))
    return (listed, Query("balance", "amt", stated))


def _put_departments(made: Gatherer, asked: Asked, year: int) -> None:
    """Departments by what they are to get: FIN-09, else what they disclosed (REF-04)."""
    shown = plan(asked.desk, asked.own, year)
    names = unit_names(asked.desk)
    if shown.version:
        rows, stage = divided(asked.desk, asked.own, shown, "d"), shown.version
        source = Query("department_budget", "reply_amt", ())
    else:
        stage, rows = disclosed(asked.desk, asked.own, year)
        source = Query("budget_form", "amt", ())
    made.words["draft.departments.stage"] = stage
    told_rows: list[Row] = []
    for row in rows:
        name = names.get(row.code, row.name)
        key = f"draft.dept.{row.code}"
        figures = {}
        for short, value in (("before", row.before), ("now", row.now)):
            at = year if short == "now" else year - 1
            origin = Origin(asked.own.region, "本级", stage, f"{at}年", asked.desk.snapshot)
            where = (
                ("fiscal_year", "=", at),
                ("mof_div_code", "=", asked.own.region),
                ("dept_code", "=", row.code),
                ("version", "=", stage if short == "now" else shown.before),
            )
            query = (Query(source.table, source.column, where),) if shown.version else ()
            figures[short] = told(
                asked.desk,
                f"{key}.{short}",
                f"{name}{_AMOUNTS[short][0]}",
                value,
                origin,
                query,
                why=f"缺部门预算：{at}年",
            )
        figures["step"] = difference(
            f"{key}.step", f"{name}增减额", figures["now"], figures["before"]
        )
        figures["rate"] = change(f"{key}.rate", f"{name}增减", figures["now"], figures["before"])
        told_rows.append(made.row("", name, **figures))
    made.lists["draft.departments"] = told_rows
    if not told_rows:
        made.gap(f"缺{year}年部门预算草案和部门预算公开表，各部门的安排没有列出", "草案概况")
