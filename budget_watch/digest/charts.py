"""The forms of chart a report may ask for: bullets, bars, columns, limits (pages §1.5).

Each takes rows of the material and gives a drawing; bars start at zero, labels stand at the data,
ticks are written in 万元/亿元 here. A row without a value is a hatch-less gap with the word 缺.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from budget_watch.digest import drawing as d
from budget_watch.digest.drawing import Drawing, Line, Rect, Words
from budget_watch.digest.phrases import cell, sentence
from budget_watch.views import Figure, Unit

Row = Mapping[str, str | Figure]
WIDTH = 540.0
_NAME = 130.0
_VALUE = 70.0
_TEXT = 12.0
_ROW = 26.0


def bullets(rows: list[Row], take: Mapping[str, str]) -> Drawing:
    """How far against plan and pace: solid bar, frame = 100%, ink line = 时间进度.

    `take`: ``name``, ``value`` (a share), optional ``pace`` (a share).
    """
    known = [row for row in rows if _exact(row, take["value"]) is not None]
    most = max([Fraction(1), *(_exact(row, take["value"]) or Fraction(0) for row in known)])
    picture = Drawing(WIDTH, len(rows) * _ROW + 34)
    room = WIDTH - _NAME - _VALUE
    for at, row in enumerate(rows):
        top = at * _ROW + 4
        value = _exact(row, take["value"])
        _name(picture, row, take, top)
        picture.add(Rect(_NAME, top + 3, float(room / most), 14, None, d.OUTLINE))
        if value is None:
            picture.add(Words(_NAME + 6, top + 14, "缺", _TEXT, colour=d.NOTE))
            continue
        long = float(max(value, Fraction(0)) / most * room)
        picture.add(Rect(_NAME, top + 6, long, 8))
        _value(picture, _figure(row, take["value"]), top, _NAME + room + 8)
    pace = next((p for row in rows if (p := _exact(row, take.get("pace", ""))) is not None), None)
    if pace is not None:
        x, low = _NAME + float(pace / most * room), len(rows) * _ROW + 6
        picture.add(Line(((x, 2), (x, low)), d.INK, 1.5))
        label = f"时间进度{_percent(pace)}"
        picture.add(Words(x, low + 14, label, 11, "middle", d.INK))
    return picture


def bars(rows: list[Row], take: Mapping[str, str]) -> Drawing:
    """The same measure for several things, this year solid, last year grey behind.

    `take`: ``name``, ``value`` (money), optional ``before`` (money), ``note`` (a rate at the end);
    ``label`` and ``label_before`` where they are not 本年累计 and 上年同期.
    """
    parts = [take[key] for key in ("value", "before") if key in take]
    amounts = [_amount(row, column) for row in rows for column in parts]
    most = max([1, *(a for a in amounts if a is not None)])
    picture = Drawing(WIDTH, len(rows) * (_ROW + 4) + 26)
    room = WIDTH - _NAME - 150
    for at, row in enumerate(rows):
        top = at * (_ROW + 4) + 4
        _name(picture, row, take, top)
        before = _amount(row, take.get("before", ""))
        if before is not None and before > 0:
            picture.add(Rect(_NAME, top + 14, before / most * room, 7, d.BEFORE, d.OUTLINE))
        value = _amount(row, take["value"])
        if value is None:
            picture.add(Words(_NAME + 6, top + 13, "缺", _TEXT, colour=d.NOTE))
            continue
        long = max(value, 0) / most * room
        picture.add(Rect(_NAME, top + 2, long, 11))
        figure = _figure(row, take["value"])
        text = sentence(figure)
        note = row.get(take.get("note", ""))
        if isinstance(note, Figure) and note.known:
            text += f"（{cell(note)}）"
        picture.add(Words(_NAME + max(long, (before or 0) / most * room) + 6, top + 14, text, 11))
    low = len(rows) * (_ROW + 4) + 4
    picture.add(Line(((_NAME, 2), (_NAME, low)), d.OUTLINE, 1))
    _key(picture, low + 14, take)
    return picture


def columns(rows: list[Row], take: Mapping[str, str]) -> Drawing:
    """When is it due: per month, first part solid, second outlined on top.

    `take`: ``name``, ``value`` (money), ``upper`` (money).
    """
    picture = Drawing(WIDTH, 240)
    sums = [
        (_amount(r, take["value"]) or 0) + (_amount(r, take.get("upper", "")) or 0) for r in rows
    ]
    most, floor, ceiling = max([1, *sums]), 196.0, 30.0
    step = (WIDTH - 20) / max(len(rows), 1)
    for at, row in enumerate(rows):
        left = 10 + at * step
        value, upper = _amount(row, take["value"]), _amount(row, take.get("upper", ""))
        high = (value or 0) / most * (floor - ceiling)
        high2 = (upper or 0) / most * (floor - ceiling)
        if value is None:
            picture.add(Words(left + step / 2, floor - 6, "缺", 11, "middle", d.NOTE))
        else:
            picture.add(Rect(left + step * 0.18, floor - high, step * 0.64, high))
            picture.add(
                Rect(
                    left + step * 0.18, floor - high - high2, step * 0.64, high2, d.PAPER, d.ACTUAL
                )
            )
        if sums[at]:
            picture.add(
                Words(
                    left + step / 2, floor - high - high2 - 5, _short(sums[at], most), 10, "middle"
                )
            )
        picture.add(
            Words(left + step / 2, floor + 15, str(row[take["name"]]), 10, "middle", d.NOTE)
        )
    picture.add(Line(((6, floor), (WIDTH - 6, floor)), d.OUTLINE, 1))
    unit = "亿元" if most >= 10_000_000_000 else "万元"
    picture.add(Words(6, 12, f"单位：{unit}", 11, colour=d.NOTE))
    picture.add(Rect(170, 222, 12, 9), Words(187, 231, "本金", 11, colour=d.NOTE))
    picture.add(
        Rect(232, 222, 12, 9, d.PAPER, d.ACTUAL), Words(249, 231, "利息", 11, colour=d.NOTE)
    )
    return picture


def limits(rows: list[Row], take: Mapping[str, str]) -> Drawing:
    """Over a limit or not: bar = balance, line = limit with its label.

    `take`: ``name``, ``value`` (balance), ``limit``, ``used`` (a share), ``label`` (of the line).
    """
    picture = Drawing(WIDTH, len(rows) * 44 + 6)
    room = WIDTH - _NAME - 20
    pairs = [(_amount(r, take["value"]), _amount(r, take["limit"])) for r in rows]
    most = max([1, *(a for pair in pairs for a in pair if a is not None)])
    for at, (row, (value, limit)) in enumerate(zip(rows, pairs, strict=True)):
        top = at * 44 + 4
        _name(picture, row, take, top)
        if value is None or limit is None:
            picture.add(Words(_NAME + 6, top + 14, "缺", _TEXT, colour=d.NOTE))
            continue
        long, x = value / most * room * 0.92, _NAME + limit / most * room * 0.92
        picture.add(Rect(_NAME, top + 2, long, 16))
        picture.add(Line(((x, top - 3), (x, top + 23)), d.INK, 1.5))
        used = row.get(take.get("used", ""))
        share = f"，占{cell(used)}" if isinstance(used, Figure) and used.known else ""
        balance = _figure(row, take["value"])
        said = f"余额{sentence(balance)}{share}"
        picture.add(Words(_NAME, top + 33, said, 11, colour=d.NOTE))
        label = f"{take.get('label', '限额')}{sentence(_figure(row, take['limit']))}"
        free = _NAME + d.width(said, 11) + 14  # right of the balance's words, whatever the line
        picture.add(Words(max(free, x - d.width(label, 11)), top + 33, label, 11))
    picture.add(Line(((_NAME, 2), (_NAME, len(rows) * 44 - 18)), d.OUTLINE, 1))
    return picture


def alternative(rows: list[Row], take: Mapping[str, str]) -> str:
    """The numbers of a chart in words, for those who cannot see it."""
    parts = []
    for row in rows:
        said = [
            f"{figure.label.removeprefix(str(row[take['name']]))}{_said(figure)}"
            for key, column in take.items()
            if not key.startswith(("name", "label"))
            and isinstance(figure := row.get(column), Figure)
            and figure.known
        ]
        parts.append(f"{row[take['name']]}：{'，'.join(dict.fromkeys(said)) or '缺'}")
    return "；".join(parts)


def _said(figure: Figure) -> str:
    """A change is told without 同比: what it is against stands in its label."""
    return sentence(figure, "grown" if figure.unit is Unit.CHANGE else "")


FORMS: dict[str, Callable[[list[Row], Mapping[str, str]], Drawing]] = {
    "bullets": bullets,
    "bars": bars,
    "columns": columns,
    "limits": limits,
}


def _name(picture: Drawing, row: Row, take: Mapping[str, str], top: float) -> None:
    text = str(row[take["name"]])
    short = text if d.width(text, _TEXT) <= _NAME - 8 else _cut(text)
    picture.add(Words(_NAME - 8, top + 14, short, _TEXT, "end"))


def _cut(text: str) -> str:
    while d.width(text + "…", _TEXT) > _NAME - 8:
        text = text[:-1]
    return text + "…"


def _value(picture: Drawing, figure: Figure, top: float, x: float) -> None:
    picture.add(Words(x, top + 14, cell(figure), _TEXT))


def _key(picture: Drawing, y: float, take: Mapping[str, str]) -> None:
    label = take.get("label", "本年累计")
    picture.add(Rect(_NAME, y - 8, 12, 8), Words(_NAME + 17, y, label, 11, colour=d.NOTE))
    if "before" in take:
        label = take.get("label_before", "上年同期")
        picture.add(
            Rect(_NAME + 90, y - 8, 12, 8, d.BEFORE, d.OUTLINE),
            Words(_NAME + 107, y, label, 11, colour=d.NOTE),
        )


def _figure(row: Row, column: str) -> Figure:
    found = row[column]
    if not isinstance(found, Figure):
        raise TypeError(f"chart column {column!r} is not a figure")
    return found


def _exact(row: Row, column: str) -> Fraction | None:
    found = row.get(column)
    return found.exact if isinstance(found, Figure) else None


def _amount(row: Row, column: str) -> int | None:
    found = row.get(column)
    return found.value if isinstance(found, Figure) and found.unit is Unit.FEN else None


def _percent(value: Fraction) -> str:
    tenths = (value.numerator * 2000 + value.denominator) // (2 * value.denominator)
    return f"{tenths // 10}.{tenths % 10}%"


def _short(fen: int, most: int) -> str:
    unit = 10_000_000_000 if most >= 10_000_000_000 else 1_000_000
    cents = (fen * 200 + unit) // (2 * unit)
    return f"{cents // 100:,}.{cents % 100:02}"
