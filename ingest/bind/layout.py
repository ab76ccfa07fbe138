"""Finds the tables on a sheet: title, unit, header rows of any number, blocks side by side.

A header path is the texts over a column from top to bottom, joined by “/”; merged cells give their
text to every column they span, and where merges are unknown (.xls) a blank cell takes its left
neighbour's text as long as both stand under the same cell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ingest.bind.words import figure_in, is_ratio, is_subtotal, unit_in
from ingest.sources.grid import Grid, squeeze

_SEARCH = 30  # header rows stand within the first rows of a sheet
_ITEM = re.compile(
    r"^(?:项目|预算科目|科目|科目名称|项目名称|收入项目|支出项目|收入科目|支出科目|预算项目|"
    r"(?:支出|收入)?功能分类科目名称|支出功能分类(?:科目)?|经济(?:分类)?科目名称|经济分类科目|"
    r"(?:政府)?预算支出经济分类科目(?:名称)?|地区|区域|地区名称|行政区划|区划|区划名称|县\(?[市区、]*\)?|"
    r"市县|市\(?[县区]\)?|县区|各县\(?市?区?\)?|州市|单位|单位名称|险种|基金名称|项目\(科目\)|"
    r"收入|支出|本年收入|本年支出|项目内容|资金来源|名称|科目名称\(?项目\)?|债务类型|转移支付项目(?:名称)?|"
    r"支出功能科目|预算科目名称|科目名称及编码|收支项目|(?:部门|政府)(?:预算)?(?:支出)?经济分类科目名称)$"
)
_CODE = re.compile(
    r"^(?:(?:部门|政府)?(?:预算)?(?:支出|收入)?(?:功能|经济)?(?:分类)?科目(?:编码|代码|编号)|编码|代码|科目编码\(?.*\)?|"
    r"预算科目编码|功能科目|区划(?:代码|编码)|地区(?:代码|编码))$"
)
_SUB_HEADER = re.compile(
    r"^(?:(?:支出|收入)?功能(?:分类)?科目(?:编码|名称)|"
    r"(?:部门|政府)?(?:预算)?(?:支出)?经济(?:分类)?科目(?:编码|名称)|科目(?:编码|名称)|[类款项])$"
)
_SIDE = re.compile(r"^(?:本年)?(?:收入|支出)$")  # heads a list of items, or a column of figures
_FORMULA_ROW = re.compile(r"^(?:公式|栏次|行次|列次)$")
_LETTERS = re.compile(
    r"^[A-Z](?:=[A-Z+\-*/()0-9.%]+)?$|^\d{1,2}(?:=[\d+\-*/()]+)?$|^=?[A-Z]\d?[+\-]"
)
_MARKER = re.compile(r"#|^DEBT_T_|^AND[A-Z]\.")
_HELPER = re.compile(
    r"^(?:打印|是否打印|非打印区域.*|类-款-项|类|级次|校验|备注|\d{1,3}|是|否|序号)?$"
)


@dataclass(frozen=True)
class Column:
    """A column of a block: its number in the sheet and its header texts from top to bottom."""

    index: int
    levels: tuple[str, ...]

    @property
    def path(self) -> str:
        """Return the header texts joined by “/”."""
        return "/".join(self.levels)

    @property
    def leaf(self) -> str:
        """Return the lowest header text."""
        return self.levels[-1] if self.levels else ""


@dataclass(frozen=True)
class Block:
    """One table on a sheet. Rows are sheet rows counted from 0; `end` is the row after the last."""

    grid: Grid
    title: str
    unit: str | None
    columns: tuple[Column, ...]
    item: int
    codes: tuple[int, ...]  # the column of codes, or several (类, 款, 项)
    start: int
    end: int
    header: tuple[int, int]
    heads: tuple[str, ...] = field(default=())  # every text above the header

    def find(self, pattern: str) -> list[Column]:
        """Return the columns whose path matches the pattern anywhere."""
        wanted = re.compile(pattern)
        return [column for column in self.columns if wanted.search(column.path)]


def blocks_of(grid: Grid) -> list[Block]:
    """Return the tables that stand on the sheet, from left to right; [] if there is no header."""
    header = _header_rows(grid)
    if header is None:
        return []
    first, last = header
    texts = _spread(grid, first, last)
    starts = _block_starts(grid, texts, first, last)
    found: list[Block] = []
    for position, start in enumerate(starts):
        stop = starts[position + 1] if position + 1 < len(starts) else grid.width
        block = _block(grid, texts, first, last, start, stop, len(starts) > 1)
        if block is not None:
            found.append(block)
    return found


def flat_block(grid: Grid) -> Block | None:
    """Return the sheet as one table whose header is its first row, without titles: a data file."""
    for row in range(min(_SEARCH, len(grid.rows))):
        texts = [grid.text(row, column) for column in range(grid.width)]
        if sum(bool(text) for text in texts) >= 3:
            columns = tuple(
                Column(index, (text,) if text else ()) for index, text in enumerate(texts)
            )
            return Block(
                grid=grid,
                title="",
                unit=None,
                columns=columns,
                item=0,
                codes=(),
                start=row + 1,
                end=len(grid.rows),
                header=(row, row),
            )
    return None


_OWNER_LINE = re.compile(r"(?:部门|单位)(?:名称)?:")


def strip_block(grid: Grid) -> Block | None:
    """Return a sheet whose header names every figure and no item: figures stand in one row.

    The header begins at the first row of several texts that is neither title nor unit line and
    goes on to the first row of figures. The block's item is a column that the sheet does not have.
    """
    rows = range(min(_SEARCH, len(grid.rows)))
    filled = {row: [text for cell in grid.rows[row] if (text := squeeze(cell))] for row in rows}
    first = next((row for row in rows if _heads_strip(filled[row])), None)
    if first is None or _is_marker_row(grid, first):
        return None
    last = first
    for row in range(first, len(rows)):
        if any(_is_amount(text) for text in filled[row]) and not _counts_up(filled[row]):
            break
        if filled[row] and len(filled[row]) > 1:
            last = row
    texts = _spread(grid, first, last)
    heads = title_rows(grid, first)
    return Block(
        grid=grid,
        title=_title(heads),
        unit=next((unit for text in heads if (unit := unit_in(text))), None),
        columns=tuple(Column(index, _levels(texts, index)) for index in range(grid.width)),
        item=grid.width,
        codes=(),
        start=last + 1,
        end=len(grid.rows),
        header=(first, last),
        heads=tuple(heads),
    )


def _heads_strip(texts: list[str]) -> bool:
    plain = [text for text in texts if not unit_in(text) and not _OWNER_LINE.search(text)]
    return len(plain) > 1 and plain == texts and not any(_is_amount(text) for text in texts)


def _counts_up(texts: list[str]) -> bool:
    """Tell whether a row numbers the columns: 1 2 3 …"""
    numbers = [int(text) for text in texts if text.isdigit()]
    return len(numbers) > 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def title_rows(grid: Grid, before: int) -> list[str]:
    """Return the texts above row `before`, without hidden and machine rows, row by row."""
    return [
        squeeze(cell)
        for row in range(before)
        if row not in grid.hidden_rows and not _is_marker_row(grid, row)
        for cell in grid.rows[row]
        if squeeze(cell)
    ]


def _is_marker_row(grid: Grid, row: int) -> bool:
    cells = [squeeze(cell) for cell in grid.rows[row]]
    return sum(bool(_MARKER.search(cell)) for cell in cells) >= 2


def _header_rows(grid: Grid) -> tuple[int, int] | None:
    """Return the first and last header row."""
    for row in range(min(_SEARCH, len(grid.rows))):
        if _is_marker_row(grid, row):
            continue
        cells = [squeeze(cell) for cell in grid.rows[row]]
        items = sum(bool(_ITEM.match(cell)) for cell in cells)
        others = sum(
            bool(cell)
            and (figure_in(cell) is not None or is_ratio(cell) or bool(_CODE.match(cell)))
            for cell in cells
        )
        filled = sum(bool(cell) for cell in cells)
        if items and filled >= 2 and (others or items >= 2 or filled >= 3):
            return row, _header_end(grid, row, cells)
    return None


def _item_columns(leaves: list[str]) -> list[int]:
    """Return the columns of items; “本年收入” beside “项目” heads figures, alone it heads items."""
    items = [column for column, leaf in enumerate(leaves) if _ITEM.match(leaf)]
    return [column for column in items if not _SIDE.match(leaves[column])] or items


def _header_end(grid: Grid, first: int, cells: list[str]) -> int:
    """Header rows go on while the item column is blank and some other cell is text."""
    items = _item_columns(cells)
    last = first
    for merged in grid.merged:
        if merged[0] <= first <= merged[2] and merged[1] in items:
            last = max(last, merged[2])
    for row in range(last + 1, min(first + 8, len(grid.rows))):
        values = [squeeze(cell) for cell in grid.rows[row]]
        named = [values[column] for column in items if column < len(values) and values[column]]
        if not any(values):
            if row > last + 2:
                break
            continue
        if named and all(_FORMULA_ROW.match(name) for name in named):
            last = row
            continue
        if _numbers_columns(values):
            last = row
            continue
        amounts = any(_is_amount(value) for value in values)
        if named and not amounts and all(_is_header(name) for name in named):
            last = row
            continue
        if named:
            break
        rest = [value for column, value in enumerate(values) if value and column not in items]
        words = [value for value in rest if re.search(r"[\u4e00-\u9fa5]", value)]
        total = amounts and bool(words) and is_subtotal(words[0])
        if all(_LETTERS.match(value) for value in rest) or (words and not total):
            last = row
            continue
        break
    return last


def _numbers_columns(values: list[str]) -> bool:
    """Tell whether a row numbers the columns: 类 款 项 | 栏次 | 1 | 2 | 3."""
    filled = [value for value in values if value]
    return any(_FORMULA_ROW.match(value) for value in filled) and all(
        _FORMULA_ROW.match(value) or _LETTERS.match(value) or _is_header(value) for value in filled
    )


def _is_header(text: str) -> bool:
    return bool(_SUB_HEADER.match(text) or _ITEM.match(text))


def _is_amount(text: str) -> bool:
    return bool(re.fullmatch(r"-?\d[\d,]*(?:\.\d+)?", text)) and not re.fullmatch(r"20\d\d", text)


def _spread(grid: Grid, first: int, last: int) -> list[list[str]]:
    """Return header texts with merged (or presumably merged) cells filled in."""
    width = grid.width
    texts = [[grid.text(row, column) for column in range(width)] for row in range(first, last + 1)]
    owned = [[bool(text) for text in line] for line in texts]
    for top, left, bottom, right in grid.merged:
        if bottom < first or top > last:
            continue
        text = grid.text(top, left)
        for row in range(max(top, first), min(bottom, last) + 1):
            for column in range(left, min(right, width - 1) + 1):
                owned[row - first][column] = True
                # the text stands once, in the top row of the merge, for each column it spans
                texts[row - first][column] = text if row == max(top, first) else ""
    for depth in range(len(texts) - 1):
        for column in range(1, width):
            if owned[depth][column] or texts[depth][column] or not texts[depth][column - 1]:
                continue
            below = any(texts[lower][column] for lower in range(depth + 1, len(texts)))
            same_parent = depth == 0 or texts[depth - 1][column] == texts[depth - 1][column - 1]
            role = _ITEM.match(texts[depth][column - 1]) or _CODE.match(texts[depth][column - 1])
            if below and same_parent and not role:
                texts[depth][column] = texts[depth][column - 1]
    return texts


def _levels(texts: list[list[str]], column: int) -> tuple[str, ...]:
    levels: list[str] = []
    for line in texts:
        text = line[column]
        formula = _LETTERS.match(text) or _FORMULA_ROW.match(text)
        if text and not formula and (not levels or levels[-1] != text):
            levels.append(text)
    return tuple(levels)


def _block_starts(grid: Grid, texts: list[list[str]], first: int, last: int) -> list[int]:
    """Return the columns at which tables begin: each item column, or the code column before it."""
    items: list[int] = []
    leaves = [next(iter(_levels(texts, column)[-1:]), "") for column in range(grid.width)]
    for column in _item_columns(leaves):
        if items and column - items[-1] <= 1:
            continue
        items.append(column)
    starts: list[int] = []
    for item in items:
        start = item
        floor = starts[-1] + 1 if starts else 0
        while start > floor and _is_lead(texts, start - 1):
            start -= 1
        starts.append(start)
    if starts:
        starts[0] = 0
    return starts


def _is_lead(texts: list[list[str]], column: int) -> bool:
    levels = _levels(texts, column)
    leaf = levels[-1] if levels else ""
    return bool(_CODE.match(leaf)) or leaf in ("序号", "类", "款", "项")


def _block(
    grid: Grid,
    texts: list[list[str]],
    first: int,
    last: int,
    start: int,
    stop: int,
    several: bool,
) -> Block | None:
    columns = tuple(Column(index, _levels(texts, index)) for index in range(start, stop))
    items = [column for column in columns if column.levels and _ITEM.match(column.leaf)]
    if not items:
        return None
    item = items[0].index
    if len(items) > 1 and re.search(r"编码|代码", items[0].leaf):
        item = items[1].index
    codes = [column.index for column in columns if column.levels and _CODE.match(column.leaf)][:1]
    parts = [
        column.index
        for column in columns
        if column.leaf in ("类", "款", "项") and len(column.levels) > 1 and column.index < item + 3
    ]
    if len(parts) >= 2:
        codes = parts
    heads = title_rows(grid, first)
    own = [
        grid.text(row, column)
        for row in range(first)
        if row not in grid.hidden_rows and not _is_marker_row(grid, row)
        for column in range(start, min(stop, grid.width))
        if grid.text(row, column)
    ]
    unit = next((unit for text in (own if several else heads) if (unit := unit_in(text))), None)
    unit = unit or next((unit for text in heads if (unit := unit_in(text))), None)
    unit = unit or next((unit for column in columns if (unit := unit_in(column.path))), None)
    return Block(
        grid=grid,
        title=_title(own, named=True) or _title(heads, named=True) or _title(own) or _title(heads),
        unit=unit,
        columns=columns,
        item=item,
        codes=tuple(codes),
        start=last + 1,
        end=_end(grid, last + 1, start, stop),
        header=(first, last),
        heads=tuple(heads),
    )


def _title(texts: list[str], named: bool = False) -> str:
    """Return the text that looks most like a table's title; with `named` only one that says so."""
    usable = [
        text
        for text in texts
        if unit_in(text) is None
        and not re.fullmatch(
            r"公开\d+表|(?:附?表|附件)[\d一二三四五六七八九十\-—－.()]*[:：]?", text
        )
        and not _HELPER.match(text)
        and not _OWNER_LINE.search(text)
    ]
    likely = [text for text in usable if re.search(r"表|情况|预算|决算|明细", text)]
    return max(likely or ([] if named else usable), key=len, default="")


def _end(grid: Grid, first: int, start: int, stop: int) -> int:
    """Return the row after the last one that holds anything within the block."""
    last = first
    for row in range(first, len(grid.rows)):
        if any(grid.text(row, column) for column in range(start, min(stop, grid.width))):
            last = row + 1
    return last
