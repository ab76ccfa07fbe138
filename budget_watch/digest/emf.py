"""Writes a drawing as an Enhanced Metafile: vector graphics that Word and WPS show as they are.

Word cannot be given SVG by python-docx, a bitmap would need a font and a rasteriser, and charts
of Word's own look different in each program. Source: [MS-EMF], records of §2.3. Text carries its
advance widths, so it stands where the SVG has it, whatever font the reader's machine puts in.
"""

from __future__ import annotations

from struct import pack

from budget_watch.digest.drawing import Drawing, Line, Rect, Words, advance, width

SCALE = 20  # logical units for one drawing unit
DOTS = 40  # device dots a millimetre
FACE = "微软雅黑"
_GB2312 = 134
_NULL_BRUSH, _NULL_PEN = 0x80000005, 0x80000008


def emf(drawing: Drawing, millimetres: float) -> bytes:
    """The drawing as an EMF file, `millimetres` wide when placed at its own size."""
    writer = _Writer()
    for shape in drawing.shapes:
        if isinstance(shape, Rect):
            writer.rect(shape)
        elif isinstance(shape, Line):
            writer.line(shape)
        else:
            writer.words(shape)
    return writer.file(drawing, millimetres)


class _Writer:
    """Collects records; every object made is deleted again, so that handles never run out."""

    def __init__(self) -> None:
        self.records: list[bytes] = []

    def _add(self, kind: int, body: bytes = b"") -> None:
        body += b"\0" * (-len(body) % 4)
        self.records.append(pack("<II", kind, len(body) + 8) + body)

    def _object(self, kind: int, body: bytes) -> None:
        """Create object 1 and select it."""
        self._add(kind, pack("<I", 1) + body)
        self._add(37, pack("<I", 1))

    def _drop(self, stock: int) -> None:
        self._add(37, pack("<I", stock))
        self._add(40, pack("<I", 1))

    def rect(self, shape: Rect) -> None:
        """A filled box without border, then its border as a line."""
        if shape.fill is not None:
            self._add(37, pack("<I", _NULL_PEN))
            self._object(39, pack("<III", 0, _colour(shape.fill), 0))
            # The pen is hollow: GDI then leaves out the right and lower edge, so add one unit.
            self._add(
                43,
                pack(
                    "<iiii",
                    _u(shape.x),
                    _u(shape.y),
                    _u(shape.x + shape.w) + 1,
                    _u(shape.y + shape.h) + 1,
                ),
            )
            self._drop(_NULL_BRUSH)
        if shape.stroke is not None:
            right, low = shape.x + shape.w, shape.y + shape.h
            corners = (
                (shape.x, shape.y),
                (right, shape.y),
                (right, low),
                (shape.x, low),
                (shape.x, shape.y),
            )
            self.line(Line(corners, shape.stroke, 1.0, shape.dashed))

    def line(self, shape: Line) -> None:
        """Dashes are drawn piece by piece: programs differ in how they scale a dashed pen."""
        self._object(38, pack("<IiiI", 0, max(1, _u(shape.width)), 0, _colour(shape.stroke)))
        for points in _pieces(shape) if shape.dashed else (shape.points,):
            body = b"".join(pack("<ii", _u(x), _u(y)) for x, y in points)
            self._add(4, pack("<iiiiI", 0, 0, -1, -1, len(points)) + body)
        self._drop(_NULL_PEN)

    def words(self, shape: Words) -> None:
        """A text from its left end, each glyph with its advance."""
        size = _u(shape.size)
        face = FACE.encode("utf-16-le").ljust(64, b"\0")
        font = (
            pack(
                "<iiiii8B", -size, 0, 0, 0, 700 if shape.bold else 400, 0, 0, 0, _GB2312, 0, 0, 0, 0
            )
            + face
        )
        font += b"\0" * (64 * 2 + 32 * 2 + 4 + 4 + 4 + 4 + 4 + 4 + 10 + 2)
        self._object(82, font)
        self._add(24, pack("<I", _colour(shape.colour)))
        whole = width(shape.text, shape.size)
        left = shape.x - {"start": 0.0, "middle": whole / 2, "end": whole}[shape.anchor]
        text = shape.text.encode("utf-16-le")
        start = 76
        text_end = start + len(text) + (-len(text) % 4)
        steps = b"".join(pack("<I", _u(advance(c) * shape.size)) for c in shape.text)
        body = pack("<iiiiIff", 0, 0, -1, -1, 2, 1.0, 1.0)
        body += pack(
            "<iiIIIiiiiI", _u(left), _u(shape.y), len(shape.text), start, 0, 0, 0, -1, -1, text_end
        )
        self._add(84, body + text.ljust(text_end - start, b"\0") + steps)
        self._drop(0x8000000D)

    def file(self, drawing: Drawing, millimetres: float) -> bytes:
        """Header, coordinate set-up, the shapes, end."""
        high = millimetres * drawing.height / drawing.width
        shapes, self.records = self.records, []
        wide_u, high_u = _u(drawing.width), _u(drawing.height)
        self._add(17, pack("<I", 8))  # MM_ANISOTROPIC
        self._add(10, pack("<ii", 0, 0))
        self._add(9, pack("<ii", wide_u, high_u))
        dots = (round(millimetres * DOTS), round(high * DOTS))
        self._add(12, pack("<ii", 0, 0))
        self._add(11, pack("<ii", *dots))
        self._add(18, pack("<I", 1))  # transparent background
        self._add(22, pack("<I", 24))  # text stands on its baseline
        everything = [*self.records, *shapes, pack("<IIIII", 14, 20, 0, 0x10, 20)]
        length = 108 + sum(len(record) for record in everything)
        header = pack("<II", 1, 108)
        header += pack("<iiii", 0, 0, dots[0] - 1, dots[1] - 1)
        header += pack("<iiii", 0, 0, round(millimetres * 100), round(high * 100))
        header += pack(
            "<IIIIHHIII", 0x464D4520, 0x10000, length, len(everything) + 1, 2, 0, 0, 0, 0
        )
        header += pack("<ii", 320 * DOTS, 200 * DOTS) + pack("<ii", 320, 200)
        header += pack("<III", 0, 0, 0) + pack("<ii", 320000, 200000)
        return header + b"".join(everything)


def _pieces(shape: Line) -> list[tuple[tuple[float, float], ...]]:
    """Dashes of 5 with gaps of 3 along every leg."""
    found = []
    for (x0, y0), (x1, y1) in zip(shape.points, shape.points[1:], strict=False):
        length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
        at = 0.0
        while at < length:
            end = min(at + 5, length)
            found.append(
                tuple((x0 + (x1 - x0) * t / length, y0 + (y1 - y0) * t / length) for t in (at, end))
            )
            at += 8
    return found


def _u(value: float) -> int:
    return round(value * SCALE)


def _colour(text: str) -> int:
    red, green, blue = (int(text[at : at + 2], 16) for at in (1, 3, 5))
    return red | green << 8 | blue << 16
