"""Department disclosure workbooks, filled as a department fills them. All figures are invented.

`fill_budget` writes into the official blank template of 2026 (or a workbook of its layout that
`blank_budget` makes); `final_book` makes the nine forms 公开01–09 with their merged headers.
"""

from pathlib import Path

import openpyxl

# ruff: noqa: E501  (a form's row stands in one line)

SPENDING = {  # code parts, name, basic, project; in yuan
    ("205", "", ""): ("教育支出", "8000000.25", "2000000.50"),
    ("205", "02", ""): ("普通教育", "8000000.25", "2000000.50"),
    ("205", "02", "01"): ("学前教育", "3000000.00", "500000.50"),
    ("205", "02", "02"): ("小学教育", "5000000.25", "1500000.00"),
    ("208", "", ""): ("社会保障和就业支出", "1000000.00", "0"),
    ("208", "05", ""): ("行政事业单位养老支出", "1000000.00", "0"),
    ("208", "05", "05"): ("机关事业单位基本养老保险缴费支出", "1000000.00", "0"),
}
FUND = {
    ("229", "", ""): ("其他支出", "0", "300000"),
    ("229", "08", ""): ("彩票发行销售机构业务费安排的支出", "0", "300000"),
    ("229", "08", "04"): ("福利彩票销售机构的业务费支出", "0", "300000"),
}
ECONOMIC = {
    ("301", ""): ("工资福利支出", "7500000.25", "0"),
    ("301", "01"): ("基本工资", "7500000.25", "0"),
    ("302", ""): ("商品和服务支出", "0", "1500000"),
    ("302", "01"): ("办公费", "0", "1200000"),
    ("302", "17"): ("公务接待费", "0", "300000"),
}


def _coded(sheet, first, total, lines, parts):
    """Write coded lines and the total row 合计; figures as numbers, codes as text."""
    for row in range(first, total):
        for column in range(1, parts + 7):
            if type(sheet.cell(row, column)).__name__ == "Cell":
                sheet.cell(row, column).value = None
    sums = [0.0, 0.0, 0.0]
    for at, (code, (name, *amounts)) in enumerate(lines.items()):
        for column, part in enumerate(code, 1):
            sheet.cell(first + at, column).value = part or None
        sheet.cell(first + at, parts + 1).value = name
        values = [float(amounts[0]) + float(amounts[1]), *(float(one) for one in amounts)]
        for column, value in enumerate(values):
            sheet.cell(first + at, parts + 2 + column).value = value
            sums[column] += value if not code[1] else 0
    for column, value in enumerate(sums):
        sheet.cell(total, parts + 2 + column).value = value


def fill_budget(source: Path, target: Path, owner="示范市教育局", place="示范市"):
    """Fill the official template (a department's or a unit's) and save it as `target`."""
    book = openpyxl.load_workbook(source)
    for sheet in book.worksheets:
        for row in sheet.iter_rows(min_row=1, max_row=22, max_col=14):
            for cell in row:
                if isinstance(cell.value, str):
                    text = cell.value.replace("上海市普陀区", place)
                    if text.startswith(("编制部门：", "编制单位：")):
                        text = text[:5] + owner
                    cell.value = text
    by_end = {sheet.title.strip().replace("单位", "").replace("部门", ""): sheet for sheet in book}
    summary = by_end["收支总表"]
    _put(summary, {"一、财政拨款收入": 11300000.75, "1. 一般公共预算": 11000000.75,
                   "2. 政府性基金预算": 300000, "四、其他收入": 200000,
                   "收入总计": 11500000.75, "支出总计": 11500000.75})  # fmt: skip
    first = next(cell.row for cell in summary["A"] if cell.value == "一、财政拨款收入")
    for row, (name, value) in enumerate(
        (
            ("一、教育支出", 10000000.75),
            ("二、社会保障和就业支出", 1000000),
            ("三、其他支出", 500000),
        ),
        first,
    ):
        _line(summary, row, 3, name, value)
    income = by_end["收入总表"]
    _coded(income, 9, 20, SPENDING, 3)
    for row in range(9, 21):  # 合计, 财政拨款收入, 事业收入, 经营收入, 其他收入
        whole = income.cell(row, 5).value
        income.cell(row, 6).value, income.cell(row, 7).value = whole, None
    _coded(by_end["支出总表"], 9, 20, SPENDING, 3)
    grants = by_end["财政拨款收支总表"]
    _put(grants, {"一、一般公共预算": 11000000.75, "二、政府性基金预算": 300000,
                  "收入总计": 11300000.75})  # fmt: skip
    for row, name, values in (
        (8, "一、教育支出", (10000000.75, 10000000.75, None)),
        (9, "二、社会保障和就业支出", (1000000, 1000000, None)),
        (10, "三、其他支出", (300000, None, 300000)),
        (21, "支出总计", (11300000.75, 11000000.75, 300000)),
    ):
        grants.cell(row, 3).value = name
        for column, value in enumerate(values, 4):
            grants.cell(row, column).value = value
    _coded(by_end["一般公共预算拨款表"], 9, 21, SPENDING, 3)
    _coded(by_end["政府性基金拨款表"], 9, 21, FUND, 3)
    _coded(by_end["一般公共预算拨款基本支出明细表"], 9, 21, ECONOMIC, 2)
    public = by_end["“三公”经费和机关运行费预算表"]
    for column, value in enumerate((42.5, 0, 30, 12.5, 0, 12.5, 150), 1):
        public.cell(7, column).value = value
    book.save(target)
    return target


def _put(sheet, figures):
    """Write a figure behind each item text."""
    for row in sheet.iter_rows(min_row=8, max_row=21, max_col=4):
        for cell in row:
            if cell.value in figures:
                _line(sheet, cell.row, cell.column, cell.value, figures[cell.value])


def _line(sheet, row, column, name, value):
    sheet.cell(row, column).value = name
    sheet.cell(row, column + 1).value = value


def blank_budget(path: Path) -> Path:
    """Make a workbook of the official template's layout (nine forms), without figures."""
    book = openpyxl.Workbook()
    cover = book.active
    cover.title = "封面"
    cover["A3"], cover["A9"] = "示范市2026年市级部门预算", "预算主管部门：示范市XX局"
    for title, rows, merges in _BUDGET:
        sheet = book.create_sheet(title)
        for row, cells in rows.items():
            for column, value in enumerate(cells, 1):
                if value is not None:
                    sheet.cell(row, column).value = value
        for area in merges:
            sheet.merge_cells(area)
    book.save(path)
    return path


def _by_function(title, head, columns, total):
    unit = [None] * (2 + len(columns)) + ["单位：元"]
    rows = {
        2: [title], 4: ["编制部门：", *unit], 6: ["项目", None, None, None, head],
        7: ["功能分类科目编码", None, None, "功能分类科目名称", *columns],
        8: ["类", "款", "项"], total: ["合计"],
    }  # fmt: skip
    return rows, ["A6:D6", "A7:C7", "D7:D8", f"A{total}:D{total}", "E7:E8", "F7:F8", "G7:G8"]


_THREE = ["合计", "基本支出", "项目支出"]
_BUDGET = (
    ("部门收支总表", {
        2: ["2026年部门财务收支预算总表"], 4: ["编制部门：", None, None, "单位：元"],
        6: ["本年收入", None, "本年支出"], 7: ["项目", "预算数", "项目", "预算数"],
        8: ["一、财政拨款收入", None, "一、一般公共服务支出"], 9: ["1. 一般公共预算", None, "二、…"],
        10: ["2. 政府性基金预算", None, "三、"], 14: ["四、其他收入"],
        21: ["收入总计", None, "支出总计"],
    }, ["A6:B6", "C6:D6", "A2:D2"]),
    ("部门收入总表", *_by_function(
        "2026年部门收入预算总表", "收入预算",
        ["合计", "财政拨款收入", "事业收入", "事业单位\n经营收入", "其他收入"], 20)),
    ("部门支出总表", *_by_function("2026年部门支出预算总表", "支出预算", _THREE, 20)),
    ("部门财政拨款收支总表", {
        2: ["2026年部门财政拨款收支预算总表"], 4: ["编制部门：", *[None] * 5, "单位：元"],
        6: ["财政拨款收入", None, "财政拨款支出"],
        7: ["项目", "预算数", "项目", "合计", "一般公共预算", "政府性基金预算", "国有资本经营预算"],
        8: ["一、一般公共预算"], 9: ["二、政府性基金预算"], 10: ["三、国有资本经营预算"],
        21: ["收入总计", None, "支出总计"],
    }, ["A6:B6", "C6:G6", "A2:G2"]),
    ("部门一般公共预算拨款表", *_by_function(
        "2026年部门一般公共预算支出功能分类预算表", "一般公共预算支出", _THREE, 21)),
    ("部门政府性基金拨款表", *_by_function(
        "2026年部门政府性基金预算支出功能分类预算表", "政府性基金预算支出", _THREE, 21)),
    ("部门国有资本经营预算拨款表 ", *_by_function(
        "2026年部门国有资本经营预算支出功能分类预算表", "国有资本经营预算支出", _THREE, 21)),
    ("部门一般公共预算拨款基本支出明细表", {
        2: ["2026年部门一般公共预算基本支出部门预算经济分类预算表"],
        4: ["编制部门：", *[None] * 4, "单位：元"], 6: ["项目", None, None, "一般公共预算基本支出"],
        7: ["部门预算经济分类科目编码", None, "经济分类科目名称", "合计", "人员经费", "公用经费"],
        8: ["类", "款"], 21: ["合计"],
    }, ["A6:C6", "D6:F6", "A7:B7", "C7:C8", "D7:D8", "E7:E8", "F7:F8", "A21:C21"]),
    ("部门“三公”经费和机关运行费预算表", {
        2: ["2026年部门“三公”经费和机关运行经费预算表"],
        3: ["编制部门：", *[None] * 5, "单位:万元"],
        4: ["“三公”经费预算数", *[None] * 5, "机关运行经费预算数"],
        5: ["合计", "因公出国(境)费", "公务接待费", "公务用车购置及运行费"],
        6: [None, None, None, "小计", "购置费", "运行费"],
    }, ["A2:G2", "A4:F4", "A5:A6", "B5:B6", "C5:C6", "D5:F5", "G4:G6"]),
)  # fmt: skip


def final_book(path: Path, owner="示范市教育局", year=2025, swap=None):
    """Make the nine forms 公开01–09 of final accounts in 万元, with merged, many-layered headers.

    `swap` is (sheet, cell, value): one figure written otherwise.
    """
    book = openpyxl.Workbook()
    book.remove(book.active)
    for at, (title, rows, merges) in enumerate(_final(year), 1):
        sheet = book.create_sheet(f"Z{at:02}{title[:8]}")
        sheet.append([f"{year}年度{title}"])
        sheet.append([None] * 5 + [f"公开{at:02}表"])
        sheet.append([f"部门：{owner}", *[None] * 4, "金额单位：万元"])
        for row in rows:
            sheet.append(row)
        for area in merges:
            sheet.merge_cells(area)
    if swap is not None:
        name, cell, value = swap
        next(sheet for sheet in book if sheet.title.startswith(name))[cell] = value
    hidden = book.create_sheet("HIDE")
    hidden.append(["项目", "金额", "预算数"])
    hidden.append(["合计", 1, 2])
    hidden.sheet_state = "hidden"
    book.save(path)
    return path


def _final(year):
    spent = {"205": ("教育支出", 800.5, 200.25), "20502": ("普通教育", 800.5, 200.25),
             "2050202": ("小学教育", 800.5, 200.25)}  # fmt: skip
    head = [["项目", None, None, None], ["功能分类科目编码", None, None, "科目名称"],
            ["类", "款", "项", "栏次"]]  # fmt: skip

    def by_function(columns, figures, total):
        top = head[0] + columns
        numbers = head[2] + list(range(1, len(columns) + 1))
        lines = [[code, None, None, figures[code][0], *figures[code][1]] for code in figures]
        rows = [top, head[1], numbers, ["合计", None, None, None, *total], *lines,
                ["注：本表反映部门本年度的情况。"]]  # fmt: skip
        merges = [
            "A4:D4",
            "A5:C5",
            "A7:D7",
            *(f"{col}4:{col}5" for col in "EFGHIJK"[: len(columns)]),
        ]
        return rows, merges

    income = {code: (name, (a + b, a + b, None, None, None, None, None))
              for code, (name, a, b) in spent.items()}  # fmt: skip
    other = {"229": "其他支出", "22999": "其他支出", "2299999": "其他支出"}
    income |= {code: (name, (20, *[None] * 5, 20)) for code, name in other.items()}
    paid = {code: (name, (a + b, a, b, None, None, None)) for code, (name, a, b) in spent.items()}
    paid |= {code: (name, (15, None, 15, None, None, None)) for code, name in other.items()}
    general = {code: (name, (a + b, a, b)) for code, (name, a, b) in spent.items()}
    return (
        ("收入支出决算总表", [
            ["收入", None, None, "支出"], ["项目", "行次", "金额", "项目", "行次", "金额"],
            ["栏次", None, 1, "栏次", None, 2],
            ["一、一般公共预算财政拨款收入", 1, 1000.75, "一、一般公共服务支出", 32, None],
            ["二、政府性基金预算财政拨款收入", 2, None, "二、教育支出", 36, 1000.75],
            ["八、其他收入", 8, 20, "二十六、其他支出", 57, 15],
            ["本年收入合计", 27, 1020.75, "本年支出合计", 58, 1015.75],
            ["年初结转和结余", 29, 5, "年末结转和结余", 60, 10],
            ["总计", 31, 1025.75, "总计", 62, 1025.75],
        ], ["A4:C4", "D4:F4"]),
        ("收入决算表", *by_function(
            ["本年收入合计", "财政拨款收入", "上级补助收入", "事业收入", "经营收入", "附属单位上缴收入",
             "其他收入"], income, (1020.75, 1000.75, None, None, None, None, 20))),
        ("支出决算表", *by_function(
            ["本年支出合计", "基本支出", "项目支出", "上缴上级支出", "经营支出", "对附属单位补助支出"],
            paid, (1015.75, 800.5, 215.25, None, None, None))),
        ("财政拨款收入支出决算总表", [
            ["收入", None, None, "支出"],
            ["项目", "行次", "金额", "项目", "行次", "合计", "一般公共预算财政拨款",
             "政府性基金预算财政拨款", "国有资本经营预算财政拨款"],
            ["一、一般公共预算财政拨款", 1, 1000.75, "一、一般公共服务支出", 33, None, None, None, None],
            ["二、政府性基金预算财政拨款", 2, None, "二、教育支出", 37, 1000.75, 1000.75, None, None],
            ["本年收入合计", 27, 1000.75, "本年支出合计", 59, 1000.75, 1000.75, None, None],
            ["年初财政拨款结转和结余", 28, None, "年末财政拨款结转和结余", 60, None, None, None, None],
            ["  一般公共预算财政拨款", 29, None, None, 61, None, None, None, None],
            ["总计", 32, 1000.75, "总计", 64, 1000.75, 1000.75, None, None],
        ], ["A4:C4", "D4:I4"]),
        ("一般公共预算财政拨款支出决算表", *by_function(
            ["本年支出合计", "基本支出", "项目支出"], general, (1000.75, 800.5, 200.25))),
        ("一般公共预算财政拨款基本支出决算明细表", [
            ["人员经费", None, None, "公用经费"], ["科目编码", "科目名称", "金额"] * 3,
            ["301", "工资福利支出", 700.5, "302", "商品和服务支出", 100, "310", "资本性支出", None],
            ["30101", "基本工资", 700.5, "30201", "办公费", 95.5, "31002", "办公设备购置", None],
            [None, None, None, "30217", "公务接待费", 4.5, None, None, None],
            ["人员经费合计", None, 700.5, "公用经费合计", None, None, None, None, 100],
        ], ["A4:C4", "D4:I4", "A9:B9", "D9:H9"]),
        ("财政拨款“三公”经费支出决算表", [
            ["预算数", *[None] * 5, "决算数"],
            ["合计", "因公出国（境）费", "公务用车购置及运行维护费", None, None, "公务接待费"] * 2,
            [None, None, "小计", "公务用车购置费", "公务用车运行维护费", None] * 2,
            list(range(1, 13)),
            [20, 0, 15, 0, 15, 5, 18.25, 0, 13.75, 0, 13.75, 4.5],
            ["注：本表反映部门本年度“三公”经费支出预决算情况。"],
        ], ["A4:F4", "G4:L4", "A5:A6", "B5:B6", "C5:E5", "F5:F6", "G5:G6", "H5:H6", "I5:K5", "L5:L6"]),
        ("政府性基金预算财政拨款收入支出决算表", [
            ["项目", None, None, None, "年初结转和结余", "本年收入", "本年支出", None, None, "年末结转和结余"],
            ["功能分类科目编码", None, None, "科目名称", None, None, "小计", "基本支出", "项目支出", None],
            ["类", "款", "项", "栏次", 1, 2, 3, 4, 5, 6],
            ["合计"],
            ["说明：本部门没有政府性基金预算财政拨款收入支出，故本表为空。"],
        ], ["A4:D4", "E4:E5", "F4:F5", "G4:I4", "J4:J5", "A5:C5", "A7:D7"]),
        ("国有资本经营预算财政拨款支出决算表", [
            ["项目", None, None, None, "本年支出"],
            ["功能分类科目编码", None, None, "科目名称", "合计", "基本支出", "项目支出"],
            ["类", "款", "项", "栏次", 1, 2, 3],
            ["合计"],
            ["说明：本部门没有国有资本经营预算财政拨款支出，故本表为空。"],
        ], ["A4:D4", "E4:G4", "A5:C5", "A7:D7"]),
    )  # fmt: skip
