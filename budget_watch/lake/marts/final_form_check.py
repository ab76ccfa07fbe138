"""final_form_check 决算公开表勾稽 (JS06): the identities between a department's nine public forms.

One row a department, unit, year and identity that its forms allow to be reckoned, with both sides
and how far rounding alone can put them apart (half a unit for each figure). Cells are found by the
names printed on the form, codes only help; a blank cell of a form is zero, a blank total is
unknown, and an identity whose total is not on the form has no row. Forms 08 and 09 have a row of
their own: whether they hold a figure, and whether an empty one says why.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from budget_watch.lake.marts.mart import Frames, Mart, mart_contract

CONTRACT = mart_contract(
    41,
    "final_form_check",
    "决算公开表勾稽",
    "reference",
    ["fiscal_year", "mof_div_code", "template_id", "dept_code", "agency_code", "check_id"],
    "部门×年×勾稽关系",
    """
fiscal_year int 预算年度 !
mof_div_code str 财政区划代码 ! region
template_id str 表样编号 !
dept_code str 部门代码 !
agency_code str 单位代码 !
check_id str 勾稽编号 !
title str 勾稽关系 !
left_amt money 左侧金额
right_amt money 右侧金额
difference_amt money 不符金额
tolerance_amt money 舍入容差 !
is_empty bool 空表
is_noted bool 空表有说明
data_status str 数据状态
round_fen int 金额舍入单位（分）
""",
    period=("fiscal_year",),
)
_OWNER = ["fiscal_year", "mof_div_code", "template_id", "dept_code", "agency_code"]
_TOTALS = ("合计", "总计", "本年合计")


@dataclass(frozen=True)
class _Cell:
    """A figure on a form: its form, and which rows and columns it is the sum of."""

    form: str
    row: pl.Expr
    column: pl.Expr
    blank_is_zero: bool = False


_ROW, _COLUMN = pl.col("row"), pl.col("column")
_FIRST = (pl.col("col_code").str.strip_chars().str.strip_chars_start("0") == "1") | _COLUMN.is_in(
    ["合计", "金额", "本年支出合计", "本年收入合计", "决算数"]
)
_TOTAL = _ROW.is_in(_TOTALS) | (pl.col("row_code") == "T")
_ALL = pl.lit(True)


def _named(text: str) -> pl.Expr:
    return _ROW.eq(text)


def _side(text: str) -> pl.Expr:
    """The grand total of one side of form 01, named by its row or by its column."""
    return _ROW.eq(f"{text}总计") | ((_ROW == "总计") & _titled(text))


def _titled(text: str) -> pl.Expr:
    return _COLUMN.str.contains(text, literal=True)


_CARS = "公务用车购置[及和](公务用车)?运行(维护)?(费用?|支出)?"


def _item(pattern: str, codes: list[str], column: str) -> _Cell:
    """An item of form 07, by the names of its row and column, or the code of its row."""
    words = pl.concat_str("row", "column").str.replace_all(_CARS, "公车")
    small = words.str.contains("小计", literal=True) | (
        words.str.contains("公车", literal=True) & ~words.str.contains("购置|运行")
    )
    other = words.str.contains("因公|公车|购置|运行|接待|小计")
    wanted = {
        "合计": (words.str.contains("合计", literal=True) | pl.col("row_code").is_in(codes))
        & ~other,
        "小计": small,
    }.get(pattern, (words.str.contains(pattern) | pl.col("row_code").is_in(codes)) & ~small)
    budget = words.str.contains("预算数", literal=True)
    side = budget if column == "预算数" else ~budget
    return _Cell("07", wanted, side, pattern not in ("合计", "小计"))


_ABROAD, _BOUGHT = ("因公出国", ["30212"]), ("购置", ["31013", "30913"])
_RUN, _GUESTS = ("运行", ["30231"]), ("接待", ["30217"])


def _spent(*codes: str) -> _Cell:
    return _Cell("06", pl.col("row_code").is_in(list(codes)), _FIRST, True)


# id → title, left side, right side (all added up), whether left may be less
_IDENTITIES: tuple[tuple[str, str, list[_Cell], list[_Cell], bool], ...] = (
    ("01", "01表收入总计＝支出总计", [_Cell("01", _side("收入"), _ALL)],
     [_Cell("01", _side("支出"), _ALL)], False),
    ("02", "02表合计＝01表本年收入合计", [_Cell("02", _TOTAL, _FIRST)],
     [_Cell("01", _named("本年收入合计"), _ALL)], False),
    ("03", "03表合计＝01表本年支出合计", [_Cell("03", _TOTAL, _FIRST)],
     [_Cell("01", _named("本年支出合计"), _ALL)], False),
    ("03a", "03表合计＝基本支出＋项目支出等各栏", [_Cell("03", _TOTAL, _FIRST)],
     [_Cell("03", _TOTAL, _titled(name), name not in ("基本支出", "项目支出"))
      for name in ("基本支出", "项目支出", "上缴上级", "经营支出", "附属单位")], False),
    ("04", "04表一般公共预算栏＝05表合计",
     [_Cell("04", _ROW.is_in(["本年支出合计", "支出合计"]), _titled("一般公共预算"))],
     [_Cell("05", _TOTAL, _FIRST)], False),
    ("05", "05表合计＝基本支出＋项目支出", [_Cell("05", _TOTAL, _FIRST)],
     [_Cell("05", _TOTAL, _titled("基本支出")), _Cell("05", _TOTAL, _titled("项目支出"))], False),
    ("06", "05表基本支出＝06表合计", [_Cell("05", _TOTAL, _titled("基本支出"))],
     [_Cell("06", _TOTAL, _ALL)], False),
    ("06p", "05表基本支出＝06表人员经费合计＋公用经费合计",
     [_Cell("05", _TOTAL, _titled("基本支出"))],
     [_Cell("06", _named("人员经费合计"), _ALL), _Cell("06", _named("公用经费合计"), _ALL)], False),
    *(
        (f"07{mark}", f"07表{side}合计＝出国＋用车小计＋接待", [_item("合计", ["T"], side)],
         [_item(*_ABROAD, side), _item("小计", [], side), _item(*_GUESTS, side)], False)
        for mark, side in (("a", "决算数"), ("b", "预算数"))
    ),
    *(
        (f"07{mark}", f"07表{side}用车小计＝购置＋运行", [_item("小计", [], side)],
         [_item(*_BOUGHT, side), _item(*_RUN, side)], False)
        for mark, side in (("c", "决算数"), ("d", "预算数"))
    ),
    *(
        (f"06{mark}", f"06表{name}不大于07表同一项", [_spent(*codes)],
         [_item(pattern, list(codes), "决算数")], True)
        for mark, name, (pattern, codes) in (
            ("a", "因公出国（境）费", _ABROAD), ("b", "公务用车购置", _BOUGHT),
            ("c", "公务用车运行维护费", _RUN), ("d", "公务接待费", _GUESTS),
        )
    ),
)  # fmt: skip
_EMPTY = {"08": "08表没有数的要说明", "09": "09表没有数的要说明"}


def build(frames: Frames) -> pl.LazyFrame:
    """Every identity of every department, from its forms."""
    names = {"row": "row_name", "column": "col_name"}
    cells = frames["final_account_form"].with_columns(
        pl.col("row_code").fill_null("").str.strip_chars(),
        **{name: _plain(pl.col(source)) for name, source in names.items()},
    )
    checked = [_identity(cells, *each) for each in _IDENTITIES]
    return pl.concat([*checked, *(_empty(cells, form) for form in _EMPTY)]).select(CONTRACT.names)


def _plain(text: pl.Expr) -> pl.Expr:
    """A printed name without spaces, brackets' content, numbering and full-width letters."""
    bare = text.fill_null("").str.replace_all(r"[\s　]+", "").str.replace_all("[（(].*?[）)]", "")
    return bare.str.replace(r"^([一二三四五六七八九十]+、|\d+[.、．])", "")


def _identity(
    cells: pl.LazyFrame,
    check: str,
    title: str,
    left: list[_Cell],
    right: list[_Cell],
    at_most: bool,
) -> pl.LazyFrame:
    forms = {cell.form for cell in (*left, *right)}
    sides = {
        **{f"l{at}": cell for at, cell in enumerate(left)},
        **{f"r{at}": cell for at, cell in enumerate(right)},
    }
    found = (
        cells.filter(pl.col("table_no").is_in(list(forms)))
        .group_by(_OWNER)
        .agg(
            *(_figure(cell).alias(name) for name, cell in sides.items()),
            *(_present(cell).alias(f"has_{name}") for name, cell in sides.items()),
            round_fen=pl.col("round_fen").max().fill_null(1),
            data_status=pl.col("data_status").first(),
        )
        .filter(pl.all_horizontal(f"has_{name}" for name in sides))
    )
    one, other = (
        pl.sum_horizontal([f"{side}{at}" for at in range(len(each))], ignore_nulls=False)
        for side, each in (("l", left), ("r", right))
    )
    apart = one - other
    rounded = pl.col("round_fen") > 1
    return found.with_columns(
        check_id=pl.lit(check),
        title=pl.lit(title),
        left_amt=one,
        right_amt=other,
        difference_amt=pl.max_horizontal(apart, pl.lit(0)) if at_most else apart.abs(),
        tolerance_amt=pl.when(rounded).then(pl.col("round_fen") * len(sides) // 2).otherwise(0),
        is_empty=pl.lit(None, pl.Boolean),
        is_noted=pl.lit(None, pl.Boolean),
    ).select(*_OWNER, *CONTRACT.names[len(_OWNER) :])


def _here(cell: _Cell) -> pl.Expr:
    return (pl.col("table_no") == cell.form) & cell.row & cell.column


def _figure(cell: _Cell) -> pl.Expr:
    """The sum of a cell's rows; a blank is zero among parts, and makes a total unknown."""
    amounts = pl.col("amt").filter(_here(cell))
    if cell.blank_is_zero:
        return amounts.sum()
    return pl.when(amounts.is_null().any()).then(None).otherwise(amounts.sum())


def _present(cell: _Cell) -> pl.Expr:
    """Whether the cell can be known: a part is zero where its form leaves it out."""
    return (pl.col("table_no") == cell.form if cell.blank_is_zero else _here(cell)).any()


def _empty(cells: pl.LazyFrame, form: str) -> pl.LazyFrame:
    """Whether form 08 or 09 holds a figure, for every owner of forms in the year."""
    mine = pl.col("table_no") == form
    return (
        cells.group_by(_OWNER)
        .agg(
            is_empty=~(mine & (pl.col("amt").fill_null(0) != 0)).any(),
            is_noted=(mine & (_plain(pl.col("note")) != "")).any(),
            round_fen=pl.col("round_fen").max(),
            data_status=pl.col("data_status").first(),
        )
        .with_columns(
            check_id=pl.lit(form),
            title=pl.lit(_EMPTY[form]),
            left_amt=pl.lit(None, pl.Int64),
            right_amt=pl.lit(None, pl.Int64),
            difference_amt=pl.lit(None, pl.Int64),
            tolerance_amt=pl.lit(0, pl.Int64),
        )
        .select(*_OWNER, *CONTRACT.names[len(_OWNER) :])
    )


FINAL_FORM_CHECK = Mart(CONTRACT, ("final_account_form",), ("final_account_form",), build)
