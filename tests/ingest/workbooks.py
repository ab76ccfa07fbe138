"""Small workbooks in the styles of several cities, made on the spot. All figures are invented."""

from pathlib import Path

import openpyxl

NOTE = "单位：万元"


def book(path: Path, sheets: dict[str, list[list]], merges: dict[str, list[str]] | None = None):
    wb = openpyxl.Workbook()
    wb.remove(wb.active)
    for name, rows in sheets.items():
        sheet = wb.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        for area in (merges or {}).get(name, ()):
            sheet.merge_cells(area)
    wb.save(path)
    return path


def spending(unit="万元", factor=1, title="2025年示范市市本级一般公共预算支出执行情况表"):
    """Expenditure by function without codes: 类, 款, 项 told by their names and order."""
    rows = [
        ("一、一般公共服务支出", 1000, 1100, 1080, 1050),
        ("    人大事务", 400, 450, 440, 430),
        ("      行政运行", 300, 320, 320, 310),
        ("      人大会议", 100, 130, 120, 120),
        ("    政协事务", 600, 650, 640, 620),
        ("      行政运行", 600, 650, 640, 620),
        ("二、教育支出", 500, 520, 520, 530),
        ("    普通教育", 500, 520, 520, 530),
        ("      小学教育", 500, 520, 520, 530),
    ]
    head = ["项　　目", "上年决算数", "预算数", "调整预算数", "执行数", "执行数为预算数的%"]
    return [
        ["附表2"],
        [title],
        [None, None, None, None, f"单位:{unit}"],
        head,
        *([name, *(value * factor for value in values), 99.5] for name, *values in rows),
        ["支出合计", 1500 * factor, 1620 * factor, 1600 * factor, 1580 * factor],
        ["注：本表为快报数。"],
    ]


def classes(unit="万元", factor=1):
    """The same city's balance table: the 类 again, with transfers and totals."""
    return [
        ["2025年示范市市本级一般公共预算收支平衡表"],
        [None, None, None, f"金额单位：{unit}"],
        ["收入", None, "支出", None],
        ["项目", "执行数", "项目", "执行数"],
        ["一、税收收入", 1300 * factor, "一、一般公共服务支出", 1050 * factor],
        ["二、非税收入", 100 * factor, "二、教育支出", 530 * factor],
        ["本年收入合计", 1400 * factor, "本年支出合计", 1580 * factor],
        ["转移性收入", 300 * factor, "转移性支出", 120 * factor],
        ["收入总计", 1700 * factor, "支出总计", 1700 * factor],
    ]


DEBT = [
    ["附表24"],
    ["2025年示范市政府债务限额及余额预算情况表"],
    [None] * 6 + ["单位：亿元"],
    ["地    区", "2024年债务限额", None, None, "2024年债务余额预计执行数", None, None],
    [None, None, "一般债务", "专项债务", None, "一般债务", "专项债务"],
    ["公  式", "A=B+C", "B", "C", "D=E+F", "E", "F"],
    ["示范市合计", 100.5, 40.5, 60, 90.25, 35.25, 55],
    ["市本级", 30, 10, 20, 28, 9, 19],
    ["东城区", 40, 15, 25, 35, 13, 22],
    ["清河县", 30.5, 15.5, 15, 27.25, 13.25, 14],
    ["注：1.本表反映上一年度限额。"],
]
DEBT_MERGES = ["A2:G2", "B4:D4", "E4:G4", "A4:A5"]

FUNDS = [
    ["2026年示范市社会保险基金预算收支总表"],
    [None] * 4 + ["单位：万元"],
    ["项目", "合计", "企业职工基本养老保险基金", "城乡居民基本医疗保险基金", "工伤保险基金"],
    ["一、收入", 400, 200, 100, 100],
    ["其中：1.社会保险费收入", 200, 100, 25, 75],
    ["      2.财政补贴收入", 195, 95, 75, 25],
    ["二、支出", 360, 190, 90, 80],
    ["三、本年收支结余", 40, 10, 10, 20],
    ["四、年末滚存结余", 500, 300, 100, 100],
]
