from __future__ import annotations

import struct

from lxml import etree

from budget_watch.digest.drawing import Drawing, Line, Rect, Words, width
from budget_watch.digest.emf import emf
from budget_watch.digest.svg import svg


def picture() -> Drawing:
    return Drawing(
        200,
        100,
        [
            Rect(10, 10, 50, 20, stroke="#000000"),
            Line(((0, 50), (100, 50)), dashed=True),
            Words(100, 80, "支出81.2%", 12, "end", bold=True),
        ],
    )


def test_an_emf_tells_its_own_length_and_count_of_records() -> None:
    data = emf(picture(), 100)
    kind, size = struct.unpack_from("<II", data)
    signature, _, length, count = struct.unpack_from("<IIII", data, 40)
    assert (kind, size, signature, length) == (1, 108, 0x464D4520, len(data))
    at, records = 0, []
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        assert size % 4 == 0
        records.append(kind)
        at += size
    assert (len(records), records[-1]) == (count, 14)
    assert records.count(84) == 1


def test_an_emf_frame_has_the_size_asked_for() -> None:
    frame = struct.unpack_from("<iiii", emf(picture(), 100), 24)
    assert frame == (0, 0, 10_000, 5_000)


def test_text_in_an_emf_advances_as_reckoned() -> None:
    data = emf(Drawing(100, 20, [Words(0, 10, "支出1", 10)]), 100)
    assert struct.pack("<III", 200, 200, 110) in data


def test_an_svg_is_well_formed_and_says_its_numbers() -> None:
    root = etree.fromstring(svg(picture(), "支出：81.2% <完成>", "t1"))
    assert root.get("viewBox") == "0 0 200 100"
    assert root[0].text == "支出：81.2% <完成>"


def test_a_chinese_character_is_as_wide_as_it_is_high() -> None:
    assert width("支出", 12) == 24
    assert width("12", 10) == 11
